from dataclasses import replace

import pytest

from engine.market.charges import order_charges
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price_band import PriceBand, narrowest_band
from engine.market.side import Side
from engine.risk.day_result import day_result
from engine.risk.holdings import Holding, exposure, open_risk
from engine.risk.marks import Mark, MarkState, mark_position
from engine.risk.readings import Readings, at_circuit, locked_price
from tests.risk.builders import DAY, OPTION, START, STOCK

LONG = Holding(STOCK, Side.BUY, 100, 10_000_000, 50_000, 60_000, 99_500, mark=Mark(100_200, MarkState.LIVE))


def test_a_position_is_marked_at_the_exit_side_of_a_fresh_book() -> None:
    mark = mark_position(touch=99_900, fresh=True, last_touch=1, seen_at=START)
    assert mark == Mark(99_900, MarkState.LIVE, START)


def test_without_a_fresh_book_the_last_mark_stays_and_is_called_stale() -> None:
    mark = mark_position(touch=99_900, fresh=False, last_touch=99_000, seen_at=START)
    assert mark == Mark(99_900, MarkState.STALE, START)
    assert mark_position(touch=None, fresh=False, last_touch=99_000) == Mark(99_000, MarkState.STALE)


def test_with_nobody_on_the_exit_side_the_last_mark_stays_one_sided_or_is_the_locked_price() -> None:
    assert mark_position(touch=None, fresh=True, last_touch=99_000) == Mark(99_000, MarkState.ONE_SIDED)
    locked = mark_position(touch=None, fresh=True, last_touch=99_000, locked=90_000)
    assert locked == Mark(90_000, MarkState.LOCKED)


def test_nothing_known_is_no_mark() -> None:
    assert mark_position(touch=None, fresh=False, last_touch=None) == Mark(None, MarkState.NOT_READY)


@pytest.mark.parametrize(
    ("mark", "stop", "caution"),
    [
        (Mark(100_200, MarkState.LIVE), 99_500, 0),
        (Mark(100_200, MarkState.STALE), 99_500, 70_000),
        (Mark(100_200, MarkState.ONE_SIDED), 99_500, 70_000),
        (Mark(99_000, MarkState.STALE), 99_500, 0),
        (Mark(99_000, MarkState.LOCKED), 98_500, 0),
        (Mark(100_200, MarkState.STALE), None, 0),
    ],
)
def test_entries_are_judged_by_the_worse_of_an_old_mark_and_the_stop(
    mark: Mark, stop: int | None, caution: int
) -> None:
    result = day_result(0, 0, (replace(LONG, mark=mark, stop=stop),), DAY)
    assert mark.price is not None
    assert result.open == (mark.price - 100_000) * 100
    assert (result.caution, result.worst) == (caution, result.net - caution)
    short = replace(LONG, side=Side.SELL, mark=Mark(100_200, MarkState.STALE), stop=100_500)
    assert day_result(0, 0, (short,), DAY).caution == 30_000


def test_the_day_counts_realised_open_charges_and_what_closing_costs() -> None:
    short = Holding(
        STOCK, Side.SELL, 10, 1_000_000, 4_000, 5_000, 101_000, mark=Mark(100_500, MarkState.STALE)
    )
    result = day_result(-50_000, 9_000, (LONG, short), DAY)
    closing = (
        order_charges(STOCK.kind, Side.SELL, 10_020_000, DAY).total
        + order_charges(STOCK.kind, Side.BUY, 1_005_000, DAY).total
    )
    assert (result.open, result.closing_charges) == (20_000 - 5_000, closing)
    assert result.net == -50_000 + 15_000 - 9_000 - closing
    assert result.state is MarkState.STALE


def test_an_entry_on_its_way_changes_no_result_but_counts_as_risk_and_exposure() -> None:
    waiting = Holding(STOCK, Side.BUY, 10, 1_000_000, 6_000, 7_000, working=True)
    result = day_result(0, 0, (waiting,), DAY)
    assert (result.net, result.unmarked, result.state) == (0, 0, MarkState.LIVE)
    assert open_risk((LONG, waiting)) == 67_000
    assert exposure((LONG, waiting)) == 10_020_000 + 1_000_000


def test_a_position_without_a_mark_is_counted_as_unmarked() -> None:
    result = day_result(0, 0, (replace(LONG, mark=Mark(None, MarkState.NOT_READY)),), DAY)
    assert (result.unmarked, result.state) == (1, MarkState.NOT_READY)


def test_one_unknown_risk_makes_the_sum_unknown() -> None:
    assert open_risk((LONG, replace(LONG, loss=None))) is None


def test_readings_forget_all_but_the_last_three_and_stand_while_the_book_is_the_same() -> None:
    readings = Readings()
    for number, touch in enumerate((100, 90, 95, 97)):
        readings = readings.read(touch, START + number, changed=True)
    assert (readings.touches, readings.since) == ((90, 95, 97), START + 3)
    assert readings.read(97, START + 9, changed=False).since == START + 3
    assert readings.believed(Side.BUY, stood=False) == 97
    assert readings.believed(Side.SELL, stood=False) == 90
    assert (readings.settled(Side.BUY), readings.settled(Side.SELL)) == (90, 97)
    gone = readings.read(None, START + 10, changed=True)
    assert (gone.touches, gone.empty, gone.empty_since) == ((90, 95, 97), True, START + 10)
    assert gone.read(None, START + 11, changed=True).empty_since == START + 10
    assert gone.read(96, START + 12, changed=False).since == START + 12


def test_fewer_than_three_readings_are_believed_only_once_one_has_stood() -> None:
    readings = Readings().read(100, START, changed=True).read(90, START + 1, changed=True)
    assert readings.believed(Side.BUY, stood=False) is None
    assert readings.settled(Side.BUY) is None
    assert readings.believed(Side.BUY, stood=True) == 90


@pytest.mark.parametrize(
    ("kind", "prices", "band"),
    [
        (InstrumentClass.STOCK, (98_000, 101_000), PriceBand(98_000, 102_000)),
        (InstrumentClass.STOCK, (97_990,), PriceBand(95_000, 102_000)),
        (InstrumentClass.STOCK, (90_000, 110_000), PriceBand(90_000, 110_000)),
        (InstrumentClass.STOCK, (89_990,), PriceBand(80_000, 102_000)),
        (InstrumentClass.AUCTION_STOCK, (97_990,), PriceBand(90_000, 110_000)),
        (InstrumentClass.AUCTION_STOCK, (89_990,), PriceBand(85_000, 110_000)),
        (InstrumentClass.OPTION, (97_990,), None),
    ],
)
def test_a_name_whose_circuits_nobody_told_has_the_narrowest_band_that_holds_its_day(
    kind: InstrumentClass, prices: tuple[int, ...], band: PriceBand | None
) -> None:
    assert narrowest_band(kind, 100_000, 10, prices) == band


@pytest.mark.parametrize(
    ("side", "price", "near"),
    [
        (Side.BUY, 90_900, True),
        (Side.BUY, 90_910, False),
        (Side.BUY, 89_000, True),
        (Side.SELL, 108_900, True),
        (Side.SELL, 108_890, False),
    ],
)
def test_a_price_is_at_the_circuit_within_one_percent_of_it(side: Side, price: int, near: bool) -> None:
    assert at_circuit(side, (None, price), PriceBand(90_000, 110_000), 10) is near


def test_close_to_nothing_five_ticks_are_near() -> None:
    assert at_circuit(Side.BUY, (30,), PriceBand(5, 1_000), 5)
    assert not at_circuit(Side.BUY, (35,), PriceBand(5, 1_000), 5)


@pytest.mark.parametrize(
    ("instrument", "side", "last", "price"),
    [
        (STOCK, Side.BUY, 90_500, 90_000),
        (STOCK, Side.BUY, 89_000, 89_000),
        (STOCK, Side.SELL, 109_500, 110_000),
        (OPTION, Side.BUY, 300_00, 180_00),
        (OPTION, Side.BUY, 50_00, 30_00),
        (OPTION, Side.BUY, 15_00, 5),
        (OPTION, Side.SELL, 50_05, 70_07),
    ],
)
def test_a_locked_position_is_worth_what_the_circuit_or_the_range_of_limit_prices_leaves(
    instrument: Instrument, side: Side, last: int, price: int
) -> None:
    assert locked_price(instrument, side, last, PriceBand(90_000, 110_000)) == price
