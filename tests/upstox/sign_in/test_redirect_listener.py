"""The loopback address that a browser or a forwarder comes to: whole requests are read, everything else is survived."""

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.upstox.sign_in.redirect_listener import Doorstep, DoorstepError, Visit, answer_visit, read_visit


def visit_with(data: bytes) -> Visit:
    """Return what a visitor that sends this and hangs up is read as."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return read_visit(ours)


def test_a_request_is_read_with_its_body() -> None:
    head = b"POST /notify?x=1 HTTP/1.1\r\nHost: here\r\ncontent-LENGTH: 4\r\n\r\n"
    assert visit_with(head + b"bodymore") == Visit("POST", "/notify?x=1", b"body")
    assert visit_with(b"GET / HTTP/1.1\r\n\r\n") == Visit("GET", "/", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET /",
        b"GET /\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
def test_half_a_request_and_what_is_none_are_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="expected"):
        visit_with(data)


def test_an_endless_request_is_cut_off() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000)
        with pytest.raises(TimeoutError):
            read_visit(ours)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_door(data: bytes) -> None:
    with contextlib.suppress(OSError):
        visit_with(data)


def test_a_visitor_that_has_left_hears_nothing_and_harms_nobody() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        answer_visit(ours, "200 OK", "late")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("http://192.0.2.1:8787/", "is not on this machine"),
        ("https://127.0.0.1:8787/", "is not on this machine"),
        ("http://localhost.example:8787/", "is not on this machine"),
        ("http://127.0.0.1:99999/", "expected to listen on"),
        ("", "is not on this machine"),
    ],
)
def test_only_a_plain_address_of_this_machine_is_listened_on(uri: str, says: str) -> None:
    with pytest.raises(DoorstepError, match=says):
        Doorstep(uri)


def test_a_taken_address_is_named() -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen()
        port = line.getsockname()[1]
        with pytest.raises(DoorstepError, match=f"expected to listen on http://127.0.0.1:{port}/, got:"):
            Doorstep(f"http://127.0.0.1:{port}/")
