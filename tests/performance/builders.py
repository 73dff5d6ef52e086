"""Finished trades for the tests of performance."""

from datetime import date, time

from engine.market.clock import instant_at
from engine.market.side import Side
from engine.performance.trade import ClosedTrade

MONDAY = date(2025, 12, 15)
ACCOUNT = 100_000_000


def make_trade(
    net: int,
    *,
    day: date = MONDAY,
    clock: str = "11:00",
    setup: str = "failed auction",
    version: int = 1,
    risk: int | None = 1_000,
    charges: int = 100,
    side: Side = Side.BUY,
    reward: int | None = 2_000,
) -> ClosedTrade:
    """Return a trade of 10 units entered at 1,000.00 with this net result and initial R, paise."""
    leave = instant_at(day, time.fromisoformat(clock))
    return ClosedTrade(
        id=f"{day.isoformat()} {clock} {net}",
        instrument="NSE_EQ|A",
        setup=setup,
        side=side,
        quantity=10,
        entry_value=1_000_000,
        exit_value=1_000_000 + (net + charges) * side.sign,
        entry_time=leave - 600_000_000,
        exit_time=leave,
        initial_stop=0 if risk is None else 100_000 - side.sign * risk // 10,
        risk=5 * (risk or 0),
        charges=charges,
        version=version,
        target_reward=reward,
    )
