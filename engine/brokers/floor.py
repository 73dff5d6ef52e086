"""The trading floor: orders that have arrived meet the market. No clock, no latency and no storage of its own."""

from collections.abc import Iterable, Mapping

from engine.brokers.checks import door_refusal, out_of_range, rejection
from engine.brokers.market_clock import MarketClock
from engine.brokers.matching import (
    Take,
    reaches,
    still_eaten,
    stop_reached,
    stop_reached_in_bar,
    swept,
    traded_through,
    walk,
    worse,
)
from engine.brokers.records import (
    BOOK,
    CANCELLED,
    GAP,
    OPEN,
    REJECTED,
    STALE,
    THROUGH,
    TRIGGER,
    TRIGGER_PENDING,
    Depth,
    Fill,
    Order,
)
from engine.brokers.register import Register
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.session import Phase, TradingDay
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
from engine.setups.signal import Side

STALE_AFTER = 5 * SECOND
"""A standing book older than this against the newest arrival marks its fills STALE."""

_AT_CONTINUOUS_END = "Untriggered stop orders are cancelled at the end of continuous trading"
_AT_CLOSE = "Day order cancelled at the close"
_OUTSIDE_HOURS = "UDAPI100057: Orders are accepted in continuous trading only, the market is in phase {}"


class Floor:
    """Owns orders, fills and the last book per instrument, and the market's time.

    Each answer is a list of broker events in the order they happened. Deterministic: everything is decided by
    sequence numbers and the updates given.
    """

    def __init__(self, instruments: Mapping[str, Instrument], day: TradingDay, book_wait: int) -> None:
        self._instruments = dict(instruments)
        self._day = day
        self._book_wait = book_wait
        self.clear()

    @property
    def held(self) -> bool:
        """Say whether the market stands still: an arriving order meets the standing book at once."""
        return self.stamps.held

    def clear(self) -> None:
        """Forget everything: an empty book of a new run."""
        self.clock: Instant = 0
        """Market time: the newest arrival, or the newest trade time where the recorder's clock lags it."""
        self.stamps = MarketClock()
        """What orders and fills are stamped with."""
        self.register = Register(self._instruments, self._day.day)
        self.depths = {key: Depth(key) for key in self._instruments}
        self.touched_depths: dict[str, Depth] = {}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return what orders may be in."""
        return tuple(self._instruments.values())

    def follow(self, instrument: Instrument) -> None:
        """Trade one more instrument."""
        self._instruments.setdefault(instrument.key, instrument)
        self.depths.setdefault(instrument.key, Depth(instrument.key))

    def restore(
        self,
        clock: Instant,
        stamps: MarketClock,
        orders: Iterable[Order],
        fills: Iterable[Fill],
        depths: Iterable[Depth],
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
        self.register.restore(orders, fills)
        self.depths.update({depth.instrument: depth for depth in depths})

    def waiting(self) -> list[Order]:
        """Return orders that have not met their first book, oldest first."""
        return [order for order in self.register.live_orders() if order.meets_by is not None]

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
        reason = self._outside_hours(instrument, now) or rejection(
            request, request.side, instrument, self.depths[instrument.key], self._day.day
        )
        if reason:
            order.status, order.message = REJECTED, reason
            return [*events, order.report()]
        order.status = TRIGGER_PENDING if order.armed else OPEN
        if not order.armed:
            order.meets_by = now if self.held else now + self._book_wait
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
        reason = self._outside_hours(instrument, now) or rejection(
            terms, order.side, instrument, self.depths[instrument.key], self._day.day
        )
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

    def _apply_terms(self, order: Order, request: ModifyOrder, now: Instant) -> None:
        changed = (request.order_type, request.price) != (order.order_type, order.price)
        was_armed = order.armed
        order.quantity, order.price = request.quantity, request.price
        if request.order_type is OrderType.LIMIT:
            order.order_type, order.trigger_price, order.at_trigger = OrderType.LIMIT, 0, False
        elif was_armed:
            order.trigger_price = request.trigger_price
            order.terms_since = self.clock
        if order.armed:
            order.status = TRIGGER_PENDING
        else:
            order.status = OPEN
            if changed and order.meets_by is None:
                order.meets_by = now if self.held else now + self._book_wait

    # The market moves.

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Take one market update in; return what it did to our orders. An update older than the last moves nothing."""
        depth = self.depths.get(update.instrument)
        if depth is None:
            return []
        self.stamps.follow(update, now)
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
        orders = self.register.live.get(update.instrument)
        if orders is None or not self._trading(update.instrument):
            self._absorb(depth, update)
            return events
        fired = [order for order in orders if order.armed and _fires(order, update, depth)]
        fresh_book = self._absorb(depth, update)
        resting = [order for order in orders if order.meets_by is None and not order.armed]
        for order in fired:
            events += self._fire(order, depth, now)
        if fresh_book:
            for order in [order for order in orders if order.meets_by is not None]:
                events += self.meet(order, now)
        if resting:
            events += self._match_resting(resting, depth, traded, now)
        return events

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

    def meet(self, order: Order, now: Instant) -> list[BrokerEvent]:
        """Let an order meet the book that stands now, level by level; the rest of it rests.

        A limit beyond the last visible level has swept the book: what it meets next costs no less than that level.
        While the market is held there is no next book, and the rest fills at that level, marked STALE.
        """
        order.meets_by = None
        self.register.touch(order, self.stamps.time(now))
        depth = self.depths[order.instrument]
        if not self._trading(order.instrument):
            return []
        levels, eaten = _opposite(order.side, depth)
        takes = list(walk(levels, eaten, order.side, order.price, order.remaining))
        self._eat(depth, order.side, takes)
        stale = self.stamps.arrived - depth.book_arrival > STALE_AFTER
        quality = STALE if stale else BOOK
        order.swept = swept(order.side, order.price, levels)
        if order.at_trigger:
            order.at_trigger = False
            takes = [(worse(order.side, order.trigger_price, price), quantity) for price, quantity in takes]
            order.swept = order.swept and worse(order.side, order.trigger_price, order.swept)
            quality = TRIGGER
        left = order.remaining - sum(quantity for _, quantity in takes)
        if self.held and order.swept and left:
            # No newer book will come: as in a flatten without an engine, the rest pays the last level seen.
            takes.append((order.swept, left))
            quality = STALE
        return self.register.fill(order, takes, quality, self.stamps.time(now))

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

    def _absorb(self, depth: Depth, update: MarketUpdate) -> bool:
        """Take the update's facts over; return whether it brought a book."""
        self.touched_depths[update.instrument] = depth
        depth.seen = True
        depth.last = update.last
        depth.volume = update.volume
        if update.previous_close > 0:
            depth.previous_close = update.previous_close
        bar = update.day
        if bar is not None:
            if bar.high > depth.day_high:
                depth.day_high = bar.high
            if depth.day_low == 0 or 0 < bar.low < depth.day_low:
                depth.day_low = bar.low
        if not update.bids and not update.asks:
            return False
        if depth.eaten_bids:
            depth.eaten_bids = still_eaten(depth.eaten_bids, update.bids)
        if depth.eaten_asks:
            depth.eaten_asks = still_eaten(depth.eaten_asks, update.asks)
        depth.bids, depth.asks, depth.book_arrival = update.bids, update.asks, update.arrival
        return True

    def _fire(self, order: Order, depth: Depth, now: Instant) -> list[BrokerEvent]:
        order.triggered = order.at_trigger = True
        order.status, order.meets_by = OPEN, now + self._book_wait
        self.register.touch(order, self.stamps.time(now))
        instrument = self._instruments[order.instrument]
        if instrument.is_option and (reason := out_of_range(order.price, instrument, depth, self._day.day)):
            return self.register.end(order, REJECTED, reason, self.stamps.time(now))
        return [order.report()]

    def _match_resting(
        self, resting: list[Order], depth: Depth, traded: int, now: Instant
    ) -> list[BrokerEvent]:
        """Fill resting orders at their own price: against depth that crosses them, then by trades through.

        One that swept the book is not at its own price yet: it pays what it meets, no better than what it swept.
        """
        events: list[BrokerEvent] = []
        resting.sort(key=lambda order: (-order.price * order.side.sign, order.sequence))
        for order in resting:
            levels, eaten = _opposite(order.side, depth)
            takes = list(walk(levels, eaten, order.side, order.price, order.remaining))
            self._eat(depth, order.side, takes)
            takes = [(_resting_price(order, price), quantity) for price, quantity in takes]
            events += self.register.fill(order, takes, BOOK, self.stamps.time(now))
            if order.remaining and traded > 0 and traded_through(order.side, order.price, depth.last):
                quantity = min(order.remaining, traded)
                traded -= quantity
                price = _resting_price(order, depth.last)
                events += self.register.fill(order, [(price, quantity)], THROUGH, self.stamps.time(now))
            if order.swept:
                now_swept = swept(order.side, order.price, levels)
                order.swept = now_swept and worse(order.side, order.swept, now_swept)
                self.register.touched[order.order_id] = order
        return events

    def _eat(self, depth: Depth, side: Side, takes: Iterable[Take]) -> None:
        _, eaten = _opposite(side, depth)
        for price, quantity in takes:
            eaten[price] = eaten.get(price, 0) + quantity
            self.touched_depths[depth.instrument] = depth

    def _phase(self, instrument: str) -> Phase:
        return self._day.phase(self._instruments[instrument].kind, self.clock)

    def _trading(self, instrument: str) -> bool:
        return self._phase(instrument) is Phase.CONTINUOUS

    def _outside_hours(self, instrument: Instrument, now: Instant) -> str:
        phase = self._day.phase(instrument.kind, self.clock or now)
        return "" if phase is Phase.CONTINUOUS else _OUTSIDE_HOURS.format(phase)


def _fires(order: Order, update: MarketUpdate, depth: Depth) -> bool:
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


def _resting_price(order: Order, met: Paise) -> Paise:
    return worse(order.side, order.swept, met) if order.swept else order.price


def _opposite(side: Side, depth: Depth) -> tuple[tuple[tuple[Paise, int], ...], dict[Paise, int]]:
    return (depth.asks, depth.eaten_asks) if side is Side.BUY else (depth.bids, depth.eaten_bids)
