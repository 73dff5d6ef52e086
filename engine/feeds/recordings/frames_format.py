"""Our own recording: the broker's frames byte for byte, each with its arrival, and what else shaped the session.

A file is a magic number and one zstandard stream of records. A record is eight bytes (kind and length, microseconds
since the record before) and its payload. The first record is the header; all but frames are JSON.
"""

import struct
from datetime import date
from typing import Final

import msgspec

from engine.auction.values.levels import PriorLevels
from engine.instruments.eligibility import Barred
from engine.market.circuits import Circuits
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed, MissedMinutes

MAGIC: Final = b"\x89CKPTREC"
SUFFIX: Final = ".frames"
VERSION: Final = 1

HEADER: Final = 0
FRAME: Final = 1
EVENT: Final = 2
CLOCK: Final = 3
"""Sets the time where it stepped further than a record can say, or back: eight bytes, the instant."""

LONGEST: Final = (1 << 24) - 1
"""Bytes one record may hold."""
_LONGEST_STEP: Final = (1 << 32) - 1
_START: Final = struct.Struct("<II")
_INSTANT: Final = struct.Struct("<q")
START_SIZE: Final = _START.size


class RecordingHeader(msgspec.Struct, frozen=True):
    """What a session began with: enough to play it again without asking anybody."""

    day: date
    clock: str
    """wall or feed: what the arrivals follow."""
    begins: Instant
    """Where the run's clock stood as it began."""
    instruments: tuple[Instrument, ...]
    """In watchlist order."""
    run: str = ""
    part: int = 0
    """Which of the run's lives it tells of, from 1; 0 where nobody counted."""
    prior: dict[str, PriorLevels] = {}
    seeds: tuple[InstrumentSeed, ...] = ()
    settings: str = ""
    """Digest of the settings the run began under."""
    version: int = VERSION


class Connected(msgspec.Struct, frozen=True, tag="connected"):
    """A connection was opened: the next packet of each instrument is a snapshot."""


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The connection ended."""

    reason: str


class Backfilled(msgspec.Struct, frozen=True, tag="backfilled"):
    """Minutes that the feed had not told were had from elsewhere."""

    missed: MissedMinutes


class InstrumentsAdded(msgspec.Struct, frozen=True, tag="followed"):
    """Instruments were added while the session ran."""

    instruments: tuple[Instrument, ...]
    prior: dict[str, PriorLevels] = {}
    seeds: tuple[InstrumentSeed, ...] = ()
    """Their session before they were followed, each with its arrival."""


class InstrumentsDropped(msgspec.Struct, frozen=True, tag="unfollowed"):
    """Instruments were dropped while the session ran."""

    keys: tuple[str, ...]


class ListsTaken(msgspec.Struct, frozen=True, tag="listed"):
    """The broker's lists of the day were taken up while the session ran."""

    barred: Barred


class Banded(msgspec.Struct, frozen=True, tag="banded"):
    """Circuit limits were read while the session ran."""

    circuits: Circuits


class RecordingEnded(msgspec.Struct, frozen=True, tag="ended"):
    """The recording was closed on purpose; without this it was cut off."""

    reason: str


SessionEvent = (
    Connected
    | Broken
    | Backfilled
    | InstrumentsAdded
    | InstrumentsDropped
    | ListsTaken
    | Banded
    | RecordingEnded
)

_encoder: Final = msgspec.json.Encoder()
_header_decoder: Final = msgspec.json.Decoder(RecordingHeader)
_event_decoder: Final = msgspec.json.Decoder(SessionEvent)


class _Version(msgspec.Struct):
    version: int


_version_decoder: Final = msgspec.json.Decoder(_Version)


class RecordWriter:
    """Turns records into bytes; knows the time of the record before."""

    __slots__ = ("_time",)

    def __init__(self) -> None:
        self._time: Instant = 0

    def header(self, header: RecordingHeader) -> bytes:
        """Return a header's record; raise ValueError for one that is too long."""
        return self._record(HEADER, _encoder.encode(header), self._time)

    def frame(self, raw: bytes, arrival: Instant) -> bytes:
        """Return a frame's record; raise ValueError for one that is too long."""
        return self._record(FRAME, raw, arrival)

    def event(self, event: SessionEvent, arrival: Instant) -> bytes:
        """Return an event's record; raise ValueError for one that is too long."""
        return self._record(EVENT, _encoder.encode(event), arrival)

    def _record(self, kind: int, payload: bytes, arrival: Instant) -> bytes:
        size = len(payload)
        if size > LONGEST:
            raise ValueError(f"expected a record of at most {LONGEST} bytes, got {size}")
        step, self._time = arrival - self._time, arrival
        if 0 <= step <= _LONGEST_STEP:
            return _START.pack(kind << 24 | size, step) + payload
        clock = _START.pack(CLOCK << 24 | _INSTANT.size, 0) + _INSTANT.pack(arrival)
        return clock + _START.pack(kind << 24 | size, 0) + payload


Record = tuple[int, Instant, bytes]
"""Kind, arrival and payload."""


class RecordReader:
    """Turns bytes back into records, whatever pieces they come in."""

    __slots__ = ("_rest", "_time", "_wanted")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = START_SIZE
        self._time: Instant = 0

    @property
    def torn(self) -> bool:
        """Whether the bytes so far end inside a record."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[Record]:
        """Return the records that are whole now."""
        self._rest += data
        if len(self._rest) < self._wanted:
            # Put together only when whole: copied for each piece, a long record would cost its square.
            return []
        data = bytes(self._rest)
        records: list[Record] = []
        self._wanted = START_SIZE
        position, size = 0, len(data)
        time = self._time
        while position + START_SIZE <= size:
            word, step = _START.unpack_from(data, position)
            begin = position + START_SIZE
            end = begin + (word & LONGEST)
            if end > size:
                self._wanted = end - position
                break
            position = end
            kind = word >> 24
            if kind == CLOCK and end - begin == _INSTANT.size:
                (time,) = _INSTANT.unpack_from(data, begin)
                continue
            time += step
            records.append((kind, time, data[begin:end]))
        self._rest, self._time = bytearray(data[position:]), time
        return records


def header_of(payload: bytes) -> RecordingHeader:
    """Return a header; raise ValueError naming a version we cannot read or what is wrong with it."""
    version = _version_decoder.decode(payload).version
    if version != VERSION:
        raise ValueError(f"expected a recording of version {VERSION}, got version {version}")
    return _header_decoder.decode(payload)


def event_of(payload: bytes) -> SessionEvent:
    """Return an event; raise ValueError for one that nobody here knows."""
    event: SessionEvent = _event_decoder.decode(payload)
    return event
