"""Our own levels on the ladder, under the names that every other place gives them."""

from engine.contract.views import OwnKind, OwnLevelView
from engine.core import Core
from engine.core.told_stop_moves import standing_stops
from engine.market.figures import rupees, signed_units
from engine.orders.messages import Role
from engine.presenter.rows import stop_shown


def own_levels(core: Core, key: str) -> tuple[OwnLevelView, ...]:
    """Return what of ours stands in an instrument, highest first: average, stop in force, targets, working entries."""
    levels: list[OwnLevelView] = []
    trade = core.manager.portfolio.current(key)
    if trade is not None and trade.open:
        held = trade.signed
        average = trade.average
        if average is not None:
            levels.append(OwnLevelView(average, OwnKind.AVERAGE, held, f"{signed_units(held)} entry"))
        if trade.stop is not None and (stop := stop_shown(core, trade)) is not None:
            standing = standing_stops(core.orders, trade)
            tag = standing[0].tag if standing else ""
            levels.append(OwnLevelView(stop, OwnKind.STOP, -held, f"stop {rupees(stop)}", tag))
        targets = (("T1", None if trade.t1_done else trade.target_1), ("T2", trade.target_2))
        levels.extend(
            OwnLevelView(price, OwnKind.TARGET, -held, f"{name} {rupees(price)}")
            for name, price in targets
            if price is not None
        )
    for order in core.orders.live(key):
        # A stop-entry waits at its trigger; what takes any price stands at none.
        price = order.trigger_price or order.price
        if order.role is Role.ENTRY and price:
            wanted = order.side.sign * order.remaining
            text = f"{signed_units(wanted)} entry working"
            levels.append(OwnLevelView(price, OwnKind.ENTRY, wanted, text, order.tag))
    return tuple(sorted(levels, key=lambda level: level.price, reverse=True))
