"""What others still hold when the day is over: left alone by us, and so carried. Said once, for each position."""

from collections.abc import Iterator

from engine.market.clock import Instant
from engine.market.figures import signed_units
from engine.orders.manager import OrderManager
from engine.orders.messages import Product
from engine.orders.news import Topic
from engine.orders.other_products import Holding


class CarriedExternal:
    """Watches the positions that are not ours for the end of their exchange's day."""

    def __init__(self, manager: OrderManager) -> None:
        self._manager = manager
        self._said: set[Holding] = set()

    def follow(self, now: Instant) -> None:
        """Say of each position of others that it is carried, once nothing can fill in it any more today."""
        for (instrument, product), quantity in self._held().items():
            if (instrument, product) in self._said:
                continue
            left = self._left(instrument, now)
            if left is None or left > 0:
                continue
            self._said.add((instrument, product))
            if product is Product.INTRADAY:
                text = (
                    f"CARRIED, not ours: {signed_units(quantity)} is held after its exchange's close; the broker "
                    "squares off what it does not let stand, at its charge, the rest stays overnight: whoever holds "
                    "it calls the broker"
                )
                self._manager.report(Topic.DANGER, instrument, text)
            else:
                text = (
                    f"CARRIED, not ours: {signed_units(quantity)} in product {product.value} stays overnight"
                )
                self._manager.report(Topic.WARNING, instrument, text)

    def next_wake(self, now: Instant) -> Instant | None:
        """Return when the day of a position that is not ours ends next; None when none will."""
        ends = (self._left(instrument, now) for instrument, _ in self._held())
        return min((now + left for left in ends if left is not None and left > 0), default=None)

    def _held(self) -> dict[Holding, int]:
        manager = self._manager
        held = {
            (instrument, Product.INTRADAY): units for instrument, units in manager.portfolio.outside.items()
        }
        held |= {(one.instrument, one.product): one.quantity for one in manager.left.positions}
        return held | manager.portfolio.carried

    def _left(self, instrument: str, now: Instant) -> Instant | None:
        """Return how long something may still fill in an instrument today, none of it once it is 0 or less.

        One whose class is not known counts as long as any that is followed. None where no hours are known, or where
        the market's time stands still before its end.
        """
        names = [instrument] if instrument in self._manager.instruments else list(self._manager.instruments)
        return max(self._spans(names, now), default=None)

    def _spans(self, names: list[str], now: Instant) -> Iterator[Instant]:
        for name in names:
            hours = self._manager.look(name, now).hours
            if hours is not None and (hours.moving or hours.time >= hours.day.over):
                yield hours.day.over - hours.time
