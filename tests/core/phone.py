"""Whoever trades the same account beside us: a phone, the broker's square-off, a GTT's order."""

from engine.market.side import Side
from engine.orders.messages import OrderType, Product, Role
from tests.core.external import PHONE
from tests.core.hostile import STOCK, Resting, World


class Phone:
    """Orders that the engine did not send, on a world's broker. They fill when told to, not when the market does."""

    def __init__(self, world: World) -> None:
        self.world = world

    def order(
        self,
        side: Side,
        quantity: int,
        price: int,
        *,
        trigger: int = 0,
        key: str = STOCK,
        told: bool = True,
    ) -> Resting:
        """Let an order rest; a price of 0 is a market order as the broker's list shows it."""
        world = self.world
        kind = OrderType.STOP_LIMIT if trigger else OrderType.LIMIT
        order = Resting(
            world.next_id("P"), "", key, side, Role.EXIT, kind, quantity, price, trigger, by=PHONE, held=True
        )
        order.status, order.time = "trigger pending" if trigger else "open", world.now
        order.born = world.now
        world.orders[order.order_id] = order
        if told:
            world._report(order, order.status)
        return order

    def fill(self, order: Resting, quantity: int, price: int | None = None) -> None:
        """Fill a piece of an order at the last price, or at the one given."""
        self.world.fill(order, quantity, self.world.prices[order.instrument] if price is None else price)

    def fire(self, order: Resting) -> None:
        """Trigger a stop."""
        order.triggered = True
        self.world._report(order, "open")

    def cancel(self, order: Resting) -> None:
        """Take an order back."""
        self.world._report(order, "cancelled")


def carry(world: World, key: str, product: Product, quantity: int, *, overnight: bool = False) -> None:
    """Let somebody hold a quantity in another product."""
    value = abs(quantity) * world.prices[key]
    row = [0, 0, 0, 0, 0]
    if overnight:
        row[0] = quantity
    elif quantity > 0:
        row[1:3] = quantity, value
    else:
        row[3:] = -quantity, value
    world.carried[key, product] = row
    world.fills += 1


def trade_by_phone(world: World, side: Side, quantity: int) -> None:
    world._ids += 1
    order = Resting(
        f"P{world._ids}", "", STOCK, side, Role.EXIT, OrderType.LIMIT, quantity, world.prices[STOCK], 0
    )
    world.orders[order.order_id] = order
    world.fill(order, quantity, world.prices[STOCK])
