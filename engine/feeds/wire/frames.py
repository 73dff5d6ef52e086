"""The broker's protobuf frames, read with the SDK's generated messages and nothing else of the SDK."""

from collections.abc import Generator
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from engine.feeds.wire.decoding import EARLIEST, LATEST, PacketDecoder
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.market.clock import MILLISECOND, Instant
from engine.market.price import MAX_PAISE, Paise
from engine.market.update import MarketUpdate

_KNOWN_TYPES: Final = ("initial_feed", "live_feed", "market_info")
_KNOWN_MODES: Final = 4

Message: TypeAlias = Any
"""A generated protobuf message: its fields exist at run time only."""


class Indication(msgspec.Struct, frozen=True, gc=False):
    """What an auction would match at now. Prices in paise, None where the feed gives none; quantities in units."""

    price: Paise | None
    """Indicative equilibrium price."""
    quantity: int
    """Indicative equilibrium quantity."""
    imbalance: int
    """Unmatched quantity at that price: above 0 buyers are left over, below 0 sellers."""
    market_imbalance: int
    """Its part in market orders; its size can exceed that of the whole."""
    reference_price: Paise | None
    """Base of the auction's price band."""
    closing_auction: bool
    """May join the closing auction."""


class Frame(msgspec.Struct, frozen=True):
    """One frame of the live feed."""

    kind: str
    """market_info, initial_feed, live_feed, or the number of an unknown type."""
    sent: Instant | None
    """The server's time of sending: the base for the clock offset."""
    updates: tuple[MarketUpdate, ...]
    """In key order; packets that could not be read are counted by the decoder, not here."""
    segments: dict[str, str] = {}
    """Segment to market status, unknown numbers as text."""
    closing_auction: dict[str, tuple[str, Instant]] = {}
    """Segment to closing-auction status and when it changed."""
    pre_open: dict[str, tuple[str, Instant]] = {}
    """Segment to pre-open status and when it changed."""
    indications: dict[str, Indication] = {}
    """Instrument to what its auction indicates; only of packets that carry auction fields, and of snapshots."""


def updates_from_frame(frame: bytes | Message, arrival: Instant, decoder: PacketDecoder) -> Frame:
    """Return what a frame (bytes or FeedResponse) says; raise DecodeError for broken bytes.

    A bad packet inside is counted by the decoder and left out; the others survive.
    """
    response = response_of(frame, decoder) if isinstance(frame, bytes) else frame
    reading = _Reading(response, arrival, decoder)
    feeds = response.feeds
    for key in sorted(feeds) if len(feeds) > 1 else feeds:
        reading.take(key, feeds[key])
    return reading.frame()


def read_in_slices(
    response: Message, arrival: Instant, decoder: PacketDecoder, size: int
) -> Generator[None, None, Frame]:
    """Read a parsed frame ``size`` packets at a time: pauses after each slice, returns the frame at the end."""
    reading = _Reading(response, arrival, decoder)
    feeds = response.feeds
    for place, key in enumerate(sorted(feeds)):
        if place and not place % size:
            yield
        reading.take(key, feeds[key])
    return reading.frame()


class _Reading:
    """A parsed frame on its way to a Frame."""

    __slots__ = (
        "_arrival",
        "_decoder",
        "_indications",
        "_kind",
        "_response",
        "_sent",
        "_snapshot",
        "_updates",
    )

    def __init__(self, response: Message, arrival: Instant, decoder: PacketDecoder) -> None:
        number, milliseconds = response.type, response.currentTs
        if 0 <= number < len(_KNOWN_TYPES):
            self._kind = _KNOWN_TYPES[number]
        else:
            self._kind = str(number)
            decoder.count(Quirk.UNKNOWN_TYPE)
        self._sent: Instant | None = None
        if EARLIEST < milliseconds < LATEST:
            self._sent = milliseconds * MILLISECOND
        elif milliseconds:
            decoder.count(Quirk.BROKEN_SENT)
        self._snapshot = self._kind == "initial_feed"
        if self._snapshot and not milliseconds and not response.feeds:
            decoder.count(Quirk.EMPTY_FRAME)
        self._response = response
        self._arrival = arrival
        self._decoder = decoder
        self._updates: list[MarketUpdate] = []
        self._indications: dict[str, Indication] = {}

    def take(self, key: str, feed: Message) -> None:
        """Read one packet; a bad one is counted and must not cost the others."""
        try:
            update = _update(key, feed, self._arrival, self._decoder, snapshot=self._snapshot)
        except DecodeError:
            return
        self._updates.append(update)
        if update.auction or self._snapshot:
            indication = _indication(feed)
            if indication is not None:
                self._indications[key] = indication

    def frame(self) -> Frame:
        """Return what was read."""
        response, updates = self._response, tuple(self._updates)
        if not response.HasField("marketInfo"):
            return Frame(self._kind, self._sent, updates, indications=self._indications)
        info = response.marketInfo
        names = {value.number: value.name for value in feed_messages().MarketStatus.DESCRIPTOR.values}
        states = {key: info.segmentStatus[key] for key in sorted(info.segmentStatus)}
        return Frame(
            self._kind,
            self._sent,
            updates,
            segments={key: names.get(state, str(state)) for key, state in states.items()},
            closing_auction=_statuses(info.casMarketStatus),
            pre_open=_statuses(info.preOpenSessionStatus),
            indications=self._indications,
        )


def sent_of(response: Message) -> Instant | None:
    """Return when the server sent a parsed frame; None where it does not say or says nonsense."""
    return response.currentTs * MILLISECOND if EARLIEST < response.currentTs < LATEST else None


def response_of(frame: bytes, decoder: PacketDecoder) -> Message:
    """Return the FeedResponse of a frame's bytes; raise DecodeError, counted."""
    from google.protobuf.message import DecodeError as BrokenFrameError

    try:
        return feed_messages().FeedResponse.FromString(frame)
    except BrokenFrameError as error:
        raise decoder.reject(
            Reason.BROKEN_FRAME, "", f"expected a protobuf FeedResponse, got {len(frame)} bytes: {error}"
        ) from error


def _update(
    key: str, feed: Message, arrival: Instant, decoder: PacketDecoder, *, snapshot: bool
) -> MarketUpdate:
    if not key:
        raise decoder.reject(Reason.NO_INSTRUMENT, "", "expected an instrument key, got none")
    if not 0 <= feed.requestMode < _KNOWN_MODES:
        decoder.count(Quirk.UNKNOWN_MODE)
    union = feed.WhichOneof("FeedUnion")
    if union == "fullFeed":
        full = feed.fullFeed
        inner = full.WhichOneof("FullFeedUnion")
        if inner == "marketFF":
            market = full.marketFF
            return decoder.market(
                key, market, arrival, snapshot=snapshot, auction=market.ltpc.HasField("iep")
            )
        if inner == "indexFF":
            index = full.indexFF
            return decoder.plain(key, index.ltpc, (), index.marketOHLC.ohlc, arrival, snapshot=snapshot)
    elif union == "firstLevelWithGreeks":
        first = feed.firstLevelWithGreeks
        return decoder.plain(
            key, first.ltpc, (first.firstDepth,), (), arrival, snapshot=snapshot, first=first
        )
    elif union == "ltpc":
        return decoder.plain(key, feed.ltpc, (), (), arrival, snapshot=snapshot)
    raise decoder.reject(Reason.NO_FEED, key, "expected a feed in the packet, got none")


def _indication(feed: Message) -> Indication | None:
    if not feed.HasField("fullFeed") or not feed.fullFeed.HasField("marketFF"):
        return None
    market = feed.fullFeed.marketFF
    price = market.iep or (market.ltpc.iep.value if market.ltpc.HasField("iep") else 0.0)
    reference, eligible = market.rp, market.casEligible
    if not (price or market.ieq or market.iiqTotal or market.iiqM or reference or eligible):
        return None
    return Indication(
        _paise(price), market.ieq, market.iiqTotal, market.iiqM, _paise(reference), closing_auction=eligible
    )


def _paise(rupees: float) -> Paise | None:
    """Return a price that decides nothing here, or None for none and for nonsense."""
    return round(rupees * 100) if 0 < rupees * 100 <= MAX_PAISE else None


def _statuses(table: Message) -> dict[str, tuple[str, Instant]]:
    found = {}
    for key in sorted(table):
        milliseconds = table[key].updatedTime
        since = milliseconds * MILLISECOND if EARLIEST < milliseconds < LATEST else 0
        found[key] = (table[key].status, since)
    return found


@cache
def feed_messages() -> Message:
    """Return the module of the feed's messages alone: importing the SDK would pull in hundreds of modules."""
    package = find_spec("upstox_client")
    places = None if package is None else package.submodule_search_locations
    if not places:
        raise ModuleNotFoundError("expected the package upstox-python-sdk, got none: run make install")
    path = Path(next(iter(places))) / "feeder" / "proto" / "MarketDataFeedV3_pb2.py"
    spec = spec_from_file_location("upstox_market_feed_messages", path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"expected the feed's messages at {path}, got none: run make install")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
