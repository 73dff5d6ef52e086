"""A few minutes of the simulated market, made once and played as often as a test likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache

import config
from engine.auction.values.levels import PriorLevels
from engine.feeds.simulator import open_simulator
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed
from engine.market.session import TradingDay, trading_day
from engine.market.update import MarketUpdate
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, plan_run

UPDATES = 2_400
"""About five minutes: a failed auction, its entry, its stop and more."""


START = time(10, 29, 20)
"""Forty seconds before the failed auction closes back inside."""


@dataclass(frozen=True, slots=True)
class Tape:
    """The beginning of a day, as its feed told it."""

    instruments: Mapping[str, Instrument]
    day: TradingDay
    seeds: tuple[InstrumentSeed, ...]
    updates: Sequence[MarketUpdate]


class TapeFeed:
    """Pulls a tape from its start."""

    def __init__(self, tape: Tape, length: int = UPDATES) -> None:
        self._tape = tape
        self._updates = tape.updates[:length]
        self._next = 0
        self.instruments = tape.instruments
        self.day = tape.day.day
        self.identity = f"tape of {length}"
        self.seeds = tape.seeds
        self.prior: Mapping[str, PriorLevels] = {}
        self.rejected: Mapping[str, int] = {}
        self.truncated: tuple[str, ...] = ()
        self.last_arrival: int | None = self._updates[-1].arrival if self._updates else None

    def read(self) -> MarketUpdate | None:
        """Return the next update, None at the end."""
        if self._next >= len(self._updates):
            return None
        self._next += 1
        return self._updates[self._next - 1]


@cache
def tape() -> Tape:
    """Return the simulated day's first minutes."""
    settings = config.Settings()
    feed = open_simulator(settings.simulator, start=START)
    updates: list[MarketUpdate] = []
    while len(updates) < UPDATES and (update := feed.read()) is not None:
        updates.append(update)
    return Tape(dict(feed.instruments), trading_day(feed.day, settings.session), feed.seeds, tuple(updates))


def plan(length: int = UPDATES, start: str | None = None, *, setups: config.Mode = "auto") -> RunPlan:
    """Return the plan of a run over the tape."""
    choice = MarketChoice(RunMode.SIMULATED, start=start)
    settings = config.Settings(setups=config.SetupSettings(failed_auction=setups))
    return plan_run("demo-1", choice, TapeFeed(tape(), length), settings)
