"""The auction of an index: what it claims of a day that it heard of late."""

from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.update import Bar, MarketUpdate
from tests.auction.builders import (
    OPEN,
    at,
    make_market,
    make_update,
)
from tests.auction.state.playing import SMALL_ROWS

INDEX = Instrument("NSE_INDEX|TEST", "TEST", InstrumentClass.INDEX, 5, 1, 1, Provenance.MASTER)


def index_update(trade_time: Instant, last: int, arrival: Instant, low: int = 9_900) -> MarketUpdate:
    """Return a packet of an index: no volume, no book, and the time of its last change."""
    day = Bar(OPEN, 10_000, max(last, 10_000), low, last, 0)
    return make_update(trade_time, last, 0, instrument=INDEX.key, arrival=arrival, last_quantity=0, day=day)


def test_an_index_begins_where_it_was_first_heard_of_and_claims_no_balance_that_nobody_saw() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN, 10_000, at("10:46")))
    context = market.context(INDEX.key)
    assert (context.partial_since, context.initial_balance) == (at("10:46"), None)
    assert (context.last, context.high, context.low) == (10_000, 10_000, 9_900)
    market.apply(index_update(at("10:47"), 10_010, at("10:47")))
    context = market.context(INDEX.key)
    assert (context.initial_balance, context.last, context.high) == (None, 10_010, 10_010)
    assert [one.index for one in market.auction(INDEX.key).brackets.brackets] == [3]


def test_an_index_that_last_moved_before_the_day_and_is_heard_of_late_is_not_known_from_the_open() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN - MINUTE, 10_000, at("10:46")))
    market.apply(index_update(at("10:47"), 10_010, at("10:47")))
    assert market.context(INDEX.key).partial_since == at("10:47")


def test_an_index_that_is_heard_before_the_open_is_known_from_the_open() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN - MINUTE, 10_000, OPEN - MINUTE))
    market.apply(index_update(OPEN + SECOND, 10_010, OPEN + SECOND))
    context = market.context(INDEX.key)
    assert context.partial_since is None
    assert context.initial_balance is not None
