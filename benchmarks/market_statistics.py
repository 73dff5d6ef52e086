"""Recorded sessions beside simulated ones, in the figures by which a tape is told from a real one.

``python -m benchmarks.market_statistics [RECORDING ...] [--seeds N]``: a column per recorded instrument, then one per
simulated instrument with the median over the seeds. Both are read from 09:32 to 15:30 by the product's own decoders.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from statistics import fmean, median, pstdev

from config import SimulatorSettings
from engine.feeds.feed import PulledFeed
from engine.feeds.recordings.json_feed import open_recordings
from engine.feeds.simulator import open_simulator
from engine.market.clock import MINUTE, Instant, instant_at
from engine.market.price import Paise
from engine.market.update import MarketUpdate

FROM, UNTIL = time(9, 32), time(15, 30)
BUSIEST = 0.05
INSTRUMENTS = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What one instrument's session looked like."""

    autocorrelation: float
    """Of one-minute returns with those of the minute before."""
    kurtosis: float
    """Of one-minute returns; 3 for a bell."""
    deviation: float
    """Of one-minute returns, hundredths of a percent."""
    busiest_share: float
    """Share of the volume in the busiest twentieth of the minutes."""
    spread: float
    """Median, ticks."""
    spread_deviation: float
    unchanged_share: float
    """Share of the updates with new volume whose five levels are those of the update before."""


@dataclass(slots=True)
class Measure:
    """Takes the updates of one instrument in order of arrival."""

    tick: Paise
    closes: dict[int, Paise] = field(default_factory=dict)
    volumes: dict[int, int] = field(default_factory=dict)
    spreads: list[int] = field(default_factory=list)
    trades: int = 0
    unchanged: int = 0
    _before: MarketUpdate | None = None
    _volume: int = 0

    def take(self, update: MarketUpdate) -> None:
        """Count one update with both sides of its book."""
        minute = update.trade_time // MINUTE
        before = self._before
        if before is not None and update.volume > self._volume:
            self.trades += 1
            self.unchanged += (update.bids, update.asks) == (before.bids, before.asks)
            self.volumes[minute] = self.volumes.get(minute, 0) + update.volume - self._volume
        if update.volume >= self._volume:
            self.closes[minute] = update.last
        self.spreads.append((update.asks[0][0] - update.bids[0][0]) // self.tick)
        self._before, self._volume = update, max(self._volume, update.volume)

    def figures(self) -> Figures:
        """Return what was seen; raise ValueError where fewer than ten minutes followed one another."""
        returns = {
            minute: 10_000 * (close / self.closes[minute - 1] - 1)
            for minute, close in self.closes.items()
            if minute - 1 in self.closes
        }
        if len(returns) < 10:
            raise ValueError(f"expected a session of ten minutes or more, got {len(returns)}")
        volumes = sorted(self.volumes.values(), reverse=True)
        most = volumes[: max(1, round(BUSIEST * len(volumes)))]
        return Figures(
            autocorrelation(returns),
            kurtosis(list(returns.values())),
            pstdev(returns.values()),
            sum(most) / sum(volumes),
            median(self.spreads),
            pstdev(self.spreads),
            self.unchanged / self.trades,
        )


def autocorrelation(returns: Mapping[int, float]) -> float:
    """Return the correlation of each minute's return with the one before, where both are known."""
    mean, variance = fmean(returns.values()), pstdev(returns.values()) ** 2
    products = [
        (value - mean) * (returns[minute - 1] - mean)
        for minute, value in returns.items()
        if minute - 1 in returns
    ]
    return fmean(products) / variance


def kurtosis(values: Sequence[float]) -> float:
    """Return the fourth moment over the square of the second; 3 for a bell, more for heavy tails."""
    mean = fmean(values)
    second = fmean((value - mean) ** 2 for value in values)
    return fmean((value - mean) ** 4 for value in values) / second**2


def measure(feed: PulledFeed) -> dict[str, Figures]:
    """Return the figures of each instrument of a feed, in its own order."""
    begin, end = instant_at(feed.day, FROM), instant_at(feed.day, UNTIL)
    found = {key: Measure(instrument.tick) for key, instrument in feed.instruments.items()}
    for update in _updates(feed, end):
        if begin <= update.trade_time < end and update.bids and update.asks:
            found[update.instrument].take(update)
    return {key: one.figures() for key, one in found.items()}


def _updates(feed: PulledFeed, end: Instant) -> Iterator[MarketUpdate]:
    while (update := feed.read()) is not None and update.arrival < end + MINUTE:
        if isinstance(update, MarketUpdate):
            yield update


def simulated(seeds: Sequence[int], instruments: int = INSTRUMENTS) -> dict[str, list[Figures]]:
    """Return the figures of each simulated instrument, one per seed."""
    found: dict[str, list[Figures]] = {}
    for seed in seeds:
        feed = open_simulator(SimulatorSettings(seed=seed, instruments=instruments), start=FROM)
        for key, figures in measure(feed).items():
            found.setdefault(feed.instruments[key].symbol, []).append(figures)
    return found


def is_option(symbol: str) -> bool:
    """Say whether a simulated instrument is an option, by its name."""
    return symbol.endswith((" CE", " PE"))


def table(columns: Mapping[str, Sequence[Figures]]) -> list[tuple[str, ...]]:
    """Return a row per instrument; of several sessions the median."""
    heads = (
        "instrument",
        "autocorrelation",
        "kurtosis",
        "σ bp/min",
        "top 5 % volume",
        "spread ticks",
        "σ of spread",
        "book unchanged",
    )
    return [heads, *((name, *_texts(sessions)) for name, sessions in columns.items())]


def _texts(sessions: Sequence[Figures]) -> tuple[str, ...]:
    return (
        f"{median(one.autocorrelation for one in sessions):+.3f}",
        f"{median(one.kurtosis for one in sessions):.1f}",
        f"{median(one.deviation for one in sessions):.1f}",
        f"{median(one.busiest_share for one in sessions):.0%}",
        f"{median(one.spread for one in sessions):g}",
        f"{median(one.spread_deviation for one in sessions):.1f}",
        f"{median(one.unchanged_share for one in sessions):.0%}",
    )


def print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows of text under one another, the first column to the left."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *others)).rstrip())


def main() -> None:
    """Print the table of the recordings named on the command line and of the simulated days."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="simulated days beside them (default 5)")
    arguments = parser.parse_args()
    columns: dict[str, Sequence[Figures]] = {}
    if arguments.recordings:
        feed = open_recordings(arguments.recordings)
        columns |= {key: [figures] for key, figures in measure(feed).items()}
    seeds = range(1, arguments.seeds + 1)
    days = simulated(seeds)
    columns |= days
    stocks = [one for name, found in days.items() if not name.startswith("SIMDEX") for one in found]
    options = [one for name, found in days.items() if is_option(name) for one in found]
    columns |= {"all simulated stocks": stocks, "all simulated options": options}
    print(f"recordings: {len(arguments.recordings)}; simulated: median of {len(seeds)} seeds from 1 on\n")
    print_columns(table(columns))


if __name__ == "__main__":
    main()
