"""The market's own time: read off its arrivals, standing while the market is held, over once its last update came."""

from engine.market.clock import SECOND
from engine.market.market_clock import MarketClock

START = 1_765_769_569 * SECOND


def test_before_the_first_packet_the_timers_clock_is_all_there_is() -> None:
    clock = MarketClock()
    assert clock.time(START) == START
    assert clock.when(START, START) is None


def test_time_goes_on_between_packets_ahead_by_what_trades_led_their_arrivals() -> None:
    clock = MarketClock()
    clock.follow(START, START + 9 * SECOND, START + 2 * SECOND)
    assert clock.arrival_time(START + 10 * SECOND) == START + SECOND
    assert clock.time(START + 10 * SECOND) == START + 3 * SECOND


def test_a_past_instant_reaches_back_as_it_was() -> None:
    clock = MarketClock()
    clock.follow(START, START)
    clock.hold(START + SECOND, held=True)
    assert clock.time(START) == START
    assert clock.time(START + 9 * SECOND) == START + SECOND


def test_a_moment_of_the_market_is_due_when_the_timers_clock_will_read_it() -> None:
    clock = MarketClock()
    clock.follow(START, START + 5 * SECOND)
    assert clock.when(START + 3 * SECOND, START + 6 * SECOND) == START + 8 * SECOND
    assert clock.when(START - SECOND, START + 6 * SECOND) == START + 6 * SECOND


def test_nothing_is_due_on_a_clock_that_stands() -> None:
    clock = MarketClock()
    clock.follow(START, START)
    clock.end(START + SECOND)
    assert clock.stands
    assert clock.when(START + 3 * SECOND, START + 6 * SECOND) is None
    assert clock.time(START + 6 * SECOND) == START + SECOND
