"""The fake broker's order desk and the exchange behind it: every order's way, fills, trades and positions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from engine.market.clock import SECOND, Instant, datetime_of
from tests.fake_upstox.agenda import Agenda
from tests.fake_upstox.desk import Delays, Desk
from tests.fake_upstox.faults import Fault, Faults
from tests.fake_upstox.journal import Journal
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.margin import required_margin, used_margin
from tests.fake_upstox.market import Market
from tests.fake_upstox.matching import Fill, take_from_book, take_from_trade, triggers
from tests.fake_upstox.order import Order, Trade, facts_of
from tests.fake_upstox.packets import rupees
from tests.fake_upstox.phases import Phase, Schedule
from tests.fake_upstox.positions import Position
from tests.fake_upstox.protection import protected_limit
from tests.fake_upstox.readings import Readings
from tests.fake_upstox.risk_checks import (
    HALTED,
    auction_refusal,
    holdings_refusal,
    range_refusal,
    refusal,
    trigger_refusal,
)
from tests.fake_upstox.rules import Terms

_MARGIN_TEXT = "RMS:Margin Exceeds,Cash Available: {have}, Required: {need}"


class Exchange:
    """Orders, trades and positions of the account; the agenda moves them, ``publish`` tells the stream."""

    def __init__(
        self,
        agenda: Agenda,
        market: Market,
        schedule: Schedule,
        faults: Faults,
        publish: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.agenda = agenda
        self.market = market
        self.schedule = schedule
        self.faults = faults
        self.desk = Desk()
        self.delays = Delays()
        self.readings = Readings()
        self.journal = Journal()
        self.orders: dict[str, Order] = {}
        self.trades: list[Trade] = []
        self.positions: dict[tuple[str, str], Position] = {}
        self._earlier: list[tuple[Instant, list[Position]]] = []
        """Before each fill: when, and the positions as they stood."""
        self._publish = publish
        self._numbers = count(1)
        self._sequence = count(1)
        self._working: dict[str, list[Order]] = {}
        self._caps: dict[str, Fault] = {}

    def phase(self, listing: Listing) -> Phase:
        """Return what an instrument's market does now."""
        return self.schedule.phase(listing, self.agenda.moment)

    def position(self, listing: Listing, product: str) -> Position:
        """Return the account's position, made when it is new."""
        return self.positions.setdefault((listing.key, product), Position(listing, product))

    def available(self) -> int:
        """Return the paise free for new positions."""
        prices = {key: self.market.quote(key).last for key, _ in self.positions}
        spent = sum(row.buy_value - row.sell_value for row in self.positions.values() if not row.quantity)
        return self.desk.capital - used_margin(self.positions.values(), prices) - spent

    def place(self, terms: Terms, *, placed_by: str = "FAKE01") -> Order:
        """Take an order in and start its way; what is refused from here on is refused by status."""
        now = self.agenda.moment
        number = next(self._numbers)
        order = Order(
            order_id=f"{datetime_of(now):%y%m%d}{number:09d}",
            listing=terms.listing,
            side=terms.side,
            quantity=terms.quantity,
            product=terms.product,
            validity=terms.validity,
            order_type=terms.order_type,
            price=terms.price,
            trigger=terms.trigger,
            placed=now,
            tag=terms.tag,
            protection=terms.protection,
            disclosed=terms.disclosed,
            placed_by=placed_by,
            is_amo=self.phase(terms.listing) is Phase.CLOSED,
        )
        self.orders[order.order_id] = order
        order.sequence = next(self._sequence)
        order.decimals = self.readings.average_decimals
        facts = facts_of(order)
        lag = self.faults.take("book-lag", **facts)
        if lag is not None:
            order.hidden_until = now + round(lag.value("delay", 8.0) * SECOND)
            order.told_early = bool(lag.facts.get("told", False))
        if order.is_amo:
            self.record(order, "after market order req received")
            return order
        self.record(order, "put order req received")
        if self.faults.take("never-acknowledged", **facts) is None:
            slow = self.faults.take("slow-order", **facts)
            extra = 0 if slow is None else round(slow.value("delay", 2.0) * SECOND)
            self.agenda.after(self.delays.validation + extra, lambda: self._validate(order, extra))
        return order

    def record(self, order: Order, status: str, message: str | None = None) -> None:
        """Note a new state in the history and tell the stream."""
        order.status = status
        if message is not None:
            order.message = message
        order.history.append(order.history_row())
        if order.filled or order.terminal:
            order.moved.set()
        if order.terminal:
            order.live = False
            working = self._working.get(order.listing.key, [])
            if order in working:
                working.remove(order)
        self.journal.note(order, self.agenda.moment)
        self.tell(order)

    def tell(self, order: Order) -> None:
        """Publish an order as it stands."""
        if order.told_early or self.visible(order):
            self._publish(order.event())

    def visible(self, order: Order) -> bool:
        """Say whether book and history show an order yet."""
        return order.hidden_until <= self.agenda.moment

    def working(self, keys: Iterable[str] | None = None) -> list[Order]:
        """Return the orders that are at the exchange."""
        chosen = self._working if keys is None else keys
        return [order for key in list(chosen) for order in self._working.get(key, ())]

    def _validate(self, order: Order, extra: Instant) -> None:
        if order.terminal:
            return
        self.record(order, "validation pending")
        self.agenda.after(self.delays.pending - self.delays.validation, lambda: self._check(order, extra))

    def _check(self, order: Order, extra: Instant) -> None:
        if order.terminal:
            return
        reason = self._refusal(order)
        if reason is not None:
            self.record(order, "rejected", reason)
            return
        self.record(order, "open pending")
        self.agenda.after(self.delays.opened - self.delays.pending + extra // 4, lambda: self.open(order))

    def _refusal(self, order: Order) -> str | None:
        fault = self.faults.take("reject", **facts_of(order))
        if fault is not None:
            return str(
                fault.facts.get("text", "RMS:Rule: Check T1 holdings,Order rejected by risk management")
            )
        if self.desk.reject_all is not None:
            return self.desk.reject_all
        if order.listing.segment in self.desk.inactive:
            return f"RMS:Blocked for {order.listing.segment} segment, trading is disabled by kill switch"
        quote = self.market.quote(order.listing.key)
        phase = self.phase(order.listing)
        halted = self.readings.halt_refuses and self.market.is_halted(order.listing)
        reason = HALTED if halted else refusal(order, quote, phase)
        if reason is None and phase in (Phase.AUCTION_ENTRY, Phase.AUCTION_LIMIT):
            reason = auction_refusal(order, quote)
        return reason or self._account_refusal(order, quote.last)

    def _account_refusal(self, order: Order, last: int) -> str | None:
        held = self.position(order.listing, order.product).quantity
        reason = holdings_refusal(order, held)
        if reason is not None:
            return reason
        if held * order.sign < 0 and order.quantity <= abs(held):
            return None
        cutoff = self.desk.intraday_cutoff
        if order.product == "I" and cutoff is not None and datetime_of(self.agenda.moment).time() >= cutoff:
            return f"RMS:Intraday orders are not allowed after {cutoff:%H:%M}"
        if not self.desk.check_margin:
            return None
        opening = order.quantity - (abs(held) if held * order.sign < 0 else 0)
        need = required_margin(order.listing, order.side, opening, order.price or last, order.product)
        have = self.available()
        return _MARGIN_TEXT.format(have=rupees(have), need=rupees(need)) if need > have else None

    def open(self, order: Order) -> None:
        """Let an order arrive at the exchange."""
        if order.terminal:
            return
        quote = self.market.quote(order.listing.key)
        order.exchange_id = f"1{order.order_id[2:]}"
        order.exchange_time = self.agenda.moment
        reason = trigger_refusal(order, quote)
        if reason is not None:
            self.record(order, "rejected", reason)
            return
        order.live = True
        self._working.setdefault(order.listing.key, []).append(order)
        facts = facts_of(order)
        hold = self.faults.take("hold", **facts)
        if hold is not None:
            order.held = True
            self._release_after(order, hold.facts.get("release_after"))
        early = self.faults.take("complete-early", **facts)
        if early is not None:
            order.held = order.early = True
            self.agenda.after(round(early.value("delay", 3.0) * SECOND), lambda: self.release(order))
        partial = self.faults.take("partial", **facts)
        if partial is not None:
            self._caps[order.order_id] = partial
        if order.order_type in ("SL", "SL-M") and self.faults.take("stop-as-limit", **facts) is not None:
            order.shown_type, order.held = "LIMIT", True
        if order.waits_for_trigger:
            self.record(order, "trigger pending")
            return
        self._price(order)
        reason = range_refusal(order, quote)
        if reason is not None:
            self.record(order, "rejected", reason)
            return
        self.record(order, "open")
        self.match(order)
        if order.validity == "IOC" and not order.terminal:
            self.record(order, "cancelled", "Order cancelled as it could not be matched immediately")

    def _price(self, order: Order) -> None:
        """Set the limit that an order trades at: its own, or the protected one."""
        quote = self.market.quote(order.listing.key)
        if order.order_type in ("LIMIT", "SL"):
            order.limit = order.price
            return
        around = order.trigger if order.order_type == "SL-M" else quote.last
        order.limit = protected_limit(
            order.listing, order.side, around, order.protection, (quote.lower, quote.upper)
        )

    def played(self, key: str) -> None:
        """Match everything at the exchange against an instrument's newest packet."""
        for order in sorted(self._working.get(key, ()), key=lambda one: one.sequence):
            if not order.live or order.held or not self._trades(order.listing):
                continue
            quote = self.market.quote(key)
            if triggers(order, quote):
                self.trigger(order)
            elif not order.waits_for_trigger:
                self.fill(order, self._capped(order, take_from_trade(order, quote)))
                self.match(order)

    def trigger(self, order: Order) -> None:
        """Fire a waiting stop: from here on it is a limit order."""
        order.triggered = True
        self._price(order)
        reason = range_refusal(order, self.market.quote(order.listing.key))
        if reason is not None:
            self.record(order, "cancelled", reason)
            return
        self.record(order, "open")
        self.match(order)

    def match(self, order: Order) -> None:
        """Fill an order from the open book."""
        if not order.live or order.held or order.waits_for_trigger or not self._trades(order.listing):
            return
        quote = self.market.quote(order.listing.key)
        cap = self._caps.get(order.order_id)
        most = None if cap is None else self._cap_of(order, cap)
        self.fill(order, take_from_book(order, quote, most))

    def fill(self, order: Order, fills: list[Fill]) -> None:
        """Book fills: trades, position, state, stream."""
        if not fills:
            return
        self._earlier.append((self.agenda.moment, [replace(row) for row in self.positions.values()]))
        position = self.position(order.listing, order.product)
        for part in fills:
            order.filled += part.quantity
            order.value += part.quantity * part.price
            position.add(order.side, part.quantity, part.price)
            number = f"{7_000_000 + len(self.trades)}"
            if self.trades and self.faults.take("shared-trade-number", **facts_of(order)) is not None:
                number = self.trades[-1].trade_id
            self.trades.append(Trade(number, order, part.quantity, part.price, self.agenda.moment))
            self.journal.note(order, self.agenda.moment, units=part.quantity, price=part.price)
        self._estimate(order)
        doubled = self.faults.take("duplicate-trade", **facts_of(order))
        if doubled is not None:
            last = self.trades[-1]
            quantity = last.quantity + (0 if doubled.facts.get("same") else order.listing.lot)
            self.trades.append(replace(last, quantity=quantity))
        was_terminal = order.terminal
        if not order.left:
            before = dict(order.history[-1]) if order.history else {}
            self.record(order, "complete")
            if before and self.faults.take("complete-first", **facts_of(order)) is not None:
                self._publish(order.event() | before)
        elif was_terminal:
            order.history.append(order.history_row())
            self.tell(order)
        else:
            self.record(order, "open")
        self._publish(position.event())
        self._after_cap(order)

    def _estimate(self, order: Order) -> None:
        fault = self.faults.take("estimated-average", **facts_of(order))
        if fault is not None:
            order.estimated = True
            self.agenda.after(
                round(fault.value("delay", 2.0) * SECOND), lambda: setattr(order, "estimated", False)
            )

    def positions_before(self, moment: Instant | None = None) -> list[Position]:
        """Return the positions as they stood at a moment; without one, before the newest fill."""
        if moment is None:
            return self._earlier[-1][1] if self._earlier else []
        return next((rows for at, rows in self._earlier if at > moment), list(self.positions.values()))

    def _trades(self, listing: Listing) -> bool:
        return self.phase(listing) is Phase.CONTINUOUS and not self.market.is_halted(listing)

    def _cap_of(self, order: Order, fault: Fault) -> int:
        lot = order.listing.lot
        share = round(order.quantity * fault.value("share", 0.5))
        wanted = int(fault.value("quantity", max(lot, share // lot * lot)))
        return max(0, wanted - order.filled)

    def _capped(self, order: Order, fills: list[Fill]) -> list[Fill]:
        cap = self._caps.get(order.order_id)
        if cap is None:
            return fills
        most = self._cap_of(order, cap)
        return [Fill(min(part.quantity, most), part.price) for part in fills if most]

    def _after_cap(self, order: Order) -> None:
        fault = self._caps.get(order.order_id)
        if fault is None or order.terminal or self._cap_of(order, fault):
            return
        del self._caps[order.order_id]
        order.held = True
        self._release_after(order, fault.facts.get("rest_after"))
        cancel_after = fault.facts.get("cancel_after")
        if cancel_after is not None:
            text = "Order cancelled by exchange"
            self.agenda.after(round(float(cancel_after) * SECOND), lambda: self.kill_order(order, text))

    def _release_after(self, order: Order, seconds: object) -> None:
        if isinstance(seconds, int | float):
            self.agenda.after(round(seconds * SECOND), lambda: self.release(order))

    def release(self, order: Order) -> None:
        """Let the market at an order that a fault held."""
        order.held = order.early = False
        self.match(order)

    def kill_order(self, order: Order, text: str) -> None:
        """Cancel an order from the broker's or the exchange's side."""
        if not order.terminal:
            self.record(order, "cancelled", text)

    def requeue(self, order: Order) -> None:
        """Take an order's time priority away, as each change of terms does."""
        order.sequence = next(self._sequence)

    def reprice(self, order: Order) -> None:
        """Set the limit of an order whose terms changed."""
        self._price(order)
