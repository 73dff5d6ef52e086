"""Minutes that the feed did not tell, had from the broker's candles once those are settled.

Without them a stop would have no average true range for a quarter of an hour behind every start and every break.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_format import Backfilled
from engine.feeds.recordings.recorder import Recorder
from engine.market.candles import SETTLED, settle_minutes
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.seed import MissedMinutes
from engine.market.session import TradingDay
from engine.market.update import Bar
from engine.upstox.rest.outcome import CallFailed

_AFTER: Final = SETTLED + MINUTE + 5 * SECOND
"""The minute under way at the break ends within the first of it and is settled after the second."""
_NEWEST: Final = 60
"""Minutes told again: more than any average in use reaches back."""
_LOOK_SECONDS: Final = 0.5
_AGAIN: Final = 20 * SECOND

_logger: Final = logging.getLogger(__name__)


class Missed:
    """Owns what is still to be asked; the asking has threads, the rest belongs to the loop."""

    def __init__(
        self,
        read_minutes: Callable[[str], tuple[Bar, ...]],
        day: TradingDay,
        tape: LiveTape,
        recorder: Recorder | None,
        now: Callable[[], Instant],
        wake: Callable[[], None],
        has_hole: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Take the way to the broker's candles; ``has_hole`` says that minutes are missing though nothing broke."""
        self._read_minutes = read_minutes
        self._day = day
        self._tape = tape
        self._recorder = recorder
        self._now = now
        self._wake = wake
        self._has_hole = has_hole
        self._wanted: dict[str, Instant] = {}
        self._asked: dict[str, Instant] = {}

    def look_for(self, instruments: Mapping[str, Instrument]) -> None:
        """Ask for each instrument's newest minutes as soon as those up to now are settled."""
        now = self._now()
        for key, instrument in instruments.items():
            if instrument.tradable and self._day.in_session(instrument.kind, now):
                self._wanted[key] = now + _AFTER

    async def run(self) -> None:
        """Ask for ever for what is due."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.ask_what_is_due()

    async def ask_what_is_due(self) -> None:
        """Ask for what is settled by now; what the broker did not answer is asked again later."""
        self._look_for_holes()
        for key in [key for key, when in self._wanted.items() if self._now() >= when]:
            del self._wanted[key]
            await self._ask(key)

    def _look_for_holes(self) -> None:
        """Want the minutes of what has a hole: a feed may fall silent on a line that never breaks."""
        now = self._now()
        for key, instrument in self._tape.instruments.items():
            rested = now - self._asked.get(key, 0) >= _AFTER
            if key in self._wanted or not rested or not instrument.tradable:
                continue
            if self._day.in_session(instrument.kind, now) and self._has_hole(key):
                self._wanted[key] = now

    async def _ask(self, key: str) -> None:
        self._asked[key] = self._now()
        try:
            candles = await asyncio.to_thread(self._read_minutes, key)
        except CallFailed as error:
            _logger.warning("expected the minutes of %s that were missed, got: %s", key, error)
            self._wanted.setdefault(key, self._now() + _AGAIN)
            return
        self._tell(key, candles)

    def _tell(self, key: str, candles: tuple[Bar, ...]) -> None:
        instrument, now = self._tape.instruments[key], self._now()
        opening, close = self._day.open(instrument.kind), self._day.close(instrument.kind)
        settled = settle_minutes(candles, opening, close, now)
        minutes = settled.bars[-_NEWEST:]
        if not minutes or self._tape.finished:
            return
        missed = MissedMinutes(key, now, minutes)
        if self._recorder is not None:
            self._recorder.note(Backfilled(missed), now)
        self._tape.arrive((missed,))
        self._wake()
