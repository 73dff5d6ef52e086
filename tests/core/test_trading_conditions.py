"""What stands around the core in paper and live: checks, halts, notes, and a watchlist that changes during the day."""

import msgspec

from engine.contract.commands import Follow, Kill, Outcome, PauseEntries
from engine.contract.views import AlarmRank, Severity
from engine.core import Checked, Followed, Halted, Noted, Unfollowed
from engine.market.candles import seed_from_minutes
from engine.market.clock import MINUTE
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate
from tests.core.entries import answered, buy
from tests.core.faults import opened
from tests.core.hostile import OTHER, STOCK, TICK, World

NEW = Instrument("NSE_EQ|NEW", "NEW", InstrumentClass.STOCK, TICK, 1, 100_000, Provenance.MASTER)


def tick(world: World, last: Paise = 200_00, volume: int = 10) -> MarketUpdate:
    return MarketUpdate(
        instrument=NEW.key,
        arrival=world.now,
        trade_time=world.now,
        last=last,
        last_quantity=volume,
        volume=volume,
        previous_close=200_00,
        bids=((last - TICK, 100),),
        asks=((last + TICK, 100),),
    )


def test_a_no_go_pauses_entries_until_a_later_check_says_go_and_no_key_takes_it_off() -> None:
    world = World(world="paper")
    world.tell(Checked("the token is dead"))
    assert world.core.trading_word() == "PAUSED: pre-flight says no-go: the token is dead"
    world.tell(PauseEntries("p", paused=False))
    assert buy(world).outcome is Outcome.REFUSED
    world.tell(Checked(""))
    assert not world.core.trading_word().startswith("PAUSED")
    assert buy(world, name="then").outcome is Outcome.ACCEPTED


def test_another_reason_of_a_no_go_takes_the_place_of_the_first() -> None:
    world = World(world="paper")
    world.tell(Checked("the token is dead"))
    world.tell(Checked("the clock is 90 s off"))
    assert world.core.trading_word() == "PAUSED: pre-flight says no-go: the clock is 90 s off"
    world.tell(Checked(""))
    assert not world.core.trading_word().startswith("PAUSED")


def test_checks_that_are_still_made_hold_entries_back_without_having_said_no() -> None:
    waiting = Checked("the checks before trading are being made", awaited=True)
    word = "PAUSED: waiting for pre-flight: the checks before trading are being made"
    world = World(world="paper")
    world.tell(waiting)
    assert world.core.trading_word() == word
    world.tell(PauseEntries("p", paused=False))
    assert world.core.trading_word() == word
    world.tell(Checked("the token is dead"))
    assert world.core.trading_word() == "PAUSED: pre-flight says no-go: the token is dead"
    world.tell(waiting)
    assert world.core.trading_word() == word
    world.tell(Checked(""))
    assert not world.core.trading_word().startswith("PAUSED")
    assert world.core.events[-1].text.startswith("pre-flight says go: ")


def test_a_pause_by_hand_outlives_a_go() -> None:
    world = World(world="paper")
    world.tell(Checked("no disk"))
    world.tell(PauseEntries("p", paused=True))
    world.tell(Checked(""))
    assert world.core.trading_word() == "PAUSED: paused by hand"


def test_a_halt_of_the_exchange_pauses_entries_and_leaves_stops_alone() -> None:
    world, _ = opened()
    live = len(world.core.orders.live())
    world.tell(Halted("NSE_EQ is NORMAL_CLOSE"))
    world.settle(1_000_000)
    assert world.core.trading_word().startswith("PAUSED: the exchange halted")
    assert len(world.core.orders.live()) == live
    world.tell(Halted(""))
    assert not world.core.trading_word().startswith("PAUSED")


def test_a_note_is_an_event_line_of_its_severity() -> None:
    world = World(world="paper")
    world.tell(Noted("alarm", "the feed is lost since 11:02:03"))
    line = world.core.events[-1]
    assert (line.severity, line.text) == (Severity.ALARM, "the feed is lost since 11:02:03")


def test_an_instrument_followed_during_the_day_is_read_from_its_first_update_on() -> None:
    world = World(world="paper")
    world.tell(tick(world))
    assert world.core.market.unknown == 1
    world.tell(Followed(NEW))
    world.tell(msgspec.structs.replace(tick(world), volume=20))
    world.tell(msgspec.structs.replace(tick(world), volume=35))
    assert world.core.watchlist[-1] == NEW.key
    assert world.core.market.continuity(NEW.key).volume == 15


def past_of(world: World) -> InstrumentSeed:
    """Return the new instrument's session up to two minutes ago, as the broker's candles tell it."""
    opening = world.core.day.open(NEW.kind)
    minutes = tuple(
        Bar(start, 199_00, 201_00 + index % 3 * TICK, 198_00, 200_00, 40)
        for index, start in enumerate(range(opening, world.now - 2 * MINUTE, MINUTE))
    )
    seed = seed_from_minutes(NEW, minutes, 200_00)
    assert seed is not None
    return msgspec.structs.replace(seed, arrival=world.now)


def test_an_instrument_followed_during_the_day_takes_the_past_that_comes_behind_it() -> None:
    world = World(world="paper")
    world.tell(Followed(NEW))
    seed = past_of(world)
    world.tell(seed)
    world.tell(tick(world, volume=9_000))
    world.tell(tick(world, volume=9_015))
    context = world.core.market.context(NEW.key)
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.complete) == (198_00, True)
    assert (context.brackets[0].letter, context.estimated_volume) == ("A", seed.volume)
    assert context.volume_profile is not None
    assert context.volume_profile.total == seed.volume + 15


def test_a_past_that_comes_after_the_first_update_or_for_nobody_changes_nothing() -> None:
    world = World(world="paper")
    seed = past_of(world)
    world.tell(seed)
    world.tell(Followed(NEW))
    world.tell(tick(world))
    world.tell(seed)
    assert world.core.market.auction(NEW.key).seeded_from is None
    assert world.core.market.context(NEW.key).estimated_volume == 0


def test_an_instrument_followed_again_keeps_the_past_it_had() -> None:
    world = World(world="paper")
    world.tell(Followed(NEW))
    seed = past_of(world)
    world.tell(seed)
    world.tell(tick(world, volume=9_000))
    world.tell(Unfollowed(NEW.key))
    world.tell(Followed(NEW))
    world.tell(msgspec.structs.replace(seed, volume_rows={100_00: 7}, volume=7))
    assert world.core.market.context(NEW.key).estimated_volume == seed.volume


def test_an_instrument_put_aside_leaves_the_watchlist_and_comes_back_as_it_was() -> None:
    world = World(world="paper")
    world.tell(Unfollowed(OTHER))
    assert OTHER not in world.core.watchlist
    assert buy(world, STOCK).outcome is Outcome.ACCEPTED
    world.tell(Followed(world.core.instruments[OTHER]))
    assert OTHER in world.core.watchlist


def test_an_instrument_with_a_position_stays_followed() -> None:
    world, _ = opened()
    world.tell(Unfollowed(STOCK))
    assert STOCK in world.core.watchlist
    assert world.core.why_kept(STOCK) == "a position is open in it"


def test_following_by_a_key_is_refused_where_no_broker_stands_behind_the_market() -> None:
    world = World()
    world.tell(Follow("f", "INFY"))
    assert answered(world, "f").text == "only in paper and live"


def ranks(world: World, words: str) -> list[AlarmRank]:
    return [line.rank for line in world.core.events if words in line.text]


def test_the_kill_and_its_outcome_rank_above_every_note() -> None:
    world, _ = opened()
    world.tell(Noted("alarm", "the feed is lost"))
    world.tell(Noted("alarm", "the list of suspended names is missing", AlarmRank.LESSER))
    world.tell(Kill("k", "test"))
    world.settle(5_000_000)
    assert ranks(world, "KILL by") == ranks(world, "FLAT:") == [AlarmRank.VITAL]
    assert ranks(world, "feed is lost") == [AlarmRank.SERIOUS]
    assert ranks(world, "suspended") == [AlarmRank.LESSER]
