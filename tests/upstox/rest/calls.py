"""Every call of the client, those that read and those that write."""

from collections.abc import Callable
from datetime import date

from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.terms import ChangedOrder
from tests.upstox.stand import ENTRY, STOP

READS: list[Callable[[UpstoxClient], object]] = [
    UpstoxClient.profile,
    UpstoxClient.funds,
    UpstoxClient.static_ip,
    UpstoxClient.kill_switch,
    UpstoxClient.positions,
    UpstoxClient.order_book,
    UpstoxClient.trades,
    UpstoxClient.holidays,
    UpstoxClient.market_status,
    UpstoxClient.market_feed_authorize,
    UpstoxClient.portfolio_feed_authorize,
    lambda client: client.order_history(tag="k7-000123-E"),
    lambda client: client.order_details("1"),
    lambda client: client.trades("1"),
    lambda client: client.quotes(["NSE_EQ|INE027H01010"]),
    lambda client: client.candles("NSE_INDEX|Nifty 50", "minutes", 1, date(2025, 12, 15)),
    lambda client: client.intraday_candles("NSE_INDEX|Nifty 50", "minutes", 1),
    lambda client: client.timings(date(2025, 12, 15)),
    lambda client: client.margin([ENTRY]),
    lambda client: client.brokerage(ENTRY),
]
WRITES: list[Callable[[UpstoxClient], object]] = [
    lambda client: client.place(ENTRY),
    lambda client: client.modify(ChangedOrder("1", "LIMIT", 35, 49_00, 0)),
    lambda client: client.cancel("1"),
    lambda client: client.multi_place([ENTRY, STOP]),
    UpstoxClient.multi_cancel,
    lambda client: client.set_kill_switch(["NSE_EQ"], enabled=True),
]
