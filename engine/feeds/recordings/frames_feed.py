"""A recorded live session as a market: the same frames, arrivals and order, through the same decoder."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from engine.auction.values.levels import PriorLevels
from engine.feeds.day_feed import DayFeed, identity_of
from engine.feeds.feed import FeedItem
from engine.feeds.recordings.frame_records import is_frame_recording, records_of, unreadable
from engine.feeds.recordings.frames_format import (
    EVENT,
    FRAME,
    HEADER,
    Backfilled,
    Banded,
    Connected,
    InstrumentsAdded,
    ListsTaken,
    RecordingEnded,
    RecordingHeader,
    SessionEvent,
    event_of,
    header_of,
)
from engine.feeds.recordings.json_file import RecordingError
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import updates_from_frame
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed
from engine.market.ticks import ticks_of
from engine.system.plain_file import open_plain

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class FrameFile:
    """What a survey of one recording found."""

    path: Path
    digest: str
    header: RecordingHeader
    instruments: tuple[Instrument, ...]
    """Those it began with and those that were added."""
    prior: Mapping[str, PriorLevels]
    frames: int
    events: int
    first_arrival: Instant | None
    last_arrival: Instant | None
    ended: str | None
    """Why it was closed; None for one that was cut off."""
    ended_at: Instant | None = None
    """Where the session's clock stood then."""

    @property
    def name(self) -> str:
        """The file's name for messages."""
        return self.path.name


def survey_frames(path: Path) -> FrameFile:
    """Read a recording once and return what it holds; raise RecordingError for one that cannot be played."""
    header: RecordingHeader | None = None
    instruments: dict[str, Instrument] = {}
    prior: dict[str, PriorLevels] = {}
    frames = events = 0
    first: Instant | None = None
    last: Instant | None = None
    ended: str | None = None
    ended_at: Instant | None = None
    try:
        for kind, arrival, payload in records_of(path):
            if header is None:
                header = _header(path, kind, payload)
                instruments.update((instrument.key, instrument) for instrument in header.instruments)
                prior.update(header.prior)
            elif kind == FRAME:
                frames += 1
                first = arrival if first is None else first
                last = arrival
            elif kind == EVENT:
                events += 1
                event = _event(payload)
                if isinstance(event, InstrumentsAdded):
                    instruments.update((instrument.key, instrument) for instrument in event.instruments)
                    prior.update(event.prior)
                elif isinstance(event, RecordingEnded):
                    ended, ended_at = event.reason, arrival
        with open_plain(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error
    if header is None:
        raise RecordingError(f"{path}: expected a recording with its header, got one cut off before it")
    return FrameFile(
        path=path,
        digest=digest,
        header=header,
        instruments=tuple(instruments.values()),
        prior=prior,
        frames=frames,
        events=events,
        first_arrival=first,
        last_arrival=last,
        ended=ended,
        ended_at=ended_at,
    )


class RecordedFrames(DayFeed):
    """One day of recorded frames, pulled update by update in arrival order.

    Inside a file the file's order stands, and the lives of one run follow one another, whatever a clock that was set
    back made of their arrivals; ties between runs go to the one that began first. Each file is decoded by itself, as
    the engine that wrote it did.
    """

    def __init__(
        self, files: Sequence[FrameFile], instruments: Mapping[str, Instrument] | None = None
    ) -> None:
        self._files = tuple(sorted(files, key=_place_of))
        self._day = self._files[0].header.day
        known = instruments or {}
        self._instruments: dict[str, Instrument] = {}
        self._prior: dict[str, PriorLevels] = {}
        seeds: dict[str, InstrumentSeed] = {}
        for file in self._files:
            for instrument in file.instruments:
                self._instruments.setdefault(instrument.key, known.get(instrument.key, instrument))
            for key, levels in file.prior.items():
                self._prior.setdefault(key, levels)
            for seed in file.header.seeds:
                seeds.setdefault(seed.instrument, seed)
        self._seeds = tuple(seeds.values())
        ticks = ticks_of(self._instruments)
        self._decoders = tuple(PacketDecoder(ticks) for _ in self._files)
        self._unknown = 0
        streams: dict[str, list[Iterator[FeedItem]]] = {}
        for file, decoder in zip(self._files, self._decoders, strict=True):
            # A file that no run counted stands by itself.
            name = file.header.run if file.header.part else file.digest
            streams.setdefault(name, []).append(self._updates(file, decoder))
        self._streams = [chain.from_iterable(lives) for lives in streams.values()]
        self._heads: list[tuple[Instant, int, FeedItem]] | None = None
        self._only = self._streams[0] if len(self._streams) == 1 else None

    @property
    def files(self) -> tuple[FrameFile, ...]:
        """What is played, in the order it began."""
        return self._files

    @property
    def run(self) -> str:
        """The run that was recorded first; empty where the recording does not tell."""
        return self._files[0].header.run

    @property
    def begins(self) -> Instant:
        """Where the clock of the first recorded run stood as it began."""
        return self._files[0].header.begins

    @property
    def ends(self) -> Instant | None:
        """Where the clock stood as the last recorded run ended; None where it was cut off."""
        return self._files[-1].ended_at

    @property
    def identity(self) -> str:
        """A digest of the files and of the ticks and lots they are read with."""
        return identity_of((file.digest for file in self._files), self._instruments)

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many packets per instrument could not be read so far ("" collects those without one)."""
        return _sum(decoder.rejected for decoder in self._decoders)

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Why packets were rejected so far."""
        return _sum(decoder.reasons for decoder in self._decoders)

    @property
    def quirks(self) -> Mapping[Quirk, int]:
        """Which oddities were survived so far."""
        return _sum(decoder.quirks for decoder in self._decoders)

    @property
    def unknown_records(self) -> int:
        """How many records of a kind nobody here knows were passed over so far."""
        return self._unknown

    @property
    def truncated(self) -> tuple[str, ...]:
        """The names of files that were cut off."""
        return tuple(sorted(file.name for file in self._files if file.ended is None))

    @property
    def last_arrival(self) -> Instant | None:
        """The latest arrival of a frame in any file; None where there is none."""
        return max((file.last_arrival for file in self._files if file.last_arrival is not None), default=None)

    def read(self) -> FeedItem | None:
        """Return the next update, or None at the end."""
        if self._only is not None:
            return next(self._only, None)
        if self._heads is None:
            self._heads = [
                (update.arrival, index, update)
                for index, stream in enumerate(self._streams)
                if (update := next(stream, None)) is not None
            ]
            heapify(self._heads)
        if not self._heads:
            return None
        _, index, update = self._heads[0]
        following = next(self._streams[index], None)
        if following is None:
            heappop(self._heads)
        else:
            heapreplace(self._heads, (following.arrival, index, following))
        return update

    def _updates(self, file: FrameFile, decoder: PacketDecoder) -> Iterator[FeedItem]:
        for kind, arrival, payload in records_of(file.path):
            if kind == FRAME:
                try:
                    frame = updates_from_frame(payload, arrival, decoder)
                except DecodeError:
                    # Counted by the decoder: one broken frame must not end the day.
                    continue
                yield from frame.updates
            elif kind == EVENT:
                event = _event(payload)
                if event is None:
                    self._unknown += 1
                    continue
                if isinstance(event, Connected):
                    decoder.break_off()
                elif isinstance(event, Backfilled):
                    yield event.missed
                elif isinstance(event, InstrumentsAdded):
                    # Not with what the session began with: nobody knew it before.
                    yield from event.seeds
                elif isinstance(event, ListsTaken):
                    yield event.barred
                elif isinstance(event, Banded):
                    yield event.circuits
            elif kind != HEADER:
                self._unknown += 1


def open_frame_recordings(
    paths: Iterable[Path], *, instruments: Mapping[str, Instrument] | None = None
) -> RecordedFrames:
    """Return the feed of our own recordings of one day; raise RecordingError before anything starts.

    ``instruments`` (the master's) win over the definitions that were recorded.
    """
    files: dict[str, FrameFile] = {}
    for path in map(Path, paths):
        if not is_frame_recording(path):
            raise RecordingError(
                f"{path}: expected a recording of our own like the others, got something else"
            )
        file = survey_frames(path)
        if file.digest in files:
            raise RecordingError(
                f"{path}: expected each recording once, got the same content as {files[file.digest].path}"
            )
        files[file.digest] = file
    if not files:
        raise RecordingError("expected at least one recording, got none")
    days = sorted({file.header.day for file in files.values()})
    if len(days) > 1:
        where = "; ".join(f"{file.name}: {file.header.day}" for file in files.values())
        raise RecordingError(f"expected recordings of one day, got {len(days)} days ({where})")
    if not any(file.frames for file in files.values()):
        names = ", ".join(file.name for file in files.values())
        raise RecordingError(f"{names}: expected at least one frame, got none")
    return RecordedFrames(tuple(files.values()), instruments)


def _header(path: Path, kind: int, payload: bytes) -> RecordingHeader:
    if kind != HEADER:
        raise RecordingError(
            f"{path}: expected a recording that begins with its header, got record kind {kind}"
        )
    try:
        return header_of(payload)
    except RecursionError as error:
        raise RecordingError(f"{path}: expected a header, got one nested too deeply") from error
    except ValueError as error:
        raise RecordingError(f"{path}: expected a readable header, got: {error}") from error


def _event(payload: bytes) -> SessionEvent | None:
    try:
        return event_of(payload)
    except (ValueError, RecursionError):
        return None


def _place_of(file: FrameFile) -> tuple[Instant, str, int, str]:
    """Return where a file stands among others: by the beginning of its run, then by its life in it."""
    header = file.header
    return header.begins, header.run if header.part else "", header.part, file.digest


def _sum(counts: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    total: dict[_Key, int] = {}
    for one in counts:
        for key, count in one.items():
            total[key] = total.get(key, 0) + count
    return total
