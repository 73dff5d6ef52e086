"""The settings' watchlist read against the broker: the day's lists, and a last price where an alias needs one."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from engine.instruments.watchlist import Resolved, resolve_watchlist
from engine.market.price import Paise
from engine.upstox.reference.instrument_files import Shelf
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import MarketQuote


class QuoteSource(Protocol):
    """What we ask of the broker's client."""

    def quotes(self, instruments: Sequence[str]) -> dict[str, MarketQuote]:
        """Return full quotes by instrument key; raises CallFailed."""
        ...


class LastPrices:
    """Last prices asked of the broker once each; a question that fails is kept as a reason, not as a price."""

    def __init__(self, source: QuoteSource | None) -> None:
        self._source = source
        self._known: dict[str, Paise | None] = {}
        self.failures: list[CallFailed] = []
        """What came instead of a price."""

    def __call__(self, key: str) -> Paise | None:
        """Return an instrument's last price, else its previous close (before the open); None when nobody knows."""
        if key not in self._known:
            self._known[key] = self._ask(key)
        return self._known[key]

    def _ask(self, key: str) -> Paise | None:
        if self._source is None:
            return None
        try:
            quote = self._source.quotes([key]).get(key)
        except CallFailed as error:
            self.failures.append(error)
            return None
        return None if quote is None else quote.last or quote.previous_close


def resolve_for_day(entries: Sequence[str], shelf: Shelf, prices: LastPrices, day: date) -> Resolved:
    """Return what each entry of the watchlist means on a day, by the broker's lists of it."""
    return resolve_watchlist(entries, shelf.directory, shelf.eligible, prices, day, suspended=shelf.suspended)
