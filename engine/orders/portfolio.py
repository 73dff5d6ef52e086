"""Positions are folded from fills, and only from fills; what the broker holds beyond them is OUTSIDE.

One open trade per instrument and product at most; all of ours are intraday. A fill that crosses zero ends the trade;
what lies beyond closes an outside position if there is one, else it is an EXCESS that is closed at once.
"""

from collections.abc import Container

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.messages import BrokerPosition, Product, Role
from engine.orders.order import Correction, Fill, Order
from engine.orders.other_products import Holding, why_left
from engine.orders.trade import EXCESS, EXTERNAL, Mode, Trade


class Folded(msgspec.Struct, frozen=True):
    """What one fill did: the trade it belongs to, and whether it opened, closed or flipped the position."""

    trade: Trade
    closed: Trade | None = None
    excess: Trade | None = None


class Corrected(msgspec.Struct, frozen=True):
    """What a correction did to one trade: before, after, and its share of the change, paise."""

    before: Trade
    after: Trade
    change: Paise


class Portfolio:
    """Every trade of the day and what is held in each instrument."""

    def __init__(self) -> None:
        self._trades: dict[str, Trade] = {}
        self._current: dict[Holding, str] = {}
        self.outside: dict[str, int] = {}
        """Signed units of the intraday product the broker holds beyond our fills, as of the last good read."""
        self.carried: dict[Holding, int] = {}
        """Signed units of the other products that are in the kill's scope and have no trade, as of that read."""
        self.refused: dict[Holding, None] = {}
        """What the broker would not let us close; forgotten with the latch."""
        self._excesses = 0
        self._shares: dict[str, dict[str, int]] = {}
        """By order, the units of it that were counted in each trade."""

    def get(self, trade: str) -> Trade | None:
        """Return a trade by id."""
        return self._trades.get(trade)

    def all(self) -> tuple[Trade, ...]:
        """Return every trade of the day, oldest first."""
        return tuple(self._trades.values())

    def current(self, instrument: str, product: Product = Product.INTRADAY) -> Trade | None:
        """Return the instrument's running trade: its entry is out, or it holds something."""
        trade = self._current.get((instrument, product))
        return None if trade is None else self._trades[trade]

    def running_in(self, instrument: str) -> tuple[Trade, ...]:
        """Return the instrument's running trades of every product, the intraday one first."""
        found = (self.current(instrument, product) for product in Product)
        return tuple(trade for trade in found if trade is not None)

    def running(self) -> tuple[Trade, ...]:
        """Return the running trades, oldest first."""
        return tuple(self._trades[trade] for trade in self._current.values())

    def open(self) -> tuple[Trade, ...]:
        """Return trades that hold something, oldest first."""
        return tuple(trade for trade in self.running() if trade.open)

    def begin(self, trade: Trade) -> None:
        """Take in a new trade; raise ValueError when its instrument already has one."""
        if (trade.instrument, trade.product) in self._current:
            raise ValueError(f"expected no running trade in {trade.instrument}, got {trade.id} beside one")
        self._trades[trade.id] = trade
        self._current[trade.instrument, trade.product] = trade.id

    def put(self, trade: Trade) -> None:
        """Replace a trade by its next value."""
        self._trades[trade.id] = trade

    def placed(self, order: Order) -> None:
        """Note the exit that has left for the part of a trade that is being taken."""
        trade = self.get(order.trade)
        if trade is not None and trade.part is not None and order.role is Role.EXIT:
            part = msgspec.structs.replace(trade.part, tag=order.tag)
            self.put(msgspec.structs.replace(trade, part=part, left_part=part))

    def end(self, trade: Trade) -> None:
        """Take a trade that holds nothing off its instrument."""
        if self._current.get((trade.instrument, trade.product)) == trade.id:
            del self._current[trade.instrument, trade.product]

    def ours(self, instrument: str, product: Product = Product.INTRADAY) -> int:
        """Return signed units from our own fills."""
        trade = self.current(instrument, product)
        return 0 if trade is None else trade.signed

    def net(self, instrument: str, product: Product = Product.INTRADAY) -> int:
        """Return signed units the broker holds in a product, as far as we know."""
        ours = self.ours(instrument, product)
        if product is Product.INTRADAY:
            return ours + self.outside.get(instrument, 0)
        return ours + self.carried.get((instrument, product), 0)

    def beside(self, trade: Trade) -> int:
        """Return units that others hold on the side of a trade: theirs to close first."""
        if trade.product is not Product.INTRADAY:
            return 0
        return max(self.outside.get(trade.instrument, 0) * trade.side.sign, 0)

    def closable(self, trade: Trade, *, whole: bool = False) -> int:
        """Return units of a trade that may be closed: never more than the broker still holds on that side.

        ``whole`` takes what lies outside on the same side with it: the kill's scope.
        """
        net = self.net(trade.instrument, trade.product) * trade.side.sign
        if net <= 0 or not trade.open:
            return 0
        return net if whole else min(trade.open_quantity, net)

    def fold(self, fill: Fill) -> Folded:
        """Apply one fill to its instrument."""
        trade = self.current(fill.instrument, fill.product)
        if trade is None:
            trade = self._reopened(fill)
        if fill.side is trade.side:
            trade = msgspec.structs.replace(
                trade,
                entry_quantity=trade.entry_quantity + fill.quantity,
                entry_value=trade.entry_value + fill.value,
                opened_at=trade.opened_at or fill.time,
            )
            self.put(trade)
            self._share(fill.tag, trade, fill.quantity)
            return Folded(trade)
        closing = min(fill.quantity, trade.open_quantity)
        value = fill.value * closing // fill.quantity
        trade = msgspec.structs.replace(
            trade,
            exit_quantity=trade.exit_quantity + closing,
            exit_value=trade.exit_value + value,
            closed_at=fill.time if closing else trade.closed_at,
        )
        self.put(trade)
        self._share(fill.tag, trade, closing)
        beyond = fill.quantity - closing
        excess = self._beyond(fill, beyond, fill.value - value) if beyond else None
        closed = trade if closing and not trade.open else None
        return Folded(trade, closed, excess)

    def race(self, fill: Fill) -> Trade | None:
        """Take in what others filled beyond flat beside an exit of ours; return the excess, closed like one of ours."""
        return self._beyond(fill, fill.quantity, fill.value)

    def give_back(self, trade: Trade, part: Fill) -> Trade:
        """Take back that a part closed a trade: what others held was closed by it."""
        trade = msgspec.structs.replace(
            trade,
            exit_quantity=trade.exit_quantity - part.quantity,
            exit_value=trade.exit_value - part.value,
        )
        self.put(trade)
        self._share(part.tag, trade, -part.quantity)
        self.shift_outside(trade.instrument, -part.quantity * trade.side.sign)
        return trade

    def _reopened(self, fill: Fill) -> Trade:
        """Return the trade a fill without a running trade belongs to: its own if unfilled, else an excess."""
        trade = self._trades.get(fill.trade)
        if trade is not None and trade.entry_quantity == 0 and fill.side is trade.side:
            self._current[fill.instrument, fill.product] = trade.id
            return trade
        return self._excess(fill)

    def _excess(self, fill: Fill) -> Trade:
        self._excesses += 1
        trade = Trade(
            id=f"{fill.trade or fill.tag}-excess-{self._excesses}",
            setup=EXCESS,
            version=1,
            instrument=fill.instrument,
            side=fill.side,
            planned=0,
            entry_limit=0,
            plan=None,
            created_at=fill.time,
            mode=Mode.EXIT,
            exit_reason="more filled than was held: the excess is closed",
            product=fill.product,
        )
        self._trades[trade.id] = trade
        self._current[fill.instrument, fill.product] = trade.id
        return trade

    def _beyond(self, fill: Fill, quantity: int, value: int) -> Trade | None:
        signed = quantity * fill.side.sign
        outside = self.outside.get(fill.instrument, 0) if fill.product is Product.INTRADAY else 0
        if outside * signed < 0:
            absorbed = min(abs(outside), quantity) * fill.side.sign
            self._set_outside(fill.instrument, outside + absorbed)
            value -= value * abs(absorbed) // quantity
            quantity -= abs(absorbed)
        if quantity == 0:
            return None
        self._current.pop((fill.instrument, fill.product), None)
        trade = msgspec.structs.replace(
            self._excess(fill), entry_quantity=quantity, entry_value=value, opened_at=fill.time
        )
        self.put(trade)
        self._share(fill.tag, trade, quantity)
        return trade

    def correct(self, correction: Correction) -> tuple[Corrected, ...]:
        """Give the trades that an order's units were counted in their share of what they are worth more or less."""
        shares = self._shares.get(correction.tag, {})
        total = max(correction.quantity, sum(shares.values()))
        corrected, units = [], 0
        for name, share in shares.items():
            upto = units + share
            change = correction.change * upto // total - correction.change * units // total
            units, before = upto, self._trades[name]
            if correction.side is before.side:
                after = msgspec.structs.replace(before, entry_value=before.entry_value + change)
            else:
                after = msgspec.structs.replace(before, exit_value=before.exit_value + change)
            self.put(after)
            corrected.append(Corrected(before, after, change))
        return tuple(corrected)

    def _share(self, tag: str, trade: Trade, units: int) -> None:
        if units:
            shares = self._shares.setdefault(tag, {})
            shares[trade.id] = shares.get(trade.id, 0) + units

    def compare(
        self, positions: tuple[BrokerPosition, ...], behind: Container[str] = ()
    ) -> dict[str, tuple[int, int]]:
        """Take the broker's quantities as truth; return (before, after) of what lies outside where it changed.

        The union of instruments on both sides is compared: one that the broker no longer lists is zero there.
        Nothing is compared of those that the read is ``behind``.
        """
        held = {row.instrument: row.quantity for row in positions if row.product is Product.INTRADAY}
        ours = [instrument for instrument, product in self._current if product is Product.INTRADAY]
        changed: dict[str, tuple[int, int]] = {}
        for instrument in dict.fromkeys([*held, *ours, *self.outside]):
            if instrument in behind:
                continue
            before = self.outside.get(instrument, 0)
            after = held.get(instrument, 0) - self.ours(instrument)
            if after != before:
                changed[instrument] = (before, after)
                self._set_outside(instrument, after)
        return changed

    def carry(self, positions: tuple[BrokerPosition, ...], behind: Container[str] = ()) -> None:
        """Take the broker's word for what is held in the other products: nothing in them is folded from our fills.

        A trade that closes one of them is brought to what is still held; nothing is taken of instruments that the
        read is ``behind``.
        """
        held: dict[Holding, int] = {
            (row.instrument, row.product): row.quantity
            for row in positions
            if row.product is not Product.INTRADAY and why_left(row) is None
        }
        known = [holding for holding in self._current if holding[1] is not Product.INTRADAY]
        for holding in dict.fromkeys([*held, *known, *self.carried]):
            if holding[0] in behind:
                continue
            quantity, trade = held.get(holding, 0), self.current(*holding)
            self.carried.pop(holding, None)
            if trade is not None and quantity * trade.side.sign >= 0:
                entered = trade.exit_quantity + abs(quantity)
                self.put(msgspec.structs.replace(trade, entry_quantity=entered))
                continue
            if trade is not None:
                self.end(trade)
            if quantity and holding not in self.refused:
                self.carried[holding] = quantity

    def refuse(self, trade: Trade) -> None:
        """Give up a trade that the broker does not let us close: it is left as it stands."""
        self.refused[trade.instrument, trade.product] = None
        self.end(trade)

    def take_over(
        self, instrument: str, value: int, now: Instant, product: Product = Product.INTRADAY
    ) -> Trade | None:
        """Make a position without a trade of ours a trade to be closed by the kill."""
        if (instrument, product) in self._current:
            return None
        if product is Product.INTRADAY:
            quantity = self.outside.pop(instrument, 0)
        else:
            quantity = self.carried.pop((instrument, product), 0)
        if quantity == 0:
            return None
        side = Side.BUY if quantity > 0 else Side.SELL
        self._excesses += 1
        trade = Trade(
            id=f"external-{self._excesses}-{instrument}",
            product=product,
            setup=EXTERNAL,
            version=1,
            instrument=instrument,
            side=side,
            planned=abs(quantity),
            entry_limit=0,
            plan=None,
            created_at=now,
            opened_at=now,
            entry_quantity=abs(quantity),
            entry_value=value,
            mode=Mode.EXIT,
            exit_reason="in the kill's scope",
            external=True,
        )
        self.begin(trade)
        return trade

    def shift_outside(self, instrument: str, signed: int) -> None:
        """Count signed intraday units that somebody else traded, until the next whole read says it exactly."""
        self._set_outside(instrument, self.outside.get(instrument, 0) + signed)

    def _set_outside(self, instrument: str, quantity: int) -> None:
        if quantity:
            self.outside[instrument] = quantity
        else:
            self.outside.pop(instrument, None)
