"""One recorded file, read as a stream: survey first (who, when, how far), then packets batch by batch.

A day is 250 MB of JSON in 5 MB of gzip: it is never held in memory, and the first packets are there before the
last ones are unpacked.
"""

import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from engine.feeds.wire.packet import RecordedPacket, packet_of_text
from engine.system.errors import CockpitError
from engine.system.plain_file import open_plain

_CHUNK: Final = 1 << 14
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_GZIP_OR_ZLIB_HEADER: Final = 31
_OVERLAP: Final = 256
_LONGEST_PACKET: Final = 1 << 20
"""Bytes without the name of an instrument: a packet has about 2,500."""
_MOST_INSTRUMENTS: Final = 5_000
"""More than one connection to the broker can carry."""
_ALWAYS_UNPACKED: Final = 64 << 20
_MOST_UNPACKED: Final = 4 << 30
_MOST_FOLD: Final = 200
"""Bytes unpacked from one: a day of packets has about 50."""
_MOST_AT_ONCE: Final = 1 << 20
_LONGEST_BATCH: Final = 4 << 20
_KEY: Final = re.compile(rb'"instrumentKey"\s*:\s*"([^"\\]{1,100})"')
_ARRIVAL: Final = re.compile(rb'"_insertion_time"\s*:\s*"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?)"')
_FIRST_RECORD: Final = re.compile(
    rb'\s*\[(\s*\{\s*"(?:fullFeed|firstLevelWithGreeks|requestMode|instrumentKey|_insertion_time)")'
)
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}]', re.DOTALL)
"""A string without its end takes the rest: read again from each of its quotes it would take for ever."""
_BETWEEN: Final = b" \t\r\n,"
_SPACE: Final = b" \t\r\n"
_AROUND: Final = b" \t\r\n,[]"

_decode_batch: Final = msgspec.json.Decoder(list[RecordedPacket], strict=False).decode
_decode_packet: Final = msgspec.json.Decoder(RecordedPacket, strict=False).decode


class RecordingError(CockpitError, ValueError):
    """A recording that cannot be played: says which file, what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no packet: its instrument where it can be told, and why."""

    instrument: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """What a survey of one file found."""

    path: Path
    digest: str
    """SHA-256 of the compressed bytes."""
    keys: tuple[str, ...]
    days: tuple[str, ...]
    """Dates of arrival, ISO, rising."""
    last_arrival: str
    truncated: bool

    @property
    def name(self) -> str:
        """The file's name for messages."""
        return self.path.name


def survey(path: Path) -> RecordedFile:
    """Unpack a file once and return what it holds; raise RecordingError for one that cannot be played."""
    try:
        with open_plain(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecordingError(
            f"{path}: expected a readable recording, got: {error.strerror or error}"
        ) from error
    if not size:
        raise RecordingError(f"{path}: expected a gzip recording, got an empty file")
    keys: dict[bytes, None] = {}
    stamps: set[bytes] = set()
    newest = b""
    unpacked = _Unpacked(path)
    tail = b""
    started = False
    nameless = 0
    for chunk in unpacked:
        window = tail + chunk
        if not started and window.strip(_SPACE):
            if not window.lstrip(_SPACE).startswith(b"["):
                raise RecordingError(
                    f"{path}: expected a JSON array of packets, got {window.lstrip(_SPACE)[:20]!r}"
                )
            started = True
        found = _KEY.findall(window)
        keys.update(dict.fromkeys(found))
        nameless = 0 if found else nameless + len(chunk)
        if nameless > _LONGEST_PACKET:
            raise RecordingError(
                f"{path}: expected packets with instrumentKey, got {_LONGEST_PACKET} bytes without one"
            )
        if len(keys) > _MOST_INSTRUMENTS:
            raise RecordingError(f"{path}: expected at most {_MOST_INSTRUMENTS} instruments, got more")
        arrivals = _ARRIVAL.findall(window)
        if arrivals:
            newest = max(newest, *arrivals)
            stamps.update({arrival[:10] for arrival in arrivals})
        tail = window[-_OVERLAP:]
    if not started:
        raise RecordingError(f"{path}: expected a JSON array of packets, got nothing readable")
    if not keys or not stamps:
        missing = "_insertion_time" if keys else "instrumentKey"
        raise RecordingError(f"{path}: expected packets with {missing}, got none that can be read")
    return RecordedFile(
        path=path,
        digest=digest,
        keys=tuple(key.decode("utf-8", "replace") for key in keys),
        days=tuple(sorted(stamp.decode("ascii") for stamp in stamps)),
        last_arrival=newest.decode("ascii"),
        truncated=unpacked.truncated or not tail.rstrip(_SPACE).endswith(b"]"),
    )


def packets(path: Path) -> Iterator[RecordedPacket | Unreadable]:
    """Yield a surveyed file's packets in file order; what follows a break in the file is left out."""
    pending = b""
    mark = b""
    for chunk in _Unpacked(path):
        pending += chunk
        if len(pending) > _LONGEST_BATCH:
            yield from _batch(pending, mark, final=False)
            pending = b""
            continue
        if not mark:
            first = _FIRST_RECORD.match(pending)
            if first is None:
                continue
            mark = first.group(1)
        cut = pending.rfind(mark)
        if cut > len(mark) + 1:
            yield from _batch(pending[:cut], mark, final=False)
            pending = pending[cut:]
    yield from _batch(pending, mark, final=True)


def _batch(text: bytes, mark: bytes, *, final: bool) -> Iterator[RecordedPacket | Unreadable]:
    body = text.strip(_BETWEEN).removeprefix(b"[").strip(_BETWEEN)
    whole = body.endswith(b"]")
    try:
        yield from _decode_batch(b"[" + body + (b"" if whole else b"]"))
    except (ValueError, RecursionError):
        # Decoded as a whole or not at all, so nothing of this batch was delivered yet.
        yield from _one_by_one(body, mark, cut_off=final and not whole)


def _one_by_one(body: bytes, mark: bytes, *, cut_off: bool) -> Iterator[RecordedPacket | Unreadable]:
    position = 0
    while position < len(body):
        start = body.find(b"{", position)
        between = body[position : start if start >= 0 else len(body)].strip(_AROUND)
        if between:
            yield Unreadable("", f"expected a packet, got {between[:20]!r}")
        if start < 0:
            return
        following = body.find(mark, start + 1) if mark else -1
        limit = following if following >= 0 else len(body)
        end = _end_of_object(body, start, limit)
        if end is not None:
            yield _read_one(body[start:end])
            position = end
        elif following < 0 and cut_off:
            # The file ends inside this packet: the survey calls it truncated.
            return
        else:
            yield Unreadable(_key_of(body[start:limit]), "expected a whole packet, got one without its end")
            position = limit


def _end_of_object(body: bytes, start: int, limit: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(body, start, limit):
        sign = token.group()
        if sign == b"{":
            depth += 1
        elif sign == b"}":
            depth -= 1
            if not depth:
                return token.end()
    return None


def _read_one(text: bytes) -> RecordedPacket | Unreadable:
    try:
        return _decode_packet(text)
    except (ValueError, RecursionError):
        pass
    try:
        return packet_of_text(text)
    except (ValueError, RecursionError) as error:
        return Unreadable(_key_of(text), str(error))


def _key_of(text: bytes) -> str:
    key = _KEY.search(text)
    return key.group(1).decode("utf-8", "replace") if key else ""


class _Unpacked:
    """The unpacked chunks of a gzip file, as far as they can be read; ``truncated`` is known at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.truncated = False

    def __iter__(self) -> Iterator[bytes]:
        begun = False
        for text in self._texts():
            yield text if begun else text.removeprefix(_BYTE_ORDER_MARK)
            begun = True

    def _texts(self) -> Iterator[bytes]:
        with open_plain(self._path) as file:
            room = min(max(_ALWAYS_UNPACKED, os.fstat(file.fileno()).st_size * _MOST_FOLD), _MOST_UNPACKED)
            data = file.read(_CHUNK)
            if not data.startswith(_GZIP_MAGIC):
                raise RecordingError(f"{self._path}: expected a gzip file, got one that begins {data[:8]!r}")
            unpacker = zlib.decompressobj(_GZIP_OR_ZLIB_HEADER)
            while data:
                try:
                    text = unpacker.decompress(data, _MOST_AT_ONCE)
                except zlib.error:
                    self.truncated = True
                    return
                room -= len(text)
                if room < 0:
                    raise RecordingError(
                        f"{self._path}: expected at most {_MOST_FOLD} bytes packed into one and "
                        f"{_MOST_UNPACKED >> 30} GiB in all, got more"
                    )
                if text:
                    yield text
                if unpacker.eof:
                    # Gzip files may be concatenated; anything else after the end is padding.
                    data = unpacker.unused_data or file.read(_CHUNK)
                    if not data.startswith(_GZIP_MAGIC):
                        return
                    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB_HEADER)
                else:
                    data = unpacker.unconsumed_tail or file.read(_CHUNK)
        self.truncated = True
