"""When a paper or live engine ends by itself: after the day's last session, with the account flat and nobody there."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from engine.brokers.exchange import Exchange
from engine.contract.views import Severity
from engine.core import Core
from engine.market.calendar import Phase
from engine.market.clock import MINUTE, SECOND, Instant, trading_date
from engine.market.figures import signed_units
from engine.market.instrument import InstrumentClass
from engine.market.session import TradingDay
from engine.runtime.report import build_report
from engine.runtime.run import PreparedRun
from engine.world.directories import write_private

_logger: Final = logging.getLogger(__name__)

_AFTER_THE_LAST: Final = 5 * MINUTE
"""Prints of the closing minutes and of the auction come late."""
_TRADING: Final = frozenset({Phase.CONTINUOUS, Phase.CLOSING_AUCTION})


class DayReport(Protocol):
    """The reports of a day's close, written by somebody else while the engine goes on."""

    def begin(self) -> None:
        """Have them written; a failure to begin is told by ``news``."""
        ...

    def news(self) -> tuple[Severity, str] | None:
        """Return once what became of them, in words; None until that is known."""
        ...


class EndsAfterTheDay:
    """Declares the market over some minutes after the last session or auction; ends once flat and alone, or next day.

    On the next day an engine can do nothing for what is open: its schedule is over, and so are its market data.
    ``kinds`` tells what is followed now; ``finish`` is called once, when nothing more shall be played; ``played_out``
    says whether the run has come to that end; ``closed`` is called once, when it has and everything is flat, or when
    the next day has begun: the day can be summed up. ``carried`` names what is held, empty when nothing is.
    ``report`` is written then, and ``say`` tells what became of it.
    """

    needs_attendance = True

    def __init__(
        self,
        day: TradingDay,
        kinds: Callable[[], Iterable[InstrumentClass]],
        *,
        finish: Callable[[Instant], None],
        played_out: Callable[[], bool],
        closed: Callable[[], None],
        carried: Callable[[], str],
        report: DayReport | None = None,
        say: Callable[[Severity, str], None] = lambda _severity, _text: None,
    ) -> None:
        self._day = day
        self._kinds = kinds
        self._ends: dict[InstrumentClass, Instant] = {}
        self._finish: Callable[[Instant], None] | None = finish
        self._played_out = played_out
        self._closed: Callable[[], None] | None = closed
        self._carried = carried
        self._told_carried = False
        self._screens = 0
        self._report = report
        self._say = say

    def attended(self, screens: int) -> None:
        """Note how many screens are attached."""
        self._screens = screens

    def reason(self, *, flat: bool, now: Instant) -> str:
        """Return why the engine ends now; empty before the day is over, or while something is open."""
        self._tell_report()
        if self._finish is not None:
            if now < self._over_at:
                return ""
            self._finish(now)
            self._finish = None
            return ""
        today = trading_date(now) == self._day.day
        if not flat or not self._played_out():
            return self._with_something_open(today=today)
        self._sum_up()
        return "" if self._screens and today else "the day is over"

    def _with_something_open(self, *, today: bool) -> str:
        """Go on for what is held while it is the same day; never end without saying what is carried."""
        carried = self._carried()
        if carried and not self._told_carried:
            self._told_carried = True
            _logger.warning("CARRIED over the end of %s: %s", self._day.day, carried)
        if today:
            return ""
        self._sum_up()
        return f"the day is over, and what is open waits for the next engine: {carried or 'the broker never said flat'}"

    def _sum_up(self) -> None:
        if self._closed is not None:
            self._closed()
            self._closed = None
            if self._report is not None:
                self._report.begin()

    def _tell_report(self) -> None:
        news = None if self._report is None or self._closed is not None else self._report.news()
        if news is not None:
            self._say(*news)
            self._report = None

    @property
    def _over_at(self) -> Instant:
        for kind in self._kinds():
            if kind not in self._ends:
                self._ends[kind] = last_session_end(self._day, [kind])
        return max(self._ends.values()) + _AFTER_THE_LAST


def ends_after_the_day(
    prepared: PreparedRun[Exchange], finish: Callable[[Instant], None], summaries: Path, report: DayReport
) -> EndsAfterTheDay:
    """Return the ending of a run, which leaves the day's summary below ``summaries`` and has its report written."""
    playback = prepared.playback
    return EndsAfterTheDay(
        playback.core.day,
        lambda: [instrument.kind for instrument in playback.core.instruments.values()],
        finish=finish,
        played_out=lambda: playback.ended,
        closed=lambda: sum_up(prepared, summaries),
        carried=lambda: held_words(playback.core),
        report=report,
        say=lambda severity, text: playback.core.journal.line(severity, text, playback.now),
    )


def held_words(core: Core) -> str:
    """Return what a core holds and what others do, as a person reads it: ``INFY +120, TCS -65 (not ours)``."""
    words = [f"{core.journal.symbol(trade.instrument)} {signed_units(trade.signed)}" for trade in core.trades]
    outside = core.manager.portfolio.outside.items()
    words += [f"{core.journal.symbol(key)} {signed_units(units)} (not ours)" for key, units in outside]
    return ", ".join(words)


def sum_up(prepared: PreparedRun[Exchange], summaries: Path) -> None:
    """Keep the day as it ended, in the shape of a replay's report; a disk that refuses costs this alone."""
    playback, plan = prepared.playback, prepared.plan
    began = playback.now if plan.began is None else plan.began
    report = build_report(playback, (playback.now - began) / SECOND, plan.past)
    try:
        summaries.mkdir(mode=0o700, exist_ok=True)
        write_private(summaries / f"{plan.day}-{plan.run}.json", msgspec.json.encode(report))
    except OSError as error:
        _logger.warning("expected to keep the summary of %s, got: %s", plan.day, error.strerror)


def last_session_end(day: TradingDay, kinds: Iterable[InstrumentClass]) -> Instant:
    """Return when the last continuous session or closing auction of the kinds ends."""
    ends = []
    for kind in kinds:
        starts = day.boundaries(kind)
        trading = [index for index, start in enumerate(starts) if day.phase(kind, start) in _TRADING]
        ends.append(starts[trading[-1] + 1])
    return max(ends)
