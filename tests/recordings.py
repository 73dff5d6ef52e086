"""Recorded sessions for tests: the real ones where they are at hand, and made ones in the same format always."""

import gzip
import json
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, datetime_of, instant_at
from engine.market.instrument import Instrument
from engine.market.update import MarketUpdate

DAY = date(2025, 12, 15)
EQ_A = "NSE_EQ|INE027H01010"
EQ_B = "NSE_EQ|INE811K01011"
OPT_A = "NSE_FO|51460"
OPT_B = "NSE_FO|51414"

_REPOSITORY = Path(__file__).resolve().parent.parent
_FILES = {key: f"{key.replace('|', '_')}_data.json.json.gz" for key in (EQ_A, EQ_B, OPT_A, OPT_B)}


def recordings_folder() -> Path:
    """Return the folder of the real recordings; skip the test, saying why, where there is none."""
    named = os.environ.get("COCKPIT_DATA")
    folder = Path(named) if named else _REPOSITORY.parent / "shared" / "data"
    missing = [name for name in _FILES.values() if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"no recorded sessions: {folder} lacks {', '.join(missing)} (set COCKPIT_DATA)")
    return folder


def recorded_file(key: str) -> Path:
    """Return the real recording of one instrument, or skip."""
    return recordings_folder() / _FILES[key]


def recorded_files() -> tuple[Path, ...]:
    """Return the four real recordings in name order, or skip."""
    folder = recordings_folder()
    return tuple(folder / name for name in sorted(_FILES.values()))


def contracts_file(folder: Path) -> Path:
    """Write what the recorded options are, as an instrument list names it: without it they are not traded."""
    expiry = instant_at(date(2025, 12, 30), time(23, 59, 59)) // MILLISECOND
    rows = [
        {
            "segment": "NSE_FO",
            "instrument_type": "CE",
            "instrument_key": key,
            "trading_symbol": f"INDEX CALL {number}",
            "tick_size": 5.0,
            "lot_size": 35,
            "freeze_quantity": 600.0,
            "expiry": expiry,
            "underlying_key": "NSE_INDEX|Index",
            "underlying_symbol": "INDEX",
            "underlying_type": "INDEX",
        }
        for number, key in enumerate((OPT_A, OPT_B), 1)
    ]
    path = folder / "contracts.json"
    path.write_text(json.dumps(rows), "utf-8")
    return path


@dataclass(frozen=True)
class RecordedTape:
    """The four real recordings, decoded: what is traded, and every update in order of arrival."""

    instruments: Mapping[str, Instrument]
    updates: tuple[MarketUpdate, ...]


def recorded_tape() -> RecordedTape:
    """Return the real recordings, decoded once for all tests, or skip."""
    return _decode(recorded_files())


@cache
def _decode(files: tuple[Path, ...]) -> RecordedTape:
    feed = open_recordings(files)
    return RecordedTape(feed.instruments, tuple(iter(feed.read, None)))


def arrival_text(instant: Instant, *, fraction: bool = True) -> str:
    """Return an arrival as recordings write it: Indian wall clock without an offset."""
    moment = datetime_of(instant)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f" if fraction else "%Y-%m-%d %H:%M:%S")


def recorded_packet(
    key: str = EQ_A,
    *,
    arrival: Instant,
    trade_time: Instant | None = None,
    last: float = 1069.4,
    quantity: int = 2,
    volume: int = 207_194,
    close: float = 1081.3,
    bids: Sequence[tuple[float, int]] = (),
    asks: Sequence[tuple[float, int]] = (),
    day: Sequence[float] | None = None,
    minute: Sequence[float] | None = None,
    minute_start: Instant | None = None,
    minute_volume: int = 0,
    greeks: bool = False,
) -> dict[str, Any]:
    """Return one packet in the recorded JSON shape: 64-bit integers as text, zero fields absent."""
    traded = arrival if trade_time is None else trade_time
    depth = max(len(bids), len(asks))
    levels: list[dict[str, Any]] = []
    for index in range(depth):
        level: dict[str, Any] = {}
        if index < len(bids):
            level |= {"bidQ": str(bids[index][1]), "bidP": bids[index][0]}
        if index < len(asks):
            level |= {"askQ": str(asks[index][1]), "askP": asks[index][0]}
        levels.append(level)
    candles: list[dict[str, Any]] = []
    if day is not None:
        midnight = instant_at(datetime_of(arrival).date(), time(0))
        candles.append(_candle("1d", day, volume, midnight))
    if minute is not None:
        start = traded // MINUTE * MINUTE - MINUTE if minute_start is None else minute_start
        candles.append(_candle("I1", minute, minute_volume, start))
    feed: dict[str, Any] = {
        "ltpc": {"ltp": last, "ltt": str(traded // MILLISECOND), "ltq": str(quantity), "cp": close},
        "marketLevel": {"bidAskQuote": levels},
        "optionGreeks": {"delta": 0.5, "theta": -16.9, "gamma": 0.0003, "vega": 48.4} if greeks else {},
        "marketOHLC": {"ohlc": candles},
        "atp": last,
        "vtt": str(volume),
        "tbq": float(sum(size for _, size in bids)),
        "tsq": float(sum(size for _, size in asks)),
    }
    if greeks:
        feed |= {"oi": 338_625.0, "iv": 0.1067}
    return {
        "fullFeed": {"marketFF": feed},
        "requestMode": "full_d5",
        "instrumentKey": key,
        "_insertion_time": arrival_text(arrival),
    }


def _candle(interval: str, prices: Sequence[float], volume: int, start: Instant) -> dict[str, Any]:
    names = ("open", "high", "low", "close")
    candle: dict[str, Any] = {"interval": interval, **dict(zip(names, prices, strict=True))}
    if volume:
        candle["vol"] = str(volume)
    return candle | {"ts": str(start // MILLISECOND)}


def write_recording(path: Path, packets: Iterable[Any], *, indent: int | None = 4) -> Path:
    """Write packets as a gzip JSON array, pretty-printed like the real ones unless ``indent`` is None."""
    path.write_bytes(gzip.compress(json.dumps(list(packets), indent=indent).encode(), 6, mtime=0))
    return path


@dataclass
class _Walk:
    """The state of one made instrument's day, in ticks."""

    price: int
    volume: int
    low: int
    high: int
    open: int
    minute: list[int] = field(default_factory=list)
    minute_volume: int = 0


def made_packets(
    key: str = EQ_A,
    *,
    seed: int = 1,
    count: int = 2_000,
    start: Instant | None = None,
    step: Instant = SECOND,
    price: float = 1_000.0,
    tick: float = 0.1,
    lot: int = 1,
) -> list[dict[str, Any]]:
    """Return a made session of one instrument: a seeded walk with repeats, conflated volume, bars and a book."""
    chance = random.Random(seed)
    now = instant_at(DAY, time(9, 32, 49)) if start is None else start
    ticks = round(price / tick)
    walk = _Walk(ticks, 100_000 * lot, ticks - 50, ticks + 50, ticks)
    minute = now // MINUTE
    bar: tuple[list[int], int] | None = None
    packets: list[dict[str, Any]] = []
    traded = now
    quantity = lot
    greeks = key.startswith("NSE_FO")

    def rupees(value: int) -> float:
        return round(value * tick, 2)

    for _ in range(count):
        now += step + chance.randrange(-step // 5, step // 5) // MILLISECOND * MILLISECOND
        if chance.random() < 0.6:
            walk.price = max(100, walk.price + chance.choice((-2, -1, -1, 0, 1, 1, 2)))
            quantity = lot * chance.randint(1, 5)
            walk.volume += quantity + lot * chance.randint(0, 20)
            traded = now
            walk.low, walk.high = min(walk.low, walk.price), max(walk.high, walk.price)
            if traded // MINUTE != minute:
                if walk.minute:
                    bar = (walk.minute, walk.minute_volume)
                minute, walk.minute, walk.minute_volume = traded // MINUTE, [], 0
            walk.minute.append(walk.price)
            walk.minute_volume += quantity
        prices = None
        if bar is not None:
            values, _volume = bar
            prices = [rupees(value) for value in (values[0], max(values), min(values), values[-1])]
        packets.append(
            recorded_packet(
                key,
                arrival=now,
                trade_time=traded,
                last=rupees(walk.price),
                quantity=quantity,
                volume=walk.volume,
                close=rupees(walk.open),
                bids=[(rupees(walk.price - 1 - depth), lot * chance.randint(1, 40)) for depth in range(5)],
                asks=[(rupees(walk.price + 1 + depth), lot * chance.randint(1, 40)) for depth in range(5)],
                day=[rupees(value) for value in (walk.open, walk.high, walk.low, walk.price)],
                minute=prices,
                minute_volume=0 if bar is None else bar[1],
                minute_start=(minute - 1) * MINUTE,
                greeks=greeks,
            )
        )
    return packets


FAILED_AUCTION_PATH: Sequence[tuple[str, float]] = (
    ("09:15", 1_005.0),
    ("09:24", 1_020.0),
    ("09:36", 990.0),
    ("09:48", 1_018.8),
    ("10:00", 991.2),
    ("10:12", 1_017.6),
    ("10:17", 1_008.0),
    ("10:26", 1_018.5),
    ("10:31", 1_021.2),
    ("10:33", 1_022.4),
    ("10:35", 1_018.2),
    ("10:40", 1_009.5),
    ("10:48", 999.0),
    ("10:55", 991.5),
    ("11:05", 978.0),
    ("11:15", 987.0),
)
"""A morning that looks outside its initial balance, finds nobody, and crosses to the other side."""


def scripted_packets(
    key: str = EQ_A,
    *,
    path: Sequence[tuple[str, float]] = FAILED_AUCTION_PATH,
    seed: int = 1,
    step: Instant = 3 * SECOND,
    tick: float = 0.1,
    depth: int = 4_000,
) -> list[dict[str, Any]]:
    """Return a made session that follows a path of (clock, price), straight between its points but for one tick.

    The first point opens the day at 09:15, so nothing of it is seeded; every packet is a trade.
    """
    chance = random.Random(seed)
    points = [(instant_at(DAY, time.fromisoformat(clock)), price) for clock, price in path]
    volume = low = high = opened = 0
    bar: list[int] = []
    shown: list[int] | None = None
    bar_volume = shown_volume = 0
    minute = points[0][0] // MINUTE
    packets: list[dict[str, Any]] = []

    def rupees(value: int) -> float:
        return round(value * tick, 2)

    for (since, first), (until, second) in pairwise(points):
        now = since + SECOND
        while now < until:
            share = (now - since) / (until - since)
            price = round((first + (second - first) * share) / tick) + chance.choice((-1, 0, 0, 1))
            quantity = chance.randint(200, 900)
            volume += quantity
            opened = opened or price
            low, high = min(low or price, price), max(high, price)
            if now // MINUTE != minute:
                shown, shown_volume = [bar[0], max(bar), min(bar), bar[-1]], bar_volume
                minute, bar, bar_volume = now // MINUTE, [], 0
            bar.append(price)
            bar_volume += quantity
            packets.append(
                recorded_packet(
                    key,
                    arrival=now + 300 * MILLISECOND,
                    trade_time=now,
                    last=rupees(price),
                    quantity=quantity,
                    volume=volume,
                    close=rupees(opened),
                    bids=[(rupees(price - 1 - level), depth) for level in range(5)],
                    asks=[(rupees(price + 1 + level), depth) for level in range(5)],
                    day=[rupees(value) for value in (opened, high, low, price)],
                    minute=None if shown is None else [rupees(value) for value in shown],
                    minute_volume=shown_volume,
                    minute_start=(minute - 1) * MINUTE,
                )
            )
            now += step + chance.randrange(-step // 5, step // 5) // MILLISECOND * MILLISECOND
    return packets
