"""Frames of the broker made for tests: recorded or made JSON packets as protobuf, and a recording's header."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from itertools import groupby
from typing import Any

from engine.feeds.recordings.frames_format import RecordingHeader
from engine.feeds.wire.frames import feed_messages
from engine.feeds.wire.packet import ArrivalClock
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from tests.recordings import DAY, EQ_A, OPT_A

INITIAL, LIVE, MARKET_INFO = range(3)

INSTRUMENTS: Mapping[str, Instrument] = {
    EQ_A: Instrument(EQ_A, "EQA", InstrumentClass.AUCTION_STOCK, 10, 1, 100_000, Provenance.MASTER),
    OPT_A: Instrument(
        OPT_A,
        "OPTA",
        InstrumentClass.OPTION,
        5,
        35,
        1_800,
        Provenance.MASTER,
        "NSE_INDEX|Nifty 50",
        date(2025, 12, 30),
    ),
}


def header(instruments: Iterable[Instrument] = INSTRUMENTS.values(), day: date = DAY) -> RecordingHeader:
    """Return the header of a recording that begins at nine."""
    return RecordingHeader(day, "wall", instant_at(day, time(9, 0)), tuple(instruments))


def fill(message: Any, fields: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Copy a recorded JSON object into a generated message, field by field."""
    for name, value in fields.items():
        target = getattr(message, name)
        if isinstance(value, dict):
            target.SetInParent()
            fill(target, value)
        elif isinstance(value, list):
            for item in value:
                fill(target.add(), item)
        elif isinstance(value, str) and name != "interval":
            setattr(message, name, int(value))
        else:
            setattr(message, name, value)


def response_of(records: Iterable[Mapping[str, Any]], sent: Instant, kind: int = LIVE) -> Any:  # noqa: ANN401
    """Return recorded JSON packets as one FeedResponse."""
    response = feed_messages().FeedResponse(type=kind, currentTs=sent // MILLISECOND)
    for record in records:
        feed = response.feeds[record["instrumentKey"]]
        fill(feed, {"fullFeed": record["fullFeed"]})
        feed.requestMode = 1
    return response


def frame_of(records: Iterable[Mapping[str, Any]], sent: Instant, kind: int = LIVE) -> bytes:
    """Return recorded JSON packets as the bytes of one frame."""
    encoded: bytes = response_of(records, sent, kind).SerializeToString()
    return encoded


def frames_by_second(*sessions: Iterable[Mapping[str, Any]]) -> list[tuple[Instant, bytes]]:
    """Return made sessions as frames of all instruments' packets of a second, each packet once, with arrivals."""
    clock = ArrivalClock()
    rows = sorted(
        (
            (clock.read(record["_insertion_time"]), place, record)
            for place, one in enumerate(sessions)
            for record in one
        ),
        key=lambda row: row[:2],
    )
    frames: list[tuple[Instant, bytes]] = []
    for _, group in groupby(rows, key=lambda row: row[0] // SECOND):
        together: dict[str, Mapping[str, Any]] = {}
        last: Instant = 0
        for arrival, _, record in group:
            if record["instrumentKey"] in together:
                frames.append((last, frame_of(together.values(), last)))
                together = {}
            together[record["instrumentKey"]] = record
            last = arrival
        frames.append((last, frame_of(together.values(), last)))
    return frames


def market_info_of(segments: Mapping[str, int], sent: Instant) -> bytes:
    """Return the frame that tells segment states by their wire number."""
    response = feed_messages().FeedResponse(type=MARKET_INFO, currentTs=sent // MILLISECOND)
    for segment, state in segments.items():
        response.marketInfo.segmentStatus[segment] = state
    encoded: bytes = response.SerializeToString()
    return encoded
