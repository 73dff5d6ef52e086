"""Who is at the other end of a Unix socket, as the kernel says."""

import socket
import struct
from collections.abc import Callable
from typing import Final

PeerUid = Callable[[socket.socket], int]

_LINUX: Final = struct.Struct("3i")
_DARWIN: Final = struct.Struct("2I")
_DARWIN_LOCAL_PEERCRED: Final = 1


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end."""
    if hasattr(socket, "SO_PEERCRED"):
        return int(_linux(connection)[1])
    # struct xucred of sys/ucred.h: a version, then the effective user id.
    content = connection.getsockopt(0, _DARWIN_LOCAL_PEERCRED, 76)
    return int(_DARWIN.unpack(content[: _DARWIN.size])[1])


def peer_pid(connection: socket.socket) -> int | None:
    """Return the process id at the other end where the system tells it."""
    return int(_linux(connection)[0]) if hasattr(socket, "SO_PEERCRED") else None


def _linux(connection: socket.socket) -> tuple[int, ...]:
    return _LINUX.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX.size))
