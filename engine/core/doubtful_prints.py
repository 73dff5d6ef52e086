"""Doubtful prints: a last price that neither the day's band nor the book can be true beside is held back.

Until the market agrees it changes no profile, bracket, balance, target or stop: the packet goes on with the trade
before it, and with day and minute bars that do not hold it. Each packet is judged once, before exchange and core
see it.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from engine.auction.state.auctions import Auctions
from engine.core.market_state import MarketState
from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand, assumed_band, given_way
from engine.market.update import Bar, MarketUpdate

BOOKS_AGREE: Final = 3
"""New books beside a doubted price after which it is believed."""
STANDS_FOR: Final = 2 * SECOND
"""A doubted price inside the band that stays the last one for so long is believed."""
_NEAR: Final = 100
"""Within one part in so many of the last price nothing is doubted."""
_RANGES: Final = 5
_SPREADS: Final = 10


@dataclass(slots=True)
class _Known:
    """What is believed of one instrument, and the price that is doubted; paise."""

    last: Paise = 0
    high: Paise = 0
    low: Paise = 0
    doubted: Paise = 0
    since: Instant = 0
    books: int = 0
    book: tuple[object, object] = ((), ())
    said: bool = False


@dataclass(frozen=True, slots=True)
class HeldBack:
    """One price that is held back, as a person should hear of it; paise. ``band`` is None without a fixed one."""

    instrument: str
    price: Paise
    band: PriceBand | None


class Prints:
    """Judges the prices of every packet. It owns what is believed of each instrument."""

    def __init__(self, market_state: MarketState, market: Auctions) -> None:
        self._market_state = market_state
        self._market = market
        self._known: dict[str, _Known] = {}
        self._news: list[HeldBack] = []
        self.beyond: dict[str, Paise] = {}
        """Instruments whose doubted price lies beyond their band, with it: the band should be read again."""

    def take_news(self) -> list[HeldBack]:
        """Return what was held back and not told yet."""
        news, self._news = self._news, []
        return news

    def judge(self, update: MarketUpdate) -> MarketUpdate:
        """Return a packet with what is doubted of its prices taken out; the packet itself where nothing is."""
        known = self._known.get(update.instrument)
        if known is None:
            known = self._known[update.instrument] = _Known()
        if known.last and _plain(update, known):
            known.last = update.last
            return update
        instrument = self._market_state.instruments.get(update.instrument)
        if instrument is None or not instrument.tradable or update.auction or update.last <= 0:
            return update
        return self._weigh(update, known, instrument)

    def _weigh(self, update: MarketUpdate, known: _Known, instrument: Instrument) -> MarketUpdate:
        band = self._band(update, known, instrument)
        outside = band is not None and not band.lower <= update.last <= band.upper
        away = self._away(update)
        if (outside or away is True) and not self._agreed(update, known, outside=outside, away=away):
            self._doubt(update, known, band if outside else None)
            last = known.last or _side(update)
            if not last:
                return update
        else:
            last = known.last = update.last
            known.doubted = known.books = 0
            self.beyond.pop(update.instrument, None)
            if outside:
                band = self._band(update, known, instrument)
        known.high = max(known.high, last)
        known.low = min(known.low or last, last)
        day = _day(update.day, last, known, band)
        minute = update.minute
        if minute is not None and not _holds(minute.low, minute.high, known, band):
            minute = None
        if last == update.last and day is update.day and minute is update.minute:
            return update
        return msgspec.structs.replace(update, last=last, day=day, minute=minute)

    def _band(self, update: MarketUpdate, known: _Known, instrument: Instrument) -> PriceBand | None:
        """Return the band that was told, else the one to assume after what is believed; None without a close."""
        told = self._market_state.circuits(update.instrument)
        if told is not None or update.previous_close <= 0 or instrument.is_option:
            return told
        close, tick = update.previous_close, instrument.tick
        band = assumed_band(instrument.kind, close, tick)
        seen = (known.last or close, known.high or close, known.low or close)
        return given_way(band, instrument.kind, close, tick, seen)

    def _away(self, update: MarketUpdate) -> bool | None:
        """Say whether the last price lies far outside both sides of the book; None where it has not both."""
        if not update.bids or not update.asks:
            return None
        bid, ask = update.bids[0][0], update.asks[0][0]
        atr = None
        if update.instrument in self._market.instruments:
            atr = self._market.auction(update.instrument).bars.atr
        reach = max(update.last // _NEAR, bid // _NEAR, _SPREADS * (ask - bid))
        if atr is not None:
            reach = max(reach, round(_RANGES * atr))
        return not bid - reach <= update.last <= ask + reach

    def _agreed(self, update: MarketUpdate, known: _Known, *, outside: bool, away: bool | None) -> bool:
        """Say whether the market agrees with a doubted price: by its books, by time, or by the feed's own bar."""
        if not known.doubted or abs(update.last - known.doubted) > known.doubted // _NEAR:
            known.doubted, known.since, known.books = update.last, update.arrival, 0
            known.book = ((), ())
        book = (update.bids, update.asks)
        if away is False and book != known.book:
            known.books += 1
        known.book = book
        if known.books >= BOOKS_AGREE or (away is False and not known.last):
            return True
        if outside:
            return False
        day = update.day
        in_bar = day is not None and day.low <= update.last <= day.high
        return in_bar or update.arrival - known.since >= STANDS_FOR

    def _doubt(self, update: MarketUpdate, known: _Known, band: PriceBand | None) -> None:
        if band is not None:
            self.beyond[update.instrument] = update.last
        if not known.said:
            known.said = True
            self._news.append(HeldBack(update.instrument, update.last, band))


def _plain(update: MarketUpdate, known: _Known) -> bool:
    """Say, at little cost, that nothing is odd: the price moved little and no bar holds a new extreme."""
    last = known.last
    slack = last // _NEAR
    if not -slack <= update.last - last <= slack or not known.low <= update.last <= known.high:
        return False
    day, minute = update.day, update.minute
    if day is not None and (day.high > known.high or day.low < known.low):
        return False
    return minute is None or (minute.high <= known.high and minute.low >= known.low)


def _side(update: MarketUpdate) -> Paise:
    """Return the price to begin with where the first print is doubted: the best bid, else the best ask."""
    levels = update.bids or update.asks
    return levels[0][0] if levels else 0


def _holds(low: Paise, high: Paise, known: _Known, band: PriceBand | None) -> bool:
    """Say whether a bar's extremes may be true: inside the band, or no further than what is believed."""
    if band is None:
        return True
    return high <= max(band.upper, known.high) and low >= min(band.lower, known.low)


def _day(day: Bar | None, last: Paise, known: _Known, band: PriceBand | None) -> Bar | None:
    """Return a day bar without extremes that cannot be true, and remember the believed ones."""
    if day is None:
        return None
    tall = band is not None and day.high > max(band.upper, known.high)
    deep = band is not None and day.low < min(band.lower, known.low)
    high = known.high if tall else day.high
    low = known.low if deep else day.low
    if tall and not deep:
        high = max(high, low)
    low = min(low, high)
    known.high, known.low = max(known.high, high), min(known.low, low)
    if high == day.high and low == day.low:
        return day
    first = min(max(day.open, low), high)
    return Bar(day.start, first, high, low, last, day.volume)
