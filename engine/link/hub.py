"""The engine's side of every line, whatever carries it: who is attached, what they ask, what they are shown.

A screen is drawn a new view only when it has taken the last one, so one that does not read costs nothing: no view
is made for it, none is kept. Every queue has an end, and what does not fit is refused, never waited for.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Iterable
from typing import Any, Final, Protocol

import msgspec

from engine.contract.commands import (
    Command,
    CommandResult,
    EnterCharges,
    Follow,
    KeepDrill,
    Kill,
    NoteTrade,
    Outcome,
    RunPreflight,
    Unfollow,
)
from engine.contract.views import ScreenView
from engine.link.protocol import Answer, Goodbye, Show, encode

MOST_SCREENS: Final = 16

_MOST_WAITING: Final = 64
"""Commands of one screen that wait for their turn, and answers that wait to be read."""
_SLOW: Final = (Follow, Unfollow, RunPreflight, NoteTrade, EnterCharges, KeepDrill)
"""Commands that may wait many seconds for the broker or the disk: no exit stands in line behind them."""
SIGN_OF_LIFE_SECONDS: Final = 1.0
"""An unchanged picture is sent again after this: a held market must not look like a silent engine."""
_SHORTEST_PAUSE: Final = 1 / 60
"""Seconds between two rounds of views, however much the screens ask."""
_logger: Final = logging.getLogger(__name__)


class ScreenIdentity(msgspec.Struct, frozen=True):
    """Which screen speaks: the number is the engine's, the name is what the screen calls itself."""

    number: int
    name: str


class Handler(Protocol):
    """What the engine does with its screens. Every method is called on the loop."""

    async def on_command(self, command: Command, screen: ScreenIdentity) -> CommandResult:
        """Do or refuse a command. Commands of one screen come in order; a kill overtakes, what is slow goes beside."""
        ...

    def view_for(self, instrument: str | None) -> ScreenView | None:
        """Return the present picture for a selection (None: nothing selected yet), None when there is none yet."""
        ...

    def attached(self, screen: ScreenIdentity, screens: int) -> None:
        """Note a new screen; ``screens`` are attached now."""
        ...

    def detached(self, screen: ScreenIdentity, screens: int) -> None:
        """Note that a screen is gone; ``screens`` are left."""
        ...


class Picture:
    """A view with its frame, encoded at most once and only when a socket needs it."""

    __slots__ = ("_frame", "drawn_at", "view")

    def __init__(self, view: ScreenView, drawn_at: float) -> None:
        self.view = view
        self.drawn_at = drawn_at
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The encoded frame."""
        if self._frame is None:
            self._frame = encode(Show(self.view))
        return self._frame

    def shows_the_same_as(self, view: ScreenView) -> bool:
        """Say whether a screen would see no difference."""
        return view is self.view or msgspec.structs.replace(view, number=self.view.number) == self.view


class Seat:
    """One attached screen, as the transports see it: put requests in, take answers and pictures out."""

    def __init__(self, hub: "Hub", identity: ScreenIdentity) -> None:
        self._hub = hub
        self.identity = identity
        self.selection: str | None = None
        self.farewell: Goodbye | None = None
        self._commands: deque[Command] = deque()
        self._slow: deque[Command] = deque()
        self._answers: deque[CommandResult] = deque()
        self._picture: Picture | None = None
        self._last: Picture | None = None
        self._is_sending = False
        self._is_left = False
        self._news = asyncio.Event()
        self._work = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._work_in_order(self._commands))
        self._start(self._work_in_order(self._slow))

    @property
    def wants_picture(self) -> bool:
        """Whether the last picture was taken and its carrier is done with it."""
        return self._picture is None and not self._is_sending and self.farewell is None

    def command(self, command: Command) -> None:
        """Take a command; never waits. A kill is done at once, others in order, too many are refused.

        What asks the broker first has an order of its own beside the others.
        """
        commands = self._slow if isinstance(command, _SLOW) else self._commands
        if isinstance(command, Kill):
            self._start(self._do(command))
        elif len(commands) < _MOST_WAITING:
            commands.append(command)
            self._work.set()
        else:
            text = f"refused: {_MOST_WAITING} commands of this screen are waiting already"
            self._answer(CommandResult(command.id, Outcome.REFUSED, text))

    def select(self, instrument: str) -> None:
        """Show another instrument from the next picture on."""
        self.selection = instrument
        self._hub.hurry()

    def show(self, picture: Picture) -> None:
        """Offer a picture; the same one is not offered twice."""
        if picture is not self._last:
            self._last = self._picture = picture
            self._news.set()

    def end(self, farewell: Goodbye) -> None:
        """Let the carrier say goodbye and close."""
        self.farewell = farewell
        self._news.set()

    async def news(self) -> CommandResult | Picture | Goodbye:
        """Return the next thing for the screen, waiting for it: answers first, the farewell last.

        Until the next call the carrier counts as busy with what it was given.
        """
        self._is_sending = False
        while True:
            if self._answers:
                self._is_sending = True
                self._work.set()
                return self._answers.popleft()
            if self.farewell is not None:
                return self.farewell
            if self._picture is not None:
                picture, self._picture = self._picture, None
                self._is_sending = True
                return picture
            self._news.clear()
            await self._news.wait()

    def leave(self) -> None:
        """Give the seat up. What was asked is still done: a screen may ask and go."""
        self._is_left = True
        self._work.set()
        self._hub.forget(self)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_in_order(self, commands: deque[Command]) -> None:
        while commands or not self._is_left:
            if commands and (self._is_left or len(self._answers) < _MOST_WAITING):
                await self._do(commands.popleft())
            else:
                self._work.clear()
                await self._work.wait()

    async def _do(self, command: Command) -> None:
        self._answer(await self._hub.do(command, self.identity))
        self._hub.hurry()

    def _answer(self, result: CommandResult) -> None:
        if len(self._answers) >= 2 * _MOST_WAITING:
            self._answers.popleft()
        self._answers.append(result)
        self._news.set()


class Hub:
    """All screens of one engine, and the pace at which they are shown new pictures."""

    def __init__(
        self, handler: Handler, frames_per_second: float, sign_of_life: float = SIGN_OF_LIFE_SECONDS
    ) -> None:
        self._sign_of_life = sign_of_life
        self._handler = handler
        self._period = 1 / frames_per_second
        self._seats: list[Seat] = []
        self._taken = 0
        self._pictures: dict[str | None, Picture] = {}
        self._wake = asyncio.Event()
        self._pacer: asyncio.Task[None] | None = None
        self._is_view_failing = False
        self.failures = 0
        """Commands and views that raised: each is in the log."""

    @property
    def screens(self) -> int:
        """How many screens are attached."""
        return len(self._seats)

    def attach(self, name: str) -> Seat | Goodbye:
        """Return a seat for a screen, or why it gets none."""
        if len(self._seats) >= MOST_SCREENS:
            return Goodbye("too many screens", f"at most {MOST_SCREENS}", str(len(self._seats) + 1))
        self._taken += 1
        seat = Seat(self, ScreenIdentity(self._taken, name))
        self._seats.append(seat)
        if self._pacer is None:
            self._pacer = asyncio.get_running_loop().create_task(self._pace())
        self._handler.attached(seat.identity, len(self._seats))
        self.hurry()
        return seat

    def forget(self, seat: Seat) -> None:
        """Note that a screen is gone. Doing it twice is doing it once."""
        if seat in self._seats:
            self._seats.remove(seat)
            self._handler.detached(seat.identity, len(self._seats))
        if not self._seats and self._pacer is not None:
            self._pacer.cancel()
            self._pacer = None
            self._pictures.clear()

    def look(self) -> Picture | None:
        """Return the present picture for somebody who takes no seat; nobody counts as attached for it."""
        picture = self._picture_of(None)
        if not self._seats:
            self._pictures.clear()
        return picture

    def hurry(self) -> None:
        """Draw the next pictures soon: somebody asked for something."""
        self._wake.set()

    def end(self, reason: str) -> None:
        """Say goodbye to every screen."""
        for seat in self._seats:
            seat.end(Goodbye(reason))

    async def do(self, command: Command, screen: ScreenIdentity) -> CommandResult:
        """Let the engine do a command; a failure of the engine's is logged and answered, the line lives on."""
        try:
            return await self._handler.on_command(command, screen)
        except Exception:
            self.failures += 1
            _logger.exception("a command of screen %d failed: %r", screen.number, command)
            return CommandResult(
                command.id, Outcome.REFUSED, "the engine failed to do this; engine.log says why"
            )

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            self._wake.clear()
            self._draw()
            await asyncio.sleep(_SHORTEST_PAUSE)
            rest = self._period - (loop.time() - started)
            if rest > 0:
                try:
                    await asyncio.wait_for(self._wake.wait(), rest)
                except TimeoutError:
                    continue

    def _draw(self) -> None:
        ready = [seat for seat in self._seats if seat.wants_picture]
        for selection in _distinct(seat.selection for seat in ready):
            picture = self._picture_of(selection)
            if picture is not None:
                for seat in ready:
                    if seat.selection == selection:
                        seat.show(picture)
        watched = {seat.selection for seat in self._seats}
        for selection in [known for known in self._pictures if known not in watched]:
            del self._pictures[selection]

    def _picture_of(self, selection: str | None) -> Picture | None:
        try:
            view = self._handler.view_for(selection)
        except Exception:
            self.failures += 1
            if not self._is_view_failing:
                _logger.exception("no view could be made for %r", selection)
            self._is_view_failing = True
            return None
        self._is_view_failing = False
        if view is None:
            return None
        known = self._pictures.get(selection)
        now = asyncio.get_running_loop().time()
        stale = known is None or now - known.drawn_at >= self._sign_of_life
        if known is None or stale or not known.shows_the_same_as(view):
            known = self._pictures[selection] = Picture(view, now)
        return known


def frame_of(news: CommandResult | Picture | Goodbye) -> bytes:
    """Return what a socket carries for a piece of news."""
    if isinstance(news, Picture):
        return news.frame
    return encode(Answer(news) if isinstance(news, CommandResult) else news)


def _distinct(selections: Iterable[str | None]) -> tuple[str | None, ...]:
    return tuple(dict.fromkeys(selections))
