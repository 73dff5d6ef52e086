"""A stop typed with an entry by hand: it stands where it was typed, sizes the trade, and warns."""

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Outcome, Side
from engine.market.clock import SECOND
from engine.risk import entry_checks
from engine.risk.entry_facts import EntryFacts
from engine.risk.terms import StopTerm
from tests.core.entries import answered
from tests.core.faults import said, stop_of
from tests.core.hostile import STOCK, TICK, World


def bought(ticks: int) -> World:
    """Buy by hand with a stop typed so many ticks below the price."""
    world = World()
    world.tell(ArmManual("arm", armed=True))
    world.tell(ManualOrder("m", STOCK, Side.BUY, world.prices[STOCK] - ticks * TICK))
    return world


def test_it_stands_where_it_was_typed_and_sizes_the_trade() -> None:
    near, far = bought(200), bought(400)
    quantities = []
    for world, ticks in ((near, 200), (far, 400)):
        assert answered(world, "m").outcome is Outcome.ACCEPTED
        world.run(2 * SECOND)
        assert stop_of(world).trigger_price == world.prices[STOCK] - ticks * TICK
        sized = world.core.signals[-1].sized
        assert sized is not None
        assert (sized.term, sized.trigger) == (StopTerm.TYPED, stop_of(world).trigger_price)
        assert sized.risk is not None
        assert sized.risk <= world.core.limits.budget
        quantities.append(world.position())
    assert quantities[0] > quantities[1] > 0


def test_the_terms_that_ask_for_more_warn_and_do_not_widen_it() -> None:
    world = bought(40)
    assert answered(world, "m").outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    assert stop_of(world).trigger_price == world.prices[STOCK] - 40 * TICK
    assert said(world, "its typed stop is nearer than asked, ATR asks")


@pytest.mark.parametrize(
    ("ticks", "why"),
    [(-10, "STOP_WRONG_SIDE"), (1, "INSIDE_SPREAD"), (2, "STOP_TOO_NEAR"), (6, "COST_SHARE")],
)
def test_it_is_refused_where_it_would_be_noise(ticks: int, why: str) -> None:
    world = bought(ticks)
    answer = answered(world, "m")
    assert (answer.outcome, why in answer.text) == (Outcome.REFUSED, True)
    assert world.live() == []


def test_each_check_of_an_entry_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def door(facts: EntryFacts, _: object) -> None:
        looks.append(f"door of {facts.instrument.key}")

    def plan(facts: EntryFacts, _: object, __: object) -> None:
        looks.append(f"plan of {facts.instrument.key}")

    monkeypatch.setattr(entry_checks, "DOOR_CHECKS", (*entry_checks.DOOR_CHECKS, door))
    monkeypatch.setattr(entry_checks, "PLAN_CHECKS", (*entry_checks.PLAN_CHECKS, plan))
    assert answered(bought(200), "m").outcome is Outcome.ACCEPTED
    assert looks == [f"door of {STOCK}", f"plan of {STOCK}"]
