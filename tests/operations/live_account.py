"""An account on the whole broker whose engine is dead: its token, its settings, its last run and its positions."""

from datetime import date
from pathlib import Path

import config
from engine.ledger.store import Ledger
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, without_secrets
from engine.runtime.run import ledger_run
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchFileState, read_latch, wall_clock
from tests.brokers.upstox.live_stand import STOCK
from tests.fake_upstox import RunningFake

DAY = date(2026, 11, 20)
SPOT = Instrument(STOCK, "MAXHEALTH", InstrumentClass.AUCTION_STOCK, 10, 1, 100_000, Provenance.MASTER)


def sign_in(home: Path, token: str) -> None:
    path = home / "token"
    path.write_text(token)
    path.chmod(0o600)


def settings_for(fake: RunningFake, mode: str = "live", **kill: str) -> config.Settings:
    upstox = config.UpstoxSettings(
        api_url=fake.api_url,
        order_url=fake.order_url,
        assets_url=fake.assets_url,
        connect_timeout_seconds=0.5,
        read_timeout_seconds=0.6,
    )
    return config.Settings(
        account=config.AccountSettings(mode=mode), upstox=upstox, kill=config.KillSettings(**kill)
    )


def live_run(
    account: WorldDirectory, settings: config.Settings, *, market: RunMode = RunMode.LIVE
) -> RunPlan:
    """Leave a run in the ledger as an engine does that died."""
    plan = RunPlan(
        f"{market.value}-1",
        MarketChoice(market),
        "digest",
        DAY,
        (SPOT,),
        without_secrets(settings).model_dump(mode="json"),
    )
    ledger = Ledger.open(account.ledger)
    ledger.begin_run(ledger_run(plan, account.world.value, wall_clock()))
    ledger.close()
    return plan


def order(broker: RunningFake, side: str = "BUY", **more: object) -> None:
    """Let the account trade as by a phone; a moment later the exchange has it."""
    body = {
        "instrument_token": STOCK,
        "transaction_type": side,
        "order_type": "MARKET",
        "quantity": 10,
        "product": "I",
    }
    broker.control("POST", "orders", body | more)
    broker.control("POST", "clock", {"advance_seconds": 0.2})


def hold_behind_a_stop(broker: RunningFake) -> None:
    order(broker)
    order(broker, "SELL", order_type="SL", price=1060.0, trigger_price=1061.0, tag="a-000002-S")


def held(broker: RunningFake, key: str = STOCK) -> int:
    rows = broker.control("GET", "positions")
    return sum(int(row["quantity"]) for row in rows if row["instrument_token"] == key)


def latch_state(account: WorldDirectory) -> LatchFileState | None:
    record = read_latch(account.latch)
    return None if record is None else record.state
