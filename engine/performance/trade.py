"""One finished trade of ours, as it is kept and counted."""

from datetime import date

import msgspec

from engine.market.clock import Instant, trading_date
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.trade import StopSlip
from engine.setups.signal import EntryMode


class ClosedTrade(msgspec.Struct, frozen=True):
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
    """What was budgeted: the loss to the stop's trigger and allowance, charges included."""
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

    @property
    def signalled(self) -> Instant:
        """Return when its signal came, or its first fill where only that is known."""
        return self.signal_time or self.entry_time

    @property
    def gross(self) -> Paise:
        """Return the result before charges, paise."""
        return (self.exit_value - self.entry_value) * self.side.sign

    @property
    def net(self) -> Paise:
        """Return the result after charges, paise."""
        return self.gross - self.charges

    @property
    def won(self) -> bool:
        """Say whether money was made after charges; a result of nought is no win."""
        return self.net > 0

    @property
    def initial_risk(self) -> Paise | None:
        """Return R in money: from the average entry to the first trigger, paise; None without a stop behind it."""
        if self.initial_stop <= 0:
            return None
        risk = (self.entry_value - self.initial_stop * self.quantity) * self.side.sign
        return risk if risk > 0 else None

    @property
    def r(self) -> float | None:
        """Return the net result in R, so that a plain stop-out is a little worse than -1; None without R."""
        risk = self.initial_risk
        return None if risk is None else self.net / risk

    @property
    def day(self) -> date:
        """Return the trading date it was closed on."""
        return trading_date(self.exit_time)
