"""How frames are taken in: stamped by the clock, in order, big ones in slices, and never holding the loop."""

import asyncio
import itertools
from collections.abc import Iterable

import pytest

from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import SLICE, MarketFeed
from engine.feeds.wire.frames import Frame
from engine.feeds.wire.quirks import Quirk
from engine.market.clock import MILLISECOND, SECOND, Instant
from tests.feeds.frames import INITIAL, frame_of, frames_by_second, market_info_of
from tests.feeds.upstox.hands import NOON, Hands
from tests.feeds.upstox.stand import Stand
from tests.recordings import EQ_A, made_packets, recorded_packet
from tests.upstox.sockets import Line, running, scripted, stay, until


def packets(count: int, at: Instant = NOON) -> list[dict[str, object]]:
    return [recorded_packet(f"NSE_EQ|K{number:04d}", arrival=at) for number in range(count)]


def live(key: str = EQ_A, at: Instant = NOON, volume: int = 1_000) -> bytes:
    return frame_of([recorded_packet(key, arrival=at, volume=volume)], at)


async def told(stand: Stand, frames: Iterable[bytes | str], clock: LiveClock, last: int) -> MarketFeed:
    """Send frames to a feed and return it once so many were handed on."""

    async def say(line: Line) -> None:
        for one in frames:
            await line.socket.send(one)
        await stay(line)

    async with scripted(say) as server:
        feed = stand.feed(server.authorize, clock=clock)
        async with running(feed.run, feed.close):
            await until(lambda: len(stand.frames) >= last)
    assert server.authorized == 1
    return feed


async def test_text_is_garbage_and_nothing_else() -> None:
    stand = Stand()
    feed = await told(
        stand,
        ["hello", '{"type": "live_feed"}', market_info_of({"NSE_EQ": 2}, NOON), live()],
        LiveClock("feed"),
        2,
    )
    counts = feed.counts
    assert (counts.text, counts.frames, counts.updates, counts.broken) == (2, 2, 1, 0)


async def test_before_the_feed_told_the_time_nothing_can_be_stamped() -> None:
    stand = Stand()
    untimed = frame_of([recorded_packet(EQ_A, arrival=NOON)], 0, INITIAL)
    feed = await told(stand, [untimed, market_info_of({"NSE_EQ": 2}, NOON), untimed], LiveClock("feed"), 2)
    assert feed.counts.untimed == 1
    assert [frame.kind for _, frame, _ in stand.frames] == ["market_info", "initial_feed"]
    assert all(arrival >= NOON for _, _, arrival in stand.frames)


async def test_a_frame_is_stamped_after_the_clock_saw_its_own_time() -> None:
    stand, hands = Stand(), Hands()
    times = [NOON, NOON + 7 * SECOND, NOON + 3 * SECOND, NOON + 9 * SECOND]
    await told(stand, [live(at=at) for at in times], hands.clock("feed"), 4)
    assert [arrival for _, _, arrival in stand.frames] == [
        NOON,
        NOON + 7 * SECOND,
        NOON + 7 * SECOND,
        NOON + 9 * SECOND,
    ]


async def test_an_unbelievable_time_moves_neither_clock_nor_delay() -> None:
    stand, hands = Stand(), Hands()
    clock = hands.clock("wall")
    ages = [
        NOON - 500 * MILLISECOND,
        NOON - 86_400 * SECOND,
        NOON + 86_400 * SECOND,
        NOON - 800 * MILLISECOND,
    ]
    feed = await told(stand, [live(at=at) for at in ages], clock, 4)
    assert {arrival for _, _, arrival in stand.frames} == {NOON}
    assert clock.implausible == 2
    assert feed.delay.count == 2
    assert feed.delay.largest == 300 * MILLISECOND


async def test_the_delay_is_counted_once_a_live_frame_against_the_fastest() -> None:
    stand, hands = Stand(), Hands()
    delays = [40, 0, 10, 1_500, 20]
    frames = [
        frame_of(packets(3, NOON - delay * MILLISECOND), NOON - delay * MILLISECOND) for delay in delays
    ]
    frames.insert(0, frame_of(packets(1), NOON, INITIAL))
    feed = await told(stand, frames, hands.clock("wall"), 6)
    assert feed.delay.count == 5
    assert feed.delay.largest == 1_500 * MILLISECOND
    middle = feed.delay.quantile(0.5)
    assert middle is not None
    assert 20 * MILLISECOND <= middle <= 21 * MILLISECOND


class Ticker:
    """Counts how often the loop came round."""

    def __init__(self) -> None:
        self.turns = 0
        self._task = asyncio.ensure_future(self._turn())

    async def _turn(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)

    def stop(self) -> None:
        self._task.cancel()


async def test_a_big_frame_is_read_in_slices_and_what_came_after_it_waits() -> None:
    count = 1_500
    seen: list[tuple[str, int, int]] = []

    class Watching(Stand):
        def took(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
            super().took(raw, frame, arrival)
            seen.append((frame.kind, len(frame.updates), ticker.turns))

    stand = Watching()
    ticker = Ticker()
    big = frame_of(packets(count), NOON, INITIAL)
    try:
        await told(
            stand,
            [market_info_of({"NSE_EQ": 2}, NOON), big, live(), live(volume=1_001)],
            LiveClock("feed"),
            4,
        )
    finally:
        ticker.stop()
    assert [(kind, size) for kind, size, _ in seen] == [
        ("market_info", 0),
        ("initial_feed", count),
        ("live_feed", 1),
        ("live_feed", 1),
    ]
    turns = [after - before for (_, _, before), (_, _, after) in itertools.pairwise(seen)]
    assert turns[0] >= count // SLICE
    assert {update.arrival for update in stand.frames[1][1].updates} == {stand.frames[1][2]}


async def test_many_small_frames_at_once_let_the_loop_go_round_too() -> None:
    session = [raw for _, raw in frames_by_second(made_packets(EQ_A, seed=9, count=640))]
    assert sum(map(len, session)) < 1 << 18, "they fit into one read of the socket"
    stand, turns = Stand(), []
    ticker = Ticker()
    stand.on_updates = lambda _: turns.append(ticker.turns)
    arrived = asyncio.Event()

    async def say(line: Line) -> None:
        await until(lambda: line.heard)
        transport = line.socket.transport
        transport.write(b"".join(bytes([0x82, 126]) + len(raw).to_bytes(2, "big") + raw for raw in session))
        arrived.set()
        await stay(line)

    try:
        async with scripted(say) as server:
            feed = stand.feed(server.authorize)
            feed.subscribe([EQ_A])
            async with running(feed.run, feed.close):
                await until(lambda: feed.counts.frames >= len(session))
    finally:
        ticker.stop()
    longest = max(turns.count(turn) for turn in set(turns))
    assert longest <= SLICE // 2 + 1, "so many frames were read while nothing else could run"
    assert feed.counts.frames == len(session)


async def test_the_seam_of_a_connection_is_marked_even_for_an_instrument_that_was_silent_meanwhile() -> None:
    stand = Stand()
    other = "NSE_EQ|OTHER"

    async def say(line: Line) -> None:
        first = len(server.lines) == 1
        await line.socket.send(live(volume=1_000 if first else 1_010))
        if first:
            await line.socket.send(live(other))
            await until(lambda: len(stand.frames) == 2)
            await line.socket.close()
            return
        await line.socket.send(live(volume=1_020))
        await line.socket.send(live(other))
        await stay(line)

    async with scripted(say) as server:
        feed = stand.feed(server.authorize)
        async with running(feed.run, feed.close):
            await until(lambda: len(stand.frames) == 5)
    assert [update.snapshot for update in stand.updates] == [False, False, True, False, True]


@pytest.mark.parametrize("raw", [b"\x00", b"\xff" * 40, b"\x0a", b"\x12\x7f"])
async def test_bytes_that_are_no_frame_cost_one_count(raw: bytes) -> None:
    stand = Stand()
    feed = await told(stand, [raw, live()], LiveClock("feed"), 1)
    counts = feed.counts
    assert (counts.broken, counts.frames) == (1, 1)
    assert Quirk.EMPTY_FRAME not in feed._decoder.quirks
