"""When a paper or live engine ends by itself: after the day's last session, with the account flat and nobody there."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from engine.home import write_private
from engine.market.calendar import Phase
from engine.market.clock import MINUTE, SECOND, Instant, trading_date
from engine.market.instrument import InstrumentClass
from engine.market.session import TradingDay
from engine.runtime.exchange import Exchange
from engine.runtime.report import build_report
from engine.runtime.run import PreparedRun

_logger: Final = logging.getLogger(__name__)

_AFTER_THE_LAST: Final = 5 * MINUTE
"""Prints of the closing minutes and of the auction come late."""
_TRADING: Final = frozenset({Phase.CONTINUOUS, Phase.CLOSING_AUCTION})


class EndsAfterTheDay:
    """Declares the market over some minutes after the last session or auction; ends once flat and alone, or next day.

    ``finish`` is called once, when nothing more shall be played; ``played_out`` says whether the run has come to that
    end; ``closed`` is called once, when it has and everything is flat: the day can be summed up.
    """

    needs_attendance = True

    def __init__(
        self,
        day: TradingDay,
        kinds: Iterable[InstrumentClass],
        *,
        finish: Callable[[Instant], None],
        played_out: Callable[[], bool],
        closed: Callable[[], None],
    ) -> None:
        self._day = day
        self._over_at = last_session_end(day, kinds) + _AFTER_THE_LAST
        self._finish: Callable[[Instant], None] | None = finish
        self._played_out = played_out
        self._closed: Callable[[], None] | None = closed
        self._screens = 0

    def attended(self, screens: int) -> None:
        """Note how many screens are attached."""
        self._screens = screens

    def reason(self, *, flat: bool, now: Instant) -> str:
        """Return why the engine ends now; empty before the day is over, or while something is open."""
        if now < self._over_at:
            return ""
        if self._finish is not None:
            self._finish(now)
            self._finish = None
            return ""
        if not flat or not self._played_out():
            return ""
        if self._closed is not None:
            self._closed()
            self._closed = None
        return "" if self._screens and trading_date(now) == self._day.day else "the day is over"


def ends_after_the_day(
    prepared: PreparedRun[Exchange], finish: Callable[[Instant], None], summaries: Path
) -> EndsAfterTheDay:
    """Return the ending of a run, which leaves the day's summary below ``summaries``."""
    playback = prepared.playback
    return EndsAfterTheDay(
        playback.core.day,
        {instrument.kind for instrument in playback.core.instruments.values()},
        finish=finish,
        played_out=lambda: playback.ended,
        closed=lambda: sum_up(prepared, summaries),
    )


def sum_up(prepared: PreparedRun[Exchange], summaries: Path) -> None:
    """Keep the day as it ended, in the shape of a replay's report; a disk that refuses costs this alone."""
    playback, plan = prepared.playback, prepared.plan
    began = playback.now if plan.began is None else plan.began
    report = build_report(playback, (playback.now - began) / SECOND)
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
