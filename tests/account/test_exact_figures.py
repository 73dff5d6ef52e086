"""What a live day came to: the screen, the status with and without an engine, and the ledger, all to the paisa."""

from typing import Any
from uuid import uuid4

from engine.contract.commands import ExitPosition
from engine.ledger.reader import LedgerReader
from engine.world.directories import World
from tests.account.live import LIVE, enter, held, live_orders, make_ready
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A


def executed(broker: RunningFake) -> int:
    """Return what the broker's executions of the stock come to, paise; the position is closed."""
    rows: list[dict[str, Any]] = broker.control("GET", "trades")
    return sum(
        round(row["average_price"] * 100) * row["quantity"] * (1 if row["transaction_type"] == "SELL" else -1)
        for row in rows
        if row["instrument_token"] == EQ_A
    )


def test_a_days_result_is_the_brokers_executions_on_the_screen_in_the_status_and_in_the_ledger(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    broker.control("POST", "state", {"readings": {"average_decimals": 2, "omits_flat_rows": True}})
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    # The entry is told at its limit for a while, as if that were what it cost.
    broker.plant("estimated-average", side="BUY", delay=2.0)
    enter(engine, broker)
    engine.do(ExitPosition(f"exit-{uuid4()}", EQ_A))
    wait_until(lambda: held(broker) == 0 and not live_orders(broker), "the position to be closed")
    result = executed(broker)
    wait_until(lambda: engine.view().header.realised == result, f"{result} on the screen")
    beside = home.status(World.ACCOUNT)
    assert beside["engine"] == "running"
    assert beside["pnl"]["realised"] == result / 100

    engine.kill_process()
    alone = home.status(World.ACCOUNT)
    assert alone["engine"] == "none"
    assert alone["book"]["state"] == "FLAT"
    assert alone["pnl"]["realised"] == result / 100
    assert alone["pnl"]["charges"] == beside["pnl"]["charges"] > 0

    with LedgerReader(home.home.world(World.ACCOUNT).ledger) as ledger:
        (trade,) = ledger.trades()
    assert trade.gross == result
