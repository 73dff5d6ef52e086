"""One kill drill at this terminal: a throw-away market begun, shown, killed, judged, and taken away."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cockpit.attaching import attach, run_app
from cockpit.terminal.kind import terminal_kind
from engine.link import VERSION, KillSender, command_of, new_kill_id
from engine.operations.drill_account import AccountWatch, drill_refusal, keep_drill
from engine.operations.drill_world import DrillWorld

if TYPE_CHECKING:
    from engine.operations.desk import Desk


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """How a drill ended, for whoever asked for it."""

    passed: bool
    text: str
    code: int = 0
    """The screen's own exit code, where a signal ended it."""


async def hold_drill(desk: "Desk", *, mouse: bool, ascii_only: bool) -> DrillOutcome:
    """Do one drill on this terminal; raises what begins no engine. Nothing of its market stays."""
    refusal = await asyncio.to_thread(drill_refusal, desk.home, desk.settings)
    if refusal:
        return DrillOutcome(False, refusal)
    world = await asyncio.to_thread(DrillWorld, desk.home)
    try:
        return await _at_the_screen(desk, world, mouse=mouse, ascii_only=ascii_only)
    finally:
        await asyncio.to_thread(world.close)


async def _at_the_screen(desk: "Desk", world: DrillWorld, *, mouse: bool, ascii_only: bool) -> DrillOutcome:
    from cockpit.drill_app import DrillApp
    from cockpit.state.drill import Drill
    from cockpit.terminal.driver import make_driver
    from cockpit.terminal.kill_sending import KillKey

    screen = desk.settings.screen
    sender = KillSender(world.directory)
    sender.open()
    line = await attach(world.directory)
    watch = AccountWatch(desk.home, desk.settings)
    try:
        key = KillKey(sender)
        drill = Drill(
            VERSION,
            terminal_kind(os.environ),
            lambda: command_of(new_kill_id()),
            time.monotonic(),
        )
        app = DrillApp(
            line,
            key,
            drill,
            watch,
            lambda command: keep_drill(desk.home, command),
            frames_per_second=screen.frames_per_second,
            theme=screen.theme,
            ascii_signs=ascii_only or screen.ascii,
            now=time.monotonic,
            driver_class=make_driver(key.press),
        )
        await run_app(app, sys.stdin.fileno(), mouse=mouse)
    finally:
        watch.close()
        await line.close()
        sender.close()
    code = app.return_code or 0
    if drill.ended or app.kept is None:
        return DrillOutcome(False, drill.ended or "the drill was cut off: nothing was kept", code)
    told = app.kept
    word = (
        f"drill passed: {told.figures}"
        if told.passed
        else f"drill not passed: {told.why_not} ({told.figures})"
    )
    return DrillOutcome(told.passed and told.kept, f"{word}; {told.text}", code)
