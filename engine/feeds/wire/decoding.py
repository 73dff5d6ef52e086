"""From the broker's packets to the one market update: recorded JSON and protobuf frames, through one door.

Every oddity of the feed is named and counted; a packet that cannot be trusted raises a typed reason and harms
nothing else. Prices become whole paise here and are checked against the instrument's tick.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.feeds.wire.packet import (
    REQUEST_MODES,
    ArrivalClock,
    BookDepth,
    FeedCandle,
    FirstLevel,
    Ltpc,
    RecordedPacket,
    TradableFeed,
    packet_of,
    packet_of_text,
)
from engine.feeds.wire.price_grid import PriceGrid
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason, UnusableError
from engine.market.clock import MILLISECOND, Instant, trading_date
from engine.market.price import MAX_PAISE, Paise
from engine.market.update import Bar, Level, MarketUpdate

EARLIEST: Final = 946_684_800_000
LATEST: Final = 4_102_444_800_000
"""2000 and 2100 in epoch milliseconds: a trade time outside was sent in another unit."""
_MAX_QUANTITY: Final = 10**12
_WILD_FACTOR: Final = 4
_WILD_STEP: Final[Paise] = 2_00
"""The cheapest options do multiply within a packet; up to this step any factor is believed."""
_WILD_PACKETS: Final = 10
_UNFIT_PACKETS: Final = 20
"""So many packets off the tick and none on it: the tick is wrong, not the prices."""


class PacketDecoder:
    """Reads packets of one feed: carries last trades forward and counts every quirk and rejection.

    ``ticks`` maps instruments to ticks in paise; prices of instruments without a tick are not checked for it.
    """

    def __init__(self, ticks: Mapping[str, Paise] | None = None) -> None:
        self._ticks = dict(ticks or {})
        self._prices: dict[str, PriceGrid] = {}
        self._closes = PriceGrid(None)
        self._latest: dict[str, MarketUpdate] = {}
        self._unheard: set[str] = set()
        self._clock = ArrivalClock()
        self._wild: dict[str, int] = {}
        self._wild_bars: dict[tuple[str, str], int] = {}
        self._off_tick: dict[str, int] = {}
        self._unfit: list[str] = []
        self._rejected: dict[str, int] = {}
        self._reasons: dict[Reason, int] = {}
        self._quirks: dict[Quirk, int] = {}

    @property
    def rejected(self) -> Mapping[str, int]:
        """Rejected packets per instrument; "" collects those without one."""
        return self._rejected

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Rejected packets per reason."""
        return self._reasons

    @property
    def quirks(self) -> Mapping[Quirk, int]:
        """How often each oddity was survived."""
        return self._quirks

    def know(self, ticks: Mapping[str, Paise]) -> None:
        """Check prices of more instruments for their ticks (paise) from now on."""
        self._ticks.update(ticks)
        for key in ticks:
            self._prices.pop(key, None)

    def take_unfit(self) -> list[str]:
        """Return instruments of which nothing can be read because their tick is wider than what trades, each once."""
        unfit, self._unfit = self._unfit, []
        return unfit

    def break_off(self) -> None:
        """Take the feed as broken off: the next packet of each instrument is a snapshot, whatever it calls itself."""
        self._unheard = set(self._latest)

    def reject(self, reason: Reason, instrument: str, text: str) -> DecodeError:
        """Count a rejection and return its error."""
        self._rejected[instrument] = self._rejected.get(instrument, 0) + 1
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        if reason is Reason.OFF_TICK and instrument not in self._latest:
            off = self._off_tick[instrument] = self._off_tick.get(instrument, 0) + 1
            if off == _UNFIT_PACKETS:
                self._unfit.append(instrument)
        return DecodeError(reason, instrument, text)

    def update_from_recorded(
        self, record: RecordedPacket | Mapping[str, object] | bytes, arrival: Instant | None = None
    ) -> MarketUpdate:
        """Return the update of a recorded packet; raise DecodeError. Without ``arrival`` the recorded one counts."""
        packet = record if isinstance(record, RecordedPacket) else self._packet(record)
        key = packet.instrumentKey
        if not key:
            raise self.reject(Reason.NO_INSTRUMENT, "", "expected an instrumentKey, got none")
        if packet.requestMode not in REQUEST_MODES:
            self.count(Quirk.UNKNOWN_MODE)
        if arrival is None:
            try:
                arrival = self._clock.read(packet.insertion_time)
            except ValueError as error:
                raise self.reject(Reason.BAD_TIME, key, str(error)) from error
        full = packet.fullFeed
        if full is not None and full.marketFF is not None:
            feed = full.marketFF
            return self.market(key, feed, arrival, snapshot=False, auction=feed.ltpc.iep is not None)
        if full is not None and full.indexFF is not None:
            index = full.indexFF
            return self.plain(key, index.ltpc, (), index.marketOHLC.ohlc, arrival, snapshot=False)
        if packet.firstLevelWithGreeks is not None:
            first = packet.firstLevelWithGreeks
            return self.plain(key, first.ltpc, (first.firstDepth,), (), arrival, snapshot=False, first=first)
        if packet.ltpc is not None:
            return self.plain(key, packet.ltpc, (), (), arrival, snapshot=False)
        raise self.reject(Reason.NO_FEED, key, "expected a feed in the packet, got none")

    def _packet(self, record: Mapping[str, object] | bytes) -> RecordedPacket:
        try:
            return packet_of_text(record) if isinstance(record, bytes) else packet_of(record)
        except (ValueError, RecursionError) as error:
            key = "" if isinstance(record, bytes) else record.get("instrumentKey")
            raise self.reject(
                Reason.MALFORMED, key if isinstance(key, str) else "", f"expected a recorded packet, {error}"
            ) from error

    def market(
        self, key: str, feed: TradableFeed, arrival: Instant, *, snapshot: bool, auction: bool
    ) -> MarketUpdate:
        """Return the update of a full feed, recorded or protobuf; raise DecodeError, counted."""
        if auction or feed.iep or feed.ieq or feed.iiqTotal or feed.iiqM:
            auction = True
            self.count(Quirk.AUCTION_FIELDS)
        try:
            return self._update(
                key,
                arrival,
                feed.ltpc,
                feed.marketLevel.bidAskQuote,
                feed.marketOHLC.ohlc,
                feed.vtt,
                feed.atp,
                feed.oi,
                (feed.tbq, feed.tsq),
                snapshot,
                auction,
            )
        except UnusableError as error:
            raise self.reject(error.reason, key, str(error)) from error

    def plain(
        self,
        key: str,
        ltpc: Ltpc,
        quotes: Iterable[BookDepth],
        candles: Iterable[FeedCandle],
        arrival: Instant,
        *,
        snapshot: bool,
        first: FirstLevel | None = None,
    ) -> MarketUpdate:
        """Return the update of a feed without a full book; raise DecodeError, counted."""
        volume, interest = (0, 0.0) if first is None else (first.vtt, first.oi)
        try:
            return self._update(
                key,
                arrival,
                ltpc,
                quotes,
                candles,
                volume,
                0.0,
                interest,
                None,
                snapshot,
                False,
            )
        except UnusableError as error:
            raise self.reject(error.reason, key, str(error)) from error

    def _update(
        self,
        key: str,
        arrival: Instant,
        ltpc: Ltpc,
        quotes: Iterable[BookDepth],
        candles: Iterable[FeedCandle],
        volume: int,
        average: float,
        interest: float,
        totals: tuple[float, float] | None,
        snapshot: bool,
        auction: bool,
    ) -> MarketUpdate:
        prices = self._prices.get(key)
        if prices is None:
            prices = self._prices[key] = PriceGrid(self._ticks.get(key))
        latest = self._latest.get(key)
        last = prices[ltpc.ltp]
        if last:
            trade_milliseconds, quantity = ltpc.ltt, ltpc.ltq
            if not EARLIEST < trade_milliseconds < LATEST and trade_milliseconds:
                raise UnusableError(Reason.BAD_TIME, f"expected a trade time in ms, got {trade_milliseconds}")
            trade_time = trade_milliseconds * MILLISECOND
            close = self._closes[ltpc.cp] if ltpc.cp else 0 if latest is None else latest.previous_close
            self._refuse_wild(key, last, close if latest is None else latest.last)
        elif latest is not None:
            self.count(Quirk.NO_LTPC)
            last, quantity, trade_time = latest.last, latest.last_quantity, latest.trade_time
            close = latest.previous_close
        else:
            raise UnusableError(Reason.NO_LAST_TRADE, "expected a last trade price, got none so far")
        if not volume and latest is not None and latest.volume and _same_day(trade_time, latest.trade_time):
            self.count(Quirk.NO_VOLUME)
            volume = latest.volume
        if not 0 <= volume < _MAX_QUANTITY or not 0 <= quantity < _MAX_QUANTITY:
            raise UnusableError(
                Reason.BAD_QUANTITY,
                f"expected quantities from 0 to {_MAX_QUANTITY}, got {volume} and {quantity}",
            )
        bids, asks = self._book(prices, quotes)
        day, minute = self._bars(prices, key, candles, last, latest)
        if self._unheard and key in self._unheard:
            self._unheard.discard(key)
            snapshot = True
        buy = sell = None
        if totals is not None:
            buy, sell = self._total(totals[0]), self._total(totals[1])
        update = MarketUpdate(
            key,
            arrival,
            trade_time,
            last,
            quantity,
            volume,
            close,
            bids,
            asks,
            self._average(average) if average else None,
            day,
            minute,
            buy,
            sell,
            self._total(interest) if interest else None,
            snapshot,
            auction,
        )
        self._latest[key] = update
        return update

    def _bars(
        self,
        prices: PriceGrid,
        key: str,
        candles: Iterable[FeedCandle],
        last: Paise,
        latest: MarketUpdate | None,
    ) -> tuple[Bar | None, Bar | None]:
        """Return the day bar and the completed minute."""
        day = minute = None
        for candle in candles:
            interval = candle.interval
            if interval == "I1":
                minute = self._bar(prices, candle)
                known = None if latest is None else latest.minute
                if minute is not None and (self._wild_bars or _reaches_beyond(minute, known)):
                    before = last if latest is None else latest.last
                    minute = self._believed((key, interval), minute, known, last, before)
            elif interval == "1d":
                day = self._bar(prices, candle)
                if day is None or latest is None or latest.day is None or latest.day.start != day.start:
                    continue
                if self._wild_bars or _reaches_beyond(day, latest.day):
                    day = self._believed((key, interval), day, latest.day, last, latest.last)
        return day, minute

    def _believed(
        self, place: tuple[str, str], found: Bar, known: Bar | None, last: Paise, before: Paise
    ) -> Bar | None:
        """Return a bar, or the one before it where a new extreme lies several times off both last prices.

        One that stays for so many packets is believed.
        """
        top, bottom = (last, before) if last > before else (before, last)
        raised = known is None or found.high > known.high
        lowered = known is None or found.low < known.low
        if not (raised and _is_wild(top, found.high)) and not (lowered and _is_wild(found.low, bottom)):
            self._wild_bars.pop(place, None)
            return found
        self._wild_bars[place] = self._wild_bars.get(place, 0) + 1
        if self._wild_bars[place] >= _WILD_PACKETS:
            return found
        self.count(Quirk.WILD_BAR)
        return known

    def _refuse_wild(self, key: str, last: Paise, before: Paise) -> None:
        """Refuse a price several times the one before it; one that stays for so many packets is believed."""
        low, high = (last, before) if last < before else (before, last)
        if not low or not _is_wild(low, high):
            if self._wild:
                self._wild.pop(key, None)
            return
        self._wild[key] = self._wild.get(key, 0) + 1
        if self._wild[key] < _WILD_PACKETS:
            raise UnusableError(
                Reason.WILD_PRICE, f"expected a price near {before / 100:.2f}, got {last / 100:.2f}"
            )

    def _book(
        self, prices: PriceGrid, quotes: Iterable[BookDepth]
    ) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        bids: list[Level] = []
        asks: list[Level] = []
        empty = False
        for quote in quotes:
            price, size = quote.bidP, quote.bidQ
            if size > 0 and price:
                bids.append((prices[price], size))
            else:
                empty = _check_empty(prices, price, size)
            price, size = quote.askP, quote.askQ
            if size > 0 and price:
                asks.append((prices[price], size))
            else:
                empty = _check_empty(prices, price, size)
        if empty:
            self.count(Quirk.EMPTY_LEVELS)
        return tuple(bids), tuple(asks)

    def _bar(self, prices: PriceGrid, candle: FeedCandle) -> Bar | None:
        low, high = prices[candle.low], prices[candle.high]
        first, last = prices[candle.open], prices[candle.close]
        volume, start = candle.vol, candle.ts
        if not 0 <= volume < _MAX_QUANTITY:
            raise UnusableError(Reason.BAD_QUANTITY, f"expected a bar volume, got {volume}")
        if not 0 < low <= first <= high or not last or not EARLIEST < start < LATEST:
            self.count(Quirk.BROKEN_BAR)
            return None
        if not low <= last <= high:
            if candle.interval == "I1":
                self.count(Quirk.BROKEN_BAR)
                return None
            self.count(Quirk.LAGGING_BAR)
        return Bar(start * MILLISECOND, first, high, low, last, volume)

    def _total(self, value: float) -> int | None:
        if 0 <= value < _MAX_QUANTITY:
            return int(value)
        self.count(Quirk.BROKEN_TOTAL)
        return None

    def _average(self, rupees: float) -> Paise | None:
        if 0 < rupees * 100 <= MAX_PAISE:
            return round(rupees * 100)
        self.count(Quirk.BROKEN_TOTAL)
        return None

    def count(self, quirk: Quirk) -> None:
        """Count an oddity that was survived."""
        self._quirks[quirk] = self._quirks.get(quirk, 0) + 1


def _same_day(trade_time: Instant, before: Instant) -> bool:
    """Say whether two trades are of one date: day volume begins anew with each."""
    return trade_time == before or trading_date(trade_time) == trading_date(before)


def _is_wild(low: Paise, high: Paise) -> bool:
    """Say whether two prices lie too far apart for one packet."""
    return high > _WILD_FACTOR * low and high - low > _WILD_STEP


def _reaches_beyond(bar: Bar, known: Bar | None) -> bool:
    return known is None or bar.high > known.high or bar.low < known.low


def _check_empty(prices: PriceGrid, rupees: float, size: int) -> bool:
    """Pass a level that is empty on one side; raise for one that is broken."""
    if size < 0:
        raise UnusableError(Reason.BAD_QUANTITY, f"expected a book quantity from 0, got {size}")
    if rupees:
        prices[rupees]
    return True
