"""What auctions indicate before they match, as lines of the watchlist."""

from collections.abc import Mapping

from engine.auction.prior.pre_open import read_pre_open
from engine.core.market_state import MarketState
from engine.feeds.live_tape import LiveTape
from engine.feeds.wire.frames import Indication
from engine.market.figures import grouped, rupees


def pre_open_notes(
    indications: Mapping[str, Indication], tape: LiveTape, market_state: MarketState
) -> dict[str, str]:
    """Return price, quantity, gap and place against the earlier value of each instrument in an auction."""
    found = {}
    for key, indication in indications.items():
        instrument, update = tape.instruments.get(key), market_state.update(key)
        if instrument is None or update is None or not update.auction:
            continue
        read = read_pre_open(
            indication.price,
            indication.quantity,
            update.previous_close,
            tape.prior.get(key),
            instrument.tick,
        )
        if read is not None:
            where = f" {read.location}" if read.location else ""
            price = f"{rupees(read.price)}×{grouped(read.quantity)}"
            found[key] = f"ind {price} gap {read.gap_pct:+.1f}%{where}"
    return found
