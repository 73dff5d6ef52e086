"""What a ticket is answered: the order that would leave now, by the way it would leave, and what stands against it."""

from fractions import Fraction

from engine.contract.commands import ManualOrder, RestOrder
from engine.contract.tickets import TicketQuote
from engine.core.ticket_plan import targets_of
from engine.core.trader_orders import TraderOrders
from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.risk.denial import Denial
from engine.risk.entry import EntryPlan
from engine.risk.sizing import margin_needed
from engine.system.plain_text import worded


def quote_ticket(
    state: TradingState, trader_orders: TraderOrders, order: ManualOrder | RestOrder, now: Instant
) -> TicketQuote:
    """Return what would leave for an order now, or why it would not; changes nothing."""
    instrument = state.instruments.get(order.instrument)
    if instrument is None:
        return TicketQuote(f"{order.instrument} is not followed")
    good_for: Instant | None = None
    if isinstance(order, ManualOrder):
        planned, draft = state.entries.would_enter(order.instrument, order.side, now, order.stop, order.terms)
    else:
        planned, draft, good_for = trader_orders.would_rest(order, instrument, now)
    if isinstance(planned, Denial) or draft is None:
        return _refused(planned)
    first, second = targets_of(planned, order.terms, instrument.tick)
    denial = state.manager.gate.check(draft, state.manager.surroundings(order.instrument, now), now)
    return TicketQuote(
        refusal="" if denial is None else worded(denial.code.value, denial.reason),
        quantity=planned.size.quantity,
        lots=planned.size.lots,
        limit=planned.limit,
        trigger=draft.trigger_price,
        sized=planned.sized,
        risk_pct=100 * planned.size.risk / state.limits.account,
        target_1=first,
        target_2=second,
        reward=None if first is None else planned.reward,
        reward_risk=None if first is None else float(Fraction(planned.reward, planned.initial_risk)),
        margin=margin_needed(instrument.kind, planned.limit * planned.size.quantity),
        good_for=good_for,
    )


def _refused(planned: EntryPlan | Denial) -> TicketQuote:
    if isinstance(planned, Denial):
        return TicketQuote(worded(planned.code.value, planned.reason), sized=planned.sized)
    raise TypeError("expected a plan with its order, got one without")
