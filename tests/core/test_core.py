import pytest

import config
from engine.contract.commands import (
    ArmManual,
    DeclineSignal,
    ExitPosition,
    Kill,
    ManualOrder,
    Outcome,
    PauseEntries,
    PauseReplay,
    Rearm,
    StopEngine,
    TakeSignal,
    TightenStop,
)
from engine.core import Attended, Core, DecisionState, FeedEnded, Ids, Studying, Unfollowed
from engine.core.events import Event
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.session import trading_day
from engine.market.side import Side
from engine.orders.messages import CancelOrder, PlaceOrder, Role
from engine.orders.trade import Mode
from tests.core.entries import answered, buy
from tests.core.faults import latch, opened, placed, stop_of
from tests.core.hostile import DAY, INSTRUMENTS, OTHER, PRICES, STOCK, TICK, World
from tests.core.oracles import Oracles
from tests.core.schedules import run_schedule
from tests.core.signals import decide, with_mode


def test_a_signal_is_sized_stopped_sent_and_kept_with_its_numbers() -> None:
    world = World()
    oracles = Oracles(world)
    decision = decide(world)
    assert decision.state is DecisionState.TAKEN, decision.reason
    assert decision.quantity is not None
    assert decision.risk is not None
    assert decision.risk <= world.core.limits.budget
    world.settle(2 * SECOND)
    assert world.position() == decision.quantity
    assert stop_of(world).trigger_price == decision.stop
    records = [record for record in world.records if record.kind == "signal"]
    assert [getattr(record.payload, "id", "") for record in records] == [decision.id]
    oracles.at_rest()


def test_a_refused_signal_keeps_code_reason_and_evidence() -> None:
    world = World()
    world.tell(PauseEntries("p", paused=True))
    decision = decide(world)
    assert (decision.state, decision.code) == (DecisionState.REFUSED, "PAUSED")
    assert decision.evidence == {"probe": 2}
    assert placed(world) == []
    assert [record.kind for record in world.records if record.kind == "refusal"] == ["refusal"]


def test_a_setup_switched_off_signals_and_does_not_trade() -> None:
    world = World(with_mode("off"))
    assert decide(world).code == "OFF"
    assert placed(world) == []


def test_in_ask_mode_the_card_waits_its_time_and_then_expires() -> None:
    world = World(with_mode("ask"))
    decision = decide(world)
    assert decision.state is DecisionState.WAITING
    assert decision.quantity is not None
    assert placed(world) == []
    world.settle(46 * SECOND)
    assert world.core.signals[-1].state is DecisionState.EXPIRED
    world.tell(TakeSignal("t", decision.id))
    assert answered(world, "t").outcome is Outcome.REFUSED


def test_a_waiting_signal_is_taken_by_a_person() -> None:
    world = World(with_mode("ask"))
    decision = decide(world)
    world.settle(8 * SECOND)
    world.tell(TakeSignal("t", decision.id))
    assert answered(world, "t").outcome is Outcome.ACCEPTED, answered(world, "t").text
    world.settle(2 * SECOND)
    assert world.position() > 0
    assert len([one for one in world.core.signals if one.id == decision.id]) == 1


def test_a_waiting_signal_is_declined_once_and_can_be_taken_no_more() -> None:
    world = World(with_mode("ask"))
    decision = decide(world)
    world.tell(DeclineSignal("d", decision.id))
    assert answered(world, "d").outcome is Outcome.ACCEPTED
    (kept,) = [one for one in world.core.signals if one.id == decision.id]
    assert (kept.state, kept.code) == (DecisionState.DROPPED, "DECLINED")
    world.tell(TakeSignal("t", decision.id))
    world.tell(DeclineSignal("again", decision.id))
    assert answered(world, "t").outcome is Outcome.REFUSED
    assert answered(world, "again").outcome is Outcome.REFUSED
    world.settle(11 * SECOND)
    assert world.core.signals[-1].code == "DECLINED"
    assert placed(world) == []


def test_a_signal_waiting_in_an_instrument_that_is_followed_no_more_goes_with_it() -> None:
    world = World(with_mode("ask"))
    decision = decide(world)
    world.tell(Unfollowed(STOCK))
    (kept,) = [one for one in world.core.signals if one.id == decision.id]
    assert (kept.state, kept.code) == (DecisionState.DROPPED, "UNFOLLOWED")


def test_resuming_under_the_kill_latch_says_that_entries_stay_paused_and_what_clears_it() -> None:
    world = World()
    world.tell(Kill("k", by="a test"))
    world.settle(2 * SECOND)
    world.tell(PauseEntries("r", paused=False))
    answer = answered(world, "r")
    assert answer.outcome is Outcome.REFUSED
    assert answer.text == "entries stay paused: kill latch; `cockpit rearm` clears it"
    assert not [line for line in world.core.events if "resumed" in line.text]


def test_a_pause_taken_off_under_the_kill_latch_is_told_beside_what_keeps_entries_paused() -> None:
    world = World()
    world.tell(PauseEntries("p", paused=True))
    world.tell(Kill("k", by="a test"))
    world.settle(2 * SECOND)
    world.tell(PauseEntries("r", paused=False))
    answer = answered(world, "r")
    assert answer.outcome is Outcome.ACCEPTED
    assert answer.text.startswith("your pause is off, entries stay paused: kill latch")


def cancelled(world: World) -> int:
    return len([effect for _, effect in world.sent if isinstance(effect, CancelOrder)])


def test_a_live_entry_not_filled_in_three_seconds_is_cancelled_and_not_tried_again() -> None:
    world = World(world="live")
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(2_900 * 1_000)
    assert not cancelled(world)
    world.run(SECOND)
    assert cancelled(world) == 1
    world.settle(10 * SECOND)
    assert len(placed(world)) == 1
    assert world.live() == []


def test_a_paper_entry_lives_three_seconds_from_the_first_book_it_could_meet() -> None:
    world = World(world="paper")
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(5 * SECOND)
    assert not cancelled(world)
    world.trade(STOCK, PRICES[STOCK] + 2 * TICK)
    world.run(2_900 * 1_000)
    assert not cancelled(world)
    world.run(SECOND)
    assert cancelled(world) == 1


def test_a_paper_entry_without_any_reading_ends_after_fifteen_seconds() -> None:
    world = World(world="paper")
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(14 * SECOND)
    assert not cancelled(world)
    world.run(2 * SECOND)
    assert cancelled(world) == 1


def test_a_held_replay_stops_the_life_of_an_entry() -> None:
    world = World(world="replay")
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(SECOND)
    world.tell(PauseReplay("hold", paused=True))
    world.run(60 * SECOND)
    assert not cancelled(world)
    world.tell(PauseReplay("on", paused=False))
    world.run(13 * SECOND)
    assert not cancelled(world)
    world.run(2 * SECOND)
    assert cancelled(world) == 1


def test_manual_entry_is_off_at_the_start_and_goes_off_unused() -> None:
    world = World()
    world.tell(ManualOrder("m", STOCK, Side.BUY))
    assert answered(world, "m").text == "manual entry is not armed; m arms it"
    world.tell(ArmManual("a", armed=True))
    assert world.core.manual_armed
    world.settle(601 * SECOND)
    assert not world.core.manual_armed


def test_the_same_command_twice_is_done_once() -> None:
    world = World()
    world.tell(ArmManual("a", armed=True))
    world.tell(ManualOrder("m", STOCK, Side.BUY))
    world.tell(ManualOrder("m", STOCK, Side.BUY))
    assert len(placed(world, Role.ENTRY)) == 1


def test_pausing_cancels_resting_entries_and_leaves_stops_alone() -> None:
    world, oracles = opened()
    world.liquidity[OTHER] = 0
    buy(world, OTHER, "other")
    world.run(SECOND)
    world.tell(PauseEntries("p", paused=True))
    world.run(SECOND)
    assert world.live(OTHER) == []
    assert stop_of(world).remaining == world.position()
    assert world.core.trading_word() == "PAUSED: paused by hand"
    assert buy(world, OTHER, "again").outcome is Outcome.REFUSED
    oracles.at_rest()


def test_half_is_taken_in_whole_lots_with_the_rest_protected() -> None:
    world, oracles = opened()
    held = world.position()
    world.tell(ExitPosition("h", STOCK, half=True))
    world.settle(3 * SECOND)
    assert world.position() == held - held // 2
    assert stop_of(world).remaining == world.position()
    oracles.at_rest()


def test_a_stop_tightens_and_never_widens() -> None:
    world, _ = opened()
    trigger = stop_of(world).trigger_price
    world.tell(TightenStop("w", STOCK, trigger - 10 * TICK))
    assert answered(world, "w").outcome is Outcome.REFUSED
    world.tell(TightenStop("t", STOCK, trigger + 10 * TICK))
    world.run(SECOND)
    assert stop_of(world).trigger_price == trigger + 10 * TICK


def test_positions_are_closed_at_flatten_start_without_a_latch() -> None:
    world, oracles = opened()
    start = world.day.flatten_start(INSTRUMENTS[STOCK].kind)
    world.now = start - 2 * SECOND
    world.settle(6 * SECOND)
    assert world.position() == 0
    assert world.core.closed_trades[-1].exit_reason == "flat by"
    assert latch(world) == ""
    assert any("flat by" in line.text for line in world.core.events)
    oracles.at_rest()


@pytest.mark.parametrize(
    ("name", "wished", "paused"),
    [("live", False, True), ("paper", False, False), ("paper", True, True), ("replay", True, False)],
)
def test_without_a_screen_entries_pause_after_a_minute_in_live_and_in_paper_by_a_setting(
    name: str, *, wished: bool, paused: bool
) -> None:
    world = World(config.Settings(session=config.SessionSettings(pause_unattended=wished)), world=name)
    world.tell(Attended(attended=False))
    world.settle(61 * SECOND)
    assert world.core.trading_word().startswith("PAUSED") == paused
    world.tell(PauseEntries("p", paused=False))
    assert not world.core.trading_word().startswith("PAUSED")


def test_a_screen_in_time_keeps_entries_open() -> None:
    world = World(config.Settings(session=config.SessionSettings(pause_unattended=True)), world="paper")
    world.tell(Attended(attended=False))
    world.settle(30 * SECOND)
    world.tell(Attended(attended=True))
    world.settle(60 * SECOND)
    assert not world.core.trading_word().startswith("PAUSED")


def test_a_market_that_ends_leaves_the_position_open_and_marked() -> None:
    world, _ = opened()
    world.tell(FeedEnded())
    world.run(60 * MINUTE)
    [trade] = world.core.trades
    assert trade.mode is Mode.HOLD
    assert world.core.account.result(world.now).unmarked == 0
    assert world.core.closed_trades == []
    assert world.core.next_wake() is None


def test_while_the_studies_catch_up_nothing_is_entered() -> None:
    world = World()
    world.tell(Studying(on=True))
    assert buy(world).outcome is Outcome.REFUSED
    world.tell(Studying(on=False))
    assert buy(world, name="then").outcome is Outcome.ACCEPTED


def test_the_latch_is_cleared_by_a_person_only_when_the_broker_said_flat() -> None:
    world, _ = opened()
    world.tell(Kill("k", "test"))
    world.tell(Rearm("r", "me"))
    assert answered(world, "r").outcome is Outcome.REFUSED
    world.settle(5 * SECOND)
    world.tell(Rearm("r2", "me"))
    assert answered(world, "r2").outcome is Outcome.ACCEPTED
    assert latch(world) == ""
    assert buy(world, OTHER, "next").outcome is Outcome.ACCEPTED


def test_the_engine_stops_only_with_nothing_held_or_live() -> None:
    world, _ = opened()
    world.tell(StopEngine("s"))
    assert answered(world, "s").outcome is Outcome.REFUSED
    assert world.core.kill_scope().positions == 1
    world.tell(ExitPosition("x", STOCK))
    world.settle(5 * SECOND)
    world.tell(StopEngine("s2"))
    assert answered(world, "s2").outcome is Outcome.ACCEPTED


def test_equity_is_marked_each_minute_and_at_each_close() -> None:
    world, _ = opened()
    world.settle(125 * SECOND)
    world.tell(ExitPosition("x", STOCK))
    world.settle(3 * SECOND)
    keys = [record.key for record in world.records if record.kind == "equity"]
    assert len(keys) == len(set(keys))
    assert sum(key.startswith("minute:") for key in keys) >= 2
    assert sum(key.startswith("trade:") for key in keys) == 1


def test_the_days_result_is_what_the_broker_would_say() -> None:
    world, _ = opened()
    world.tell(ExitPosition("x", STOCK))
    world.settle(5 * SECOND)
    bought, cost, sold, gain = world.totals[STOCK]
    assert bought == sold
    [trade] = world.core.closed_trades
    assert trade.gross == gain - cost
    result = world.core.account.result(world.now)
    assert (result.realised, result.charges) == (gain - cost, trade.charges)
    assert trade.charges > 0


def test_a_restart_on_the_same_day_keeps_its_result_and_its_limits() -> None:
    world, _ = opened()
    world.tell(ExitPosition("x", STOCK))
    world.settle(5 * SECOND)
    state = [record.payload for record in world.records if record.kind == "day_state"][-1]
    settings = config.Settings.model_validate({"risk": {"max_daily_loss_pct": 9.0}})
    day = trading_day(DAY, settings.session)
    again = Core(settings, INSTRUMENTS, day, "paper", 5_000_000_00, Ids("N"), recovered=state)  # type: ignore[arg-type]
    assert again.limits.account == world.core.limits.account
    assert again.limits.limits.max_daily_loss_pct == world.core.limits.limits.max_daily_loss_pct
    assert again.account.realised == world.core.account.realised


def test_the_same_events_give_the_same_effects() -> None:
    world = World()
    told: list[tuple[Event, Instant, list[object]]] = []
    handle = world.core.handle

    def remember(event: Event, now: Instant) -> list[object]:
        effects: list[object] = list(handle(event, now))
        told.append((event, now, effects))
        return effects

    world.core.handle = remember  # type: ignore[method-assign,assignment]
    world.faults.requests += ["ok", "lost-answer", "ok", "late"]
    buy(world)
    world.settle(3 * SECOND)
    buy(world, OTHER, "other", Side.SELL)
    world.settle(5 * SECOND)
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    fresh = World()
    for event, now, effects in told:
        assert list(fresh.core.handle(event, now)) == effects


def test_every_key_of_a_record_is_written_once() -> None:
    for seed in range(12):
        world = run_schedule(seed)
        keys = [(record.kind, record.key) for record in world.records]
        assert len(keys) == len(set(keys))


def test_an_intent_stands_before_each_order_and_tags_are_never_used_twice() -> None:
    for seed in range(12):
        world = run_schedule(seed)
        tags = [effect.tag for _, effect in world.sent if isinstance(effect, PlaceOrder)]
        intents = [record.key for record in world.records if record.kind == "intent"]
        assert tags == intents
        assert len(tags) == len(set(tags))
        assert all(len(tag) <= 40 for tag in tags)
