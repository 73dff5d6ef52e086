"""A price that cannot be true is held back until the market agrees; what can be true is never touched."""

from datetime import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from engine.auction.state.auctions import Auctions
from engine.core.doubtful_prints import Prints
from engine.core.market_state import MarketState
from engine.market.circuits import Circuits
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.session import trading_day
from engine.market.update import Bar, Level, MarketUpdate
from tests.core.market import DAY, INSTRUMENTS, OPTION, STOCK

TEN: Instant = instant_at(DAY, time(10, 0))
OPENING: Instant = instant_at(DAY, time(9, 15))
CLOSE = 1_000_00


def judge() -> Prints:
    day = trading_day(DAY, config.SessionSettings())
    return Prints(MarketState(INSTRUMENTS, day), Auctions(INSTRUMENTS, day, config.Settings()))


def packet(
    second: int,
    last: int,
    *,
    high: int = 1_010_00,
    low: int = 990_00,
    middle: int | None = None,
    size: int = 10,
    key: str = STOCK,
    minute: tuple[int, int] | None = None,
) -> MarketUpdate:
    """Return a packet whose book lies about ``middle``, where the last price is when nothing is said."""
    at = TEN + second * SECOND
    about = last if middle is None else middle
    bids: tuple[Level, ...] = ((about - 5, size), (about - 10, 20))
    asks: tuple[Level, ...] = ((about + 5, size), (about + 10, 20))
    return MarketUpdate(
        key,
        at,
        at - SECOND // 5,
        last,
        1,
        1_000 + second,
        CLOSE,
        bids,
        asks,
        day=Bar(OPENING, CLOSE, high, low, last, 1_000 + second),
        minute=None if minute is None else Bar(TEN, CLOSE, minute[1], minute[0], CLOSE, 10),
    )


def test_one_impossible_print_changes_nothing_and_its_bars_never_do() -> None:
    prints = judge()
    assert prints.judge(packet(0, 1_000_00)).last == 1_000_00
    odd = prints.judge(packet(1, 3_000_00, high=3_000_00, middle=1_000_00))
    assert odd.day is not None
    assert (odd.last, odd.day.high, odd.day.close) == (1_000_00, 1_010_00, 1_000_00)
    after = prints.judge(packet(2, 1_000_05, high=3_000_00, minute=(999_00, 3_000_00)))
    assert after.day is not None
    assert (after.last, after.day.high, after.day.low, after.minute) == (1_000_05, 1_010_00, 990_00, None)
    [held] = prints.take_news()
    assert (held.instrument, held.price, prints.take_news()) == (STOCK, 3_000_00, [])


def test_a_print_outside_the_band_is_not_believed_however_long_it_stands() -> None:
    prints = judge()
    prints.judge(packet(0, 1_000_00))
    for second in range(1, 20):
        odd = packet(second, 500_00, low=500_00, middle=1_000_00, size=second)
        assert prints.judge(odd).last == 1_000_00
    assert prints.beyond == {STOCK: 500_00}


def test_a_print_outside_the_band_is_believed_once_three_new_books_lie_beside_it() -> None:
    prints = judge()
    prints.judge(packet(0, 1_000_00))
    seen = [prints.judge(packet(second, 1_120_00, high=1_120_00, size=second)).last for second in range(1, 5)]
    assert seen == [1_000_00, 1_000_00, 1_120_00, 1_120_00]
    assert prints.beyond == {}
    # The same book three times over is one book.
    prints.judge(packet(6, 1_000_00))
    repeated = [prints.judge(packet(second, 1_300_00, size=7)).last for second in range(7, 12)]
    assert set(repeated) == {1_000_00}


def test_a_band_that_is_read_again_frees_the_print_at_once() -> None:
    day = trading_day(DAY, config.SessionSettings())
    market_state = MarketState(INSTRUMENTS, day)
    prints = Prints(market_state, Auctions(INSTRUMENTS, day, config.Settings()))
    market_state.learn_circuits(Circuits(TEN, {STOCK: (900_00, 1_100_00)}))
    prints.judge(packet(0, 1_090_00))
    assert prints.judge(packet(1, 1_130_00, middle=1_130_00)).last == 1_090_00
    market_state.learn_circuits(Circuits(TEN, {STOCK: (850_00, 1_150_00)}))
    assert prints.judge(packet(2, 1_130_00, middle=1_130_00)).last == 1_130_00
    assert prints.beyond == {}


def test_a_print_inside_the_band_and_far_from_the_book_waits_for_two_seconds_or_the_feeds_own_bar() -> None:
    prints = judge()
    prints.judge(packet(0, 1_000_00))
    assert prints.judge(packet(1, 1_050_00, middle=1_000_00)).last == 1_000_00
    assert prints.judge(packet(2, 1_050_00, middle=1_000_00)).last == 1_000_00
    assert prints.judge(packet(3, 1_050_00, middle=1_000_00)).last == 1_050_00
    prints = judge()
    prints.judge(packet(0, 1_000_00))
    assert prints.judge(packet(1, 1_050_00, high=1_050_00, middle=1_000_00)).last == 1_050_00


def test_a_day_joined_beyond_an_assumed_band_is_read_where_its_book_stands() -> None:
    prints = judge()
    joined = prints.judge(packet(0, 1_140_00, high=1_145_00, low=1_120_00))
    assert joined.day is not None
    assert (joined.last, joined.day.high, joined.day.low) == (1_140_00, 1_145_00, 1_120_00)
    assert prints.take_news() == []


def test_a_book_with_one_side_doubts_nothing_inside_the_band() -> None:
    prints = judge()
    prints.judge(packet(0, 1_000_00))
    locked = msgspec.structs.replace(packet(1, 905_00, low=905_00), bids=())
    assert prints.judge(locked) is locked


def test_an_option_has_no_band_but_a_book() -> None:
    prints = judge()
    prints.judge(packet(0, 300_00, key=OPTION, high=300_00, low=300_00))
    doubled = packet(1, 600_00, key=OPTION, high=600_00, low=300_00)
    assert prints.judge(doubled) is doubled
    odd = packet(2, 900_00, key=OPTION, high=600_00, low=300_00, middle=600_00)
    assert prints.judge(odd).last == 600_00


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=80))
def test_a_market_that_trades_at_its_book_inside_its_band_passes_untouched(steps: list[int]) -> None:
    prints, price, high, low = judge(), CLOSE, CLOSE, CLOSE
    for second, step in enumerate(steps):
        price = min(max(price + 5 * step, 905_00), 1_095_00)
        high, low = max(high, price), min(low, price)
        told = packet(second, price, high=high, low=low, size=10 + second % 3, minute=(low, high))
        assert prints.judge(told) is told


@given(st.lists(st.tuples(st.integers(1, 5_000_00), st.booleans()), min_size=1, max_size=60))
@pytest.mark.parametrize("key", [STOCK, OPTION])
def test_nothing_that_is_judged_is_ever_less_than_whole(key: str, prices: list[tuple[int, bool]]) -> None:
    prints = judge()
    for second, (price, beside) in enumerate(prices):
        middle = price if beside else 1_000_00
        judged = prints.judge(
            packet(
                second, price, high=max(price, CLOSE), low=min(price, CLOSE), middle=max(middle, 20), key=key
            )
        )
        day = judged.day
        assert judged.last > 0
        assert day is not None
        assert 0 < day.low <= day.open <= day.high
        assert (judged.volume, judged.trade_time) == (1_000 + second, TEN + second * SECOND - SECOND // 5)
