"""One HTTP call from its first byte to its answer: log, faults, limits, token, address, hours, then the call itself."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, time
from email.utils import format_datetime

from aiohttp import web

from engine.market.clock import datetime_of, isoformat
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.calls import Entry
from tests.fake_upstox.errors import (
    INVALID_TOKEN,
    NOT_FOUND,
    ORDERS_CLOSED,
    SERVER_FAULT,
    TOKEN_KIND,
    TOO_MANY,
    WRONG_ADDRESS,
    ApiError,
)
from tests.fake_upstox.faults import Fault
from tests.fake_upstox.repeating import repeating
from tests.fake_upstox.shapes import Json

_HTML = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
_UNLISTED = "BSE_EQ|INE000A01036"
"""An instrument that nobody here knows."""
_OPENS = time(5, 30)
_LOGGED_HEADERS = ("User-Agent", "Accept", "Content-Type", "Api-Version", "X-Algo-Name")
_STATUS_CODES = {
    400: ("UDAPI10000", "This request is not supported by Upstox API"),
    401: INVALID_TOKEN,
    403: WRONG_ADDRESS,
    404: NOT_FOUND,
    423: ORDERS_CLOSED,
    429: TOO_MANY,
}


@dataclass
class Call:
    """What a handler gets."""

    broker: Broker
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    origin: str
    """The address that the caller used, for redirects."""
    token: str = ""


@dataclass
class Reply:
    """What a handler answers."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    before_answer: Callable[[], Awaitable[None]] | None = None
    """Waited for before the answer leaves."""


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One call of the broker's interface."""

    method: str
    path: str
    name: str
    handler: Handler
    write: bool = False
    signed_in: bool = True
    address: bool = False
    """Works from the registered address only."""
    hours: tuple[str, str] | None = None
    """The error outside 05:30 to 24:00."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the path as a pattern; a brace is one part."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path) + r"/?\Z")


def success(data: Json, **more: Json) -> Reply:
    """Return the broker's success envelope."""
    return Reply({"status": "success", "data": data, **more})


class Kernel:
    """Routes calls of the broker's interface."""

    def __init__(self, broker: Broker, routes: list[Route]) -> None:
        self._broker = broker
        self._routes = [(route, route.pattern) for route in routes]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the broker's interface."""
        route, parts = self._find(request)
        body = await _read_body(request)
        entry = self._broker.calls.open(
            route.name if route is not None else "unknown",
            write=route is not None and route.write,
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=body,
            headers={name: request.headers[name] for name in _LOGGED_HEADERS if name in request.headers},
            exchange_time=isoformat(self._broker.agenda.moment),
        )
        scope = _scope(route)
        if self._strikes("lose-request", scope, entry) is not None:
            return _drop(request)
        await self._wait(scope, entry, "before")
        reply = self._faulted(scope, entry, handled=False)
        if reply is None:
            reply = self._answer(route, parts, request, body, entry)
            if reply.before_answer is not None:
                await reply.before_answer()
            reply = self._faulted(scope, entry, handled=True) or reply
        await self._wait(scope, entry, "after")
        entry.status, entry.code = reply.status, _code_of(reply.body)
        hang = self._strikes("hang", scope, entry)
        if hang is not None:
            await asyncio.sleep(hang.value("delay", 30.0))
            return _drop(request)
        if self._strikes("lose-answer", scope, entry) is not None:
            return _drop(request)
        if self._strikes("repeat-token", scope, entry) is not None:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            reply = replace(reply, body=repeating(reply.body, token)) if token else reply
        return self._response(reply, scope, entry)

    def _find(self, request: web.Request) -> tuple[Route | None, Mapping[str, str]]:
        for route, pattern in self._routes:
            found = pattern.match(request.path) if route.method == request.method else None
            if found is not None:
                return route, found.groupdict()
        return None, {}

    def _answer(
        self, route: Route | None, parts: Mapping[str, str], request: web.Request, body: Json, entry: Entry
    ) -> Reply:
        broker = self._broker
        try:
            if route is None:
                raise ApiError(404, *NOT_FOUND)
            if not broker.limiter.admit(route.name, write=route.write):
                raise ApiError(429, *TOO_MANY)
            token = ""
            if route.signed_in:
                token = broker.account.check_token(
                    request.headers.get("Authorization", ""), broker.agenda.moment
                )
            if route.write and broker.account.read_only:
                raise ApiError(401, *TOKEN_KIND)
            if route.address:
                broker.account.check_address()
            if route.hours is not None and datetime_of(broker.agenda.moment).time() < _OPENS:
                raise ApiError(423, *route.hours)
            algo = request.headers.get("X-Algo-Name")
            if route.write and algo is not None and algo not in broker.account.algo_names:
                raise ApiError(400, "UDAPI1156", "Invalid algo name", "X-Algo-Name", algo)
            origin = f"{request.scheme}://{request.host}"
            return route.handler(Call(broker, parts, request.query, body, request.headers, origin, token))
        except ApiError as error:
            return Reply(error.body(), error.status)
        except (KeyError, TypeError, ValueError) as error:
            # A body of another shape than the interface's: the broker answers with its general refusal.
            entry.faults.append(f"{type(error).__name__}: {error}")
            return Reply(
                ApiError(400, "UDAPI10000", "This request is not supported by Upstox API").body(), 400
            )

    def _faulted(self, scope: str, entry: Entry, *, handled: bool) -> Reply | None:
        """Return the answer of a fault that replaces the real one, before or after the call was carried out."""
        faults = self._broker.faults
        standing = faults.standing("status", call=scope)
        if standing is not None and bool(standing.facts.get("handled", False)) == handled:
            fault = self._strikes("status", scope, entry)
            if fault is not None:
                return _status_reply(fault)
        if handled:
            return None
        fault = self._strikes("html", scope, entry)
        return (
            None
            if fault is None
            else Reply(_HTML, int(fault.value("status", 200)), {"Content-Type": "text/html"})
        )

    def _strikes(self, name: str, scope: str, entry: Entry) -> Fault | None:
        fault = self._broker.faults.take(name, call=scope)
        if fault is not None:
            entry.faults.append(name)
        return fault

    async def _wait(self, scope: str, entry: Entry, when: str) -> None:
        if when == "before" and entry.name.startswith("authorize"):
            slow = self._strikes("slow-authorize", scope, entry)
            if slow is not None:
                await asyncio.sleep(slow.value("delay", 5.0))
        standing = self._broker.faults.standing("delay", call=scope)
        if standing is not None and standing.facts.get("when", "before") == when:
            fault = self._strikes("delay", scope, entry)
            if fault is not None:
                await asyncio.sleep(fault.value("delay", 1.0))

    def _response(self, reply: Reply, scope: str, entry: Entry) -> web.Response:
        body = reply.body
        if isinstance(body, dict) and reply.status == 200 and "data" in body:
            if self._strikes("empty-list", scope, entry) is not None:
                body = body | {"data": []}
            if self._strikes("null-data", scope, entry) is not None:
                body = body | {"data": None}
            if isinstance(body["data"], list) and (spoilt := self._strikes("unreadable-row", scope, entry)):
                body = body | {"data": _with_unreadable(body["data"], spoilt)}
        text = body if isinstance(body, str) else json.dumps(body)
        if self._strikes("cut-body", scope, entry) is not None:
            text = text[: len(text) // 2]
        if self._strikes("not-json", scope, entry) is not None:
            text = "upstream connect error or disconnect/reset before headers"
        headers = {"Content-Type": "application/json", **reply.headers, "Date": http_date(self._broker)}
        return web.Response(body=text.encode(), status=reply.status, headers=headers)


def http_date(broker: Broker) -> str:
    """Return the Date header: the broker's time, wrong when its clock is."""
    return format_datetime(datetime_of(broker.clock.told()).astimezone(UTC), usegmt=True)


def _scope(route: Route | None) -> str:
    if route is None:
        return "unknown all"
    return f"{route.name} {'writes' if route.write else 'reads'} all"


def _status_reply(fault: Fault) -> Reply:
    status = int(fault.value("status", 500))
    code, message = _STATUS_CODES.get(status, SERVER_FAULT)
    error = ApiError(status, str(fault.facts.get("code", code)), str(fault.facts.get("text", message)))
    if fault.facts.get("html"):
        return Reply(_HTML, status, {"Content-Type": "text/html"})
    return Reply(error.body(), status)


def _with_unreadable(rows: list[dict[str, Json]], fault: Fault) -> list[dict[str, Json]]:
    """Spoil one field in the rows of an instrument, or add a row of a stranger's that cannot be read."""
    field_name, value = str(fault.facts.get("field", "quantity")), fault.facts.get("value", "n/a")
    wanted = fault.facts.get("instrument")
    if wanted is None:
        like = {
            name: 0 if isinstance(part, int | float) else part for name, part in (rows or [{}])[0].items()
        }
        strange = {"instrument_token": _UNLISTED, "order_id": "0", "tag": None, "status": "cancelled"}
        return [*rows, like | strange | {field_name: value}]
    return [row | {field_name: value} if row.get("instrument_token") == wanted else row for row in rows]


def _code_of(body: Json) -> str | None:
    if isinstance(body, dict) and body.get("errors"):
        return str(body["errors"][0].get("error_code"))
    return None


async def _read_body(request: web.Request) -> Json:
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    text = await request.text()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _drop(request: web.Request) -> web.Response:
    """Close the connection under a request: the caller never hears an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
