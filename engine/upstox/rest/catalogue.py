"""The broker's official package as our catalogue: its endpoints, models and serialisation, over our own transport.

Of the package only its ApiClient, its request models and its endpoint classes are used. Its configuration is cached
per process, writes to standard error and can turn one venue into another, and its client starts threads and sends
again silently: none of that is let in. Importing it takes 0.2 to 0.6 s, so it happens here and only on demand.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, Protocol

from engine.upstox.rest.transport import HttpAnswer

API_VERSION: Final = "2.0"

Pairs = Sequence[tuple[str, object]]


class Sender(Protocol):
    """Sends one request of the catalogue."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str], query: Pairs, json: object
    ) -> HttpAnswer:
        """Return the answer, or raise what the transport raises."""
        ...


class Catalogue:
    """Every endpoint we use, by the package's own classes. Each call returns the raw Answer."""

    def __init__(self, rest_url: str, order_url: str, send: Sender) -> None:
        import upstox_client

        client = _client(upstox_client, rest_url, order_url, send)
        self.models: Any = upstox_client
        self.user: Any = upstox_client.UserApi(client)
        self.orders: Any = upstox_client.OrderApi(client)
        self.orders_v3: Any = upstox_client.OrderApiV3(client)
        self.portfolio: Any = upstox_client.PortfolioApi(client)
        self.quotes: Any = upstox_client.MarketQuoteV3Api(client)
        self.history: Any = upstox_client.HistoryV3Api(client)
        self.market: Any = upstox_client.MarketHolidaysAndTimingsApi(client)
        self.charges: Any = upstox_client.ChargeApi(client)
        self.streams: Any = upstox_client.WebsocketApi(client)


class _NoThreads:
    """Stands where the package keeps the thread pool that it closes when it is collected."""

    def close(self) -> None:
        """Do nothing."""

    def join(self) -> None:
        """Do nothing."""


class _Line:
    """Has the package's own ``rest_client`` interface and sends through ours: once, bounded, verified."""

    def __init__(self, send: Sender) -> None:
        for method in ("GET", "POST", "PUT", "DELETE"):
            setattr(self, method, self._sending(method, send))

    @staticmethod
    def _sending(method: str, send: Sender) -> Callable[..., HttpAnswer]:
        def request(
            url: str,
            *,
            headers: Mapping[str, str] | None = None,
            query_params: Pairs | None = None,
            body: object = None,
            **_ignored: object,
        ) -> HttpAnswer:
            if body is None and method in ("POST", "PUT"):
                body = {}
            return send(method, url, headers=headers or {}, query=query_params or (), json=body)

        return request


def _client(package: ModuleType, rest_url: str, order_url: str, send: Sender) -> object:
    # Neither constructor runs as it stands: the one returns a cached copy, the other starts threads.
    configuration: Any = _configuration(package)
    configuration.host, configuration.order_host = rest_url.rstrip("/"), order_url.rstrip("/")
    client: Any = package.ApiClient.__new__(package.ApiClient)
    client.configuration = configuration
    client.pool = _NoThreads()
    client.rest_client = _Line(send)
    client.cookie = None
    client.default_headers = {}
    return client


def _configuration(package: ModuleType) -> object:
    """Return a configuration of our own, and take back what making one did to the process's loggers."""
    loggers = [logging.getLogger(name) for name in ("upstox_client", "urllib3")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    configuration: object = type.__call__(package.Configuration)
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        for handler in logger.handlers[:]:
            if handler not in handlers:
                logger.removeHandler(handler)
    return configuration
