"""A websocket with nothing between the test and the wire: it answers no ping and sends none by itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.fake.desk import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_EXTENDED = 126
_LONG = 127


class BareSocket:
    """An open websocket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        while self._stream.readline().strip():
            pass

    def opcode(self) -> int:
        """Read one frame and return its kind; raise TimeoutError when nothing comes."""
        first, length = self._stream.read(2)
        if length == _EXTENDED:
            length = int.from_bytes(self._stream.read(2))
        elif length == _LONG:
            length = int.from_bytes(self._stream.read(8))
        self._stream.read(length)
        return int(first & 0x0F)

    def falls_silent(self) -> bool:
        """Read what was under way; say whether nothing but the server's pings came before patience ended."""
        try:
            while self.opcode() == PING:
                continue
        except TimeoutError:
            return True
        return False

    def ping(self) -> None:
        self._connection.sendall(bytes((0x80 | PING, 0x80, 0, 0, 0, 0)))

    def patience(self, seconds: float) -> None:
        self._connection.settimeout(seconds)


@contextmanager
def bare_socket(address: str) -> Iterator[BareSocket]:
    """Open an authorized address."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), PATIENCE) as connection:
        connection.sendall(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        yield BareSocket(connection)
