from dataclasses import replace

import pytest

from engine.auction.context import Quality
from engine.market.charges import order_charges
from engine.risk.marks import Holding, Mark, day_result, exposure, mark_position, open_risk
from engine.setups.signal import Side
from tests.risk.builders import DAY, STOCK

LONG = Holding(STOCK, Side.BUY, 100, 10_000_000, 60_000, 99_500, mark=Mark(100_200, Quality.LIVE))


def test_a_long_is_marked_at_the_bid_and_a_short_at_the_ask() -> None:
    book = {"bid": 99_900, "ask": 100_100, "fresh": True, "last_mark": 1, "stop": 2}
    assert mark_position(Side.BUY, **book) == Mark(99_900, Quality.LIVE)  # type: ignore[arg-type]
    assert mark_position(Side.SELL, **book) == Mark(100_100, Quality.LIVE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("side", "last", "stop", "price"),
    [
        (Side.BUY, 100_000, 99_000, 99_000),
        (Side.BUY, 98_000, 99_000, 98_000),
        (Side.SELL, 100_000, 101_000, 101_000),
        (Side.SELL, 102_000, 101_000, 102_000),
        (Side.BUY, None, 99_000, 99_000),
        (Side.BUY, 98_000, None, 98_000),
    ],
)
def test_without_a_fresh_book_the_worse_of_last_mark_and_stop_counts_stale(
    side: Side, last: int | None, stop: int | None, price: int
) -> None:
    mark = mark_position(side, bid=1, ask=2, fresh=False, last_mark=last, stop=stop)
    assert mark == Mark(price, Quality.STALE)


def test_an_empty_exit_side_is_no_fresh_book() -> None:
    mark = mark_position(Side.BUY, bid=None, ask=100_000, fresh=True, last_mark=99_900, stop=99_500)
    assert mark == Mark(99_500, Quality.STALE)


def test_nothing_known_is_no_mark() -> None:
    mark = mark_position(Side.BUY, bid=None, ask=None, fresh=False, last_mark=None, stop=None)
    assert mark == Mark(None, Quality.NOT_READY)


def test_the_day_counts_realised_open_charges_and_what_closing_costs() -> None:
    short = Holding(STOCK, Side.SELL, 10, 1_000_000, 5_000, 101_000, mark=Mark(100_500, Quality.STALE))
    result = day_result(-50_000, 9_000, (LONG, short), DAY)
    closing = (
        order_charges(STOCK.kind, Side.SELL, 10_020_000, DAY).total
        + order_charges(STOCK.kind, Side.BUY, 1_005_000, DAY).total
    )
    assert (result.open, result.closing_charges) == (20_000 - 5_000, closing)
    assert result.net == -50_000 + 15_000 - 9_000 - closing
    assert result.quality is Quality.STALE


def test_an_entry_on_its_way_changes_no_result_but_counts_as_risk_and_exposure() -> None:
    waiting = Holding(STOCK, Side.BUY, 10, 1_000_000, 7_000, working=True)
    result = day_result(0, 0, (waiting,), DAY)
    assert (result.net, result.unmarked, result.quality) == (0, 0, Quality.LIVE)
    assert open_risk((LONG, waiting)) == 67_000
    assert exposure((LONG, waiting)) == 10_020_000 + 1_000_000


def test_a_position_without_a_mark_is_counted_as_unmarked() -> None:
    result = day_result(0, 0, (replace(LONG, mark=Mark(None, Quality.NOT_READY)),), DAY)
    assert (result.unmarked, result.quality) == (1, Quality.NOT_READY)


def test_one_unknown_risk_makes_the_sum_unknown() -> None:
    assert open_risk((LONG, replace(LONG, risk=None))) is None
