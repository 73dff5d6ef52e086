"""A seeded synthetic NSE day: an auction with failed breakouts, trends and balance, told as the real feed tells it.

Beside the ordinary day there are written ones, each for one reading or one setup.
"""

from engine.feeds.simulator.feed import DEFAULT_DAY, SimulatorFeed, open_simulator
from engine.feeds.simulator.ordinary_day import DEFAULT_START
from engine.feeds.simulator.scripts import SCRIPTS, UnknownScriptError, script_named

__all__ = [
    "DEFAULT_DAY",
    "DEFAULT_START",
    "SCRIPTS",
    "SimulatorFeed",
    "UnknownScriptError",
    "open_simulator",
    "script_named",
]
