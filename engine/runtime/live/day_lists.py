"""The broker's lists of the day while a run goes: taken up once they are out, asked for again until they are had.

The intraday list is renewed at about 08:31. A run that began before would trade the whole day on yesterday's.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import time
from typing import Final

from engine.core import Core
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_format import ListsTaken
from engine.feeds.recordings.recorder import Recorder
from engine.instruments.eligibility import Barred, barred_names
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.runtime.run import RunError
from engine.upstox.reference.file_state import FileState, Freshness, InstrumentFile
from engine.upstox.reference.instrument_files import DayLists

_DUE: Final = time(8, 36)
"""Five minutes behind the hour that was measured, well ahead of the first entry: asked too early, the broker calls
yesterday's list its newest."""
_LOOK_SECONDS: Final = 0.5
_FIRST_AGAIN: Final = 30 * SECOND
_LAST_AGAIN: Final = 15 * MINUTE

_logger: Final = logging.getLogger(__name__)


class TodaysLists:
    """Owns the taking up of today's lists; the reading has threads, the rest belongs to the loop."""

    def __init__(
        self,
        read: Callable[[Instant], DayLists],
        core: Core,
        tape: LiveTape,
        recorder: Recorder | None,
        now: Callable[[], Instant],
        wake: Callable[[], None],
        note: Callable[[str, str], None],
    ) -> None:
        """Take the way to the lists, which fetches those that are not today's."""
        self._read = read
        self._core = core
        self._tape = tape
        self._recorder = recorder
        self._now = now
        self._wake = wake
        self._note = note
        self._next: Instant = instant_at(core.day.day, _DUE)
        self._pause = _FIRST_AGAIN
        self._had = False
        self.problem = ""
        """Why the run still goes by older lists, once today's are due; empty while all is well."""

    async def run(self) -> None:
        """Look for ever for what is due."""
        while True:
            await self.take_up_what_is_due()
            await asyncio.sleep(_LOOK_SECONDS)

    async def take_up_what_is_due(self) -> None:
        """Take up today's lists once they are due; what could not be had is asked for again, ever more rarely."""
        if self._had or self._now() < self._next:
            return
        problem = await self._take_up()
        if not problem:
            self._had, self.problem = True, ""
            return
        self._next, self._pause = self._now() + self._pause, min(2 * self._pause, _LAST_AGAIN)
        _logger.warning("expected today's lists, got: %s", problem)
        if not self.problem:
            self._note("warning", f"the day's lists are not had yet and are asked for again: {problem}")
        self.problem = problem

    async def _take_up(self) -> str:
        """Read the lists and go by them; return what is wrong with them."""
        try:
            lists = await asyncio.to_thread(self._read, self._now())
        except RunError as error:
            return str(error)
        intraday = next(state for state in lists.states if state.file is InstrumentFile.INTRADAY)
        if lists.eligible is not None and not intraday.reason:
            # Yesterday's list is what the run began by: nothing in it is news.
            self._go_by(lists, intraday)
        return "; ".join(f"{state.file}: {state.reason}" for state in lists.states if state.reason)

    def _go_by(self, lists: DayLists, intraday: FileState) -> None:
        if intraday.freshness is not Freshness.KEPT:
            self._note("info", f"today's intraday list is taken up: {intraday.rows} names")
        reasons = barred_names(self._core.instruments.values(), lists.eligible or {}, lists.suspended)
        if reasons == self._core.entries.barred or self._tape.finished:
            return
        now = self._now()
        barred = Barred(now, reasons)
        if self._recorder is not None:
            self._recorder.note(ListsTaken(barred), now)
        self._tape.arrive((barred,))
        self._wake()
