"""Recorded sessions as a market: several files merged by arrival into one day of updates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import Final

from engine.feeds.day_feed import DayFeed, identity_of
from engine.feeds.recordings.json_file import RecordedFile, RecordingError, Unreadable, packets, survey
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.packet import ArrivalClock
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.instruments.master import MasterError, fit_tick, infer_instrument
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.ticks import ticks_of
from engine.market.update import MarketUpdate

__all__ = ["RecordingError", "RecordingFeed", "open_recordings"]

_SAMPLE_STEPS: Final = 100
"""Volume steps after which an instrument's lot is taken as known."""
_MOST_SAMPLED: Final = 250_000
"""Updates held for a look at all instruments of a file; what trades later still counts its volume steps."""


class RecordingFeed(DayFeed):
    """One recorded day, pulled update by update in arrival order.

    Inside a file the file's order stands and arrival never goes back; ties between files go by instrument key.
    """

    def __init__(
        self,
        files: Sequence[RecordedFile],
        instruments: Mapping[str, Instrument],
        day: date,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._notes = notes
        self._instruments = dict(instruments)
        self._day = day
        # The order of delivery must not hang on the order in which the files were named.
        self._files = tuple(sorted(files, key=lambda file: file.digest))
        self._decoder = PacketDecoder(ticks_of(instruments))
        self._heads: list[tuple[Instant, str, int, MarketUpdate]] | None = None
        self._streams = [self._updates(file) for file in self._files]

    @property
    def identity(self) -> str:
        """A digest of the files and of the ticks and lots they are read with."""
        return identity_of((file.digest for file in self._files), self._instruments)

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many packets per instrument could not be read so far ("" collects those without one)."""
        return self._decoder.rejected

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Why packets were rejected so far."""
        return self._decoder.reasons

    @property
    def quirks(self) -> Mapping[Quirk, int]:
        """Which oddities were survived so far."""
        return self._decoder.quirks

    @property
    def truncated(self) -> tuple[str, ...]:
        """The names of files that ended before their end."""
        return tuple(sorted(file.name for file in self._files if file.truncated))

    @property
    def notes(self) -> tuple[str, ...]:
        """Which ticks had to be taken from the recording instead of the list that was given."""
        return self._notes

    @property
    def last_arrival(self) -> Instant:
        """The latest arrival recorded in any file."""
        clock = ArrivalClock()
        return max(clock.read(file.last_arrival) for file in self._files)

    @property
    def next_arrival(self) -> Instant | None:
        """When the next update arrives, or None at the end; nothing is delivered."""
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

    ``instruments`` (the master's) win; what they do not name is inferred from the recording and marked INFERRED. What
    cannot be inferred is left out with a note, while anything else is there to be played.
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
    notes: list[str] = []
    strange: dict[str, RecordingError] = {}
    for file in files:
        wanted = [key for key in file.keys if key not in chosen]
        samples = _sample(file, wanted)
        for key in wanted:
            listed, sample = known.get(key), samples.get(key)
            if listed is None:
                if sample is not None:
                    try:
                        chosen[key] = _infer(file, key, sample, day)
                    except RecordingError as error:
                        strange[key] = error
                continue
            chosen[key] = listed if sample is None else fit_tick(listed, sample.updates)
            if chosen[key].tick != listed.tick:
                notes.append(
                    f"{listed.symbol}: the list given says a tick of {listed.tick / 100:.2f}, what trades lies "
                    f"between; {chosen[key].tick / 100:.2f} is used, as the recording shows"
                )
    if strange and not chosen:
        raise next(iter(strange.values()))
    notes += [f"{key} is left out, the rest is played: {error}" for key, error in strange.items()]
    feed = RecordingFeed(files, chosen, day, tuple(notes))
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


@dataclass(slots=True)
class _Sample:
    """What a file shows of one instrument, as far as it had to be read."""

    updates: list[MarketUpdate] = field(default_factory=list)
    steps: int = 0
    greeks: bool = False


def _sample(file: RecordedFile, keys: Sequence[str]) -> dict[str, _Sample]:
    """Read as much of a file as it takes to know the ticks and lots of the keys; unreadable keys are left out."""
    decoder = PacketDecoder()
    samples = {key: _Sample() for key in keys}
    room = _MOST_SAMPLED // max(1, len(samples))
    unsettled = len(samples)
    for packet in packets(file.path):
        if isinstance(packet, Unreadable) or packet.instrumentKey not in samples:
            continue
        sample = samples[packet.instrumentKey]
        if sample.steps >= _SAMPLE_STEPS:
            continue
        try:
            update = decoder.update_from_recorded(packet)
        except DecodeError:
            continue
        sample.greeks = sample.greeks or packet.has_greeks
        if sample.updates and sample.updates[-1].volume != update.volume:
            sample.steps += 1
        elif len(sample.updates) >= room:
            continue
        sample.updates.append(update)
        unsettled -= sample.steps == _SAMPLE_STEPS
        if not unsettled:
            break
    return {key: sample for key, sample in samples.items() if sample.updates}


def _infer(file: RecordedFile, key: str, sample: _Sample, day: date) -> Instrument:
    try:
        return infer_instrument(key, sample.updates, day, has_greeks=sample.greeks)
    except MasterError as error:
        raise RecordingError(f"{file.path}: {error}") from error
    except ValueError as error:
        raise RecordingError(f"{file.path}: {error}; name the instruments with --instruments FILE") from error
