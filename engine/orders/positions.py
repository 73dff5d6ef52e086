"""Positions are folded from fills, and only from fills; what the broker holds beyond them is OUTSIDE.

One open trade per instrument at most. A fill that crosses zero ends the trade; what lies beyond closes an outside
position if there is one, else it is an EXCESS that is closed at once.
"""

from collections.abc import Container

import msgspec

from engine.market.clock import Instant
from engine.orders.messages import BrokerPosition
from engine.orders.order import Fill
from engine.orders.trade import EXCESS, EXTERNAL, Mode, Trade
from engine.setups.signal import Side


class Folded(msgspec.Struct, frozen=True):
    """What one fill did: the trade it belongs to, and whether it opened, closed or flipped the position."""

    trade: Trade
    closed: Trade | None = None
    excess: Trade | None = None


class Portfolio:
    """Every trade of the day and what is held in each instrument."""

    def __init__(self) -> None:
        self._trades: dict[str, Trade] = {}
        self._current: dict[str, str] = {}
        self.outside: dict[str, int] = {}
        """Signed units the broker holds beyond our fills, as of the last good read."""
        self._excesses = 0

    def get(self, trade: str) -> Trade | None:
        """Return a trade by id."""
        return self._trades.get(trade)

    def all(self) -> tuple[Trade, ...]:
        """Return every trade of the day, oldest first."""
        return tuple(self._trades.values())

    def current(self, instrument: str) -> Trade | None:
        """Return the instrument's running trade: its entry is out, or it holds something."""
        trade = self._current.get(instrument)
        return None if trade is None else self._trades[trade]

    def running(self) -> tuple[Trade, ...]:
        """Return the running trades, oldest first."""
        return tuple(self._trades[trade] for trade in self._current.values())

    def open(self) -> tuple[Trade, ...]:
        """Return trades that hold something, oldest first."""
        return tuple(trade for trade in self.running() if trade.open)

    def begin(self, trade: Trade) -> None:
        """Take in a new trade; raise ValueError when its instrument already has one."""
        if trade.instrument in self._current:
            raise ValueError(f"expected no running trade in {trade.instrument}, got {trade.id} beside one")
        self._trades[trade.id] = trade
        self._current[trade.instrument] = trade.id

    def put(self, trade: Trade) -> None:
        """Replace a trade by its next value."""
        self._trades[trade.id] = trade

    def end(self, trade: Trade) -> None:
        """Take a trade that holds nothing off its instrument."""
        if self._current.get(trade.instrument) == trade.id:
            del self._current[trade.instrument]

    def ours(self, instrument: str) -> int:
        """Return signed units from our own fills."""
        trade = self.current(instrument)
        return 0 if trade is None else trade.signed

    def net(self, instrument: str) -> int:
        """Return signed units the broker holds, as far as we know."""
        return self.ours(instrument) + self.outside.get(instrument, 0)

    def closable(self, trade: Trade, *, whole: bool = False) -> int:
        """Return units of a trade that may be closed: never more than the broker still holds on that side.

        ``whole`` takes what lies outside on the same side with it: the kill's scope.
        """
        net = self.net(trade.instrument) * trade.side.sign
        if net <= 0 or not trade.open:
            return 0
        return net if whole else min(trade.open_quantity, net)

    def fold(self, fill: Fill) -> Folded:
        """Apply one fill to its instrument."""
        trade = self.current(fill.instrument)
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
        beyond = fill.quantity - closing
        excess = self._beyond(fill, beyond, fill.value - value) if beyond else None
        closed = trade if closing and not trade.open else None
        return Folded(trade, closed, excess)

    def _reopened(self, fill: Fill) -> Trade:
        """Return the trade a fill without a running trade belongs to: its own if unfilled, else an excess."""
        trade = self._trades.get(fill.trade)
        if trade is not None and trade.entry_quantity == 0 and fill.side is trade.side:
            self._current[fill.instrument] = trade.id
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
        )
        self._trades[trade.id] = trade
        self._current[fill.instrument] = trade.id
        return trade

    def _beyond(self, fill: Fill, quantity: int, value: int) -> Trade | None:
        signed = quantity * fill.side.sign
        outside = self.outside.get(fill.instrument, 0)
        if outside * signed < 0:
            absorbed = min(abs(outside), quantity) * fill.side.sign
            self._set_outside(fill.instrument, outside + absorbed)
            value -= value * abs(absorbed) // quantity
            quantity -= abs(absorbed)
        if quantity == 0:
            return None
        self._current.pop(fill.instrument, None)
        trade = msgspec.structs.replace(
            self._excess(fill), entry_quantity=quantity, entry_value=value, opened_at=fill.time
        )
        self.put(trade)
        return trade

    def compare(
        self, positions: tuple[BrokerPosition, ...], behind: Container[str] = ()
    ) -> dict[str, tuple[int, int]]:
        """Take the broker's quantities as truth; return (before, after) of what lies outside where it changed.

        The union of instruments on both sides is compared: one that the broker no longer lists is zero there.
        Nothing is compared of those that the read is ``behind``.
        """
        held = {position.instrument: position.quantity for position in positions}
        changed: dict[str, tuple[int, int]] = {}
        for instrument in dict.fromkeys([*held, *self._current, *self.outside]):
            if instrument in behind:
                continue
            before = self.outside.get(instrument, 0)
            after = held.get(instrument, 0) - self.ours(instrument)
            if after != before:
                changed[instrument] = (before, after)
                self._set_outside(instrument, after)
        return changed

    def take_over(self, instrument: str, value: int, now: Instant) -> Trade | None:
        """Make an outside position of an instrument without a trade of ours a trade to be closed by the kill."""
        quantity = self.outside.get(instrument, 0)
        if quantity == 0 or instrument in self._current:
            return None
        self._set_outside(instrument, 0)
        side = Side.BUY if quantity > 0 else Side.SELL
        self._excesses += 1
        trade = Trade(
            id=f"external-{self._excesses}-{instrument}",
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
        """Count signed units that somebody else traded, until the next whole read says it exactly."""
        self._set_outside(instrument, self.outside.get(instrument, 0) + signed)

    def _set_outside(self, instrument: str, quantity: int) -> None:
        if quantity:
            self.outside[instrument] = quantity
        else:
            self.outside.pop(instrument, None)
