"""The rollout's stages in the core: PAPER enters nothing live, SMALL little, a fall counts for the very next entry."""

from dataclasses import replace

import config
from engine.brokers.upstox import translation
from engine.contract.commands import ArmManual, Outcome, RestOrder
from engine.market.clock import SECOND
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.orders.gate import Draft, Gate, GateCode, GateFacts
from engine.orders.messages import CancelOrder, OrderType, Role
from engine.orders.quote import Quote
from engine.rollout.demotion import lowered_by_stop
from engine.rollout.live_stages import LiveStages
from engine.rollout.stages import BrokerPlace, Stage, StageStanding, caps_of
from tests.core.entries import answered, buy
from tests.core.faults import placed, said
from tests.core.hostile import OTHER, PRICES, STOCK, TICK, World
from tests.core.live_account import account, move, ours
from tests.orders.builders import KEY, NOW
from tests.orders.builders import STOCK as GATED
from tests.rehearsal import REHEARSED, SMALL

PAPER = StageStanding()
IN_SMALL = StageStanding(Stage.SMALL, rehearsal=True)
IN_FULL = StageStanding(Stage.FULL, rehearsal=True)


def stages(
    setups: StageStanding,
    manual: StageStanding | None = None,
    *,
    begins: bool = True,
    entered: tuple[str, ...] = (),
) -> LiveStages:
    own = setups if manual is None else manual
    return LiveStages(BrokerPlace.LOOPBACK, setups, own, SMALL, entered, begins=begins)


def told(world: World, setups: StageStanding, manual: StageStanding | None = None) -> None:
    world.tell(stages(setups, manual, begins=False))


AROUND = GateFacts(
    instrument=GATED,
    quote=Quote(1_000_00, ((999_95, 500),), ((1_000_05, 500),), NOW),
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
CHEAP = config.Settings(stop=config.StopSettings(charges_multiple=1))
"""So small a position pays much in charges, which here do not push its stop away."""


def in_stage(standing: StageStanding, entered: tuple[str, ...] = ()) -> World:
    world = account(CHEAP)
    world.tell(stages(standing, entered=entered))
    world.trade(STOCK)
    world.trade(OTHER)
    return world


def stage_of(world: World) -> Stage:
    assert world.core.manager.stages is not None
    return world.core.manager.stages.highest


def test_until_the_record_was_read_and_in_paper_nothing_is_entered_live_and_the_way_out_is_named() -> None:
    assert LiveStages().highest is Stage.PAPER
    world = in_stage(PAPER)
    answer = buy(world)
    assert answer.outcome is Outcome.REFUSED
    assert "(STAGE)" in answer.text
    assert "cockpit rollout" in answer.text
    assert "rehearse FULL" in answer.text
    world.tell(RestOrder("rest", STOCK, Side.BUY, PRICES[STOCK] - 40 * TICK))
    assert "(STAGE)" in answered(world, "rest").text
    assert placed(world) == []


def test_the_gate_itself_denies_every_live_entry_in_paper_and_lets_pass_what_reduces() -> None:
    around = replace(AROUND, stages=stages(PAPER))
    denial = Gate(8).check(ENTRY, around, NOW)
    assert denial is not None
    assert denial.code is GateCode.STAGE
    held = replace(around, position=100)
    assert [Gate(8).check(one, held, NOW) for one in (EXIT, STOP)] == [None, None]
    assert Gate(8).check(ENTRY, replace(AROUND, stages=stages(IN_FULL)), NOW) is None


def test_an_entry_tells_the_broker_s_side_by_which_stage_it_was_judged() -> None:
    world = account()
    ours(world)
    assert [order.stage for order in placed(world, Role.ENTRY)] == [Stage.FULL]
    assert {order.stage for order in placed(world, Role.STOP)} == {None}


def test_the_broker_s_side_denies_what_the_record_no_longer_allows() -> None:
    world = account()
    ours(world)
    (entry,) = placed(world, Role.ENTRY)
    assert translation.stage_denial(entry, IN_FULL) == ""
    assert "stands at PAPER" in translation.stage_denial(entry, PAPER)
    assert "sized in FULL" in translation.stage_denial(entry, IN_SMALL)
    assert translation.stage_denial(entry, StageStanding(doubt="edited")) == "edited"


def test_a_record_that_is_not_believed_enters_nothing_and_holds_no_exit_up() -> None:
    world = account()
    ours(world)
    told(world, StageStanding(doubt="the ledger was put back"))
    assert "the ledger was put back" in buy(world, OTHER, name="next").text
    world.core.manager.leave(STOCK, "a test", world.now)
    world.settle(5 * SECOND)
    assert world.position() == 0


def test_a_fall_in_the_day_leaves_stop_and_account_and_counts_for_the_very_next_entry() -> None:
    world = account()
    ours(world)
    before = world.core.limits.account
    told(world, PAPER)
    assert said(world, "the rollout falls to PAPER: `cockpit rollout` says why")
    assert "(STAGE)" in buy(world, OTHER, name="next").text
    assert world.core.limits.account == before
    assert [order.role for order in world.live(STOCK)] == [Role.STOP]


def test_a_fall_cancels_what_rests() -> None:
    world = account()
    world.trade(STOCK)
    world.tell(ArmManual("arm", armed=True))
    world.tell(RestOrder("rest", STOCK, Side.BUY, PRICES[STOCK] - 40 * TICK))
    assert answered(world, "rest").outcome is Outcome.ACCEPTED, answered(world, "rest").text
    world.run(2 * SECOND)
    told(world, IN_SMALL)
    assert any(isinstance(effect, CancelOrder) for _, effect in world.sent)
    world.settle(3 * SECOND)
    assert world.live(STOCK) == []


def test_small_takes_one_position_of_its_size_in_two_instruments_a_day() -> None:
    world = in_stage(IN_SMALL)
    quantity = ours(world)
    (entry,) = placed(world, Role.ENTRY)
    assert 0 < quantity * entry.price <= 25_000_00
    assert (
        "SMALL allows 1 position at a time, and 1 open or on its way" in buy(world, OTHER, name="next").text
    )
    world.core.manager.leave(STOCK, "a test", world.now)
    world.settle(5 * SECOND)
    third = in_stage(IN_SMALL, entered=("one", "two"))
    assert (
        "SMALL allows 2 instruments a day, and entries left for 2 others today"
        in buy(third, name="next").text
    )


def test_a_short_that_fills_above_its_limit_is_no_larger_position_than_small_allows() -> None:
    world = in_stage(IN_SMALL)
    world.trade(STOCK, 1_000_30)
    assert buy(world, side=Side.SELL).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    (entry,) = placed(world, Role.ENTRY)
    assert entry.price < 1_000_00
    assert 0 < -world.position() * 1_000_30 <= 25_000_00


def test_small_risks_its_share_of_its_own_account_whatever_account_the_day_began_with() -> None:
    world = account(CHEAP)
    told(world, IN_SMALL)
    ours(world)
    (holding,) = world.core.account.holdings(world.now)
    assert holding.risk is not None
    assert holding.risk <= 250_00
    assert world.core.limits.account == 1_000_000_00


def test_within_a_run_no_stage_rises_and_a_start_takes_it_as_it_is() -> None:
    world = account()
    told(world, IN_SMALL)
    told(world, IN_FULL)
    assert stage_of(world) is Stage.SMALL
    world.tell(REHEARSED)
    assert stage_of(world) is Stage.FULL


def test_the_trader_s_own_orders_have_a_stage_of_their_own() -> None:
    world = in_stage(IN_FULL)
    told(world, IN_FULL, manual=PAPER)
    assert "(STAGE)" in buy(world).text
    named = world.core.manager.stages
    assert named is not None
    assert named.name == "FULL (REHEARSAL), own orders PAPER"


def test_a_stop_later_than_two_seconds_lowers_the_stage_by_itself() -> None:
    world = account()
    late = lowered_by_stop(3 * SECOND, "T1")
    assert late is not None
    world.core.journal.lowerings.append(late)
    move(world, STOCK, PRICES[STOCK])
    ours(world)
    assert stage_of(world) is Stage.SMALL
    assert said(world, "the rollout falls to SMALL (REHEARSAL): a stop later than 2 s")


def test_no_stage_counts_where_no_real_order_can_leave() -> None:
    world = World()
    told(world, PAPER)
    world.trade(STOCK)
    assert buy(world).outcome is Outcome.ACCEPTED


def test_settings_only_tighten_the_caps_of_small() -> None:
    tight = config.RolloutSettings(small_account=40_000, small_risk_pct=0.1)
    assert caps_of(Stage.SMALL, 2_000_000_00, config.RolloutSettings()) == SMALL
    assert caps_of(Stage.SMALL, 500_000_00, config.RolloutSettings()).account == 50_000_00
    found = caps_of(Stage.SMALL, 2_000_000_00, tight)
    assert (found.account, found.risk_pct, found.position) == (40_000_00, 0.1, 25_000_00)
