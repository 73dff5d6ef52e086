"""What a person's own entry consists of before risk looks at it: its signal, its order, its trade."""

from engine.auction.state.auctions import Auctions
from engine.contract.commands import RestOrder
from engine.contract.tickets import TicketTerms
from engine.core.market_state import MarketState
from engine.core.ticket_plan import stop_of, targets_of
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.gate import Draft
from engine.orders.messages import OrderType, Role
from engine.orders.trade import MANUAL, Trade
from engine.risk.denial import Code, Denial
from engine.risk.entry import EntryPlan
from engine.rollout.stage_chain import RolloutTrack
from engine.setups.signal import EntryMode, Signal


def hand_signal(key: str, side: Side, price: Paise, stop: Paise, time: Instant, premise: str) -> Signal:
    """Return the signal that a person's entry stands for."""
    return Signal(
        time=time,
        instrument=key,
        setup=MANUAL,
        version=1,
        side=side,
        price=price,
        stop_reference=stop,
        target_1=0,
        target_2=0,
        premise=premise,
        evidence={},
    )


def at_touch(
    market: Auctions, sight: MarketState, key: str, side: Side, now: Instant, stop: Paise, terms: TicketTerms
) -> tuple[Signal, Denial | None]:
    """Return the signal of an entry at the touch with its asked stop, and why there can be none."""
    quote, instrument = sight.quote(key, now), market.instruments[key]
    touch = quote.ask if side is Side.BUY else quote.bid
    price = touch if touch is not None else quote.last
    found: Paise | Denial = 0
    if price is not None:
        found = stop_of(terms, stop, side, price, instrument.tick, market.context(key).atr)
    elif instrument.tradable:
        found = Denial(Code.NO_BOOK, "no price is known")
    time = sight.market_time(now)
    if isinstance(found, Denial):
        return hand_signal(key, side, price or 0, 0, time, "by hand"), found
    return hand_signal(key, side, price or 0, found, time, "by hand"), None


def no_price(command: RestOrder) -> str:
    """Return why an order has no price to wait for; empty where it has one."""
    level = command.trigger or command.price
    wrong = level <= 0 or command.price < 0 or command.trigger < 0 or command.stop < 0
    return "expected a price to wait for, above zero" if wrong else ""


def resting_draft(command: RestOrder, planned: EntryPlan) -> Draft:
    """Return the order that rests for a plan."""
    return Draft(
        instrument=command.instrument,
        side=command.side,
        role=Role.ENTRY,
        order_type=OrderType.STOP_LIMIT if command.trigger else OrderType.LIMIT,
        quantity=planned.size.quantity,
        price=planned.limit,
        trigger_price=command.trigger,
        track=RolloutTrack.MANUAL,
    )


def resting_trade(
    name: str,
    signal: Signal,
    decision: str,
    planned: EntryPlan,
    instrument: Instrument,
    terms: TicketTerms,
    now: Instant,
) -> Trade:
    """Return the trade that a resting order begins; what is planned of it is counted as each order leaves."""
    first, second = targets_of(planned, terms, instrument.tick)
    return Trade(
        id=name,
        setup=MANUAL,
        version=signal.version,
        instrument=instrument.key,
        side=signal.side,
        planned=0,
        entry_limit=planned.limit,
        plan=planned.stop,
        created_at=now,
        signal=decision,
        signal_price=signal.price,
        signal_time=signal.time,
        taken_by=EntryMode.MANUAL,
        target_1=first,
        target_2=second,
        reward=None if first is None else planned.reward,
    )
