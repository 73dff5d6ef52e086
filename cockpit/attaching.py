"""A screen and its engine's line: attaching, and running until it is left."""

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from cockpit.terminal.signal_exit import leaving_on_signals
from cockpit.terminal.watchdog import TerminalWatchdog
from engine.link import NoEngineError, UnixLink, connect

if TYPE_CHECKING:
    from cockpit.app import CockpitApp
    from engine.operations.desk import WorldDirectory

_ATTACH_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.02


async def attach(directory: "WorldDirectory") -> UnixLink:
    """Attach, giving an engine that has just bound its socket the moment it needs to listen."""
    deadline = time.monotonic() + _ATTACH_SECONDS
    while True:
        try:
            return await connect(directory, screen_name())
        except NoEngineError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_RETRY_SECONDS)


async def run_app(app: "CockpitApp", terminal: int, *, mouse: bool) -> None:
    """Run a screen until it is left, its terminal goes, or this process is told to end."""
    watchdog = TerminalWatchdog(terminal)
    try:
        with leaving_on_signals(lambda code: app.exit(return_code=code), terminal):
            await app.run_async(mouse=mouse)
    finally:
        watchdog.close()


def screen_name() -> str:
    """Return what an engine calls this screen: its terminal and process."""
    try:
        return f"{os.ttyname(sys.stdin.fileno())} ({os.getpid()})"
    except OSError:
        return f"screen {os.getpid()}"
