"""What will happen when: the exchange's own acts and the tape, done in order of exchange time by one task."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

from engine.market.clock import Instant
from tests.fake_upstox.clock import ExchangeClock
from tests.fake_upstox.tape import TapeItem

Act = Callable[[], None]
Play = Callable[[list[TapeItem]], None]
_BREATH = 200
"""Acts between two chances for the sockets while catching up."""


class Agenda:
    """The one place where exchange time passes."""

    def __init__(self, clock: ExchangeClock, tape: Iterator[list[TapeItem]]) -> None:
        self._clock = clock
        self._tape = tape
        self._next_items = next(tape, None)
        self._acts: list[tuple[Instant, int, Act]] = []
        self._order = count()
        self._moment: Instant = clock.now()
        self._working = False
        self.catching_up = False
        """After a jump: the market moves on, but nobody is told of each step."""
        self.until_room: Callable[[], Awaitable[None]] = _at_once
        """Waited for before the next act at the fastest speed."""

    @property
    def moment(self) -> Instant:
        """Return the time of the act under way, else the exchange's time."""
        return self._moment if self._working else max(self._moment, self._clock.now())

    @property
    def tape_ended(self) -> bool:
        """Say whether every recorded packet was played."""
        return self._next_items is None

    def at(self, moment: Instant, act: Act) -> None:
        """Do something at a time; the past means as soon as possible."""
        heapq.heappush(self._acts, (moment, next(self._order), act))
        self._clock.wake()

    def after(self, delay: Instant, act: Act) -> None:
        """Do something some microseconds of exchange time from now."""
        self.at(self.moment + delay, act)

    def catch_up(self, to: Instant, play: Play, *, heard: bool) -> None:
        """Set the clock ahead and do all that lies between at once; unheard, the streams are told nothing of it."""
        self._clock.jump(to)
        self.catching_up = not heard
        try:
            while (due := self.next_due()) is not None and due <= to:
                self._step(due, play)
        finally:
            self.catching_up = False
        self._moment = max(self._moment, to)

    def next_due(self) -> Instant | None:
        """Return when the next thing happens, None when nothing is planned."""
        times = [self._acts[0][0]] if self._acts else []
        if self._next_items is not None:
            times.append(self._next_items[0].at)
        return min(times, default=None)

    async def run(self, play: Play) -> None:
        """Do what is due for ever; ``play`` takes each group of packets that arrive together."""
        done = 0
        while True:
            due = self.next_due()
            if due is not None and self._clock.is_fastest and due > self._clock.now():
                await self.until_room()
                # While it waited, somebody may have planned something earlier or changed the speed.
                due = self.next_due()
                if due is not None and self._clock.is_fastest:
                    self._clock.jump(max(due, self._clock.now()))
            if due is None or due > self._clock.now():
                await self._clock.wait_until(due)
                done = 0
                continue
            self._step(due, play)
            done += 1
            if done % _BREATH == 0:
                await asyncio.sleep(0)

    def _step(self, due: Instant, play: Play) -> None:
        self._moment = max(self._moment, due)
        self._working = True
        try:
            if self._acts and self._acts[0][0] <= due:
                heapq.heappop(self._acts)[2]()
            elif self._next_items is not None:
                items, self._next_items = self._next_items, next(self._tape, None)
                play(items)
        finally:
            self._working = False


async def _at_once() -> None:
    return
