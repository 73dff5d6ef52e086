"""The end that a signal asks for, where orders live on without us: nothing unanswered or unprotected is left alone."""

import logging
from collections.abc import Callable
from typing import Final

from engine.contract.views import StopStatus
from engine.core import Checked, Core
from engine.orders.messages import Role
from engine.orders.states import OrderState
from engine.presenter.rows import stop_state

PATIENCE_SECONDS: Final = 15.0
"""Longest that an end waits for the broker; a service manager waits longer before it kills."""
PAUSED: Final = Checked("the engine ends")
"""Said to the core at once: it cancels its entries and makes no more, and the next life's checks take it off."""

_UNDER_WAY: Final = frozenset(
    {
        OrderState.SUBMITTED,
        OrderState.ACKED,
        OrderState.IN_DOUBT,
        OrderState.PENDING_MODIFY,
        OrderState.PENDING_CANCEL,
    }
)
_logger: Final = logging.getLogger(__name__)


class Leaving:
    """Owns one wish to end: fulfilled once the book can be left alone, or when patience is over."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self.wish = ""
        """Why the engine is to end; empty while nobody asked."""

    def ask(self, reason: str) -> bool:
        """Ask for the end; False when it was asked for before."""
        if self.wish:
            return False
        self.wish, self._until = reason, self._monotonic() + PATIENCE_SECONDS
        return True

    def reason(self, core: Core) -> str:
        """Return why the engine ends now; empty while nobody asked, or something must be seen to first."""
        if not self.wish:
            return ""
        left = unsettled(core)
        if left and self._monotonic() < self._until:
            return ""
        if left:
            _logger.error("the engine ends although it should not be left alone: %s", ", ".join(left))
        return self.wish


def unsettled(core: Core) -> list[str]:
    """Return what must not be left alone: entries, orders without an answer, positions without a proven stop."""
    orders = core.orders.live()
    found = [
        f"{order.tag} is {order.state.value}"
        for order in orders
        if not order.adopted and (order.role is Role.ENTRY or order.state in _UNDER_WAY)
    ]
    found += [
        f"{trade.instrument} is {stop_state(core, trade).value}"
        for trade in core.trades
        if stop_state(core, trade) is not StopStatus.HELD and not trade.external
    ]
    # A fill may have overtaken the cancel of an entry: the book says so a moment later.
    found += [f"{key} has a cancelled entry to look after" for key in core.manager.reconciliation.unverified]
    return found if not core.latch_busy else [*found, "the kill is not done"]
