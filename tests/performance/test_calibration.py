"""A paper result beside itself with its stops filled as live ones are: never below thirty, never in its stead."""

from itertools import repeat

import msgspec
import pytest

from engine.market.instrument import InstrumentClass
from engine.orders.trade import StopSlip
from engine.performance.calibration import Calibrated, calibrated, describe, live_slippage
from engine.performance.trade import ClosedTrade
from tests.performance.builders import make_trade

STOCK, OPTION = InstrumentClass.STOCK, InstrumentClass.OPTION


def stopped(net: int, slip: int, worth: int = 1_000_000, kind: InstrumentClass = STOCK) -> ClosedTrade:
    return msgspec.structs.replace(make_trade(net), stop_slip=StopSlip(kind, slip, worth))


def live(count: int, slip: int = 500, kind: InstrumentClass = STOCK) -> list[StopSlip]:
    """Return fired stops of live trades: each slipped by so many paise of 10,000.00."""
    return list(repeat(StopSlip(kind, slip, 1_000_000), count))


@pytest.mark.parametrize(("count", "known"), [(0, False), (29, False), (30, True)])
def test_no_figure_is_shown_before_thirty_live_fills_of_a_class(count: int, known: bool) -> None:
    found = calibrated([stopped(-9_000, 2_000)], live_slippage(live(count)))
    assert (found is not None) == known


def test_a_fired_stop_is_filled_where_live_ones_of_its_class_are_on_average() -> None:
    trades = [stopped(-9_000, 2_000), make_trade(5_000)]
    assert calibrated(trades, live_slippage(live(30))) == Calibrated(-9_000 + 2_000 - 500 + 5_000, 1, 0)


def test_live_fills_that_slip_more_than_paper_make_the_calibrated_result_worse() -> None:
    found = calibrated([stopped(-9_000, 200)], live_slippage(live(30)))
    assert found is not None
    assert found.net == -9_300


def test_the_mean_goes_by_worth_and_is_rounded_to_the_worse_side() -> None:
    slips = [*live(29, slip=0), StopSlip(STOCK, 1_000, 71_000_000)]
    found = calibrated([stopped(0, 0, worth=1_000_000)], live_slippage(slips))
    assert found is not None
    assert found.net == -10
    slower = calibrated([stopped(0, 0, worth=1_000_001)], live_slippage(slips))
    assert slower is not None
    assert slower.net == -11


def test_a_class_with_fewer_live_fills_stays_as_paper_filled_it_and_is_told() -> None:
    slips = live_slippage([*live(30), *live(29, kind=OPTION)])
    found = calibrated([stopped(-9_000, 2_000), stopped(-7_000, 3_000, kind=OPTION)], slips)
    assert found == Calibrated(-9_000 + 1_500 - 7_000, 1, 1)
    text = describe(found, slips)
    assert text.startswith("the same with 1 fired stop filled as in live: stock +0.050 % by 30 live fills")
    assert "1 of classes with fewer than 30 stay as paper filled them" in text


def test_before_that_it_says_how_many_there_are() -> None:
    slips = live_slippage([*live(12), *live(3, kind=OPTION)])
    assert (
        describe(None, slips)
        == "no figure before 30 stops of a class have fired in live (12 of stock so far)"
    )
    assert describe(None, ()).endswith("(none so far)")
