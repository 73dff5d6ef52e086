"""A restart's settings on a day that runs: tighter counts at once, looser waits for the next day and says so."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from engine.core import Core, DayState, Ids, Wished
from engine.market.clock import MILLISECOND, MINUTE, SECOND, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.session import trading_day
from engine.risk.wishes import Wishes, tightened, wishes_of
from tests.core.entries import buy
from tests.core.faults import opened, said, stopped
from tests.core.hostile import DAY, INSTRUMENTS, OTHER, STOCK, World


def settings(**sections: dict[str, object]) -> config.Settings:
    return config.Settings.model_validate(sections)


def wish(world: World, **sections: dict[str, object]) -> None:
    world.tell(Wished(wishes_of(settings(**sections))))


def test_every_limit_that_was_tightened_counts_at_once_and_is_named() -> None:
    world, _ = opened()
    wish(
        world,
        risk={
            "risk_per_trade_pct": 0.2,
            "max_positions": 1,
            "max_daily_loss_pct": 4.0,
            "orders_per_second": 5,
        },
    )
    limits = world.core.limits
    assert (limits.budget, limits.limits.max_positions, limits.loss_limit) == (2_000_00, 1, 40_000_00)
    assert world.core.manager.gate.budget.per_second == 5
    for words in (
        "risk.risk_per_trade_pct is 0.2 from now on, 1 before",
        "risk.max_positions is 1 from now on, 3 before",
        "risk.max_daily_loss_pct is 4 from now on, 5 before",
        "risk.orders_per_second is 5 from now on, 8 before",
    ):
        assert said(world, words), words
    assert "MAX_POSITIONS" in buy(world, OTHER, "second").text


def test_what_was_loosened_waits_for_the_next_day_and_says_so() -> None:
    world, _ = opened()
    wish(world, risk={"risk_per_trade_pct": 2.0, "max_positions": 10})
    assert world.core.limits.limits.risk_per_trade_pct == 1.0
    assert world.core.limits.limits.max_positions == 3
    assert said(world, "risk.risk_per_trade_pct stays 1 today; 2 counts from the next trading day")
    assert said(world, "risk.max_positions stays 3 today; 10 counts from the next trading day")


def test_the_same_settings_again_say_nothing() -> None:
    world, _ = opened()
    before = len(world.core.events)
    wish(world)
    assert len(world.core.events) == before


def test_an_earlier_flat_by_closes_what_is_held_when_it_comes() -> None:
    world, _ = opened()
    wish(world, session={"flat_by": "11:30", "last_entry": "11:10"})
    assert world.core.day.flat_by(InstrumentClass.AUCTION_STOCK) == instant_at(DAY, time(11, 30))
    assert said(world, "session.flat_by is 11:30 from now on, auto before")
    assert said(world, "session.last_entry is 11:10 from now on, auto before")
    world.settle(35 * MINUTE)
    assert world.position() == 0
    assert "TOO_LATE" in buy(world, OTHER, "late").text


def test_a_flat_by_that_has_passed_already_closes_at_once() -> None:
    world, _ = opened()
    wish(world, session={"flat_by": "10:30"})
    world.settle(3 * SECOND)
    assert world.position() == 0


def test_a_later_flat_by_waits_for_the_next_day() -> None:
    world = World(settings(session={"flat_by": "14:00"}))
    before = world.core.day.flat_by(InstrumentClass.STOCK)
    wish(world, session={"flat_by": "15:00"})
    assert world.core.day.flat_by(InstrumentClass.STOCK) == before
    assert said(world, "session.flat_by stays 14:00 today; 15:00 counts from the next trading day")


def test_a_loss_beyond_the_tightened_limit_stops_the_day_at_once() -> None:
    world, _ = opened()
    world.liquidity[STOCK] = 0
    price = world.prices[STOCK] - 300
    for _ in range(3):
        world.run(200 * MILLISECOND)
        world.trade(STOCK, price)
    lost = -world.core.account.believed(world.now).net
    assert 1_000_00 < lost < world.core.limits.loss_limit
    assert not stopped(world)
    wish(world, risk={"max_daily_loss_pct": 0.1})
    assert stopped(world)


def test_what_was_tightened_is_kept_for_the_day_and_a_third_start_cannot_loosen_it() -> None:
    world, _ = opened()
    wish(world, risk={"max_positions": 1}, session={"flat_by": "14:00"})
    state = [record.payload for record in world.records if record.kind == "day_state"][-1]
    assert isinstance(state, DayState)
    third = settings(risk={"max_positions": 5})
    again = Core(third, INSTRUMENTS, trading_day(DAY, third.session), "paper", 1, Ids("N"), recovered=state)
    assert again.limits.limits.max_positions == 1
    assert again.day.flat_by(InstrumentClass.STOCK) == instant_at(DAY, time(14, 0))
    again.handle(Wished(wishes_of(third)), world.now)
    texts = [line.text for line in again.events]
    assert "risk.max_positions stays 1 today; 5 counts from the next trading day" in texts
    assert "session.flat_by stays 14:00 today; auto counts from the next trading day" in texts


def test_a_state_that_an_earlier_version_wrote_keeps_its_limits_and_leaves_the_clock_to_the_settings() -> (
    None
):
    world, _ = opened()
    wish(world, risk={"max_positions": 1})
    state = [record.payload for record in world.records if record.kind == "day_state"][-1]
    assert isinstance(state, DayState)
    old = DayState(state.limits, 0, 0)
    again = Core(settings(), INSTRUMENTS, world.day, "paper", 1, Ids("N"), recovered=old)
    assert again.limits.limits.max_positions == 1


def test_what_was_written_down_as_tightened_counts_though_the_run_stands_before_it() -> None:
    world, _ = opened()
    kept = wishes_of(settings(risk={"max_positions": 1}))
    world.tell(Wished(wishes_of(settings()), kept))
    assert world.core.limits.limits.max_positions == 1
    assert said(world, "risk.max_positions stays 1 today; 3 counts from the next trading day")


CLOCKS = st.none() | st.times(time(9, 30), time(15, 0)).map(lambda one: one.replace(second=0, microsecond=0))
WISHES = st.builds(
    Wishes,
    limits=st.builds(
        lambda risk, positions: (
            wishes_of(settings(risk={"risk_per_trade_pct": risk, "max_positions": positions})).limits
        ),
        st.sampled_from([0.1, 0.5, 1.0, 2.0]),
        st.integers(1, 20),
    ),
    flat_by=CLOCKS,
    last_entry=CLOCKS,
    orders_per_second=st.integers(2, 10),
)


@given(before=WISHES, wished=WISHES)
def test_no_wish_loosens_anything_and_every_difference_is_told_once(before: Wishes, wished: Wishes) -> None:
    after, changes = tightened(before, wished)
    assert tightened(after, before)[0] == after
    assert tightened(after, wished)[0] == after
    assert len({change.setting for change in changes}) == len(changes)
    assert bool(changes) == (before != wished)
    assert all(change.waits == (change.in_force == change.before) for change in changes)


@pytest.mark.parametrize("kind", list(InstrumentClass))
def test_a_day_that_ends_earlier_later_on_is_the_day_that_the_settings_would_have_made(
    kind: InstrumentClass,
) -> None:
    chosen = settings(session={"flat_by": "13:00", "last_entry": "12:00"}).session
    assert isinstance(chosen.flat_by, time)
    assert isinstance(chosen.last_entry, time)
    later = trading_day(DAY, config.SessionSettings()).earlier(chosen.flat_by, chosen.last_entry)
    made = trading_day(DAY, chosen)
    for clock in ("setup_entries_stop", "entries_stop", "flatten_start", "flat_by", "first_entry"):
        assert getattr(later, clock)(kind) == getattr(made, clock)(kind), clock
    assert later.earlier(None, None) == later
