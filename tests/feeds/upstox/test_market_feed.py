"""The market feed at the fake broker: what it subscribes to, hands on, survives and tells."""

import asyncio
import random
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from engine.feeds.upstox.market_feed import MUTE_SECONDS, QUIET_SECONDS, FeedState
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import updates_from_frame
from engine.feeds.wire.quirks import Quirk, Reason
from engine.market.clock import instant_at
from engine.upstox.rest.token import Token
from tests.fake_upstox import FakeSettings, RunningFake, running_fake
from tests.feeds.upstox.stand import Stand, following, look, plant, signed_in, tell
from tests.recordings import DAY, EQ_A, OPT_A, made_packets, write_recording
from tests.upstox.sockets import QUICK, running, until

INFY = "NSE_EQ|INE009A01021"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("feed")
    return (
        write_recording(folder / "a.json.gz", made_packets(EQ_A, seed=3, count=1_200), indent=None),
        write_recording(
            folder / "b.json.gz",
            made_packets(OPT_A, seed=4, count=1_200, lot=35, tick=0.05, price=500),
            indent=None,
        ),
    )


@pytest.fixture
def fake(recordings: tuple[Path, Path]) -> Iterator[RunningFake]:
    """A broker whose day stands still until it is moved on."""
    with running_fake(
        FakeSettings(recordings=recordings, speed=0, rate_limits=False, ping_seconds=0.2)
    ) as served:
        yield served


async def step(fake: RunningFake, seconds: float = 5.0) -> None:
    await tell(fake, "clock", advance_seconds=seconds)


async def test_states_then_snapshots_then_what_happens_with_times_that_never_step_back(
    fake: RunningFake,
) -> None:
    stand = Stand()
    async with following(fake, EQ_A, OPT_A, stand=stand) as feed:
        await step(fake, 30)
        await until(lambda: feed.counts.updates > 40)
    assert stand.kinds[:2] == ["market_info", "initial_feed"]
    assert set(stand.kinds[2:]) == {"live_feed"}
    assert feed.segments["NSE_EQ"] == "NORMAL_OPEN"
    assert [update.snapshot for update in stand.updates[:2]] == [True, True]
    assert not any(update.snapshot for update in stand.updates[2:])
    assert {update.instrument for update in stand.updates} == {EQ_A, OPT_A}
    arrivals = [arrival for _, _, arrival in stand.frames]
    assert arrivals == sorted(arrivals)
    again = PacketDecoder()
    for raw, frame, arrival in stand.frames:
        assert updates_from_frame(raw, arrival, again) == frame
        assert frame.sent is not None
        assert arrival >= frame.sent
    assert (feed.counts.frames, feed.connections) == (len(stand.frames), 1)


async def test_subscriptions_are_full_mode_in_binary_batches_and_only_what_changes_is_sent(
    fake: RunningFake,
) -> None:
    stand = Stand()
    keys = [f"NSE_EQ|INE9{number:03d}A01010" for number in range(1, 8)]
    async with following(fake, *keys, stand=stand, settings=QUICK.model_copy(update={"batch": 3})) as feed:
        feed.subscribe([keys[0], EQ_A, EQ_A])
        feed.unsubscribe([keys[1], INFY, keys[1]])
        feed.subscribe([])
        feed.unsubscribe([])
        await until(lambda: EQ_A in {update.instrument for update in stand.updates})
        assert feed.keys == (keys[0], *keys[2:], EQ_A)
        await step(fake, 1)
        [client] = (await look(fake))["market_clients"]
    controls = client["controls"]
    assert [(one["method"], one["data"].get("mode"), one["data"]["instrumentKeys"]) for one in controls] == [
        ("sub", "full", keys[:3]),
        ("sub", "full", keys[3:6]),
        ("sub", "full", keys[6:]),
        ("sub", "full", [EQ_A]),
        ("unsub", None, [keys[1]]),
    ]
    assert len({one["guid"] for one in controls}) == 5
    assert client["ignored_text"] == 0
    assert set(client["modes"]) == set(feed.keys)


async def test_after_a_break_it_signs_up_anew_for_what_is_followed_then_and_marks_the_seam(
    fake: RunningFake,
) -> None:
    stand = Stand()
    async with following(fake, EQ_A, OPT_A, INFY, stand=stand) as feed:
        await step(fake)
        await until(lambda: feed.counts.updates > 8)
        feed.unsubscribe([INFY])
        # The first states of the new connection are lost: what comes first must count as a snapshot all the same.
        await plant(fake, "drop-stream", skip=1, times=1)
        await tell(fake, "disconnect", stream="market")
        await until(lambda: feed.connections == 2)
        before = len(stand.frames)
        # Followed while the line may be anything.
        feed.subscribe([EQ_A])
        while {update.instrument for _, frame, _ in stand.frames[before:] for update in frame.updates} != {
            EQ_A,
            OPT_A,
        }:
            await step(fake, 2)
        [client] = (await look(fake))["market_clients"]
    assert set(client["modes"]) == {EQ_A, OPT_A}
    after = [update for _, frame, _ in stand.frames[before:] for update in frame.updates]
    firsts = {key: next(update for update in after if update.instrument == key) for key in (EQ_A, OPT_A)}
    assert "initial_feed" not in stand.kinds[before:]
    assert all(update.snapshot for update in firsts.values())
    assert sum(update.snapshot for update in after) == 2
    assert len(fake.calls("authorize_market")) == 2
    assert [state.connected for state in stand.states] == [True, False, True, False]
    assert stand.problems[0].startswith("the connection ended: ")


async def test_bad_frames_are_counted_each_in_its_place_and_the_next_ones_read(fake: RunningFake) -> None:
    stand = Stand()
    async with following(fake, EQ_A, OPT_A, stand=stand) as feed:
        for fault, more in (
            ("cut-frame", {}),
            ("garbage-frame", {}),
            ("empty-frame", {}),
            ("without-ltpc", {}),
            ("unknown-field", {}),
            ("unknown-enum", {"where": "type"}),
            ("unknown-enum", {"where": "mode"}),
            ("bad-tick", {"kind": "nan"}),
            ("auction-fields", {}),
        ):
            await plant(fake, fault, **more)
            while any(one["left"] for one in await asyncio.to_thread(fake.control, "GET", "faults")):
                await step(fake, 1)
        before = feed.counts.updates
        while feed.counts.updates == before or not feed.counts.empty:
            await step(fake, 1)
    counts, decoder = feed.counts, feed._decoder
    assert (counts.broken, counts.empty, counts.text) == (2, 1, 0)
    assert decoder.reasons.keys() == {Reason.BROKEN_FRAME, Reason.NOT_A_PRICE}
    assert (decoder.reasons[Reason.BROKEN_FRAME], decoder.rejected[""]) == (2, 2)
    assert decoder.quirks[Quirk.UNKNOWN_TYPE] == 1
    assert decoder.quirks[Quirk.UNKNOWN_MODE] >= 1
    assert decoder.quirks[Quirk.NO_LTPC] >= 1
    assert any(frame.indications for _, frame, _ in stand.frames)
    assert counts.frames == len(stand.frames)
    assert feed.connections == 1
    assert [state.connected for state in stand.states] == [True, False]


async def test_silence_is_told_while_the_market_trades_and_ends_nothing(fake: RunningFake) -> None:
    stand = Stand()
    async with following(fake, EQ_A, stand=stand) as feed:
        assert feed.quiet == ""
        stand.passed += QUIET_SECONDS + 1
        assert feed.silence > QUIET_SECONDS
        assert feed.quiet.startswith("connected, but no data for 2")
        while feed.quiet:
            await step(fake, 2)
        feed.segments["NSE_EQ"] = "NORMAL_CLOSE"
        stand.passed += 3_600
        assert feed.quiet == ""
        feed.unsubscribe([EQ_A])
        feed.segments["NSE_EQ"] = "NORMAL_OPEN"
        assert feed.quiet == ""
    assert feed.connections == 1
    assert feed.quiet == ""


async def test_an_instrument_that_says_nothing_is_named(fake: RunningFake) -> None:
    stand = Stand()
    async with following(fake, EQ_A, stand=stand) as feed:
        feed.subscribe(["NSE_EQ|NOSUCH", OPT_A])
        await until(lambda: feed.counts.updates >= 2)
        assert feed.quiet == ""
        stand.passed += MUTE_SECONDS + 1
        assert feed.quiet == "connected, but nothing heard of NSE_EQ|NOSUCH"
        feed.subscribe([f"NSE_EQ|NONE{number}" for number in range(5)])
        stand.passed += MUTE_SECONDS + 1
        assert feed.quiet.endswith("NSE_EQ|NOSUCH, NSE_EQ|NONE0, NSE_EQ|NONE1 and 3 more")


async def test_a_mute_feed_is_heard_to_be_mute(fake: RunningFake) -> None:
    await plant(fake, "mute", times=0)
    stand = Stand()
    client = signed_in(fake)

    async def authorize() -> str:
        return await asyncio.to_thread(client.market_feed_authorize)

    feed = stand.feed(authorize)
    feed.subscribe([EQ_A])
    async with running(feed.run, feed.close):
        await until(lambda: feed.state.connected)
        stand.passed += 60
        assert feed.quiet == f"connected, but nothing heard of {EQ_A}"
    client.close()
    assert stand.states == [FeedState(True), FeedState(False, "closed")]


async def test_a_half_open_line_is_given_up_for_want_of_pongs(fake: RunningFake) -> None:
    stand = Stand()
    settings = QUICK.model_copy(update={"ping_seconds": 0.1, "pong_seconds": 0.1})
    async with following(fake, EQ_A, stand=stand, settings=settings) as feed:
        await plant(fake, "half-open", seconds=0.5)
        await step(fake, 2)
        await until(lambda: feed.connections >= 2 and feed.state.connected, "a new connection")
        before = feed.counts.updates
        while feed.counts.updates == before:
            await step(fake, 2)
    assert stand.problems[0].startswith("expected an answer to a ping")


async def test_a_dead_token_is_told_and_a_new_one_is_taken_up(fake: RunningFake) -> None:
    stand = Stand()
    tokens = [Token(fake.access_token)]
    client = signed_in(fake, lambda: tokens[0])

    async def authorize() -> str:
        return await asyncio.to_thread(client.market_feed_authorize)

    patient = QUICK.model_copy(update={"first_wait_seconds": 10.0, "longest_wait_seconds": 30.0})
    await tell(fake, "token", act="kill")
    feed = stand.feed(authorize, patient, token=lambda: tokens[0])
    feed.subscribe([EQ_A])
    async with running(feed.run, feed.close):
        await until(lambda: stand.problems)
        assert "UDAPI100050" in feed.state.problem
        assert "sign in again with cockpit login" in feed.state.problem
        tokens[0] = Token((await tell(fake, "token"))["access_token"])
        await until(lambda: feed.counts.updates)
    client.close()
    said = " ".join(stand.problems)
    assert fake.access_token not in said
    assert "code=" not in said


async def test_a_full_house_is_told_and_tried_again(fake: RunningFake) -> None:
    stand = Stand()
    await plant(fake, "refuse-connection", times=3)
    async with following(fake, EQ_A, stand=stand):
        pass
    assert stand.problems[0] == "expected the stream to open, got a refusal (HTTP 403)"
    assert len(fake.calls("authorize_market")) == 4


async def test_whatever_is_asked_and_broken_the_broker_ends_with_what_is_followed(fake: RunningFake) -> None:
    chance = random.Random(11)
    pool = [f"NSE_EQ|INE9{number:03d}A01010" for number in range(1, 31)]
    stand = Stand()
    async with following(fake, EQ_A, stand=stand, settings=QUICK.model_copy(update={"batch": 4})) as feed:
        for _ in range(60):
            act = chance.random()
            chosen = chance.sample(pool, chance.randint(1, 9))
            if act < 0.45:
                feed.subscribe(chosen)
            elif act < 0.85:
                feed.unsubscribe(chosen)
            else:
                await tell(fake, "disconnect", stream="market")
            if chance.random() < 0.3:
                await until(lambda: feed.state.connected)
        wanted = set(feed.keys)

        def agreed() -> bool:
            clients = fake.ask(lambda broker: [set(one.modes) for one in broker.feed.subscribers])
            return clients == [wanted]

        await until(agreed, "the broker to agree")
    assert feed.connections > 3


async def test_more_than_the_broker_serves_is_refused_before_anything_is_sent() -> None:
    feed = Stand().feed(lambda: None)
    feed.subscribe(f"NSE_FO|{number}" for number in range(2_000))
    with pytest.raises(ValueError, match="at most 2000 instruments, got 2001"):
        feed.subscribe(["NSE_FO|9999"])
    feed.subscribe(["NSE_FO|7"])
    assert len(feed.keys) == 2_000


async def test_the_clock_of_the_feed_is_the_exchanges(fake: RunningFake) -> None:
    stand = Stand()
    async with following(fake, EQ_A, stand=stand):
        await tell(fake, "clock", time="09:50:00")
        await step(fake, 5)
        await until(lambda: stand.frames[-1][2] > instant_at(DAY, time(9, 50)))
    assert stand.frames[0][2] < instant_at(DAY, time(9, 34))
