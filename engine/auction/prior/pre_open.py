"""What the pre-open auction promises: the indicative price against the session before."""

from dataclasses import dataclass

from engine.auction.structure.location import check_prior, locate
from engine.auction.values.levels import PriorLevels
from engine.market.price import Paise


@dataclass(frozen=True, slots=True)
class PreOpen:
    """The indicative opening of one instrument. Prices in paise; it is a promise, not a trade."""

    price: Paise
    """Price at which the auction would match now."""
    quantity: int
    """Units that would match; 0 when the feed does not say."""
    gap: Paise
    """Indicative price minus previous close."""
    gap_pct: float
    location: str
    """Where the price lies against the earlier session; empty when its levels may not be used."""
    outside_value: Paise
    """Distance beyond the nearer edge of the earlier value area: above positive, below negative, inside 0."""
    note: str
    """Why there is no location; empty otherwise."""


def read_pre_open(
    price: Paise | None,
    quantity: int | None,
    previous_close: Paise | None,
    prior: PriorLevels | None,
    tick: Paise,
) -> PreOpen | None:
    """Return the indicative opening (the feed's iep and ieq); None before the exchange has named a price."""
    if not price or price < 0 or not previous_close:
        return None
    gap = price - previous_close
    checked = check_prior(prior, previous_close)
    location, outside, note = "", 0, "no earlier session is known" if checked is None else checked.reason
    if checked is not None and checked.ready:
        top = checked.vah + checked.row - tick
        location = locate(price, checked, tick)
        outside = max(0, price - top) + min(0, price - checked.val)
        note = checked.reason
    return PreOpen(
        price=price,
        quantity=max(0, quantity or 0),
        gap=gap,
        gap_pct=round(100 * gap / previous_close, 2),
        location=location,
        outside_value=outside,
        note=note,
    )
