"""What an odd market does to marks, limits, trails and entries: one odd book moves nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import config
from engine.contract.commands import Outcome
from engine.core import Core, Ids, Wake
from engine.core.market_state import BookChange
from engine.market.circuits import Circuits
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.trade import Trade
from engine.risk.marks import Mark, MarkState
from tests.core.entries import answered, buy
from tests.core.faults import said, stopped
from tests.core.hostile import DAY, INSTRUMENTS, OPTION, OTHER, PRICES, ROOMY, STOCK, TICK, World
from tests.core.packets import show

HOLLOW = 700_00
"""A bid at which either position alone has lost more than the day may."""


def good(world: World, key: str = STOCK, *, step: int = 200 * MILLISECOND) -> None:
    """Let one packet with an ordinary book come."""
    price = world.prices[key]
    show(world, key, bid=price - TICK, ask=price + TICK, step=step)


def both(world: World | None = None) -> World:
    """Return a world that holds two protected positions, three ordinary books behind each."""
    world = world or World()
    for key in (STOCK, OTHER):
        assert buy(world, key, f"buy {key}").outcome is Outcome.ACCEPTED, answered(world, f"buy {key}").text
        world.run(2 * SECOND)
    for _ in range(3):
        good(world, STOCK)
        good(world, OTHER)
    return world


def held(world: World, key: str = STOCK) -> Trade:
    trade = world.core.manager.portfolio.current(key)
    assert trade is not None
    return trade


def mark(world: World, key: str = STOCK) -> Mark:
    return world.core.account.marking.mark(held(world, key), world.now)


def hollow(world: World, key: str = STOCK) -> None:
    price = world.prices[key]
    show(world, key, bid=HOLLOW if key == STOCK else 100_00, ask=price + TICK)


def repeat(world: World, packet: MarketUpdate, step: int = 100 * MILLISECOND) -> None:
    world.run(step)
    world.tell(
        MarketUpdate(
            packet.instrument,
            world.now,
            packet.trade_time,
            packet.last,
            packet.last_quantity,
            packet.volume,
            packet.previous_close,
            packet.bids,
            packet.asks,
        )
    )


def newest(world: World, key: str = STOCK) -> MarketUpdate:
    packet = world.core.market_state.update(key)
    assert packet is not None
    return packet


def test_one_odd_book_trips_nothing_while_another_holding_gets_eight_packets() -> None:
    world = both()
    hollow(world)
    assert world.core.account.result(world.now).net <= -world.core.limits.loss_limit
    assert mark(world) == Mark(HOLLOW, MarkState.LIVE, world.now)
    for _ in range(8):
        good(world, OTHER, step=100 * MILLISECOND)
    good(world)
    assert not stopped(world)
    assert world.core.latch is None
    assert all(held(world, key).open for key in (STOCK, OTHER))


def test_a_hollow_book_that_is_repeated_byte_for_byte_is_one_reading() -> None:
    world = both()
    hollow(world)
    packet = newest(world)
    for _ in range(5):
        repeat(world, packet)
    # Not even for longer than a book has to stand: a repeat is no sign that the market goes on.
    repeat(world, packet, 4 * SECOND)
    good(world)
    assert not stopped(world)


def test_a_fill_is_no_reading() -> None:
    world = both()
    hollow(world)
    assert buy(world, OPTION).outcome is Outcome.REFUSED
    before = world.core.account.marking.believed(held(world))
    for order in list(world.live(STOCK)):
        world.fill(order, 1, world.prices[STOCK] - TICK)
        world.run(200 * MILLISECOND)
    assert world.core.account.marking.believed(held(world)) == before
    assert not stopped(world)


@pytest.mark.parametrize("key", [STOCK, OTHER])
def test_three_readings_of_the_holding_that_agree_trip_the_limit(key: str) -> None:
    # With the usual room, the gap risk of the first leaves the second too little to lose a day's limit with.
    world = both(World(ROOMY))
    other = OTHER if key == STOCK else STOCK
    for number in range(3):
        assert not stopped(world), number
        hollow(world, key)
        good(world, other)
    assert stopped(world)
    assert world.core.limits.stopped_result is not None
    assert world.core.limits.stopped_result <= -world.core.limits.loss_limit


def test_the_least_adverse_of_three_readings_counts() -> None:
    world = both()
    quantity = held(world).open_quantity
    # A fall that only the newest two books take beyond the limit.
    enough = world.prices[STOCK] - world.core.limits.loss_limit // quantity - 100_00
    for bid in (world.prices[STOCK] - 10_00, enough, enough):
        show(world, bid=bid, ask=world.prices[STOCK])
    assert not stopped(world)
    show(world, bid=enough, ask=world.prices[STOCK])
    assert stopped(world)


def test_a_standing_book_confirmed_by_later_trades_is_read_again() -> None:
    world = both()
    hollow(world)
    packet = newest(world)
    for number in (1, 2):
        assert not stopped(world)
        world.run(200 * MILLISECOND)
        world.tell(
            MarketUpdate(
                STOCK,
                world.now,
                packet.trade_time + number,
                packet.last,
                10,
                packet.volume + 10 * number,
                packet.previous_close,
                packet.bids,
                packet.asks,
            )
        )
    assert stopped(world)


def test_one_book_that_has_stood_three_seconds_trips_while_its_segment_ticks() -> None:
    world = both()
    hollow(world)
    for _ in range(14):
        good(world, OTHER)
        assert not stopped(world)
    good(world, OTHER)
    assert stopped(world)


def test_another_segment_does_not_make_a_book_stand() -> None:
    world = both()
    hollow(world)
    for _ in range(20):
        good(world, OPTION)
    assert not stopped(world)


def test_a_silent_feed_trips_nothing_and_its_first_packet_does_not_either() -> None:
    world = both()
    hollow(world)
    world.run(60 * SECOND)
    assert not stopped(world)
    good(world, OTHER)
    assert not stopped(world)


def test_an_outage_leaves_the_open_result_as_it_was_and_says_how_old_it_is() -> None:
    world = both()
    before = world.core.account.result(world.now)
    assert before.state is MarkState.LIVE
    world.run(30 * SECOND)
    after = world.core.account.result(world.now)
    assert (after.open, after.net) == (before.open, before.net)
    assert after.state is MarkState.STALE
    seen = mark(world)
    assert (seen.price, seen.since) == (world.prices[STOCK] - TICK, newest(world).arrival)


def test_entries_are_judged_by_what_the_stops_would_cost_while_a_mark_is_stale() -> None:
    world = both()
    world.run(10 * SECOND)
    holdings = world.core.account.holdings(world.now)
    result = world.core.account.result(world.now, holdings)
    at_stops = 0
    for one in holdings:
        assert one.stop is not None
        assert one.mark.price is not None
        at_stops += (one.stop - one.mark.price) * one.quantity
    assert at_stops < 0
    assert result.worst == result.net + at_stops
    judged = world.core.limits.rooms(holdings, result, margin_available=None).day_loss
    at_marks = replace(result, caution=0)
    assert judged == world.core.limits.rooms(holdings, at_marks, margin_available=None).day_loss + at_stops


def empty(world: World, key: str, last: int, *, side: Side = Side.BUY, packets: int = 17) -> None:
    """Let nobody stand on the exit side of a position for over three seconds; nothing can be closed."""
    world.liquidity[key] = 0
    for _ in range(packets):
        if side is Side.BUY:
            show(world, key, ask=last, last=last)
        else:
            show(world, key, bid=last, last=last)


def test_a_long_without_bids_at_its_lower_circuit_is_locked_and_blocks_every_entry() -> None:
    world = both()
    circuit = 980_00
    world.tell(Circuits(world.now, {STOCK: (circuit, 1_020_00)}))
    empty(world, STOCK, circuit, packets=15)
    assert mark(world).state is MarkState.ONE_SIDED
    assert not said(world, "LOCKED")
    show(world, STOCK, ask=circuit, last=circuit)
    assert (mark(world).price, mark(world).state) == (circuit, MarkState.LOCKED)
    assert said(world, "is LOCKED at the circuit: nobody bids")
    assert world.core.account.locked() == (STOCK,)
    good(world, OPTION)
    refused = buy(world, OPTION, "elsewhere")
    assert refused.outcome is Outcome.REFUSED
    assert "LOCKED" in refused.text
    trade = held(world)
    lost = circuit * trade.open_quantity - trade.entry_value
    assert lost < 0
    other = held(world, OTHER)
    gained = (other.entry_value // other.entry_quantity) * other.open_quantity - other.entry_value
    assert abs(world.core.account.believed(world.now).open - lost - gained) < 100_000


def test_where_no_circuit_was_told_the_narrowest_band_of_the_class_that_holds_the_day_locks() -> None:
    world = both()
    empty(world, STOCK, 900_00)
    assert (mark(world).price, mark(world).state) == (900_00, MarkState.LOCKED)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_locked_position_stays_locked_where_packets_come_half_a_minute_apart(side: Side) -> None:
    world = World()
    assert buy(world, STOCK, "first", side).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    good(world)
    circuit = PRICES[STOCK] - side.sign * PRICES[STOCK] // 10
    world.tell(
        Circuits(world.now, {STOCK: (PRICES[STOCK] * 9 // 10, PRICES[STOCK] * 11 // 10)}),
    )
    empty(world, STOCK, circuit, side=side)
    assert mark(world).state is MarkState.LOCKED
    for _ in range(2):
        world.run(30 * SECOND)
        empty(world, STOCK, circuit, packets=1, side=side)
        assert (mark(world).price, mark(world).state) == (circuit, MarkState.LOCKED)


def test_one_empty_side_after_an_outage_is_no_lock_yet() -> None:
    world = both()
    world.run(30 * SECOND)
    empty(world, STOCK, 900_00, packets=1)
    assert mark(world).state is not MarkState.LOCKED
    world.run(30 * SECOND)
    empty(world, STOCK, 900_00, packets=1)
    assert (mark(world).price, mark(world).state) == (900_00, MarkState.LOCKED)


def test_a_locked_loss_counts_in_the_days_limit_without_any_reading() -> None:
    world = both()
    empty(world, STOCK, 600_00)
    assert mark(world).state is MarkState.LOCKED
    assert stopped(world)


@pytest.mark.parametrize(
    ("circuit", "last", "marked"),
    [
        ((950_00, 1_050_00), 950_00, 950_00),
        ((950_00, 1_050_00), 958_00, 950_00),
        ((980_00, 1_020_00), 980_00, 980_00),
    ],
)
def test_the_circuit_the_broker_told_is_the_one_that_locks(
    circuit: tuple[int, int], last: int, marked: int
) -> None:
    world = both()
    world.tell(Circuits(world.now, {STOCK: circuit}))
    assert world.core.market_state.band(STOCK).lower == circuit[0]  # type: ignore[union-attr]
    empty(world, STOCK, last)
    assert mark(world) == Mark(marked, MarkState.LOCKED, mark(world).since)


def test_told_circuits_that_the_market_has_left_are_not_gone_by() -> None:
    world = both()
    world.tell(Circuits(world.now, {STOCK: (950_00, 1_050_00)}))
    show(world, bid=939_95, ask=940_05, last=940_00)
    assert world.core.market_state.left_circuits(STOCK)
    band = world.core.market_state.band(STOCK)
    assert band is not None
    assert band.lower == 900_00


def test_nobody_on_the_exit_side_away_from_the_circuit_keeps_the_mark_and_trips_nothing() -> None:
    world = both(World(config.Settings.model_validate({"risk": {"risk_per_trade_pct": 0.5}})))
    before = mark(world).price
    empty(world, STOCK, 930_00, packets=40)
    assert (mark(world).price, mark(world).state) == (before, MarkState.ONE_SIDED)
    assert said(world, "is ONE-SIDED: nobody bids")
    assert not stopped(world)
    assert world.core.account.locked() == ()
    good(world, OPTION)
    assert buy(world, OPTION, "elsewhere").outcome is Outcome.ACCEPTED
    good(world)
    assert said(world, "has both sides of its book again")
    assert mark(world).state is MarkState.LIVE


def test_nothing_is_entered_in_a_book_with_one_side() -> None:
    world = World()
    show(world, ask=world.prices[STOCK] + TICK)
    refused = buy(world)
    assert refused.outcome is Outcome.REFUSED
    assert "ONE_SIDED" in refused.text


def test_a_locked_option_is_marked_below_its_last_by_the_range_of_limit_prices() -> None:
    world = World()
    assert buy(world, OPTION).outcome is Outcome.ACCEPTED, answered(world, "buy").text
    world.run(2 * SECOND)
    world.tell(Circuits(world.now, {OPTION: (200_00, 600_00)}))
    empty(world, OPTION, 200_00)
    assert (mark(world, OPTION).price, mark(world, OPTION).state) == (120_00, MarkState.LOCKED)


def best(world: World) -> int:
    stop = held(world).stop
    assert stop is not None
    return stop.best


def test_one_odd_book_moves_neither_the_best_price_nor_the_trail() -> None:
    world = both()
    before = best(world)
    high = world.prices[STOCK] + 200_00
    show(world, bid=high, ask=high + TICK)
    show(world, bid=high, ask=high + TICK)
    good(world)
    good(world)
    assert best(world) == before
    for price in (high, high + 10_00, high + 20_00):
        show(world, bid=price, ask=price + TICK)
    assert best(world) == high


def equity(world: World) -> int:
    world.core.journal.equity(f"test:{world.now}", world.now)
    world.run(MILLISECOND)
    world.tell(Wake())
    payload = [record.payload for record in world.records if record.kind == "equity"][-1]
    assert isinstance(payload, dict)
    net = payload["net"]
    assert isinstance(net, int)
    return net


def test_an_odd_book_enters_neither_a_peak_nor_a_fall_of_the_marked_result() -> None:
    world = both()
    ordinary = equity(world)
    hollow(world)
    assert equity(world) == ordinary
    good(world)
    good(world)
    good(world)
    show(world, bid=1_500_00, ask=1_500_10)
    assert equity(world) == ordinary
    for _ in range(3):
        hollow(world)
    assert equity(world) < ordinary - 100_000


def packets(start: int) -> Callable[..., MarketUpdate]:
    def made(
        *, price: int = 100_00, volume: int = 10, trade: int = 0, total: int | None = None
    ) -> MarketUpdate:
        return MarketUpdate(
            STOCK,
            start,
            start + trade,
            price,
            1,
            volume,
            100_00,
            ((price, 5),),
            ((price + 5, 5),),
            total_buy=total,
        )

    return made


def test_what_a_packet_adds_is_told_apart() -> None:
    world = World()
    now = world.now
    made = packets(now)
    market_state = Core(world.settings, INSTRUMENTS, world.day, "replay", 1_000_000_00, Ids("Z")).market_state
    assert world.day.day == DAY
    assert market_state.take(made(), now) is BookChange.CHANGED
    assert market_state.take(made(), now) is BookChange.REPEAT
    assert market_state.take(made(total=7), now) is BookChange.BOOKLESS
    assert market_state.take(made(total=7, volume=11), now) is BookChange.CONFIRMED
    assert market_state.take(made(total=7, volume=11, trade=1), now) is BookChange.CONFIRMED
    assert market_state.take(made(price=100_05, total=7, volume=11, trade=1), now) is BookChange.CHANGED
