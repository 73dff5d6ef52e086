"""Views: whatever a run does, each picture tells the core's truth, travels whole, and changes nothing."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.views import AlarmRank, LadderRow, LastingAlarm, ScreenView, Severity, StopStatus
from engine.core import Core
from engine.market.clock import SECOND
from engine.market.figures import signed_units
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order
from engine.orders.trade import Mode, Trade
from engine.performance.report import performance_report
from engine.presenter import Presenter, ViewFacts
from engine.presenter.auction import build_auction
from tests.runtime.acts import LENGTH, wishes
from tests.runtime.driver import Act, Driver, deep
from tests.runtime.market import tape

KEYS = tuple(tape().instruments)


@contextmanager
def driven(acts: list[Act]) -> Iterator[Driver]:
    with tempfile.TemporaryDirectory() as home:
        driver = Driver(Path(home), acts, length=LENGTH)
        try:
            yield driver
        finally:
            driver.close()


def around(driver: Driver, *problems: str, ahead: int = 0) -> ViewFacts:
    playback = driver.run.playback
    return ViewFacts(
        now=playback.now + ahead,
        speed=1,
        held=playback.held,
        ended=playback.ended,
        problems=tuple(LastingAlarm(text) for text in problems),
    )


def proven_stop(order: Order) -> bool:
    return order.role is Role.STOP and order.order_type is OrderType.STOP_LIMIT and order.resting


def stop_of(core: Core, trade: Trade) -> int | None:
    """The trigger a trader may rely on: what stands at the exchange, the farthest of several."""
    live = [order.trigger_price for order in core.orders.live(trade.instrument) if proven_stop(order)]
    if live and trade.mode is not Mode.EXIT:
        return min(live) if trade.side is Side.BUY else max(live)
    return None if trade.stop is None else trade.stop.trigger


def check_positions(core: Core, view: ScreenView) -> None:
    ours = [row for row in view.positions if not row.external]
    assert [(row.instrument, row.quantity, row.average) for row in ours] == [
        (trade.instrument, trade.signed, trade.average or 0) for trade in core.trades
    ]
    for row, trade in zip(ours, core.trades, strict=True):
        assert row.stop == stop_of(core, trade)
        if row.stop_state is StopStatus.HELD:
            live = core.orders.live(trade.instrument)
            held = sum(order.remaining for order in live if proven_stop(order))
            leaving = sum(order.remaining for order in live if order.role is Role.EXIT)
            assert held > 0
            assert held >= trade.open_quantity - leaving


def check_ladder(core: Core, view: ScreenView) -> None:
    ladder = view.ladder
    assert ladder is not None
    assert ladder.row is not None
    rows = {row.price: row for row in ladder.rows}
    prices = [row.price for row in ladder.rows]
    assert prices == list(range(prices[0], prices[-1] - ladder.row, -ladder.row))
    shown = {price: (row.letters, row.volume, row.in_value) for price, row in rows.items()}
    for reading in core.market.auction(ladder.key).rows():
        assert shown.pop(reading.price) == (reading.letters, reading.volume, reading.in_value)
    assert set(shown.values()) <= {("", 0, False)}
    for price, mark in (
        (ladder.poc, "POC"),
        (ladder.val, "VAL"),
        (ladder.vwap, "VWAP"),
        (ladder.high, "HIGH"),
    ):
        if price is not None and price // ladder.row * ladder.row in rows:
            assert mark in rows[price // ladder.row * ladder.row].marks
    check_own_levels(core, ladder.key, ladder.row, rows)


def check_own_levels(core: Core, key: str, height: int, rows: dict[int, LadderRow]) -> None:
    trade = core.manager.portfolio.current(key)
    wanted: dict[str, int] = {}
    if trade is not None and trade.open and trade.stop is not None and trade.average is not None:
        stop = stop_of(core, trade)
        assert stop is not None
        wanted[f"{stop / 100:,.2f}"] = stop
        wanted[f"{signed_units(trade.signed)} entry"] = trade.average
    for words, price in wanted.items():
        row = rows.get(price // height * height)
        assert row is None or any(words in order for order in row.orders)
    labels = [label for row in rows.values() for label in row.orders]
    if trade is None and not core.orders.live(key):
        assert labels == []


def check_auction(core: Core, view: ScreenView) -> None:
    assert view.ladder is not None
    assert view.auction == build_auction(core.market.context(view.ladder.key))
    net = sum(row.delta or 0 for row in view.ladder.rows)
    assert net == core.market.auction(view.ladder.key).flow.previous_quote


def check_rest(core: Core, view: ScreenView, driver: Driver) -> None:
    assert [row.key for row in view.watchlist] == list(core.instruments)
    for row in view.watchlist:
        update = core.market_state.update(row.key)
        if update is not None:
            assert row.last == update.last
        assert row.position == core.manager.portfolio.net(row.key)
        quote = core.market_state.quote(row.key, driver.run.playback.now)
        assert (row.bid, row.ask) == (quote.bid, quote.ask)
    result = core.account.result(driver.run.playback.now)
    header = view.header
    charges = result.charges + result.closing_charges
    assert (header.realised, header.open, header.charges) == (result.realised, result.open, charges)
    assert header.realised + header.open - header.charges == view.risk.day_result
    assert header.replay_paused == driver.run.playback.held
    assert view.risk.positions == len(core.trades)
    assert view.risk.day_result == result.net
    assert {row.tag for row in view.orders} == {order.tag for order in core.orders.all()[-30:]}
    assert [row.time for row in view.orders] == sorted((row.time for row in view.orders), reverse=True)
    figures = performance_report(core.closed_trades, {core.day.day: core.limits.account}, ())
    assert view.performance.trades == figures["trades"]
    assert view.performance.wins == figures["wins"]
    assert view.performance.net / 100 == figures["net"]


@given(acts=wishes(), looks=st.lists(st.tuples(st.integers(1, LENGTH), st.sampled_from(KEYS)), max_size=8))
@settings(max_examples=20)
def test_every_picture_of_any_run_is_true_and_travels_whole(
    acts: list[Act], looks: list[tuple[int, str]]
) -> None:
    presenter = Presenter((), {})
    with driven(acts) as driver:
        for cursor, key in sorted(looks):
            driver.play(until=cursor)
            view = presenter.view(driver.run.playback.core, around(driver), key)
            assert msgspec.json.decode(msgspec.json.encode(view), type=ScreenView) == view
            check_positions(driver.run.playback.core, view)
            check_ladder(driver.run.playback.core, view)
            check_auction(driver.run.playback.core, view)
            check_rest(driver.run.playback.core, view, driver)


@given(
    acts=wishes(), looks=st.lists(st.integers(1, LENGTH), min_size=1, max_size=12), ahead=st.integers(0, 30)
)
@settings(max_examples=15)
def test_looking_changes_nothing_that_a_run_does(acts: list[Act], looks: list[int], ahead: int) -> None:
    presenter = Presenter((), {})
    with driven(acts) as seen, driven(acts) as unseen:
        for cursor in sorted(looks):
            seen.play(until=cursor)
            presenter.view(seen.run.playback.core, around(seen, ahead=ahead * SECOND), None)
        seen.play()
        unseen.play()
        assert seen.report() == unseen.report()
        mine, theirs = seen.run.playback, unseen.run.playback
        assert mine.equity == theirs.equity
        assert mine.core.limits == theirs.core.limits
        assert mine.core.account.marking._readings == theirs.core.account.marking._readings
        assert deep(mine.core.manager.gate.budget) == deep(theirs.core.manager.gate.budget)


def test_an_unselected_instrument_is_read_again_in_its_turn_and_its_price_at_once() -> None:
    presenter = Presenter((), {})
    with driven([]) as driver:
        core = driver.run.playback.core
        driver.play(until=100)
        view = presenter.view(core, around(driver), KEYS[0])
        for cursor in range(150, 1_000, 50):
            driver.play(until=cursor)
            view = presenter.view(core, around(driver), KEYS[0])
        assert [row.last for row in view.watchlist] == [core.market.auction(key).last for key in KEYS]
        for _ in KEYS:
            view = presenter.view(core, around(driver), KEYS[0])
        fresh = Presenter((), {}).view(core, around(driver), KEYS[0])
        assert view.watchlist == fresh.watchlist


def test_a_disk_problem_is_one_alarm_that_stands_still_and_goes_when_it_is_over() -> None:
    presenter = Presenter((), {})
    with driven([]) as driver:
        core = driver.run.playback.core
        driver.play(until=100)
        first = presenter.view(core, around(driver, "the disk is full"), None).events[-1]
        driver.play(until=300)
        later = presenter.view(core, around(driver, "the disk is full"), None).events[-1]
        healed = presenter.view(core, around(driver), None).events
        again = presenter.view(core, around(driver, "the disk is full"), None).events[-1]
        assert (first.severity, first.text) == (Severity.ALARM, "the disk is full")
        assert later == first
        assert first not in healed
        assert again.number == first.number == 0, "a lasting state is known by its text"
        assert again.time > first.time


def test_a_feed_whose_recorder_lags_the_exchange_is_not_called_stale() -> None:
    presenter = Presenter((), {})
    with driven([]) as driver:
        core = driver.run.playback.core
        driver.play(until=100)
        update = core.market_state.update(KEYS[0])
        assert update is not None
        slow = msgspec.structs.replace(
            update, trade_time=update.arrival + 6 * SECOND, volume=update.volume + 1
        )
        core.handle(slow, driver.run.playback.now)
        header = presenter.view(core, around(driver), None).header
        assert (header.feed, header.feed_age_ms) == ("LIVE", 0)
        assert header.market_time >= slow.trade_time


def test_a_feed_that_stopped_makes_every_reading_stale_at_the_time_of_the_look_and_nothing_in_the_core() -> (
    None
):
    presenter = Presenter((), {})
    with driven([]) as driver:
        core = driver.run.playback.core
        driver.play(until=300)
        fresh = presenter.view(core, around(driver), KEYS[0])
        silent = presenter.view(core, around(driver, ahead=20 * SECOND), KEYS[0])
        assert silent.header.feed == "STALE"
        assert {row.quality for row in silent.watchlist} == {"STALE"}
        assert silent.ladder is not None
        assert silent.ladder.quality == "STALE"
        assert "STALE" not in {core.market.context(key).quality for key in KEYS}
        again = presenter.view(core, around(driver), KEYS[0])
        assert [row.quality for row in again.watchlist] == [row.quality for row in fresh.watchlist]


def test_a_run_that_has_ended_says_so() -> None:
    with driven([]) as driver:
        driver.play()
        view = Presenter((), {}).view(driver.run.playback.core, around(driver), "unknown")
        assert (view.header.feed, view.header.feed_age_ms) == ("ENDED", None)
        assert view.ladder is not None
        assert view.ladder.key == KEYS[0]


def test_a_vital_line_stays_in_the_picture_however_many_others_come_after_it() -> None:
    presenter = Presenter((), {})
    with driven([]) as driver:
        core = driver.run.playback.core
        driver.play(until=100)
        now = driver.run.playback.now
        core.journal.line(Severity.ALARM, "naked", now, AlarmRank.VITAL)
        for number in range(600):
            core.journal.line(Severity.ALARM, f"noise {number}", now)
        events = presenter.view(core, around(driver), None).events
        assert [line.text for line in events].count("naked") == 1
        assert [line.number for line in events] == sorted(line.number for line in events)
        core.journal.line(Severity.ALARM, "naked again", now, AlarmRank.VITAL)
        again = [line.text for line in presenter.view(core, around(driver), None).events]
        assert again.count("naked again") == 1
