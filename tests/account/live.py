"""A live engine over a whole broker: its settings, its entries, and what stands at the broker."""

from typing import Any
from uuid import uuid4

from engine.contract.commands import ArmManual, ManualOrder, Outcome, Side
from engine.contract.views import PositionRow
from tests.account.stage import slow_down
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, wait_for, wait_until
from tests.recordings import EQ_A

LIVE = (
    "account.mode=live",
    "session.broker_squareoff=15:15 cash, 15:25 F&O; broker's page of 11 Sep 2026",
    # Other tests may have this machine busy: its speed is not what is tested here.
    "preflight.max_cpu_pct=100",
    "preflight.max_feed_delay_ms=10000",
    "preflight.max_latency_ms=10000",
)
LAW_SECONDS = 2.0
"""A position has its stop at the exchange within this long of its fill."""


def make_ready(engine: Engine, broker: RunningFake) -> None:
    """Wait until an engine may size a trade: the minutes that it missed are in, its checks say go, a book is there."""
    broker.control("POST", "clock", {"speed": 120})
    wait_until(lambda: (ladder := engine.view().ladder) is not None and ladder.atr, "an average true range")
    slow_down(engine, broker)
    wait_until(
        lambda: not engine.view().header.trading.startswith("PAUSED"),
        lambda: f"the checks to say go: {engine.view().header.trading}",
    )

    def is_quoted() -> bool:
        rows = {row.key: row for row in engine.view().watchlist}
        return rows[EQ_A].bid is not None and rows[EQ_A].ask is not None

    wait_until(is_quoted, "a book")


def held(broker: RunningFake, key: str = EQ_A) -> int:
    rows = broker.control("GET", "positions")
    return sum(int(row["quantity"]) for row in rows if row["instrument_token"] == key)


def live_orders(broker: RunningFake, key: str = EQ_A) -> list[dict[str, Any]]:
    ended = ("complete", "cancelled", "rejected")
    rows: list[dict[str, Any]] = broker.control("GET", "orders")
    return [row for row in rows if row["instrument_token"] == key and row["status"] not in ended]


def stop_of(broker: RunningFake, key: str = EQ_A) -> dict[str, Any] | None:
    """Return the one stop at the exchange that covers the whole position; None while there is none."""
    quantity = held(broker, key)
    stops = [row for row in live_orders(broker, key) if row["status"] == "trigger pending"]
    covering = [
        row
        for row in stops
        if row["quantity"] == abs(quantity) and (row["transaction_type"] == "SELL") == (quantity > 0)
    ]
    return covering[0] if quantity and len(stops) == len(covering) == 1 else None


def enter(engine: Engine, broker: RunningFake, side: Side = Side.BUY) -> int:
    """Open a position by hand and return its quantity once its stop is at the exchange."""

    def is_taken() -> bool:
        arm, order = ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_A, side)
        _, result = engine.ask(arm, order)
        # On a busy machine the next packet may be late; any other refusal is one.
        assert result.outcome is Outcome.ACCEPTED or "STALE_FEED" in result.text, result.text
        return result.outcome is Outcome.ACCEPTED

    wait_until(is_taken, "an entry on a feed that is not stale")
    wait_for(lambda: stop_of(broker), "a stop at the exchange for the whole position")
    return held(broker)


def banners(engine: Engine) -> list[str]:
    """Return what is wrong as long as it lasts."""
    return [line.text for line in engine.view().events if not line.number]


def wait_held(engine: Engine) -> PositionRow:
    """Return the one position on the screen once its stop is proven."""
    wait_until(lambda: [row.stop_state for row in engine.view().positions] == ["HELD"], "HELD on the screen")
    (row,) = engine.view().positions
    return row


def tagged_calls(broker: RunningFake, letter: str) -> list[dict[str, Any]]:
    return [call for call in broker.calls("place") if call["body"]["tag"].endswith(f"-{letter}")]
