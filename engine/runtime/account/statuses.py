"""What the exchange says of its own sessions, against the schedule: an unscheduled stop is a halt."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.market.calendar import Phase
from engine.market.clock import Instant, trading_date
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.session import TradingDay

_OPEN: Final = "NORMAL_OPEN"
_SEGMENTS: Final[Mapping[InstrumentClass, str]] = {
    InstrumentClass.AUCTION_STOCK: "NSE_EQ",
    InstrumentClass.STOCK: "NSE_EQ",
    InstrumentClass.STOCK_FUTURE: "NSE_FO",
    InstrumentClass.INDEX_FUTURE: "NSE_FO",
    InstrumentClass.OPTION: "NSE_FO",
}
_AUCTION_STATUSES: Final = frozenset({"CTS_CLOSE", "CAS_LM_START", "CAS_M_STOP", "CAS_STOP"})
"""What the feed says from the end of continuous trading on."""
_EDGE: Final = 60_000_000
"""Statuses change within a minute of the schedule's edges, which is no halt."""


def halt_reason(
    segments: Mapping[str, str],
    instruments: Iterable[Instrument],
    day: TradingDay,
    now: Instant,
    auctions: Mapping[str, tuple[str, Instant]] | None = None,
) -> str:
    """Return which followed segment is not open although the schedule has it trading; empty when none.

    ``auctions`` are the closing auctions by segment, each with its status and since when: one that began before its
    time takes no order of a stock that is in it.
    """
    stopped: dict[str, None] = {}
    for kind in {instrument.kind for instrument in instruments}:
        segment = _SEGMENTS.get(kind)
        status = "" if segment is None else segments.get(segment, "")
        inside = all(
            day.phase(kind, instant) is Phase.CONTINUOUS for instant in (now - _EDGE, now, now + _EDGE)
        )
        if segment is not None and status and status != _OPEN and inside:
            stopped[f"{segment} is {status}"] = None
        auction, since = (auctions or {}).get(segment or "", ("", 0))
        of_today = since == 0 or trading_date(since) == day.day
        if kind is InstrumentClass.AUCTION_STOCK and auction in _AUCTION_STATUSES and of_today and inside:
            stopped[f"{segment} is in its closing auction ({auction})"] = None
    return ", ".join(sorted(stopped))
