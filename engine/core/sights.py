"""The newest market of every instrument as orders need it: book, band, session, and the market's own clock."""

from collections.abc import Mapping
from typing import Final

from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import MAX_PAISE
from engine.market.session import Phase, TradingDay
from engine.market.update import MarketUpdate
from engine.orders.news import Sight
from engine.orders.quote import Quote
from engine.risk.band import PriceBand, assumed_band

BOOK_FRESH_FOR: Final = 5 * SECOND
_FLEXIBLE: Final = frozenset(
    {InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK_FUTURE, InstrumentClass.INDEX_FUTURE}
)
_FLEX_NUMERATOR, _FLEX_DENOMINATOR = 1, 20


class Sights:
    """Remembers the last update and the last book of each instrument, and runs the market's clock.

    The market's clock is the newest arrival plus the time that has passed since, plus the most by which a trade
    time ever led its arrival (a recorder's slow clock). It stands while the market is held: a paused replay stands
    still while timers go on.
    """

    def __init__(self, instruments: Mapping[str, Instrument], day: TradingDay) -> None:
        self.instruments = instruments
        self.day = day
        self.held = False
        self._ended = False
        self._updates: dict[str, MarketUpdate] = {}
        self._books: dict[str, MarketUpdate] = {}
        self._arrived: Instant | None = None
        self._arrived_at: Instant = 0
        self._lead = 0

    def take(self, update: MarketUpdate, now: Instant) -> None:
        """Remember one accepted update."""
        self.tick(update.arrival, now)
        lead = update.trade_time - update.arrival
        if self._lead < lead < MINUTE:
            self._lead = lead
        key = update.instrument
        self._updates[key] = update
        if update.bids or update.asks:
            self._books[key] = update

    def tick(self, arrival: Instant, now: Instant) -> None:
        """Let the clock follow a packet that moved nothing else."""
        if self._arrived is None or arrival > self._arrived:
            self._arrived, self._arrived_at = arrival, now

    def hold(self, now: Instant, *, held: bool) -> None:
        """Stop or start the market's clock."""
        if held != self.held and self._arrived is not None:
            self._arrived, self._arrived_at = self.arrival_time(now), now
        self.held = held

    def end(self, now: Instant) -> None:
        """Stop the market's clock for good: its last update has come."""
        if self._arrived is not None:
            self._arrived, self._arrived_at = self.arrival_time(now), now
        self._ended = True

    def arrival_time(self, now: Instant) -> Instant:
        """Return the feed's own time: that of arrivals, which a recorder's slow clock may keep behind the market's."""
        if self._arrived is None:
            return now
        passed = now - self._arrived_at
        return self._arrived + (min(passed, 0) if self.held or self._ended else passed)

    def market_time(self, now: Instant) -> Instant:
        """Return the exchange's time at an instant of the timers' clock; past instants reach back as they were."""
        return self.arrival_time(now) + self._lead

    def when(self, market_instant: Instant, now: Instant) -> Instant | None:
        """Return when the timers' clock will read a market instant; None while the market is held."""
        if self.held or self._ended or self._arrived is None:
            return None
        return max(now + market_instant - self.market_time(now), now)

    def update(self, key: str) -> MarketUpdate | None:
        """Return the newest update of an instrument."""
        return self._updates.get(key)

    def quote(self, key: str, now: Instant) -> Quote:
        """Return the standing book; not fresh when it is older than 5 s on the market's clock.

        The feed counts as dead when nothing of any instrument has come for as long.
        """
        update = self._updates.get(key)
        if update is None:
            return Quote(fresh=False)
        time = self.arrival_time(now)
        alive = self._arrived is None or time - self._arrived <= BOOK_FRESH_FOR
        book = self._books.get(key)
        if book is None:
            return Quote(update.last, time=update.arrival, fresh=False, alive=alive)
        return Quote(
            update.last, book.bids, book.asks, book.arrival, time - book.arrival <= BOOK_FRESH_FOR, alive
        )

    def band(self, key: str) -> PriceBand | None:
        """Return the price band to assume; it gives way where the day has come within 0.1 % of it."""
        instrument, update = self.instruments.get(key), self._updates.get(key)
        if instrument is None or update is None or update.previous_close <= 0:
            return None
        close = update.previous_close
        band = assumed_band(instrument.kind, close, instrument.tick)
        if instrument.kind not in _FLEXIBLE:
            return band
        prices = [update.last] if update.day is None else [update.last, update.day.high, update.day.low]
        moved = max(abs(price - close) for price in prices)
        step = close * _FLEX_NUMERATOR // _FLEX_DENOMINATOR
        lower, upper = band.lower, band.upper
        while moved * 1_000 >= (upper - close) * 1_000 - close and upper < min(2 * close, MAX_PAISE):
            lower, upper = max(lower - step, instrument.tick), upper + step
        return PriceBand(lower, upper)

    def __call__(self, instrument: str, now: Instant) -> Sight:
        """Return everything orders need to know of an instrument's market."""
        known = self.instruments.get(instrument)
        if known is None:
            return Sight(
                _stranger(instrument), Quote(fresh=False), None, takes_orders=False, takes_stops=False
            )
        time = self.market_time(now)
        continuous = self.day.phase(known.kind, time) is Phase.CONTINUOUS
        takes = continuous and time < self.day.last_order_time(known.kind) and known.tradable
        return Sight(known, self.quote(instrument, now), self.band(instrument), takes, takes)


def _stranger(key: str) -> Instrument:
    """Return an instrument for a key that nobody follows: shown, never priced."""
    return Instrument(key, key, InstrumentClass.STOCK, 5, 1, 1, Provenance.INFERRED)
