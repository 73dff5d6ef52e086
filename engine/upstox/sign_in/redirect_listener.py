"""A loopback address that one visitor after another may come to: a browser sent back, or a forwarded message."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from engine.system.errors import CockpitError, ErrorKind
from engine.upstox.rest.address import is_this_machine

_LONGEST_REQUEST: Final = 32 * 1024
_VISITOR_SECONDS: Final = 2.0
_PAGE: Final = (
    "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n"
    "Cache-Control: no-store\r\nConnection: close\r\n\r\n{text}"
)


class DoorstepError(CockpitError):
    """The address is not of this machine or is taken; says which and why."""

    kind = ErrorKind.REFUSED


@dataclass(frozen=True, slots=True)
class Visit:
    """One whole request."""

    method: str
    target: str
    """Path and query."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a visitor is told, and what came of the visit."""

    status: str
    text: str
    found: str | None = None
    """What was brought; None when it is still awaited."""
    refusal: Exception | None = None
    """Raised once the visitor has been told."""


class Doorstep:
    """Listens on a plain-text loopback address; every visit is answered once and hung up."""

    def __init__(self, uri: str) -> None:
        """Listen; raise DoorstepError."""
        parts = urlsplit(uri)
        if parts.scheme != "http" or not is_this_machine(parts.hostname or ""):
            raise DoorstepError(f"{uri} is not on this machine")
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        self.path = parts.path or "/"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            port = parts.port if parts.port is not None else 80
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(4)
        except (OSError, ValueError) as error:
            self._socket.close()
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise DoorstepError(f"expected to listen on {uri}, got: {said}") from error
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def take(self, method: str, judge: Callable[[Visit], Reply]) -> str | None:
        """Answer one visitor by what ``judge`` makes of it, only on our path by ``method``; return what was found.

        Raises the reply's refusal. A visitor that leaves early brought nothing: a browser opens another connection.
        """
        with self.accept() as visitor:
            try:
                visit = read_visit(visitor)
            except OSError:
                return None
            if visit.method != method or urlsplit(visit.target).path != self.path:
                answer_visit(visitor, "404 Not Found", "nothing here")
                return None
            reply = judge(visit)
            answer_visit(visitor, reply.status, reply.text)
        if reply.refusal is not None:
            raise reply.refusal
        return reply.found

    def accept(self) -> socket.socket:
        """Return the next visitor; raises OSError."""
        visitor, _ = self._socket.accept()
        return visitor


def read_visit(visitor: socket.socket) -> Visit:
    """Return a visitor's request; raise OSError for one that is late, too long or none."""
    deadline = time.monotonic() + _VISITOR_SECONDS
    data = b""
    while True:
        head, separator, body = data.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            break
        left = deadline - time.monotonic()
        if left <= 0 or len(data) > _LONGEST_REQUEST:
            raise TimeoutError("expected a short request soon, got none")
        visitor.settimeout(left)
        part = visitor.recv(4_096)
        if not part:
            raise ConnectionError("expected a request, got an end")
        data += part
    words = head.split(b"\r\n", 1)[0].decode("ascii", "replace").split()
    if len(words) != 3:
        raise ConnectionError("expected an HTTP request, got something else")
    return Visit(words[0], words[1], body[: _length(head)])


def answer_visit(visitor: socket.socket, status: str, text: str) -> None:
    """Tell a visitor something; one that has left hears nothing, which is no fault."""
    try:
        visitor.sendall(_PAGE.format(status=status, length=len(text.encode()), text=text).encode())
    except OSError:
        return


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
