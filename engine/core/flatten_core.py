"""The kill and nothing else: the engine's own planner, keeper and proof for a shell that no engine answers.

Nothing is studied and nothing entered. Everything that the broker shows in scope is taken over at the first read and
closed by the same rules as by the engine. What an earlier life of the engine knew of the day's orders fences the
reads: a list that tells less is never flat, and an order without an answer is probed until its fate is proven.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.contract.views import AlarmRank, Severity
from engine.core.book_schedule import BookSchedule
from engine.core.events import Wake
from engine.market.clock import SECOND, Instant
from engine.market.figures import grouped, rupees
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price_band import PriceBand
from engine.market.staleness import STALE_AFTER
from engine.orders.broker_events import BrokerEvents
from engine.orders.entry_life import EntryLife
from engine.orders.exits_in_halt import Halts
from engine.orders.kill import LatchState
from engine.orders.ledger_facts import Record
from engine.orders.manager import OrderManager
from engine.orders.messages import BrokerEvent, OrderType, Request
from engine.orders.news import SPOKEN, InstrumentMarket, News, Topic
from engine.orders.order import Order
from engine.orders.plight_words import plight_text
from engine.orders.quote import Quote
from engine.orders.states import ENDED, UNPROVEN, OrderState
from engine.orders.tags import Ids, of_any_run
from engine.orders.trade import Mode, Trade
from engine.risk.stop_controller import Stage12Controller, StopState, StopTerm
from engine.settings.sections import FlattenSections

ASKED_EVERY: Final = 5 * SECOND
"""While lists tell less than is known, the orders themselves are asked for by name so often."""

FLATTEN_GOES_ON: Final = "cockpit flatten tries on until its time is up or it is interrupted"
"""There is no engine that could."""

ASKED_AT_ONCE: Final = 5
"""So many of them, the newest: the reads must last."""


class QuotedMarket(msgspec.Struct, frozen=True):
    """One instrument's market as the broker's quotes have it."""

    instrument: Instrument
    quote: Quote
    """Its ``time`` is when it was read."""
    band: PriceBand | None
    takes_orders: bool
    """Whether an exit sent now can trade."""
    auction: bool = False
    """Whether it can wait for the match of the closing auction, as a limit inside the band."""


class MarketSeen(msgspec.Struct, frozen=True):
    """What the market of several instruments looks like."""

    seen: tuple[QuotedMarket, ...]


class FlattenCore:
    """One flatten without an engine. Events in, requests out; it reads no clock and does no I/O.

    ``known`` are the orders of this trading day as an earlier life left them. What went wrong is kept in ``problems``.
    """

    def __init__(
        self,
        settings: FlattenSections,
        ids: Ids,
        now: Instant,
        *,
        known: Iterable[Order] = (),
        by: str,
        why: str,
    ) -> None:
        self.manager = OrderManager(settings, {}, ids, self._look, Halts(), EntryLife(0))
        self.watch = BookSchedule(self.manager, self, goes_on=FLATTEN_GOES_ON)
        self.problems: dict[str, None] = {}
        """Everything that went wrong, each once, oldest first."""
        self.newest_problem = ""
        self.changed_at: Instant = now
        """When an order or a position last moved."""
        self._asked_at: Instant = 0
        self.unknown_since: Instant | None = None
        """Since when reads have left open what is held; None while they tell it."""
        self._inbox = BrokerEvents(self.manager, Stage12Controller(settings.stop), lambda instant: instant)
        self._seen: dict[str, QuotedMarket] = {}
        for order in known:
            self.manager.orders.add(_remembered(order, now))
        self.manager.kill.set(by, why, by, now)

    @property
    def flat(self) -> bool:
        """Whether the broker has said flat twice after everything known."""
        latch = self.manager.kill.latch
        return latch is not None and latch.state is LatchState.FLAT

    @property
    def unknown(self) -> str:
        """Why what is open is not known; empty once a read counted for every instrument."""
        manager = self.manager
        if manager.reconciliation.behind is None:
            return (
                f"read: {manager.kill.unread}" if manager.kill.unread else "the broker has not been read yet"
            )
        return "; ".join(
            f"{self.symbol(key) or 'a row'}: {why}" for key, why in manager.reconciliation.behind.items()
        )

    @property
    def stuck(self) -> str:
        """What keeps it from its end that nothing here can change; empty while nothing does."""
        plights = self.watch.plights.current.values()
        return "; ".join(f"{one.instrument.symbol}: {plight_text(one)}" for one in plights if one.kind.holds)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The instruments whose market must be known: something is held or live in them."""
        held = [trade.instrument for trade in self.manager.portfolio.open()]
        live = [order.instrument for order in self.manager.orders.live()]
        return tuple(dict.fromkeys([*held, *live]))

    @property
    def left(self) -> tuple[tuple[Trade, ...], tuple[Order, ...]]:
        """What is held and what is live, as far as is known."""
        return self.manager.portfolio.open(), self.manager.orders.live()

    @property
    def uncovered(self) -> tuple[Trade, ...]:
        """What is held without orders of its closing side at the exchange for all its units.

        One whose cancel is out is none: it may be gone already.
        """
        return tuple(
            trade
            for trade in self.manager.portfolio.open()
            if trade.open_quantity
            > sum(
                order.remaining
                for order in self._closing(trade)
                if order.resting and order.state is not OrderState.PENDING_CANCEL
            )
        )

    @property
    def resting(self) -> tuple[str, ...]:
        """What is live, an order a line: what it is, and where it rests."""
        lines = []
        for order in self.manager.orders.live():
            kind = "stop" if order.order_type is OrderType.STOP_LIMIT else "limit"
            price = order.trigger_price if kind == "stop" else order.price
            lines.append(
                f"{self.symbol(order.instrument)} {kind} {order.side.lower()} {grouped(order.remaining)} at "
                f"{rupees(price)} ({order.state.lower()})"
            )
        return tuple(lines)

    def symbol(self, key: str) -> str:
        """Return the name a person knows an instrument by."""
        seen = self._seen.get(key)
        return key if seen is None else seen.instrument.symbol

    def next_wake(self, now: Instant) -> Instant | None:
        """Return when a Wake is wanted at the latest."""
        wakes = (self.manager.next_wake(), self.watch.next_wake(now), self._next_asking())
        return min((wake for wake in wakes if wake is not None), default=None)

    def handle(self, event: BrokerEvent | MarketSeen | Wake, now: Instant) -> list[Request]:
        """Take one event; return the requests that leave, in order."""
        match event:
            case MarketSeen():
                self._look_at(event, now)
            case Wake():
                pass
            case _:
                self._inbox.receive(event, now)
        self._remember_stops(now)
        return self._settle(now)

    def cover(self, now: Instant) -> list[Request]:
        """Let a stop stand under everything that is held, or go back; only an exit that is out stays one."""
        self.manager.rest_exits()
        for trade in self.manager.portfolio.open():
            if all(order.wanted.order_type is OrderType.STOP_LIMIT for order in self._closing(trade)):
                self._hold(trade, now)
        return self._settle(now)

    def _hold(self, trade: Trade, now: Instant) -> None:
        if trade.stop is None:
            self._went_wrong(f"{self.symbol(trade.instrument)} is NAKED: no stop of it is known")
        else:
            self.manager.change(msgspec.structs.replace(trade, mode=Mode.HOLD, naked_since=None), now)

    def _closing(self, trade: Trade) -> list[Order]:
        """Return the live orders that close a trade."""
        return [order for order in self.manager.orders.of(trade) if order.side is not trade.side]

    def latch(self, now: Instant) -> None:
        """Do nothing: the latch of a world is kept by its file, not by this."""

    def line(self, severity: Severity, text: str, now: Instant, rank: AlarmRank | None = None) -> None:
        """Keep what went wrong."""
        del now, rank
        if severity is Severity.ALARM:
            self._went_wrong(text)

    def _settle(self, now: Instant) -> list[Request]:
        self.manager.due(now)
        self.watch.follow(now, ended=False)
        self.watch.drain()
        since = now if self.unknown_since is None else self.unknown_since
        self.unknown_since = since if self.unknown else None
        self._ask_by_name(now)
        news, self.manager.news = self.manager.news, []
        for item in news:
            self._digest(item, now)
        leaving = self.manager.dispatcher.drain()
        return [one for one in leaving if not isinstance(one, Record)]

    def _next_asking(self) -> Instant | None:
        """Return when what the lists leave open is asked for by name; None while they tell everything known."""
        if self.unknown_since is None or not self.manager.reconciliation.behind:
            return None
        return max(self.unknown_since, self._asked_at) + ASKED_EVERY

    def _ask_by_name(self, now: Instant) -> None:
        """Ask for the known fills of which a list tells less, each by its name: a list may be lost, an order is not."""
        due = self._next_asking()
        if due is None or now < due:
            return
        self._asked_at = now
        behind = self.manager.reconciliation.behind or {}
        known = [order for order in self.manager.orders.all() if order.filled and order.instrument in behind]
        for order in [order for order in known if of_any_run(order.tag)][-ASKED_AT_ONCE:]:
            self.manager.dispatcher.probe(order, now)

    def _digest(self, item: News, now: Instant) -> None:
        if item.topic in (Topic.ORDER, Topic.FILL, Topic.CLOSED):
            self.changed_at = now
        if item.topic in SPOKEN and item.instrument in self._seen:
            self._went_wrong(f"{self.symbol(item.instrument)}: {item.text}")

    def _went_wrong(self, text: str) -> None:
        self.problems[text] = None
        self.newest_problem = text

    def _look_at(self, event: MarketSeen, now: Instant) -> None:
        """Take in what was seen; what could not be closed for want of it is tended at once, in the kill's order."""
        moved = []
        for seen in event.seen:
            key = seen.instrument.key
            before = self._seen.get(key)
            self._seen[key] = seen
            self.manager.instruments[key] = seen.instrument
            if before is None or (before.takes_orders, before.auction) != (seen.takes_orders, seen.auction):
                moved.append(key)
        self.manager.reconcile_all(moved, now)

    def _look(self, instrument: str, now: Instant) -> InstrumentMarket:
        seen = self._seen.get(instrument)
        if seen is None:
            unknown = Instrument(instrument, instrument, InstrumentClass.STOCK, 5, 1, 1, Provenance.INFERRED)
            return InstrumentMarket(unknown, Quote(fresh=False), None, takes_orders=False, takes_stops=False)
        fresh = seen.quote.fresh and now - seen.quote.time <= STALE_AFTER
        quote = Quote(seen.quote.last, seen.quote.bids, seen.quote.asks, seen.quote.time, fresh, alive=fresh)
        takes = seen.takes_orders
        return InstrumentMarket(seen.instrument, quote, seen.band, takes, takes, auction=seen.auction)

    def _remember_stops(self, now: Instant) -> None:
        """Give what was taken over the stop that rests for it: it goes back where an exit cannot follow."""
        for trade in self.manager.portfolio.running():
            orders = self.manager.orders.of(trade)
            found = [order for order in orders if order.adopted and order.side is not trade.side]
            for order in found:
                if order.trade != trade.id and of_any_run(order.tag):
                    self.manager.orders.assign(order.tag, trade.id)
            stops = [order for order in found if order.order_type is OrderType.STOP_LIMIT]
            if trade.stop is None and stops:
                stop = _stop_of(trade, stops[0], now)
                self.manager.portfolio.put(msgspec.structs.replace(trade, stop=stop))


def _remembered(order: Order, now: Instant) -> Order:
    """Return an order of an earlier life as it is known now: proven, or to be asked for by its tag.

    It counts as found at the broker: what it holds is taken over with everything else.
    """
    order = msgspec.structs.replace(
        order,
        trade="",
        adopted=True,
        pending=None,
        answered=True,
        written_at=0,
        changed_at=0,
        stray_until=0,
        cancel_at=None,
        cancels=0,
        doubt_since=None,
    )
    if order.state in ENDED:
        return order
    if order.state in (*UNPROVEN, OrderState.NEW):
        return msgspec.structs.replace(
            order, state=OrderState.IN_DOUBT, sent_at=now, doubt_since=now, probes=0, empty_probes=0
        )
    if order.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL):
        order = msgspec.structs.replace(order, state=order.resume)
    # Its patience begins with the shell, whose clock is another one.
    return msgspec.structs.replace(order, rests_since=now if order.resting else None)


def _stop_of(trade: Trade, order: Order, now: Instant) -> StopState:
    entry = trade.average or order.trigger_price
    return StopState(
        side=trade.side,
        tick=1,
        entry=entry,
        trigger=order.trigger_price,
        limit=order.price,
        risk=max(abs(entry - order.trigger_price), 1),
        term=StopTerm.TYPED,
        moved_at=now,
        best=entry,
        opened_at=now,
        allowance=0,
        reach=abs(order.trigger_price - order.price),
    )
