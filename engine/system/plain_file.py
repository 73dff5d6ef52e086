"""Reading files that others made: only plain ones, never waiting, and never more than was expected of them."""

import errno
import os
import stat
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Final

from engine.system.errors import CockpitError, ErrorKind

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_OR_ZLIB_HEADER: Final = 31


class OversizeError(CockpitError, ValueError):
    """A file that holds more than anything of its kind; says what was expected."""

    kind = ErrorKind.DAMAGED


NOT_PLAIN: Final = "it is no plain file but a directory, pipe or device"


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading; raises OSError, also for a pipe, a device or a directory, and waits for none."""
    descriptor = plain_descriptor(path, os.O_RDONLY)
    return open(descriptor, "rb")  # noqa: PTH123 - a descriptor, for the caller to close


def plain_descriptor(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file as ``os.open`` does; raises OSError, also for a pipe, a device or a directory, and waits for none."""
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError as error:
        # What opening a socket, a pipe without a reader or a directory says, says nothing to a person.
        if error.errno in (errno.ENXIO, errno.ENODEV, errno.EISDIR) or not is_plain_or_absent(path):
            raise _not_plain(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_plain(path)
    return descriptor


def is_plain_or_absent(path: Path) -> bool:
    """Say whether a place holds a plain file, or nothing that could be seen."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return error.errno != errno.ELOOP


def _not_plain(path: Path) -> OSError:
    return OSError(errno.EINVAL, NOT_PLAIN, os.fspath(path))


def read_plain(path: Path, most: int) -> bytes:
    """Return a file's content of at most ``most`` bytes; raises OSError, OversizeError for more."""
    with open_plain(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OversizeError(f"expected at most {most} bytes, got more")
    return content


def gunzip(data: bytes, most: int) -> bytes:
    """Return what a gzip file of one or more members unpacks to, at most ``most`` bytes.

    Raises OversizeError for more, zlib.error for what is broken, EOFError for what is cut off.
    """
    pieces: list[bytes] = []
    room = most + 1
    while data.startswith(_GZIP_MAGIC):
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB_HEADER)
        piece = unpacker.decompress(data, room)
        room -= len(piece)
        if room <= 0:
            raise OversizeError(f"expected at most {most} bytes unpacked, got more")
        if not unpacker.eof:
            raise EOFError("the compressed file ends before its end")
        pieces.append(piece)
        # Anything else after the end is padding.
        data = unpacker.unused_data.lstrip(b"\0")
    return b"".join(pieces)
