"""Point of control and value area on demand: ours, a naive rebuild, and the common library, on the same trades."""

from collections.abc import Callable
from importlib import import_module
from itertools import cycle
from typing import Final

from benchmarks.day import SimulatedDay
from benchmarks.measure import Result, Scale, median_seconds, seconds_of
from engine.auction.market import Market
from engine.auction.value_area import Rows, find_poc, find_value_area
from engine.auction.volume_profile import VolumeProfile
from engine.market.continuity import Continuity, HoleTracker
from engine.market.session import trading_day

_LIBRARY: Final = "MarketProfile 0.2.0"
_ADDS: Final = 200_000


def profile_results(day: SimulatedDay, scale: Scale) -> list[Result]:
    """Return the cost of one profile update and of one value area, each beside its peers."""
    trading = trading_day(day.day, day.settings.session)
    market = Market(day.instruments, trading, day.settings)
    for update in day.updates:
        market.apply(update)
    key = next(iter(day.instruments))
    instrument = day.instruments[key]
    auction = market.auction(key)
    height = auction.ticks_per_row
    if height is None:
        raise RuntimeError("expected a row size after some minutes, got none")
    record = Continuity(trading.open(instrument.kind), trading.close(instrument.kind), HoleTracker())
    trades = [
        (update.last // instrument.tick, accepted.increment)
        for update in day.updates
        if update.instrument == key and (accepted := record.accept(update)).increment
    ]
    on_demand = median_seconds(auction.volume_reading, scale.rounds)
    rebuild = median_seconds(lambda: _rebuild(trades, height), scale.slow_rounds)
    results = [
        Result("profile update", round(_one_add(trades, height) * 1e6, 3), "µs", "≤ 2"),
        _beside(
            f"value area of {len(trades)} trades on demand", on_demand, "≤ 100", "naive rebuild", rebuild
        ),
    ]
    library = _library(trades, height)
    if library is None:
        ours = round(on_demand * 1e6, 1)
        missing = f"{_LIBRARY}: not installed (pip install MarketProfile==0.2.0 pandas)"
        return [*results, Result("value area on demand", ours, "µs", "≤ 100", missing)]
    theirs = median_seconds(library, scale.slow_rounds)
    return [*results, _beside("value area on demand", on_demand, "≤ 100", _LIBRARY, theirs)]


def _beside(name: str, ours: float, budget: str, peer: str, theirs: float) -> Result:
    return Result(
        name, round(ours * 1e6, 1), "µs", budget, f"{peer}: {theirs * 1e6:,.0f} µs", round(theirs / ours, 1)
    )


def _one_add(trades: list[tuple[int, int]], height: int) -> float:
    profile = VolumeProfile()
    profile.follow(height)
    source = cycle(trades)
    taken = [next(source) for _ in range(_ADDS)]

    def add_all() -> None:
        add = profile.add
        for tick, volume in taken:
            add(tick, volume)

    return seconds_of(add_all) / _ADDS


def _rebuild(trades: list[tuple[int, int]], height: int) -> tuple[int, int]:
    """Do what a chart does that keeps no profile: everything again from the day's trades."""
    volumes: dict[int, int] = {}
    for tick, volume in trades:
        volumes[tick // height] = volumes.get(tick // height, 0) + volume
    low = min(volumes)
    rows = Rows(low, [volumes.get(row, 0) for row in range(low, max(volumes) + 1)])
    poc, _ = find_poc(rows.counts)
    return find_value_area(rows.counts, poc)


def _library(trades: list[tuple[int, int]], height: int) -> Callable[[], object] | None:
    """Return one rebuild by the library on the same rows, or None where it is not installed."""
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

    def rebuild() -> object:
        whole = library.MarketProfile(frame, tick_size=1, row_size=1)[frame.index.min() : frame.index.max()]
        return whole.poc_price, whole.value_area

    return rebuild
