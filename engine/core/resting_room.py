"""Which of the trader's resting orders the day's loss limit has no room for any more."""

from collections.abc import Iterable

from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.orders.order import Order
from engine.orders.resting_orders import Rest
from engine.risk.holdings import open_risk


def beyond_the_day(state: TradingState, live: Iterable[tuple[Rest, Order]], now: Instant) -> dict[str, str]:
    """Return why orders out of ``live``, oldest first, may rest no longer, by tag: the newest give way first."""
    rests = list(live)
    lacking, found = _lacking(state, now) if rests else 0, {}
    for rest, order in reversed(rests):
        if lacking <= 0:
            break
        stake = rest.at_stake(order.exposed)
        found[order.tag] = (
            f"it may lose {rupees(stake)}, and the day's loss limit lacks {rupees(lacking)} for it"
        )
        lacking -= stake
    return found


def _lacking(state: TradingState, now: Instant) -> Paise:
    """Return by how much what is booked and what all stops would lose exceed the day's limits, paise.

    Marks have no part in it: no odd book takes an order back, and what is open counts to its stop already. A risk that
    is not known yet takes none back either.
    """
    account = state.account
    risk = open_risk(account.holdings(now))
    if risk is None:
        return 0
    # What open trades have paid is in their risk as well.
    paid = account.charges - sum(account.trade_charges(trade.id) for trade in state.manager.portfolio.open())
    believed = account.believed(now)
    booked = paid - account.realised - believed.elsewhere
    lacking = booked + risk - state.account.limits.loss_limit
    whole, limit = account.account_believed(believed), state.account.limits.account_limit
    if whole is not None and limit is not None:
        lacking = max(lacking, booked + risk - whole.counted - limit)
    return lacking
