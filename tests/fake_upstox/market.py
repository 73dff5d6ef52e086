"""The running market as the exchange sees it: last packet, open book, traded minutes and limits by instrument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from engine.feeds.wire.packet import FeedCandle, MarketCandles, MarketLevel, RecordedPacket, TradableFeed
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, instant_at
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.packets import standing_packet

_BAND_PERCENT = 10
_AUCTION_PERCENT = 3
_OPTION_CEILING = 4
_SLOT: Instant = 30 * SECOND
_SMALL_PREMIUM, _SMALL_REACH, _REACH_PERCENT = 5_000, 2_000, 40
"""Limit price protection of index options: up to 50 rupees 20 either way, above it 40 %."""
_REFERENCE_FROM = time(15, 0)
_REFERENCE_TO = time(15, 15)


@dataclass
class Level:
    """One price of the open book and what is left of it; an order of ours takes it away until the next packet."""

    price: int
    left: int


@dataclass
class MinuteBar:
    """One traded minute, paise."""

    open: int
    high: int
    low: int
    close: int
    volume: int = 0


@dataclass
class Quote:
    """The state of one instrument. Prices in paise."""

    listing: Listing
    packet: RecordedPacket
    last: int
    lower: int
    upper: int
    previous_close: int
    traded: Instant = 0
    volume: int = 0
    open: int = 0
    high: int = 0
    low: int = 0
    traded_quantity: int = 0
    """Volume of the newest packet alone."""
    book: MarketLevel = field(default_factory=MarketLevel)
    """The newest packet's book, before orders took from it."""
    minutes: dict[Instant, MinuteBar] = field(default_factory=dict)
    totals: dict[Instant, int] = field(default_factory=dict)
    """Day volume at the end of each minute that was heard."""
    first_seen: Instant = 0
    """Last trade time of the first packet played; nothing before it was heard."""
    first_volume: int = 0
    reference_value: int = 0
    reference_volume: int = 0
    candles: MarketCandles | None = None
    """The newest packet's bars, already taken in."""
    slot: Instant = 0
    slot_value: int = 0
    slot_volume: int = 0
    slot_average: int = 0
    """Average trade price of the last half minute that had trades."""
    moving: bool = False
    """A tape moves it."""
    _sides: tuple[list[Level], list[Level]] | None = None

    def show(self, book: MarketLevel) -> None:
        """Take a packet's book over."""
        self.book, self._sides = book, None

    @property
    def bids(self) -> list[Level]:
        """Return what is left of the buyers, best first."""
        return self._open()[0]

    @property
    def asks(self) -> list[Level]:
        """Return what is left of the sellers, best first."""
        return self._open()[1]

    def _open(self) -> tuple[list[Level], list[Level]]:
        # Made when somebody looks: most books of a fast tape are never traded with.
        if self._sides is None:
            rows = self.book.bidAskQuote
            self._sides = (
                [Level(paise(row.bidP), row.bidQ) for row in rows if row.bidQ],
                [Level(paise(row.askP), row.askQ) for row in rows if row.askQ],
            )
        return self._sides

    @property
    def reference(self) -> int:
        """Return the closing auction's reference price: VWAP of the last quarter hour, else the last trade."""
        if not self.reference_volume:
            return self.last
        tick = self.listing.tick
        return round(self.reference_value / self.reference_volume / tick) * tick

    @property
    def collar(self) -> tuple[int, int] | None:
        """Return the exchange's limit price protection range, known for options only."""
        if self.listing.kind not in ("CE", "PE"):
            return None
        around = self.slot_average or self.last
        reach = _SMALL_REACH if around <= _SMALL_PREMIUM else around * _REACH_PERCENT // 100
        return around - reach, around + reach


class Market:
    """Quotes by instrument; the tape writes, everybody reads."""

    def __init__(self, listings: Mapping[str, Listing], day: date, opened: Instant) -> None:
        self.day = day
        self.halted: set[str] = set()
        """Segments, or single instruments, in which nothing trades."""
        self.locked: set[str] = set()
        """Instruments held at a price limit: the tape does not move them."""
        self.added: dict[str, int] = {}
        """Volume by instrument that came from elsewhere than the tape."""
        self._listings = listings
        self._midnight = instant_at(day, time(0))
        self._opened = opened
        self._reference_from = instant_at(day, _REFERENCE_FROM)
        self._reference_to = instant_at(day, _REFERENCE_TO)
        self._quotes: dict[str, Quote] = {}

    def quote(self, key: str) -> Quote:
        """Return the quote of a listed instrument; raise KeyError for another."""
        known = self._quotes.get(key)
        return known if known is not None else self._standing(self._listings[key])

    def is_halted(self, listing: Listing) -> bool:
        """Say whether trading in an instrument is stopped."""
        return bool({listing.key, listing.segment, "NSE"} & self.halted)

    def statuses(self, scheduled: Mapping[str, str]) -> dict[str, str]:
        """Return the segments' states as told: the scheduled ones, closed where trading is halted."""
        return {
            segment: "NORMAL_CLOSE" if {segment, "NSE"} & self.halted else status
            for segment, status in scheduled.items()
        }

    def play(self, key: str, packet: RecordedPacket) -> Quote:
        """Take a packet of the tape in and return the quote as it stands then."""
        quote = self._quotes.get(key)
        if quote is None:
            quote = self._standing(self._listings[key])
        first = not quote.moving
        quote.moving = True
        quote.packet = packet
        feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
        if feed is None:
            return quote
        if first and feed.ltpc.cp:
            quote.previous_close = paise(feed.ltpc.cp)
            quote.lower, quote.upper = band_of(quote.listing, quote.previous_close)
            quote.first_seen, quote.first_volume = feed.ltpc.ltt * MILLISECOND, feed.vtt
        self._take_trade(quote, feed, first=first)
        quote.show(feed.marketLevel)
        if feed.marketOHLC is not quote.candles:
            quote.candles = feed.marketOHLC
            for candle in feed.marketOHLC.ohlc:
                self._take_candle(quote, candle)
        return quote

    def set_price(self, key: str, last: int, at: Instant) -> Quote:
        """Move an instrument by hand: a standing book around a price."""
        quote = self.quote(key)
        self.added[key] = self.added.get(key, 0) + quote.listing.lot
        packet = standing_packet(quote.listing, last, quote.volume + quote.listing.lot, self._midnight, at)
        quote.moving = quote.moving or bool(quote.volume)
        # A hand moved it: what traded before says nothing about where it may trade now.
        quote.slot_average = quote.slot_value = quote.slot_volume = 0
        return self.play(key, packet)

    def lock(self, key: str, side: str | None, at: Instant) -> None:
        """Hold an instrument at its upper or lower limit, where nobody stands on the other side; None lets go."""
        if side not in (None, "upper", "lower"):
            raise ValueError(f"expected upper, lower or null, got {side!r}")
        if side is None:
            self.locked.discard(key)
            return
        self.locked.add(key)
        quote = self.quote(key)
        last = quote.upper if side == "upper" else quote.lower
        volume = quote.volume + quote.listing.lot
        self.added[key] = self.added.get(key, 0) + quote.listing.lot
        packet = standing_packet(quote.listing, last, volume, self._midnight, at, locked=side)
        self.play(key, packet)

    def narrow_stock_futures(self) -> None:
        """Set the bands that stock futures have while their stocks are in the closing auction."""
        for listing in self._listings.values():
            if listing.kind == "FUT" and listing.underlying_kind == "EQUITY":
                quote = self.quote(listing.key)
                quote.lower, quote.upper = narrow_band(quote)

    def relist(self, listing: Listing) -> None:
        """Take an instrument's changed terms over."""
        self.quote(listing.key).listing = listing

    def _take_trade(self, quote: Quote, feed: TradableFeed, *, first: bool) -> None:
        last, traded = paise(feed.ltpc.ltp), feed.ltpc.ltt * MILLISECOND
        if not last:
            return
        quote.traded_quantity = 0 if first else max(0, feed.vtt - quote.volume)
        if feed.vtt >= quote.volume:
            quote.last, quote.traded, quote.volume = last, traded, feed.vtt
        quote.totals[traded // MINUTE * MINUTE] = quote.volume
        if not quote.traded_quantity:
            return
        bar = quote.minutes.setdefault(traded // MINUTE * MINUTE, MinuteBar(last, last, last, last))
        bar.high, bar.low, bar.close = max(bar.high, last), min(bar.low, last), last
        bar.volume += quote.traded_quantity
        self._take_slot(quote, traded, last)
        if self._reference_from <= traded < self._reference_to:
            quote.reference_value += last * quote.traded_quantity
            quote.reference_volume += quote.traded_quantity

    def _take_slot(self, quote: Quote, traded: Instant, last: int) -> None:
        slot = traded // _SLOT
        if slot != quote.slot:
            if quote.slot_volume:
                quote.slot_average = quote.slot_value // quote.slot_volume
            quote.slot, quote.slot_value, quote.slot_volume = slot, 0, 0
        quote.slot_value += last * quote.traded_quantity
        quote.slot_volume += quote.traded_quantity

    def _take_candle(self, quote: Quote, candle: FeedCandle) -> None:
        prices = [paise(price) for price in (candle.open, candle.high, candle.low, candle.close)]
        if candle.interval == "1d":
            quote.open, quote.high, quote.low = prices[:3]
        elif candle.interval == "I1":
            # The exchange's own minute: better than what conflated snapshots show of it.
            opened, high, low, close = prices
            quote.minutes[candle.ts * MILLISECOND] = MinuteBar(opened, high, low, close, candle.vol)

    def _standing(self, listing: Listing) -> Quote:
        lower, upper = band_of(listing, listing.base)
        packet = standing_packet(listing, listing.base, 0, self._midnight, self._opened)
        quote = Quote(
            listing=listing,
            packet=packet,
            last=listing.base,
            lower=lower,
            upper=upper,
            previous_close=listing.base,
            traded=self._opened,
            open=listing.base,
            high=listing.base,
            low=listing.base,
        )
        feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
        if feed is not None:
            quote.show(feed.marketLevel)
        self._quotes[listing.key] = quote
        return quote


def paise(rupees: float) -> int:
    """Return whole paise of the broker's double."""
    return round(rupees * 100)


def narrow_band(quote: Quote) -> tuple[int, int]:
    """Return 3 % either way of a quote's reference price, on ticks inside it."""
    tick = quote.listing.tick
    reach = quote.reference * _AUCTION_PERCENT // 100
    return -(-(quote.reference - reach) // tick) * tick, (quote.reference + reach) // tick * tick


def band_of(listing: Listing, previous_close: int) -> tuple[int, int]:
    """Return the lowest and highest price that an order may carry."""
    tick = listing.tick
    if listing.kind in ("CE", "PE"):
        return tick, previous_close * _OPTION_CEILING // tick * tick
    reach = previous_close * _BAND_PERCENT // 100
    return -(-(previous_close - reach) // tick) * tick, (previous_close + reach) // tick * tick
