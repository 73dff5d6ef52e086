"""What the exchange says of its own sessions, against the schedule: an unscheduled stop is a halt."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.market.calendar import Phase
from engine.market.clock import Instant
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
_EDGE: Final = 60_000_000
"""Statuses change within a minute of the schedule's edges, which is no halt."""


def halt_reason(
    segments: Mapping[str, str], instruments: Iterable[Instrument], day: TradingDay, now: Instant
) -> str:
    """Return which followed segment is not open although the schedule has it trading; empty when none."""
    stopped: dict[str, None] = {}
    for kind in {instrument.kind for instrument in instruments}:
        segment = _SEGMENTS.get(kind)
        status = "" if segment is None else segments.get(segment, "")
        inside = all(
            day.phase(kind, instant) is Phase.CONTINUOUS for instant in (now - _EDGE, now, now + _EDGE)
        )
        if segment is not None and status and status != _OPEN and inside:
            stopped[f"{segment} is {status}"] = None
    return ", ".join(sorted(stopped))
