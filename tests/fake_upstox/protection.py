"""Market protection: how far from the market a protected order may trade (Upstox, April 2026)."""

from tests.fake_upstox.listing import Listing

_STOCK_SLABS = ((5_000, 300), (50_000, 200), (1_000_000, 100))
_OPTION_SLABS = ((500, 1_500), (1_000, 1_000), (10_000, 500), (50_000, 300))
"""Above 10 rupees the broker's slabs are not published; these are ours."""
_STOCK_REST, _OPTION_REST = 50, 200


def protected_limit(listing: Listing, side: str, around: int, percent: float, band: tuple[int, int]) -> int:
    """Return the limit price in paise of a protected order around a price, inside the day's band."""
    share = round(percent * 100) if percent > 0 else automatic_share(listing, around)
    reach = around * share // 10_000
    tick = listing.tick
    if side == "BUY":
        return min((around + reach) // tick * tick, band[1])
    return max(-(-(around - reach) // tick) * tick, band[0])


def automatic_share(listing: Listing, price: int) -> int:
    """Return the automatic protection at a price, in hundredths of a percent."""
    slabs, rest = (
        (_OPTION_SLABS, _OPTION_REST) if listing.kind in ("CE", "PE") else (_STOCK_SLABS, _STOCK_REST)
    )
    return next((share for limit, share in slabs if price < limit), rest)
