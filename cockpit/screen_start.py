"""What a screen looks at before anything heavy is loaded: its terminal, and an engine that may start meanwhile."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.operations.early_demo import EarlyStart


def begin_early(arguments: argparse.Namespace) -> "EarlyStart | None":
    """Begin an ordinary demo's engine at once: it starts while this process still loads what it needs."""
    ordinary = arguments.command == "demo" and not (arguments.embedded or arguments.script or arguments.set)
    if not ordinary or terminal_problem():
        return None
    from engine.operations.early_demo import begin_demo

    return begin_demo(Path(arguments.home) if arguments.home else None, speed_of(arguments))


def terminal_problem() -> str | None:
    """Return why no screen can be shown here and what else there is; None where one can."""
    ways_on = (
        "open it in a terminal window or over `ssh -t`; without one, "
        "`cockpit replay FILE --headless` runs a recorded day, `cockpit engine --world demo` runs the engine "
        "alone and `cockpit status` prints where it stands"
    )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return f"the screen needs a terminal, and standard input or output is none; {ways_on}"
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        return f"the screen needs a terminal that can place text, got TERM={os.environ.get('TERM', '')!r}; {ways_on}"
    return None


def speed_of(arguments: argparse.Namespace) -> int:
    """Return how fast a market is asked to play, times real time; 0 is as fast as it goes."""
    speed: int | None = getattr(arguments, "speed", 1)
    return 1 if speed is None else speed
