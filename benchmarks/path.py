"""The whole path from update to decision, order and fill, without a screen: from frames, from decoded updates."""

import gc
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from benchmarks.day import HeldFeed, SimulatedDay, decoded
from benchmarks.measure import Result, Scale, seconds_of
from benchmarks.peers import BACKTESTER, empty_backtest_seconds
from benchmarks.ticks import recording_files
from config import Settings
from engine.auction.state.auctions import Auctions
from engine.brokers.paper.exchange import PaperExchange
from engine.core import SIMULATED, Core, Ids, Record
from engine.feeds.simulator import open_simulator
from engine.market.clock import MINUTE
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from engine.orders.messages import Request
from engine.runtime.playback import Playback


def path_results(day: SimulatedDay) -> list[Result]:
    """Return rates of decoding, studies and the whole path on the same simulated updates."""
    count = len(day.updates)
    frames = day.frames()
    # What is held in memory here would not be there in a real run: the collector must not walk over it.
    gc.collect()
    gc.freeze()
    parsing = seconds_of(lambda: _drain(decoded(frames, day)))
    studies = seconds_of(lambda: _study(day))
    from_updates, orders = _run(day, day.updates)
    from_frames, _ = _run(day, decoded(frames, day))
    peer = empty_backtest_seconds([update.last / 100 for update in day.updates])
    gc.unfreeze()
    if peer is None:
        beside, ratio = f"{BACKTESTER}: not installed (make bench)", None
    else:
        beside, ratio = f"{BACKTESTER}: {count / peer:,.0f}/s", round(peer / from_updates, 2)
    return [
        Result("frame → update (protobuf, one update a frame)", round(parsing / count * 1e6, 2), "µs"),
        Result("update → auction of its instrument", round(studies / count * 1e6, 2), "µs"),
        Result(
            f"frames → decisions, orders, paper fills ({orders} orders)",
            round(count / from_frames),
            "updates/s",
            "≥ 65,000",
        ),
        Result(
            "decoded updates → decisions, orders, paper fills",
            round(count / from_updates),
            "updates/s",
            "ahead",
            beside,
            ratio,
        ),
    ]


def simulator_results(scale: Scale) -> list[Result]:
    """Return what the demo's market costs: opening it with its past, and reading an hour of it."""
    settings = Settings()
    open_simulator(settings.simulator)
    start = perf_counter()
    feed = open_simulator(settings.simulator)
    opened = perf_counter() - start
    minutes = min(60, scale.minutes)
    end = max(seed.until for seed in feed.seeds) + minutes * MINUTE
    start = perf_counter()
    count = 0
    while (update := feed.read()) is not None and update.arrival < end:
        count += 1
    taken = perf_counter() - start
    return [
        Result("simulated market opened, morning included", round(opened * 1e3, 1), "ms", "≤ 500"),
        Result("simulated updates", round(count / taken), "updates/s"),
    ]


def recorded_results() -> list[Result]:
    """Return the rate of a headless replay of the real recordings; nothing where they are not at hand."""
    files = recording_files()
    if not files:
        return []
    from engine.host.headless import replay
    from engine.runtime.plan import MarketChoice
    from engine.runtime.plan import RunMode as Source

    start = perf_counter()
    report = replay(MarketChoice(Source.REPLAY, tuple(map(str, files))), Settings(), None)
    engine: Any = report["engine"]
    return [
        Result(
            f"{len(files)} recorded sessions (JSON), headless", round(perf_counter() - start, 2), "s", "≤ 10"
        ),
        Result("recorded sessions, decoding to report", round(engine["updates_per_second"]), "updates/s"),
    ]


def _drain(updates: Iterable[MarketUpdate]) -> None:
    for _ in updates:
        pass


def _study(day: SimulatedDay) -> None:
    market = Auctions(day.instruments, trading_day(day.day, day.settings.session), day.settings)
    apply: Callable[[MarketUpdate], object] = market.apply
    for update in day.updates:
        apply(update)


def _run(day: SimulatedDay, updates: Iterable[MarketUpdate]) -> tuple[float, int]:
    """Return the seconds of a whole run and how many orders it sent."""
    settings, trading = day.settings, trading_day(day.day, day.settings.session)
    account = int(settings.account.capital) * 100
    core = Core(settings, day.instruments, trading, SIMULATED, account, Ids("bench"))
    exchange = PaperExchange.open(None, day.instruments, trading, settings.paper)
    playback = Playback(core, exchange, HeldFeed(day, updates), now=day.opening, journal=lambda _: None)
    orders = 0
    start = perf_counter()
    while not playback.ended:
        for effect in playback.play(None, 1_000):
            if isinstance(effect, Request):
                exchange.submit(effect, playback.now)
            elif isinstance(effect, Record) and effect.kind == "intent":
                orders += 1
    return perf_counter() - start, orders
