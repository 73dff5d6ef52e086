from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import AverageRange, Context, Hole, Quality
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE, SECOND
from engine.market.side import Side
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Signal
from tests.setups.builders import FIVE, HIGH, LOW, PRIOR, ROW, STOCK, Day, bar_start, make_context, mirror

INSIDE = (100_400, 100_900, 100_600)
TAKEN = (100_700, 101_200, 101_100)
"""Four rows above the initial balance, closed outside."""
BACK = (100_800, 101_150, 100_900)
"""Two rows inside again."""
OUTSIDE = (101_060, 101_200, 101_150)


def run(day: Day, setup: FailedAuction | None = None) -> list[Signal | Refusal]:
    """Let a setup see the day bar by bar; everything it said, oldest first."""
    setup = setup or FailedAuction(STOCK.key)
    said = []
    for count in range(1, len(day.bars) + 1):
        newest = count == len(day.bars)
        part = replace(day, bars=day.bars[:count], last=day.last if newest else None)
        decision = setup.evaluate(make_context(part))
        if decision is not None:
            said.append(decision)
    return said


def only_signal(day: Day) -> Signal:
    (said,) = run(day)
    assert isinstance(said, Signal)
    return said


def only_refusal(day: Day) -> Refusal:
    (said,) = run(day)
    assert isinstance(said, Refusal)
    return said


def test_a_failed_high_is_a_short_with_stop_and_targets() -> None:
    signal = only_signal(Day((INSIDE, TAKEN, BACK)))
    assert (signal.side, signal.price) == (Side.SELL, 100_900)
    assert signal.stop_reference == 101_200 + ROW
    assert (signal.target_1, signal.target_2) == (100_500, LOW)
    assert signal.evidence["edge"] == "IB high"
    assert signal.evidence["probe_rows"] == 4
    assert signal.evidence["close_rows_inside"] == 2
    assert signal.evidence["probe_share_of_range"] == 0.05
    assert signal.evidence["average_range_quality"] == "ESTIMATED"
    assert "initial balance only" in str(signal.evidence["levels"])


def test_a_failed_low_is_the_long_that_mirrors_it() -> None:
    setup = FailedAuction(STOCK.key)
    for count in (1, 2):
        assert setup.evaluate(mirror(make_context(Day((INSIDE, TAKEN, BACK)[:count])))) is None
    signal = setup.evaluate(mirror(make_context(Day((INSIDE, TAKEN, BACK)))))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price) == (Side.BUY, 100_100)
    assert signal.stop_reference == 99_800 - ROW
    assert (signal.target_1, signal.target_2) == (100_500, HIGH)


def test_one_bar_may_take_the_edge_and_close_back_inside() -> None:
    signal = only_signal(Day((INSIDE, (100_700, 101_150, 100_950))))
    assert signal.stop_reference == 101_200


def test_the_trigger_may_come_in_the_next_bracket() -> None:
    bars = (*[INSIDE] * 4, TAKEN, OUTSIDE, OUTSIDE, BACK)
    assert only_signal(Day(bars)).evidence["brackets_later"] == 1


def test_the_nearer_of_middle_and_poc_that_pays_is_the_first_target() -> None:
    shallow = (100_800, 101_060, 100_950)
    near = only_signal(Day((INSIDE, shallow), poc=100_300))
    assert (near.target_1, near.evidence["target_1"]) == (100_500, "IB middle")
    poc = only_signal(Day((INSIDE, shallow), poc=100_700))
    assert (poc.target_1, poc.evidence["target_1"]) == (100_740, "volume POC")
    too_near = only_signal(Day((INSIDE, shallow), poc=100_850))
    assert too_near.target_1 == 100_500
    unpaid = only_signal(Day((INSIDE, TAKEN, BACK), poc=100_300))
    assert (unpaid.target_1, unpaid.evidence["target_1"]) == (100_340, "volume POC")


def test_the_farther_target_is_named_when_neither_pays() -> None:
    signal = only_signal(Day((INSIDE, TAKEN, (100_500, 101_150, 100_600)), poc=100_300))
    assert signal.target_1 == 100_340


def test_after_a_late_start_the_tpo_poc_is_used_because_the_volume_poc_is_partial() -> None:
    day = Day((INSIDE, (100_800, 101_060, 100_950)), poc=100_600, partial_since=bar_start(-9))
    signal = only_signal(day)
    assert (signal.target_1, signal.evidence["poc_source"]) == (100_740, "TPO POC")


@pytest.mark.parametrize(
    "bars",
    [
        (INSIDE, (100_700, 101_040, 100_900)),
        (INSIDE, TAKEN, (100_900, 101_100, 100_960)),
        (INSIDE, TAKEN, OUTSIDE),
        (INSIDE, INSIDE),
        ((100_960, 101_000, 100_990), INSIDE),
    ],
    ids=["under a row beyond", "under a row inside", "still outside", "never out", "only at the edge"],
)
def test_look_alikes_say_nothing(bars: tuple[tuple[int, int, int], ...]) -> None:
    assert run(Day(bars)) == []


def test_a_probe_beyond_a_tenth_of_the_range_is_refused_once() -> None:
    deep = (100_700, 101_401, 101_300)
    refusal = only_refusal(Day((INSIDE, deep, OUTSIDE, BACK)))
    assert refusal.code == "PROBE_TOO_FAR"
    assert only_signal(Day((INSIDE, (100_700, 101_400, 101_300), BACK))).side is Side.SELL


def test_acceptance_is_two_brackets_closing_beyond() -> None:
    bars = (*[INSIDE] * 5, TAKEN, *[OUTSIDE] * 6, BACK)
    refusal = only_refusal(Day(bars))
    assert refusal.code == "ACCEPTED"
    assert refusal.time == bar_start(11) + FIVE + SECOND


def test_neither_accepted_nor_back_within_two_brackets_is_refused() -> None:
    testing = (100_900, 101_150, 100_980)
    bars = (*[INSIDE] * 5, TAKEN, *[testing] * 6, BACK)
    refusal = only_refusal(Day(bars))
    assert refusal.code == "WINDOW_CLOSED"


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (Day((TAKEN, BACK), day_type="TREND"), "TREND_DAY"),
        (Day((TAKEN, BACK), quality=Quality.STALE), "STALE_FEED"),
        (Day((TAKEN, BACK), last=101_000), "PRICE_LEFT"),
        (Day((TAKEN, BACK), last=LOW), "NO_TARGET"),
        (Day((TAKEN, BACK), delay=61 * SECOND), "BAR_LATE"),
        (Day((TAKEN, BACK), holes=(Hole(bar_start(0), bar_start(0) + 31 * SECOND),)), "HOLE_RECENT"),
        (
            Day((TAKEN, BACK), holes=(Hole(bar_start(0) + MINUTE, bar_start(0) + MINUTE + 11 * SECOND),)),
            "EXTREME_IN_HOLE",
        ),
        (
            Day(
                (TAKEN, BACK),
                day_high=101_290,
                holes=(Hole(bar_start(1) + MINUTE, bar_start(1) + MINUTE + 11 * SECOND),),
            ),
            "EXTREME_IN_HOLE",
        ),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(day: Day, code: str) -> None:
    refusal = only_refusal(day)
    assert refusal.code == code
    assert refusal.side is Side.SELL
    assert refusal.reason
    assert refusal.evidence["edge_price"] == 1010.0


@pytest.mark.parametrize(
    "holes",
    [
        (Hole(bar_start(0) + 3 * MINUTE, bar_start(0) + 3 * MINUTE + 30 * SECOND),),
        (Hole(bar_start(-3), bar_start(-3) + MINUTE),),
    ],
    ids=["short and away from the extreme", "long ago"],
)
def test_harmless_holes_do_not_refuse(holes: tuple[Hole, ...]) -> None:
    assert only_signal(Day((TAKEN, BACK), holes=holes)).side is Side.SELL


def test_an_extreme_of_the_open_minute_puts_the_stop_behind_it() -> None:
    assert only_signal(Day((TAKEN, BACK), day_high=101_300)).stop_reference == 101_350


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (Day((TAKEN, BACK), complete=False), "initial balance"),
        (Day((TAKEN, BACK), row=None), "row size"),
        (Day((TAKEN, BACK), average_range=None), "average daily range"),
    ],
)
def test_what_is_missing_is_said_once_and_nothing_is_judged(day: Day, name: str) -> None:
    refusal = only_refusal(day)
    assert (refusal.code, refusal.side) == ("NOT_READY", None)
    assert refusal.evidence == {"missing": name}


def test_an_estimated_range_is_not_ready_where_it_is_not_allowed() -> None:
    (refusal,) = run(Day((TAKEN, BACK)), FailedAuction(STOCK.key, estimated_range=False))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "NOT_READY"
    day = Day((TAKEN, BACK), average_range=AverageRange(4_000, Quality.LIVE, 20))
    (signal,) = run(day, FailedAuction(STOCK.key, estimated_range=False))
    assert isinstance(signal, Signal)


def test_missing_inputs_are_named() -> None:
    context = make_context(Day((TAKEN,), complete=False, row=None, average_range=None))
    assert FailedAuction(STOCK.key).missing(context) == (
        "initial balance",
        "row size",
        "average daily range",
    )
    assert FailedAuction(STOCK.key).missing(make_context(Day((TAKEN,)))) == ()


def test_one_probe_gets_one_decision_and_the_next_probe_another() -> None:
    said = run(Day((TAKEN, BACK, INSIDE, BACK, INSIDE)))
    assert [decision.time for decision in said] == [
        bar_start(1) + FIVE + SECOND,
        bar_start(3) + FIVE + SECOND,
    ]


def test_the_same_bar_is_judged_once() -> None:
    setup, context = FailedAuction(STOCK.key), make_context(Day((TAKEN, BACK)))
    assert isinstance(setup.evaluate(context), Signal)
    assert setup.evaluate(context) is None
    assert setup.evaluate(replace(context, time=context.time + SECOND)) is None


def test_a_decision_of_the_past_is_not_spoken_after_a_late_start() -> None:
    setup = FailedAuction(STOCK.key)
    assert setup.evaluate(make_context(Day((TAKEN, BACK, INSIDE)))) is None
    accepted = Day((*[INSIDE] * 5, TAKEN, *[OUTSIDE] * 7))
    assert FailedAuction(STOCK.key).evaluate(make_context(accepted)) is None


def test_both_edges_failing_in_one_bar_give_no_direction() -> None:
    refusal = only_refusal(Day((INSIDE, (99_900, 101_100, 100_600)), poc=100_800))
    assert (refusal.code, refusal.side) == ("BOTH_EDGES", None)
    assert refusal.evidence["SELL edge"] == "IB high"
    assert refusal.evidence["BUY edge"] == "IB low"


def test_a_context_of_another_instrument_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a context of NSE_EQ"):
        FailedAuction("NSE_EQ|B").evaluate(make_context(Day((TAKEN,))))


ticks = st.integers(-30, 30).map(lambda steps: 100_500 + steps * 25 // 10 * 10)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.builds(
    Day,
    bars=st.lists(any_bar, min_size=1, max_size=20).map(tuple),
    poc=st.none() | st.integers(0, 19).map(lambda row: LOW + row * ROW),
)


def contexts(day: Day) -> list[Context]:
    return [make_context(replace(day, bars=day.bars[:count])) for count in range(1, len(day.bars) + 1)]


def flipped(decision: Signal | Refusal | None) -> object:
    if decision is None:
        return None
    side = None if decision.side is None else decision.side.opposite
    if isinstance(decision, Refusal):
        return (decision.time, side, decision.code)
    prices = (decision.price, decision.stop_reference, decision.target_1, decision.target_2)
    return (decision.time, side, *(LOW + HIGH - price for price in prices))


def plain(decision: Signal | Refusal | None) -> object:
    if decision is None:
        return None
    if isinstance(decision, Refusal):
        return (decision.time, decision.side, decision.code)
    return (
        decision.time,
        decision.side,
        decision.price,
        decision.stop_reference,
        decision.target_1,
        decision.target_2,
    )


@given(day=days)
def test_the_market_upside_down_gives_the_opposite_trades(day: Day) -> None:
    upright, upside_down = FailedAuction(STOCK.key), FailedAuction(STOCK.key)
    for context in contexts(day):
        assert flipped(upright.evaluate(context)) == plain(upside_down.evaluate(mirror(context)))


@given(day=days, future=st.lists(any_bar, max_size=5))
def test_what_comes_later_changes_no_earlier_decision(day: Day, future: list[tuple[int, int, int]]) -> None:
    longer = replace(day, bars=(*day.bars, *future))
    assert run(longer)[: len(run(day))] == run(day)


@given(day=days)
def test_a_setup_that_joins_late_says_the_same_from_then_on(day: Day) -> None:
    seen = contexts(day)
    whole, late = FailedAuction(STOCK.key), FailedAuction(STOCK.key)
    join = len(seen) // 2
    full = [whole.evaluate(context) for context in seen]
    assert full[join:] == [late.evaluate(context) for context in seen[join:]]


@given(day=days)
def test_every_signal_has_its_stop_behind_and_its_targets_ahead(day: Day) -> None:
    for decision in run(day):
        if isinstance(decision, Signal):
            sign = decision.side.sign
            assert (decision.price - decision.stop_reference) * sign > 0
            assert (decision.target_1 - decision.price) * sign > 0
            assert (decision.target_2 - decision.target_1) * sign > 0
            assert decision.target_1 % STOCK.tick == 0


def prior_run(
    bars: tuple[tuple[int, int, int], ...], prior: PriorLevels, opened: int = 100_500
) -> list[Signal | Refusal]:
    setup = FailedAuction(STOCK.key)
    contexts = (
        replace(make_context(Day(bars[:count])), prior=prior, open=opened)
        for count in range(1, len(bars) + 1)
    )
    return [said for context in contexts if (said := setup.evaluate(context)) is not None]


NEAR_PRIOR = replace(PRIOR, high=101_400, low=99_400)
ABOVE = (101_000, 101_550, 101_500)
BACK_IN_PRIOR = (101_100, 101_450, 101_300)
"""Inside the prior day's high, still beyond the initial balance."""


def test_the_prior_days_high_fails_like_an_edge_of_the_balance() -> None:
    said = prior_run((INSIDE, ABOVE, BACK_IN_PRIOR), NEAR_PRIOR)
    signal = said[-1]
    assert isinstance(signal, Signal)
    assert (signal.evidence["edge"], signal.edge) == ("prior-day high", 101_400)
    assert (signal.stop_reference, signal.target_1, signal.target_2) == (101_600, 100_400, 99_400)
    assert signal.evidence["target_1"] == "prior-day middle"


def test_the_edge_of_a_balance_of_several_days_fails_too() -> None:
    balance = replace(PRIOR, balance_low=99_200, balance_high=101_450, balance_days=3)
    said = prior_run((INSIDE, ABOVE, BACK_IN_PRIOR), balance)
    signal = said[-1]
    assert isinstance(signal, Signal)
    assert (signal.evidence["edge"], signal.target_2) == ("balance high", 99_200)
    assert signal.evidence["levels"] == "initial balance, prior day and balance of 3 days"


def test_a_low_of_the_prior_day_is_the_mirror() -> None:
    setup = FailedAuction(STOCK.key)
    contexts = [
        mirror(replace(make_context(Day((INSIDE, ABOVE, BACK_IN_PRIOR)[:count])), prior=NEAR_PRIOR))
        for count in (1, 2, 3)
    ]
    signal = [said for context in contexts if (said := setup.evaluate(context)) is not None][-1]
    assert isinstance(signal, Signal)
    assert (signal.side, signal.evidence["edge"]) == (Side.BUY, "prior-day low")


def test_levels_that_are_not_ready_are_no_edges() -> None:
    stale = replace(NEAR_PRIOR, quality=Quality.NOT_READY, reason="split")
    said = prior_run((INSIDE, ABOVE, BACK_IN_PRIOR, BACK), stale)
    assert [one.evidence["edge"] for one in said] == ["IB high"]


def test_edges_that_fail_in_one_bar_are_one_signal_that_names_both() -> None:
    near = replace(PRIOR, high=101_020, low=99_400)
    signal = prior_run((INSIDE, TAKEN, BACK), near)[-1]
    assert isinstance(signal, Signal)
    assert signal.evidence["edge"] == "prior-day high"
    assert "IB high" in str(signal.evidence["also"])


def test_an_open_beyond_the_prior_high_never_took_it() -> None:
    # All the morning's bars lie above that high, and the next one closes below it.
    inside_out = replace(PRIOR, high=99_900, low=98_000)
    bars = ((99_700, 100_200, 99_800),)
    assert [one.evidence["edge"] for one in prior_run(bars, inside_out) if one.side is Side.SELL] == []


def test_the_premise_breaks_when_a_later_bracket_closes_beyond() -> None:
    setup = FailedAuction(STOCK.key)
    signal = only_signal(Day((INSIDE, TAKEN, BACK)))
    held = make_context(Day((INSIDE, TAKEN, BACK, *[INSIDE] * 3)))
    assert setup.broken(held, signal) == ""
    beyond = make_context(Day((INSIDE, TAKEN, BACK, INSIDE, INSIDE, OUTSIDE)))
    assert "closed beyond 1,010.00" in setup.broken(beyond, signal)
