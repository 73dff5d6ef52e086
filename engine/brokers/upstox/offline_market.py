"""The market as a flatten without an engine sees it: full quotes and the exchanges' hours, read about every second.

A thread of its own reads, so that a broker whose quotes hang holds no exit back. Where no quote can be had, the last
price of the position stands in for it: an exit then reaches further with every try.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from math import gcd
from typing import Final

import msgspec

from engine.brokers.upstox.account_state import OVER, exchange_of
from engine.core.flatten_core import MarketSeen, QuotedMarket
from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise
from engine.market.price_band import PriceBand, assumed_band, auction_band
from engine.orders.quote import Quote
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import DepthLevel, MarketQuote
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.reads import QUOTES_LIMIT

READ_EVERY: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds between two reads while something is open: after each minute without a change the next one counts."""

HOURS_EVERY: Final = 15 * SECOND
ASKED_FIRST: Final = ("NSE", "NFO")
"""Exchanges whose hours are asked for before it is known what is open: they are wanted nearly always."""

COARSEST_TICK: Final = 500
"""Paise. The exchange's coarsest grid; any finer one divides the prices that were seen."""

_AUCTION_TAKES: Final = frozenset({"CAS_LM_START", "CAS_M_STOP"})
_AUCTION_SHUT: Final = frozenset({"CTS_CLOSE", "CAS_STOP"})
"""The closing auction in the broker's words, of the stocks that take part in it."""

_NO_FREEZE: Final = 1_000_000_000


class ExchangeHours(msgspec.Struct, frozen=True):
    """One exchange's hours in the broker's word; ``status`` is empty while it could not be asked."""

    exchange: str
    open: bool
    over: bool
    status: str
    problem: str = ""
    auction: str = ""
    """What the closing auction does; empty where it was not told."""


class ClosingMarket:
    """Owns the thread that reads. ``known`` names the terms of instruments, None where nobody knows them.

    ``by_calendar`` says whether an exchange is open where its hours cannot be asked; ``heard`` is called on the
    thread with everything new.
    """

    def __init__(
        self,
        client: UpstoxClient,
        known: Callable[[str], Instrument | None],
        by_calendar: Callable[[str, Instant], bool],
        *,
        clock: Callable[[], Instant],
        heard: Callable[[MarketSeen], None],
    ) -> None:
        self._client = client
        self._known = known
        self._by_calendar = by_calendar
        self._clock = clock
        self._heard = heard
        self._changed = threading.Condition()
        self._wanted: dict[str, Paise | None] = {}
        self._quiet_since = clock()
        self._closing = False
        self._quotes: dict[str, MarketQuote] = {}
        self.hours: dict[str, ExchangeHours] = {}
        """By exchange, as last asked."""
        self.problem = ""
        """Why the newest quotes could not be read; empty once they could."""
        self._hours_at: Instant = 0
        self._calls = ThreadPoolExecutor(4, "closing market")
        self._thread = threading.Thread(target=self._run, name="closing market reads", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Read no more; what is under way is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def want(self, prices: Mapping[str, Paise | None], moved: Instant) -> None:
        """Read these instruments from now on; ``prices`` stand in for quotes, ``moved`` is when something changed."""
        with self._changed:
            self._quiet_since = moved
            fresh = prices.keys() - self._wanted.keys()
            self._wanted = dict(prices)
            if fresh:
                self._changed.notify_all()

    def over_for(self, instrument: str) -> bool:
        """Say whether an instrument's exchange takes no exit any more today, by the broker's own word."""
        hours = self.hours.get(exchange_of(instrument))
        return hours is not None and hours.over

    def _run(self) -> None:
        with self._calls:
            self._ask_hours(ASKED_FIRST)
            read: set[str] = set()
            while not self._over(read):
                with self._changed:
                    wanted = dict(self._wanted)
                if wanted:
                    self._read(wanted)
                read = set(wanted)

    def _over(self, read: set[str]) -> bool:
        """Wait until it is time to read again, or something else is wanted; say whether it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or bool(self._wanted.keys() - read), self._pause())
            return self._closing

    def _pause(self) -> float:
        return quote_pause(self._clock() - self._quiet_since)

    def _read(self, wanted: Mapping[str, Paise | None]) -> None:
        exchanges = {exchange_of(key) for key in wanted}
        due = self._clock() - self._hours_at >= HOURS_EVERY
        told = {name for name, hours in self.hours.items() if hours.status}
        missing = exchanges if due else exchanges - told
        asking = self._calls.submit(self._ask_hours, missing) if missing else None
        keys = list(wanted)[:QUOTES_LIMIT]
        try:
            quotes = self._client.quotes(keys, Purpose.KILL)
            self.problem = ""
        except CallFailed as error:
            quotes, self.problem = {}, str(error)
        if asking is not None:
            asking.result()
        read_at = self._clock()
        seen = [self._see(key, quotes.get(key), wanted[key], read_at) for key in keys]
        self._heard(MarketSeen(tuple(seen)))

    def _ask_hours(self, exchanges: Iterable[str]) -> None:
        for name, hours in zip(exchanges, self._calls.map(self._hours_of, exchanges), strict=True):
            self.hours[name] = hours
        self._hours_at = self._clock()

    def _hours_of(self, exchange: str) -> ExchangeHours:
        try:
            status = self._client.market_status(exchange, Purpose.KILL)
        except CallFailed as error:
            before = self.hours.get(exchange)
            if before is not None and before.status:
                return before
            return ExchangeHours(
                exchange,
                self._by_calendar(exchange, self._clock()),
                over=False,
                status="",
                problem=str(error),
            )
        return ExchangeHours(
            exchange, status.open, status.status in OVER, status.status, auction=status.auction.upper()
        )

    def _see(self, key: str, quote: MarketQuote | None, price: Paise | None, at: Instant) -> QuotedMarket:
        """Return an instrument's market: by its quote, else by the price that stands in for one."""
        if quote is not None:
            self._quotes[key] = quote
        newest = self._quotes.get(key)
        instrument = self._known(key) or _inferred(key, newest, price)
        hours = self.hours.get(exchange_of(key))
        takes = hours is not None and hours.open
        if newest is None:
            return QuotedMarket(instrument, Quote(price, time=at, fresh=False), None, takes_orders=takes)
        book = Quote(
            newest.last or price, _levels(newest.bids), _levels(newest.asks), at, fresh=quote is not None
        )
        band, auction = _band(instrument, newest), "" if hours is None else hours.auction
        joins = newest.auction_eligible or instrument.kind is InstrumentClass.AUCTION_STOCK
        if not (takes and joins) or auction not in _AUCTION_TAKES | _AUCTION_SHUT:
            return QuotedMarket(instrument, book, band, takes_orders=takes)
        around = newest.reference or book.last
        if auction in _AUCTION_TAKES and around is not None:
            band = auction_band(newest.reference, around, band)
        return QuotedMarket(instrument, book, band, takes_orders=False, auction=auction in _AUCTION_TAKES)


def quote_pause(quiet: int) -> float:
    """Return the seconds between two reads of the quotes so long after the last change."""
    return READ_EVERY[min(max(quiet // (60 * SECOND), 0), len(READ_EVERY) - 1)]


def _levels(levels: Iterable[DepthLevel]) -> tuple[tuple[Paise, int], ...]:
    return tuple((level.price, level.quantity) for level in levels)


def _band(instrument: Instrument, quote: MarketQuote) -> PriceBand | None:
    """Return the circuit limits that the broker gives, else those to assume; None where nothing tells them."""
    if quote.lower_circuit and quote.upper_circuit:
        return PriceBand(quote.lower_circuit, quote.upper_circuit)
    if quote.previous_close and instrument.provenance is not Provenance.INFERRED:
        return assumed_band(instrument.kind, quote.previous_close, instrument.tick)
    return None


def _inferred(key: str, quote: MarketQuote | None, price: Paise | None) -> Instrument:
    """Return the terms to assume of an instrument that no master names: a grid on which every price seen lies.

    What is held is whole lots, so it is closed in one piece: a freeze quantity is not known.
    """
    prices: list[Paise | None] = [price]
    symbol = key
    if quote is not None:
        symbol = quote.symbol or key
        prices += [quote.last, quote.open, quote.high, quote.low, quote.lower_circuit, quote.upper_circuit]
        prices += [level.price for level in (*quote.bids, *quote.asks)]
    tick = gcd(COARSEST_TICK, *(one for one in prices if one))
    segment = key.partition("|")[0]
    kind = InstrumentClass.STOCK
    if segment.endswith("_FO"):
        kind = InstrumentClass.OPTION if symbol.endswith(("CE", "PE")) else InstrumentClass.INDEX_FUTURE
    return Instrument(key, symbol, kind, tick, 1, _NO_FREEZE, Provenance.INFERRED)
