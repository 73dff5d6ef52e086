from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import Context, Hole
from engine.market.clock import MINUTE, SECOND
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.denial import Code, StopRefusal
from engine.risk.stop_controller import Stage12Controller, StopState, StopTerm
from tests.risk.builders import START, controller, make_bar, make_context, make_state

LATER = START + 60 * SECOND
FIVES = (make_bar(0, 100_500, 101_200, minutes=5), make_bar(1, 100_800, 101_500, minutes=5))


def look(
    stops: Stage12Controller,
    state: StopState,
    context: Context,
    *,
    bid: int | None,
    ask: int | None,
    now: int,
) -> StopState:
    """Look at the market in which the last three readings were alike."""
    mark = bid if state.side is Side.BUY else ask
    return stops.trail(state, context, bid=bid, ask=ask, mark=mark, now=now)


def test_nothing_trails_before_the_move_of_one_r() -> None:
    state = make_state()
    moved = look(controller(), state, make_context(fives=FIVES), bid=100_990, ask=101_000, now=LATER)
    assert not moved.trailing
    assert moved.trigger == state.trigger


def test_after_one_r_it_trails_behind_the_wider_of_structure_and_atr() -> None:
    by_structure = look(
        controller(), make_state(), make_context(fives=FIVES, atr=100), bid=101_500, ask=101_510, now=LATER
    )
    assert (by_structure.trigger, by_structure.term) == (100_490, StopTerm.TRAIL_STRUCTURE)
    by_atr = look(
        controller(), make_state(), make_context(fives=FIVES, atr=600), bid=101_500, ask=101_510, now=LATER
    )
    assert (by_atr.trigger, by_atr.term) == (100_300, StopTerm.TRAIL_ATR)
    assert by_atr.limit == 98_300  # two R beyond the trigger
    assert by_atr.moved_at == LATER


def test_the_atr_distance_hangs_on_the_best_mark_not_the_newest() -> None:
    seen = look(controller(), make_state(), make_context(fives=()), bid=102_000, ask=102_010, now=START)
    state = look(controller(), seen, make_context(fives=FIVES, atr=900), bid=101_000, ask=101_010, now=LATER)
    assert state.best == 102_000
    assert state.trigger == 100_200


def test_trailing_stays_on_when_price_falls_back() -> None:
    seen = look(controller(), make_state(), make_context(fives=()), bid=101_000, ask=101_010, now=START)
    assert seen.trailing
    later = look(controller(), seen, make_context(fives=FIVES, atr=100), bid=100_700, ask=100_710, now=LATER)
    assert later.trigger == 100_490


def test_a_move_below_a_quarter_r_waits() -> None:
    fives = (make_bar(0, 99_250, 101_000, minutes=5), make_bar(1, 100_800, 101_500, minutes=5))
    state = look(controller(), make_state(), make_context(fives=fives), bid=101_500, ask=101_510, now=LATER)
    assert state.trigger == 99_000  # 240 of the 250 needed
    enough = (make_bar(0, 99_260, 101_000, minutes=5), fives[1])
    state = look(controller(), make_state(), make_context(fives=enough), bid=101_500, ask=101_510, now=LATER)
    assert state.trigger == 99_250


def test_a_second_move_waits_fifteen_seconds() -> None:
    stops, context = controller(), make_context(fives=FIVES, atr=600)
    first = look(stops, make_state(), context, bid=101_500, ask=101_510, now=LATER)
    higher = make_context(fives=(FIVES[1], make_bar(2, 101_500, 102_500, minutes=5)), atr=100)
    soon = look(stops, first, higher, bid=102_500, ask=102_510, now=LATER + 15 * SECOND - 1)
    assert soon.trigger == first.trigger
    then = look(stops, soon, higher, bid=102_500, ask=102_510, now=LATER + 15 * SECOND)
    assert then.trigger == 100_790


def test_a_candidate_at_or_inside_the_spread_is_left_alone() -> None:
    seen = look(controller(), make_state(), make_context(), bid=102_000, ask=102_010, now=START)
    for bid in (100_490, 100_480):
        state = look(controller(), seen, make_context(fives=FIVES, atr=100), bid=bid, ask=bid + 10, now=LATER)
        assert state.trigger == seen.trigger


def test_without_a_fresh_book_nothing_moves() -> None:
    state = make_state()
    assert look(controller(), state, make_context(fives=FIVES), bid=None, ask=102_000, now=LATER) is state


@pytest.mark.parametrize("context", [make_context(fives=FIVES[:1]), make_context(fives=FIVES, atr=None)])
def test_without_structure_or_atr_nothing_trails(context: Context) -> None:
    state = look(controller(), make_state(), context, bid=102_000, ask=102_010, now=LATER)
    assert state.trigger == 99_000


def spike(
    *, volumes: tuple[int, int] = (401, 401), holes: tuple[Hole, ...] = (), placed: bool = True
) -> StopState:
    quiet = tuple(make_bar(number, 99_500, 100_500) for number in range(50))
    loud = (make_bar(50, 99_600, 100_400), make_bar(51, 99_700, 100_900))
    counts = (*(100,) * 50, *volumes) if placed else ()
    context = make_context(minutes=(*quiet, *loud), placed=counts, holes=holes)
    state = replace(make_state(), opened_at=START + 50 * MINUTE)
    return look(controller(), state, context, bid=100_800, ask=100_810, now=START + 52 * MINUTE)


def test_two_minutes_of_extreme_volume_pull_the_stop_to_their_far_side() -> None:
    state = spike()
    assert (state.trigger, state.term) == (99_590, StopTerm.SPIKE)


@pytest.mark.parametrize("volumes", [(400, 401), (401, 400), (100, 9_000)])
def test_one_loud_minute_is_no_spike(volumes: tuple[int, int]) -> None:
    assert spike(volumes=volumes).trigger == 99_000


def test_volume_that_was_not_reliably_placed_is_no_spike() -> None:
    assert spike(placed=False).trigger == 99_000


def test_a_hole_within_two_minutes_forbids_the_spike() -> None:
    begin = START + 40 * MINUTE
    near = Hole(begin, START + 48 * MINUTE + 1)
    far = Hole(begin, START + 48 * MINUTE)
    assert spike(holes=(near,)).trigger == 99_000
    assert spike(holes=(far,)).trigger == 99_590


def test_a_spike_before_the_entry_is_no_news() -> None:
    quiet = tuple(make_bar(number, 99_500, 100_500) for number in range(52))
    context = make_context(minutes=quiet, placed=(*(100,) * 50, 900, 900))
    state = replace(make_state(), opened_at=START + 52 * MINUTE)
    moved = look(controller(), state, context, bid=100_800, ask=100_810, now=START + 53 * MINUTE)
    assert moved.trigger == 99_000


def test_breakeven_is_the_entry_plus_costs_rounded_for_us() -> None:
    state = controller().breakeven(make_state(), charges_per_unit=33, bid=100_500, ask=100_510, now=START)
    assert isinstance(state, StopState)
    assert (state.trigger, state.term) == (100_040, StopTerm.BREAKEVEN)
    short = controller().breakeven(
        make_state(Side.SELL), charges_per_unit=33, bid=99_500, ask=99_510, now=START
    )
    assert isinstance(short, StopState)
    assert short.trigger == 99_960


@pytest.mark.parametrize(
    ("price", "bid", "code"),
    [(99_000, 100_500, Code.WIDENS), (100_500, 100_500, Code.INSIDE_SPREAD), (99_500, None, Code.NO_BOOK)],
)
def test_a_wished_stop_is_refused_with_its_reason(price: int, bid: int | None, code: Code) -> None:
    refusal = controller().tighten(make_state(), price, bid=bid, ask=100_510, now=START)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is code


def test_a_moved_stop_keeps_its_limit_in_the_band() -> None:
    state = make_state(band=PriceBand(99_800, 110_000))
    moved = controller().tighten(state, 100_000, bid=100_500, ask=100_510, now=START)
    assert isinstance(moved, StopState)
    assert moved.limit == 99_800


def test_locked_r_counts_from_the_entry() -> None:
    assert make_state().locked == -1
    moved = controller().tighten(make_state(), 100_500, bid=101_000, ask=101_010, now=START)
    assert isinstance(moved, StopState)
    assert moved.locked == pytest.approx(0.5)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trail", "breakeven", "tighten"]),
        st.integers(-3_000, 3_000),
        st.integers(1, 30),
        st.integers(0, 40),
        st.integers(0, 900),
    ),
    max_size=30,
)


@given(side=st.sampled_from(Side), steps=STEPS)
def test_no_path_of_the_market_ever_widens_a_stop_or_puts_it_into_the_spread(
    side: Side, steps: list[tuple[str, int, int, int, int]]
) -> None:
    stops, state, now = controller(), make_state(side), START
    for kind, move, spread, seconds, atr in steps:
        now += seconds * SECOND
        bid = 100_000 + move // 10 * 10
        ask = bid + spread * 10
        fives = tuple(make_bar(number, bid - 300, ask + 300, minutes=5) for number in range(3))
        before = state
        if kind == "trail":
            state = look(stops, state, make_context(fives=fives, atr=atr), bid=bid, ask=ask, now=now)
            if state.trigger != before.trigger:
                assert (state.trigger - before.trigger) * side.sign * 4 >= state.risk
                assert now - before.moved_at >= 15 * SECOND
        elif kind == "breakeven":
            found = stops.breakeven(state, charges_per_unit=atr, bid=bid, ask=ask, now=now)
            state = found if isinstance(found, StopState) else state
        else:
            found = stops.tighten(state, bid - atr, bid=bid, ask=ask, now=now)
            state = found if isinstance(found, StopState) else state
        assert (state.trigger - before.trigger) * side.sign >= 0
        assert state.trigger % state.tick == state.limit % state.tick == 0
        assert (state.best - before.best) * side.sign >= 0
        if state.trigger != before.trigger:
            assert state.trigger < bid if side is Side.BUY else state.trigger > ask
