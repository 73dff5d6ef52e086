"""The engine of a kill drill as a process: ``python -m engine.host.drill_engine ROOT``, on a leash.

Its standard input is the leash: once whoever began it lets go, or dies, it ends and takes its place away. It knows no
settings but the defaults: neither the home's file nor the environment reaches it.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

from engine.host.drill_place import DrillPlace
from engine.host.engine_process import host_engine
from engine.runtime.plan import MarketChoice, RunMode
from engine.settings import loading
from engine.world.directories import Home, World

_ROOM: Final = (
    "account.capital=20000000",
    "risk.risk_per_trade_pct=0.2",
    "risk.max_positions=5",
)
"""Settings of a market in which several positions are open at once, each for a small part of the account."""
_POLITE_SECONDS: Final = 3.0
"""How long its loop has to end by itself once the leash is let go."""


def drill_engine_argv(root: Path) -> list[str]:
    """Return the command line of the engine of a drill's place."""
    return [sys.executable, "-m", "engine.host.drill_engine", os.fspath(root)]


def _end_with_the_leash() -> None:
    while os.read(0, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_POLITE_SECONDS)
    os._exit(1)


def main(root: Path) -> None:
    """Run the engine until its leash is let go, then remove the place where nobody else holds it."""
    threading.Thread(target=_end_with_the_leash, name="leash", daemon=True).start()
    try:
        settings = loading.load(root, _ROOM, {})
        host_engine(Home(root), World.DEMO, settings, MarketChoice(RunMode.SIMULATED), speed=1)
    finally:
        place = DrillPlace.left_behind(root)
        if place is not None:
            place.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
