from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import EntrySettings, Settings
from engine.market.instrument import InstrumentClass
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.day_result import DayResult
from engine.risk.denial import Code, Denial
from engine.risk.entry import EntryPlan, entry_limit, plan_entry
from engine.risk.limits import open_day, wished_limits
from engine.risk.marks import MarkState
from engine.risk.sizing import Rooms, check_fill, trip_cost
from engine.risk.stop_controller import StopTerm
from tests.risk.builders import DAY, START, STOCK, controller

ACCOUNT = 100_000_000
DEARER = date(2026, 11, 30)
"""A day after the tax on derivatives rose."""


def plan(
    side: Side = Side.BUY,
    *,
    price: int = 100_000,
    away: int = 700,
    atr: int = 200,
    spread: int = 20,
    budget: int = 1_000_000,
    exposure: int = 3 * ACCOUNT,
    target: int | None = None,
) -> EntryPlan | Denial:
    return plan_entry(
        controller(),
        EntrySettings(),
        instrument=STOCK,
        side=side,
        price=price,
        structure=price - side.sign * away,
        target_1=target,
        atr=atr,
        median_spread=spread,
        band=PriceBand(price // 2, price * 2),
        rooms=Rooms(budget, budget * 2, budget * 5, budget * 5, exposure, ACCOUNT),
        cost=trip_cost(STOCK, side, DAY),
    )


def test_the_entry_limit_is_the_smaller_of_a_fifth_r_and_three_spreads_rounded_passively() -> None:
    assert entry_limit(Side.BUY, 100_000, 700, 20, 10, EntrySettings()) == 100_060
    assert entry_limit(Side.BUY, 100_000, 700, 90, 10, EntrySettings()) == 100_140
    assert entry_limit(Side.BUY, 100_000, 790, 90, 10, EntrySettings()) == 100_150
    assert entry_limit(Side.SELL, 100_000, 790, 90, 10, EntrySettings()) == 99_850


def test_a_plan_counts_the_reward_after_costs_from_the_entry_limit() -> None:
    found = plan(target=102_000)
    assert isinstance(found, EntryPlan)
    assert found.target_distance == (102_000 - found.limit) * found.size.quantity
    cost = trip_cost(STOCK, Side.BUY, DAY)(found.size.quantity, found.limit, 102_000)
    assert (found.target_charges, found.reward) == (cost, found.target_distance - cost)


def test_a_small_trade_gets_the_wider_stop_its_charges_ask_for() -> None:
    large, small = plan(away=300, atr=100), plan(away=300, atr=100, budget=200_000)
    assert isinstance(large, EntryPlan)
    assert isinstance(small, EntryPlan)
    assert large.stop.term is small.stop.term is StopTerm.CHARGES
    assert small.stop.distance > large.stop.distance


def test_unknown_volatility_is_refused_with_its_code() -> None:
    found = plan_entry(
        controller(),
        EntrySettings(),
        instrument=STOCK,
        side=Side.BUY,
        price=100_000,
        structure=None,
        target_1=None,
        atr=None,
        median_spread=20,
        band=None,
        rooms=Rooms(10**9, 10**9, 10**9, 10**9, 10**9, 10**9),
        cost=trip_cost(STOCK, Side.BUY, DAY),
    )
    assert isinstance(found, Denial)
    assert found.code is Code.NOT_READY


@given(
    side=st.sampled_from(Side),
    price=st.integers(2_000, 100_000).map(lambda value: value * 10),
    away=st.integers(1, 3_000),
    atr=st.integers(1, 1_000),
    spread=st.integers(1, 300),
    budget=st.integers(1_000, 2_000_000),
    exposure=st.integers(0, 3 * ACCOUNT),
)
def test_every_plan_fits_its_own_stop_budget_and_charges(
    side: Side, price: int, away: int, atr: int, spread: int, budget: int, exposure: int
) -> None:
    found = plan(side, price=price, away=away, atr=atr, spread=spread, budget=budget, exposure=exposure)
    if isinstance(found, Denial):
        return
    quantity, cost = found.size.quantity, trip_cost(STOCK, side, DAY)
    assert found.size.risk <= budget
    assert found.limit * quantity <= exposure
    charges = 8 * Fraction(cost(quantity, price, price), quantity)
    assert all(found.stop.distance > term - STOCK.tick for term in (away, 2 * atr, 4 * spread, charges))
    assert (found.limit - found.stop.trigger) * side.sign >= found.stop.distance


def test_one_lot_of_an_index_future_fits_the_budget_of_the_defaults() -> None:
    settings = Settings()
    future = replace(STOCK, kind=InstrumentClass.INDEX_FUTURE, lot=75, freeze_quantity=1_800)
    limits = open_day(DAY, ACCOUNT, wished_limits(settings.risk))
    quiet = DayResult(0, 0, 0, 0, MarkState.LIVE, 0)
    found = plan_entry(
        controller(),
        settings.entry,
        instrument=future,
        side=Side.BUY,
        price=2_590_000,
        structure=2_581_000,
        target_1=None,
        atr=3_500,
        median_spread=60,
        band=None,
        rooms=limits.rooms((), quiet, margin_available=ACCOUNT),
        cost=trip_cost(future, Side.BUY, DAY),
    )
    assert isinstance(found, EntryPlan)
    assert (found.size.lots, found.sized.term) == (1, StopTerm.STRUCTURE)
    assert found.size.risk <= limits.budget
    assert found.size.gap <= limits.gap_limit
    assert found.sized.limit == found.stop.limit == 2_581_000 - 2 * 9_000


@pytest.mark.parametrize("side", list(Side))
def test_a_quiet_index_future_is_sized_to_one_lot_whose_fill_at_the_limit_is_kept(side: Side) -> None:
    settings = Settings()
    future = replace(STOCK, kind=InstrumentClass.INDEX_FUTURE, lot=65, freeze_quantity=1_800)
    limits = open_day(DEARER, ACCOUNT, wished_limits(settings.risk))
    cost = trip_cost(future, side, DEARER)
    found = plan_entry(
        controller(),
        settings.entry,
        instrument=future,
        side=side,
        price=2_540_000,
        structure=None,
        target_1=None,
        atr=2_000,
        median_spread=60,
        band=None,
        rooms=limits.rooms((), DayResult(0, 0, 0, 0, MarkState.LIVE, 0), margin_available=ACCOUNT),
        cost=cost,
    )
    assert isinstance(found, EntryPlan), found
    assert (found.size.quantity, found.sized.term) == (65, StopTerm.CHARGES)
    assert found.size.risk <= limits.budget < found.size.loss, "its charges are what the budget does not bear"
    assert found.size.loss == found.size.risk + cost(65, found.limit, found.stop.counted(side))
    state = controller().hold(
        found.stop,
        side,
        future,
        entry_value=found.limit * 65,
        quantity=65,
        now=START,
        opened_at=START,
        band=None,
    )
    check = check_fill(
        future,
        side,
        quantity=65,
        filled_value=found.limit * 65,
        counted=state.counted,
        budget=limits.budget,
    )
    assert (check.risk, check.excess) == (found.size.risk, 0)
