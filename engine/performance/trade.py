"""One finished trade of ours, as it is kept and counted."""

from datetime import date

import msgspec

from engine.market.charges import Charges
from engine.market.clock import Instant, trading_date
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.trade import StopSlip
from engine.setups.signal import EntryMode


class ClosedTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade whose last unit has been closed. Values are sums of price times quantity, paise; times instants."""

    id: str
    instrument: str
    setup: str
    """Name of the setup; ``manual`` for the trader's own."""
    side: Side
    quantity: int
    """Units entered and left, all fills together."""
    entry_value: Paise
    exit_value: Paise
    entry_time: Instant
    """First fill of the entry."""
    exit_time: Instant
    """Last fill of the exit."""
    initial_stop: Paise
    """First trigger; 0 when there was none."""
    risk: Paise
    """What was budgeted: the loss to the stop's trigger and allowance, charges apart."""
    charges: Paise
    version: int = 1
    """Version of the setup's rule; a change of rule starts a new record."""
    target_reward: Paise | None = None
    """What the first target would have earned after costs, as planned at entry."""
    exit_reason: str = ""
    quality: str = ""
    """Worst quality among its fills; empty when nothing is to be said."""

    stop_slip: StopSlip | None = None
    """How far its fired stops were filled from their triggers; None where none fired, or it was not kept."""
    signal_time: Instant = 0
    """When its setup spoke, or the trader; 0 where an earlier version did not keep it."""
    taken_by: EntryMode | None = None
    """None where an earlier version did not keep it."""
    symbol: str = ""
    """What a person calls the instrument; empty where an earlier version did not keep it."""
    signal_price: Paise = 0
    """The price that its setup or the trader spoke of; 0 where an earlier version did not keep it."""
    best: Paise | None = None
    """The most favourable price at which it could have been left, by three readings; None where fewer were read."""
    worst: Paise | None = None
    """The most adverse one."""
    charge_items: Charges | None = None
    """Its charges by kind, each rounded by itself; None where an earlier version did not keep them."""
    day_type: str = ""
    """What its instrument's day was read as when it was entered; empty where it was not kept."""
    open_type: str = ""
    stop_term: str = ""
    """What set its first stop where it was; empty where it had none, or an earlier version did not keep it."""

    @property
    def signalled(self) -> Instant:
        """When its signal came, or its first fill where only that is known."""
        return self.signal_time or self.entry_time

    @property
    def gross(self) -> Paise:
        """The result before charges, paise."""
        return (self.exit_value - self.entry_value) * self.side.sign

    @property
    def net(self) -> Paise:
        """The result after charges, paise."""
        return self.gross - self.charges

    @property
    def won(self) -> bool:
        """Whether money was made after charges; a result of nought is no win."""
        return self.net > 0

    @property
    def initial_risk(self) -> Paise | None:
        """R in money: from the average entry to the first trigger, paise; None without a stop behind it."""
        if self.initial_stop <= 0:
            return None
        risk = (self.entry_value - self.initial_stop * self.quantity) * self.side.sign
        return risk if risk > 0 else None

    @property
    def r(self) -> float | None:
        """The net result in R, so that a plain stop-out is a little worse than -1; None without R."""
        risk = self.initial_risk
        return None if risk is None else self.net / risk

    @property
    def mfe_r(self) -> float | None:
        """How far it went our way before charges, R from nought; None without R or marks.

        What it was left at counts beside the marks: a trade that ends between two readings went at least so far.
        """
        found = self._reached(self.best, 1)
        return None if found is None else max(0.0, found)

    @property
    def mae_r(self) -> float | None:
        """How far it went against us before charges, R from nought; None without R or marks."""
        found = self._reached(self.worst, -1)
        return None if found is None else max(0.0, found)

    def _reached(self, mark: Paise | None, way: int) -> float | None:
        risk = self.initial_risk
        if risk is None or mark is None:
            return None
        marked = (mark * self.quantity - self.entry_value) * self.side.sign * way
        return max(marked, self.gross * way) / risk

    @property
    def slippage(self) -> Paise | None:
        """What its entry cost beyond the signal's price, paise, negative is better; None where not kept."""
        if not self.signal_price:
            return None
        return (self.entry_value - self.signal_price * self.quantity) * self.side.sign

    @property
    def turnover(self) -> Paise:
        """What was bought and sold, paise."""
        return self.entry_value + self.exit_value

    @property
    def day(self) -> date:
        """The trading date it was closed on."""
        return trading_date(self.exit_time)
