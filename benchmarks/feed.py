"""Frames of the market stream: ours beside the official SDK's way, which turns each into dictionaries.

Both get the same bytes in the same run. The SDK's streamer parses a frame and calls ``MessageToDict`` on it; prices are
still floats then, and nothing has been checked.
"""

import gc
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.day import SimulatedDay, response_of
from benchmarks.measure import Result, Scale, seconds_of
from engine.feeds.recordings.frames_feed import open_frame_recordings
from engine.feeds.recordings.frames_format import RecordingHeader
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import feed_messages, updates_from_frame
from engine.market.clock import Instant
from engine.market.update import MarketUpdate

PEER: Final = f"upstox-python-sdk {version('upstox-python-sdk')}, MessageToDict"
_MOST: Final = 60_000
"""Updates: enough for a rate, and the peer takes a while."""
_CROWD: Final = 50
"""Instruments of one frame, when all of them move at once."""

Stamped = Sequence[tuple[bytes, Instant, int]]
"""Frame, arrival and how many updates it holds."""


def feed_results(day: SimulatedDay, scale: Scale) -> list[Result]:
    """Return what frames cost to decode, to take in live, to record and to read back."""
    updates = day.updates[: _MOST if scale.minutes > 60 else _MOST // 6]
    single: Stamped = [(_frame([update]), update.arrival, 1) for update in updates]
    many: Stamped = [(_frame(group), group[-1].arrival, len(group)) for group in _crowded(updates)]
    gc.collect()
    gc.freeze()
    results = [
        _beside("frame of one instrument → update", single, day),
        _beside(f"frame of {_CROWD} instruments → update", many, day),
        Result(
            "frame taken in live: stamped, decoded, handed on",
            round(_live(single, day) / len(updates) * 1e6, 2),
            "µs",
        ),
        *_recorded(single, day),
    ]
    gc.unfreeze()
    return results


def _beside(name: str, frames: Stamped, day: SimulatedDay) -> Result:
    count = sum(held for _, _, held in frames)
    ours = seconds_of(lambda: _decode(frames, day)) / count
    theirs = seconds_of(lambda: _as_dictionaries(frames)) / count
    return Result(
        name, round(ours * 1e6, 2), "µs", None, f"{PEER}: {theirs * 1e6:,.1f} µs", round(theirs / ours, 1)
    )


def _recorded(frames: Stamped, day: SimulatedDay) -> list[Result]:
    """Return what recording costs, and the rate at which a recording gives its updates back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.frames"
        header = RecordingHeader(day.day, "wall", day.opening, tuple(day.instruments.values()))
        recorder = Recorder(path, header)

        def record() -> None:
            for raw, arrival, _ in frames:
                recorder.frame(raw, arrival)
            recorder.close("measured", frames[-1][1])

        recording = seconds_of(record)
        size = path.stat().st_size
        feed = open_frame_recordings([path])
        reading = seconds_of(lambda: _drain(iter(feed.read, None)))
    theirs = len(frames) / seconds_of(lambda: _as_dictionaries(frames))
    ours = len(frames) / reading
    return [
        Result("frame recorded, compressed and on the disk", round(recording / len(frames) * 1e6, 2), "µs"),
        Result("frame on the disk", round(size / len(frames), 1), "bytes"),
        Result(
            "own recording → updates",
            round(ours),
            "updates/s",
            None,
            f"{PEER}, frames in memory: {theirs:,.0f}/s",
            round(ours / theirs, 1),
        ),
    ]


def _decode(frames: Stamped, day: SimulatedDay) -> None:
    decoder = _decoder(day)
    for raw, arrival, held in frames:
        if len(updates_from_frame(raw, arrival, decoder).updates) != held:
            raise RuntimeError("expected every packet of a frame to be read, got fewer")


def _as_dictionaries(frames: Stamped) -> None:
    """Do what the SDK's streamer does with each message before it calls anybody."""
    from google.protobuf.json_format import MessageToDict

    parse: Any = feed_messages().FeedResponse.FromString
    for raw, _, held in frames:
        if len(MessageToDict(parse(raw))["feeds"]) != held:
            raise RuntimeError("expected every packet of a frame to be read, got fewer")


def _live(frames: Stamped, day: SimulatedDay) -> float:
    """Return the seconds that the market feed takes over frames, its socket left out."""
    heard = 0

    def on_frame(*_: object) -> None:
        nonlocal heard
        heard += 1

    feed = MarketFeed(
        _nowhere,
        day.settings.feed,
        LiveClock("feed"),
        _decoder(day),
        on_frame=on_frame,
        on_state=lambda _: None,
    )

    def take_all() -> None:
        take: Any = feed.take
        for raw, _, _ in frames:
            work = take(raw)
            try:
                while True:
                    work.send(None)
            except StopIteration:
                continue

    taken = seconds_of(take_all)
    if heard != len(frames):
        raise RuntimeError(f"expected {len(frames)} frames to be handed on, got {heard}")
    return taken


async def _nowhere() -> str:
    raise RuntimeError("expected no connection, got a wish for one")


def _decoder(day: SimulatedDay) -> PacketDecoder:
    ticks = {key: instrument.tick for key, instrument in day.instruments.items()}
    copies = {f"{key}/{place}": tick for key, tick in ticks.items() for place in range(1, _CROWD + 1)}
    return PacketDecoder(ticks | copies)


def _frame(updates: Sequence[MarketUpdate]) -> bytes:
    response: Any = response_of(updates)
    encoded: bytes = response.SerializeToString()
    return encoded


def _crowded(updates: Sequence[MarketUpdate]) -> Iterable[list[MarketUpdate]]:
    """Yield the updates in groups of so many instruments: those that come twice stand for another each time."""
    for begin in range(0, len(updates) - _CROWD + 1, _CROWD):
        seen: dict[str, int] = {}
        group = []
        for update in updates[begin : begin + _CROWD]:
            key = update.instrument
            seen[key] = seen.get(key, 0) + 1
            group.append(msgspec.structs.replace(update, instrument=f"{key}/{seen[key]}"))
        yield group


def _drain(updates: Iterable[object]) -> None:
    for _ in updates:
        pass
