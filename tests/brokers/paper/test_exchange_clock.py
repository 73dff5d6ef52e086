"""The exchange's stamps: its market's own time, never back, standing while the market is held."""

from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.paper.exchange_clock import ExchangeClock
from engine.market.clock import MINUTE, SECOND

START = 1_765_769_569 * SECOND


def test_a_fill_behind_a_trade_that_led_its_arrival_is_not_stamped_before_it() -> None:
    clock = ExchangeClock()
    clock.follow(START, START, START + 6 * SECOND)
    assert clock.time(START + SECOND) == START + 7 * SECOND


def test_time_shown_is_the_markets_own_however_long_it_was_held() -> None:
    clock = ExchangeClock()
    clock.follow(START, START, START)
    clock.hold(START + SECOND, held=True)
    assert clock.time(START + 60 * SECOND) == START + SECOND
    clock.hold(START + 100 * SECOND, held=False)
    clock.follow(START + 2 * SECOND, START + 101 * SECOND)
    assert clock.time(START + 101 * SECOND) == START + 2 * SECOND


def test_a_trade_time_from_another_day_moves_nothing() -> None:
    clock = ExchangeClock()
    clock.follow(START, START, START + 2 * MINUTE)
    assert clock.time(START) == START


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("update", "hold", "go")),
            st.integers(0, 5_000_000),
            st.integers(-9_000_000, 70_000_000),
        ),
        max_size=30,
    )
)
def test_stamps_never_go_back(steps: list[tuple[str, int, int]]) -> None:
    clock = ExchangeClock()
    now, arrival = START, START
    clock.follow(START, START, START)
    stamp = clock.time(now)
    for what, passed, lead in steps:
        now += passed
        if what == "update":
            arrival += passed // 2
            clock.follow(arrival, now, arrival + lead)
        else:
            clock.hold(now, held=what == "hold")
        assert clock.time(now) >= stamp
        stamp = clock.time(now)
