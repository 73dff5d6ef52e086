"""Whether a name may be traded intraday today, by the broker's lists: they change overnight and once each morning."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from engine.instruments.listing import Intraday
from engine.market.clock import Instant
from engine.market.instrument import Instrument, InstrumentClass

_CASH: Final = frozenset({InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK})

NOT_LISTED: Final = "not on today's intraday list"
SUSPENDED: Final = "suspended today"


class Barred(msgspec.Struct, frozen=True, tag="barred"):
    """The day's lists were read while a run went: what of it may not be entered; everything else may."""

    arrival: Instant
    """When they were read, on the feed's own clock."""
    reasons: dict[str, str]
    """Instrument to why."""


def must_be_listed(kind: InstrumentClass, eligible: Mapping[str, Intraday]) -> bool:
    """Say whether a kind may be traded only when the intraday list names it.

    A stock must be on the list; a derivative only where the list names derivatives at all.
    """
    if kind in _CASH or kind is InstrumentClass.INDEX:
        return kind in _CASH
    return any(key.startswith("NSE_FO") for key in eligible)


def barred_names(
    instruments: Iterable[Instrument], eligible: Mapping[str, Intraday], suspended: AbstractSet[str]
) -> dict[str, str]:
    """Return why each of some instruments may not be traded intraday today; those that may are left out."""
    reasons = {}
    for instrument in instruments:
        if instrument.key in suspended:
            reasons[instrument.key] = SUSPENDED
        elif instrument.key not in eligible and must_be_listed(instrument.kind, eligible):
            reasons[instrument.key] = NOT_LISTED
    return reasons
