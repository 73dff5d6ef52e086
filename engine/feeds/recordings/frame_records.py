"""The records of one recording of our own, read piece by piece, whatever it was made to unpack to."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import zstandard

from engine.feeds.recordings.frames_format import FRAME, MAGIC, Record, RecordReader
from engine.feeds.recordings.json_file import RecordingError
from engine.market.clock import Instant
from engine.system.plain_file import open_plain

_CHUNK: Final = 1 << 8
"""What a broken byte can take with it: a second or less. It unpacks to at most 8 MB, whatever the file says."""
_ALWAYS_UNPACKED: Final = 32 << 20
_MOST_FOLD: Final = 100
"""Bytes unpacked from one: a day of frames has about 5."""


def is_frame_recording(path: Path) -> bool:
    """Say whether a file begins like a recording of our own; raises RecordingError for one that cannot be read."""
    try:
        with open_plain(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise unreadable(path, error) from error


def records_of(path: Path) -> Iterator[Record]:
    """Yield the whole records of a recording, header first; what a torn or broken end held is left out.

    Raises RecordingError for one that unpacks to more than any recording does.
    """
    reader = RecordReader()
    for text in _texts(path):
        yield from reader.feed(text)


def is_cut_short(path: Path) -> bool:
    """Say whether a recording ends before its header does: its life was over before anything could be recorded.

    Something else than the beginning of a recording is damage, not that. Raises RecordingError.
    """
    reader, stream = RecordReader(), zstandard.ZstdDecompressor().decompressobj()
    room = _ALWAYS_UNPACKED
    try:
        with open_plain(path) as file:
            if (magic := file.read(len(MAGIC))) != MAGIC:
                return MAGIC.startswith(magic)
            while data := file.read(_CHUNK):
                if stream.eof or reader.feed(text := stream.decompress(data)):
                    return False
                room -= len(text)
                if room < 0:
                    return False
    except zstandard.ZstdError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def frames_of(path: Path) -> Iterator[tuple[Instant, bytes]]:
    """Yield arrival and bytes of every frame of a recording."""
    return ((arrival, payload) for kind, arrival, payload in records_of(path) if kind == FRAME)


def unreadable(path: Path, error: OSError) -> RecordingError:
    """Return the refusal of a recording that the system does not let us read."""
    return RecordingError(f"{path}: expected a readable recording, got: {error.strerror or error}")


def _texts(path: Path) -> Iterator[bytes]:
    with open_plain(path) as file:
        room = max(_ALWAYS_UNPACKED, os.fstat(file.fileno()).st_size * _MOST_FOLD)
        file.seek(len(MAGIC))
        stream = zstandard.ZstdDecompressor().decompressobj()
        while data := file.read(_CHUNK):
            try:
                text = stream.decompress(data)
            except zstandard.ZstdError:
                return
            room -= len(text)
            if room < 0:
                raise RecordingError(f"{path}: expected at most {_MOST_FOLD} bytes packed into one, got more")
            if text:
                yield text
            if stream.eof:
                return
