from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import StopSettings
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.denial import Code, StopRefusal
from engine.risk.stop_controller import Stage12Controller, StopPlan, StopTerm
from engine.risk.terms import AllowanceTerm
from tests.risk.builders import OPTION, STOCK, controller

SIDES = st.sampled_from(Side)


def set_stop(
    side: Side = Side.BUY,
    price: Paise = 100_000,
    *,
    instrument: Instrument = STOCK,
    structure: Paise | None = None,
    atr: Paise | None = 100,
    spread: Paise | None = 20,
    charges: Fraction | int = 30,
    band: PriceBand | None = None,
) -> StopPlan | StopRefusal:
    return controller().initial_stop(
        instrument,
        side,
        price,
        structure=structure,
        atr=atr,
        median_spread=spread,
        charges_per_unit=charges,
        band=band,
    )


@pytest.mark.parametrize(
    ("structure", "atr", "spread", "charges", "term", "distance"),
    [
        (99_300, 100, 20, 30, StopTerm.STRUCTURE, 700),
        (99_900, 300, 20, 30, StopTerm.ATR, 600),
        (99_900, 100, 200, 30, StopTerm.SPREAD, 800),
        (99_900, 100, 20, 100, StopTerm.CHARGES, 800),
        (None, 100, 20, 20, StopTerm.ATR, 200),
    ],
)
def test_the_largest_term_sets_the_distance_and_is_named(
    structure: int | None, atr: int, spread: int, charges: int, term: StopTerm, distance: int
) -> None:
    plan = set_stop(structure=structure, atr=atr, spread=spread, charges=charges)
    assert isinstance(plan, StopPlan)
    assert (plan.term, plan.distance, plan.trigger) == (term, distance, 100_000 - distance)


def test_a_short_stop_mirrors_a_long_one() -> None:
    plan = set_stop(Side.SELL, structure=100_700)
    assert isinstance(plan, StopPlan)
    assert (plan.trigger, plan.term) == (100_700, StopTerm.STRUCTURE)


def test_the_trigger_rounds_towards_the_market() -> None:
    long, short = set_stop(Side.BUY, atr=103), set_stop(Side.SELL, atr=103, charges=1)
    long = set_stop(Side.BUY, atr=103, charges=1)
    assert isinstance(long, StopPlan)
    assert isinstance(short, StopPlan)
    assert long.trigger == 99_800
    assert short.trigger == 100_200


@pytest.mark.parametrize(
    ("side", "atr", "limit"),
    [
        (Side.BUY, 100, 99_400),  # 2 R of 200 beyond 99,800
        (Side.SELL, 100, 100_600),
        (Side.BUY, 1_000, 95_060),  # 3 % of 98,000 are 2,940: nearer than 2 R
        (Side.SELL, 1_000, 105_060),
    ],
)
def test_the_limit_rests_at_the_widest_the_exchange_takes_and_two_r_at_most(
    side: Side, atr: int, limit: int
) -> None:
    plan = set_stop(side, atr=atr, charges=1)
    assert isinstance(plan, StopPlan)
    assert plan.limit == limit


def test_the_limit_of_an_option_may_rest_a_fifth_beyond_its_trigger() -> None:
    plan = set_stop(price=10_000, instrument=OPTION, atr=1_000)
    assert isinstance(plan, StopPlan)
    assert (plan.trigger, plan.limit) == (8_000, 6_400)


@pytest.mark.parametrize(
    ("atr", "spread", "slippage", "allowance", "by"),
    [
        (400, 20, None, 200, AllowanceTerm.DISTANCE),  # a quarter of 800
        (100, 200, None, 400, AllowanceTerm.SPREAD),  # two spreads beside a quarter of 800
        (400, 20, Fraction(3, 1_000), 298, AllowanceTerm.SLIPPAGE),  # 0.3 % of 99,200, upwards
        (400, 20, Fraction(1, 1_000), 200, AllowanceTerm.DISTANCE),
    ],
)
def test_the_allowance_is_the_largest_of_a_quarter_two_spreads_and_what_fired_stops_slipped(
    atr: int, spread: int, slippage: Fraction | None, allowance: int, by: AllowanceTerm
) -> None:
    known = {} if slippage is None else {STOCK.kind: slippage}
    plan = Stage12Controller(StopSettings(), known).initial_stop(
        STOCK, Side.BUY, 100_000, structure=None, atr=atr, median_spread=spread, charges_per_unit=1
    )
    assert isinstance(plan, StopPlan)
    assert (plan.allowance, plan.allowed_by) == (allowance, by)
    assert plan.counted(Side.BUY) == plan.trigger - allowance


def test_an_allowance_that_does_not_fit_before_the_limit_is_refused_and_not_squeezed() -> None:
    # A fifth of 20 paise is less than the tick: the exchange takes no limit beyond the trigger at all.
    refusal = set_stop(price=25, instrument=OPTION, atr=2, spread=1, charges=0)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is Code.STOP_LIMIT_NEAR
    assert refusal.sized is not None
    assert refusal.sized.allowance > 0


def test_a_trigger_outside_the_band_is_refused() -> None:
    refusal = set_stop(Side.BUY, band=PriceBand(99_900, 120_000))
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is Code.STOP_OUTSIDE_BAND


@pytest.mark.parametrize(("atr", "spread"), [(None, 20), (100, None)])
def test_no_stop_without_atr_or_spread(atr: int | None, spread: int | None) -> None:
    refusal = set_stop(atr=atr, spread=spread)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is Code.NOT_READY


def test_a_distance_above_the_bound_is_refused_and_not_squeezed() -> None:
    assert isinstance(set_stop(atr=1_000), StopPlan)
    refusal = set_stop(atr=1_001)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is Code.STOP_TOO_WIDE
    assert "2.00%" in refusal.reason


def test_an_option_may_be_stopped_ten_times_as_far() -> None:
    assert isinstance(set_stop(price=10_000, instrument=OPTION, atr=1_000), StopPlan)
    assert isinstance(set_stop(price=10_000, instrument=OPTION, atr=1_001), StopRefusal)


def test_structure_on_the_wrong_side_of_the_price_is_refused() -> None:
    refusal = set_stop(Side.BUY, structure=100_000)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is Code.STOP_WRONG_SIDE


@given(
    side=SIDES,
    price=st.integers(5_000, 200_000).map(lambda value: value * 10),
    away=st.none() | st.integers(1, 30_000),
    atr=st.integers(0, 5_000),
    spread=st.integers(0, 3_000),
    charges=st.fractions(0, 2_000, max_denominator=1_000),
)
def test_the_distance_is_the_largest_term_less_less_than_a_tick(
    side: Side, price: int, away: int | None, atr: int, spread: int, charges: Fraction
) -> None:
    structure = None if away is None else price - side.sign * away
    plan = set_stop(side, price, structure=structure, atr=atr, spread=spread, charges=charges)
    if isinstance(plan, StopRefusal):
        assert plan.code in (Code.STOP_TOO_WIDE, Code.STOP_LIMIT_NEAR)
        return
    largest = max(Fraction(term) for term in (away or 0, 2 * atr, 4 * spread, 8 * charges))
    assert plan.trigger % STOCK.tick == plan.limit % STOCK.tick == 0
    assert plan.distance >= STOCK.tick
    assert largest - STOCK.tick < plan.distance
    assert plan.distance <= max(STOCK.tick, -(-largest // 1))
    room = (plan.trigger - plan.limit) * side.sign
    assert plan.allowance <= room <= 2 * plan.distance
    assert 100 * room <= 3 * plan.trigger


TYPED = {"bid": 99_990, "ask": 100_000, "charges_per_unit": 30}


def typed(trigger: Paise, **changes: int | None) -> StopPlan | StopRefusal:
    given = {**TYPED, "atr": 200, "median_spread": 20, **changes}
    return controller().typed(STOCK, Side.BUY, 100_000, trigger, **given)  # type: ignore[arg-type]


def test_a_typed_stop_is_never_widened_and_the_terms_warn() -> None:
    plan = typed(99_700)
    assert isinstance(plan, StopPlan)
    assert (plan.trigger, plan.distance, plan.term) == (99_700, 300, StopTerm.TYPED)
    assert plan.warnings == ("ATR asks 4.00",)
    assert dict(plan.terms) == {StopTerm.ATR: 400, StopTerm.SPREAD: 80, StopTerm.CHARGES: 240}


def test_a_typed_stop_beyond_the_bound_of_a_measured_one_stands() -> None:
    assert isinstance(typed(95_000), StopPlan)


@pytest.mark.parametrize(
    ("trigger", "changes", "code"),
    [
        (99_990, {}, Code.INSIDE_SPREAD),
        (99_970, {"charges_per_unit": 1}, Code.STOP_TOO_NEAR),
        (99_700, {"charges_per_unit": 151}, Code.COST_SHARE),
        (100_010, {}, Code.STOP_WRONG_SIDE),
        (99_995, {}, Code.STOP_OUTSIDE_BAND),
        (99_700, {"bid": None}, Code.NO_BOOK),
    ],
)
def test_a_typed_stop_is_refused_where_it_would_be_noise(
    trigger: int, changes: dict[str, int | None], code: Code
) -> None:
    refusal = typed(trigger, **changes)
    assert isinstance(refusal, StopRefusal)
    assert refusal.code is code


def test_a_typed_stop_four_ticks_away_with_charges_of_half_of_r_stands() -> None:
    assert isinstance(typed(99_960, charges_per_unit=20), StopPlan)
