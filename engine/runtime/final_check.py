"""The last look at a request before it leaves the engine: nothing enters that is not on disk, or behind the latch."""

from engine.orders.messages import ModifyOrder, PlaceOrder, Refused, Request, Role
from engine.orders.order_book import OrderBook


def enters(request: Request, orders: OrderBook) -> bool:
    """Say whether a request could open or enlarge a position."""
    if isinstance(request, PlaceOrder):
        return request.role is Role.ENTRY
    if isinstance(request, ModifyOrder):
        order = orders.get(request.tag)
        return order is None or order.role is Role.ENTRY
    return False


def last_refusal(
    request: Request, orders: OrderBook, *, latched: bool, durable: bool, displaced: str = ""
) -> Refused | None:
    """Return why a request does not leave; None lets it go.

    ``durable`` says whether its intent is on disk, ``displaced`` why the engine's place is its own no more.
    """
    if not isinstance(request, PlaceOrder | ModifyOrder) or not enters(request, orders):
        return None
    asked = request.request if isinstance(request, ModifyOrder) else ""
    if latched:
        return Refused(
            request.tag, "LATCHED", "the kill latch is set; nothing was sent", asked, lasting=False
        )
    if displaced:
        return Refused(request.tag, "PLACE", f"{displaced}; nothing was sent", asked, lasting=False)
    if not durable:
        return Refused(
            request.tag, "LEDGER", "the ledger cannot be written; nothing was sent", asked, lasting=False
        )
    return None
