from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.charges import round_trip_charges
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.side import Side
from engine.risk.denial import Code, SizeRefusal
from engine.risk.sizing import (
    Cap,
    Rooms,
    Size,
    check_fill,
    loss_at,
    margin_needed,
    risk_at,
    size,
    trip_charges,
    trip_cost,
)
from tests.risk.builders import DAY, OPTION, STOCK, make_plan

LARGE = 10**15
FREE = Rooms(budget=LARGE, open_risk=LARGE, day_loss=LARGE, gap=LARGE, exposure=LARGE, margin=LARGE)


def free(**changes: int | None) -> Rooms:
    return replace(FREE, **changes)  # type: ignore[arg-type]


def sized(
    entry: int, stop: int, rooms: Rooms = FREE, *, instrument: Instrument = STOCK, side: Side = Side.BUY
) -> Size | SizeRefusal:
    """Size a trade whose risk counts to ``stop``: there the trigger lies, and nothing is allowed beyond it."""
    plan = make_plan(stop, limit=stop, distance=abs(entry - stop), allowance=0)
    return size(instrument, side, entry, plan, rooms, trip_cost(instrument, side, DAY))


def test_the_budget_of_one_trade_is_filled_by_the_way_to_the_stop_alone() -> None:
    found = sized(100_000, 99_000, free(budget=1_000_999))
    assert isinstance(found, Size)
    assert (found.quantity, found.risk, found.binding_cap) == (1_000, 1_000_000, Cap.RISK)
    assert found.charges == trip_cost(STOCK, Side.BUY, DAY)(1_000, 100_000, 99_000) > 0
    assert found.loss == 1_000_000 + found.charges


@pytest.mark.parametrize(
    ("room", "cap"), [("open_risk", Cap.OPEN_RISK), ("day_loss", Cap.DAY_LOSS), ("gap", Cap.GAP_RISK)]
)
def test_every_other_limit_of_loss_counts_the_charges(room: str, cap: Cap) -> None:
    found = sized(100_000, 99_000, free(budget=1_000_000, **{room: 1_000_000}))
    assert isinstance(found, Size)
    cost = trip_cost(STOCK, Side.BUY, DAY)
    assert found.loss == found.quantity * 1_000 + cost(found.quantity, 100_000, 99_000) <= 1_000_000
    more = found.quantity + 1
    assert more * 1_000 + cost(more, 100_000, 99_000) > 1_000_000
    assert found.binding_cap is cap


def test_a_hand_checked_size() -> None:
    # 100 units from 1,000 to 995: loss 500.00; buy turnover 1,00,000, sell 99,500. Brokerage 20 + 20, STT 24.88,
    # exchange and IPFT 6.12, SEBI 0.20, stamp 3.00, GST 8.34: about 82.54 in sum.
    by_budget = sized(100_000, 99_500, free(budget=50_000))
    by_open_risk = sized(100_000, 99_500, free(open_risk=58_300))
    for found in (by_budget, by_open_risk):
        assert isinstance(found, Size)
        assert (found.quantity, found.risk) == (100, 50_000)
        assert 58_200 < found.loss <= 58_300


def test_derivatives_are_sized_in_whole_lots() -> None:
    found = sized(20_000, 18_000, free(budget=1_000_000), instrument=OPTION)
    assert isinstance(found, Size)
    assert found.quantity == found.lots * 35
    assert found.lots == 14  # 700.00 a lot


@pytest.mark.parametrize(
    ("rooms", "cap", "quantity"),
    [
        ({"exposure": 1_234_567}, Cap.LEVERAGE, 12),
        ({"margin": 1_000_000}, Cap.MARGIN, 50),
        ({"quantity": 7}, Cap.STAGE, 7),
        ({}, Cap.FREEZE, 100_000),
    ],
)
def test_the_smallest_cap_binds_and_is_named(rooms: dict[str, int], cap: Cap, quantity: int) -> None:
    found = sized(100_000, 99_000, free(**rooms))
    assert isinstance(found, Size)
    assert (found.binding_cap, found.quantity) == (cap, quantity)


@pytest.mark.parametrize(
    ("rooms", "code"),
    [
        ({"budget": 999}, Code.RISK_PER_TRADE),
        ({"open_risk": 0}, Code.OPEN_RISK),
        ({"day_loss": -5}, Code.DAY_LOSS),
        ({"gap": 1_000}, Code.GAP_RISK),
        ({"exposure": 99_999}, Code.LEVERAGE),
        ({"margin": 19_999}, Code.MARGIN),
        ({"margin": None}, Code.MARGIN),
        ({"quantity": 0}, Code.STAGE),
    ],
)
def test_zero_means_no_trade_with_the_limit_that_allows_none(
    rooms: dict[str, int | None], code: Code
) -> None:
    refusal = sized(100_000, 99_000, free(**rooms))
    assert isinstance(refusal, SizeRefusal)
    assert refusal.code is code
    assert refusal.reason


def future(instrument: Instrument = STOCK) -> Instrument:
    return replace(instrument, kind=InstrumentClass.INDEX_FUTURE, lot=65, freeze_quantity=1_755)


def test_risk_counts_to_trigger_and_allowance_and_gap_risk_to_the_limit() -> None:
    plan = make_plan(99_000, limit=97_000, distance=1_000, allowance=250)
    cost = trip_cost(STOCK, Side.BUY, DAY)
    found = size(STOCK, Side.BUY, 100_000, plan, free(budget=1_000_000), cost)
    assert isinstance(found, Size)
    assert (found.quantity, found.risk) == (800, 1_000_000)
    assert found.loss == 1_000_000 + cost(800, 100_000, 98_750)
    assert found.gap == 800 * 3_000 + cost(800, 100_000, 97_000)


def test_gap_risk_makes_a_trade_smaller_and_is_named() -> None:
    plan = make_plan(99_000, limit=97_000, distance=1_000, allowance=250)
    cost = trip_cost(STOCK, Side.BUY, DAY)
    found = size(STOCK, Side.BUY, 100_000, plan, free(budget=1_000_000, gap=1_000_000), cost)
    assert isinstance(found, Size)
    assert (found.binding_cap, found.gap <= 1_000_000) == (Cap.GAP_RISK, True)
    more = found.quantity + 1
    assert more * 3_000 + cost(more, 100_000, 97_000) > 1_000_000


def test_a_refused_lot_is_broken_down() -> None:
    plan = make_plan(2_590_000, limit=2_560_000, distance=15_000, allowance=3_750)
    rooms = free(budget=1_000_000)
    refusal = size(future(), Side.BUY, 2_606_000, plan, rooms, trip_cost(future(), Side.BUY, DAY))
    assert isinstance(refusal, SizeRefusal)
    assert refusal.code is Code.RISK_PER_TRADE
    for told in ("one lot of 65", "stop 150.00 away by ATR", "allowance 37.50", " with charges", "10,000.00"):
        assert told in refusal.reason
    sized = refusal.sized
    assert sized is not None
    assert (sized.trigger, sized.limit, sized.lots, sized.budget) == (2_590_000, 2_560_000, 0, 1_000_000)
    assert sized.risk is not None
    assert sized.risk > 1_000_000


def test_a_freeze_quantity_below_a_lot_allows_no_order() -> None:
    refusal = sized(20_000, 18_000, instrument=replace(OPTION, freeze_quantity=34))
    assert isinstance(refusal, SizeRefusal)
    assert refusal.code is Code.FREEZE_QUANTITY


def test_entry_and_stop_at_one_price_are_refused() -> None:
    assert isinstance(sized(100_000, 100_000), SizeRefusal)


def test_a_bought_option_needs_its_premium_and_a_stock_a_fifth() -> None:
    assert margin_needed(InstrumentClass.OPTION, 1_001) == 1_001
    assert margin_needed(InstrumentClass.STOCK, 1_001) == 201


@given(
    entry=st.integers(100, 200_000).map(lambda value: value * 10),
    away=st.integers(1, 500).map(lambda value: value * 10),
    budget=st.integers(0, 50_000_000),
    side=st.sampled_from(Side),
    option=st.booleans(),
)
def test_risk_never_exceeds_the_budget_and_one_lot_more_would(
    entry: int, away: int, budget: int, side: Side, option: bool
) -> None:
    stop = entry - side.sign * min(away, entry - 10 if side is Side.BUY else away)
    if stop <= 0 or stop == entry:
        return
    instrument = replace(OPTION if option else STOCK, freeze_quantity=10**9)
    found = sized(entry, stop, free(budget=budget), instrument=instrument, side=side)
    lots = 0 if isinstance(found, SizeRefusal) else found.lots
    if isinstance(found, Size):
        assert found.risk <= budget
        assert found.quantity % instrument.lot == 0
    assert (lots + 1) * instrument.lot * abs(entry - stop) > budget


@given(budget=st.integers(0, 5_000_000), extra=st.integers(0, 5_000_000))
def test_a_larger_budget_never_buys_less(budget: int, extra: int) -> None:
    def quantity(room: int) -> int:
        found = sized(100_000, 99_300, free(budget=room))
        return found.quantity if isinstance(found, Size) else 0

    assert quantity(budget) <= quantity(budget + extra)


def test_a_fill_at_the_planned_price_has_no_excess() -> None:
    found = sized(100_000, 99_000, free(budget=1_000_000))
    assert isinstance(found, Size)
    check = check_fill(
        STOCK,
        Side.BUY,
        quantity=found.quantity,
        filled_value=found.quantity * 100_000,
        counted=99_000,
        budget=1_000_000,
    )
    assert (check.risk, check.excess) == (found.risk, 0)


@given(
    quantity=st.integers(1, 60).map(lambda lots: lots * 35),
    average=st.integers(18_100, 30_000),
    odd=st.integers(0, 34),
    budget=st.integers(0, 3_000_000),
)
def test_what_is_kept_of_a_worse_fill_fits_the_budget(
    quantity: int, average: int, odd: int, budget: int
) -> None:
    check = check_fill(
        OPTION,
        Side.BUY,
        quantity=quantity,
        filled_value=quantity * average + odd,
        counted=18_000,
        budget=budget,
    )
    assert 0 <= check.excess <= quantity
    assert check.excess % 35 == 0
    keep = quantity - check.excess
    if check.excess == 0:
        assert check.risk <= budget
    elif keep:
        assert keep * (average - 18_000) <= budget


def test_a_loss_counts_the_sum_that_was_paid_and_never_a_rounded_average() -> None:
    """A paisa of an average is a rupee of a hundred units: risk, turnover and its charges go by the sum itself."""
    charges = trip_charges(STOCK, Side.BUY, DAY)
    value = 3_000_000 * 100_00 + 2_999_999
    exact = round_trip_charges(STOCK.kind, value, 3_000_000 * 99_00, DAY).total
    assert exact != trip_cost(STOCK, Side.BUY, DAY)(3_000_000, value // 3_000_000, 99_00)
    assert risk_at(Side.BUY, 3_000_000, value, 99_00) == value - 3_000_000 * 99_00
    assert loss_at(Side.BUY, 3_000_000, value, 99_00, charges) == value - 3_000_000 * 99_00 + exact
    check = check_fill(
        STOCK,
        Side.BUY,
        quantity=3_000_000,
        filled_value=value,
        counted=99_00,
        budget=1 << 62,
    )
    assert check.risk == value - 3_000_000 * 99_00


@given(
    quantity=st.integers(1, 60).map(lambda lots: lots * 35),
    average=st.integers(18_100, 30_000),
    odd=st.integers(0, 34),
    budget=st.integers(0, 3_000_000),
    side=st.sampled_from(Side),
)
def test_what_is_kept_is_worth_its_share_of_the_sum_and_one_lot_more_would_not_fit(
    quantity: int, average: int, odd: int, budget: int, side: Side
) -> None:
    value = quantity * average + odd
    stop = 18_000 if side is Side.BUY else 30_100
    check = check_fill(
        OPTION,
        side,
        quantity=quantity,
        filled_value=value,
        counted=stop,
        budget=budget,
    )

    def risk(kept: int) -> Fraction:
        return (Fraction(value * kept, quantity) - stop * kept) * side.sign

    keep = quantity - check.excess
    assert keep == 0 or risk(keep) <= budget
    assert check.excess == 0 or risk(keep + 35) > budget - 1


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, 101_000), (Side.SELL, 99_000)])
def test_a_stop_that_has_locked_a_profit_risks_nothing_and_nothing_of_it_is_closed(
    side: Side, stop: int
) -> None:
    check = check_fill(
        STOCK,
        side,
        quantity=500,
        filled_value=500 * 100_000,
        counted=stop,
        budget=1_000_00,
    )
    assert (check.risk, check.excess) == (0, 0)
