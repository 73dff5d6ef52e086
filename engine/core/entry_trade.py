"""The trade and the one order that leave for a plan: the same for a signal, for a hand, and for what is only asked."""

from engine.contract.tickets import TicketTerms
from engine.core.ticket_plan import targets_of
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.orders.gate import Draft
from engine.orders.messages import OrderType, Role
from engine.orders.trade import Trade
from engine.risk.entry import EntryPlan
from engine.rollout.stage_chain import track_of
from engine.setups.signal import EntryMode, Signal


def draft_for(signal: Signal, planned: EntryPlan, *, by_person: bool) -> Draft:
    """Return the limit order that enters a plan."""
    return Draft(
        instrument=signal.instrument,
        side=signal.side,
        role=Role.ENTRY,
        order_type=OrderType.LIMIT,
        quantity=planned.size.quantity,
        price=planned.limit,
        track=track_of(by_person=by_person),
    )


def trade_for(
    name: str,
    signal: Signal,
    planned: EntryPlan,
    instrument: Instrument,
    decision: str,
    decided: Instant,
    now: Instant,
    terms: TicketTerms | None,
    taken_by: EntryMode,
) -> Trade:
    """Return the trade that begins with a plan; ``terms`` are a person's, None stands for a setup's signal."""
    given: tuple[Paise | None, Paise | None] = (signal.target_1, signal.target_2)
    if terms is not None:
        given = targets_of(planned, terms, instrument.tick)
    return Trade(
        id=name,
        setup=signal.setup,
        version=signal.version,
        instrument=signal.instrument,
        side=signal.side,
        planned=planned.size.quantity,
        entry_limit=planned.limit,
        plan=planned.stop,
        sized=planned.sized,
        created_at=now,
        signal=decision,
        signal_price=signal.price,
        signal_time=decided,
        taken_by=taken_by,
        target_1=given[0],
        target_2=given[1],
        reward=None if given[0] is None else planned.reward,
    )
