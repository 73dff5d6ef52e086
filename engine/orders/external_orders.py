"""Orders that others placed beside ours: what they may close of ours before we do, and what that leaves us.

The phone, the broker's square-off and a GTT that has fired send orders of their own into an instrument of ours. They
are never moved. What of them could fill before our stop or exit is *ahead* of us; the stop, every exit, the gate and
the kill take it off what they may sell, all by `External.ahead`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.figures import grouped
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.late_news import LateNews
from engine.orders.messages import BookRead, OrderType, Product, Role, WaitingOrder
from engine.orders.order import Correction, Fill, Order
from engine.orders.order_book import OrderBook
from engine.orders.other_engines import OtherEngines, run_of
from engine.orders.portfolio import Portfolio
from engine.orders.quote import Quote
from engine.orders.states import AT_EXCHANGE
from engine.orders.tags import of_any_run
from engine.orders.trade import Trade

TOUCHES_FOR: Final = SECOND
"""A limit at the touch counts as ahead once it has been there for so long: a quote that flickers moves no stop."""

THROUGH_SPREADS: Final = 2
"""Spreads beyond the touch from which a limit is plainly at the market: it counts as ahead at once."""

RACED_WITHIN: Final = 2 * SECOND
"""An order first heard of after our trade had closed belonged to it, if it traded no later than this."""


class ExternalReach(StrEnum):
    """Whether an external reducing order could fill before ours."""

    AWAY = "AWAY"
    TOUCHING = "TOUCHING"
    """Its limit lies at the touch: the next quote may say otherwise."""
    AHEAD = "AHEAD"


class Ahead(msgspec.Struct, frozen=True):
    """Units of ours that external orders may close before us, and when to judge again."""

    units: int
    again: Instant | None = None


class _Untold(msgspec.Struct, frozen=True):
    """Units that were counted by the day's totals under a name of ours; ``left`` of them no order has told."""

    tag: str
    quantity: int
    left: int
    value: Paise
    """What all of them are worth."""

    def worth(self, units: int) -> Paise:
        """Return what some of those that are left are worth."""
        return self.value * units // self.quantity


def reach(order: Order, side: Side, trigger: Paise | None, quote: Quote) -> ExternalReach:
    """Return whether an external order that closes a position of ``side`` could fill before ours.

    ``trigger`` is our own stop's; None while we are leaving, when only what is at the market can come first.
    """
    if order.order_type is OrderType.STOP_LIMIT and order.triggered_at is None:
        nearer = trigger is not None and (order.trigger_price - trigger) * side.sign >= 0
        return ExternalReach.AHEAD if nearer else ExternalReach.AWAY
    if order.price <= 0:
        return ExternalReach.AHEAD
    bid, ask = quote.bid, quote.ask
    touch = bid if side is Side.BUY else ask
    touch = quote.last if touch is None else touch
    if touch is None:
        # No market is known. What is proven to rest did not meet it when it came; anything else may.
        return ExternalReach.AWAY if order.state in AT_EXCHANGE else ExternalReach.AHEAD
    through = (touch - order.price) * side.sign
    if through < 0:
        return ExternalReach.AWAY
    spread = ask - bid if bid is not None and ask is not None else 0
    return ExternalReach.AHEAD if through > THROUGH_SPREADS * max(spread, 0) else ExternalReach.TOUCHING


class External:
    """Knows the external orders of one account beside its book and its positions."""

    def __init__(self, orders: OrderBook, portfolio: Portfolio) -> None:
        self._orders = orders
        self._portfolio = portfolio
        self.engines = OtherEngines()
        self.late = LateNews()
        self._touching: dict[str, Instant] = {}
        """External limits at the touch, by tag, and since when."""
        self._judged: dict[str, int] = {}
        """Units that were ahead of us when the instrument was tended last."""
        self._against: dict[str, str] = {}
        """By external order, the trade of ours that it would close or would have closed."""
        self._raced: dict[str, int] = {}
        """By trade, units beyond flat that external orders filled after exits of ours had."""
        self._untold: dict[tuple[str, Side], list[_Untold]] = {}
        """What the day's totals told and no order has yet, oldest first."""
        self._named = 0
        self.paid: dict[str, Paise] = {}
        """What lies outside cost by the day's totals, by instrument, as of the newest read; 0 where they do not say."""
        self.waiting: tuple[WaitingOrder, ...] = ()
        """GTT orders of the account, as of the newest read."""
        self.waiting_unknown = ""
        """Why they are not all known; empty when they are."""

    def ours(self, order: Order) -> bool:
        """Say whether an order is ours: sent by us, or adopted by its name."""
        return not order.adopted or bool(order.trade)

    def orphaned(self, order: Order) -> bool:
        """Say whether an order of an earlier run of ours has nothing left to protect: it could only open something."""
        if not order.adopted or run_of(order.tag) is None or self.engines.claim(order.tag):
            return False
        return not self._portfolio.net(order.instrument, order.product)

    def live(self, instrument: str) -> tuple[Order, ...]:
        """Return the external orders of an instrument that may still fill, oldest first."""
        return tuple(order for order in self._orders.live(instrument) if not self.ours(order))

    def reducing(self, trade: Trade) -> tuple[Order, ...]:
        """Return the live external orders that close what a trade holds, oldest first."""
        return tuple(
            order
            for order in self.live(trade.instrument)
            if order.side is not trade.side and order.product is trade.product
        )

    def take_over(self, trade: Trade, *, holds: bool = False) -> None:
        """Make the orders that an earlier life left for what is taken over ours to move: its stop becomes the exit.

        ``holds`` says that it is held on: its stop stays a stop.
        """
        for order in self.reducing(trade):
            if of_any_run(order.tag):
                stop = holds and order.order_type is OrderType.STOP_LIMIT
                self._orders.assign(order.tag, trade.id, Role.STOP if stop else None)

    def in_the_way(self, trade: Trade, *, kill: bool) -> tuple[Order, ...]:
        """Return the live external orders that would close more than what is held beside a trade, oldest first.

        The kill closes that too: every one is in its way.
        """
        beside, found = 0 if kill else self._portfolio.beside(trade), []
        for order in self.reducing(trade):
            if order.exposed <= beside:
                beside -= order.exposed
            else:
                found.append(order)
        return tuple(found)

    def refused(self, instrument: str | None = None) -> tuple[Order, ...]:
        """Return live external orders whose cancel was refused, or asked for twice without effect, oldest first."""
        return tuple(
            order
            for order in self._orders.live(instrument)
            if not self.ours(order)
            and order.cancel_at is not None
            and (order.cancels > 1 or order.state in AT_EXCHANGE)
        )

    def take_waiting(self, read: BookRead) -> tuple[WaitingOrder, ...]:
        """Take in the GTT orders that a read told of; return those that are new."""
        known = {(one.gtt_id, one.strategy) for one in self.waiting}
        self.waiting, self.waiting_unknown = read.waiting, read.waiting_unknown
        return tuple(one for one in read.waiting if (one.gtt_id, one.strategy) not in known)

    @property
    def left(self) -> tuple[str, ...]:
        """What waits at the broker and no kill takes away, in words."""
        told = tuple(one.told for one in self.waiting)
        return (*told, self.waiting_unknown) if self.waiting_unknown else told

    def seen(self, order: Order) -> None:
        """Take in an external order that was just adopted: which trade of ours it would close, and who sent it."""
        self.engines.notice(order)
        trade = self._portfolio.current(order.instrument)
        if trade is None or trade.side is order.side:
            ended = [one for one in self._portfolio.all() if one.instrument == order.instrument]
            trade = ended[-1] if ended else None
            if trade is None or order.exchange_time > trade.closed_at + RACED_WITHIN:
                return
        if trade.side is not order.side:
            self._against[order.tag] = trade.id

    def ahead(self, trade: Trade, quote: Quote, now: Instant, *, kill: bool) -> Ahead:
        """Return what external orders may close of a trade before we do.

        What they hold beside us is theirs to close first and costs us nothing, but for the kill, which closes that
        too. A trade that clears the way has all of them cancelled, and until then each may still fill.
        """
        found = self.reducing(trade)
        if not found or not trade.open:
            self._judged.pop(trade.instrument, None)
            return Ahead(0)
        leaving = trade.leaving
        trigger = None if leaving or trade.stop is None else trade.stop.trigger
        units, again = 0, None
        for order in found:
            self._against[order.tag] = trade.id
            judged = (
                ExternalReach.AHEAD
                if kill or (leaving and trade.clears)
                else self._settled(order, trade, trigger, quote, now)
            )
            if judged is ExternalReach.AHEAD:
                units += order.exposed
            elif judged is ExternalReach.TOUCHING:
                due = self._touching[order.tag] + TOUCHES_FOR
                again = due if again is None else min(again, due)
        theirs = 0 if kill else self._portfolio.beside(trade)
        units = max(units - theirs, 0)
        self._judged[trade.instrument] = units
        return Ahead(units, again)

    def judged(self, trade: Trade) -> int:
        """Return the units of a trade that were ahead of us when it was tended last."""
        return min(self._judged.get(trade.instrument, 0), trade.open_quantity)

    def turned(self, trade: Trade, quote: Quote, now: Instant, *, kill: bool) -> bool:
        """Say whether an update of the market changed what is ahead of a trade since it was tended last."""
        before = self._judged.get(trade.instrument, 0)
        waiting = len(self._touching)
        judged = self.ahead(trade, quote, now, kill=kill)
        return judged.units != before or len(self._touching) != waiting

    def _settled(
        self, order: Order, trade: Trade, trigger: Paise | None, quote: Quote, now: Instant
    ) -> ExternalReach:
        judged = reach(order, trade.side, trigger, quote)
        if judged is not ExternalReach.TOUCHING:
            self._touching.pop(order.tag, None)
            return judged
        since = self._touching.setdefault(order.tag, now)
        return ExternalReach.AHEAD if now - since >= TOUCHES_FOR else judged

    # What was filled.

    def unheard(self, fill: Fill) -> tuple[Fill | None, tuple[Correction, ...]]:
        """Return what of an external order's fill the day's totals have not told already, None where they told all.

        What they did tell is worth what the order says of it: those are the corrections.
        """
        key, left, value = (fill.instrument, fill.side), fill.quantity, fill.value
        waiting = self._untold.pop(key, []) if fill.product is Product.INTRADAY else []
        corrections = []
        for index, one in enumerate(waiting):
            known = min(one.left, left)
            if not known:
                self._untold[key] = waiting[index:]
                break
            worth = value * known // left
            left, value = left - known, value - worth
            now_worth = one.value - one.worth(known) + worth
            if one.tag and now_worth != one.value:
                corrections.append(
                    Correction(
                        one.tag, fill.instrument, fill.side, one.quantity, one.value, now_worth, fill.time
                    )
                )
            if known < one.left:
                rest = msgspec.structs.replace(one, left=one.left - known, value=now_worth)
                self._untold[key] = [rest, *waiting[index + 1 :]]
                break
        heard = msgspec.structs.replace(fill, quantity=left, value=value) if left else None
        return heard, tuple(corrections)

    def told_by_totals(self, instrument: str, side: Side, units: int, value: Paise, name: str = "") -> None:
        """Take in units that only the day's totals tell: the order behind them may show later.

        ``name`` is under what they were counted in a trade of ours; empty for what lies outside.
        """
        self._untold.setdefault((instrument, side), []).append(_Untold(name, units, units, value))

    def forget_totals(self, instrument: str, side: Side, names: tuple[str, ...]) -> None:
        """Forget what the day's totals told under some names, and tell no more."""
        kept = [one for one in self._untold.pop((instrument, side), []) if one.tag not in names]
        if kept:
            self._untold[instrument, side] = kept

    def name(self, trade: Trade) -> str:
        """Return a name, never used before, for what others closed of a trade by the day's totals alone."""
        self._named += 1
        return f"external-{self._named}-{trade.id}"

    def unlisted(self, instrument: str, side: Side) -> tuple[int, Paise]:
        """Return units and value that were counted from the day's totals and no order has told since."""
        waiting = self._untold.get((instrument, side), [])
        return sum(one.left for one in waiting), sum(one.worth(one.left) for one in waiting)

    def raced(self, fill: Fill, beyond: int) -> int:
        """Return how much of ``beyond`` flat is the excess of a race: exits of ours took the same units first."""
        trade = self._against.get(fill.tag, "")
        if not trade or not beyond:
            return 0
        taken = sum(
            order.filled
            for order in self._orders.all()
            if order.trade == trade and order.role is not Role.ENTRY
        )
        excess = min(beyond, max(taken - self._raced.get(trade, 0), 0))
        self._raced[trade] = self._raced.get(trade, 0) + excess
        return excess


def stuck_on(order: Order) -> str:
    """Return what a person must hear of an external order that cannot be cancelled."""
    why = f" ({order.message})" if order.message else ""
    return f"STUCK: {_told(order)} cannot be cancelled{why}: cancel it by the broker's app or phone"


def would_open(order: Order) -> str:
    """Return what a person must hear of an external order that has nothing left to close."""
    opens = "short" if order.side is Side.SELL else "long"
    return f"{_told(order)} would now open a {opens}: nothing of ours is held; cancel it by the broker's app or phone"


def _told(order: Order) -> str:
    return f"their {order.side.lower()} order {order.order_id} over {grouped(order.remaining)}"
