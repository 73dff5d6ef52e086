"""The measurement of paper stops: the three prices of a stop on a written tape."""

from datetime import time
from pathlib import Path

from benchmarks.paper_stops import StopFill, stop_fills, table
from config import Settings
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import SECOND, instant_at
from engine.market.session import trading_day
from engine.market.side import Side
from tests.recordings import DAY, EQ_A, recorded_packet, write_recording


def _tape(folder: Path, books: list[tuple[float, float, float]]) -> list[StopFill]:
    """Return the stops that fired on a tape of (last, bid, ask), one packet a second, one lot a trade."""
    start = instant_at(DAY, time(10, 0))
    packets = [
        recorded_packet(
            arrival=start + number * SECOND,
            last=last,
            volume=100_000 + number,
            quantity=1,
            close=1_000.0,
            bids=[(bid, 500)],
            asks=[(ask, 500)],
            day=(1_000.0, 1_050.0, 950.0, last),
        )
        for number, (last, bid, ask) in enumerate(books)
    ]
    settings = Settings()
    feed = open_recordings([write_recording(folder / "made.json.gz", packets)])
    day = trading_day(feed.day, settings.session)
    return list(stop_fills(iter(feed.read, None), feed.instruments, day, settings))


def test_a_fired_stop_is_compared_with_the_book_before_its_trade_and_the_next_new_one(tmp_path: Path) -> None:
    standing = (1_000.0, 999.9, 1_000.1)
    fell = (999.0, 998.9, 999.1)
    next_book = (998.0, 997.9, 998.1)
    (fill,) = _tape(tmp_path, [standing, fell, next_book, next_book])
    assert (fill.side, fill.stood, fill.filled, fill.following) == (Side.SELL, 99_975, 99_790, 99_790)
    assert fill.flattery(fill.stood) == 185
    assert fill.flattery(fill.filled) == 0


def test_a_fill_is_never_called_better_than_its_trigger(tmp_path: Path) -> None:
    standing = (1_000.0, 999.9, 1_000.1)
    fell = (999.0, 998.9, 999.1)
    recovered = (1_000.0, 999.9, 1_000.1)
    (fill,) = _tape(tmp_path, [standing, fell, recovered, recovered])
    assert fill.filled == fill.following == 99_975


def test_a_stop_whose_next_book_never_comes_is_not_counted(tmp_path: Path) -> None:
    assert _tape(tmp_path, [(1_000.0, 999.9, 1_000.1), (999.0, 998.9, 999.1)]) == []


def test_the_table_counts_stops_by_instrument_and_by_how_they_filled(tmp_path: Path) -> None:
    tape = [(1_000.0, 999.9, 1_000.1), (999.0, 998.9, 999.1), (998.0, 997.9, 998.1)]
    fills = _tape(tmp_path, [*tape, *tape, *tape, *tape])
    instruments = open_recordings([tmp_path / "made.json.gz"]).instruments
    text = table(fills, instruments)
    assert EQ_A in text
    assert f"{len(fills):>7,}" in text
    assert f"filled at: {fills[0].quality}" in text
