"""Rounds of quotes beside a run: the circuit limits of the day, and prices of what nobody subscribed to."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.core import Core, Quoted
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_format import Banded
from engine.feeds.recordings.recorder import Recorder
from engine.market.circuits import Circuits
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.price import Paise
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import MarketQuote

Quotes = Callable[[Sequence[str]], Mapping[str, MarketQuote]]

CIRCUITS_EVERY: Final = 5 * MINUTE
OUTSIDE_EVERY: Final = 15 * SECOND
_AGAIN: Final = 20 * SECOND
"""After a round that failed, and at the earliest after one that the market has left since."""
_LOOK_SECONDS: Final = 0.5

_logger: Final = logging.getLogger(__name__)


class QuoteRounds:
    """Owns when quotes are read and what of them core hears; the reading has threads, the rest belongs to the loop."""

    def __init__(
        self,
        read: Quotes,
        core: Core,
        tape: LiveTape,
        recorder: Recorder | None,
        now: Callable[[], Instant],
        wake: Callable[[], None],
        tell: Callable[[Quoted], None],
        note: Callable[[str, str], None],
    ) -> None:
        self._read = read
        self._core = core
        self._tape = tape
        self._recorder = recorder
        self._now = now
        self._wake = wake
        self._tell = tell
        self._note = note
        self._told: dict[str, tuple[Paise, Paise]] = {}
        self._asked: frozenset[str] = frozenset()
        self._circuits_due: Instant = 0
        self._circuits_at: Instant = 0
        self._outside_due: Instant = 0
        self._failed = False

    def soon(self) -> None:
        """Read the circuit limits again now: the feed is back, and they may have moved meanwhile."""
        self._circuits_due = 0

    async def run(self) -> None:
        """Look for ever for what is due."""
        while True:
            await self.read_what_is_due()
            await asyncio.sleep(_LOOK_SECONDS)

    async def read_what_is_due(self) -> None:
        """Read circuit limits every 5 minutes, quotes of what others hold every 15 s."""
        now = self._now()
        names = [key for key in self._core.watchlist if self._core.instruments[key].tradable]
        # A print beyond them is held back until they are read again: they may have moved.
        left = any(
            key in self._core.prints.beyond or self._core.market_state.left_circuits(key) for key in names
        )
        if (
            now >= self._circuits_due
            or not self._asked.issuperset(names)
            or (left and now >= self._circuits_at + _AGAIN)
        ):
            await self._read_circuits(names)
        foreign = [key for key in self._core.account.external.held if key not in self._core.watchlist]
        if foreign and now >= self._outside_due and self._core.limits.own_cash is not None:
            self._outside_due = now + OUTSIDE_EVERY
            quotes = await self._quotes(foreign)
            if quotes:
                prices = {
                    key: price for key, quote in quotes.items() if (price := middle_of(quote)) is not None
                }
                self._tell(Quoted(prices))

    async def _read_circuits(self, names: Sequence[str]) -> None:
        now = self._circuits_at = self._now()
        self._asked = frozenset(names)
        self._circuits_due = now + CIRCUITS_EVERY
        quotes = await self._quotes(names)
        if quotes is None:
            self._circuits_due = now + _AGAIN
            if not self._failed:
                self._note(
                    "warning",
                    "circuit limits could not be read: those that a name's class implies are gone by",
                )
            self._failed = True
            return
        self._failed = False
        found = {key: limits for key, quote in quotes.items() if (limits := circuits_of(quote)) is not None}
        news = {key: limits for key, limits in found.items() if self._told.get(key) != limits}
        if not news or self._tape.finished:
            return
        self._told.update(news)
        at = self._now()
        circuits = Circuits(at, news)
        if self._recorder is not None:
            self._recorder.note(Banded(circuits), at)
        self._tape.arrive((circuits,))
        self._wake()

    async def _quotes(self, names: Sequence[str]) -> Mapping[str, MarketQuote] | None:
        if not names:
            return {}
        try:
            return await asyncio.to_thread(self._read, tuple(names))
        except CallFailed as error:
            _logger.warning("expected quotes of %d instruments, got: %s", len(names), error)
            return None


def circuits_of(quote: MarketQuote) -> tuple[Paise, Paise] | None:
    """Return the circuit limits a quote names; None where it names none that can be."""
    lower, upper = quote.lower_circuit, quote.upper_circuit
    if lower is None or upper is None or not 0 < lower < upper:
        return None
    return lower, upper


def middle_of(quote: MarketQuote) -> Paise | None:
    """Return the middle of a quote's book, its only side, or its last price; None where it has none of them."""
    best = [side[0].price for side in (quote.bids, quote.asks) if side]
    return sum(best) // len(best) if best else quote.last
