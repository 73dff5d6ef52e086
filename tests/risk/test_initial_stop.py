from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.risk.band import PriceBand
from engine.risk.denial import Code, StopRefusal
from engine.risk.stage12 import StopPlan, StopTerm
from engine.setups.signal import Side
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


def test_the_limit_lies_half_a_percent_beyond_the_trigger_on_the_tick() -> None:
    long, short = set_stop(Side.BUY, charges=1), set_stop(Side.SELL, charges=1)
    assert isinstance(long, StopPlan)
    assert isinstance(short, StopPlan)
    assert long.limit == 99_300  # 99,800 less 499 is 99,301
    assert short.limit == 100_710  # 100,200 and 501 is 100,701


def test_the_limit_is_clamped_to_the_price_band() -> None:
    plan = set_stop(Side.BUY, charges=1, band=PriceBand(99_605, 120_000))
    assert isinstance(plan, StopPlan)
    assert plan.limit == 99_610


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
        assert plan.code is Code.STOP_TOO_WIDE
        return
    largest = max(Fraction(term) for term in (away or 0, 2 * atr, 4 * spread, 8 * charges))
    assert plan.trigger % STOCK.tick == plan.limit % STOCK.tick == 0
    assert plan.distance >= STOCK.tick
    assert largest - STOCK.tick < plan.distance
    assert plan.distance <= max(STOCK.tick, -(-largest // 1))
    assert (plan.trigger - plan.limit) * side.sign > 0
