"""How live orders meet the market: the first reading after they arrived, then as resting ones, then as fired stops.

Pessimistic throughout: never the book that gave the signal or fired the stop; a standing book only worsened by one
spread; of what trades through a resting price only a share. A stop that has fired is still one when its terms
are changed: nothing of the instrument takes the book from before that trade while another may come.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from engine.brokers.paper.book_readings import Segments
from engine.brokers.paper.exchange_clock import ExchangeClock
from engine.brokers.paper.fill_rules import (
    Take,
    reached_beyond,
    reaches,
    standing_spread,
    swept,
    traded_through,
    walk,
    walk_worsened,
    worse,
)
from engine.brokers.paper.order_checks import out_of_range
from engine.brokers.paper.order_register import OrderRegister
from engine.brokers.paper.records import (
    BAR,
    BOOK,
    OPEN,
    REJECTED,
    STALE,
    STANDING,
    THROUGH,
    TRIGGER,
    ExchangeOrder,
    InstrumentDepth,
)
from engine.market.clock import MILLISECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Bar
from engine.orders.messages import BrokerEvent

FILL_RULES = 3
"""Version of the rules here and of the floor: raise it with every change of what an order would have been filled at,
for what was filled by others is other evidence."""
_LOOK_AGAIN = 500 * MILLISECOND
"""How often an exit that may not take the standing book yet looks whether its feed has fallen silent."""
_BAR_TICKS = 2
"""A completed minute must reach so many ticks beyond a resting limit before it is taken for filled."""

_HALTED = "HALTED: the instrument stands still while its segment trades; nothing fills"
_ANNOUNCED = "HALTED: the exchange has announced a halt; nothing fills"


class Matcher:
    """Fills live orders of one exchange. It owns no state but what it was given."""

    def __init__(
        self,
        register: OrderRegister,
        stamps: ExchangeClock,
        segments: Segments,
        instruments: Mapping[str, Instrument],
        day: date,
        *,
        wait: int,
        through_share: int,
    ) -> None:
        self._register = register
        self._stamps = stamps
        self._segments = segments
        self._instruments = instruments
        self._day = day
        self._wait = wait
        self._through_share = through_share
        self.touched: dict[str, InstrumentDepth] = {}
        """Depths that our own fills changed, until somebody stores them."""

    def receive(self, order: ExchangeOrder, depth: InstrumentDepth, now: Instant) -> None:
        """Take an order's terms in: one that the standing book crosses waits for its first reading, another rests."""
        levels, _ = _opposite(order.side, depth)
        if levels and not order.at_trigger and not reaches(order.side, order.price, levels[0][0]):
            order.waiting, order.meets_by = False, None
            return
        self.let_wait(order, now)

    def let_wait(self, order: ExchangeOrder, now: Instant) -> None:
        """Let an order wait for its first reading; one that reduces takes the standing book after a while."""
        order.waiting = True
        order.meets_by = (now if self._stamps.held else now + self._wait) if order.reducing else None

    def halt(self, depth: InstrumentDepth) -> str:
        """Return why nothing of an instrument can fill now; empty when it can."""
        if self._instruments[depth.instrument].kind in self._stamps.halted:
            return _ANNOUNCED
        return _HALTED if self._segments.halted(depth) else ""

    def fire(self, order: ExchangeOrder, depth: InstrumentDepth, now: Instant) -> list[BrokerEvent]:
        """Let a stop fire: from here it is a limit order that waits for a book after the trade that fired it."""
        order.triggered = order.at_trigger = True
        order.fired_at = order.trigger_price
        order.status, order.waiting, order.meets_by = OPEN, True, None
        self._register.touch(order, self._stamps.time(now))
        instrument = self._instruments[order.instrument]
        if instrument.is_option and (reason := out_of_range(order.price, instrument, depth, self._day)):
            return self._register.end(order, REJECTED, reason, self._stamps.time(now))
        return [order.report()]

    def meet(self, order: ExchangeOrder, depth: InstrumentDepth, now: Instant) -> list[BrokerEvent]:
        """Let an order meet a new book, level by level; the rest of it rests.

        A limit beyond the last visible level has swept the book: what it meets next costs no less than that level.
        """
        levels, eaten = _opposite(order.side, depth)
        lot = self._instruments[order.instrument].lot
        takes = list(walk(levels, eaten, order.side, order.price, order.remaining, lot))
        return self._met(order, depth, takes, TRIGGER if order.at_trigger else BOOK, now)

    def meet_standing(self, order: ExchangeOrder, depth: InstrumentDepth, now: Instant) -> list[BrokerEvent]:
        """Let an order meet the book that still stands, worsened by one spread; what it cannot reach so it waits for.

        While the market is held there is no next book: it meets this one as it is, and the rest of an order that
        swept it pays its last level, as in a flatten without an engine.
        """
        order.meets_by = None
        self._register.touch(order, self._stamps.time(now))
        if halt := self.halt(depth):
            return [order.report(message=halt)]
        levels, eaten = _opposite(order.side, depth)
        silent = self._segments.silent(order.instrument, self._stamps.arrival_time(now))
        if depth.fired and not silent and not self._stamps.held:
            # It is older than the trade that fired a stop, and a newer one may come.
            order.meets_by = now + _LOOK_AGAIN
            return []
        quality = STALE if silent and not self._stamps.held else STANDING
        lot = self._instruments[order.instrument].lot
        if self._stamps.held:
            takes = list(walk(levels, eaten, order.side, order.price, order.remaining, lot))
            last = swept(order.side, order.price, levels)
            left = order.remaining - sum(quantity for _, quantity in takes)
            bound = self._bound(order, depth)
            events = self._met(order, depth, takes, quality, now)
            if last and left:
                if bound is not None:
                    last = worse(order.side, bound, last)
                events += self._register.fill(order, [(last, left)], STALE, self._stamps.time(now))
            return events
        tick = self._instruments[order.instrument].tick
        spread = standing_spread(depth.bids, depth.asks, tick)
        worsened = list(walk_worsened(levels, eaten, order.side, order.price, order.remaining, spread, lot))
        if not worsened:
            # Out of its reach at one spread more, it waits for a newer book; beside the book it rests.
            order.waiting = order.at_trigger or (
                bool(levels) and reaches(order.side, order.price, levels[0][0])
            )
            return []
        return self._met(order, depth, worsened, quality, now, worsened_by=spread)

    @staticmethod
    def _bound(order: ExchangeOrder, depth: InstrumentDepth) -> Paise | None:
        """Return the price that an order fills no better than: a fired stop's trigger, and the trade that fired one."""
        bound = order.fired_at if order.at_trigger else None
        if depth.fired and depth.last > 0:
            bound = depth.last if bound is None else worse(order.side, bound, depth.last)
        return bound

    def match_resting(
        self,
        resting: list[ExchangeOrder],
        depth: InstrumentDepth,
        traded: int,
        minute: Bar | None,
        now: Instant,
    ) -> list[BrokerEvent]:
        """Fill resting orders at their own price: by depth that crosses them, trades through, a minute well beyond.

        ``traded`` are the units since the packet before, ``minute`` a minute that has just completed. One that swept
        the book is not at its own price yet: it pays what it meets, no better than what it swept.
        """
        events: list[BrokerEvent] = []
        instrument = self._instruments[depth.instrument]
        share = self._share(traded, instrument)
        beyond = 0 if minute is None else self._share(minute.volume, instrument)
        resting.sort(key=lambda order: (-order.price * order.side.sign, order.sequence))
        for order in resting:
            levels, eaten = _opposite(order.side, depth)
            takes = list(walk(levels, eaten, order.side, order.price, order.remaining, instrument.lot))
            self._eat(depth, order.side, takes)
            takes = [(_resting_price(order, price), quantity) for price, quantity in takes]
            events += self._register.fill(order, takes, BOOK, self._stamps.time(now))
            if order.remaining and share and traded_through(order.side, order.price, depth.last):
                quantity = min(order.remaining, share)
                share -= quantity
                price = _resting_price(order, depth.last)
                events += self._register.fill(order, [(price, quantity)], THROUGH, self._stamps.time(now))
            if order.remaining and beyond and minute is not None and minute.start >= order.terms_since:
                reach = _BAR_TICKS * instrument.tick
                if reached_beyond(order.side, order.price, minute, reach):
                    quantity = min(order.remaining, beyond)
                    beyond -= quantity
                    price = _resting_price(order, order.price)
                    events += self._register.fill(order, [(price, quantity)], BAR, self._stamps.time(now))
            if order.swept:
                now_swept = swept(order.side, order.price, levels)
                order.swept = now_swept and worse(order.side, order.swept, now_swept)
                self._register.touched[order.order_id] = order
        return events

    def _met(
        self,
        order: ExchangeOrder,
        depth: InstrumentDepth,
        takes: list[Take],
        quality: str,
        now: Instant,
        *,
        worsened_by: Paise = 0,
    ) -> list[BrokerEvent]:
        order.waiting, order.meets_by = False, None
        self._register.touch(order, self._stamps.time(now))
        better = -worsened_by * order.side.sign
        self._eat(depth, order.side, [(price + better, quantity) for price, quantity in takes])
        order.swept = swept(order.side, order.price, _opposite(order.side, depth)[0])
        bound = self._bound(order, depth)
        order.at_trigger = False
        if bound is not None:
            takes = [(worse(order.side, bound, price), quantity) for price, quantity in takes]
            order.swept = order.swept and worse(order.side, bound, order.swept)
        return self._register.fill(order, takes, quality, self._stamps.time(now))

    def _share(self, traded: int, instrument: Instrument) -> int:
        """Return what a resting order gets of units traded: others stood before us. Whole lots."""
        return max(traded, 0) * self._through_share // 100 // instrument.lot * instrument.lot

    def _eat(self, depth: InstrumentDepth, side: Side, takes: Iterable[Take]) -> None:
        _, eaten = _opposite(side, depth)
        for price, quantity in takes:
            eaten[price] = eaten.get(price, 0) + quantity
            self.touched[depth.instrument] = depth


def _resting_price(order: ExchangeOrder, met: Paise) -> Paise:
    return worse(order.side, order.swept, met) if order.swept else order.price


def _opposite(side: Side, depth: InstrumentDepth) -> tuple[tuple[tuple[Paise, int], ...], dict[Paise, int]]:
    return (depth.asks, depth.eaten_asks) if side is Side.BUY else (depth.bids, depth.eaten_bids)
