"""Rows of the status object that every world tells alike: a position's stop, an order."""

from engine.market.price import Paise, rupees_of


def stop_row(trigger: Paise | None, covered: int, quantity: int) -> dict[str, object] | None:
    """Return a position's stop: HELD where it covers the whole; ``trigger`` is None where no stop rests."""
    if trigger is None:
        return None
    return {"price": rupees_of(trigger), "state": "HELD" if covered >= abs(quantity) else "PARTIAL"}


def order_row(
    tag: str,
    instrument: str,
    side: str,
    order_type: str,
    *,
    quantity: int,
    filled: int,
    price: Paise,
    trigger_price: Paise,
    status: str,
) -> dict[str, object]:
    """Return an order; prices in rupees."""
    return {
        "tag": tag,
        "instrument": instrument,
        "side": side,
        "type": order_type,
        "quantity": quantity,
        "filled": filled,
        "price": rupees_of(price),
        "trigger_price": rupees_of(trigger_price) if trigger_price else None,
        "status": status,
    }
