"""The law that nothing lies bare in silence: what neither a stop nor an exit at work covers is said to be so."""

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.orders.messages import OrderType, Product
from engine.orders.order import Order
from engine.orders.trade import Trade
from tests.core.hostile import World

SILENT_FOR = 2 * SECOND
UNFILLED = 5 * SECOND
"""An exit the market should have met, and has not for so long at one price, closes nothing."""

SLACK = 100 * MILLISECOND


class NeverSilent:
    """Watches one world after every event, by what its core knows of its own orders and of the market."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.longest_bare = 0
        self._bare: dict[str, Instant] = {}
        self._rests: dict[str, tuple[tuple[OrderType, int], Instant]] = {}
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        core, now = self.world.core, self.world.now
        bare: dict[str, Instant] = {}
        rests: dict[str, tuple[tuple[OrderType, int], Instant]] = {}
        for trade in core.manager.portfolio.open():
            if trade.product is not Product.INTRADAY:
                continue
            sight = core.manager.look(trade.instrument, now)
            need = core.manager.closable(trade, sight, now)[0]
            covered = 0
            for order in core.orders.of(trade):
                ours = order.side is not trade.side and core.manager.external.ours(order)
                if not ours or not order.resting:
                    continue
                if _waits(order):
                    covered += order.remaining
                    continue
                terms = (order.order_type, order.price)
                known, since = self._rests.get(order.tag, (terms, now))
                rests[order.tag] = (terms, since if known == terms else now)
                covered += order.remaining if self._works(trade, order, rests[order.tag][1]) else 0
            if covered < need:
                bare[trade.id] = self._bare.get(trade.id, now)
                self._said(trade, bare[trade.id])
        self._bare, self._rests = bare, rests

    def _works(self, trade: Trade, order: Order, since: Instant) -> bool:
        if self.world.now - since >= UNFILLED:
            return False
        quote = self.world.core.manager.look(trade.instrument, self.world.now).quote
        levels = quote.against(order.side)
        touch = levels[0][0] if levels else quote.last
        return touch is None or (order.price - touch) * order.side.sign >= 0

    def _said(self, trade: Trade, since: Instant) -> None:
        span = self.world.now - since
        self.longest_bare = max(self.longest_bare, span)
        if span > SILENT_FOR + SLACK:
            assert trade.id in self.world.core.watch.plights.current, (
                f"{trade.instrument} has lain bare for {span / SECOND:.1f} s and nobody says so"
            )


def _waits(order: Order) -> bool:
    """Say whether a stop waits for its trigger; from then on it is an exit, and its time begins."""
    return order.order_type is OrderType.STOP_LIMIT and order.triggered_at is None
