"""When the fake exchange takes what: the schedule of a date by kind of instrument, written apart from the engine's."""

from datetime import date, time
from enum import Enum

from engine.market.clock import Instant, datetime_of, instant_at
from tests.fake_upstox.expiries import is_trading_day
from tests.fake_upstox.listing import Listing

_AUCTION_SINCE = date(2026, 8, 3)
_SPLIT_PRE_OPEN_SINCE = date(2026, 9, 7)


class Phase(Enum):
    """What an instrument's market is doing."""

    CLOSED = "closed"
    PRE_OPEN = "pre-open"
    CONTINUOUS = "continuous"
    AUCTION_QUIET = "auction: nothing is accepted"
    AUCTION_ENTRY = "auction: limit and market"
    AUCTION_LIMIT = "auction: limit only"
    AUCTION_MATCHING = "auction: matching"
    POST_CLOSE = "post-close"


_AUCTION_PHASES = frozenset(
    {Phase.AUCTION_QUIET, Phase.AUCTION_ENTRY, Phase.AUCTION_LIMIT, Phase.AUCTION_MATCHING}
)
_Steps = tuple[tuple[time, Phase], ...]
_PRE_OPEN: _Steps = ((time(9, 0), Phase.PRE_OPEN), (time(9, 15), Phase.CONTINUOUS))
_OLD_CASH: _Steps = (
    *_PRE_OPEN,
    (time(15, 30), Phase.CLOSED),
    (time(15, 40), Phase.POST_CLOSE),
    (time(16, 0), Phase.CLOSED),
)
_OLD_DERIVATIVE: _Steps = ((time(9, 15), Phase.CONTINUOUS), (time(15, 30), Phase.CLOSED))
_AUCTION_CASH: _Steps = (
    *_PRE_OPEN,
    (time(15, 15), Phase.AUCTION_QUIET),
    (time(15, 20), Phase.AUCTION_ENTRY),
    (time(15, 25), Phase.AUCTION_LIMIT),
    (time(15, 29, 10), Phase.AUCTION_MATCHING),
    (time(15, 35), Phase.CLOSED),
    (time(15, 50), Phase.POST_CLOSE),
    (time(16, 0), Phase.CLOSED),
)
_NEW_CASH: _Steps = (
    *_PRE_OPEN,
    (time(15, 30), Phase.CLOSED),
    (time(15, 50), Phase.POST_CLOSE),
    (time(16, 0), Phase.CLOSED),
)
_NEW_DERIVATIVE: _Steps = ((time(9, 15), Phase.CONTINUOUS), (time(15, 40), Phase.CLOSED))

AUCTION_STATUSES: tuple[tuple[time, str], ...] = (
    (time(15, 15), "CTS_CLOSE"),
    (time(15, 20), "CAS_LM_START"),
    (time(15, 25), "CAS_M_STOP"),
    (time(15, 29, 10), "CAS_STOP"),
    (time(15, 30), "NORMAL_CLOSE"),
)
"""The closing auction as the feed tells it."""
_PRE_OPEN_STATUSES: tuple[tuple[time, str], ...] = (
    (time(9, 0, 0, 13_000), "PRE_OPEN_START"),
    (time(9, 5, 0, 110_000), "PRE_OPEN_M_END"),
    (time(9, 9, 13, 10_000), "PRE_OPEN_END"),
)
SPECIAL_SEGMENTS = ("NSE_EQ", "NSE_FO", "NSE_INDEX")


class Schedule:
    """The phases of one date."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.has_auction = day >= _AUCTION_SINCE
        self._traded = is_trading_day(day)

    def phase(self, listing: Listing, moment: Instant) -> Phase:
        """Return the phase of an instrument at a time; other dates are closed."""
        now = datetime_of(moment)
        if not self._traded or now.date() != self.day:
            return Phase.CLOSED
        return _latest(self._steps(listing), now.time(), Phase.CLOSED)

    def auction_phase(self, listing: Listing, moment: Instant) -> Phase | None:
        """Return the phase of an instrument's closing auction, None outside it."""
        if not self.has_auction or not listing.auction:
            return None
        phase = self.phase(listing, moment)
        return phase if phase in _AUCTION_PHASES else None

    def close(self, listing: Listing) -> Instant:
        """Return the end of continuous trading."""
        steps = self._steps(listing)
        place = next(place for place, (_, phase) in enumerate(steps) if phase is Phase.CONTINUOUS)
        return instant_at(self.day, steps[place + 1][0])

    def boundaries(self) -> list[Instant]:
        """Return every time at which some phase or told status changes."""
        times = {clock for steps in (_OLD_CASH, _OLD_DERIVATIVE) for clock, _ in steps}
        if self.has_auction:
            times |= {clock for steps in (_AUCTION_CASH, _NEW_DERIVATIVE) for clock, _ in steps}
            times |= {clock for clock, _ in AUCTION_STATUSES}
        if self.day >= _SPLIT_PRE_OPEN_SINCE:
            times |= {clock for clock, _ in _PRE_OPEN_STATUSES}
        return [instant_at(self.day, clock) for clock in sorted(times)]

    def segment_statuses(self, moment: Instant) -> dict[str, str]:
        """Return the segments' states by the names of the feed's enum."""
        now = datetime_of(moment)
        cash = _AUCTION_CASH if self.has_auction else _OLD_CASH
        derivative = _NEW_DERIVATIVE if self.has_auction else _OLD_DERIVATIVE
        states = {}
        for segment in SPECIAL_SEGMENTS:
            phase = _latest(cash if segment != "NSE_FO" else derivative, now.time(), Phase.CLOSED)
            if not self._traded or now.date() != self.day:
                phase = Phase.CLOSED
            states[segment] = {
                Phase.CLOSED: "NORMAL_CLOSE",
                Phase.PRE_OPEN: "PRE_OPEN_START",
                Phase.POST_CLOSE: "CLOSING_START",
            }.get(phase, "NORMAL_OPEN")
        return states

    def auction_status(self, moment: Instant) -> tuple[str, Instant] | None:
        """Return the closing auction's status and since when; None before it or without one."""
        return self._status(AUCTION_STATUSES, moment) if self.has_auction else None

    def pre_open_status(self, moment: Instant) -> tuple[str, Instant] | None:
        """Return the pre-open session's status and since when."""
        return self._status(_PRE_OPEN_STATUSES, moment) if self.day >= _SPLIT_PRE_OPEN_SINCE else None

    def _status(self, steps: tuple[tuple[time, str], ...], moment: Instant) -> tuple[str, Instant] | None:
        now = datetime_of(moment)
        if now.date() != self.day:
            return None
        passed = [(name, instant_at(self.day, clock)) for clock, name in steps if clock <= now.time()]
        return passed[-1] if passed else None

    def _steps(self, listing: Listing) -> _Steps:
        if listing.is_derivative:
            return _NEW_DERIVATIVE if self.has_auction else _OLD_DERIVATIVE
        if not self.has_auction:
            return _OLD_CASH
        return _AUCTION_CASH if listing.auction else _NEW_CASH


def _latest(steps: _Steps, now: time, before: Phase) -> Phase:
    passed = [phase for clock, phase in steps if clock <= now]
    return passed[-1] if passed else before
