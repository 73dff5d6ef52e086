"""Our own HTTP line to the broker: every wait bounded, TLS verified, nothing sent twice, no redirect followed.

What a failure proves is in its type: NotSentError means that no byte of the request left, UnansweredError that it
may have arrived.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

import config
from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_text import words_of
from engine.upstox.rest.address import check_request_address, is_this_machine
from engine.upstox.rest.hiding import Secrets

CLIENT_NAME: Final = "Mozilla/5.0 (compatible; auction-cockpit/0.1)"
"""A client without an ordinary name met the broker's bot filter (HTTP 403, 1010)."""

LARGEST_BODY: Final = 64 * 1024 * 1024
_ADDRESSES_LIVE: Final = 300.0
_MOST_IDLE_LINES: Final = 8
_PORTS: Final = {"http": 80, "https": 443}
_KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}
"""Seconds, seconds and probes; a system without one of them keeps its own."""

QueryPairs = Mapping[str, object] | Sequence[tuple[str, object]]


class NotSentError(CockpitError):
    """Nothing of the request left this machine."""

    kind = ErrorKind.BROKER


class StoppedError(NotSentError):
    """Nothing of the request left: whoever asked took it back right before its bytes would have."""


class UnansweredError(CockpitError):
    """The request may have arrived; nothing proves what became of it."""

    kind = ErrorKind.BROKER


@dataclass(frozen=True, slots=True, repr=False)
class HttpAnswer:
    """What came back: header names in lower case, and the seconds from the first byte out to the last byte in."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes, {self.seconds:.3f} s)"


@dataclass(frozen=True, slots=True)
class _Place:
    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


_Address = tuple[socket.AddressFamily, tuple[str, int]]


class Transport:
    """A pool of kept-alive connections. Any thread may ask; a request holds no lock while it waits.

    ``connect_seconds`` bounds name, connection and TLS together, ``read_seconds`` the whole answer.
    """

    def __init__(
        self,
        connect_seconds: float,
        read_seconds: float,
        *,
        loopback_allowed: bool,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.loopback_allowed = loopback_allowed
        self.secrets = Secrets()
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._monotonic = monotonic
        self._tls = tls
        self._lock = threading.Lock()
        self._idle: dict[_Place, list[socket.socket]] = {}
        self._known: dict[_Place, tuple[float, list[_Address]]] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: QueryPairs | None = None,
        json: object = None,
        form: QueryPairs | None = None,
        read_seconds: float | None = None,
        allowed: Callable[[], bool] = lambda: True,
    ) -> HttpAnswer:
        """Send one request once and return the whole answer, whatever its status.

        What was sent in confidence is hidden in the answer. ``allowed`` is asked last of all, with the connection open:
        a no raises StoppedError. Also raises AddressError, NotSentError or UnansweredError; their texts hold neither
        query nor headers.
        """
        check_request_address(url, loopback_allowed=self.loopback_allowed)
        parts = urlsplit(url)
        place = _Place(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        path = parts.path or "/"
        self.secrets.learn_request(headers, json, form)
        payload = _payload(method, path, _joined(parts.query, query), parts.netloc, headers, json, form)
        line = self._take(place) or self._connect(place)
        if not allowed():
            self._put(place, line)
            raise StoppedError(f"taken back; nothing was sent ({place}{path})")
        started = self._monotonic()
        deadline = started + (self._read_seconds if read_seconds is None else read_seconds)
        try:
            line.settimeout(max(deadline - started, 0.001))
            line.sendall(payload)
            response = http.client.HTTPResponse(_Deadlined(line, deadline, self._monotonic), method=method)  # type: ignore[arg-type]
            response.begin()
            body = response.read(LARGEST_BODY + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            line.close()
            # What swallowed this request may have swallowed its sisters: the next one dials anew.
            self._forget(place)
            # The error may hold what the other side sent: it goes no further itself.
            said = words_of(error, self.secrets.hide)
            raise UnansweredError(f"no whole answer: {said} ({place}{path})") from None
        if len(body) > LARGEST_BODY:
            line.close()
            raise UnansweredError(
                f"expected an answer of at most {LARGEST_BODY} bytes, got more ({place}{path})"
            )
        body = self.secrets.hide_in_body(body)
        answer = HttpAnswer(response.status, _headers(response), body, self._monotonic() - started)
        if response.will_close or not response.isclosed():
            line.close()
        else:
            self._put(place, line)
        return answer

    def warm(self, url: str) -> None:
        """Keep one connection to an address open and ready; raises NotSentError. Sends no request."""
        check_request_address(url, loopback_allowed=self.loopback_allowed)
        parts = urlsplit(url)
        place = _Place(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        self._put(place, self._take(place) or self._connect(place))

    def close(self) -> None:
        """Close every idle connection; what is under way ends by itself."""
        with self._lock:
            lines = [line for idle in self._idle.values() for line in idle]
            self._idle.clear()
        for line in lines:
            line.close()

    def _take(self, place: _Place) -> socket.socket | None:
        """Return an idle connection that the other side has not closed."""
        while True:
            with self._lock:
                idle = self._idle.get(place)
                if not idle:
                    return None
                line = idle.pop()
            if _alive(line):
                return line
            line.close()

    def _put(self, place: _Place, line: socket.socket) -> None:
        with self._lock:
            idle = self._idle.setdefault(place, [])
            if len(idle) < _MOST_IDLE_LINES:
                idle.append(line)
                return
        line.close()

    def _forget(self, place: _Place) -> None:
        with self._lock:
            idle = self._idle.pop(place, [])
        for line in idle:
            line.close()

    def _connect(self, place: _Place) -> socket.socket:
        deadline = self._monotonic() + self._connect_seconds
        problem = "no address"
        addresses = self._addresses(place, deadline)
        for position, (family, address) in enumerate(addresses):
            left = deadline - self._monotonic()
            if left <= 0:
                break
            share = left if position == len(addresses) - 1 else left / 2
            line = socket.socket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(share)
                line.connect(address)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _keep_alive(line)
                return self._secured(line, place)
            except OSError as error:
                line.close()
                problem = words_of(error)
        raise NotSentError(f"expected a connection to {place} in {self._connect_seconds:g} s, got: {problem}")

    def _secured(self, line: socket.socket, place: _Place) -> socket.socket:
        if place.scheme == "http":
            return line
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls.wrap_socket(line, server_hostname=place.host)

    def _addresses(self, place: _Place, deadline: float) -> list[_Address]:
        """Return a host's addresses, IPv4 first; the last ones known when the name service does not answer.

        The order host has been reported with IPv6 addresses that time out.
        """
        now = self._monotonic()
        learned, known = self._known.get(place, (-_ADDRESSES_LIVE, []))
        if known and now - learned < _ADDRESSES_LIVE:
            return known
        own = is_this_machine(place.host)
        found = _resolve(place) if own else _resolve_within(place, (deadline - now) / 2)
        if not found:
            if known:
                return known
            raise NotSentError(f"expected the name of {place} to resolve, got no address in time")
        self._known[place] = (now, found)
        return found


def transport_for(upstox: config.UpstoxSettings) -> Transport:
    """Return a transport with the settings' patience; plain text is for this machine alone."""
    return Transport(
        upstox.connect_timeout_seconds,
        upstox.read_timeout_seconds,
        loopback_allowed=config.brokers_on_loopback(upstox),
    )


class _Deadlined(io.RawIOBase):
    """A socket whose reads share one deadline, in the shape that HTTPResponse reads from."""

    def __init__(self, line: socket.socket, deadline: float, monotonic: Callable[[], float]) -> None:
        self._line = line
        self._deadline = deadline
        self._monotonic = monotonic

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError("the answer was too slow")
        self._line.settimeout(left)
        return self._line.recv_into(buffer)


def _resolve(place: _Place) -> list[_Address]:
    try:
        rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    found = [(family, (str(address[0]), int(address[1]))) for family, _, _, _, address in rows]
    return sorted(found, key=lambda row: row[0] is not socket.AF_INET)


def _resolve_within(place: _Place, seconds: float) -> list[_Address]:
    """Resolve in a thread of its own: the system's resolver has no deadline."""
    found: list[list[_Address]] = []
    thread = threading.Thread(target=lambda: found.append(_resolve(place)), name="resolver", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    return found[0] if found else []


def _keep_alive(line: socket.socket) -> None:
    """Let the system find out, in about 20 s, that the other side of an idle connection is gone without a word."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            line.setsockopt(socket.IPPROTO_TCP, option, value)


def _alive(line: socket.socket) -> bool:
    """Say whether an idle connection is silent and open; reading it also takes in late TLS tickets."""
    try:
        line.settimeout(0)
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False


def _joined(standing: str, query: QueryPairs | None) -> str:
    added = urlencode(query, quote_via=quote) if query else ""
    return "&".join(part for part in (standing, added) if part)


def _payload(
    method: str,
    path: str,
    query: str,
    netloc: str,
    headers: Mapping[str, str] | None,
    json: object,
    form: QueryPairs | None,
) -> bytes:
    fields = {
        "Host": netloc,
        "User-Agent": CLIENT_NAME,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    body = b""
    if json is not None:
        body = msgspec.json.encode(json)
        fields["Content-Type"] = "application/json"
    elif form is not None:
        body = urlencode(form).encode("ascii")
        fields["Content-Type"] = "application/x-www-form-urlencoded"
    if body or method in ("POST", "PUT"):
        fields["Content-Length"] = str(len(body))
    fields |= headers or {}
    target = f"{path}?{query}" if query else path
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise NotSentError(f"expected header values of one line, got a line break ({method} {path})")
    try:
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body
    except UnicodeEncodeError:
        raise NotSentError(f"expected plain ASCII in address and headers ({method} {path})") from None


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
