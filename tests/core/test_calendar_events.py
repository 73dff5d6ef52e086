"""Around an event of the calendar no setup enters by itself; a person may."""

from dataclasses import replace

import config
from engine.contract.commands import Outcome, TakeSignal
from engine.core import Core, DecisionState, Ids
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.session import DayEvent
from tests.core.entries import answered, buy
from tests.core.faults import said
from tests.core.hostile import INSTRUMENTS, OTHER, START, STOCK, World
from tests.core.signals import decide, with_mode


class Eventful(World):
    """A world whose calendar names one event."""

    def __init__(self, event: DayEvent, settings: config.Settings | None = None) -> None:
        self._event = event
        super().__init__(settings)

    def _seed(self) -> None:
        self.core = Core(
            self.settings,
            INSTRUMENTS,
            replace(self.day, events=(self._event,)),
            "replay",
            1_000_000_00,
            Ids("H"),
        )
        super()._seed()


def policy(away: int, *names: str) -> DayEvent:
    return DayEvent(START + away, "RBI policy", names)


def test_no_setup_enters_by_itself_from_five_minutes_before_an_event_to_five_after() -> None:
    for away, refused in ((6 * MINUTE, False), (4 * MINUTE, True), (-4 * MINUTE, True), (-6 * MINUTE, False)):
        decision = decide(Eventful(policy(away)))
        assert (decision.code == "EVENT") is refused, (away, decision.reason)
        if refused:
            assert "RBI policy at" in decision.reason


def test_an_event_of_another_name_holds_nothing_back() -> None:
    assert decide(Eventful(policy(0, OTHER))).taken
    assert decide(Eventful(policy(0, STOCK))).code == "EVENT"


def test_a_person_may_enter_around_an_event_and_take_a_card() -> None:
    assert buy(Eventful(policy(0))).outcome is Outcome.ACCEPTED
    world = Eventful(policy(0), with_mode("ask"))
    decision = decide(world)
    assert decision.state is DecisionState.WAITING, decision.reason
    world.tell(TakeSignal("t", decision.id))
    assert answered(world, "t").outcome is Outcome.ACCEPTED


def minutes_until(world: World, instant: Instant) -> None:
    while world.core.market_time(world.now) < instant:
        world.settle(20 * SECOND)


def test_an_event_and_the_last_entry_are_spoken_of_ten_and_five_minutes_ahead() -> None:
    world = Eventful(policy(30 * MINUTE))
    minutes_until(world, START + 19 * MINUTE)
    assert not said(world, "RBI policy")
    minutes_until(world, START + 21 * MINUTE + MINUTE)
    assert said(world, "RBI policy at 11:30, in 10 minutes")
    assert not said(world, "RBI policy at 11:30, in 5 minutes")
    minutes_until(world, START + 27 * MINUTE)
    assert said(world, "RBI policy at 11:30, in 5 minutes")


def test_the_last_entry_of_setups_is_spoken_of_ten_and_five_minutes_ahead() -> None:
    settings = config.Settings.model_validate({"session": {"last_entry": "11:20"}})
    world = World(settings)
    minutes_until(world, START + 9 * MINUTE)
    assert not said(world, "last entry of setups")
    minutes_until(world, START + 12 * MINUTE)
    assert said(world, "last entry of setups 11:20, in 10 minutes")
    minutes_until(world, START + 25 * MINUTE)
    told = [line.text for line in world.core.events if "last entry of setups" in line.text]
    assert len(told) == 2
