"""What the exchange says of its own sessions, against the schedule: an unscheduled stop is a halt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
SEGMENTS: Final = frozenset(_SEGMENTS.values())
_AUCTION_STATUSES: Final = frozenset({"CTS_CLOSE", "CAS_LM_START", "CAS_M_STOP", "CAS_STOP"})
"""What the feed says from the end of continuous trading on."""
_EDGE: Final = 60_000_000
"""Statuses change within a minute of the schedule's edges, which is no halt."""


_STANDS: Final = frozenset({Phase.CONTINUOUS, Phase.CLOSING_AUCTION})
"""A halt that began in time is over with the session at the latest."""


@dataclass(frozen=True, slots=True)
class AnnouncedHalt:
    """What stopped trading against the schedule, in words and by class; neither while nothing did."""

    reason: str = ""
    kinds: tuple[InstrumentClass, ...] = ()


OPEN_EVERYWHERE: Final = AnnouncedHalt()


def halt_of(
    segments: Mapping[str, str],
    instruments: Iterable[Instrument],
    day: TradingDay,
    now: Instant,
    auctions: Mapping[str, tuple[str, Instant]] | None = None,
    *,
    before: AnnouncedHalt = OPEN_EVERYWHERE,
) -> AnnouncedHalt:
    """Return which followed segment is not open although the schedule has it trading, and which classes that stops.

    A halt that stood ``before`` goes on up to the end of the session, near the schedule's edges too.

    ``auctions`` are the closing auctions by segment, each with its status and since when: one that began before its
    time takes no order of a stock that is in it.
    """
    stopped: dict[str, None] = {}
    kinds: list[InstrumentClass] = []
    for kind in {instrument.kind for instrument in instruments}:
        segment = _SEGMENTS.get(kind)
        status = "" if segment is None else segments.get(segment, "")
        inside = all(
            day.phase(kind, instant) is Phase.CONTINUOUS for instant in (now - _EDGE, now, now + _EDGE)
        )
        stood = kind in before.kinds and day.phase(kind, now) in _STANDS
        began = inside and not _auction_shares(kind, day, now)
        if segment is not None and status and status != _OPEN and (began or stood):
            kinds.append(kind)
            stopped[f"{segment} is {status}"] = None
        auction, since = (auctions or {}).get(segment or "", ("", 0))
        of_today = since == 0 or trading_date(since) == day.day
        if kind is InstrumentClass.AUCTION_STOCK and auction in _AUCTION_STATUSES and of_today and inside:
            kinds.append(kind)
            stopped[f"{segment} is in its closing auction ({auction})"] = None
    return AnnouncedHalt(", ".join(sorted(stopped)), tuple(sorted(set(kinds))))


def _auction_shares(kind: InstrumentClass, day: TradingDay, now: Instant) -> bool:
    """Say whether a stock's segment may be called closed for the auction of others: theirs begins before its close.

    What the broker calls the segment then is not published, and an exit must not be held for it.
    """
    return kind is InstrumentClass.STOCK and now >= day.close(InstrumentClass.AUCTION_STOCK) - _EDGE
