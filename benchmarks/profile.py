"""Profile, value area, average true range and whole days: ours beside what a user would pick instead.

Peers get the same trades and minutes. None of them is told of a new trade: each builds everything again, so theirs is
the mean over prefixes of the day, as a chart that follows the market would do it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import cycle
from statistics import mean
from time import perf_counter
from typing import Any, Final

from benchmarks.measure import Result, Scale, median_seconds, seconds_of
from benchmarks.ticks import Ticks
from config import SetupSettings
from engine.auction.profile.value_area import Rows, find_poc, find_value_area
from engine.auction.profile.volume_profile import VolumeProfile
from engine.auction.session.bars import MinuteBars
from engine.auction.state.auction import Auction
from engine.auction.state.auctions import Auctions
from engine.market.continuity import Continuity, HoleTracker
from engine.market.session import trading_day
from engine.market.update import Bar
from engine.setups.register import build_setups

PROFILE_PEER: Final = "MarketProfile 0.2.0"
RANGE_PEER: Final = "TA-Lib"
_ADDS: Final = 200_000
_PREFIXES: Final = 8
_MISSING: Final = "not installed (pip install MarketProfile==0.2.0 TA-Lib pandas)"

Trades = Sequence[tuple[int, int]]
"""Tick and volume of each trade."""


def profile_results(ticks: Ticks, scale: Scale) -> list[Result]:
    """Return the cost of a profile update, value area, average true range, context and setups, and of whole days."""
    market, study_seconds = _studied(ticks)
    key = ticks.busiest
    auction, trades = market.auction(key), _trades(ticks, key)
    height = auction.ticks_per_row
    if height is None:
        raise RuntimeError("expected a row size after some minutes, got none")
    on_demand = median_seconds(auction.volume_reading, scale.rounds)
    naive = median_seconds(lambda: _rebuild(trades, height), scale.slow_rounds)
    library = _over_prefixes(_profile_peer(trades, height), len(trades), scale.slow_rounds)
    minutes = tuple(auction.bars.minutes)
    wilder = seconds_of(lambda: _follow(minutes, ticks.settings.stop.atr_period)) / len(minutes)
    ta_lib = _over_prefixes(_range_peer(minutes, ticks.settings.stop.atr_period), len(minutes), scale.rounds)
    count = len(ticks.updates)
    shown_seconds, shown = _shown_after_each_update(ticks, key)
    context, setups = _bars_judged(ticks, key)
    return [
        Result("profile update", round(_one_add(trades, height) * 1e6, 3), "µs", "≤ 2"),
        _beside(
            f"value area on demand ({len(trades)} {ticks.name} trades)",
            on_demand,
            "≤ 100",
            "naive rebuild",
            naive,
        ),
        _beside("value area on demand", on_demand, "≤ 100", PROFILE_PEER, library),
        _beside(f"ATR after each of {len(minutes)} minutes", wilder, None, RANGE_PEER, ta_lib),
        Result("context of one instrument after a 5-minute bar", round(context * 1e6), "µs"),
        Result("eight setups judging it", round(setups * 1e6), "µs"),
        _rate(
            f"whole {ticks.name} day, updates → auction",
            count / study_seconds,
            f"{PROFILE_PEER} per trade",
            library,
        ),
        _rate(
            "whole day, POC, value area and ATR after every update",
            shown / shown_seconds,
            f"{PROFILE_PEER} + {RANGE_PEER}",
            None if library is None or ta_lib is None else library + ta_lib,
        ),
    ]


def _studied(ticks: Ticks) -> tuple[Auctions, float]:
    market = Auctions(ticks.instruments, trading_day(ticks.day, ticks.settings.session), ticks.settings)
    apply: Callable[..., object] = market.apply
    start = perf_counter()
    for update in ticks.updates:
        apply(update)
    return market, perf_counter() - start


def _shown_after_each_update(ticks: Ticks, key: str) -> tuple[float, int]:
    """Return the seconds that one instrument's day takes with everything the peers give read after every update."""
    own = [update for update in ticks.updates if update.instrument == key]
    market = Auctions(
        {key: ticks.instruments[key]}, trading_day(ticks.day, ticks.settings.session), ticks.settings
    )
    auction: Auction = market.auction(key)
    start = perf_counter()
    for update in own:
        market.apply(update)
        auction.volume_reading()
        _ = auction.bars.atr
    return perf_counter() - start, len(own)


def _bars_judged(ticks: Ticks, key: str) -> tuple[float, float]:
    """Return the mean seconds of one instrument's context and of all its setups, over the 5-minute bars of its day."""
    market = Auctions(
        {key: ticks.instruments[key]}, trading_day(ticks.day, ticks.settings.session), ticks.settings
    )
    rules = build_setups(key, SetupSettings(absorption="auto", eighty_percent="auto"), estimated_range=True)
    reading = judging = 0.0
    bars = 0
    for update in ticks.updates:
        if update.instrument == key and market.apply(update).five_minutes_closed:
            bars += 1
            start = perf_counter()
            context = market.context(key)
            read = perf_counter()
            for rule in rules:
                rule.evaluate(context)
            judging += perf_counter() - read
            reading += read - start
    if not bars:
        raise RuntimeError("expected a 5-minute bar to close, got none")
    return reading / bars, judging / bars


def _trades(ticks: Ticks, key: str) -> Trades:
    instrument, trading = ticks.instruments[key], trading_day(ticks.day, ticks.settings.session)
    record = Continuity(trading.open(instrument.kind), trading.close(instrument.kind), HoleTracker())
    return [
        (update.last // instrument.tick, accepted.increment)
        for update in ticks.updates
        if update.instrument == key and (accepted := record.accept(update)).increment
    ]


def _beside(name: str, ours: float, budget: str | None, peer: str, theirs: float | None) -> Result:
    if theirs is None:
        return Result(name, round(ours * 1e6, 2), "µs", budget, f"{peer}: {_MISSING}")
    said = f"{peer}: {theirs * 1e6:,.1f} µs"
    return Result(name, round(ours * 1e6, 2), "µs", budget, said, round(theirs / ours, 2))


def _rate(name: str, ours: float, peer: str, theirs: float | None) -> Result:
    if theirs is None:
        return Result(name, round(ours), "updates/s", None, f"{peer}: {_MISSING}")
    return Result(
        name, round(ours), "updates/s", None, f"{peer}: {1 / theirs:,.0f}/s", round(ours * theirs, 1)
    )


def _one_add(trades: Trades, height: int) -> float:
    profile = VolumeProfile()
    profile.follow(height)
    source = cycle(trades)
    taken = [next(source) for _ in range(_ADDS)]

    def add_all() -> None:
        add = profile.add
        for tick, volume in taken:
            add(tick, volume)

    return seconds_of(add_all) / _ADDS


def _rebuild(trades: Trades, height: int) -> tuple[int, int]:
    """Do what a chart does that keeps no profile: everything again from the day's trades."""
    volumes: dict[int, int] = {}
    for tick, volume in trades:
        volumes[tick // height] = volumes.get(tick // height, 0) + volume
    low = min(volumes)
    rows = Rows(low, [volumes.get(row, 0) for row in range(low, max(volumes) + 1)])
    poc, _ = find_poc(rows.counts)
    return find_value_area(rows.counts, poc)


def _follow(minutes: Sequence[Bar], period: int) -> float | None:
    bars, atr = MinuteBars(period), None
    for bar in minutes:
        bars.add(bar)
        atr = bars.atr
    return atr


def _over_prefixes(peer: Callable[[int], object] | None, whole: int, rounds: int) -> float | None:
    """Return the mean seconds a peer takes for evenly spaced prefixes of the day; None where it is not installed."""
    if peer is None:
        return None
    counts = [max(1, whole * number // _PREFIXES) for number in range(1, _PREFIXES + 1)]
    each = max(1, rounds // _PREFIXES)
    return mean(median_seconds(lambda count=count: peer(count), each) for count in counts)  # type: ignore[misc]


def _profile_peer(trades: Trades, height: int) -> Callable[[int], object] | None:
    """Return one rebuild by the profile library on a prefix of the same rows."""
    try:
        pandas, library = import_module("pandas"), import_module("market_profile")
    except ImportError:
        return None
    frame = pandas.DataFrame(
        {"Close": [tick // height for tick, _ in trades], "Volume": [volume for _, volume in trades]},
        index=pandas.date_range("2026-11-20 09:15", periods=len(trades), freq="s"),
    )
    for column in ("Open", "High", "Low"):
        frame[column] = frame["Close"]

    def rebuild(count: int) -> object:
        part = frame.iloc[:count]
        whole = library.MarketProfile(part, tick_size=1, row_size=1)[part.index.min() : part.index.max()]
        return whole.poc_price, whole.value_area

    return rebuild


def _range_peer(minutes: Sequence[Bar], period: int) -> Callable[[int], object] | None:
    """Return the library's average true range of a prefix of the same minutes."""
    try:
        numpy, library = import_module("numpy"), import_module("talib")
    except ImportError:
        return None
    columns: list[Any] = [
        numpy.array([float(getattr(bar, name)) for bar in minutes]) for name in ("high", "low", "close")
    ]

    def rebuild(count: int) -> object:
        return library.ATR(*(column[:count] for column in columns), timeperiod=period)[-1]

    return rebuild
