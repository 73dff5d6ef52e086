"""Every fault that strikes a stream of the fake broker."""

import math
from collections.abc import Callable
from time import monotonic

import pytest
from google.protobuf.message import DecodeError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from engine.feeds.wire.frames import feed_messages
from tests.fake.bare import PING, bare_socket
from tests.fake.desk import PATIENCE, Desk, event, frame, subscribe
from tests.fake_upstox.faults import STREAM_FAULTS
from tests.recordings import EQ_A

AUTHORIZE = "/v3/feed/market-data-feed/authorize"
SILENCE = 0.25


def _subscribed(desk: Desk, socket: ClientConnection) -> None:
    frame(socket)
    subscribe(socket, EQ_A)
    frame(socket)
    desk.price(1_001.0)
    frame(socket)


def _moved(desk: Desk, fault: str, **facts: object) -> object:
    """Return the feed of the next packet, spoilt by a fault."""
    with desk.market() as socket:
        _subscribed(desk, socket)
        desk.fake.plant(fault, stream="market", **facts)
        desk.price(1_002.0)
        return frame(socket).feeds[EQ_A].fullFeed.marketFF


def _raw(desk: Desk, fault: str, count: int) -> list[bytes | str]:
    with desk.market() as socket:
        _subscribed(desk, socket)
        desk.fake.plant(fault, stream="market")
        desk.price(1_002.0)
        return [socket.recv(PATIENCE) for _ in range(count)]


def _is_mute_but_pings(desk: Desk) -> None:
    desk.fake.plant("mute", stream="market", times=0)
    with bare_socket(desk.get(AUTHORIZE).data["authorizedRedirectUri"]) as socket:
        assert socket.opcode() == PING
    desk.fake.control("DELETE", "faults")


def _is_half_open(desk: Desk) -> None:
    with bare_socket(desk.get(AUTHORIZE).data["authorizedRedirectUri"]) as socket:
        socket.opcode()
        desk.fake.plant("half-open", stream="market", times=0)
        socket.patience(SILENCE * 2)
        socket.ping()
        assert socket.falls_silent()


def _cuts_a_frame(desk: Desk) -> None:
    (cut,) = _raw(desk, "cut-frame", 1)
    assert isinstance(cut, bytes)
    with pytest.raises(DecodeError):
        feed_messages().FeedResponse.FromString(cut)


def _sends_garbage(desk: Desk) -> None:
    _, garbage = _raw(desk, "garbage-frame", 2)
    assert isinstance(garbage, bytes)
    with pytest.raises(DecodeError):
        feed_messages().FeedResponse.FromString(garbage)


def _sends_an_empty_frame(desk: Desk) -> None:
    assert _raw(desk, "empty-frame", 2)[1] == b""


def _leaves_the_last_price_out(desk: Desk) -> None:
    market = _moved(desk, "without-ltpc")
    assert not market.HasField("ltpc")  # type: ignore[attr-defined]


def _tells_auction_fields(desk: Desk) -> None:
    market = _moved(desk, "auction-fields")
    assert (market.iep, market.casEligible) == (1_002.0, True)  # type: ignore[attr-defined]


def _uses_an_unknown_number(desk: Desk) -> None:
    with desk.market() as socket:
        _subscribed(desk, socket)
        for where in ("type", "mode", "status"):
            desk.fake.plant("unknown-enum", stream="market", where=where)
            desk.price(1_002.0)
            told = frame(socket)
            numbers = {told.type, told.feeds[EQ_A].requestMode, told.marketInfo.segmentStatus["NSE_EQ"]}
            assert 17 in numbers


def _adds_an_unknown_field(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("unknown-field", stream="portfolio")
        desk.place()
        assert "x_of_tomorrow" in event(socket)
    (raw,) = _raw(desk, "unknown-field", 1)
    assert isinstance(raw, bytes)
    assert b"unknown" in raw
    assert EQ_A in feed_messages().FeedResponse.FromString(raw).feeds


def _sends_a_bad_price(desk: Desk) -> None:
    prices = [
        _moved(desk, "bad-tick", kind=kind).ltpc.ltp  # type: ignore[attr-defined]
        for kind in ("zero", "times-ten", "negative", "nan")
    ]
    assert prices[:3] == [0.0, 10_020.0, -1_002.0]
    assert math.isnan(prices[3])


def _tells_an_older_trade(desk: Desk) -> None:
    with desk.market() as socket:
        _subscribed(desk, socket)
        desk.price(1_002.0)
        good = frame(socket).feeds[EQ_A].fullFeed.marketFF
        desk.fake.plant("old-trade-time", stream="market", back=5.0)
        desk.price(1_003.0)
        old = frame(socket).feeds[EQ_A].fullFeed.marketFF
    assert old.ltpc.ltt < good.ltpc.ltt
    assert old.vtt < good.vtt


def _delays_a_frame(desk: Desk) -> None:
    with desk.market() as socket:
        _subscribed(desk, socket)
        desk.fake.plant("delay-stream", stream="market", delay=0.15)
        before = monotonic()
        desk.state(prices={EQ_A: 1_002.0})
        desk.state(prices={EQ_A: 1_003.0})
        prices = [frame(socket).feeds[EQ_A].fullFeed.marketFF.ltpc.ltp for _ in range(2)]
    assert prices == [1_003.0, 1_002.0]
    assert monotonic() - before >= 0.15


def _repeats_an_event(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("duplicate-stream", stream="portfolio")
        desk.place()
        assert event(socket) == event(socket)


def _swaps_two_events(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("reorder-stream", stream="portfolio")
        desk.place()
        assert [event(socket)["status"] for _ in range(2)] == ["validation pending", "put order req received"]


def _drops_an_event(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("drop-stream", stream="portfolio")
        desk.place()
        assert event(socket)["status"] == "validation pending"


def _tells_an_unknown_status(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("unknown-status", stream="portfolio")
        order = desk.place()
        assert event(socket)["status"] == "held by exchange"
    assert desk.order(order)["status"] == "open"


def _refuses_a_connection(desk: Desk) -> None:
    desk.fake.plant("refuse-connection", stream="portfolio")
    with pytest.raises(InvalidStatus), desk.portfolio():
        pass
    with desk.portfolio():
        pass


def _cuts_each_connection_after_a_while(desk: Desk) -> None:
    with desk.market() as first:
        frame(first)
        desk.fake.plant("flap", stream="market", every=0.1, times=2)
        _ends(first)
    for _ in range(2):
        with desk.market() as socket:
            frame(socket)
            _ends(socket)
    with desk.market() as last:
        frame(last)
        with pytest.raises(TimeoutError):
            last.recv(SILENCE)


def _ends(socket: ClientConnection) -> None:
    with pytest.raises(ConnectionClosed):
        socket.recv(PATIENCE)


def _repeats_a_text_in_an_event(desk: Desk) -> None:
    with desk.portfolio() as socket:
        desk.fake.plant("repeat-text", stream="portfolio", text="said before")
        desk.place(price=1_002.0)
        assert event(socket)["status_message"].endswith("said before")


CASES: dict[str, Callable[[Desk], None]] = {
    "mute": _is_mute_but_pings,
    "half-open": _is_half_open,
    "cut-frame": _cuts_a_frame,
    "garbage-frame": _sends_garbage,
    "empty-frame": _sends_an_empty_frame,
    "without-ltpc": _leaves_the_last_price_out,
    "auction-fields": _tells_auction_fields,
    "unknown-enum": _uses_an_unknown_number,
    "unknown-field": _adds_an_unknown_field,
    "bad-tick": _sends_a_bad_price,
    "old-trade-time": _tells_an_older_trade,
    "delay-stream": _delays_a_frame,
    "duplicate-stream": _repeats_an_event,
    "reorder-stream": _swaps_two_events,
    "drop-stream": _drops_an_event,
    "repeat-text": _repeats_a_text_in_an_event,
    "unknown-status": _tells_an_unknown_status,
    "refuse-connection": _refuses_a_connection,
    "flap": _cuts_each_connection_after_a_while,
}


@pytest.mark.parametrize("name", sorted(STREAM_FAULTS))
def test_a_fault_of_streams_strikes_as_named(desk: Desk, name: str) -> None:
    CASES[name](desk)


def test_a_mute_portfolio_stream_leaves_the_market_stream_alone(desk: Desk) -> None:
    desk.fake.plant("mute", stream="portfolio", times=0)
    with desk.market() as market, desk.portfolio() as portfolio:
        _subscribed(desk, market)
        desk.place(price=1_002.0)
        with pytest.raises(TimeoutError):
            portfolio.recv(SILENCE)


def test_a_fresh_connection_after_a_half_open_one_is_alive(desk: Desk) -> None:
    desk.fake.plant("half-open", stream="market", seconds=0.1)
    address = desk.get(AUTHORIZE).data["authorizedRedirectUri"]
    with connect(address, close_timeout=0.05, ping_interval=None) as dead:
        with pytest.raises(TimeoutError):
            dead.recv(SILENCE)
        with desk.market() as alive:
            assert frame(alive).marketInfo.segmentStatus
