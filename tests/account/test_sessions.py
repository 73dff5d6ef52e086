"""What a run's core is told of halts and of the closing auction, from the feed's own words."""

from dataclasses import dataclass, field, replace
from datetime import date, time

import pytest

import config
from engine.core import AuctionReferences, Halted
from engine.feeds.wire.frames import Frame, Indication
from engine.market.clock import Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import trading_day
from engine.runtime.live.exchange_sessions import Sessions

DAY = date(2026, 11, 27)
CASH = Instrument("NSE_EQ|A", "A", InstrumentClass.AUCTION_STOCK, 5, 1, 1_000, Provenance.MASTER)
FUTURE = replace(CASH, key="NSE_FO|F", symbol="F", kind=InstrumentClass.STOCK_FUTURE)
CLOSED, OPEN = {"NSE_EQ": "NORMAL_CLOSE", "NSE_FO": "NORMAL_OPEN"}, {"NSE_EQ": "NORMAL_OPEN"}


@dataclass
class Feed:
    segments: dict[str, str] = field(default_factory=dict)
    closing_auction: dict[str, tuple[str, Instant]] = field(default_factory=dict)


class Stand:
    """A feed that is told what to say, and what a core was told of it."""

    def __init__(self, *more: Instrument) -> None:
        self.now = instant_at(DAY, time(12, 0))
        self.feed = Feed()
        self.told: list[Halted | AuctionReferences] = []
        instruments = {one.key: one for one in more or (CASH, FUTURE)}
        day = trading_day(DAY, config.SessionSettings())
        self.sessions = Sessions(self.feed, lambda: instruments, day, lambda: self.now, self.told.append)

    def says(self, segments: dict[str, str]) -> None:
        self.feed.segments.update(segments)
        self.sessions.take(Frame("market_info", self.now, (), segments=segments))

    def indicates(self, key: str, price: int) -> None:
        told = Indication(price, 10, 0, 0, price, closing_auction=True)
        self.sessions.take(Frame("live_feed", self.now, (), indications={key: told}))

    def at(self, clock: time) -> "Stand":
        self.now = instant_at(DAY, clock)
        return self


def halts(stand: Stand) -> list[Halted]:
    return [told for told in stand.told if isinstance(told, Halted)]


def test_a_halt_names_the_classes_that_it_stops_and_its_end_is_told() -> None:
    stand = Stand()
    stand.says(CLOSED)
    stand.says(CLOSED)
    stand.says(OPEN)
    kinds = (InstrumentClass.AUCTION_STOCK,)
    assert halts(stand) == [Halted("NSE_EQ is NORMAL_CLOSE", kinds), Halted("")]


def test_a_feed_that_is_lost_in_a_halt_is_told_as_one_that_would_not_tell_of_its_end() -> None:
    stand = Stand()
    stand.sessions.lost()
    assert stand.told == []
    stand.says(CLOSED)
    stand.sessions.lost()
    stand.sessions.lost()
    assert [told.heard for told in halts(stand)] == [True, False]
    stand.says(CLOSED)
    assert halts(stand)[-1].heard


@pytest.mark.parametrize("clock", [time(15, 14, 30), time(15, 22)])
def test_a_halt_goes_on_over_the_edges_of_the_schedule(clock: time) -> None:
    stand = Stand().at(time(14, 40))
    stand.says(CLOSED)
    stand.at(clock).says(CLOSED)
    assert len(halts(stand)) == 1


def test_without_a_feed_the_brokers_word_tells_of_a_halt_whose_end_nobody_announces() -> None:
    stand = Stand()
    stand.says(OPEN)
    stand.sessions.asked("NORMAL_CLOSE")
    stand.sessions.asked("NORMAL_CLOSE")
    kinds = (InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK_FUTURE)
    (told,) = halts(stand)[1:]
    assert (told.kinds, told.heard) == (kinds, False)
    stand.sessions.asked("NORMAL_OPEN")
    assert halts(stand)[-1].reason == ""


def test_a_segment_that_is_called_closed_for_the_auction_of_others_holds_no_exit_of_a_stock_that_trades_on() -> (
    None
):
    stand = Stand(replace(CASH, kind=InstrumentClass.STOCK)).at(time(15, 17))
    stand.says(CLOSED)
    assert halts(stand) == [Halted("")]


def test_a_halt_is_over_with_the_day_at_the_latest() -> None:
    stand = Stand().at(time(14, 40))
    stand.says(CLOSED)
    stand.at(time(15, 36)).says(CLOSED)
    assert halts(stand)[-1] == Halted("")


def test_a_close_near_its_time_is_no_halt() -> None:
    stand = Stand().at(time(15, 14, 30))
    stand.says(CLOSED)
    assert halts(stand) == [Halted("")]


def test_the_reference_price_of_the_closing_auction_is_handed_on_once_and_none_before_it() -> None:
    stand = Stand().at(time(9, 5))
    stand.indicates(CASH.key, 99_00)
    stand.at(time(15, 17)).indicates(CASH.key, 100_00)
    stand.indicates(CASH.key, 100_00)
    stand.indicates("NSE_EQ|OTHER", 100_00)
    assert stand.told == [AuctionReferences({CASH.key: 100_00})]
