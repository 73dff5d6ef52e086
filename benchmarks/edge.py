"""What the demo's setups earn before costs over many seeds: ``python -m benchmarks.edge [SEEDS] [FIRST]``.

Each seed's default demo is traded to its close by the real core and the real paper exchange. The money limits of a
day are opened, so that neither a losing streak nor a full book decides which signals are measured. An instrument
without a live order is told more rarely than in the demo, one with an order as the demo tells it.

Each trade is counted twice. *At fills* is what it earned before charges at the prices it was filled at: the spread,
and what the paper exchange worsens, are in it. *Before costs* is the same trade at the middle of the book that stood at
each fill: what the setup itself found. Intervals go by days, for what one day's instruments did together counts once.

Both are told without luck, too: what the price without its flicker moved between the fills is taken away, a walk that
moves by nothing on average whenever one gets in or out (read at the end of each fill's second, for within a second a
walk shows where it goes). That is where a mean goes in the end, from fewer trades.
"""

import argparse
import contextlib
import gc
import json
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import time
from math import sqrt
from pathlib import Path
from statistics import median

from benchmarks.market_statistics import print_columns
from benchmarks.measure import SMALL, scale_from_environment
from config import AccountSettings, RiskSettings, SessionSettings, Settings, SimulatorSettings
from engine.brokers.paper.exchange import PaperExchange
from engine.brokers.paper.records import ExchangeFill
from engine.core import SIMULATED, Core, Ids
from engine.feeds.simulator import DEFAULT_DAY, DEFAULT_START, SimulatorFeed
from engine.feeds.simulator.cast import cast
from engine.feeds.simulator.chance import Ints
from engine.feeds.simulator.ordinary_day import bursts_of, opened, walk_of
from engine.feeds.simulator.path import MILLITICKS
from engine.feeds.simulator.script import OPEN_SECOND
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from engine.orders.messages import Request
from engine.performance.trade import ClosedTrade
from engine.runtime.playback import Playback

SEEDS = 320
"""About nine trades each: enough for an interval of a few hundredths of R."""
SMALL_SEEDS = 12
INSTRUMENTS = 10
TOLD_PERCENT = 10
"""Of the updates of an instrument without a live order so many are told, to trade more days in the time."""
ABOUT_ZERO = 0.05
"""An interval inside these bounds of R is no edge."""
Z = 1.96

_WIDE = RiskSettings(
    risk_per_trade_pct=0.1,
    max_daily_loss_pct=10,
    account_loss_pct=20,
    max_open_risk_pct=10,
    max_positions=20,
    max_leverage=5,
    max_margin_use_pct=100,
    max_orders_per_day=2_000,
    max_entries_per_minute=10,
    pause_after_losses=1_000,
    give_back_pct=1_000,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One closed trade of a demo, before charges."""

    seed: int
    setup: str
    kind: str
    """Class of its instrument."""
    gross_r: float
    middle_r: float
    """What it would have been at the middle of the book at each fill: before the spread as well."""
    luck_r: float
    """What of it the price without its flicker brought: nothing on average."""
    risk: float
    """Distance from entry to first trigger, share of the entry price."""
    reason: str


class WatchedFeed(SimulatorFeed):
    """The default demo of a seed, remembering the middle of every book it has told."""

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        told_percent: int = 100,
        closely: Callable[[str], bool] | None = None,
    ) -> None:
        trading = trading_day(DEFAULT_DAY, SessionSettings())
        super().__init__(settings, trading, DEFAULT_START, told_percent=told_percent, closely=closely)
        self._arrivals: dict[str, list[Instant]] = defaultdict(list)
        self._middles: dict[str, list[float]] = defaultdict(list)

    def read(self) -> MarketUpdate | None:
        """Return the next update in order of arrival."""
        update = super().read()
        if update is not None and update.bids and update.asks:
            self._arrivals[update.instrument].append(update.arrival)
            self._middles[update.instrument].append((update.bids[0][0] + update.asks[0][0]) / 2)
        return update

    def middle(self, fill: ExchangeFill) -> float:
        """Return the middle of the book that stood at a fill, paise."""
        newest = bisect_right(self._arrivals[fill.instrument], fill.time) - 1
        return self._middles[fill.instrument][newest]


def trade(seed: int) -> list[Outcome]:
    """Return what a seed's demo traded from its opening to its close."""
    settings = Settings(
        simulator=SimulatorSettings(seed=seed, instruments=INSTRUMENTS),
        account=AccountSettings(capital=10_000_000),
        risk=_WIDE,
    )
    exchanges: list[PaperExchange] = []

    def busy(instrument: str) -> bool:
        return any(exchange.has_live(instrument) for exchange in exchanges)

    feed = WatchedFeed(settings.simulator, told_percent=TOLD_PERCENT, closely=busy)
    day = trading_day(feed.day, settings.session)
    exchanges.append(PaperExchange.open(None, feed.instruments, day, settings.paper))
    core = run(feed, settings, exchanges[0])
    return list(_outcomes(seed, core.closed_trades, exchanges[0].fills, feed))


def run(feed: SimulatorFeed, settings: Settings, exchange: PaperExchange) -> Core:
    """Return the core after a whole demo."""
    day = trading_day(feed.day, settings.session)
    account = int(settings.account.capital) * 100
    core = Core(settings, feed.instruments, day, SIMULATED, account, Ids("edge"), prior=feed.prior)
    start = max(seed.until for seed in feed.seeds)
    playback = Playback(core, exchange, feed, now=start, journal=lambda _: None)
    for past in feed.seeds:
        core.handle(past, start)
    while not playback.ended:
        for effect in playback.play(None, 1_000):
            if isinstance(effect, Request):
                exchange.submit(effect, playback.now)
    return core


def _outcomes(
    seed: int, trades: Iterable[ClosedTrade], fills: Sequence[ExchangeFill], feed: WatchedFeed
) -> Iterator[Outcome]:
    fair = fair_prices(seed, feed)
    for one in trades:
        risk = one.initial_risk
        if risk is not None:
            own = [
                fill
                for fill in fills
                if fill.instrument == one.instrument and one.entry_time <= fill.time <= one.exit_time
            ]
            yield Outcome(
                seed,
                one.setup,
                feed.instruments[one.instrument].kind.value,
                one.gross / risk,
                _worth(own, feed.middle) / risk,
                _worth(own, fair[one.instrument]) / risk,
                risk / one.entry_value,
                one.exit_reason,
            )


def _worth(fills: Iterable[ExchangeFill], price: Callable[[ExchangeFill], float]) -> float:
    """Return what fills would have brought at other prices, paise."""
    return -sum(fill.side.sign * fill.quantity * price(fill) for fill in fills)


def fair_prices(seed: int, feed: SimulatorFeed) -> dict[str, Callable[[ExchangeFill], float]]:
    """Return, by instrument, the price without its flicker at the end of a fill's second, paise."""
    opening = instant_at(feed.day, time(0)) + OPEN_SECOND * SECOND
    members = [opened(member, seed) for member in cast(len(feed.instruments), feed.day)]

    def reader(fair: Ints, tick: int) -> Callable[[ExchangeFill], float]:
        return lambda fill: float(fair[-(-(fill.time - opening) // SECOND)]) * tick / MILLITICKS

    return {
        member.instrument.key: reader(
            walk_of(member, seed, bursts_of(member, seed), leads=place == 0).fair, member.instrument.tick
        )
        for place, member in enumerate(members)
    }


def interval(outcomes: Sequence[Outcome], value: Callable[[Outcome], float]) -> tuple[float, float]:
    """Return a mean and half its 95 % interval; the trades of a day stand together."""
    days: dict[int, list[float]] = defaultdict(list)
    for one in outcomes:
        days[one.seed].append(value(one))
    count = len(outcomes)
    mean = sum(map(value, outcomes)) / count
    spread = sum((sum(day) - mean * len(day)) ** 2 for day in days.values())
    return mean, Z * sqrt(spread * len(days) / max(1, len(days) - 1)) / count


def gross(outcome: Outcome) -> float:
    """Return what a trade earned before charges, R."""
    return outcome.gross_r


def before_costs(outcome: Outcome) -> float:
    """Return what a trade earned before the spread, R."""
    return outcome.middle_r


def gross_without_luck(outcome: Outcome) -> float:
    """Return what a trade's fills cost it, R."""
    return outcome.gross_r - outcome.luck_r


def before_costs_without_luck(outcome: Outcome) -> float:
    """Return what a trade's setup found, R: nothing, where nothing is to be found."""
    return outcome.middle_r - outcome.luck_r


def told(outcomes: Sequence[Outcome], value: Callable[[Outcome], float]) -> str:
    """Return a mean with its interval."""
    mean, half = interval(outcomes, value)
    return f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f})"


def table(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Return rows for a reader: all trades, then by setup and by class."""
    groups: dict[str, list[Outcome]] = {"all": list(outcomes)}
    for one in sorted(outcomes, key=lambda one: one.setup):
        groups.setdefault(one.setup, []).append(one)
    for one in sorted(outcomes, key=lambda one: one.kind):
        groups.setdefault(one.kind, []).append(one)
    rows: list[tuple[str, ...]] = [
        (
            "trades",
            "n",
            "gross R at fills (95 %)",
            "without luck (95 %)",
            "before costs (95 %)",
            "without luck (95 %)",
            "won",
            "median stop",
        )
    ]
    for name, group in groups.items():
        rows.append(
            (
                name,
                f"{len(group):,}",
                told(group, gross),
                told(group, gross_without_luck),
                told(group, before_costs),
                told(group, before_costs_without_luck),
                f"{sum(one.gross_r > 0 for one in group) / len(group):.0%}",
                f"{median(one.risk for one in group):.2%}",
            )
        )
    return rows


def verdict(outcomes: Sequence[Outcome]) -> str:
    """Return whether the intervals of mean R at fills and before costs lie about zero, in words."""
    figures = {
        "gross R at fills": gross,
        "the same without luck": gross_without_luck,
        "R before costs": before_costs,
        "that without luck": before_costs_without_luck,
    }
    parts = [f"n = {len(outcomes):,}"]
    for name, value in figures.items():
        mean, half = interval(outcomes, value)
        where = "inside" if abs(mean) + half <= ABOUT_ZERO else "NOT inside"
        parts.append(f"mean {name} {told(outcomes, value)}, {where} ±{ABOUT_ZERO}")
    return "; ".join(parts)


def kept(path: Path) -> dict[int, list[Outcome]]:
    """Return the seeds that an earlier call has finished; the line it was cut in counts nothing."""
    found: dict[int, list[Outcome]] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            # A seed kept by an earlier version counts other figures: it is traded again.
            with contextlib.suppress(json.JSONDecodeError, TypeError):
                row = json.loads(line)
                found[row["seed"]] = [Outcome(**one) for one in row["outcomes"]]
    return found


def keep(path: Path, seed: int, outcomes: Sequence[Outcome]) -> None:
    """Add one finished seed to a file: a line of its own."""
    cut = path.exists() and not path.read_text().endswith("\n")
    with path.open("a") as file:
        file.write("\n" if cut else "")
        file.write(json.dumps({"seed": seed, "outcomes": [asdict(one) for one in outcomes]}) + "\n")


def main() -> None:
    """Trade the demos of so many seeds from a first one on, and print what they earned before costs."""
    usual = SMALL_SEEDS if scale_from_environment() is SMALL else SEEDS
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seeds", nargs="?", type=int, default=usual, help=f"how many (here {usual})")
    parser.add_argument("first", nargs="?", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="note each finished seed here; a later call goes on behind it"
    )
    arguments = parser.parse_args()
    done = {} if arguments.keep is None else kept(arguments.keep)
    outcomes: list[Outcome] = []
    for number, seed in enumerate(range(arguments.first, arguments.first + arguments.seeds), 1):
        if seed not in done:
            # A day makes no cycles worth looking for, and looking costs a quarter of its time.
            gc.disable()
            done[seed] = trade(seed)
            gc.enable()
            if arguments.keep is not None:
                keep(arguments.keep, seed, done[seed])
            if number % 10 == 0:
                print(f"{number} seeds, {verdict([*outcomes, *done[seed]])}", file=sys.stderr, flush=True)
        outcomes += done[seed]
    print(
        f"{arguments.seeds} seeds from {arguments.first}, the default demo from its opening to its close, "
        f"{INSTRUMENTS} instruments"
    )
    if outcomes:
        print_columns(table(outcomes))
        print(verdict(outcomes))


if __name__ == "__main__":
    main()
