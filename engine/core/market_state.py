"""The newest market of every instrument as orders need it: book, band, session, and the market's own clock."""

from collections.abc import Mapping
from enum import Enum

import msgspec

from engine.market.circuits import Circuits
from engine.market.clock import Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.market_clock import MarketClock
from engine.market.price import Paise
from engine.market.price_band import PriceBand, assumed_band, auction_band, given_way, narrowest_band
from engine.market.session import TradingDay
from engine.market.staleness import STALE_AFTER
from engine.market.update import MarketUpdate
from engine.orders.exit_hours import Exits, class_hours, exit_hours
from engine.orders.exits_in_halt import Halts
from engine.orders.news import InstrumentMarket
from engine.orders.quote import Quote
from engine.risk.readings import STANDS_AFTER


class BookChange(Enum):
    """What an accepted packet adds to what is known of its instrument's book."""

    REPEAT = "repeat"
    """The packet before, byte for byte: nothing, not even that the segment lives."""
    BOOKLESS = "bookless"
    """No book, or the same one and no later trade: its segment ticks, and that is all."""
    CONFIRMED = "confirmed"
    """The same book behind a later trade."""
    CHANGED = "changed"
    """Another price or size."""

    @property
    def reading(self) -> bool:
        """Whether it is a reading of the book."""
        return self in (BookChange.CONFIRMED, BookChange.CHANGED)


class MarketState:
    """Remembers the last update and the last book of each instrument, and runs the market's clock."""

    def __init__(self, instruments: Mapping[str, Instrument], day: TradingDay) -> None:
        self.instruments = instruments
        self.day = day
        self.halts = Halts()
        self._hours = {kind: class_hours(day, kind) for kind in InstrumentClass}
        self.references: dict[str, int] = {}
        """Reference prices of the closing auction as the exchange told them, paise."""
        self._clock = MarketClock()
        self._updates: dict[str, MarketUpdate] = {}
        self._books: dict[str, MarketUpdate] = {}
        self._circuits: dict[str, PriceBand] = {}
        self._ticks: dict[str, tuple[Instant, Instant]] = {}
        """By segment, its newest packet that was no repeat, and since when they came without a long pause."""
        self._segments: dict[str, str] = {}

    def take(self, update: MarketUpdate, now: Instant) -> BookChange:
        """Remember one accepted update; return what it adds."""
        self._clock.follow(update.arrival, now, update.trade_time)
        key = update.instrument
        seen = _compared(update, self._updates.get(key), self._books.get(key))
        self._updates[key] = update
        if update.bids or update.asks:
            self._books[key] = update
        if seen is not BookChange.REPEAT:
            self._tick(key, update.arrival)
        return seen

    def _tick(self, key: str, arrival: Instant) -> None:
        segment = self._segment(key)
        last, since = self._ticks.get(segment, (arrival, arrival))
        self._ticks[segment] = (arrival, since if arrival - last <= STALE_AFTER else arrival)

    def _segment(self, key: str) -> str:
        segment = self._segments.get(key)
        if segment is None:
            segment = self._segments[key] = key.partition("|")[0]
        return segment

    def stood(self, key: str, since: Instant | None) -> bool:
        """Say whether what an instrument showed ``since`` has stood for 3 s while its segment ticked."""
        ticked = self._ticks.get(self._segment(key))
        if since is None or ticked is None:
            return False
        newest, began = ticked
        return newest - max(since, began) >= STANDS_AFTER

    def learn_circuits(self, circuits: Circuits) -> None:
        """Go by the broker's own circuit limits from now on."""
        for key, (lower, upper) in circuits.limits.items():
            self._circuits[key] = PriceBand(lower, upper)

    @property
    def held(self) -> bool:
        """Whether the market is held: a paused replay stands still while timers go on."""
        return self._clock.held

    def tick(self, arrival: Instant, now: Instant) -> None:
        """Let the clock follow a packet that moved nothing else."""
        self._clock.follow(arrival, now)

    def hold(self, now: Instant, *, held: bool) -> None:
        """Stop or start the market's clock."""
        self._clock.hold(now, held=held)

    def end(self, now: Instant) -> None:
        """Stop the market's clock for good: its last update has come."""
        self._clock.end(now)

    def arrival_time(self, now: Instant) -> Instant:
        """Return the feed's own time: that of arrivals, which a recorder's slow clock may keep behind the market's."""
        return self._clock.arrival_time(now)

    def market_time(self, now: Instant) -> Instant:
        """Return the exchange's time at an instant of the timers' clock; past instants reach back as they were."""
        return self._clock.time(now)

    def when(self, market_instant: Instant, now: Instant) -> Instant | None:
        """Return when the timers' clock will read a market instant; None while the market is held."""
        return self._clock.when(market_instant, now)

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
        alive = not self._clock.arrived or time - self._clock.arrived <= STALE_AFTER
        book = self._books.get(key)
        if book is None:
            return Quote(update.last, time=update.arrival, fresh=False, alive=alive)
        return Quote(
            update.last, book.bids, book.asks, book.arrival, time - book.arrival <= STALE_AFTER, alive
        )

    def band(self, key: str) -> PriceBand | None:
        """Return the band the broker told, unless the market has left it; else the one to assume.

        An assumed one gives way where the day has come within 0.1 % of it.
        """
        instrument, update = self.instruments.get(key), self._updates.get(key)
        told = self.circuits(key)
        if told is not None or instrument is None or update is None or update.previous_close <= 0:
            return told
        close = update.previous_close
        band = assumed_band(instrument.kind, close, instrument.tick)
        return given_way(band, instrument.kind, close, instrument.tick, _day_prices(update))

    def circuits(self, key: str) -> PriceBand | None:
        """Return the circuit limits the broker told; None when it told none, or the market has left them since."""
        told = self._circuits.get(key)
        return None if told is None or self.left_circuits(key) else told

    def left_circuits(self, key: str) -> bool:
        """Say whether a price lies outside the limits that were told: they have moved, and must be read again."""
        told, update = self._circuits.get(key), self._updates.get(key)
        return told is not None and update is not None and not told.lower <= update.last <= told.upper

    def lock_band(self, key: str) -> PriceBand | None:
        """Return the band at whose limits an instrument locks: as told, else the narrowest its class allows today."""
        told = self.circuits(key)
        instrument, update = self.instruments.get(key), self._updates.get(key)
        if told is not None or instrument is None or update is None or update.previous_close <= 0:
            return told
        narrow = narrowest_band(instrument.kind, update.previous_close, instrument.tick, _day_prices(update))
        return self.band(key) if narrow is None else narrow

    def __call__(self, instrument: str, now: Instant) -> InstrumentMarket:
        """Return everything orders need to know of an instrument's market."""
        known = self.instruments.get(instrument)
        if known is None:
            return InstrumentMarket(
                _stranger(instrument), Quote(fresh=False), None, takes_orders=False, takes_stops=False
            )
        halt = self.halts.of(instrument, known.kind, now)
        hours = exit_hours(
            self._hours[known.kind], self.market_time(now), halt, moving=not self._clock.stands
        )
        takes = hours.exits is Exits.OPEN and known.tradable
        band = self.auction_band(instrument) if hours.exits is Exits.AUCTION else self.band(instrument)
        return InstrumentMarket(known, self.quote(instrument, now), band, takes, takes, hours)

    def auction_band(self, key: str) -> PriceBand | None:
        """Return the band of an instrument's closing auction; None while no price of it is known."""
        instrument, update = self.instruments.get(key), self._updates.get(key)
        if instrument is None or update is None:
            return None
        return auction_band(self.references.get(key), update.last, self.band(key))


def _stranger(key: str) -> Instrument:
    """Return an instrument for a key that nobody follows: shown, never priced."""
    return Instrument(key, key, InstrumentClass.STOCK, 5, 1, 1, Provenance.INFERRED)


def _day_prices(update: MarketUpdate) -> tuple[Paise, ...]:
    return (update.last,) if update.day is None else (update.last, update.day.high, update.day.low)


def _compared(update: MarketUpdate, before: MarketUpdate | None, book: MarketUpdate | None) -> BookChange:
    """Return what a packet adds to the one before it and to the book that stands."""
    carries = bool(update.bids or update.asks)
    if carries and (book is None or update.bids != book.bids or update.asks != book.asks):
        return BookChange.CHANGED
    if before is None:
        return BookChange.BOOKLESS
    later = update.trade_time > before.trade_time or update.volume > before.volume
    if later:
        return BookChange.CONFIRMED if carries else BookChange.BOOKLESS
    same = msgspec.structs.replace(update, arrival=before.arrival) == before
    return BookChange.REPEAT if same else BookChange.BOOKLESS
