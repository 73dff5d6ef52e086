"""The live broker as a run's exchange, with a file that says how far the run has come.

The broker keeps the orders; nobody but us keeps the run's place in its own recording. That place is committed as the
paper exchange commits its own, so that a death is survived in the same way: studies and journal up to the place,
then the broker's book.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from engine.brokers.cursor_file import CURSOR, NO_RUN, Batch, Cursor
from engine.brokers.upstox.broker import LiveBroker
from engine.brokers.upstox.place_file import KNOWN, PlaceFile
from engine.market.clock import Instant
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.update import MarketUpdate
from engine.orders.messages import BookRead, BrokerEvent, ReadFailed, Request
from engine.orders.order import Order
from engine.upstox.rest.outcome import CallFailed

_encode: Final = msgspec.json.Encoder().encode


class AccountExchange:
    """Owns the file of the run's place and the broker's threads."""

    def __init__(self, broker: LiveBroker, path: Path) -> None:
        self._broker = broker
        self._file = PlaceFile(path)
        place = self._file.load()
        self._cursor = NO_RUN if place is None else place.cursor
        self._known = b""

    @property
    def broker(self) -> LiveBroker:
        """The line to the broker."""
        return self._broker

    @property
    def cursor(self) -> Cursor:
        """Where the last commit stood; an empty run when there has been none."""
        return self._cursor

    @property
    def lives_on(self) -> bool:
        """Always: the broker has every order whose bytes left, whatever we still know of it."""
        return True

    @property
    def flat(self) -> bool:
        """Whether the last whole read of the broker, and everything heard since, leaves nothing open or live."""
        return self._broker.last_book is not None and not self._broker.at_stake

    def follow(self, instrument: Instrument) -> None:
        """Do nothing: the broker trades what it lists."""

    def remember(self, orders: Iterable[Order]) -> None:
        """Take in what the core knows from an earlier life: ids and what was filled at which value."""
        self._broker.remember(
            (order.tag, order.order_id, order.filled, order.filled_value) for order in orders
        )

    def submit(self, request: Request, now: Instant) -> None:
        """Hand a request to the broker's threads and return at once."""
        self._broker.submit(request, now)

    def next_due(self) -> Instant | None:
        """Return when the oldest waiting answer arrived; None when none waits."""
        return self._broker.next_due()

    def advance(self, now: Instant) -> list[BrokerEvent]:
        """Return what arrived by ``now``, oldest first."""
        return self._broker.advance(now)

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Return nothing: the exchange matches by itself."""
        return self._broker.on_update(update, now)

    def read_book(self, request: str, now: Instant) -> BookRead | ReadFailed:
        """Return the account as it stands, or that it could not be read; waits for the broker."""
        try:
            return self._broker.read_book(request, now)
        except CallFailed as error:
            return ReadFailed(request, str(error))

    def hold(self, held: bool, now: Instant) -> None:
        """Do nothing: nobody holds this market."""

    def announce_halt(self, kinds: Iterable[InstrumentClass]) -> None:
        """Do nothing: the exchange knows."""

    def begin_run(self, run: str, now: Instant = 0, *, keep_book: bool = False) -> None:
        """Note that a run begins; the broker's book is what it is, ``keep_book`` or not."""
        del keep_book
        self.write(self.capture(Cursor(run, 0, now, 0)))

    def capture(self, cursor: Cursor) -> Batch:
        """Take the run's place, to be written."""
        self._cursor = cursor
        state = [(CURSOR, _encode(cursor))]
        known = _encode(self._broker.known())
        if known != self._known:
            # A day's orders are worth writing only where they have changed.
            self._known = known
            state.append((KNOWN, known))
        return Batch(state)

    def write(self, batch: Batch) -> None:
        """Write a captured place, durable on return; raises ExchangeError."""
        self._file.write(batch)

    def confirm_flat(self) -> str:
        """Ask the broker and return why the account is not flat in scope; empty when it is."""
        read = self.read_book("confirm", 0)
        if isinstance(read, ReadFailed):
            return f"the broker cannot be asked: {read.detail}"
        if any(position.quantity for position in read.positions):
            return "positions are open at the broker"
        if read.unread:
            return f"a row of the broker's could not be read: {read.unread[0].detail}"
        return "orders are live at the broker" if self._broker.at_stake else ""

    def close(self) -> None:
        """End the broker's threads and close the file."""
        self._broker.close()
        self._file.close()
