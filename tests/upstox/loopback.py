"""A small HTTP server on loopback whose every answer, and every way not to answer, a test decides."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

DROP: Final = b"\0drop"
"""Close the connection without a byte."""
HANG: Final = b"\0hang"
"""Say nothing until the test ends."""
RESET: Final = b"\0reset"
"""Reset the connection."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> object:
        return json.loads(self.body)


Respond = Callable[[Received], bytes]


def answer(status: int, body: object, *, headers: str = "", close: bool = False) -> bytes:
    """Return the bytes of an HTTP answer; anything but bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    last = "Connection: close\r\n" if close else ""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{headers}{last}\r\n"
    return head.encode() + content


def success(data: object, **more: object) -> bytes:
    """Return a success of the broker."""
    return answer(200, {"status": "success", "data": data, **more})


def error(status: int, code: str, message: str = "said no", *, old: bool = False) -> bytes:
    """Return the broker's error envelope, in either spelling."""
    row = {"errorCode" if old else "error_code": code, "message": message}
    return answer(status, {"status": "error", "errors": [row]})


@dataclass
class Loopback:
    """Serves until closed; every request is kept in ``requests``."""

    respond: Respond
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._lines: list[socket.socket] = []
        self._changed = threading.Condition()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for(self, count: int, seconds: float = 5.0) -> list[Received]:
        """Return the requests once so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, seconds), self.requests
            return list(self.requests)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for line in self._lines:
            line.close()

    def drop_idle(self) -> None:
        """Close every open connection from this side."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._lines.append(line)
            threading.Thread(target=self._serve, args=(line, self.connections), daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        try:
            line = plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)
            stream = line.makefile("rb")
            while (first := stream.readline()).strip():
                method, target, _ = first.decode().split(" ", 2)
                headers = {}
                while (row := stream.readline().decode().strip()) != "":
                    name, _, value = row.partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                parts = urlsplit(target)
                request = Received(method, parts.path, dict(parse_qsl(parts.query)), headers, body, number)
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                if not self._reply(line, self.respond(request)):
                    return
        except (OSError, ValueError):
            return
        finally:
            plain.close()

    def _reply(self, line: socket.socket, reply: bytes) -> bool:
        if reply == DROP:
            line.close()
            return False
        if reply == RESET:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            line.close()
            return False
        if reply == HANG:
            self._over.wait(30)
            return False
        line.sendall(reply)
        return b"Connection: close" not in reply.partition(b"\r\n\r\n")[0]
