"""A target: the resting stop becomes an exit that is no worse than the target less one spread, for one second.

The exchange cannot hold stop and target together, so a target is watched. Where its exit does not fill it is never
chased: it goes back to being the stop at its trigger, by one change, or by cancel, seen cancelled, and a new stop where
changes are not first, it has filled in part, or the broker turns no limit into a stop. Source: trading rules, stop and
exit.
"""

from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.price import Paise, tick_down, tick_up
from engine.market.side import Side
from engine.orders.changes import MOST_CHANGES, ExitWay
from engine.orders.messages import OrderType
from engine.orders.order import Aim, Order
from engine.orders.plan import TradeContext
from engine.orders.quote import Quote
from engine.orders.trade import Aimed, Mode, PartialExit, Trade, leave

RESTS_FOR: Final = SECOND
"""How long the exit of a target may rest unfilled before the stop is put back."""

COMES_ABOUT_WITHIN: Final = 3 * SECOND
"""An exit that is not proven to rest by then is given up as well."""

AGAIN_AFTER: Final = 2 * SECOND
"""After a target did not fill, no book is one that reaches it for so long."""

AWAY_PERCENT: Final = 1
AWAY_SPREADS: Final = 10
"""A book farther from the last price than the larger of these is doubtful."""

REFUSED_AGAIN_AFTER: Final = 5 * SECOND
"""After the exit of a part was refused."""


def reached(target: Paise | None, side: Side, quote: Quote) -> bool:
    """Say whether the exit touch of an undoubtful book has reached the target of a position of ``side``."""
    bid, ask, last = quote.bid, quote.ask, quote.last
    if target is None or bid is None or ask is None or last is None or bid >= ask:
        return False
    touch = bid if side is Side.BUY else ask
    doubtful = abs(touch - last) > max(last * AWAY_PERCENT // 100, AWAY_SPREADS * (ask - bid))
    return not doubtful and (touch - target) * side.sign >= 0


def worst_price(target: Paise, side: Side, quote: Quote, tick: int) -> Paise:
    """Return the limit of a target's exit, paise: the target less one spread, on the tick and no worse than that."""
    spread = quote.ask - quote.bid if quote.bid is not None and quote.ask is not None else 0
    if side is Side.BUY:
        return tick_up(target - spread, tick)
    return tick_down(target + spread, tick)


def aim(trade: Trade, reason: str, limit: Paise, now: Instant) -> Trade:
    """Return a trade on its way out at a target."""
    return msgspec.structs.replace(leave(trade, reason), aimed=Aimed(reason, limit, now))


def after_target(s: TradeContext) -> tuple[Trade, Instant | None]:
    """Return how a trade that is aimed at its target goes on, and when to look again.

    It goes on as it is while its exit may still fill, held again once that has had its second, and on its way out for
    good where price has gone through the stop meanwhile. Where the exchange takes no stop the exit stays where it is.
    """
    trade, aimed = s.trade, s.trade.aimed
    if aimed is None:
        return trade, None
    last = s.quote.last
    if trade.stop is not None and last is not None and (last - trade.stop.trigger) * trade.side.sign <= 0:
        return leave(trade, "stop"), None
    exits = [order for order in s.reducing if order.order_type is OrderType.LIMIT and order.rests_since]
    due = min(order.rests_since or 0 for order in exits) + RESTS_FOR if exits else None
    latest = aimed.since + COMES_ABOUT_WITHIN
    due = latest if due is None else min(due, latest)
    if s.now < due or not s.takes_stops:
        return trade, due
    return _held_again(trade, aimed, s.now), None


def _held_again(trade: Trade, aimed: Aimed, now: Instant) -> Trade:
    return msgspec.structs.replace(
        trade,
        mode=Mode.HOLD,
        exit_reason="",
        aimed=None,
        missed=aimed.reason,
        part_after=now + AGAIN_AFTER,
        chases=0,
        put_back=False,
    )


def part_ended(trade: Trade, part: PartialExit, order: Order) -> Trade:
    """Return a trade whose part's exit has ended, filled or not: what is left of a target is watched again."""
    again = REFUSED_AGAIN_AFTER if order.cancel_at is None else AGAIN_AFTER
    left = max(order.quantity - order.filled, 0) if part.limit else 0
    if left:
        return msgspec.structs.replace(trade, part=None, part_left=left, part_after=order.changed_at + again)
    done = order.filled > 0
    return msgspec.structs.replace(
        trade,
        part=None,
        part_left=0,
        t1_done=trade.t1_done or (done and part.reason == "T1"),
        part_after=order.changed_at + (0 if done else REFUSED_AGAIN_AFTER),
    )


def missed_words(reason: str) -> str:
    """Return what a person hears of a target that did not fill."""
    return f"{reason} did not fill within a second: the stop goes back, the target is watched on"


def at_target(trade: Trade) -> bool:
    """Say whether the exit of a target is at the exchange in the place of its stop, or on its way there."""
    return trade.aimed is not None or (trade.part is not None and trade.part.limit > 0)


def turns_back(s: TradeContext, order: Order) -> bool:
    """Say whether an unfilled exit of a target is to become the stop by one change, and is not refused that."""
    refused = order.aim is Aim.TURN and order.refused_at >= order.aim_since
    fresh = not order.filled and order.moves < MOST_CHANGES and not refused
    asked = s.turns_back and s.first_way is ExitWay.MODIFY and s.takes_orders
    return bool(s.trade.missed) and asked and fresh
