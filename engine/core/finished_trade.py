"""What is kept of a trade whose last unit has been closed."""

from engine.market.charges import Charges
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.orders.exit_reasons import UNNAMED
from engine.orders.trade import Trade
from engine.performance.trade import ClosedTrade
from engine.risk.sizing import risk_at


def finished_trade(
    trade: Trade,
    instrument: Instrument,
    *,
    charges: Charges,
    quality: str,
    furthest: tuple[Paise, Paise] | None,
    entered_in: tuple[str, str],
) -> ClosedTrade:
    """Return the record of a finished trade.

    ``furthest`` are the best and the worst mark while it was held, ``entered_in`` its day and open type at entry.
    """
    quantity = trade.entry_quantity
    risk = 0
    if trade.plan is not None and quantity:
        risk = risk_at(trade.side, quantity, trade.entry_value, trade.plan.counted(trade.side))
    reward = trade.reward
    if reward is not None and trade.planned:
        reward = reward * quantity // trade.planned
    return ClosedTrade(
        id=trade.id,
        instrument=trade.instrument,
        setup=trade.setup,
        side=trade.side,
        quantity=quantity,
        entry_value=trade.entry_value,
        exit_value=trade.exit_value,
        entry_time=trade.opened_at,
        exit_time=trade.closed_at,
        initial_stop=0 if trade.plan is None else trade.plan.trigger,
        risk=risk,
        charges=charges.total,
        version=trade.version,
        target_reward=reward,
        exit_reason=trade.closed_by or trade.exit_reason or UNNAMED,
        quality=quality,
        stop_slip=trade.stop_slip,
        signal_time=trade.signal_time,
        taken_by=trade.taken_by,
        symbol=instrument.symbol,
        signal_price=trade.signal_price,
        best=None if furthest is None else furthest[0],
        worst=None if furthest is None else furthest[1],
        charge_items=charges,
        day_type=entered_in[0],
        open_type=entered_in[1],
        stop_term="" if trade.plan is None else trade.plan.term.value,
    )
