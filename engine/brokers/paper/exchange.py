"""The paper exchange: an exchange of its own with its own file, as pessimistic as it can be kept honest.

A request arrives after the latency. A marketable order then meets the visible depth of the first new book that
comes after it, never the one that stood when it was decided or when its stop fired. A later packet with the same
book lets it fill there, worsened by one spread (STANDING); what reduces does so by itself after
``paper.book_wait_ms`` (STALE where its segment is silent), and at once while the market is held. The rest rests, and
fills only against depth that crosses it, by a share of what trades through it, or when a completed minute reaches
well beyond it (BAR). A halted instrument fills nothing. Margin is not checked: sizing and leverage are the engine's
gate. Closing auction and pre-open are not simulated: nothing is accepted there, and what rests in them does not fill.
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import msgspec

from config import PaperSettings
from engine.brokers.cursor_file import CURSOR, NO_RUN, Batch, Cursor, ExchangeError
from engine.brokers.paper.exchange_file import ExchangeFile
from engine.brokers.paper.matching_engine import MatchingEngine
from engine.brokers.paper.offline_close import cancel_standing, close_standing
from engine.brokers.paper.records import ExchangeFill, FlattenReport, InFlight
from engine.market.clock import MILLISECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise
from engine.market.session import TradingDay
from engine.market.update import MarketUpdate
from engine.orders.messages import (
    BookRead,
    BrokerEvent,
    BrokerPosition,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    PlaceOrder,
    ReadBook,
    ReadTag,
    Request,
    TagRead,
)

_encode = msgspec.json.Encoder().encode


class PaperExchange:
    """Owns the simulated exchange of one home and world.

    All methods belong to one thread, but for ``write``, which may run in another while this one goes on.
    """

    def __init__(
        self,
        file: ExchangeFile | None,
        instruments: Mapping[str, Instrument],
        day: TradingDay,
        settings: PaperSettings,
    ) -> None:
        self._file = file
        self._latency = settings.latency_ms * MILLISECOND
        self._floor = MatchingEngine(
            instruments,
            day,
            book_wait=settings.book_wait_ms * MILLISECOND,
            through_share=settings.through_share_pct,
        )
        self._flight: list[InFlight] = []
        self._flight_changed = True
        self._instruments_changed = True
        self._submitted = 0
        self._saved_fills = 0
        self._clear = False
        self._cursor = NO_RUN
        book = None if file is None else file.load()
        if book is not None:
            self._cursor, self._submitted, self._flight = book.cursor, book.submitted, book.in_flight
            self._floor.restore(
                book.clock, book.stamps, book.orders, book.fills, book.depths, book.instruments
            )
            self._saved_fills = len(book.fills)

    @classmethod
    def open(
        cls,
        path: Path | None,
        instruments: Mapping[str, Instrument],
        day: TradingDay,
        settings: PaperSettings,
        *,
        read_only: bool = False,
    ) -> Self:
        """Open the exchange's file where it stood, or a new one; None keeps everything in memory.

        Raises ExchangeError for a file of a newer schema or one that cannot be opened, ExchangeDamagedError for a
        broken one. ``read_only`` leaves a running engine undisturbed; any other opening fences it off.
        """
        file = None if path is None else ExchangeFile(path, read_only=read_only)
        try:
            return cls(file, instruments, day, settings)
        except ExchangeError:
            if file is not None:
                file.close()
            raise

    @property
    def cursor(self) -> Cursor:
        """Where the last commit stood; an empty run when there has been none."""
        return self._cursor

    @property
    def positions(self) -> tuple[BrokerPosition, ...]:
        """The run's positions, closed ones included, in order of their first fill."""
        return self._floor.register.positions()

    @property
    def fills(self) -> tuple[ExchangeFill, ...]:
        """Every fill of the run with its quality and charges, oldest first."""
        return tuple(self._floor.register.fills)

    def has_live(self, instrument: str) -> bool:
        """Say whether an instrument has an order at the exchange."""
        return instrument in self._floor.register.live

    @property
    def orders(self) -> tuple[OrderReport, ...]:
        """Every order of the run as it stands, oldest first."""
        return tuple(order.report() for order in self._floor.register.orders.values())

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What orders may be in: what was given, and what the file's own orders are in."""
        return self._floor.instruments

    @property
    def charges(self) -> Paise:
        """The charges of everything executed, rounded once per order, paise, ESTIMATED."""
        return sum(order.charges for order in self._floor.register.orders.values())

    @property
    def costs(self) -> dict[str, Paise]:
        """What is held now at cost, by instrument, signed like its quantity, paise."""
        return self._floor.register.costs()

    @property
    def realised(self) -> Paise:
        """The gross result of what was closed, parts of open positions included, paise."""
        cash = sum(position.sell_value - position.buy_value for position in self.positions)
        return cash + sum(self.costs.values())

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The instruments in which something is open and of which neither file nor caller knows the terms."""
        named = {instrument.key for instrument in self.instruments}
        held = [key for key, quantity in self._floor.register.net.items() if quantity]
        return tuple(key for key in dict.fromkeys([*held, *self._floor.register.live]) if key not in named)

    @property
    def lives_on(self) -> bool:
        """Never: what came after the last commit never happened."""
        return False

    @property
    def flat(self) -> bool:
        """Whether no quantity is open and no order can still trade."""
        return (
            not any(self._floor.register.net.values()) and not self._floor.register.live and not self._flight
        )

    @property
    def market_time(self) -> Instant:
        """The market's time as of the newest update."""
        return self._floor.clock

    def mark(self, instrument: str) -> Paise | None:
        """Return what a position would be left at: the exit side of the standing book, else the last price."""
        depth = self._floor.depths.get(instrument)
        if depth is None:
            return None
        levels = depth.bids if self._floor.register.net.get(instrument, 0) > 0 else depth.asks
        return levels[0][0] if levels else depth.last or None

    def begin_run(self, run: str, now: Instant = 0, *, keep_book: bool = False) -> None:
        """Begin a run at cursor 0 and commit it, with an empty book or the standing one."""
        if not keep_book:
            self._floor.clear()
            self._flight.clear()
            self._submitted = self._saved_fills = 0
            self._clear = True
        self._flight_changed = True
        self.commit(Cursor(run, 0, now, 0))

    def follow(self, instrument: Instrument) -> None:
        """Trade one more instrument from now on."""
        self._floor.follow(instrument)
        self._instruments_changed = True

    def remember(self, orders: Iterable[object]) -> None:
        """Do nothing: this exchange keeps its own book."""

    def submit(self, request: Request, now: Instant) -> None:
        """Send a request; it arrives after the latency, in the order sent."""
        self._submitted += 1
        insort(
            self._flight,
            InFlight(now + self._latency, self._submitted, request),
            key=lambda flight: (flight.due, flight.sequence),
        )
        self._flight_changed = True

    def next_due(self) -> Instant | None:
        """Return when something happens next without a market update; None when nothing will."""
        due = self._flight[0].due if self._flight else None
        if not self._floor.register.live:
            return due
        meeting = self._floor.next_meeting()
        if meeting is None or due is None:
            return meeting if due is None else due
        return min(meeting, due)

    def hold(self, held: bool, now: Instant) -> None:
        """Tell that the market stands still or goes on: while it stands, exits meet the standing book at once."""
        self._floor.hold(now, held=held)

    def announce_halt(self, kinds: Iterable[InstrumentClass]) -> None:
        """Tell of which classes the exchange announced a halt; none is its end."""
        self._floor.announce_halt(kinds)

    def advance(self, now: Instant, market: Instant | None = None) -> list[BrokerEvent]:
        """Let everything due by ``now`` happen, earliest first, each at its own time.

        ``market`` is market time where it goes on without updates (a live feed's clock): it ends the session for
        resting orders. Without it market time is that of the newest update.
        """
        floor = self._floor
        events: list[BrokerEvent] = []
        if market is not None and market > floor.clock:
            floor.clock = market
            events += floor.roll_phases(now)
        while (due := self.next_due()) is not None and due <= now:
            waiting = [order for order in floor.waiting() if order.meets_by == due]
            if waiting:
                for order in waiting:
                    events += floor.meet_standing(order, due)
            else:
                self._flight_changed = True
                events += self._arrive(self._flight.pop(0).request, due)
        return events

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Match the book against a market update; what arrived by ``now`` arrived before it.

        A snapshot is the first word after a break of the feed: what happened meanwhile, nobody saw.
        """
        if update.snapshot:
            return self.resume_after_gap(update, now)
        if self._flight and self._flight[0].due <= now:
            return self.advance(now) + self._floor.on_update(update, now)
        return self._floor.on_update(update, now)

    def resume_after_gap(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Take the first update of an instrument after a gap of a live feed in place of ``on_update``.

        Stops crossed in the gap fill at the worse of trigger and first price, marked GAP; one whose limit the first
        price has left fires and rests, as it would at the exchange.
        """
        return self.advance(now) + self._floor.on_gap(update, now)

    def read_book(self, request: str, now: Instant) -> BookRead:
        """Return positions and orders as of ``now``, without latency: for tools that have no engine."""
        return BookRead(
            request,
            self._floor.stamps.time(now),
            len(self._floor.register.fills),
            self.positions,
            self.orders,
        )

    def confirm_flat(self) -> str:
        """Return why the book is not flat; empty when it is: this exchange's book is always at hand."""
        return "" if self.flat else "positions or orders are open"

    def flatten_standing(self, now: Instant) -> FlattenReport:
        """Close everything with no engine: cancel all, close each position against its stored book, commit.

        Fills are marked STALE. Requests under way never arrive. ``now`` is virtual time, the cursor's own where time
        stood still (demo, replay). Raises ExchangeError when it cannot be saved.
        """
        dropped = tuple(
            flight.request.tag for flight in self._flight if isinstance(flight.request, PlaceOrder)
        )
        self._flight.clear()
        self._flight_changed = True
        cancelled = cancel_standing(self._floor, now)
        closed, unpriced = close_standing(self._floor, now)
        self.commit(msgspec.structs.replace(self._cursor, now=max(now, self._cursor.now)))
        return FlattenReport(dropped, cancelled, closed, unpriced)

    def commit(self, cursor: Cursor) -> None:
        """Save everything that changed together with the cursor, in one transaction; raises ExchangeError."""
        batch = self.capture(cursor)
        if batch is not None:
            self.write(batch)

    def capture(self, cursor: Cursor) -> Batch | None:
        """Take what changed since the last capture, encoded; None for an exchange in memory. Cheap."""
        self._cursor = cursor
        floor = self._floor
        register = floor.register
        batch = None
        if self._file is not None:
            state = [
                (CURSOR, _encode(cursor)),
                ("clock", _encode(floor.clock)),
                ("stamps", _encode(floor.stamps)),
            ]
            if self._flight_changed:
                state += [("submitted", _encode(self._submitted)), ("in_flight", _encode(self._flight))]
            if self._instruments_changed:
                state.append(("instruments", _encode(self._floor.instruments)))
            fills = register.fills[self._saved_fills :]
            batch = Batch(
                state,
                {
                    "orders": [(order.sequence, _encode(order)) for order in register.touched.values()],
                    "fills": [(fill.number, _encode(fill)) for fill in fills],
                    "depths": [(depth.instrument, _encode(depth)) for depth in floor.touched_depths.values()],
                },
                clear=self._clear,
            )
        self._clear = self._flight_changed = self._instruments_changed = False
        self._saved_fills = len(register.fills)
        register.touched.clear()
        floor.touched_depths.clear()
        return batch

    def write(self, batch: Batch) -> None:
        """Write a captured batch, durable on return; batches go in the order captured. Any thread, one at a time.

        A batch that fails raises ExchangeError and is written with the next one.
        """
        if self._file is not None:
            self._file.write(batch)

    def close(self) -> None:
        """Close the file; what was not committed is gone, as with a power cut."""
        if self._file is not None:
            self._file.close()

    def _arrive(self, request: Request, now: Instant) -> list[BrokerEvent]:
        floor = self._floor
        match request:
            case PlaceOrder():
                return floor.place(request, now)
            case ModifyOrder():
                return floor.modify(request, now)
            case CancelOrder():
                return floor.cancel(request, now)
            case ReadBook():
                return [self.read_book(request.request, now)]
            case ReadTag():
                tagged = [order for order in floor.register.orders.values() if order.tag == request.tag]
                return [TagRead(request.request, request.tag, tagged[-1].report() if tagged else None)]
