"""What the market does: recorded packets, or the simulator's day, in order of exchange time."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec

from engine.feeds.recordings.json_file import Unreadable, packets
from engine.feeds.wire.packet import ArrivalClock, FullFeed, MarketCandles, RecordedPacket
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.update import MarketUpdate
from tests.fake_upstox.listing import hash_of

_SPREAD: Instant = 900 * MILLISECOND
RECORDER_LAG: Instant = 6 * SECOND
"""The recorder's clock ran 5.4 to 5.9 s behind the exchange's."""


@dataclass(frozen=True, slots=True)
class TapeItem:
    """One packet of one instrument and when the broker sends it, in exchange time."""

    at: Instant
    key: str
    packet: RecordedPacket


def recorder_lag(heads: Iterable[RecordedPacket]) -> Instant:
    """Return how far the clock that stamped these packets ran behind: nothing arrives before its trade."""
    arrivals = ArrivalClock()
    for packet in heads:
        feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
        if feed is not None and feed.ltpc.ltt * MILLISECOND > arrivals.read(packet.insertion_time):
            return RECORDER_LAG
    return 0


def recorded_tape(paths: Sequence[Path], lag: Instant, shift: Instant = 0) -> Iterator[TapeItem]:
    """Yield the packets of recordings merged by arrival, ``lag`` later; ``shift`` moves the whole day."""
    return heapq.merge(*(_file_tape(path, lag, shift) for path in paths), key=lambda item: item.at)


def _file_tape(path: Path, lag: Instant, shift: Instant) -> Iterator[TapeItem]:
    arrivals = ArrivalClock()
    latest: Instant = 0
    for packet in packets(path):
        if isinstance(packet, Unreadable):
            continue
        # A stamp without its fraction reads early: the order in the file is the order of arrival.
        latest = max(latest, arrivals.read(packet.insertion_time) + lag + shift)
        yield TapeItem(latest, packet.instrumentKey, shifted(packet, shift // MILLISECOND))


def shifted(packet: RecordedPacket, milliseconds: int) -> RecordedPacket:
    """Return a packet with every exchange time moved."""
    feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
    if not milliseconds or feed is None:
        return packet
    candles = tuple(
        msgspec.structs.replace(candle, ts=candle.ts + milliseconds) for candle in feed.marketOHLC.ohlc
    )
    moved = msgspec.structs.replace(
        feed,
        ltpc=msgspec.structs.replace(feed.ltpc, ltt=feed.ltpc.ltt + milliseconds),
        marketOHLC=MarketCandles(candles),
    )
    return msgspec.structs.replace(packet, fullFeed=FullFeed(marketFF=moved))


def simulated_tape(read: Callable[[], MarketUpdate | None], keys: Mapping[str, str]) -> Iterator[TapeItem]:
    """Yield the simulator's updates as packets, under the keys of listed instruments."""
    from tests.fake_upstox.packets import packet_of_update

    while (update := read()) is not None:
        key = keys[update.instrument]
        yield TapeItem(update.arrival, key, packet_of_update(update, key))


def copies_of(sources: Sequence[str], wanted: int, keys: Sequence[str]) -> dict[str, list[str]]:
    """Return under which further keys each source moves, until ``wanted`` instruments do."""
    copies: dict[str, list[str]] = {source: [] for source in sources}
    spare = [key for key in keys if key not in copies]
    for place, key in enumerate(spare[: max(0, wanted - len(sources))]):
        copies[sources[place % len(sources)]].append(key)
    return copies


def multiplied(tape: Iterator[TapeItem], copies: Mapping[str, Sequence[str]]) -> Iterator[TapeItem]:
    """Yield each packet again under other keys, each a little later, as no two instruments come together."""
    later: list[tuple[Instant, int, TapeItem]] = []
    numbers = count(1)
    for item in tape:
        while later and later[0][0] <= item.at:
            yield heapq.heappop(later)[2]
        yield item
        for key in copies.get(item.key, ()):
            at = item.at + hash_of(key) % _SPREAD
            packet = msgspec.structs.replace(item.packet, instrumentKey=key)
            heapq.heappush(later, (at, next(numbers), TapeItem(at, key, packet)))
    while later:
        yield heapq.heappop(later)[2]


def together(tape: Iterator[TapeItem]) -> Iterator[list[TapeItem]]:
    """Yield groups that arrive in one millisecond and fit one frame: no instrument twice."""
    group: list[TapeItem] = []
    for item in tape:
        if group and (
            item.at // MILLISECOND != group[0].at // MILLISECOND
            or any(item.key == other.key for other in group)
        ):
            yield group
            group = []
        group.append(item)
    if group:
        yield group
