"""The tape that a run is played from, and the recording that is made of it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frame_records import is_cut_short
from engine.feeds.recordings.frames_feed import RecordedFrames, open_frame_recordings
from engine.feeds.recordings.frames_format import Broken, Connected, RecordingHeader
from engine.feeds.recordings.json_file import RecordingError
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.wire.frames import Frame, Indication
from engine.market.clock import Instant
from engine.runtime.live.day_setup import DaySetup
from engine.runtime.live.recording_place import next_part, part_number, parts_of, remove_old
from engine.runtime.plan import RunPlan
from engine.settings.sections import RecordingSections
from engine.world.directories import Home

_logger: Final = logging.getLogger(__name__)


class RunTape:
    """Owns one run's tape and its recording; what arrives before the run goes is taken in here alone."""

    def __init__(self, live: LiveTape, recorder: Recorder | None) -> None:
        self.live = live
        self.recorder = recorder
        """None where none is wanted."""
        self.indications: dict[str, Indication] = {}
        """What auctions indicate, by instrument."""

    @property
    def failure(self) -> str | None:
        """Why the recording has ended before its time; None while all is well, and where there is none."""
        return None if self.recorder is None else self.recorder.failure

    def on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        """Record a frame and put its updates on the tape."""
        if self.live.finished:
            return
        self.record(raw, frame, arrival)
        if frame.updates:
            self.live.arrive(frame.updates)

    def record(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        """Record a frame, and take in what it says besides its updates."""
        if self.recorder is not None:
            self.recorder.frame(raw, arrival)
        self.indications.update(frame.indications)

    def on_connected(self, after: float | None, now: Instant) -> None:
        """Record that the feed is connected."""
        del after
        if self.recorder is not None:
            self.recorder.note(Connected(), now)

    def on_lost(self, problem: str, now: Instant, *, first: bool) -> None:
        """Record that the feed is lost, once."""
        if first and self.recorder is not None:
            self.recorder.note(Broken(problem), now)

    def on_refusal(self, why: str) -> None:
        """Do nothing: the checks have heard it."""

    def on_orders(self) -> None:
        """Do nothing: the run takes them in as it begins."""

    def flush(self) -> bool:
        """Hand what was recorded to the system; False where it could not be."""
        return self.recorder is None or self.recorder.flush()

    def finish(self, now: Instant) -> None:
        """Say that the session is over: what comes now is neither played nor recorded. On the loop."""
        self.live.finish(now)
        asyncio.get_running_loop().run_in_executor(None, self.end, "the day is over", now)

    def end(self, reason: str, now: Instant) -> None:
        """End the recording on purpose; may wait for the disk."""
        if self.recorder is not None:
            self.recorder.close(reason, now)


def tape_of_opening(run: str, opening: DaySetup, now: Instant, rejected: Mapping[str, int]) -> LiveTape:
    """Return the tape of a new run; ``rejected`` are the decoder's counts, which go on."""
    return LiveTape(
        run,
        opening.day.day,
        opening.instruments,
        begins=now,
        seeds=opening.seeds,
        prior=opening.prior,
        rejected=rejected,
    )


def tape_of_plan(plan: RunPlan, home: Home, now: Instant, rejected: Mapping[str, int]) -> LiveTape:
    """Return the tape of a run that was cut off: what it recorded comes first."""
    past = _past_of(plan, home)
    return LiveTape(
        plan.run,
        plan.day,
        plan.by_key if past is None else {**plan.by_key, **past.instruments},
        begins=now if plan.began is None else plan.began,
        seeds=() if past is None else past.seeds,
        prior=plan.prior,
        rejected=rejected,
        past=past,
    )


def recorder_of(tape: LiveTape, home: Home, settings: RecordingSections) -> Recorder | None:
    """Return a recorder of the run's next part, old recordings removed; None where none is wanted."""
    if not settings.recorder.enabled:
        return None
    try:
        remove_old(home, tape.day, settings.recorder.keep_days)
    except OSError as error:
        _logger.warning("expected to remove old recordings, got: %s", error)
    path = next_part(home, tape.day, tape.identity)
    header = RecordingHeader(
        day=tape.day,
        clock=settings.session.clock,
        begins=tape.begins,
        instruments=tuple(tape.instruments.values()),
        run=tape.identity,
        part=part_number(path),
        prior=dict(tape.prior),
        seeds=tape.seeds,
    )
    return Recorder(path, header)


def _past_of(plan: RunPlan, home: Home) -> RecordedFrames | None:
    try:
        # A life that ended before its first frame left nothing to play, and must not hide the others.
        parts = [path for path in parts_of(home, plan.day, plan.run) if not is_cut_short(path)]
        return open_frame_recordings(parts) if parts else None
    except RecordingError as error:
        # The exchange's place says whether what was recorded is enough.
        _logger.warning("expected the recording of run %s, got: %s", plan.run, error)
        return None
