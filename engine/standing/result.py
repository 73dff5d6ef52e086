"""The day's result of a live account by what the broker executed: as the engine counts it, with no engine running.

Quantities come from the orders, values from the executions wherever they add up to an order's quantity; else the
order's own average tells, multiplied and not rounded first. A position that the broker no longer lists has been
traded all the same. Sums are paise.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.translation import intraday
from engine.market.charges import order_charges
from engine.market.clock import Instant
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.runtime.plan import RunPlan
from engine.setups.signal import Side
from engine.upstox.records import OrderRow, PositionRow, TradeRow


@dataclass(frozen=True, slots=True)
class Holding:
    """What an instrument's fills of a day come to: signed units held, what they cost, and what is realised."""

    quantity: int = 0
    cost: Paise = 0
    """Of what is held, signed like it."""
    realised: Paise = 0


@dataclass(frozen=True, slots=True)
class DayResult:
    """The day in product I; None is what the broker does not say."""

    realised: Paise | None
    open: Paise | None
    charges: Paise | None
    """Those paid, and those of closing what is open."""
    holdings: Mapping[str, Holding]

    @property
    def net(self) -> Paise | None:
        """Return everything together."""
        if self.realised is None or self.open is None or self.charges is None:
            return None
        return self.realised + self.open - self.charges


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, or an order's whole fill where its executions are not known. ``value`` is 0 where nothing is."""

    order: OrderRow
    quantity: int
    value: Paise
    time: Instant

    @property
    def sign(self) -> int:
        """Return +1 for a buy, -1 for a sell."""
        return Side(self.order.side).sign


def day_result(book: WholeBook, executions: Iterable[TradeRow], plan: RunPlan | None) -> DayResult:
    """Return what the day came to; where executions cannot be read, none tell."""
    fills = fills_of(book.orders, executions)
    rows = [row for row in book.positions if intraday(row)]
    held = {row.instrument: row for row in rows if row.quantity}
    told = holdings_of(fills)
    found = {
        key: _agreed(told.get(key, Holding()), held.get(key), [row for row in rows if row.instrument == key])
        for key in dict.fromkeys([*told, *held])
    }
    holdings = {key: holding for key, holding in found.items() if holding is not None}
    known = len(holdings) == len(found) and all(fill.value for fill in fills)
    results = [open_result(row, holdings.get(key)) for key, row in held.items()]
    return DayResult(
        realised=sum(one.realised for one in holdings.values()) if known else None,
        open=_sum(results) if known else None,
        charges=_sum([_charges(fills, plan), _closing_charges(held.values(), plan)]),
        holdings=holdings,
    )


def fills_of(orders: Iterable[OrderRow], executions: Iterable[TradeRow]) -> list[Fill]:
    """Return what the day's intraday orders filled, each order by its executions where they tell all of it."""
    by_order: defaultdict[str, list[TradeRow]] = defaultdict(list)
    for one in executions:
        by_order[one.order_id].append(one)
    fills = []
    for order in orders:
        if not order.filled_quantity or not intraday(order):
            continue
        own = by_order[order.order_id]
        if sum(one.quantity for one in own) == order.filled_quantity:
            fills += [
                Fill(order, one.quantity, one.quantity * one.price, one.time or order.time) for one in own
            ]
        else:
            fills.append(Fill(order, order.filled_quantity, order.filled_value, order.time))
    return fills


def holdings_of(fills: Iterable[Fill]) -> dict[str, Holding]:
    """Return what each instrument's fills come to in the order of their times.

    As the engine's trades: what is bought is one cost until the position is closed, and an exit realises its share.
    """
    states: defaultdict[str, _State] = defaultdict(_State)
    for fill in sorted(fills, key=lambda one: one.time):
        states[fill.order.instrument].take(fill)
    return {key: state.holding for key, state in states.items()}


def open_result(row: PositionRow, holding: Holding | None) -> Paise | None:
    """Return what an open position would bring at its last price; None where that, or its cost, is unknown."""
    if holding is None or row.last_price is None:
        return None
    return row.last_price * holding.quantity - holding.cost


@dataclass(slots=True)
class _State:
    """One instrument on its way through the day: units of the open trade and their sums, and what ended before."""

    sign: int = 0
    entered: int = 0
    exited: int = 0
    paid: Paise = 0
    got: Paise = 0
    done: Paise = 0

    def take(self, fill: Fill) -> None:
        quantity, value = fill.quantity, fill.value
        if self.sign == -fill.sign:
            closing = min(quantity, self.entered - self.exited)
            share = value * closing // quantity
            self.exited, self.got = self.exited + closing, self.got + share
            quantity, value = quantity - closing, value - share
            if self.exited == self.entered:
                self.done += (self.got - self.paid) * self.sign
                self.sign = self.entered = self.exited = self.paid = self.got = 0
        if quantity:
            self.sign, self.entered, self.paid = fill.sign, self.entered + quantity, self.paid + value

    @property
    def holding(self) -> Holding:
        if not self.entered:
            return Holding(realised=self.done)
        share = self.paid * self.exited // self.entered
        return Holding(
            (self.entered - self.exited) * self.sign,
            (self.paid - share) * self.sign,
            self.done + (self.got - share) * self.sign,
        )


def _agreed(told: Holding, row: PositionRow | None, rows: list[PositionRow]) -> Holding | None:
    """Return a holding as the day's fills tell it, or by the broker's sums where something else moved it."""
    if told.quantity == (0 if row is None else row.quantity):
        return told
    cash = sum(one.day_sell_value - one.day_buy_value for one in rows)
    if row is None:
        return Holding(realised=cash) if rows else None
    if row.average_price is None:
        return None
    cost = row.average_price * row.quantity
    return Holding(row.quantity, cost, cash + cost)


def _charges(fills: Iterable[Fill], plan: RunPlan | None) -> Paise | None:
    """Return the charges paid by our tables, rounded once an order; None where a class or a price is unknown."""
    values: dict[str, Paise] = {}
    orders: dict[str, OrderRow] = {}
    for fill in fills:
        orders[fill.order.order_id] = fill.order
        values[fill.order.order_id] = values.get(fill.order.order_id, 0) + fill.value
    charged = [_charge(order, order.side, values[name], plan) for name, order in orders.items()]
    return _sum(charged)


def _closing_charges(held: Iterable[PositionRow], plan: RunPlan | None) -> Paise | None:
    """Return what closing open positions at their last prices costs; None where a class or a price is unknown."""
    return _sum(
        [
            _charge(
                row,
                Side.SELL if row.quantity > 0 else Side.BUY,
                abs(row.quantity) * (row.last_price or 0),
                plan,
            )
            for row in held
        ]
    )


def _charge(row: OrderRow | PositionRow, side: str, value: Paise, plan: RunPlan | None) -> Paise | None:
    if plan is None or not value:
        return None
    kinds = {instrument.key: instrument.kind for instrument in plan.instruments}
    kind = kinds.get(row.instrument) or class_of(row)
    return None if kind is None else order_charges(kind, side, value, plan.day).total


def _sum(parts: Iterable[Paise | None]) -> Paise | None:
    """Return a sum; None where a part of it is unknown."""
    known, all_of_them = 0, True
    for part in parts:
        all_of_them = all_of_them and part is not None
        known += part or 0
    return known if all_of_them else None


def class_of(row: OrderRow | PositionRow) -> InstrumentClass | None:
    """Return the class that a row's segment and symbol show: enough for charges, for classes share their rates."""
    segment = row.instrument.partition("|")[0]
    if segment == "NSE_EQ":
        return InstrumentClass.STOCK
    if segment == "NSE_FO" and row.symbol.endswith(("CE", "PE")):
        return InstrumentClass.OPTION
    if segment == "NSE_FO" and row.symbol.endswith("FUT"):
        return InstrumentClass.INDEX_FUTURE
    return None
