from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.orders.gate import Draft, Gate, GateCode, GateDenial, GateFacts, MessageBudget
from engine.orders.messages import OrderType, Role
from engine.orders.quote import Quote
from engine.orders.states import OrderState
from tests.orders.builders import KEY, NOW, OPTION, STOCK, make_order

QUOTE = Quote(1_000_00, ((999_95, 500),), ((1_000_05, 500),), NOW)
AROUND = GateFacts(
    instrument=STOCK,
    quote=QUOTE,
    band=PriceBand(900_00, 1_100_00),
    takes_orders=True,
    latched=False,
    frozen="",
    position=0,
    orders=(),
)
ENTRY = Draft(KEY, Side.BUY, Role.ENTRY, OrderType.LIMIT, 100, 1_000_10)
STOP = Draft(KEY, Side.SELL, Role.STOP, OrderType.STOP_LIMIT, 100, 990_00, 995_00)
EXIT = Draft(KEY, Side.SELL, Role.EXIT, OrderType.LIMIT, 100, 999_00)


def code(gate: Gate, draft: Draft, around: GateFacts, now: Instant = NOW) -> GateCode | None:
    denial = gate.check(draft, around, now)
    return None if denial is None else denial.code


def test_a_sound_entry_passes() -> None:
    assert code(Gate(8), ENTRY, AROUND) is None


@pytest.mark.parametrize(
    ("draft", "around", "expected"),
    [
        (ENTRY, replace(AROUND, latched=True), GateCode.LATCHED),
        (ENTRY, replace(AROUND, frozen="in doubt"), GateCode.FROZEN),
        (ENTRY, replace(AROUND, takes_orders=False), GateCode.MARKET_CLOSED),
        (replace(ENTRY, price=1_000_12), AROUND, GateCode.TICK),
        (replace(ENTRY, price=0), AROUND, GateCode.TICK),
        (replace(ENTRY, quantity=0), AROUND, GateCode.LOT),
        (replace(ENTRY, quantity=1_001), AROUND, GateCode.FREEZE_QUANTITY),
        (replace(ENTRY, price=1_100_05), AROUND, GateCode.BAND),
        (replace(ENTRY, price=1_040_00), AROUND, GateCode.COLLAR),
        (replace(ENTRY, price=10_000_00), replace(AROUND, band=None), GateCode.COLLAR),
        (ENTRY, replace(AROUND, quote=replace(QUOTE, fresh=False)), GateCode.NO_BOOK),
        (ENTRY, replace(AROUND, quote=replace(QUOTE, asks=())), GateCode.NO_BOOK),
        (ENTRY, replace(AROUND, position=-50), GateCode.OPPOSES_POSITION),
    ],
)
def test_an_entry_fails_closed(draft: Draft, around: GateFacts, expected: GateCode) -> None:
    assert code(Gate(8), draft, around) is expected


def test_an_entry_never_sells_an_option() -> None:
    around = replace(AROUND, instrument=OPTION)
    assert code(Gate(8), replace(ENTRY, side=Side.SELL, quantity=65), around) is GateCode.OPTION_SHORT


def test_lots_taken_for_units_are_denied() -> None:
    assert code(Gate(8), replace(ENTRY, quantity=3), replace(AROUND, instrument=OPTION)) is GateCode.LOT


def test_the_same_entry_twice_within_two_seconds_is_a_duplicate() -> None:
    gate = Gate(8)
    gate.sent(ENTRY, NOW)
    assert code(gate, ENTRY, AROUND, NOW + SECOND) is GateCode.DUPLICATE
    assert code(gate, ENTRY, AROUND, NOW + 3 * SECOND) is None
    assert gate.entries_within(KEY, MINUTE, NOW + SECOND) == 1


@pytest.mark.parametrize("draft", [STOP, EXIT])
def test_what_reduces_is_not_held_by_what_belongs_to_entries(draft: Draft) -> None:
    around = replace(AROUND, latched=True, frozen="conflict", position=100, quote=Quote(), band=None)
    gate = Gate(8)
    for _ in range(6):
        gate.sent(ENTRY, NOW)
    assert code(gate, draft, around) is None


def test_what_reduces_waits_for_continuous_trading() -> None:
    around = replace(AROUND, position=100, takes_orders=False)
    assert code(Gate(8), EXIT, around) is GateCode.MARKET_CLOSED


def test_an_exit_never_exceeds_what_is_held_with_everything_on_its_way() -> None:
    stop = make_order(tag="S", side=Side.SELL, role=Role.STOP, state=OrderState.ARMED, quantity=60)
    around = replace(AROUND, position=100, orders=(stop,))
    assert code(Gate(8), replace(EXIT, quantity=40), around) is None
    assert code(Gate(8), replace(EXIT, quantity=41), around) is GateCode.EXCEEDS_POSITION
    assert code(Gate(8), EXIT, replace(AROUND, position=0)) is GateCode.EXCEEDS_POSITION
    assert code(Gate(8), EXIT, replace(AROUND, position=-100)) is GateCode.EXCEEDS_POSITION


def test_a_change_counts_its_own_order_once() -> None:
    stop = make_order(tag="S", side=Side.SELL, role=Role.STOP, state=OrderState.ARMED, quantity=60)
    around = replace(AROUND, position=100, orders=(stop,))
    assert code(Gate(8), replace(STOP, tag="S", quantity=100), around) is None
    assert code(Gate(8), replace(STOP, tag="S", quantity=101), around) is GateCode.EXCEEDS_POSITION


@given(
    held=st.integers(0, 500),
    live=st.lists(st.integers(1, 300), max_size=4),
    wished=st.integers(1, 500),
)
def test_whatever_passes_can_never_flip_the_position(held: int, live: list[int], wished: int) -> None:
    orders = tuple(
        make_order(tag=f"X{n}", side=Side.SELL, role=Role.EXIT, state=OrderState.WORKING, quantity=quantity)
        for n, quantity in enumerate(live)
    )
    around = replace(AROUND, position=held, orders=orders)
    passed = code(Gate(8), replace(EXIT, quantity=wished), around) is None
    assert passed == (wished + sum(live) <= held)


def test_a_check_that_breaks_denies_an_entry_and_names_itself() -> None:
    gate = Gate(8)

    def broken(_: Draft, __: GateFacts, ___: Instant) -> GateDenial | None:
        raise ZeroDivisionError("by test")

    for position in range(len(gate._entry_checks)):
        checks = list(gate._entry_checks)
        checks[position] = broken
        gate._entry_checks = tuple(checks)
        denial = gate.check(ENTRY, AROUND, NOW)
        assert denial is not None
        assert denial.code is GateCode.CHECK_FAILED
        assert denial.reason.startswith("the check of broken broke: ")
        assert denial.reason.endswith("(ZeroDivisionError)")
        gate = Gate(8)
    assert gate.check(EXIT, replace(AROUND, position=100), NOW) is None


@given(gaps=st.lists(st.integers(0, 400_000), min_size=20, max_size=60), limit=st.integers(2, 10))
def test_no_rolling_second_ever_holds_more_messages_than_the_budget(gaps: list[int], limit: int) -> None:
    budget, now, sent = MessageBudget(limit), NOW, []
    for gap in gaps:
        now += gap
        until = budget.wait(now, entry=False)
        if until is not None:
            assert until > now
            now = until
            assert budget.wait(now, entry=False) is None
        budget.spend(now)
        sent.append(now)
    for at in sent:
        assert sum(1 for other in sent if at - SECOND < other <= at) <= limit


def test_entries_leave_a_reserve_for_what_reduces() -> None:
    budget = MessageBudget(8)
    for _ in range(6):
        assert budget.wait(NOW, entry=True) is None
        budget.spend(NOW)
    assert budget.wait(NOW, entry=True) is not None
    assert budget.wait(NOW, entry=False) is None
