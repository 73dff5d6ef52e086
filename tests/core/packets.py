"""Packets that only core sees: a book with these best prices, behind a later trade or none."""

from engine.market.clock import MILLISECOND
from engine.market.update import Level, MarketUpdate
from tests.core.hostile import PRICES, STOCK, TICK, World


def show(
    world: World,
    key: str = STOCK,
    *,
    bid: int | None = None,
    ask: int | None = None,
    last: int | None = None,
    later: bool = True,
    step: int = 200 * MILLISECOND,
) -> None:
    """Let one packet come that only core sees: a book with these best prices, behind a later trade or none."""
    world.run(step)
    if later:
        world.volume[key] += 10
    size = 100 + world.now // MILLISECOND % 50

    def side(best: int | None, sign: int) -> tuple[Level, ...]:
        return () if best is None else tuple((best + sign * TICK * one, size) for one in range(5))

    world.tell(
        MarketUpdate(
            key,
            world.now,
            world.now - 100 * MILLISECOND if later else world.now - step - 100 * MILLISECOND,
            world.prices[key] if last is None else last,
            10,
            world.volume[key],
            PRICES[key],
            side(bid, -1),
            side(ask, 1),
        )
    )
