"""A kill of thirteen positions with a broker that takes 100 ms to answer anything."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, make_ready
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, made_recordings, say, wait_until
from tests.recordings import EQ_A, EQ_B

THIRTEEN = 13
ANSWERS_AFTER = 0.1
WITHIN = 5.0
MANY = (
    *LIVE,
    f"risk.max_positions={THIRTEEN}",
    "risk.risk_per_trade_pct=0.1",
    "risk.max_gap_risk_pct=100",
    "risk.max_leverage=5",
    "account.capital=5000000",
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningFake]:
    recordings = made_recordings(tmp_path)
    with running_fake(recordings=recordings, start=time(10), instruments=THIRTEEN) as fake:
        yield fake


def moving(broker: RunningFake) -> list[str]:
    """Return the instruments that trade: the two that were recorded and those that move as they do."""
    stocks = broker.ask(
        lambda one: [row.key for row in one.listings.values() if row.kind == "EQ" and row.auction]
    )
    return list(dict.fromkeys([EQ_A, EQ_B, *stocks]))[:THIRTEEN]


def open_positions(broker: RunningFake) -> dict[str, int]:
    rows = broker.control("GET", "positions")
    return {row["instrument_token"]: int(row["quantity"]) for row in rows if int(row["quantity"])}


def resting_stops(broker: RunningFake) -> int:
    rows: list[dict[str, Any]] = broker.control("GET", "orders")
    return sum(row["status"] == "trigger pending" for row in rows)


def enter_everything(engine: Engine, broker: RunningFake, keys: list[str]) -> None:
    """Open a position in each instrument: again where the budget held an entry up or the market ran away from it."""

    def is_held(key: str) -> bool:
        if key in open_positions(broker):
            return True
        engine.ask(ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", key, Side.BUY))
        return False

    for key in keys:
        wait_until(lambda key=key: is_held(key), f"a position in {key}")  # type: ignore[misc]
    wait_until(lambda: resting_stops(broker) == len(keys), "a stop for each position")


def test_thirteen_positions_are_verified_flat_within_five_seconds(home: Outside, broker: RunningFake) -> None:
    keys = moving(broker)
    engine = begin(home, broker, *MANY, f"watchlist.instruments={','.join(keys)}")
    make_ready(engine, broker)
    enter_everything(engine, broker, keys)
    broker.plant("delay", call="all", when="before", delay=ANSWERS_AFTER, times=0)
    before, pressed = len(broker.calls()), monotonic()
    assert engine.press() is not None
    took = engine.wait_latch(LatchFileState.FLAT)
    writes = [call for call in broker.calls()[before:] if call["write"]]
    say(f"key to first bytes {1_000 * (writes[0]['at'] - pressed):.0f} ms, verified flat after {took:.2f} s")
    assert open_positions(broker) == {}
    assert [call["call"] for call in writes] == ["modify"] * THIRTEEN
    assert took <= WITHIN
