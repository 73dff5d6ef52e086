"""The trading floor: orders that have arrived meet the market. No clock, no latency and no storage of its own."""

from collections.abc import Iterable, Mapping

from engine.brokers.paper.book_readings import BookReading, Segments, absorb
from engine.brokers.paper.exchange_clock import ExchangeClock
from engine.brokers.paper.fill_rules import reaches, stop_reached, stop_reached_in_bar, worse
from engine.brokers.paper.order_checks import door_refusal, rejection
from engine.brokers.paper.order_matching import Matcher
from engine.brokers.paper.order_register import OrderRegister
from engine.brokers.paper.records import (
    BOOK,
    CANCELLED,
    GAP,
    OPEN,
    REJECTED,
    TRIGGER_PENDING,
    ExchangeFill,
    ExchangeOrder,
    InstrumentDepth,
)
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.session import Allowed, Phase, TradingDay
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import (
    Acknowledged,
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    OrderType,
    PlaceOrder,
    Refused,
)

_AT_CONTINUOUS_END = "Untriggered stop orders are cancelled at the end of continuous trading"
_AT_CLOSE = "Day order cancelled at the close"
_AUCTION_ENTRY = frozenset({Allowed.ORDER_ENTRY, Allowed.LIMIT_ONLY, Allowed.RANDOM_CLOSE})
_OUTSIDE_HOURS = "UDAPI100057: Orders are accepted in continuous trading only, the market is in phase {}"


class MatchingEngine:
    """Owns orders, fills and the last book per instrument, and the market's time.

    Each answer is a list of broker events in the order they happened. Deterministic: everything is decided by
    sequence numbers and the updates given.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], day: TradingDay, *, book_wait: int, through_share: int
    ) -> None:
        self._instruments = dict(instruments)
        self._day = day
        self._book_wait = book_wait
        self._through_share = through_share
        self.clear()

    @property
    def held(self) -> bool:
        """Whether the market stands still: an arriving order meets the standing book at once."""
        return self.stamps.held

    def clear(self) -> None:
        """Forget everything: an empty book of a new run."""
        self.clock: Instant = 0
        """Market time: the newest arrival, or the newest trade time where the recorder's clock lags it."""
        self.stamps = ExchangeClock()
        """What orders and fills are stamped with."""
        self.register = OrderRegister(self._instruments, self._day.day)
        self.depths = {key: InstrumentDepth(key) for key in self._instruments}
        self._arm()

    def _arm(self) -> None:
        self._segments = Segments()
        for depth in self.depths.values():
            if depth.seen:
                self._segments.heard(depth.instrument, depth.arrival)
        self._matcher = Matcher(
            self.register,
            self.stamps,
            self._segments,
            self._instruments,
            self._day.day,
            wait=self._book_wait,
            through_share=self._through_share,
        )

    @property
    def touched_depths(self) -> dict[str, InstrumentDepth]:
        """The depths that changed since somebody stored them."""
        return self._matcher.touched

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What orders may be in."""
        return tuple(self._instruments.values())

    def follow(self, instrument: Instrument) -> None:
        """Trade one more instrument."""
        self._instruments.setdefault(instrument.key, instrument)
        self.depths.setdefault(instrument.key, InstrumentDepth(instrument.key))

    def restore(
        self,
        clock: Instant,
        stamps: ExchangeClock,
        orders: Iterable[ExchangeOrder],
        fills: Iterable[ExchangeFill],
        depths: Iterable[InstrumentDepth],
        instruments: Iterable[Instrument] = (),
    ) -> None:
        """Take over what a file held; positions follow from the fills.

        Of ``instruments`` those are traded on that have orders: the run that opens the file may follow others.
        """
        orders = tuple(orders)
        ordered = {order.instrument for order in orders}
        for instrument in instruments:
            if instrument.key in ordered:
                self.follow(instrument)
        self.clear()
        self.clock, self.stamps = clock, stamps
        for order in orders:
            # A file of an earlier version knows of waiting by its deadline alone.
            order.waiting = order.waiting or order.meets_by is not None
            order.fired_at = order.fired_at or (order.trigger_price if order.at_trigger else 0)
        self.register.restore(orders, fills)
        self.depths.update({depth.instrument: depth for depth in depths})
        self._arm()

    def waiting(self) -> list[ExchangeOrder]:
        """Return orders that have not met their first book, oldest first."""
        return [order for order in self.register.live_orders() if order.waiting]

    def hold(self, now: Instant, *, held: bool) -> None:
        """Let the market stand still or go on: while it stands, what reduces meets the standing book at once."""
        self.stamps.hold(now, held=held)
        if held:
            for order in self.waiting():
                self._matcher.let_wait(order, now)
                self.register.touched[order.order_id] = order

    def announce_halt(self, kinds: Iterable[InstrumentClass]) -> None:
        """Take in of which classes the exchange announced a halt; none is the end: nothing fills while it lasts."""
        self.stamps.halted = tuple(kinds)

    def next_meeting(self) -> Instant | None:
        """Return when the first waiting order meets the standing book; None when none waits."""
        soonest: Instant | None = None
        for orders in self.register.live.values():
            for order in orders:
                by = order.meets_by
                if by is not None and (soonest is None or by < soonest):
                    soonest = by
        return soonest

    # Requests that have arrived.

    def place(self, request: PlaceOrder, now: Instant) -> list[BrokerEvent]:
        """Take a new order in, reject it, or refuse it at the door."""
        instrument = self._instruments.get(request.instrument)
        if (refused := door_refusal(request, instrument)) is not None or instrument is None:
            code, text = refused or ("UDAPI100011", "Invalid instrument key")
            return [Refused(request.tag, code, text)]
        order = self.register.enter(request, self.clock, self.stamps.time(now))
        events: list[BrokerEvent] = [
            Acknowledged(request.tag, order.order_id),
            order.report("validation pending"),
        ]
        reason = self._outside_hours(
            instrument, request.order_type, now, reducing=order.reducing
        ) or rejection(request, request.side, instrument, self.depths[instrument.key], self._day.day)
        if reason:
            order.status, order.message = REJECTED, reason
            return [*events, order.report()]
        order.status = TRIGGER_PENDING if order.armed else OPEN
        if not order.armed:
            self._matcher.receive(order, self.depths[order.instrument], now)
        self.register.make_live(order)
        return [*events, order.report()]

    def modify(self, request: ModifyOrder, now: Instant) -> list[BrokerEvent]:
        """Change a live order's terms; a stop turned into a limit order meets the next book as a new one would."""
        order = self.register.orders.get(request.order_id)
        if order is None:
            return [Refused(request.tag, "UDAPI100010", "Order not found", request.request)]
        if not order.live:
            text = f"Order can not be modified, it is {order.status}"
            return [Refused(request.tag, "UDAPI100041", text, request.request)]
        instrument = self._instruments[order.instrument]
        if (refused := door_refusal(request, instrument)) is not None:
            return [Refused(request.tag, *refused, request.request)]
        terms = request
        if order.triggered:
            terms = ModifyOrder(
                request.request,
                request.tag,
                request.order_id,
                OrderType.LIMIT,
                request.quantity,
                request.price,
            )
        self.register.touch(order, self.stamps.time(now))
        events: list[BrokerEvent] = [
            Acknowledged(order.tag, order.order_id, request.request),
            order.report("modify pending"),
        ]
        reason = self._outside_hours(
            instrument, request.order_type, now, reducing=order.reducing
        ) or rejection(terms, order.side, instrument, self.depths[instrument.key], self._day.day)
        if not reason and request.quantity <= order.filled_quantity:
            reason = f"RMS:Quantity {request.quantity} is not above the filled {order.filled_quantity}"
        if not reason and order.order_type is OrderType.LIMIT and request.order_type is OrderType.STOP_LIMIT:
            reason = "RMS:A limit order can not become a stop order"
        if reason:
            return [*events, order.report("not modified", reason)]
        self._apply_terms(order, request, now)
        return [*events, order.report("modified")]

    def cancel(self, request: CancelOrder, now: Instant) -> list[BrokerEvent]:
        """Cancel by id, or every live order of a tag."""
        if request.order_id:
            found = [order for order in (self.register.orders.get(request.order_id),) if order is not None]
        else:
            found = [order for order in self.register.orders.values() if order.tag == request.tag]
        if not found:
            return [Refused(request.tag, "UDAPI100010", "Order not found", request.request)]
        live = [order for order in found if order.live]
        if not live:
            text = f"Order can not be cancelled, it is {found[-1].status}"
            return [Refused(request.tag, "UDAPI100040", text, request.request)]
        events: list[BrokerEvent] = []
        for order in live:
            self.register.touch(order, self.stamps.time(now))
            events.append(Acknowledged(order.tag, order.order_id, request.request))
            events.append(order.report("cancel pending"))
            events += self.register.end(order, CANCELLED, "", self.stamps.time(now))
        return events

    def _apply_terms(self, order: ExchangeOrder, request: ModifyOrder, now: Instant) -> None:
        changed = (request.order_type, request.price) != (order.order_type, order.price)
        was_armed = order.armed
        order.quantity, order.price = request.quantity, request.price
        if request.order_type is OrderType.LIMIT:
            order.order_type, order.trigger_price = OrderType.LIMIT, 0
        elif was_armed:
            order.trigger_price = request.trigger_price
        if changed or was_armed:
            order.terms_since = self.clock
        if order.armed:
            order.status = TRIGGER_PENDING
        else:
            order.status = OPEN
            if changed and order.meets_by is None:
                self._matcher.receive(order, self.depths[order.instrument], now)

    # The market moves.

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Take one market update in; return what it did to our orders. An update older than the last moves nothing."""
        depth = self.depths.get(update.instrument)
        if depth is None:
            return []
        self.stamps.follow(update.arrival, now, update.trade_time)
        clock = update.arrival
        if clock < update.trade_time < clock + MINUTE:
            clock = update.trade_time
        events: list[BrokerEvent] = []
        if clock > self.clock:
            before, self.clock = self.clock, clock
            if self.register.live and clock // SECOND != before // SECOND:
                events = self.roll_phases(now)
        if update.volume < depth.volume or update.last <= 0 or update.auction:
            return events
        traded = update.volume - depth.volume if depth.seen and not update.snapshot else 0
        self._segments.heard(update.instrument, update.arrival)
        orders = self.register.live.get(update.instrument)
        if orders is None or not self._trading(update.instrument):
            self._absorb(depth, update, traded)
            return events + self._match_auction(orders, update, now) if orders and traded else events
        fired = [order for order in orders if order.armed and _fires(order, update, depth)]
        # What fires now waits for the next reading: this book is older than the trade that fired it, or part of it.
        waiting = [order for order in orders if order.waiting]
        resting = [order for order in orders if not order.waiting and not order.armed]
        minute = update.minute if update.minute is not None and update.minute.start > depth.minute else None
        reading = self._absorb(depth, update, traded)
        for order in fired:
            events += self._matcher.fire(order, depth, now)
        for order in waiting:
            if reading is BookReading.NEW:
                events += self._matcher.meet(order, depth, now)
            elif reading is BookReading.CONFIRMED:
                events += self._matcher.meet_standing(order, depth, now)
        if resting:
            events += self._matcher.match_resting(resting, depth, traded, minute, now)
        depth.fired = depth.fired or bool(fired)
        return events

    def meet_standing(self, order: ExchangeOrder, now: Instant) -> list[BrokerEvent]:
        """Let an order whose wait is over meet the book that stands."""
        if self._phase(order.instrument) is Phase.CONTINUOUS:
            return self._matcher.meet_standing(order, self.depths[order.instrument], now)
        order.waiting, order.meets_by = False, None
        self.register.touch(order, self.stamps.time(now))
        return []

    def on_gap(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Take in the first update after a time nobody watched; what traded meanwhile fills no resting order.

        Stops crossed meanwhile fill at the worse of trigger and first price, marked GAP, within their limit.
        """
        depth = self.depths.get(update.instrument)
        if depth is None or update.last <= 0 or update.volume < depth.volume:
            return []
        events: list[BrokerEvent] = []
        for order in [order for order in self.register.live.get(update.instrument, ()) if order.armed]:
            if _fires(order, update, depth):
                price = worse(order.side, order.trigger_price, update.last)
                order.triggered, order.status = True, OPEN
                self.register.touch(order, self.stamps.time(now))
                if reaches(order.side, order.price, price):
                    events += self.register.fill(
                        order, [(price, order.remaining)], GAP, self.stamps.time(now)
                    )
                else:
                    events.append(order.report())
        depth.volume = update.volume
        return events + self.on_update(update, now)

    def roll_phases(self, now: Instant) -> list[BrokerEvent]:
        """Cancel what the present phase of the session does not keep."""
        events: list[BrokerEvent] = []
        for order in self.register.live_orders():
            phase = self._phase(order.instrument)
            if phase in (Phase.POST_CLOSE, Phase.CLOSED):
                events += self.register.end(order, CANCELLED, _AT_CLOSE, self.stamps.time(now))
            elif phase is Phase.CLOSING_AUCTION and order.armed:
                events += self.register.end(order, CANCELLED, _AT_CONTINUOUS_END, self.stamps.time(now))
        return events

    def _absorb(self, depth: InstrumentDepth, update: MarketUpdate, traded: int) -> BookReading:
        self.touched_depths[update.instrument] = depth
        return absorb(depth, update, self._instruments[update.instrument], traded)

    def _phase(self, instrument: str) -> Phase:
        return self._day.phase(self._instruments[instrument].kind, self.clock)

    def _trading(self, instrument: str) -> bool:
        """Say whether an instrument trades by the table and by what was announced."""
        halted = self._instruments[instrument].kind in self.stamps.halted
        return not halted and self._phase(instrument) is Phase.CONTINUOUS

    def _outside_hours(
        self, instrument: Instrument, order_type: OrderType, now: Instant, *, reducing: bool
    ) -> str:
        """Return why an order cannot be taken now: the closing auction takes limits, of which we send exits alone."""
        time = self.clock or now
        phase = self._day.phase(instrument.kind, time)
        entry = phase is Phase.CLOSING_AUCTION and self._day.allowed(instrument.kind, time) in _AUCTION_ENTRY
        if phase is Phase.CONTINUOUS or (entry and reducing and order_type is OrderType.LIMIT):
            return ""
        return _OUTSIDE_HOURS.format(phase)

    def _match_auction(
        self, orders: Iterable[ExchangeOrder], update: MarketUpdate, now: Instant
    ) -> list[BrokerEvent]:
        """Fill what the closing auction's one price reaches, whole: it is told by the first trade of the matching."""
        kind = self._instruments[update.instrument].kind
        if self._day.allowed(kind, self.clock) is not Allowed.MATCHING:
            return []
        events: list[BrokerEvent] = []
        for order in list(orders):
            if not order.armed and reaches(order.side, order.price, update.last):
                takes = [(update.last, order.remaining)]
                events += self.register.fill(order, takes, BOOK, self.stamps.time(now))
        return events


def _fires(order: ExchangeOrder, update: MarketUpdate, depth: InstrumentDepth) -> bool:
    """Say whether an update fires a stop: by its last price, a new extreme of the day, or a minute since its terms."""
    side, trigger = order.side, order.trigger_price
    if stop_reached(side, trigger, update.last):
        return True
    day, minute = update.day, update.minute
    if day is not None and depth.day_high > 0 and stop_reached_in_bar(side, trigger, day):
        new = day.high > depth.day_high if side is Side.BUY else day.low < depth.day_low
        if new:
            return True
    return (
        minute is not None
        and minute.start >= order.terms_since
        and stop_reached_in_bar(side, trigger, minute)
    )
