"""What the demo's setups earn before costs over many seeds: ``python -m benchmarks.edge [SEEDS] [FIRST]``.

Each seed's default demo is traded to its close by the real core and the real paper exchange. The money limits of a
day are opened, so that neither a losing streak nor a full book decides which signals are measured. The interval goes
by days: what one day's instruments did together counts once.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

from benchmarks.market_statistics import print_columns
from benchmarks.measure import SMALL, scale_from_environment
from config import Account, Risk, Settings, Simulator
from engine.brokers.paper import PaperExchange
from engine.core import SIMULATED, Core, Ids
from engine.feeds.simulator import SimulatorFeed, open_simulator
from engine.market.instrument import InstrumentClass
from engine.market.session import trading_day
from engine.orders.messages import Request
from engine.performance.trade import ClosedTrade
from engine.runtime.playback import Playback

SEEDS = 500
"""About ten trades each: enough for an interval of a few hundredths of R."""
SMALL_SEEDS = 12
INSTRUMENTS = 10
TOLD_PERCENT = 25
"""The tape is the demo's own; only so many of its updates are told, to trade more days in the time."""
Z = 1.96

_WIDE = Risk(
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
    kind: InstrumentClass
    gross_r: float
    risk: float
    """Distance from entry to first trigger, share of the entry price."""
    reason: str


def trade(seed: int) -> list[Outcome]:
    """Return what a seed's demo traded from its opening to its close."""
    settings = Settings(
        simulator=Simulator(seed=seed, instruments=INSTRUMENTS),
        account=Account(capital=10_000_000),
        risk=_WIDE,
    )
    feed = open_simulator(settings.simulator, told_percent=TOLD_PERCENT)
    core = run(feed, settings)
    return list(_outcomes(seed, core.closed_trades, feed))


def run(feed: SimulatorFeed, settings: Settings) -> Core:
    """Return the core after a whole demo."""
    day = trading_day(feed.day, settings.session)
    account = int(settings.account.capital) * 100
    core = Core(settings, feed.instruments, day, SIMULATED, account, Ids("edge"), prior=feed.prior)
    exchange = PaperExchange.open(None, feed.instruments, day, settings.paper)
    start = max(seed.until for seed in feed.seeds)
    playback = Playback(core, exchange, feed, now=start, journal=lambda _: None)
    for past in feed.seeds:
        core.handle(past, start)
    while not playback.ended:
        for effect in playback.play(None, 1_000):
            if isinstance(effect, Request):
                exchange.submit(effect, playback.now)
    return core


def _outcomes(seed: int, trades: Iterable[ClosedTrade], feed: SimulatorFeed) -> Iterable[Outcome]:
    for one in trades:
        risk = one.initial_risk
        if risk is not None:
            kind = feed.instruments[one.instrument].kind
            yield Outcome(seed, one.setup, kind, one.gross / risk, risk / one.entry_value, one.exit_reason)


def interval(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Return mean gross R and half its 95 % interval; the trades of a day stand together."""
    days: dict[int, list[float]] = defaultdict(list)
    for one in outcomes:
        days[one.seed].append(one.gross_r)
    count = len(outcomes)
    mean = sum(one.gross_r for one in outcomes) / count
    spread = sum((sum(day) - mean * len(day)) ** 2 for day in days.values())
    return mean, Z * sqrt(spread * len(days) / max(1, len(days) - 1)) / count


def table(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Return rows for a reader: all trades, then by setup and by class."""
    groups: dict[str, list[Outcome]] = {"all": list(outcomes)}
    for one in sorted(outcomes, key=lambda one: one.setup):
        groups.setdefault(one.setup, []).append(one)
    for one in sorted(outcomes, key=lambda one: one.kind.value):
        groups.setdefault(one.kind.value, []).append(one)
    rows: list[tuple[str, ...]] = [("trades", "n", "mean gross R", "95 % interval", "won", "median stop")]
    for name, group in groups.items():
        mean, half = interval(group)
        rows.append(
            (
                name,
                f"{len(group):,}",
                f"{mean:+.3f}",
                f"{mean - half:+.3f} to {mean + half:+.3f}",
                f"{sum(one.gross_r > 0 for one in group) / len(group):.0%}",
                f"{median(one.risk for one in group):.2%}",
            )
        )
    return rows


def main(arguments: Sequence[str]) -> None:
    """Trade the demos of so many seeds from a first one on, and print what they earned before costs."""
    usual = SMALL_SEEDS if scale_from_environment() is SMALL else SEEDS
    count = int(arguments[0]) if arguments else usual
    first = int(arguments[1]) if len(arguments) > 1 else 1
    outcomes: list[Outcome] = []
    for number, seed in enumerate(range(first, first + count), 1):
        outcomes.extend(trade(seed))
        if number % 10 == 0:
            print(f"{number} seeds, {len(outcomes):,} trades", file=sys.stderr, flush=True)
    print(
        f"{count} seeds from {first}, the default demo from its opening to its close, {INSTRUMENTS} instruments"
    )
    if outcomes:
        print_columns(table(outcomes))


if __name__ == "__main__":
    main(sys.argv[1:])
