"""Keeps a live session's frames: lossless, compressed, on disk within a second, and never in the market's way."""

import os
import threading
from collections import deque
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from engine.feeds.recordings.frames_format import (
    MAGIC,
    RecordingEnded,
    RecordingHeader,
    RecordWriter,
    SessionEvent,
)
from engine.market.clock import Instant

LEVEL: Final = 8
WINDOW_LOG: Final = 21
"""Two megabytes, two minutes of fifty instruments: more gains nothing and costs memory."""
FLUSH_SECONDS: Final = 1.0
_WAKE_BYTES: Final = 1 << 16
_PATIENCE_SECONDS: Final = 0.01
"""Longest that a flush waits for a write that is under way: a slow disk must not hold up an order."""
_CLOSE_SECONDS: Final = 5.0
_MOST_PENDING: Final = 64 << 20
"""Bytes that may wait for a disk that does not answer; then recording ends and the session goes on."""


class RecorderFigures(msgspec.Struct, frozen=True):
    """What was kept and what was not."""

    frames: int
    """Taken in."""
    bytes_in: int
    bytes_out: int
    """Written to the file."""
    lost: int
    """Records that the file does not hold, or not wholly: recording had failed."""
    late_flushes: int
    """Flushes that did not wait for a slow disk."""


class Recorder:
    """Owns one recording from its first byte to its last; never raises for a disk and never fsyncs.

    Records are handed over by one thread. A thread of the recorder's own compresses and writes them once a second;
    ``flush`` does it at once. What was written survives the death of the process, not that of the machine.
    """

    def __init__(self, path: Path, header: RecordingHeader, *, flush_seconds: float = FLUSH_SECONDS) -> None:
        """Create the file, which must not exist; where that fails, ``failure`` says why and nothing is kept."""
        self.path = path
        self.failure: str | None = None
        """Why recording has ended before its time; None while all is well."""
        self._writer = RecordWriter()
        self._pending: deque[bytes] = deque()
        # Counters of the thread that hands records over …
        self._frames = self._bytes_in = self._refused = self._late_flushes = 0
        # … and of whoever writes them, under the lock.
        self._bytes_taken = self._bytes_out = self._unwritten = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._flush_seconds = flush_seconds
        parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=WINDOW_LOG)
        self._stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self._file: int | None = None
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._fail(error)
        self._hand_over(self._writer.header(header))
        with self._lock:
            self._write_pending(first=MAGIC)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    @property
    def figures(self) -> RecorderFigures:
        """The counters as they stand."""
        lost = self._refused + self._unwritten
        return RecorderFigures(self._frames, self._bytes_in, self._bytes_out, lost, self._late_flushes)

    def frame(self, raw: bytes, arrival: Instant) -> None:
        """Keep a frame as it came from the wire."""
        if self._hand_over(self._writer.frame(raw, arrival)):
            self._frames += 1

    def note(self, event: SessionEvent, arrival: Instant) -> None:
        """Keep what happened beside the frames, in its place among them."""
        self._hand_over(self._writer.event(event, arrival))

    def flush(self) -> bool:
        """Hand everything so far to the system, so that it outlives this process; False where it could not be.

        Costs a fraction of a millisecond in an ordinary second; a disk that is busy is not waited for.
        """
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            self._late_flushes += 1
            return False
        try:
            self._write_pending()
        finally:
            self._lock.release()
        return self.failure is None

    def close(self, reason: str, arrival: Instant) -> None:
        """End the recording on purpose; what comes after it is lost."""
        if self._closed:
            return
        self.note(RecordingEnded(reason), arrival)
        self._closed = True
        self._wake.set()
        self._thread.join(_CLOSE_SECONDS)
        if not self._lock.acquire(timeout=_CLOSE_SECONDS):
            self._end("the disk did not answer at the end")
            return
        try:
            self._write_pending(last=True)
            if self._file is not None:
                os.close(self._file)
                self._file = None
        finally:
            self._lock.release()

    def _hand_over(self, record: bytes) -> bool:
        if self.failure is not None or self._closed:
            self._refused += 1
            return False
        self._pending.append(record)
        self._bytes_in += len(record)
        waiting = self._bytes_in - self._bytes_taken
        if waiting > _WAKE_BYTES:
            if waiting > _MOST_PENDING:
                self._end(f"the disk took nothing while {waiting >> 20} MB were waiting")
            self._wake.set()
        return True

    def _work(self) -> None:
        while not self._closed and self.failure is None:
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            with self._lock:
                self._write_pending()

    def _write_pending(self, *, first: bytes = b"", last: bool = False) -> None:
        records = [self._pending.popleft() for _ in range(len(self._pending))]
        if self._file is None or self.failure is not None:
            self._unwritten += len(records)
            return
        data = b"".join(records)
        self._bytes_taken += len(data)
        if not data and not last:
            return
        mode = zstandard.COMPRESSOBJ_FLUSH_FINISH if last else zstandard.COMPRESSOBJ_FLUSH_BLOCK
        packed = first + self._stream.compress(data) + self._stream.flush(mode)
        try:
            self._write(self._file, packed)
        except OSError as error:
            self._unwritten += len(records)
            self._fail(error)

    def _write(self, file: int, packed: bytes) -> None:
        rest = memoryview(packed)
        while rest:
            written = os.write(file, rest)
            self._bytes_out += written
            rest = rest[written:]

    def _fail(self, error: OSError) -> None:
        self._end(f"expected room to record in, got: {error.strerror or error}")

    def _end(self, reason: str) -> None:
        self.failure = f"{self.path.name}: {reason}; the session goes on unrecorded"
