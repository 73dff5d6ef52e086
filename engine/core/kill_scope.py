"""What the kill key would close now, counted."""

from engine.contract.views import KillScope
from engine.orders.manager import OrderManager


def scope_of(manager: OrderManager) -> KillScope:
    """Return the positions and orders in the kill's scope, and what would be left."""
    portfolio = manager.portfolio
    external = sum(1 for instrument in portfolio.outside if portfolio.current(instrument) is None)
    positions = len(portfolio.open()) + external + len(portfolio.carried)
    left = (*(one.told for one in manager.left.positions), *manager.external.left)
    live = manager.orders.live()
    orders = manager.left.without(live)
    beyond = len(left) + manager.left.orders_beyond + len(live) - len(orders)
    return KillScope(positions, len(orders), beyond, left)
