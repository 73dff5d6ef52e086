"""The fake broker on a loopback port: one site for REST, streams, instrument files and the control endpoint."""

import asyncio
import json
import os
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fake_upstox import rest_account, rest_earlier, rest_market, rest_orders, sockets
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.control import control
from tests.fake_upstox.errors import ApiError
from tests.fake_upstox.kernel import Kernel, http_date
from tests.fake_upstox.master_files import PREFIX
from tests.fake_upstox.scenarios import play_scenario
from tests.fake_upstox.settings import FakeSettings

_HOST = "127.0.0.1"
_LAST_WORDS = 0.05
_LONGEST_LINE = 65_536
"""Bytes: five hundred instrument keys fit."""


class FakeUpstox:
    """A whole broker: ``async with FakeUpstox(settings) as fake`` serves it on the running loop."""

    def __init__(self, settings: FakeSettings | None = None) -> None:
        self.settings = settings or FakeSettings()
        self.broker = Broker(self.settings)
        play_scenario(self.broker, self.settings.scenario)
        self._kernel = Kernel(
            self.broker,
            [
                *rest_account.ROUTES,
                *rest_orders.ROUTES,
                *rest_market.ROUTES,
                *rest_earlier.ROUTES,
                *sockets.ROUTES,
            ],
        )
        self._runner: web.AppRunner | None = None
        self._running: asyncio.Task[None] | None = None
        self._address = ""
        self._port = self.settings.port
        self._site: web.TCPSite | None = None
        self.broker.go_dark = self._go_dark

    @property
    def addresses(self) -> dict[str, Any]:
        """Return what the started line tells."""
        return {
            "api_url": self._address,
            "order_url": self._address,
            "assets_url": self._address,
            "control_url": f"{self._address}/control",
            "access_token": self.broker.access_token,
            "pid": os.getpid(),
        }

    async def start(self) -> None:
        """Open the port and let time pass."""
        app = web.Application()
        app.router.add_route("*", "/control/{path:.*}", self._serve_control)
        app.router.add_get(PREFIX + "{name}", self._serve_file)
        app.router.add_get("/feeds/market", self._serve_market)
        app.router.add_get("/feeds/portfolio", self._serve_portfolio)
        app.router.add_route("*", "/{path:.*}", self._kernel.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, max_line_size=_LONGEST_LINE)
        await self._runner.setup()
        await self._listen(self._runner)
        host, self._port = self._runner.addresses[0][:2]
        self._address = f"http://{host}:{self._port}"
        self._running = asyncio.create_task(self.broker.agenda.run(self.broker.play))

    async def _listen(self, runner: web.AppRunner) -> None:
        self._site = web.TCPSite(runner, _HOST, self._port, reuse_address=True)
        await self._site.start()

    def _go_dark(self, seconds: float) -> None:
        task = asyncio.get_running_loop().create_task(self._outage(seconds))
        self.broker.tasks.add(task)
        task.add_done_callback(self.broker.tasks.discard)

    async def _outage(self, seconds: float) -> None:
        # Whoever asked for it hears the answer first.
        await asyncio.sleep(_LAST_WORDS)
        runner, site = self._runner, self._site
        if runner is None or runner.server is None or site is None:
            return
        await site.stop()
        for connection in runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        await self._listen(runner)

    async def close(self) -> None:
        """Stop time, cut every stream and give the port back."""
        for task in (self._running, *self.broker.tasks):
            if task is not None:
                task.cancel()
        for subscriber in self.broker.feed.subscribers:
            subscriber.client.disconnect()
        for client, _ in self.broker.portfolio.clients:
            client.disconnect()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def wait(self) -> None:
        """Return when the task that moves time ends, raising what ended it."""
        if self._running is not None:
            await self._running

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _serve_market(self, request: web.Request) -> web.StreamResponse:
        return await sockets.serve_market(request, self.broker)

    async def _serve_portfolio(self, request: web.Request) -> web.StreamResponse:
        return await sockets.serve_portfolio(request, self.broker)

    async def _serve_control(self, request: web.Request) -> web.Response:
        text = await request.text()
        try:
            answer = control(
                self.broker, request.method, request.match_info["path"], json.loads(text or "{}")
            )
        except ApiError as error:
            return web.json_response(error.body(), status=error.status)
        except (KeyError, ValueError, TypeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(answer)

    async def _serve_file(self, request: web.Request) -> web.Response:
        found = self.broker.files.read(request.match_info["name"])
        self.broker.calls.open(
            "instrument_file",
            write=False,
            method="GET",
            path=request.path,
            query={},
            body=None,
            headers={},
            exchange_time="",
        ).status = 200 if found is not None else 404
        if found is None:
            return web.Response(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>")
        data, tag = found
        headers = {"ETag": tag, "Content-Type": "application/gzip", "Date": http_date(self.broker)}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=data, headers=headers)
