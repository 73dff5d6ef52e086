import subprocess
import sys
from collections.abc import Generator
from datetime import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame, Indication, feed_messages, read_in_slices, updates_from_frame
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from tests.feeds.frames import LIVE, MARKET_INFO, response_of
from tests.recordings import DAY, EQ_A, OPT_A, made_packets, recorded_packet

NOON: Instant = instant_at(DAY, time(12, 0))


def frame_of(*records: dict[str, Any], kind: int = LIVE) -> Any:  # noqa: ANN401
    return response_of(records, NOON, kind)


def decoder() -> PacketDecoder:
    return PacketDecoder({EQ_A: 10, OPT_A: 5})


def test_a_frame_reads_exactly_as_the_recording_of_the_same_packets() -> None:
    recorded, framed = decoder(), decoder()
    for first, second in zip(
        made_packets(EQ_A, seed=3, count=200),
        made_packets(OPT_A, seed=4, count=200, lot=35, tick=0.05, price=500),
        strict=True,
    ):
        arrival = NOON
        expected = {recorded.update_from_recorded(record, arrival) for record in (first, second)}
        frame = updates_from_frame(frame_of(first, second).SerializeToString(), arrival, framed)
        assert frame.kind == "live_feed"
        assert frame.sent == NOON
        assert set(frame.updates) == expected
    assert not framed.rejected


def test_updates_come_in_key_order_whatever_the_wire_order() -> None:
    records = [recorded_packet(f"NSE_FO|{number}", arrival=NOON) for number in (9, 3, 7, 1, 5)]
    frame = updates_from_frame(frame_of(*records), NOON, decoder())
    assert [update.instrument for update in frame.updates] == [f"NSE_FO|{n}" for n in (1, 3, 5, 7, 9)]


def test_the_first_feed_is_a_snapshot_and_live_ones_are_not() -> None:
    record = recorded_packet(EQ_A, arrival=NOON)
    assert updates_from_frame(frame_of(record, kind=0), NOON, decoder()).updates[0].snapshot
    assert not updates_from_frame(frame_of(record), NOON, decoder()).updates[0].snapshot


def test_market_info_carries_segments_and_auction_states_with_unknown_numbers_as_text() -> None:
    response = feed_messages().FeedResponse(type=MARKET_INFO, currentTs=NOON // MILLISECOND)
    response.marketInfo.segmentStatus["NSE_EQ"] = 2
    response.marketInfo.segmentStatus["NSE_FO"] = 77
    response.marketInfo.casMarketStatus["NSE_EQ"].status = "CAS_LM_START"
    response.marketInfo.casMarketStatus["NSE_EQ"].updatedTime = NOON // MILLISECOND
    response.marketInfo.preOpenSessionStatus["NSE_EQ"].status = "PRE_OPEN_M_END"
    frame = updates_from_frame(response.SerializeToString(), NOON, decoder())
    assert frame.kind == "market_info"
    assert frame.segments == {"NSE_EQ": "NORMAL_OPEN", "NSE_FO": "77"}
    assert frame.closing_auction == {"NSE_EQ": ("CAS_LM_START", NOON)}
    assert frame.pre_open == {"NSE_EQ": ("PRE_OPEN_M_END", 0)}


def test_an_empty_frame_is_survived_and_counted() -> None:
    reader = decoder()
    frame = updates_from_frame(b"", NOON, reader)
    assert (frame.updates, frame.sent) == ((), None)
    assert reader.quirks == {Quirk.EMPTY_FRAME: 1}
    assert not reader.rejected


def test_unknown_types_and_modes_are_survived_and_counted() -> None:
    response = frame_of(recorded_packet(EQ_A, arrival=NOON), kind=9)
    response.feeds[EQ_A].requestMode = 12
    reader = decoder()
    frame = updates_from_frame(response.SerializeToString(), NOON, reader)
    assert frame.kind == "9"
    assert len(frame.updates) == 1
    assert not frame.updates[0].snapshot
    assert reader.quirks == {Quirk.UNKNOWN_TYPE: 1, Quirk.UNKNOWN_MODE: 1}


def test_a_bad_packet_costs_only_itself() -> None:
    response = frame_of(
        recorded_packet(EQ_A, arrival=NOON, last=float("nan")),
        recorded_packet(OPT_A, arrival=NOON, last=524.3),
    )
    response.feeds["NSE_FO|9"].SetInParent()
    reader = decoder()
    frame = updates_from_frame(response.SerializeToString(), NOON, reader)
    assert [update.instrument for update in frame.updates] == [OPT_A]
    assert reader.rejected == {EQ_A: 1, "NSE_FO|9": 1}
    assert reader.reasons == {Reason.NOT_A_PRICE: 1, Reason.NO_FEED: 1}


def test_a_full_feed_without_ltpc_carries_the_last_trade_forward() -> None:
    reader = decoder()
    updates_from_frame(frame_of(recorded_packet(EQ_A, arrival=NOON)), NOON, reader)
    response = frame_of(recorded_packet(EQ_A, arrival=NOON, bids=[(1069.0, 5)], asks=[(1070.0, 5)]))
    response.feeds[EQ_A].fullFeed.marketFF.ClearField("ltpc")
    update = updates_from_frame(response, NOON + SECOND, reader).updates[0]
    assert (update.last, update.bids) == (106_940, ((106_900, 5),))
    assert reader.quirks == {Quirk.NO_LTPC: 1}


def test_indicative_prices_mark_the_update_even_when_zero_is_sent_as_a_wrapper() -> None:
    response = frame_of(recorded_packet(EQ_A, arrival=NOON))
    response.feeds[EQ_A].fullFeed.marketFF.ltpc.iep.value = 1070.0
    assert updates_from_frame(response, NOON, decoder()).updates[0].auction


def test_what_an_auction_indicates_is_shown_beside_the_update() -> None:
    response = frame_of(recorded_packet(EQ_A, arrival=NOON), recorded_packet(OPT_A, arrival=NOON, last=524.3))
    market = response.feeds[EQ_A].fullFeed.marketFF
    market.iep, market.ieq, market.iiqTotal, market.iiqM = 1070.05, 1_200, -300, -400
    market.rp, market.casEligible = 1069.0, True
    frame = updates_from_frame(response.SerializeToString(), NOON, decoder())
    assert frame.indications == {EQ_A: Indication(107_005, 1_200, -300, -400, 106_900, closing_auction=True)}
    assert [update.auction for update in frame.updates] == [True, False]


def test_a_snapshot_tells_who_may_join_the_closing_auction_and_nonsense_prices_are_none() -> None:
    response = frame_of(recorded_packet(EQ_A, arrival=NOON), kind=0)
    market = response.feeds[EQ_A].fullFeed.marketFF
    market.casEligible, market.rp = True, float("nan")
    frame = updates_from_frame(response.SerializeToString(), NOON, decoder())
    assert frame.indications == {EQ_A: Indication(None, 0, 0, 0, None, closing_auction=True)}
    assert not frame.updates[0].auction


def test_index_and_short_feeds_are_read() -> None:
    response = feed_messages().FeedResponse(type=LIVE)
    index = response.feeds["NSE_INDEX|Nifty 50"].fullFeed.indexFF.ltpc
    index.ltp, index.ltt, index.cp = 25912.35, NOON // MILLISECOND, 26000.0
    first = response.feeds[OPT_A].firstLevelWithGreeks
    first.ltpc.ltp, first.ltpc.ltt, first.vtt, first.oi = 524.3, NOON // MILLISECOND, 350, 70.0
    first.firstDepth.askQ, first.firstDepth.askP = 35, 524.35
    short = response.feeds[EQ_A].ltpc
    short.ltp, short.ltt = 1069.4, NOON // MILLISECOND
    updates = {
        update.instrument: update
        for update in updates_from_frame(response.SerializeToString(), NOON, decoder()).updates
    }
    assert updates["NSE_INDEX|Nifty 50"].last == 2_591_235
    assert (updates[OPT_A].volume, updates[OPT_A].asks) == (350, ((52_435, 35),))
    assert updates[EQ_A].last == 106_940


def test_broken_bytes_raise_a_typed_reason_and_are_counted() -> None:
    reader = decoder()
    with pytest.raises(DecodeError, match="FeedResponse") as caught:
        updates_from_frame(b"\xff\xff", NOON, reader)
    assert caught.value.reason is Reason.BROKEN_FRAME
    assert reader.rejected == {"": 1}


def test_a_big_frame_read_in_slices_is_the_frame_read_at_once() -> None:
    records = [recorded_packet(f"NSE_FO|{number}", arrival=NOON) for number in range(7)]
    records[3]["fullFeed"]["marketFF"]["ltpc"]["ltp"] = -1.0
    response = frame_of(*records)
    whole, sliced = decoder(), decoder()
    pauses: list[None] = []

    def read() -> Generator[None, None, Frame]:
        frame = yield from read_in_slices(response, NOON, sliced, 3)
        assert frame == updates_from_frame(response, NOON, whole)
        return frame

    pauses.extend(read())
    assert len(pauses) == 2
    assert sliced.rejected == whole.rejected == {"NSE_FO|3": 1}


@pytest.mark.parametrize("milliseconds", [-5, 17, 2**62])
def test_a_frame_sent_at_no_time_is_read_without_it(milliseconds: int) -> None:
    response = frame_of(recorded_packet(EQ_A, arrival=NOON))
    response.currentTs = milliseconds
    reader = decoder()
    frame = updates_from_frame(response.SerializeToString(), NOON, reader)
    assert (frame.sent, len(frame.updates)) == (None, 1)
    assert reader.quirks == {Quirk.BROKEN_SENT: 1}


def test_after_a_break_the_first_packet_of_each_instrument_is_a_snapshot_whatever_it_calls_itself() -> None:
    reader = decoder()

    def snapshots(*records: dict[str, Any]) -> list[bool]:
        frame = updates_from_frame(frame_of(*records), NOON, reader)
        return [update.snapshot for update in frame.updates]

    one, other = recorded_packet(EQ_A, arrival=NOON), recorded_packet(OPT_A, arrival=NOON, last=524.3)
    assert snapshots(one, other) == [False, False]
    reader.break_off()
    assert snapshots(one) == [True]
    assert snapshots(one, other) == [False, True]
    assert snapshots(one, other) == [False, False]


def test_a_tick_learned_later_is_checked_from_then_on() -> None:
    reader = PacketDecoder()
    record = recorded_packet(EQ_A, arrival=NOON, last=1069.45)
    assert len(updates_from_frame(frame_of(record), NOON, reader).updates) == 1
    reader.know({EQ_A: 10})
    assert not updates_from_frame(frame_of(record), NOON, reader).updates
    assert reader.reasons == {Reason.OFF_TICK: 1}


_FRAME = frame_of(
    *[made_packets(key, seed=7, count=1, lot=35, tick=0.1, price=900)[0] for key in (EQ_A, OPT_A)]
).SerializeToString()


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(_FRAME) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(_FRAME)),
)
@example([], 0)
def test_no_mutated_frame_crashes_and_every_packet_is_read_or_counted(
    flips: list[tuple[int, int]], length: int
) -> None:
    wire = bytearray(_FRAME)
    for position, value in flips:
        wire[position] = value
    reader = decoder()
    try:
        response = feed_messages().FeedResponse.FromString(bytes(wire[:length]))
    except Exception:  # noqa: BLE001  # whatever the library calls it, we must call it a DecodeError
        with pytest.raises(DecodeError):
            updates_from_frame(bytes(wire[:length]), NOON, reader)
        assert reader.reasons == {Reason.BROKEN_FRAME: 1}
        return
    frame = updates_from_frame(bytes(wire[:length]), NOON, reader)
    assert len(frame.updates) + sum(reader.rejected.values()) == len(response.feeds)
    assert all(update.last > 0 for update in frame.updates)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_no_garbage_crashes(wire: bytes) -> None:
    reader = decoder()
    try:
        updates_from_frame(wire, NOON, reader)
    except DecodeError:
        assert reader.rejected == {"": 1}


def test_reading_frames_leaves_the_rest_of_the_sdk_unloaded() -> None:
    script = (
        "import sys; from engine.feeds.wire.frames import feed_messages; feed_messages().FeedResponse();"
        "print('upstox_client' in sys.modules, 'urllib3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
