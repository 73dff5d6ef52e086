"""The two streams' addresses: authorize, direct connect with a redirect, and the sockets behind single-use codes."""

from urllib.parse import urlencode

from aiohttp import web

from tests.fake_upstox.broker import Broker
from tests.fake_upstox.errors import ApiError
from tests.fake_upstox.kernel import Call, Reply, Route, success
from tests.fake_upstox.market_hub import NAME as MARKET
from tests.fake_upstox.portfolio_hub import NAME as PORTFOLIO
from tests.fake_upstox.portfolio_hub import kinds_of
from tests.fake_upstox.stream import StreamClient

_PATHS = {MARKET: "/feeds/market", PORTFOLIO: "/feeds/portfolio"}


def _address(call: Call, stream: str) -> str:
    broker = call.broker
    code = broker.new_stream_code(stream, call.query.get("update_types", ""))
    host = call.origin.partition("://")[2]
    return f"ws://{host}{_PATHS[stream]}?{urlencode({'requestId': f'r-{code[:8]}', 'code': code})}"


def _authorized(call: Call, stream: str) -> Reply:
    address = _address(call, stream)
    return success({"authorized_redirect_uri": address, "authorizedRedirectUri": address})


def authorize_market(call: Call) -> Reply:
    """Give an address of the market stream that works once."""
    return _authorized(call, MARKET)


def authorize_portfolio(call: Call) -> Reply:
    """Give an address of the portfolio stream that works once."""
    return _authorized(call, PORTFOLIO)


def redirect_market(call: Call) -> Reply:
    """Send a direct connection on to an authorized address."""
    return Reply("", 302, {"Location": _address(call, MARKET)})


def redirect_portfolio(call: Call) -> Reply:
    """Send a direct connection on to an authorized address."""
    return Reply("", 302, {"Location": _address(call, PORTFOLIO)})


def old_feed(_call: Call) -> Reply:
    """Refuse the second version of the market stream: it is gone since August 2025."""
    raise ApiError(410, "UDAPI100060", "Resource not Found")


ROUTES = [
    Route("GET", "/v3/feed/market-data-feed/authorize", "authorize_market", authorize_market),
    Route("GET", "/v2/feed/portfolio-stream-feed/authorize", "authorize_portfolio", authorize_portfolio),
    Route("GET", "/v3/feed/market-data-feed", "connect_market", redirect_market),
    Route("GET", "/v2/feed/portfolio-stream-feed", "connect_portfolio", redirect_portfolio),
    Route("GET", "/v2/feed/market-data-feed/authorize", "authorize_market_v2", old_feed),
]


async def _open(
    request: web.Request, broker: Broker, stream: str
) -> tuple[StreamClient, web.WebSocketResponse, str]:
    found = broker.stream_codes.pop(request.query.get("code", ""), None)
    if found is None or found[0] != stream:
        raise web.HTTPForbidden(text="Forbidden")
    if broker.faults.take("refuse-connection", stream=stream) is not None:
        raise web.HTTPForbidden(text="Forbidden")
    clients = broker.feed.subscribers if stream == MARKET else broker.portfolio.clients
    if len(clients) >= broker.connection_limit:
        raise web.HTTPForbidden(text="Forbidden")
    socket = web.WebSocketResponse(autoping=False, autoclose=True, compress=False)
    await socket.prepare(request)
    return StreamClient(stream, socket, broker.faults, broker.settings.ping_seconds), socket, found[1]


async def serve_market(request: web.Request, broker: Broker) -> web.StreamResponse:
    """Serve one market client until it leaves."""
    client, socket, _ = await _open(request, broker, MARKET)
    subscriber = broker.feed.attach(client)
    try:
        await client.serve(lambda payload: broker.feed.receive(subscriber, payload))
    finally:
        broker.feed.detach(subscriber)
        _cut(request)
    return socket


async def serve_portfolio(request: web.Request, broker: Broker) -> web.StreamResponse:
    """Serve one portfolio client until it leaves; what it says is ignored."""
    client, socket, update_types = await _open(request, broker, PORTFOLIO)
    entry = (client, kinds_of(update_types))
    broker.portfolio.clients.append(entry)
    if broker.exchange.readings.replays_on_connect:
        for order in broker.exchange.orders.values():
            broker.exchange.tell(order)
    try:
        await client.serve(lambda _: None)
    finally:
        broker.portfolio.clients.remove(entry)
        _cut(request)
    return socket


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
