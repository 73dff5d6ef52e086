"""Recorded sessions as a market: several files merged by arrival into one day of updates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.auction.levels import PriorLevels
from engine.feeds.recording_file import RecordedFile, RecordingError, Unreadable, packets, survey
from engine.market.clock import Instant
from engine.market.decoding import PacketDecoder
from engine.market.instrument import Instrument
from engine.market.master import MasterError, infer_instrument
from engine.market.oddities import DecodeError, Quirk, Reason
from engine.market.packet import ArrivalClock
from engine.market.seed import InstrumentSeed
from engine.market.update import MarketUpdate

__all__ = ["RecordingError", "RecordingFeed", "open_recordings"]

_SAMPLE_STEPS: Final = 100
"""Volume steps after which an instrument's lot is taken as known."""


class RecordingFeed:
    """One recorded day, pulled update by update in arrival order.

    Inside a file the file's order stands and arrival never goes back; ties between files go by instrument key.
    """

    def __init__(
        self, files: Sequence[RecordedFile], instruments: Mapping[str, Instrument], day: date
    ) -> None:
        self._instruments = dict(instruments)
        self._day = day
        # The order of delivery must not hang on the order in which the files were named.
        self._files = tuple(sorted(files, key=lambda file: file.digest))
        self._decoder = PacketDecoder({key: instrument.tick for key, instrument in instruments.items()})
        self._heads: list[tuple[Instant, str, int, MarketUpdate]] | None = None
        self._streams = [self._updates(file) for file in self._files]

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what is traded, in the order of the files given."""
        return self._instruments

    @property
    def day(self) -> date:
        """Return the trading date."""
        return self._day

    @property
    def identity(self) -> str:
        """Return a digest of the files and of the ticks and lots they are read with."""
        digest = sha256()
        for file in self._files:
            digest.update(f"{file.digest}\n".encode())
        for key in sorted(self._instruments):
            instrument = self._instruments[key]
            digest.update(f"{key} {instrument.kind} {instrument.tick} {instrument.lot}\n".encode())
        return digest.hexdigest()

    @property
    def seeds(self) -> tuple[InstrumentSeed, ...]:
        """Return nothing: a recording knows only what it recorded."""
        return ()

    @property
    def prior(self) -> Mapping[str, PriorLevels]:
        """Return nothing: a recording of one day knows no other."""
        return MappingProxyType({})

    @property
    def rejected(self) -> Mapping[str, int]:
        """Return how many packets per instrument could not be read so far ("" collects those without one)."""
        return self._decoder.rejected

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Return why packets were rejected so far."""
        return self._decoder.reasons

    @property
    def quirks(self) -> Mapping[Quirk, int]:
        """Return which oddities were survived so far."""
        return self._decoder.quirks

    @property
    def truncated(self) -> tuple[str, ...]:
        """Return the names of files that ended before their end."""
        return tuple(sorted(file.name for file in self._files if file.truncated))

    @property
    def last_arrival(self) -> Instant:
        """Return the latest arrival recorded in any file."""
        clock = ArrivalClock()
        return max(clock.read(file.last_arrival) for file in self._files)

    @property
    def next_arrival(self) -> Instant | None:
        """Return when the next update arrives, or None at the end; nothing is delivered."""
        heads = self._merging()
        return heads[0][0] if heads else None

    def read(self) -> MarketUpdate | None:
        """Return the next update, or None at the end."""
        heads = self._merging()
        if not heads:
            return None
        _, _, index, update = heads[0]
        following = next(self._streams[index], None)
        if following is None:
            heappop(heads)
        else:
            heapreplace(heads, (following.arrival, following.instrument, index, following))
        return update

    def _merging(self) -> list[tuple[Instant, str, int, MarketUpdate]]:
        if self._heads is None:
            self._heads = [
                (update.arrival, update.instrument, index, update)
                for index, stream in enumerate(self._streams)
                if (update := next(stream, None)) is not None
            ]
            heapify(self._heads)
        return self._heads

    def _updates(self, file: RecordedFile) -> Iterator[MarketUpdate]:
        decoder = self._decoder
        clock = ArrivalClock()
        newest: Instant = 0
        for packet in packets(file.path):
            if isinstance(packet, Unreadable):
                decoder.reject(Reason.MALFORMED, packet.instrument, packet.text)
                continue
            if packet.instrumentKey not in self._instruments:
                decoder.reject(
                    Reason.NO_INSTRUMENT,
                    packet.instrumentKey,
                    f"expected a known instrument, got {packet.instrumentKey!r}",
                )
                continue
            try:
                newest = max(newest, clock.read(packet.insertion_time))
            except ValueError as error:
                decoder.reject(Reason.BAD_TIME, packet.instrumentKey, str(error))
                continue
            try:
                yield decoder.update_from_recorded(packet, newest)
            except DecodeError:
                # Counted by the decoder: one bad packet must not end the day.
                continue


def open_recordings(
    paths: Iterable[Path], *, instruments: Mapping[str, Instrument] | None = None
) -> RecordingFeed:
    """Return the feed of recorded files of one day; raise RecordingError before anything starts.

    ``instruments`` (the master's) win; what they do not name is inferred from the recording and marked INFERRED.
    """
    files = [survey(Path(path)) for path in paths]
    if not files:
        raise RecordingError("expected at least one recording, got none")
    digests: dict[str, RecordedFile] = {}
    for file in files:
        if file.digest in digests:
            raise RecordingError(
                f"{file.path}: expected each recording once, got the same content as {digests[file.digest].path}"
            )
        digests[file.digest] = file
    day = _one_day(files)
    known = dict(instruments or {})
    chosen: dict[str, Instrument] = {}
    for file in files:
        missing = [key for key in file.keys if key not in known and key not in chosen]
        inferred = _infer(file, missing, day) if missing else {}
        for key in file.keys:
            if key in known:
                chosen.setdefault(key, known[key])
            elif key in inferred:
                chosen.setdefault(key, inferred[key])
    feed = RecordingFeed(files, chosen, day)
    if feed.next_arrival is None:
        names = ", ".join(file.name for file in files)
        raise RecordingError(f"{names}: expected at least one readable packet with a last trade, got none")
    return feed


def _one_day(files: Sequence[RecordedFile]) -> date:
    days = sorted({day for file in files for day in file.days})
    if len(days) > 1:
        where = "; ".join(f"{file.name}: {', '.join(file.days)}" for file in files)
        raise RecordingError(f"expected recordings of one day, got {len(days)} days ({where})")
    try:
        return date.fromisoformat(days[0])
    except ValueError as error:
        raise RecordingError(f"{files[0].path}: expected a date of arrival, got {days[0]}") from error


def _infer(file: RecordedFile, keys: Sequence[str], day: date) -> dict[str, Instrument]:
    """Read as much of a file as it takes to know the ticks and lots of the keys; unreadable keys are left out."""
    decoder = PacketDecoder()
    samples: dict[str, list[MarketUpdate]] = {key: [] for key in keys}
    steps = dict.fromkeys(keys, 0)
    greeks: set[str] = set()
    for packet in packets(file.path):
        if isinstance(packet, Unreadable) or packet.instrumentKey not in samples:
            continue
        key = packet.instrumentKey
        if steps[key] >= _SAMPLE_STEPS:
            continue
        try:
            update = decoder.update_from_recorded(packet)
        except DecodeError:
            continue
        if packet.has_greeks:
            greeks.add(key)
        sample = samples[key]
        if sample and sample[-1].volume != update.volume:
            steps[key] += 1
        sample.append(update)
        if all(count >= _SAMPLE_STEPS for count in steps.values()):
            break
    inferred: dict[str, Instrument] = {}
    for key, sample in samples.items():
        if not sample:
            continue
        try:
            inferred[key] = infer_instrument(key, sample, day, has_greeks=key in greeks)
        except MasterError as error:
            raise RecordingError(f"{file.path}: {error}") from error
        except ValueError as error:
            raise RecordingError(
                f"{file.path}: {error}; name the instruments with --instruments FILE"
            ) from error
    return inferred
