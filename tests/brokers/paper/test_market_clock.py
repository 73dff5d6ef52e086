"""The exchange's stamps: its market's own time, never back, standing while the market is held."""

from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.paper.market_clock import MarketClock
from engine.market.clock import MINUTE, SECOND
from engine.market.update import MarketUpdate

START = 1_765_769_569 * SECOND


def update(arrival: int, lead: int = 0) -> MarketUpdate:
    return MarketUpdate(
        instrument="NSE_EQ|A",
        arrival=arrival,
        trade_time=arrival + lead,
        last=100_00,
        last_quantity=1,
        volume=1,
        previous_close=100_00,
        average_price=None,
        bids=(),
        asks=(),
        day=None,
        minute=None,
    )


def test_a_fill_behind_a_trade_that_led_its_arrival_is_not_stamped_before_it() -> None:
    clock = MarketClock()
    clock.follow(update(START, lead=6 * SECOND), START)
    assert clock.time(START + SECOND) == START + 7 * SECOND


def test_time_shown_is_the_markets_own_however_long_it_was_held() -> None:
    clock = MarketClock()
    clock.follow(update(START), START)
    clock.hold(START + SECOND, held=True)
    assert clock.time(START + 60 * SECOND) == START + SECOND
    clock.hold(START + 100 * SECOND, held=False)
    clock.follow(update(START + 2 * SECOND), START + 101 * SECOND)
    assert clock.time(START + 101 * SECOND) == START + 2 * SECOND


def test_a_trade_time_from_another_day_moves_nothing() -> None:
    clock = MarketClock()
    clock.follow(update(START, lead=2 * MINUTE), START)
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
    clock = MarketClock()
    now, arrival = START, START
    clock.follow(update(START), START)
    stamp = clock.time(now)
    for what, passed, lead in steps:
        now += passed
        if what == "update":
            arrival += passed // 2
            clock.follow(update(arrival, lead), now)
        else:
            clock.hold(now, held=what == "hold")
        assert clock.time(now) >= stamp
        stamp = clock.time(now)
