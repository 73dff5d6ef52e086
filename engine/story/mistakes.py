"""What of a trade to count as a mistake: where it went otherwise than planned, and what the trader calls one.

Only what the record proves; what would have happened otherwise is never a cost.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from engine.ledger.by_a_person import Note
from engine.market.clock import SECOND, Instant
from engine.market.figures import rupees
from engine.orders.messages import Role
from engine.orders.states import OrderState
from engine.orders.trade import MANUAL
from engine.performance.trade import ClosedTrade
from engine.risk.terms import SizedStop
from engine.story.tree import Mistake, OrderStory, SignalStory, StopStep

NAKED_AT_MOST: Final = 2 * SECOND
"""The first law: longer without a stop at the exchange is never in order."""
_BY_HAND: Final = ("by hand", "half by hand")
_REFUSED: Final = (OrderState.REJECTED.value, OrderState.DENIED.value)
_OVERSIZED: Final = "more risk than the budget"


def mistakes_of(
    trade: ClosedTrade | None,
    signal: SignalStory | None,
    orders: Sequence[OrderStory],
    stops: Iterable[StopStep],
    notes: Iterable[Note],
) -> tuple[Mistake, ...]:
    """Return what to count, the trader's own tags first."""
    found = [Mistake(tag, "tagged by the trader") for tag in dict.fromkeys(t for n in notes for t in n.tags)]
    sized = None if signal is None else signal.last.sized
    found += [
        Mistake("stop nearer than asked", f"its typed stop: {warning}")
        for warning in (() if sized is None else sized.warnings)
    ]
    naked = [step.naked for step in stops if step.naked is not None]
    if naked and max(naked) > NAKED_AT_MOST:
        found.append(Mistake("late stop", f"{seconds(max(naked))} without a stop at the exchange"))
    if trade is None:
        return tuple(found)
    if trade.exit_reason in _BY_HAND and trade.setup != MANUAL:
        found.append(Mistake("left by hand", "closed by the trader before stop or target"))
    if trade.exit_reason == _OVERSIZED:
        found.append(Mistake("oversized", "filled with more risk than the budget of one trade"))
    found += _beyond_allowance(trade, sized)
    refused = sum(order.ended in _REFUSED for order in orders if order.role is not Role.ENTRY)
    if refused:
        found.append(Mistake("refused on the way out", f"{refused} of its stops and exits were refused"))
    return tuple(found)


def _beyond_allowance(trade: ClosedTrade, sized: SizedStop | None) -> list[Mistake]:
    """Return that its stop slipped beyond what it was sized for."""
    if sized is None or trade.stop_slip is None:
        return []
    beyond = trade.stop_slip.slip - sized.allowance * trade.quantity
    if beyond <= 0:
        return []
    words = f"its stop slipped {rupees(beyond)} beyond the allowance it was sized with"
    return [Mistake("slipped beyond its allowance", words, beyond)]


def seconds(span: Instant) -> str:
    """Return a span as a person reads it: 0.08 s."""
    return f"{span / SECOND:.2f} s"
