"""One sitting at the screen: find or start the engine, attach, show, detach.

The engine starts in another thread while the screen's library loads, so that the first picture is not late.
"""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cockpit.attaching import attach, run_app, screen_name
from cockpit.startup_line import StartingLine
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.text.way_back import way_back
from engine.contract.views import Severity
from engine.link import (
    KillAnswer,
    KillSender,
    MemoryKillSender,
    MemoryLink,
)
from engine.operations.desk import Desk, DeskError, WorldChoice
from engine.system.errors import CockpitError

if TYPE_CHECKING:
    from cockpit.app import CockpitApp
    from cockpit.state.instrument_search import Searcher
    from engine.link.line import KillSwitch, Link
    from engine.operations.desk import World, WorldDirectory
    from engine.operations.early_demo import EarlyStart

_QUIET_SECONDS: Final = 0.7
"""An engine that is there sooner is not worth a line."""
_REDRAW_SECONDS: Final = 0.25
_ACCOUNT: Final = "account"
_LEFT: Final = (
    "cockpit: left; the engine goes on starting: `{back}` attaches to it, `cockpit status` tells how it is"
)
_GUARD_SECONDS: Final = 5.0
"""Shortest time between two guards: each goes on until it is done."""


class GuardedKill:
    """The kill's own line with a guard behind it: where no engine answers, `cockpit flatten` is started instead."""

    def __init__(self, sender: KillSender, flatten: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._sender = sender
        self._flatten = flatten
        self._lock = threading.Lock()
        self._started = -_GUARD_SECONDS
        self._process: subprocess.Popen[bytes] | None = None

    def kill(self, kill_id: bytes) -> KillAnswer | None:
        """Send the kill; when nobody answers, or the loop is silent, let the guard close everything."""
        answer = self._sender.kill(kill_id)
        if answer is None or answer.hung:
            with self._lock:
                now = time.monotonic()
                if now - self._started >= _GUARD_SECONDS:
                    self._started = now
                    self._process = self._flatten()
        return answer

    def guard(self) -> FlattenGuard | None:
        """Return how the newest `cockpit flatten` of this screen stands; None when none was needed. Never waits."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is None:
            return FlattenGuard.CLOSING
        return FlattenGuard.FLAT if code == 0 else FlattenGuard.OPEN


class _EngineStart(threading.Thread):
    """Finds or starts the engine beside the screen's own start."""

    def __init__(
        self, desk: Desk, choice: WorldChoice | None, world: "World", early: "EarlyStart | None"
    ) -> None:
        super().__init__(name="engine-start", daemon=True)
        self._desk = desk
        self._choice = choice
        self._world = world
        self._early = early
        self._directory: WorldDirectory | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._directory = self._desk.start_engine(self._choice, self._world, self._early)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, and raised there
            self._error = error

    def result(self, waiting: StartingLine) -> "WorldDirectory":
        """Wait and return where the engine is reached; raises what the start raised. Says what it waits for."""
        try:
            self.join(_QUIET_SECONDS)
            while self.is_alive():
                waiting.show()
                self.join(_REDRAW_SECONDS)
        except KeyboardInterrupt:
            waiting.leave(_LEFT.format(back=way_back(self._world.value)))
            raise
        finally:
            waiting.clear()
        if self._error is not None:
            raise self._error
        if self._directory is None:
            raise DeskError("expected the engine's start to end, got neither an engine nor an error")
        return self._directory


def show(
    desk: Desk,
    choice: WorldChoice | None,
    *,
    embedded: bool,
    mouse: bool,
    ascii_only: bool,
    early: "EarlyStart | None" = None,
) -> int:
    """Show the screen until it is left; return the exit code.

    An engine that was begun ``early`` is the one it waits for. Raises EngineProcessError or LinkError when no engine
    can be had.
    """
    world, chosen = desk.choose_world(choice)
    if chosen is not None:
        desk.check_choice(chosen)
    if embedded:
        gc.enable()
        return asyncio.run(_show_embedded(desk, chosen, world, mouse=mouse, ascii_only=ascii_only))
    waiting = _starting_line(desk, chosen, world)
    start = _EngineStart(desk, chosen, world, early)
    start.start()
    import cockpit.app_factory

    del cockpit.app_factory
    directory = start.result(waiting)
    gc.freeze()
    gc.enable()
    shows = "" if chosen is None else chosen.shows
    return asyncio.run(_show_attached(desk, directory, shows, mouse=mouse, ascii_only=ascii_only))


def _starting_line(desk: Desk, choice: WorldChoice | None, world: "World") -> StartingLine:
    """Return the line that says what is waited for; an account's engine signs in, checks and reads a day first."""
    is_account = world.value == _ACCOUNT
    mode = f" ({desk.settings.account.mode})" if is_account and choice is not None else ""
    mark = desk.log_mark(world)
    return StartingLine(
        sys.stderr,
        f"starting the {world.value} engine{mode}",
        "sign-in, checks, instruments, history and the feed come first; ctrl+c leaves it to start alone"
        if is_account
        else "",
        lambda: desk.starting_word(world, mark),
    )


async def _show_attached(
    desk: Desk, directory: "WorldDirectory", shows: str, *, mouse: bool, ascii_only: bool
) -> int:
    """Show the engine's screen until it is left; a kill drill that it is left for comes back to it."""
    said = ""
    while True:
        app = await _show_once(desk, directory, shows, said, mouse=mouse, ascii_only=ascii_only)
        if not app.wants_drill:
            return app.return_code or 0
        from cockpit.drill_session import hold_drill

        try:
            outcome = await hold_drill(desk, mouse=mouse, ascii_only=ascii_only)
        except CockpitError as error:
            said = f"kill drill: {error}"
            continue
        if outcome.code:
            return outcome.code
        said = outcome.text


async def _show_once(
    desk: Desk, directory: "WorldDirectory", shows: str, said: str, *, mouse: bool, ascii_only: bool
) -> "CockpitApp":
    from engine.operations.drill_account import drill_refusal

    sender = KillSender(directory)
    sender.open()
    line = await attach(directory)
    try:
        if shows:
            await line.select(shows)
        switch = GuardedKill(sender, lambda: desk.start_flatten(directory))
        return await _run_screen(
            desk,
            line,
            switch,
            _searcher(desk, directory.world),
            guard=switch.guard,
            refusal=lambda: drill_refusal(desk.home, desk.settings),
            said=said,
            mouse=mouse,
            ascii_only=ascii_only,
        )
    finally:
        await line.close()
        sender.close()


async def _show_embedded(
    desk: Desk, choice: WorldChoice | None, world: "World", *, mouse: bool, ascii_only: bool
) -> int:
    from engine.operations.embedded_engine import embed_engine

    async with embed_engine(desk, choice, world) as hosted:
        line = MemoryLink(hosted.server, screen_name())
        try:
            if choice is not None and choice.shows:
                await line.select(choice.shows)
            app = await _run_screen(
                desk,
                line,
                MemoryKillSender(hosted.receiver),
                _searcher(desk, world),
                embedded=True,
                mouse=mouse,
                ascii_only=ascii_only,
            )
            return app.return_code or 0
        finally:
            await line.close()


def _searcher(desk: Desk, world: "World") -> "Searcher | None":
    """Return the search for instruments where a broker lists them."""
    if world.value != _ACCOUNT:
        return None
    from cockpit.state.instrument_search import SearchProcess

    return SearchProcess.of(desk)


async def _run_screen(
    desk: Desk,
    line: "Link",
    switch: "KillSwitch",
    searcher: "Searcher | None",
    *,
    guard: Callable[[], FlattenGuard | None] | None = None,
    refusal: Callable[[], str] | None = None,
    said: str = "",
    embedded: bool = False,
    mouse: bool,
    ascii_only: bool,
) -> "CockpitApp":
    from cockpit.app_factory import make_app
    from cockpit.state.rollout_reading import RolloutProcess

    screen = desk.settings.screen
    settings = screen.model_copy(update={"ascii": ascii_only or screen.ascii})
    app = make_app(line, switch, settings, searcher, guard, refusal, RolloutProcess(desk), embedded=embedded)
    if said:
        app.model.say(said, Severity.INFO, app.now())
    await run_app(app, sys.stdin.fileno(), mouse=mouse)
    return app
