"""What the market did behind an exit, and behind a signal that became no trade: kept once, and bounded."""

import msgspec

from engine.contract.commands import ArmManual, ExitPosition, ManualOrder
from engine.contract.decision_state import DecisionState
from engine.core import FeedEnded
from engine.core.aftermath import AFTER_MINUTES, MOST_WATCHES, Aftermath
from engine.core.decision import Decision
from engine.core.story_records import AfterExit, FillBook, Protection, Sight, WouldHave, WouldHaveEnd
from engine.market.clock import MINUTE, SECOND
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.ledger_facts import Record
from engine.orders.order import Fill
from tests.core.hostile import OTHER, STOCK, World
from tests.core.market import INSTRUMENTS, START, TICK


def kept(world: World, kind: str) -> list[Record]:
    return [record for record in world.records if record.kind == kind]


def bought(world: World) -> None:
    world.tell(ArmManual("arm", armed=True))
    world.tell(ManualOrder("buy", STOCK, Side.BUY))
    world.run(2 * SECOND)


def closed(world: World) -> None:
    bought(world)
    world.tell(ExitPosition("x", STOCK))
    world.run(2 * SECOND)
    assert world.position() == 0


def a_signal(name: str = "d", side: Side = Side.BUY, setup: str = "failed auction") -> Decision:
    sign = side.sign
    return Decision(
        id=name,
        time=START,
        at=START,
        instrument=STOCK,
        setup=setup,
        version=1,
        side=side,
        price=1_000_00,
        stop=1_000_00 - sign * 2_00,
        target_1=1_000_00 + sign * 3_00,
        target_2=None,
        state=DecisionState.REFUSED,
        code="REWARD_RISK",
        reason="too little",
        premise="",
        evidence={},
    )


def watched(world: World, *decisions: Decision) -> tuple[Aftermath, list[WouldHave]]:
    """Return a watch of decisions in a world, and the list of what it tells."""
    told: list[WouldHave] = []

    def take(record: Record) -> None:
        assert isinstance(record.payload, WouldHave)
        told.append(record.payload)

    aftermath = Aftermath(world.core.market_state, take)
    for decision in decisions:
        aftermath.decided(decision, world.now)
    return aftermath, told


def trade_at(world: World, aftermath: Aftermath, price: Paise) -> None:
    world.trade(STOCK, price)
    update = world.core.market_state.update(STOCK)
    assert update is not None
    aftermath.moved(update, world.now)


def test_a_decision_keeps_the_market_that_it_saw() -> None:
    world = World()
    bought(world)
    [record] = kept(world, "sight")
    sight = record.payload
    assert isinstance(sight, Sight)
    assert record.key == world.core.signals[0].id
    assert (sight.last, sight.bid, sight.ask) == (1_000_00, world.bid(STOCK), world.ask(STOCK))
    assert sight.atr is not None
    assert len(sight.levels) <= 12


def test_a_fill_keeps_the_book_that_it_met_and_a_protection_its_proof() -> None:
    world = World()
    bought(world)
    fills, books = kept(world, "fill"), kept(world, "fill_book")
    assert [one.key for one in fills] == [one.key for one in books]
    fill, book = fills[0].payload, books[0].payload
    assert isinstance(fill, Fill)
    assert isinstance(book, FillBook)
    assert book.asks[0][0] == world.ask(STOCK)
    assert len(book.asks) <= 5
    [proof] = [record.payload for record in kept(world, "protected")]
    assert isinstance(proof, Protection)
    assert proof.quantity == world.position()
    assert proof.trigger < fill.value // fill.quantity


def test_the_half_hour_behind_an_exit_is_kept_as_each_of_its_parts_is_over() -> None:
    world = World()
    closed(world)
    for price in (1_002_00, 997_00, 1_001_00):
        world.run(20 * SECOND)
        world.trade(STOCK, price)
    for minute in range(1, 32):
        world.run(MINUTE)
        world.trade(STOCK, 1_001_00 + minute * TICK)
    after = [record.payload for record in kept(world, "after_exit")]
    assert all(isinstance(one, AfterExit) for one in after)
    assert [(one.minutes, one.cut) for one in after if isinstance(one, AfterExit)] == [
        (minutes, "") for minutes in AFTER_MINUTES
    ]
    first, last = after[0], after[-1]
    assert isinstance(first, AfterExit)
    assert isinstance(last, AfterExit)
    assert (first.high, first.low) == (1_002_00, 997_00)
    assert last.low == 997_00
    assert last.high == last.last


def test_nothing_is_watched_once_the_half_hour_is_over() -> None:
    world = World()
    closed(world)
    for _ in range(40):
        world.run(MINUTE)
        world.trade(STOCK)
    known = len(kept(world, "after_exit"))
    assert known == len(AFTER_MINUTES)
    for _ in range(40):
        world.run(MINUTE)
        world.trade(STOCK)
    assert len(kept(world, "after_exit")) == known


def test_a_market_that_ends_cuts_the_watch_and_says_so() -> None:
    world = World()
    closed(world)
    world.run(2 * MINUTE)
    world.trade(OTHER)
    world.tell(FeedEnded())
    after = [record.payload for record in kept(world, "after_exit")]
    cuts = [one.cut for one in after if isinstance(one, AfterExit)]
    assert cuts == ["", *["the market ended"] * 3]


def test_a_refused_signal_ends_at_what_is_touched_first() -> None:
    world = World()
    aftermath, told = watched(world, a_signal())
    for price in (1_001_00, 999_00, 1_003_00, 990_00):
        trade_at(world, aftermath, price)
    [would] = told
    assert (would.end, would.leaves, would.high, would.low) == (
        WouldHaveEnd.TARGET,
        1_003_00,
        1_003_00,
        999_00,
    )


def test_a_gap_through_its_stop_leaves_where_the_market_was_and_not_at_the_stop() -> None:
    world = World()
    aftermath, told = watched(world, a_signal(side=Side.SELL))
    trade_at(world, aftermath, 1_004_50)
    assert [(one.end, one.leaves) for one in told] == [(WouldHaveEnd.STOP, 1_004_50)]


def test_neither_touched_within_the_hour_leaves_at_the_last_price() -> None:
    world = World()
    aftermath, told = watched(world, a_signal())
    trade_at(world, aftermath, 1_000_50)
    world.run(61 * MINUTE)
    world.trade(OTHER)
    aftermath.look(world.now)
    assert [(one.end, one.leaves) for one in told] == [(WouldHaveEnd.TIME, 1_000_50)]


def test_a_price_that_stands_ends_a_watch_once_its_minutes_are_over() -> None:
    world = World()
    closed(world)
    world.trade(STOCK)
    for _ in range(6):
        world.run(MINUTE)
        world.trade(STOCK)
    after = [record.payload for record in kept(world, "after_exit")]
    assert [one.minutes for one in after if isinstance(one, AfterExit)] == [1, 5]


def test_a_watch_that_begins_at_a_standing_price_sees_it() -> None:
    world = World()
    aftermath, told = watched(world, a_signal("first"))
    trade_at(world, aftermath, 1_003_50)
    aftermath.decided(msgspec.structs.replace(a_signal("second")), world.now)
    trade_at(world, aftermath, 1_003_50)
    assert [one.decision for one in told] == ["first", "second"]


def test_a_signal_that_became_a_trade_has_no_would_have() -> None:
    world = World()
    bought(world)
    trade = world.core.trades[0]
    taken = msgspec.structs.replace(a_signal(), state=DecisionState.TAKEN, trade=trade.id)
    aftermath, told = watched(world, taken)
    trade_at(world, aftermath, 1_003_00)
    assert told == []
    aftermath.filled(trade)
    aftermath.end(world.now)
    assert told == []


def test_an_entry_that_never_filled_is_a_missed_signal() -> None:
    world = World()
    bought(world)
    trade = world.core.trades[0]
    aftermath, told = watched(
        world, msgspec.structs.replace(a_signal(), state=DecisionState.TAKEN, trade=trade.id)
    )
    trade_at(world, aftermath, 1_003_00)
    aftermath.unfilled(trade, world.now)
    assert [one.end for one in told] == [WouldHaveEnd.TARGET]


def test_the_traders_own_orders_have_no_would_have() -> None:
    world = World()
    aftermath, told = watched(world, a_signal(setup="manual"))
    trade_at(world, aftermath, 1_003_00)
    aftermath.end(world.now)
    assert told == []


def test_a_signal_behind_flat_by_is_not_watched_for_nothing_could_be_held() -> None:
    world = World()
    aftermath, told = watched(world)
    world.run(world.day.flat_by(INSTRUMENTS[STOCK].kind) - world.now)
    world.trade(STOCK)
    aftermath.decided(a_signal(), world.now)
    aftermath.end(world.now)
    assert told == []


def test_a_flood_of_signals_is_bounded() -> None:
    world = World()
    aftermath, told = watched(world, *(a_signal(f"d{number}") for number in range(3 * MOST_WATCHES)))
    aftermath.end(world.now)
    assert [one.decision for one in told] == [f"d{number}" for number in range(MOST_WATCHES)]
