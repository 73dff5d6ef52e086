import socket
import ssl
import threading
from pathlib import Path

import pytest

from engine.upstox.rest.address import AddressError, check_stream_address
from engine.upstox.rest.transport import NotSentError, StoppedError, Transport, UnansweredError
from tests.upstox.certificate import own_certificate
from tests.upstox.loopback import DROP, HANG, RESET, Loopback, Received, answer, success


def transport(connect: float = 1.0, read: float = 1.0) -> Transport:
    return Transport(connect, read, loopback_allowed=True)


def test_an_answer_comes_whole_with_any_status_and_its_connection_is_used_again() -> None:
    with Loopback(lambda request: answer(418, {"path": request.path})) as server:
        line = transport()
        answers = [line.request("GET", f"{server.url}/{name}") for name in ("a", "b", "c")]
        assert [(reply.status, reply.body) for reply in answers] == [
            (418, b'{"path": "/a"}'),
            (418, b'{"path": "/b"}'),
            (418, b'{"path": "/c"}'),
        ]
        assert server.connections == 1
        assert answers[0].headers["content-type"] == "application/json"


def test_a_connection_the_broker_closed_while_idle_costs_no_request() -> None:
    with Loopback(lambda _: success([])) as server:
        line = transport()
        line.request("GET", f"{server.url}/a")
        server.drop_idle()
        assert line.request("POST", f"{server.url}/b", json={}).status == 200
        assert [request.path for request in server.requests] == ["/a", "/b"]


@pytest.mark.parametrize("fault", [DROP, RESET, HANG, b"HTTP/1.1 2", b"garbage\r\n\r\n"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_request_without_a_whole_answer_is_unanswered_and_never_sent_again(
    method: str, fault: bytes
) -> None:
    with Loopback(lambda _: fault) as server:
        with pytest.raises(UnansweredError):
            transport(read=0.1).request(method, f"{server.url}/order", json={"a": 1})
        assert len(server.requests) == 1


def test_a_cut_off_body_is_no_answer() -> None:
    whole = success({"order_ids": ["1"]})
    with Loopback(lambda _: whole[:-5]) as server, pytest.raises(UnansweredError):
        transport(read=0.1).request("POST", f"{server.url}/order", json={})


def test_an_answer_that_drips_ends_at_the_deadline_though_each_byte_is_in_time() -> None:
    go_on = threading.Event()

    class Dripping(Loopback):
        def _reply(self, line: object, reply: bytes) -> bool:
            for byte in reply:
                line.sendall(bytes([byte]))  # type: ignore[attr-defined]
                if go_on.wait(0.05):
                    break
            return False

    with Dripping(lambda _: success([])) as server:
        with pytest.raises(UnansweredError, match=r"too slow|timed out"):
            transport(read=0.3).request("GET", f"{server.url}/slow")
        go_on.set()


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with Loopback(lambda _: success([])) as server:
        url = server.url
    with pytest.raises(NotSentError, match="got: Connection refused"):
        transport().request("POST", f"{url}/order", json={})


def test_a_name_that_does_not_resolve_proves_that_nothing_was_sent() -> None:
    with pytest.raises(NotSentError):
        transport(connect=0.5).request("GET", "https://no-such-host.invalid/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.upstox.com/v2",
        "http://127.evil.example/x",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "https:///x",
    ],
)
def test_plain_text_leaves_this_machine_never(url: str) -> None:
    with pytest.raises(AddressError, match="expected an"):
        transport().request("GET", url)


def test_plain_text_on_loopback_needs_permission() -> None:
    with pytest.raises(AddressError):
        Transport(1, 1, loopback_allowed=False).request("GET", "http://127.0.0.1:9/")


def test_a_redirect_is_an_answer_not_an_order() -> None:
    with Loopback(lambda _: answer(302, {}, headers="Location: /elsewhere\r\n")) as server:
        assert transport().request("GET", f"{server.url}/a").status == 302
        assert len(server.requests) == 1


def test_a_header_with_a_line_break_never_leaves() -> None:
    with Loopback(lambda _: success([])) as server:
        with pytest.raises(NotSentError, match="one line"):
            transport().request("GET", f"{server.url}/a", headers={"X": "a\r\nHost: b"})
        assert server.requests == []


def test_a_warm_connection_is_the_one_that_carries_the_order() -> None:
    with Loopback(lambda _: success([])) as server:
        line = transport()
        line.warm(server.url)
        line.warm(server.url)
        line.request("POST", f"{server.url}/order", json={})
        assert server.connections == 1


def test_a_request_taken_back_with_the_connection_open_sends_no_byte_and_keeps_the_connection() -> None:
    with Loopback(lambda _: success([])) as server:
        line = transport()
        with pytest.raises(StoppedError, match="nothing was sent"):
            line.request("POST", f"{server.url}/order", json={}, allowed=lambda: False)
        line.request("POST", f"{server.url}/other", json={})
        assert [request.path for request in server.requests] == ["/other"]
        assert server.connections == 1


def test_after_a_request_without_an_answer_no_other_idle_connection_is_trusted() -> None:
    together = threading.Barrier(3, timeout=60)

    def respond(request: Received) -> bytes:
        if request.path == "/lost":
            return HANG
        if request.path == "/warm":
            together.wait()
        return success([])

    with Loopback(respond) as server:
        line = transport(read=2)
        threads = [
            threading.Thread(target=line.request, args=("GET", f"{server.url}/warm")) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        together.wait()
        for thread in threads:
            thread.join(60)
        with pytest.raises(UnansweredError):
            line.request("GET", f"{server.url}/lost", read_seconds=0.1)
        line.request("GET", f"{server.url}/after")
        assert server.requests[-1].path == "/after"
        assert server.requests[-1].connection == 3


def test_an_idle_connection_is_watched_by_the_system() -> None:
    with Loopback(lambda _: success([])) as server:
        line = transport()
        line.warm(server.url)
        (idle,) = next(iter(line._idle.values()))
        assert idle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not hasattr(socket, "TCP_KEEPIDLE") or (
            idle.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 15
        )


def test_requests_of_several_threads_do_not_wait_for_one_another() -> None:
    together = threading.Barrier(4, timeout=60)

    def respond(request: Received) -> bytes:
        together.wait()
        return success(request.path)

    with Loopback(respond) as server:
        line = transport(read=5)
        threads = [
            threading.Thread(target=line.request, args=("GET", f"{server.url}/{number}"))
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert {request.path for request in server.requests} == {"/0", "/1", "/2", "/3"}


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    with Loopback(lambda _: success([]), tls=server_side) as server:
        with pytest.raises(NotSentError, match=r"got: certificate verify failed: [a-z -]+\Z"):
            transport().request("GET", f"{server.url}/a", headers={"Authorization": "Bearer x"})
        assert server.requests == []
        trusting = Transport(
            1, 1, loopback_allowed=True, tls=ssl.create_default_context(cafile=str(certificate))
        )
        assert trusting.request("GET", f"{server.url}/a").status == 200
        assert trusting.request("GET", f"{server.url}/b").status == 200
        trusting.warm(server.url)
        assert server.connections == 2


def test_errors_and_answers_show_neither_query_nor_headers_nor_body() -> None:
    with Loopback(lambda request: DROP if request.path == "/drop" else success("hidden-body")) as server:
        line = transport()
        with pytest.raises(UnansweredError) as failure:
            line.request(
                "GET", f"{server.url}/drop", query={"code": "hidden-code"}, headers={"A": "hidden-a"}
            )
        reply = line.request("GET", f"{server.url}/a")
        assert "hidden" not in f"{failure.value!r} {failure.value} {reply!r} {reply}"


@pytest.mark.parametrize(
    ("url", "loopback", "allowed"),
    [
        ("wss://api.upstox.com/feed?code=1", False, True),
        ("wss://upstox.com/feed", False, True),
        ("wss://upstox.com.evil.example/feed?code=1", False, False),
        ("wss://evilupstox.com/feed", False, False),
        ("ws://api.upstox.com/feed", True, False),
        ("ws://127.0.0.1:8000/feed?code=1", True, True),
        ("ws://127.0.0.1:8000/feed?code=1", False, False),
        ("wss://[::1/feed?code=1", True, False),
        ("wss://api.upstox.com:99999/feed?code=1", False, False),
        ("", True, False),
    ],
)
def test_a_stream_opens_under_the_broker_with_tls_or_on_loopback_where_allowed(
    url: str, loopback: bool, allowed: bool
) -> None:
    if allowed:
        assert check_stream_address(url, loopback_allowed=loopback) == url
        return
    with pytest.raises(AddressError) as refusal:
        check_stream_address(url, loopback_allowed=loopback)
    assert "code=" not in str(refusal.value)
