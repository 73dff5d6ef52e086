"""Written days told to the real auction and one real setup: what was read and said on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time

from config import Settings, SimulatorSettings
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.feeds.simulator import open_simulator
from engine.market.clock import Instant, datetime_of, instant_at
from engine.market.session import trading_day
from engine.setups.signal import Refusal, Setup, Signal

MakeSetup = Callable[[str], Setup]


@dataclass
class Told:
    """What the lead's setup said, how the opening was named from 09:45 on, and each instrument's last context."""

    signals: list[Signal] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    open_types: set[str] = field(default_factory=set)
    open_directions: set[object] = field(default_factory=set)
    ends: list[Context] = field(default_factory=list)
    """The lead's first."""


def cast_of(seed: int, instruments: int = 1) -> SimulatorSettings:
    """Return a market of so many instruments; the lead alone, which no demo may be, is the same and cheap to tell."""
    if instruments == 1:
        return SimulatorSettings.model_construct(seed=seed, instruments=1)
    return SimulatorSettings(seed=seed, instruments=instruments)


def tell(
    name: str,
    cast: SimulatorSettings,
    make: MakeSetup | None = None,
    until: time = time(15, 45),
    start: time = time(9, 15),
) -> Told:
    """Tell a written day, from before the open or its seeds until a time, to a market and one setup."""
    settings = Settings()
    feed = open_simulator(cast, script=name, start=start)
    market = Auctions(feed.instruments, trading_day(feed.day, settings.session), settings, feed.prior)
    for past in feed.seeds:
        market.seed(past)
    lead = next(iter(feed.instruments))
    setup = None if make is None else make(lead)
    told = Told()
    end = instant_at(feed.day, until)
    while (update := feed.read()) is not None and update.arrival < end:
        applied = market.apply(update)
        if update.instrument != lead or not (applied.five_minutes_closed or applied.bracket_closed):
            continue
        context = market.context(lead)
        if clock(context.time) >= "09:45":
            told.open_types.add(context.open_type.name)
            told.open_directions.add(context.open_type.evidence.get("direction"))
        said = None if setup is None else setup.evaluate(context)
        if isinstance(said, Signal):
            told.signals.append(said)
        elif isinstance(said, Refusal):
            told.refusals.append(said)
    told.ends = [market.context(key) for key in feed.instruments]
    return told


def clock(instant: Instant) -> str:
    """Return the Indian wall-clock time, HH:MM."""
    return f"{datetime_of(instant):%H:%M}"


DAY_TYPES = {
    "normal": "NORMAL",
    "normal-variation": "NORMAL VARIATION",
    "trend": "TREND",
    "neutral-centre": "NEUTRAL CENTRE",
    "neutral-extreme": "NEUTRAL EXTREME",
    "double-distribution": "DOUBLE DISTRIBUTION",
    "non-trend": "NON-TREND",
}
LOOK_ALIKES = {
    "normal-broken": ("normal", "NORMAL VARIATION"),
    "normal-variation-answered": ("normal-variation", "NEUTRAL CENTRE"),
    "trend-given-back": ("trend", "NORMAL VARIATION"),
    "neutral-centre-one-sided": ("neutral-centre", "NORMAL VARIATION"),
    "neutral-extreme-recovered": ("neutral-extreme", "NEUTRAL CENTRE"),
    "double-distribution-filled": ("double-distribution", "NORMAL VARIATION"),
    "non-trend-woken": ("non-trend", "NORMAL VARIATION"),
}
"""Whose look-alike it is, and what it really is."""
