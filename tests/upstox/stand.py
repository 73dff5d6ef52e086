"""A client of ours against a server on loopback, with the waits and chances in the test's hands."""

from collections.abc import Callable

import config
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.terms import NewOrder
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import Transport

SECRET = "eyJ.s3cr3t-t0ken.value"
ENTRY = NewOrder("NSE_EQ|INE027H01010", "BUY", "LIMIT", 100, 1_083_50, 0, "k7-000123-E")
STOP = NewOrder("NSE_FO|51460", "SELL", "SL", 35, 49_95, 50_00, "k7-000124-S")


def client_of(
    url: str,
    *,
    order_url: str = "",
    read: float = 1.0,
    token: Callable[[], Token | None] = lambda: Token(SECRET),
    budget: CallBudget | None = None,
    algo_name: str = "",
    sleep: Callable[[float], None] = lambda _: None,
) -> UpstoxClient:
    """Return a client of a server on loopback."""
    settings = config.UpstoxSettings(api_url=url, order_url=order_url or url, algo_name=algo_name)
    transport = Transport(1.0, read, loopback_allowed=True)
    return UpstoxClient(settings, token, transport, budget or CallBudget(), sleep=sleep)
