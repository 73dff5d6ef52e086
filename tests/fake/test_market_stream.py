"""The market stream of the fake broker: addresses that work once, binary control, order of messages, what is told."""

import http.client
import json
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from engine.feeds.wire.frames import feed_messages
from engine.feeds.wire.packet import (
    BookDepth,
    FeedCandle,
    FullFeed,
    Ltpc,
    MarketCandles,
    MarketLevel,
    OptionGreeks,
    RecordedPacket,
    TradableFeed,
)
from engine.market.clock import datetime_of, instant_at
from tests.fake.bare import BINARY, PING, PONG, bare_socket
from tests.fake.desk import PATIENCE, Desk, desk_at, frame, late_tape, subscribe, until
from tests.fake_upstox.clock import FASTEST
from tests.fake_upstox.market_hub import Subscriber
from tests.fake_upstox.shapes import Message
from tests.fake_upstox.wire import FeedEncoder, feed_frame, varint
from tests.recordings import DAY, EQ_A, OPT_A

AUTHORIZE = "/v3/feed/market-data-feed/authorize"
MARKET_INFO, SNAPSHOT, LIVE = 2, 0, 1


def test_the_state_of_the_market_comes_first_then_a_snapshot_then_what_changes(desk: Desk) -> None:
    with desk.market() as socket:
        info = frame(socket)
        subscribe(socket, EQ_A, OPT_A)
        snapshot = frame(socket)
        desk.price(1_001.0)
        live = frame(socket)
    assert [info.type, snapshot.type, live.type] == [MARKET_INFO, SNAPSHOT, LIVE]
    assert info.marketInfo.segmentStatus["NSE_EQ"] == feed_messages().MarketStatus.Value("NORMAL_OPEN")
    assert set(snapshot.feeds) == {EQ_A, OPT_A}
    assert set(live.feeds) == {EQ_A}
    assert live.feeds[EQ_A].fullFeed.marketFF.ltpc.ltp == 1_001.0
    assert live.feeds[EQ_A].requestMode == feed_messages().RequestMode.Value("full_d5")


def test_an_authorized_address_works_once_and_comes_in_both_spellings(desk: Desk) -> None:
    data = desk.get(AUTHORIZE).data
    assert data["authorized_redirect_uri"] == data["authorizedRedirectUri"]
    with connect(data["authorized_redirect_uri"], close_timeout=0.1):
        pass
    for address in (data["authorized_redirect_uri"], data["authorized_redirect_uri"][:-4]):
        with pytest.raises(InvalidStatus) as refused, connect(address):
            pass
        assert refused.value.response.status_code == 403


def test_a_code_of_one_stream_does_not_open_the_other(desk: Desk) -> None:
    address = desk.get(AUTHORIZE).data["authorizedRedirectUri"]
    with pytest.raises(InvalidStatus), connect(address.replace("/feeds/market", "/feeds/portfolio")):
        pass


def test_authorizing_needs_a_live_token(desk: Desk) -> None:
    assert desk.call("GET", AUTHORIZE, signed=False).status == 401


def test_a_direct_connection_is_sent_on_to_an_authorized_address(desk: Desk) -> None:
    answer = desk.get("/v3/feed/market-data-feed")
    assert answer.status == 302
    with connect(answer.headers["Location"], close_timeout=0.1) as socket:
        assert frame(socket).type == MARKET_INFO


def test_the_second_version_of_the_feed_is_gone(desk: Desk) -> None:
    assert desk.get("/v2/feed/market-data-feed/authorize").status == 410


def test_control_messages_in_text_frames_and_unknown_keys_are_ignored_in_silence(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        control = {"guid": "g", "method": "sub", "data": {"mode": "full", "instrumentKeys": [EQ_A]}}
        socket.send(json.dumps(control))
        socket.send(b"not json")
        subscribe(socket, "NSE_EQ|NOBODY")
        desk.price(1_001.0)
        subscribe(socket, OPT_A)
        assert set(frame(socket).feeds) == {OPT_A}
        (client,) = desk.fake.control("GET", "state")["market_clients"]
        assert (client["modes"], client["ignored_text"]) == ({OPT_A: "full"}, 1)


def test_unsubscribed_instruments_fall_silent(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A, OPT_A)
        frame(socket)
        control = {"guid": "g", "method": "unsub", "data": {"instrumentKeys": [EQ_A]}}
        socket.send(json.dumps(control).encode())
        until(lambda: desk.fake.control("GET", "state")["market_clients"][0]["modes"] == {OPT_A: "full"})
        desk.state(prices={EQ_A: 1_002.0, OPT_A: 501.0})
        assert set(frame(socket).feeds) == {OPT_A}


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("ltpc", "ltpc"), ("option_greeks", "firstLevelWithGreeks"), ("full", "fullFeed")],
)
def test_each_mode_has_its_own_shape_and_a_change_brings_a_snapshot(desk: Desk, mode: str, kind: str) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, OPT_A, mode="ltpc")
        frame(socket)
        control = {"guid": "g", "method": "change_mode", "data": {"mode": mode, "instrumentKeys": [OPT_A]}}
        socket.send(json.dumps(control).encode())
        changed = frame(socket)
        assert changed.type == SNAPSHOT
        assert changed.feeds[OPT_A].WhichOneof("FeedUnion") == kind


def test_thirty_levels_are_for_plus_users(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A, mode="full_d30")
        subscribe(socket, OPT_A)
        assert set(frame(socket).feeds) == {OPT_A}


@pytest.mark.parametrize(
    ("before", "mode", "wanted", "added"),
    [
        ({}, "full", 2_100, 2_000),
        ({}, "ltpc", 5_100, 5_000),
        ({"ltpc": 10}, "full", 1_600, 1_500),
        ({"full": 10}, "ltpc", 2_100, 2_000),
    ],
)
def test_subscriptions_stop_at_the_limits_of_a_normal_user(
    before: dict[str, int], mode: str, wanted: int, added: int
) -> None:
    subscriber = Subscriber.__new__(Subscriber)
    subscriber.modes = {f"{held}-{number}": held for held, count in before.items() for number in range(count)}
    assert len(subscriber.add([f"new-{number}" for number in range(wanted)], mode)) == added
    assert subscriber.add(["new-0"], mode) == ["new-0"]


def test_more_connections_than_allowed_are_refused_at_the_handshake(desk: Desk) -> None:
    desk.state(connection_limit=1)
    address = desk.get(AUTHORIZE).data["authorizedRedirectUri"]
    with desk.market() as socket:
        frame(socket)
        with pytest.raises(InvalidStatus) as refused, connect(address):
            pass
        assert refused.value.response.status_code == 403


def test_a_quiet_stream_is_pinged_and_says_nothing_else(desk: Desk) -> None:
    with bare_socket(desk.get(AUTHORIZE).data["authorizedRedirectUri"]) as socket:
        assert socket.opcode() == BINARY
        assert [socket.opcode() for _ in range(3)] == [PING] * 3


def test_a_callers_ping_is_answered(desk: Desk) -> None:
    with bare_socket(desk.get(AUTHORIZE).data["authorizedRedirectUri"]) as socket:
        socket.ping()
        assert PONG in {socket.opcode() for _ in range(3)}


def test_zero_fields_are_absent_on_the_wire(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A)
        snapshot = frame(socket)
    market = snapshot.feeds[EQ_A].fullFeed.marketFF
    fields = {field.name for field, _ in market.ListFields()}
    assert {"ltpc", "marketLevel", "optionGreeks", "marketOHLC", "vtt"} <= fields
    assert not fields & {"oi", "iv", "iep", "rp", "ieq", "casEligible"}
    assert "type" not in {field.name for field, _ in snapshot.ListFields()}


def test_a_segment_in_a_halt_is_told_closed_and_sends_nothing(desk: Desk) -> None:
    statuses = feed_messages().MarketStatus
    with desk.market() as socket:
        frame(socket)
        desk.state(halted=["NSE"])
        info = frame(socket)
        assert info.marketInfo.segmentStatus["NSE_EQ"] == statuses.Value("NORMAL_CLOSE")
        subscribe(socket, EQ_A)
        frame(socket)
        desk.step(30)
        desk.state(halted=[])
        assert frame(socket).marketInfo.segmentStatus["NSE_EQ"] == statuses.Value("NORMAL_OPEN")


@pytest.fixture
def moving(tape: tuple[Path, ...]) -> Iterator[Desk]:
    """Sit at a broker whose recorded tape runs as fast as it is read."""
    with desk_at(tape, speed=FASTEST) as found:
        yield found


def test_a_recording_is_told_packet_for_packet_in_order(moving: Desk) -> None:
    seen: dict[str, list[int]] = {EQ_A: [], OPT_A: []}
    sent: list[int] = []
    with moving.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A, OPT_A)
        frame(socket)
        while min(map(len, seen.values())) < 300:
            told = frame(socket)
            sent.append(told.currentTs)
            for key, feed in told.feeds.items():
                seen[key].append(feed.fullFeed.marketFF.vtt)
    assert all(len(volumes) == 300 and volumes == sorted(volumes) for volumes in seen.values())
    assert sent == sorted(sent)
    assert datetime_of(sent[0] * 1_000).date() == DAY


def test_packets_that_arrive_together_share_a_frame(tape: tuple[Path, ...]) -> None:
    with desk_at((tape[0],), instruments=3) as desk, desk.market() as socket:
        frame(socket)
        keys = [row["instrument_key"] for row in desk.file("NSE.json.gz") if row["segment"] == "NSE_EQ"]
        subscribe(socket, *keys[:10])
        frame(socket)
        desk.step(20)
        moved: set[str] = set()
        while len(moved) < 3:
            moved |= set(frame(socket).feeds)
        assert len(moved) == 3


def test_copies_of_an_instrument_have_its_price_tick_and_own_moments(tape: tuple[Path, ...]) -> None:
    with desk_at((tape[0],), instruments=5) as desk:
        rows = {row["instrument_key"]: row for row in desk.file("NSE.json.gz")}
        keys = [key for key, row in rows.items() if row["segment"] == "NSE_EQ"][:12]
        quotes = desk.get("/v3/market-quote/ltp", instrument_key=",".join(keys)).data.values()
        moving = [quote for quote in quotes if quote["volume"]]
        assert len(moving) == 5
        assert len({quote["last_price"] for quote in moving}) == 1
        assert {rows[quote["instrument_token"]]["tick_size"] for quote in moving} == {10.0}


def test_a_burst_sends_exactly_what_was_asked_and_volumes_never_step_back(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A, OPT_A)
        frame(socket)
        desk.fake.control("POST", "burst", {"rate": 4_000, "seconds": 0.25})
        volumes: dict[str, list[int]] = {EQ_A: [], OPT_A: []}
        while sum(map(len, volumes.values())) < 1_000:
            for key, feed in frame(socket).feeds.items():
                volumes[key].append(feed.fullFeed.marketFF.vtt)
        desk.step(30)
        after = frame(socket).feeds
    assert all(told == sorted(set(told)) for told in volumes.values())
    for key, feed in after.items():
        assert feed.fullFeed.marketFF.vtt >= volumes[key][-1]


def test_in_the_closing_auction_the_feed_tells_an_indicative_price_and_no_trades(tmp_path: Path) -> None:
    packets = late_tape(tmp_path)
    with desk_at(packets, day=date(2026, 11, 20)) as desk, desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A, OPT_A)
        before = frame(socket).feeds[EQ_A].fullFeed.marketFF
        desk.step(40)
        statuses: set[str] = set()
        indicative: list[Message] = []
        while len(indicative) < 5:
            told = frame(socket)
            statuses |= {status.status for status in told.marketInfo.casMarketStatus.values()}
            if EQ_A in told.feeds:
                indicative.append(told.feeds[EQ_A].fullFeed.marketFF)
    assert statuses == {"CAS_LM_START"}
    assert {market.vtt for market in indicative} == {before.vtt}
    assert all(market.iep and market.ieq for market in indicative)


@given(
    last=st.floats(0, 1e5),
    volume=st.integers(0, 2**40),
    depth=st.integers(0, 5),
    delta=st.sampled_from((0.0, 0.5)),
    again=st.booleans(),
)
def test_encoded_frames_say_what_the_packet_says(
    last: float, volume: int, depth: int, delta: float, again: bool
) -> None:
    levels = tuple(BookDepth(bidQ=place + 1, bidP=last, askQ=place, askP=last + 1) for place in range(depth))
    feed = TradableFeed(
        ltpc=Ltpc(ltp=last, ltt=1_765_771_373_000, ltq=3, cp=1.5),
        marketLevel=MarketLevel(levels),
        optionGreeks=OptionGreeks(delta=delta),
        marketOHLC=MarketCandles((FeedCandle("1d", 1.0, 2.0, 0.5, last, volume, 9),)),
        atp=last,
        vtt=volume,
        tbq=4.0,
    )
    packet = RecordedPacket(fullFeed=FullFeed(marketFF=feed), requestMode="full_d5", instrumentKey=EQ_A)
    encoder = FeedEncoder()
    encoded = encoder.feed(packet, "full")
    if again:
        encoded = encoder.feed(packet, "full")
    told = feed_messages().FeedResponse.FromString(
        feed_frame("live_feed", {EQ_A: encoded}, instant_at(DAY, time(10, 0)))
    )
    market = told.feeds[EQ_A].fullFeed.marketFF
    assert (told.type, market.vtt, market.atp, market.tbq) == (LIVE, volume, last, 4.0)
    assert (market.ltpc.ltp, market.ltpc.ltq) == (last, 3)
    assert [(row.bidQ, row.askQ) for row in market.marketLevel.bidAskQuote] == [
        (row.bidQ, row.askQ) for row in levels
    ]
    assert (market.marketOHLC.ohlc[0].vol, market.optionGreeks.delta) == (volume, delta)


@given(number=st.integers(0, 2**63 - 1))
def test_whole_numbers_are_written_as_protobuf_writes_them(number: int) -> None:
    message = feed_messages().MarketFullFeed(vtt=number)
    assert message.SerializeToString() == (b"\x30" + varint(number) if number else b"")


def test_the_address_is_of_the_host_that_was_called(desk: Desk) -> None:
    port = urlsplit(desk.fake.api_url).port
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    connection.request("GET", AUTHORIZE, headers={"Authorization": f"Bearer {desk.fake.access_token}"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["data"]["authorized_redirect_uri"].startswith(f"ws://localhost:{port}/")


def test_a_disconnected_client_is_cut_without_a_farewell(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        assert desk.fake.control("POST", "disconnect", {"stream": "market"}) == {"disconnected": 1}
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(PATIENCE)
        assert closed.value.rcvd is None
