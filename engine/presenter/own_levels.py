"""Our own levels on the ladder, under the names that every other place gives them."""

from engine.core import Core
from engine.market.figures import rupees, signed_units
from engine.market.price import Paise
from engine.orders.messages import Role
from engine.presenter.ladder import OwnLevel
from engine.presenter.rows import stop_shown


def own_levels(core: Core, key: str) -> list[OwnLevel]:
    """Return what of ours stands in an instrument: entry, the stop in force, targets, working entries."""
    levels: list[OwnLevel] = []
    trade = core.manager.portfolio.current(key)
    if trade is not None and trade.open:
        average = trade.average
        if average is not None:
            levels.append((average, f"{signed_units(trade.signed)} entry"))
        if trade.stop is not None and (stop := stop_shown(core, trade)) is not None:
            levels.append((stop, f"stop {_price(stop)}"))
        if trade.target_1 is not None and not trade.t1_done:
            levels.append((trade.target_1, f"T1 {_price(trade.target_1)}"))
        if trade.target_2 is not None:
            levels.append((trade.target_2, f"T2 {_price(trade.target_2)}"))
    levels.extend(
        (order.price, f"{signed_units(order.side.sign * order.remaining)} entry working")
        for order in core.orders.live(key)
        if order.role is Role.ENTRY
    )
    return levels


def _price(paise: Paise) -> str:
    return rupees(paise)
