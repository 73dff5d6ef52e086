"""The day's result of a live account by what the broker executed: as the engine counts it, with no engine running.

Quantities come from the orders, values from the executions wherever they add up to an order's quantity; else the
order's own average tells, multiplied and not rounded first. A position that the broker no longer lists has been
traded all the same. Sums are paise.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.translation import intraday
from engine.market.charges import order_charges
from engine.market.clock import Instant
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.cost import RunningCost
from engine.runtime.plan import RunPlan
from engine.upstox.rest.records import BrokerOrderRow, BrokerPositionRow, TradeRow


@dataclass(frozen=True, slots=True)
class DayHolding:
    """What an instrument's fills of a day come to: signed units held, what they cost, and what is realised."""

    quantity: int = 0
    cost: Paise = 0
    """Of what is held, signed like it."""
    realised: Paise = 0

    def __add__(self, other: "DayHolding") -> "DayHolding":
        return DayHolding(
            self.quantity + other.quantity, self.cost + other.cost, self.realised + other.realised
        )


@dataclass(frozen=True, slots=True)
class BrokerDayResult:
    """The day in product I, of ours where anything is, else of the account; None is what the broker does not say."""

    realised: Paise | None
    open: Paise | None
    charges: Paise | None
    """Those paid, and those of closing what is open."""
    holdings: Mapping[str, DayHolding]
    """Of everybody."""
    ours: Mapping[str, DayHolding]
    """Of ours alone; empty where no order of the day is known to be ours."""
    blended: frozenset[str] = frozenset()
    """Instruments whose cost is the broker's own average: the day's fills do not tell it."""

    @property
    def net(self) -> Paise | None:
        """Everything together."""
        if self.realised is None or self.open is None or self.charges is None:
            return None
        return self.realised + self.open - self.charges


@dataclass(frozen=True, slots=True)
class BrokerFill:
    """One execution, or an order's whole fill where its executions are not known. ``value`` is 0 where nothing is."""

    order: BrokerOrderRow
    quantity: int
    value: Paise
    time: Instant

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return Side(self.order.side).sign


def day_result(
    book: WholeBook, executions: Iterable[TradeRow], plan: RunPlan | None, tags: Collection[str] = ()
) -> BrokerDayResult:
    """Return what the day came to; where executions cannot be read, none tell. ``tags`` are those of our orders."""
    fills = fills_of(book.orders, executions)
    rows = [row for row in book.positions if intraday(row)]
    held = {row.instrument: row for row in rows if row.quantity}
    told = parts_of(fills, tags)
    found: dict[str, DayHolding | None] = {}
    ours: dict[str, DayHolding] = {}
    blended = []
    for key in dict.fromkeys([*told, *held]):
        parts = told.get(key, Parts())
        whole = parts.ours.holding + parts.outside.holding
        found[key] = _agreed(whole, held.get(key), [row for row in rows if row.instrument == key])
        if found[key] != whole and key in held:
            blended.append(key)
        if parts.traded:
            ours[key] = parts.ours.holding
    holdings = {key: holding for key, holding in found.items() if holding is not None}
    if ours:
        return _of_ours(ours, holdings, held, told, fills, plan, frozenset(blended))
    known = len(holdings) == len(found) and all(fill.value for fill in fills)
    results = [open_result(row, holdings.get(key)) for key, row in held.items()]
    return BrokerDayResult(
        realised=sum(one.realised for one in holdings.values()) if known else None,
        open=_sum(results) if known else None,
        charges=_sum([_charges(fills, plan), _closing_charges(held.values(), plan)]),
        holdings=holdings,
        ours={},
        blended=frozenset(blended),
    )


def _of_ours(
    ours: Mapping[str, DayHolding],
    holdings: Mapping[str, DayHolding],
    held: Mapping[str, BrokerPositionRow],
    told: Mapping[str, "Parts"],
    fills: Iterable[BrokerFill],
    plan: RunPlan | None,
    blended: frozenset[str],
) -> BrokerDayResult:
    """Return the day of ours as the engine counts it: what others trade beside it is none of it."""
    known = all(fill.value for fill in fills if fill.order.instrument in ours)
    # What the broker says against the fills is not ours to share out.
    unsure = any(ours[key].quantity and key in blended for key in ours)
    open_ours = [
        (held.get(key), holding) for key, holding in ours.items() if holding.quantity and key not in blended
    ]
    results = [None if row is None else open_result(row, holding) for row, holding in open_ours]
    charged = [charge for key in ours for charge in told[key].charged]
    closing = [
        _closing_charge(row, holding.quantity, plan) if row is not None else None
        for row, holding in open_ours
    ]
    return BrokerDayResult(
        realised=sum(one.realised for one in ours.values()) if known and not unsure else None,
        open=_sum(results) if known and not unsure else None,
        charges=None if unsure else _sum([_charges(charged, plan), *closing]),
        holdings=holdings,
        ours=ours,
        blended=blended,
    )


def fills_of(orders: Iterable[BrokerOrderRow], executions: Iterable[TradeRow]) -> list[BrokerFill]:
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
                BrokerFill(order, one.quantity, one.quantity * one.price, one.time or order.time)
                for one in own
            ]
        else:
            fills.append(BrokerFill(order, order.filled_quantity, order.filled_value, order.time))
    return fills


def parts_of(fills: Iterable[BrokerFill], tags: Collection[str] = ()) -> dict[str, "Parts"]:
    """Return what each instrument's fills come to in the order of their times, ours and what others trade apart."""
    parts: defaultdict[str, Parts] = defaultdict(Parts)
    for fill in sorted(fills, key=lambda one: one.time):
        parts[fill.order.instrument].take(fill, mine=bool(fill.order.tag) and fill.order.tag in tags)
    return dict(parts)


def holdings_of(fills: Iterable[BrokerFill]) -> dict[str, DayHolding]:
    """Return what each instrument's fills come to, whoever traded."""
    return {key: parts.ours.holding + parts.outside.holding for key, parts in parts_of(fills).items()}


def open_result(row: BrokerPositionRow, holding: DayHolding | None) -> Paise | None:
    """Return what an open position would bring at its mark; None where that, or its cost, is unknown.

    The mark is the engine's: the exit side of the book where a quote told it, else the last price of the list.
    """
    if holding is None or row.mark is None:
        return None
    return row.mark * holding.quantity - holding.cost


class SideResult(RunningCost):
    """What one side of the account holds and has realised in an instrument."""

    @property
    def holding(self) -> DayHolding:
        """The holding as it stands."""
        return DayHolding(self.quantity, self.cost, self.realised)


@dataclass(slots=True)
class Parts:
    """One instrument on its way through the day, split as the engine splits it: others close their own part first."""

    ours: SideResult = field(default_factory=SideResult)
    outside: SideResult = field(default_factory=SideResult)
    charged: list[BrokerFill] = field(default_factory=list)
    """What of the fills entered or closed ours."""

    @property
    def traded(self) -> bool:
        """Whether anything of ours was ever traded in it."""
        return bool(self.charged)

    def take(self, fill: BrokerFill, *, mine: bool) -> None:
        """Take a fill in: ours closes or opens ours, another's closes theirs, then ours, then opens theirs."""
        rest = fill
        if mine and self.ours.sign in (0, fill.sign):
            self._charge(rest)
            self.ours.open(fill.sign, rest.quantity, rest.value)
            return
        order = (self.ours, self.outside) if mine else (self.outside, self.ours)
        for part in order:
            if rest.quantity and part.sign == -fill.sign:
                rest = self._closed(part, rest)
        if rest.quantity:
            self.outside.open(fill.sign, rest.quantity, rest.value)

    def _closed(self, part: SideResult, fill: BrokerFill) -> BrokerFill:
        """Close what a part holds with a fill; return what is left of the fill."""
        closing = min(fill.quantity, abs(part.quantity))
        share = fill.value * closing // fill.quantity
        if part is self.ours:
            self._charge(replace(fill, quantity=closing, value=share))
        part.close(closing, share)
        return replace(fill, quantity=fill.quantity - closing, value=fill.value - share)

    def _charge(self, fill: BrokerFill) -> None:
        self.charged.append(fill)


def _agreed(
    told: DayHolding, row: BrokerPositionRow | None, rows: list[BrokerPositionRow]
) -> DayHolding | None:
    """Return a holding as the day's fills tell it, or by the broker's sums where something else moved it."""
    if told.quantity == (0 if row is None else row.quantity):
        return told
    cash = sum(one.day_sell_value - one.day_buy_value for one in rows)
    if row is None:
        return DayHolding(realised=cash) if rows else None
    if row.average_price is None:
        return None
    cost = row.average_price * row.quantity
    return DayHolding(row.quantity, cost, cash + cost)


def _charges(fills: Iterable[BrokerFill], plan: RunPlan | None) -> Paise | None:
    """Return the charges paid by our tables, rounded once an order; None where a class or a price is unknown."""
    values: dict[str, Paise] = {}
    orders: dict[str, BrokerOrderRow] = {}
    for fill in fills:
        orders[fill.order.order_id] = fill.order
        values[fill.order.order_id] = values.get(fill.order.order_id, 0) + fill.value
    charged = [_charge(order, order.side, values[name], plan) for name, order in orders.items()]
    return _sum(charged)


def _closing_charges(held: Iterable[BrokerPositionRow], plan: RunPlan | None) -> Paise | None:
    """Return what closing open positions at their marks costs; None where a class or a price is unknown."""
    return _sum([_closing_charge(row, row.quantity, plan) for row in held])


def _closing_charge(row: BrokerPositionRow, quantity: int, plan: RunPlan | None) -> Paise | None:
    side = Side.SELL if quantity > 0 else Side.BUY
    return _charge(row, side, abs(quantity) * (row.mark or 0), plan)


def _charge(
    row: BrokerOrderRow | BrokerPositionRow, side: str, value: Paise, plan: RunPlan | None
) -> Paise | None:
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


def class_of(row: BrokerOrderRow | BrokerPositionRow) -> InstrumentClass | None:
    """Return the class that a row's segment and symbol show: enough for charges, for classes share their rates."""
    segment = row.instrument.partition("|")[0]
    if segment == "NSE_EQ":
        return InstrumentClass.STOCK
    if segment == "NSE_FO" and row.symbol.endswith(("CE", "PE")):
        return InstrumentClass.OPTION
    if segment == "NSE_FO" and row.symbol.endswith("FUT"):
        return InstrumentClass.INDEX_FUTURE
    return None
