"""Entries wait for a person after losses in a row or a peak given back, and a restart does not forget it."""

from config import SessionSettings, Settings
from engine.contract.commands import Outcome, PauseEntries
from engine.core import Attended, DayState, Resumed
from engine.market.clock import MINUTE, SECOND
from tests.core.entries import answered, buy
from tests.core.faults import said
from tests.core.hostile import STOCK, TICK, World


def lose(world: World, name: str) -> None:
    """Buy, and let the stop take the position out."""
    assert buy(world, name=name).outcome is Outcome.ACCEPTED, answered(world, name).text
    world.run(2 * SECOND)
    (trade,) = world.core.trades
    assert trade.stop is not None
    world.trade(STOCK, trade.stop.trigger)
    world.settle(3 * SECOND)
    assert world.position() == 0
    # Two entries of one instrument in a minute are the most that may leave.
    world.settle(MINUTE)


def lost_three() -> World:
    world = World()
    for name in ("one", "two", "three"):
        lose(world, name)
    return world


def test_after_three_losses_entries_wait_for_a_person_and_the_header_says_why() -> None:
    world = World()
    lose(world, "one")
    lose(world, "two")
    assert not world.core.trading_word().startswith("PAUSED")
    lose(world, "three")
    assert world.core.trading_word() == "PAUSED: 3 losing trades in a row"
    assert said(world, "entries paused: 3 losing trades in a row")
    assert buy(world, name="four").outcome is Outcome.REFUSED
    world.tell(PauseEntries("go", paused=False))
    assert answered(world, "go").outcome is Outcome.ACCEPTED
    assert buy(world, name="five").outcome is Outcome.ACCEPTED, answered(world, "five").text


def test_counting_begins_anew_once_a_person_has_resumed() -> None:
    world = lost_three()
    world.tell(PauseEntries("go", paused=False))
    lose(world, "four")
    lose(world, "five")
    assert not world.core.trading_word().startswith("PAUSED")
    lose(world, "six")
    assert world.core.trading_word() == "PAUSED: 3 losing trades in a row"


def test_giving_back_most_of_the_days_peak_pauses_entries_and_leaves_the_position_alone() -> None:
    world = World()
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    (trade,) = world.core.trades
    assert trade.stop is not None
    start, risk = world.prices[STOCK], trade.stop.risk
    for step in range(0, 3 * risk, 10 * TICK):
        world.trade(STOCK, start + step)
        world.run(SECOND)
    world.settle(MINUTE)
    assert world.core.account.brakes.peak > world.core.limits.budget
    (trade,) = world.core.trades
    assert trade.stop is not None
    for _ in range(3):
        world.trade(STOCK, trade.stop.trigger + 3 * TICK)
        world.run(SECOND)
    world.settle(MINUTE)
    assert "of the day's peak of" in world.core.trading_word()
    assert world.position() > 0


def test_a_restart_on_the_same_day_stays_paused_and_a_resumed_one_does_not() -> None:
    world = lost_three()
    states = [record.payload for record in world.records if record.kind == "day_state"]
    paused = states[-1]
    assert isinstance(paused, DayState)
    again = World(recovered=paused)
    assert again.core.trading_word() == "PAUSED: 3 losing trades in a row"
    assert buy(again).outcome is Outcome.REFUSED
    world.tell(PauseEntries("go", paused=False))
    resumed = [record.payload for record in world.records if record.kind == "day_state"][-1]
    assert isinstance(resumed, DayState)
    assert not World(recovered=resumed).core.trading_word().startswith("PAUSED")


def unreachable(settings: Settings | None = None) -> World:
    """Return a replay that no person can come to, after three losses."""
    world = World(settings)
    world.tell(Attended(attended=False, reachable=False))
    for name in ("one", "two", "three"):
        lose(world, name)
    return world


def test_where_nobody_can_come_a_brake_is_told_and_entries_go_on_counted_anew() -> None:
    world = unreachable()
    assert not world.core.trading_word().startswith("PAUSED")
    assert said(
        world, "3 losing trades in a row: nobody can come to this replay and resume, so entries go on"
    )
    assert not said(world, "entries paused")
    lose(world, "four")
    assert world.core.account.brakes.losses == 1


def test_where_nobody_can_come_entries_pause_for_good_by_a_setting() -> None:
    world = unreachable(Settings(session=SessionSettings(pause_unattended=True)))
    assert world.core.trading_word() == "PAUSED: 3 losing trades in a row"
    assert buy(world, name="four").outcome is Outcome.REFUSED


def test_a_replay_that_comes_back_from_a_death_waits_for_the_person_who_can_come_now() -> None:
    world = World()
    world.tell(Attended(attended=False, reachable=False))
    world.tell(Resumed("H"))
    world.settle(2 * SECOND)
    for name in ("one", "two", "three"):
        lose(world, name)
    assert world.core.trading_word() == "PAUSED: 3 losing trades in a row"


def test_two_losses_before_a_restart_count_after_it() -> None:
    world = World()
    lose(world, "one")
    lose(world, "two")
    state = [record.payload for record in world.records if record.kind == "day_state"][-1]
    assert isinstance(state, DayState)
    again = World(recovered=state)
    lose(again, "three")
    assert again.core.trading_word() == "PAUSED: 3 losing trades in a row"
