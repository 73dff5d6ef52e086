"""What each message of the broker does to orders, trades and the kill: one way in, every message survived."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.figures import grouped, rupees, signed_units
from engine.orders.exit_reasons import STOP, closing_reason, with_slip
from engine.orders.external_fills import correct, fold_external, set_in_time, take_in_external
from engine.orders.learned_ticks import coarser_tick
from engine.orders.manager import OrderManager
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    BrokerEvent,
    OrderReport,
    OrderType,
    Product,
    ReadFailed,
    Refused,
    Role,
    TagRead,
    Unanswered,
    UnreadRow,
)
from engine.orders.news import Topic
from engine.orders.order import Aim, Fill, Order
from engine.orders.order_book import AppliedMessage, Resolution
from engine.orders.portfolio import Folded
from engine.orders.reconciliation import reconcile
from engine.orders.reports import Finding
from engine.orders.states import ENDED, OrderState
from engine.orders.tags import is_cancel, reads_whole_book
from engine.orders.targets import missed_words, part_ended
from engine.orders.trade import Mode, Trade, leave
from engine.orders.unread_rows import in_doubt
from engine.risk.stop_controller import Stage12Controller, StopPlan
from engine.system.plain_text import worded

EXIT_AGAIN: Final = tuple(step * MILLISECOND for step in (250, 500, 1_000, 2_000, 5_000))
MOST_REFUSALS: Final = 3
REFUSED_FOR: Final = 8 * SECOND
"""After so many refusals, over so long, a quantity of another product than ours is left to a person."""

TURNED_ELSEWHERE: Final = "its stop was turned into an exit by phone or by cockpit flatten"
LOOK_AGAIN: Final = 250 * MILLISECOND


Replan = Callable[[Trade, Order, Fill, Instant], StopPlan | None]


class BrokerEvents:
    """Applies broker messages to a keeper's orders and trades."""

    def __init__(
        self,
        manager: OrderManager,
        stops: Stage12Controller,
        market_time: Callable[[Instant], Instant],
        replan: Replan | None = None,
    ) -> None:
        """Apply messages; ``replan`` computes the stop of a resting entry anew at its first fill."""
        self._replan = replan
        self._manager = manager
        self._market_time = market_time
        self._stops = stops
        self._looked: dict[str, Instant] = {}

    def receive(self, event: BrokerEvent, now: Instant) -> None:
        """Apply one message and tend what it touched."""
        orders = self._manager.orders
        match event:
            case OrderReport():
                self._report(event, now)
            case Acknowledged():
                self._settle(orders.get(event.tag), orders.acknowledged(event, now), now)
            case Refused():
                self._note_refusal(event)
                self._settle(orders.get(event.tag), orders.refused(event, now), now)
            case Unanswered():
                self._settle(orders.get(event.tag), orders.unanswered(event, now), now)
            case TagRead():
                asked = self._manager.dispatcher.asked.pop(event.request, now)
                self._settle(orders.get(event.sought), orders.probed(event, asked, now), now)
            case UnreadRow():
                self._unread(event)
            case BookRead():
                self._book(event, now)
            case ReadFailed():
                self._manager.dispatcher.asked.pop(event.request, None)
                self._manager.kill.failed(event.request, now, event.detail)
                # A probe by tag has its own timetable; a whole book that could not be had is asked for again.
                whole = reads_whole_book(event.request)
                self._manager.reconciliation.want(when=whole and not self._manager.kill.proving)

    def _note_refusal(self, event: Refused) -> None:
        """Keep a refused cancel or change for the kill; a refused change of an entry leaves nothing to close."""
        order = self._manager.orders.get(event.tag)
        if order is None or not event.request:
            return
        cancelling = is_cancel(event.request, order.tag)
        if cancelling or order.role is not Role.ENTRY:
            what = f"{'cancel' if cancelling else 'change'} of {order.role.lower()}"
            self._tell_kill(order, what, worded(event.code, event.message))

    def _tell_kill(self, order: Order, what: str, text: str) -> None:
        instrument = self._manager.instruments.get(order.instrument)
        name = order.instrument if instrument is None else instrument.symbol
        why = text or "no reason was given"
        self._manager.reconciliation.refused(order.instrument, order.product, f"{what}: {why}")
        self._manager.kill.refused(f"{what} {name}: {why}")

    def _held_by_halt(self, order: Order, now: Instant) -> bool:
        """Say whether a reducing order was refused because of a halt whose end nobody would tell of."""
        manager = self._manager
        kind = manager.look(order.instrument, now).instrument.kind
        return order.role is not Role.ENTRY and manager.halts.refused(order.instrument, kind, now)

    def _report(self, report: OrderReport, now: Instant) -> None:
        orders = self._manager.orders
        known = orders.told_of(report)
        if known is None:
            take_in_external(self._manager, report, now)
            return
        self._settle(known, orders.reported(report, now), now)

    def _book(self, read: BookRead, now: Instant) -> None:
        asked = self._manager.dispatcher.asked.pop(read.request, None)
        if asked is None:
            return
        orders = self._manager.orders
        before, orders.unread = orders.unread, in_doubt(orders, read.unread)
        self._say_unread({key: why for key, why in orders.unread.items() if key not in before})
        for row in read.orders:
            known = orders.told_of(row)
            if known is not None:
                self._settle(known, orders.reported(row, now, asked_at=asked), now, tend=False)
        reconcile(self._manager, read, asked, now)
        self._manager.reconcile_all([trade.instrument for trade in self._manager.portfolio.running()], now)

    def _unread(self, row: UnreadRow) -> None:
        """Put what a row may concern in doubt until a whole read can be had without it."""
        orders = self._manager.orders
        fresh = {key: why for key, why in in_doubt(orders, (row,)).items() if key not in orders.unread}
        orders.unread |= fresh
        self._manager.reconciliation.want(when=bool(fresh))
        self._say_unread(fresh)

    def _say_unread(self, found: dict[str, str]) -> None:
        for instrument, why in found.items():
            self._manager.report(Topic.ALARM, instrument, f"IN DOUBT, entries frozen: {why}")

    def _settle(self, old: Order | None, applied: AppliedMessage, now: Instant, *, tend: bool = True) -> None:
        order = applied.order
        if order is None or old is None:
            return
        manager = self._manager
        if not manager.halts.standing and manager.experience.note(old, order):
            manager.report(
                Topic.WARNING,
                order.instrument,
                "the broker turns no stop into a limit: exits go by cancel and a new order from here on",
            )
        moved = order.state is not old.state or order.terms != old.terms or order.filled != old.filled
        if moved:
            manager.report(Topic.ORDER, order.instrument, order=order, before=old.state)
        if applied.fill is not None:
            self._note_turned(old, order)
            self._fill(applied.fill, old, order, now)
        if applied.correction is not None:
            correct(manager, applied.correction)
            # Of two averages neither is the last word: the executions are.
            manager.reconciliation.want(when=not order.exact)
        self._findings(applied, order, now)
        self._resolve(applied.resolution, old, order, now)
        if moved:
            self._ended(old, order)
        heard = order.under_way is not old.under_way or order.missed_at != old.missed_at
        heard = heard or (order.aim is not None and order.read_at != old.read_at)
        if tend and (moved or heard or applied.findings):
            manager.reconcile_trades(order.instrument, now)

    def _note_turned(self, old: Order, order: Order) -> None:
        """Keep why a trade closed whose stop somebody else made a limit order, and that filled: it was no stop."""
        trade = self._manager.portfolio.get(order.trade)
        turned = order.role is Role.STOP and order.order_type is OrderType.LIMIT is not old.wanted.order_type
        if turned and order.state is OrderState.FILLED and trade is not None:
            self._manager.portfolio.put(leave(trade, trade.missed or TURNED_ELSEWHERE))

    def _fill(self, fill: Fill, old: Order, order: Order, now: Instant) -> None:
        manager = self._manager
        manager.kill.disturbed(now)
        if order.adopted:
            fold_external(manager, fill, order, now, before=old)
            return
        folded = self._planned_anew(manager.portfolio.fold(fill), order, fill, now)
        manager.report(Topic.FILL, fill.instrument, order=order, fill=fill, trade=folded.trade)
        self._after_fill(folded, fill, order, now)
        set_in_time(manager, fill, now)

    def _planned_anew(self, folded: Folded, order: Order, fill: Fill, now: Instant) -> Folded:
        """Return what a fill did with the stop that the first one of a resting entry asks for; it never goes away."""
        trade = folded.trade
        if self._replan is None or fill.side is not trade.side or order.filled != fill.quantity:
            return folded
        plan = self._replan(trade, order, fill, now)
        nearer = plan is not None and (
            trade.stop is None or (plan.trigger - trade.stop.trigger) * trade.side.sign > 0
        )
        if not nearer:
            return folded
        trade = msgspec.structs.replace(trade, plan=plan, stop=None)
        self._manager.portfolio.put(trade)
        return msgspec.structs.replace(folded, trade=trade)

    def _after_fill(self, folded: Folded, fill: Fill, order: Order, now: Instant) -> None:
        manager = self._manager
        trade = folded.trade
        if fill.side is trade.side:
            trade = self._protect_more(trade, now)
            if manager.kill.active:
                trade = leave(trade, manager.kill.exit_reason, clears=True)
            elif order.watched or trade.given_up:
                trade = leave(trade, "a late fill of an entry that was given up")
            manager.portfolio.put(trade)
            if trade.entry_quantity == fill.quantity:
                manager.report(Topic.OPENED, trade.instrument, trade=trade)
        else:
            reason = closing_reason(trade, fill, order)
            instrument = manager.instruments.get(fill.instrument)
            if reason == STOP and instrument is not None:
                trade = with_slip(trade, fill, instrument.kind)
            if not trade.open:
                trade = msgspec.structs.replace(trade, closed_by=reason)
            manager.portfolio.put(trade)
        if folded.excess is not None:
            manager.reconciliation.freeze(fill.instrument, "more filled than was held")
            manager.report(
                Topic.ALARM,
                fill.instrument,
                f"{grouped(folded.excess.open_quantity)} units more filled than were held: closing the excess",
            )
            manager.report(Topic.CLOSED, trade.instrument, trade=trade)

    def _protect_more(self, trade: Trade, now: Instant) -> Trade:
        """Return the trade with its stop planned for everything filled so far."""
        if trade.plan is None or (trade.stop is not None and trade.stop.trigger != trade.plan.trigger):
            return trade
        instrument = self._manager.instruments[trade.instrument]
        held = self._stops.hold(
            trade.plan,
            trade.side,
            instrument,
            entry_value=trade.entry_value,
            quantity=trade.entry_quantity,
            now=now,
            opened_at=self._market_time(now),
            band=self._manager.look(trade.instrument, now).band,
        )
        return msgspec.structs.replace(trade, stop=held)

    def _findings(self, applied: AppliedMessage, order: Order, now: Instant) -> None:
        manager = self._manager
        for finding, text in applied.findings:
            if finding is Finding.CONFLICT:
                manager.reconciliation.freeze(order.instrument, f"{order.tag}: {text}")
                manager.reconciliation.want()
                manager.report(
                    Topic.ALARM, order.instrument, f"{order.tag}: {text}; entries stopped, reading again"
                )
            elif finding is Finding.APPEARED:
                manager.report(Topic.ALARM, order.instrument, f"{text}: cancelled at once")
                manager.reconciliation.freeze(order.instrument, text)
                manager.kill.disturbed(now)
            elif finding is Finding.LOOK and order.live:
                self._look(order, now)

    def _look(self, order: Order, now: Instant) -> None:
        if now - self._looked.get(order.tag, -SECOND) >= LOOK_AGAIN:
            self._looked[order.tag] = now
            self._manager.dispatcher.probe(order, now)

    def _resolve(self, resolution: Resolution | None, old: Order, order: Order, now: Instant) -> None:
        manager = self._manager
        if resolution is Resolution.IN_DOUBT:
            manager.report(Topic.WARNING, order.instrument, f"{order.tag} IN DOUBT: {order.message}")
        if resolution is Resolution.PLACE_REFUSED or _change_refused(old, order):
            self._learn(order, now)
        trade = manager.portfolio.get(order.trade)
        if trade is None:
            return
        if resolution in (Resolution.PLACE_REFUSED, Resolution.PLACE_HELD_BACK):
            self._place_refused(trade, order, now, judged=resolution is Resolution.PLACE_REFUSED)
        elif resolution is Resolution.ABSENT and order.role is Role.ENTRY:
            manager.portfolio.put(msgspec.structs.replace(trade, given_up=True))
            manager.report(
                Topic.WARNING, order.instrument, f"{order.tag} never arrived: the entry is given up"
            )
        elif _change_refused(old, order):
            if self._held_by_halt(order, now):
                return
            if order.refused_at == old.refused_at:
                manager.report(Topic.WARNING, order.instrument, f"{order.tag}: its change did not come about")
                return
            if order.aim is Aim.TURN and trade.missed:
                # Whether a limit becomes a stop is nobody's fault of price: a new stop takes its place.
                return
            if order.aim is Aim.TURN:
                trade = msgspec.structs.replace(trade, conversion_refusals=trade.conversion_refusals + 1)
            else:
                trade = msgspec.structs.replace(trade, move_refused_at=now)
            manager.portfolio.put(trade)
            manager.report(Topic.WARNING, order.instrument, f"{order.tag}: change refused, {order.message}")

    def _learn(self, order: Order, now: Instant) -> None:
        """Follow a tick that has become coarser in the day: the next try of anything there lies on it."""
        instrument = self._manager.look(order.instrument, now).instrument
        tick = coarser_tick(order.message, instrument.tick)
        if tick is not None:
            self._manager.instruments[order.instrument] = replace(instrument, tick=tick)
            self._manager.report(
                Topic.ALARM,
                order.instrument,
                f"the exchange takes prices in steps of {rupees(tick)} only: ours follow",
            )

    def _place_refused(self, trade: Trade, order: Order, now: Instant, *, judged: bool) -> None:
        manager = self._manager
        manager.report(
            Topic.ALARM, order.instrument, f"{order.role.lower()} {order.tag} rejected: {order.message}"
        )
        if order.role is not Role.ENTRY:
            self._tell_kill(order, order.role.lower(), order.message)
            if self._held_by_halt(order, now):
                return
        if order.role is Role.ENTRY and judged:
            manager.report(Topic.REFUSED, order.instrument, order.message, trade=trade)
        if judged and order.role is not Role.ENTRY:
            since = trade.refused_since if trade.refusals else now
            trade = msgspec.structs.replace(trade, refusals=trade.refusals + 1, refused_since=since)
        often = trade.refusals >= MOST_REFUSALS and now - trade.refused_since >= REFUSED_FOR
        if trade.product is not Product.INTRADAY and often:
            manager.portfolio.refuse(trade)
            quantity, product = trade.signed, order.product.value
            times = f"{trade.refusals} times in {(now - trade.refused_since) // SECOND} s"
            left = f"{signed_units(quantity)} units in product {product} are left"
            what = f"{left}: the broker refuses their exit, {times}"
            manager.report(Topic.ALARM, order.instrument, f"{what}; close them in its app")
            return
        if order.role is Role.STOP:
            trade = msgspec.structs.replace(trade, stop_rejections=trade.stop_rejections + 1)
        if order.role is Role.EXIT or (order.role is Role.STOP and trade.mode is Mode.EXIT):
            wait = EXIT_AGAIN[min(trade.exit_rejections, len(EXIT_AGAIN) - 1)]
            trade = msgspec.structs.replace(
                trade,
                exit_rejections=trade.exit_rejections + 1,
                retry_at=now + wait,
                put_back=order.role is Role.EXIT,
            )
        manager.portfolio.put(trade)

    def _ended(self, old: Order, order: Order) -> None:
        """Act on an order that has just ended: a lost stop, a part that was taken or not."""
        if order.state not in ENDED or old.state in ENDED:
            return
        manager = self._manager
        if order.role is Role.ENTRY and order.state is OrderState.CANCELLED:
            manager.reconciliation.cancelled(order.instrument, order.changed_at)
        trade = manager.portfolio.get(order.trade)
        if trade is None:
            return
        lost = order.state is OrderState.CANCELLED and order.cancel_at is None
        if order.role is Role.STOP and lost and trade.open:
            trade = msgspec.structs.replace(trade, stop_losses=trade.stop_losses + 1)
            why = f": {order.message}" if order.message else ""
            manager.report(Topic.ALARM, order.instrument, f"stop {order.tag} was cancelled{why}")
        if trade.part is not None and trade.part.tag == order.tag:
            reason = trade.part.reason
            trade = part_ended(trade, trade.part, order)
            if trade.part_left:
                manager.report(Topic.WARNING, order.instrument, missed_words(reason))
            else:
                manager.report(Topic.PART, order.instrument, reason, trade=trade, order=order)
        manager.portfolio.put(trade)


def _change_refused(old: Order, order: Order) -> bool:
    """Say whether our outstanding change ended without having been made, the order still live."""
    asked = old.state is OrderState.PENDING_MODIFY and old.pending is not None
    settled = order.live and order.state not in (
        OrderState.PENDING_MODIFY,
        OrderState.PENDING_CANCEL,
        OrderState.IN_DOUBT,
    )
    return asked and settled and order.terms != old.pending
