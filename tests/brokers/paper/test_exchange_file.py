"""The paper exchange's file: reopened, fenced, refused, flattened from outside, written by a thread."""

import os
import resource
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import time
from pathlib import Path

import pytest

import config
from engine.brokers.cursor_file import Cursor, ExchangeDamagedError, ExchangeError, ExchangeTakenError
from engine.brokers.paper.exchange import PaperExchange
from engine.brokers.paper.exchange_file import standing_book
from engine.brokers.paper.records import Closed
from engine.market.clock import MINUTE, SECOND, instant_at
from engine.market.session import trading_day
from engine.market.side import Side
from engine.orders.messages import CancelOrder
from tests.brokers.paper.stand import (
    DAY,
    LATENCY,
    OPTION,
    PLAIN,
    STOCK,
    TEN,
    final,
    instruments,
    leave,
    limit,
    open_exchange,
    stop,
    update,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exchange.sqlite"


def quote(exchange: PaperExchange, at: int, size: int) -> None:
    """Show a book of three levels of one size in each instrument."""
    for key, price in ((STOCK, 100_000), (PLAIN, 50_000), (OPTION, 6_000)):
        bids = tuple((price - 10 * step, size) for step in range(1, 4))
        asks = tuple((price + 10 * step, size) for step in range(1, 4))
        exchange.on_update(update(at, price, 1_000, key=key, close=price, bids=bids, asks=asks), at)


def fill_a_book(exchange: PaperExchange) -> None:
    """Long 30 STOCK with a stop and a resting order, short 70 OPTION, short 20 PLAIN, one request in flight."""
    quote(exchange, TEN, 39)
    exchange.submit(limit("E1", Side.BUY, 30, 100_010), TEN)
    exchange.submit(limit("E2", Side.SELL, 70, 5_000, key=OPTION), TEN)
    exchange.submit(limit("E3", Side.SELL, 20, 49_900, key=PLAIN), TEN)
    exchange.submit(stop("S1", Side.SELL, 30, 99_000, 98_000), TEN)
    exchange.submit(limit("L1", Side.BUY, 5, 99_000), TEN)
    exchange.advance(TEN + LATENCY)
    quote(exchange, TEN + 2 * LATENCY, 40)
    exchange.submit(limit("F1", Side.BUY, 5, 99_000), TEN + SECOND)


def test_a_reopened_exchange_stands_where_it_was_committed(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    cursor = Cursor("run-1", 3, TEN + SECOND, 17, 42)
    exchange.commit(cursor)
    kept = (exchange.orders, exchange.fills, exchange.positions, exchange.next_due())
    exchange.on_update(update(TEN + MINUTE, 98_000, 2_000, bids=((98_500, 90),)), TEN + MINUTE)
    exchange.close()
    again = open_exchange(path)
    assert (again.orders, again.fills, again.positions, again.next_due()) == kept
    assert again.cursor == cursor
    assert path.stat().st_mode & 0o777 == 0o600
    again.close()


def test_the_file_alone_is_enough_to_close_what_is_open_in_it(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN + SECOND, 0))
    realised, charges, costs = exchange.realised, exchange.charges, exchange.costs
    exchange.close()
    book = standing_book(path)
    assert book is not None
    assert (book.day, book.cursor.run) == (DAY, "run-1")
    again = PaperExchange.open(
        path, {}, trading_day(book.day, config.SessionSettings()), config.PaperSettings()
    )
    assert again.unnamed == ()
    assert {one.key for one in again.instruments} == {STOCK, PLAIN, OPTION}
    assert (again.realised, again.charges, again.costs) == (realised, charges, costs)
    report = again.flatten_standing(TEN + MINUTE)
    assert (report.flat, again.flat) == (True, True)
    assert again.charges > charges
    again.close()


def test_a_file_of_an_earlier_version_says_in_what_it_is_open_that_nobody_knows(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN + SECOND, 0))
    exchange.close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM state WHERE name = 'instruments'")
    day = trading_day(DAY, config.SessionSettings())
    known = {STOCK: instruments()[STOCK]}
    again = PaperExchange.open(path, known, day, config.PaperSettings(), read_only=True)
    assert set(again.unnamed) == {OPTION, PLAIN}
    again.close()


def test_what_our_fills_took_from_the_book_is_not_there_again_after_a_death(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN, 0))
    exchange.close()
    again = open_exchange(path)
    # What is left of the first level within this limit, one spread worse.
    again.submit(leave("X9", Side.BUY, 40, 100_030), TEN + SECOND)
    again.advance(TEN + 2 * SECOND)
    assert (final(again, "X9").filled_quantity, final(again, "X9").filled_value) == (10, 10 * 100_030)
    again.close()


def test_a_request_that_has_arrived_does_not_arrive_again_after_a_death(path: Path) -> None:
    exchange = open_exchange(path)
    exchange.submit(limit("E1", Side.BUY, 5, 99_000), TEN)
    exchange.commit(Cursor("run-1", 0, TEN, 0))
    exchange.advance(TEN + LATENCY)
    exchange.commit(Cursor("run-1", 0, TEN + LATENCY, 0))
    exchange.close()
    again = open_exchange(path)
    again.advance(TEN + MINUTE)
    assert [order.tag for order in again.orders] == ["E1"]
    again.close()


def test_an_order_that_came_to_rest_after_sweeping_still_rests_after_a_death(path: Path) -> None:
    exchange = open_exchange(path)
    exchange.submit(limit("E1", Side.BUY, 30, 100_100), TEN)
    exchange.advance(TEN + LATENCY)
    for step, asks in enumerate((((100_000, 10),), ((100_200, 10),))):
        at = TEN + SECOND + step * SECOND
        exchange.on_update(update(at, 100_100, 1_000, asks=asks), at)
        exchange.commit(Cursor("run-1", step + 1, at, 0))
    exchange.close()
    again = open_exchange(path)
    again.on_update(update(TEN + MINUTE, 100_100, 1_000, asks=((100_050, 5),)), TEN + MINUTE)
    assert [(fill.price, fill.quantity) for fill in again.fills] == [(100_000, 10), (100_100, 5)]
    again.close()


def test_market_time_survives_a_death(path: Path) -> None:
    close = instant_at(DAY, time(15, 30))
    exchange = open_exchange(path)
    exchange.on_update(update(close, 100_000, 1), close)
    exchange.commit(Cursor("run-1", 1, close, 0))
    exchange.close()
    again = open_exchange(path)
    again.submit(limit("E1", Side.BUY, 5, 100_000), TEN)
    again.advance(TEN + LATENCY)
    assert final(again, "E1").status == "rejected"
    again.close()


def test_requests_keep_their_order_across_a_death(path: Path) -> None:
    exchange = open_exchange(path)
    exchange.submit(limit("E0", Side.BUY, 5, 99_000), TEN)
    exchange.submit(limit("E1", Side.BUY, 5, 99_000), TEN)
    exchange.commit(Cursor("run-1", 0, TEN, 0))
    exchange.close()
    again = open_exchange(path)
    again.submit(CancelOrder("c", "E1"), TEN)
    again.advance(TEN + LATENCY)
    assert final(again, "E1").status == "cancelled"
    again.close()


def test_a_new_run_begins_with_an_empty_book(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN, 0))
    exchange.begin_run("run-2", TEN)
    exchange.close()
    again = open_exchange(path)
    assert (again.cursor, again.orders, again.positions, again.next_due()) == (
        Cursor("run-2", 0, TEN, 0),
        (),
        (),
        None,
    )
    again.close()


def test_the_standing_book_is_flattened_without_an_engine(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN + SECOND, 0))
    exchange.close()
    tool = open_exchange(path, begin=False)
    report = tool.flatten_standing(TEN + SECOND)
    assert report.flat
    assert report.dropped == ("F1",)
    assert report.cancelled == ("S1", "L1")
    assert report.closed == (
        Closed(OPTION, -70, 40 * 6_010 + 30 * 6_020),
        Closed(PLAIN, -20, 20 * 50_010),
        Closed(STOCK, 30, 30 * 99_990),
    )
    assert {fill.quality for fill in tool.fills if fill.tag.startswith("flatten-")} == {"STALE"}
    tool.close()
    again = open_exchange(path)
    assert again.flat
    assert {row.instrument: row.quantity for row in again.positions} == {STOCK: 0, OPTION: 0, PLAIN: 0}
    assert (again.cursor.updates, again.cursor.run) == (3, "run-1")
    again.close()


def test_flattening_prices_what_the_book_does_not_hold_at_its_last_level() -> None:
    exchange = open_exchange()
    exchange.on_update(update(TEN, 100_000, 1, bids=((99_990, 10), (99_980, 5)), asks=((100_010, 30),)), TEN)
    exchange.hold(True, TEN)
    exchange.submit(leave("E1", Side.BUY, 30, 100_010), TEN)
    exchange.advance(TEN + LATENCY)
    report = exchange.flatten_standing(TEN + SECOND)
    assert report.closed == (Closed(STOCK, 30, 10 * 99_990 + 5 * 99_980 + 15 * 99_980),)
    assert final(exchange, "flatten-2").price == 99_980


def test_flattening_a_side_without_depth_uses_the_last_price() -> None:
    exchange = open_exchange()
    exchange.on_update(update(TEN, 100_000, 1, asks=((100_010, 30),)), TEN)
    exchange.hold(True, TEN)
    exchange.submit(leave("E1", Side.BUY, 30, 100_010), TEN)
    exchange.advance(TEN + LATENCY)
    assert exchange.flatten_standing(TEN + SECOND).closed == (Closed(STOCK, 30, 30 * 100_000),)


def test_an_engine_that_was_taken_over_can_no_longer_write(path: Path) -> None:
    stopped = open_exchange(path)
    fill_a_book(stopped)
    stopped.commit(Cursor("run-1", 3, TEN, 0))
    tool = open_exchange(path)
    tool.flatten_standing(TEN + SECOND)
    stopped.on_update(update(TEN + MINUTE, 100_000, 2_000), TEN + MINUTE)
    with pytest.raises(ExchangeTakenError, match=r"exchange\.sqlite: another process has taken"):
        stopped.commit(Cursor("run-1", 4, TEN + MINUTE, 0))
    assert tool.flat
    stopped.close()
    tool.close()


def test_reading_the_book_leaves_a_running_engine_its_file(path: Path) -> None:
    engine = open_exchange(path)
    fill_a_book(engine)
    engine.commit(Cursor("run-1", 3, TEN, 0))
    import config
    from engine.brokers.paper.exchange import PaperExchange
    from engine.market.session import trading_day
    from tests.brokers.paper.stand import DAY, instruments

    day = trading_day(DAY, config.SessionSettings())
    status = PaperExchange.open(path, instruments(), day, config.PaperSettings(), read_only=True)
    assert status.read_book("status", TEN).positions == engine.positions
    status.close()
    engine.commit(Cursor("run-1", 4, TEN, 0))
    engine.close()
    with pytest.raises(ExchangeError, match="found none"):
        PaperExchange.open(path.with_name("none"), instruments(), day, config.PaperSettings(), read_only=True)


def test_a_batch_may_be_written_by_another_thread_while_the_market_goes_on(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    with ThreadPoolExecutor(1) as writer:
        writes = []
        for step in range(20):
            at = TEN + (step + 2) * SECOND
            exchange.on_update(update(at, 100_000 + 10 * step, 2_000 + step, asks=((100_000, 3),)), at)
            batch = exchange.capture(Cursor("run-1", 4 + step, at, 0))
            assert batch is not None
            writes.append(writer.submit(exchange.write, batch))
        for write in writes:
            write.result(60)
    kept = (exchange.orders, exchange.fills)
    exchange.close()
    again = open_exchange(path)
    assert (again.orders, again.fills) == kept
    assert again.cursor.updates == 23
    again.close()


def test_a_batch_the_disk_refused_is_written_with_the_next(path: Path) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(f"{path.name}-wal").stat().st_size, hard))
    try:
        with pytest.raises(ExchangeError, match=r"exchange\.sqlite: the paper exchange could not be saved"):
            exchange.commit(Cursor("run-1", 3, TEN, 0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    exchange.commit(Cursor("run-1", 4, TEN, 0))
    kept = (exchange.orders, exchange.fills)
    exchange.close()
    again = open_exchange(path)
    assert (again.orders, again.fills) == kept
    again.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_exchange(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=7")
    with pytest.raises(ExchangeError, match=r"exchange\.sqlite: expected schema 1 or older, got 7"):
        open_exchange(path)


@pytest.mark.parametrize("damage", ["foreign", "structure", "row"])
def test_a_damaged_file_is_named_with_what_to_do(path: Path, damage: str) -> None:
    exchange = open_exchange(path)
    fill_a_book(exchange)
    exchange.commit(Cursor("run-1", 3, TEN, 0))
    exchange.close()
    if damage == "foreign":
        path.write_bytes(b"no database" * 900)
    elif damage == "structure":
        whole = bytearray(path.read_bytes())
        whole[4_096:] = os.urandom(len(whole) - 4_096)
        path.write_bytes(whole)
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE orders SET body = '{\"order_id\":'")
            database.commit()
    with pytest.raises(ExchangeDamagedError, match=r"exchange\.sqlite: .* damaged .* move it away"):
        open_exchange(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="nowhere"):
        open_exchange(tmp_path / "nowhere" / "exchange.sqlite")
