"""What was sent in confidence does not come back, however an answer writes it."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.upstox.rest.hiding import HIDDEN, Secrets
from engine.upstox.rest.transport import Transport, UnansweredError
from tests.upstox.loopback import Loopback, Received, answer

TOKEN = "eyJ0eXAiOiJKV1Qi.eyJzdWIiOiIyQUIifQ.sig-na_ture/with+signs"
SECRET = "app-secret-of-the-desk"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def transport() -> Transport:
    return Transport(1.0, 1.0, loopback_allowed=True)


def test_a_token_that_an_answer_repeats_is_hidden_whatever_its_status_and_form() -> None:
    page = f"<html>your header was {TOKEN}</html>".encode()
    escaped = "".join(f"\\u{ord(sign):04x}" for sign in TOKEN)
    bodies = {
        "/json": json.dumps({"errors": [{"error_code": "X", "message": f"bad {TOKEN}"}]}).encode(),
        "/escaped": f'{{"message": "{escaped}"}}'.encode(),
        "/slashed": json.dumps({"m": TOKEN}).replace("/", "\\/").encode(),
        "/quoted": quote(TOKEN, safe="").encode(),
        "/page": page,
    }

    def reply(request: Received) -> bytes:
        body = bodies[request.path]
        return b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    with Loopback(reply) as server:
        line = transport()
        for path in bodies:
            told = line.request("GET", f"{server.url}{path}", headers=HEADERS).body.decode()
            assert HIDDEN in told, path
            assert TOKEN not in told
            assert quote(TOKEN, safe="") not in told
            if told.startswith("{"):
                assert TOKEN not in json.dumps(json.loads(told))


def test_a_form_s_secret_and_code_are_hidden_and_the_token_that_answers_is_not() -> None:
    form = {"code": "single-use-code", "client_secret": SECRET, "client_id": "client-of-the-desk"}
    said = {"access_token": TOKEN, "seen": f"{form['code']} {SECRET} {form['client_id']}"}
    with Loopback(lambda _: answer(200, said)) as server:
        told = json.loads(transport().request("POST", f"{server.url}/token", form=form).body)
    assert told == {"access_token": TOKEN, "seen": f"{HIDDEN} {HIDDEN} client-of-the-desk"}


def test_a_token_of_before_is_hidden_too() -> None:
    with Loopback(lambda _: answer(200, {"old": TOKEN})) as server:
        line = transport()
        line.request("GET", f"{server.url}/a", headers=HEADERS)
        told = line.request("GET", f"{server.url}/b", headers={"Authorization": "Bearer another-token"})
    assert TOKEN.encode() not in told.body


def test_a_line_that_is_no_answer_tells_neither_the_token_nor_control_signs() -> None:
    said = f"\x1b[2J\u202e{TOKEN}\r\n\r\n".encode()
    with Loopback(lambda _: said) as server, pytest.raises(UnansweredError) as caught:
        transport().request("GET", f"{server.url}/a", headers=HEADERS)
    told = str(caught.value)
    assert TOKEN not in told
    assert told.isprintable()
    assert caught.value.__cause__ is None


def test_a_word_too_short_for_a_secret_spoils_no_answer() -> None:
    with Loopback(lambda _: answer(200, {"status": "success", "quantity": 12})) as server:
        told = transport().request("GET", f"{server.url}/a", headers={"Authorization": "Bearer success"})
    assert json.loads(told.body) == {"status": "success", "quantity": 12}


@given(some.binary(max_size=40), some.binary(max_size=40))
def test_a_binary_frame_keeps_its_length(before: bytes, after: bytes) -> None:
    secrets = Secrets()
    secrets.learn(TOKEN)
    frame = before + TOKEN.encode() + after
    hidden = secrets.hide_in_frame(frame)
    assert len(hidden) == len(frame)
    assert TOKEN.encode() not in hidden
    assert (hidden[: len(before)], hidden[len(frame) - len(after) :]) == (before, after)


@given(some.text(some.sampled_from('ab"\\/u0 \n\x1b\u202e€'), max_size=60))
def test_an_answer_without_a_secret_is_what_it_was(text: str) -> None:
    secrets = Secrets()
    secrets.learn(TOKEN)
    for form in (json.dumps({"a": text}), json.dumps({"a": text}, ensure_ascii=False)):
        assert secrets.hide_in_body(form.encode()) == form.encode()


@given(some.text(some.sampled_from('ab"\\/u0 \n\x1b\u202e€'), max_size=30))
def test_an_answer_stays_the_json_it_was_around_what_is_hidden(text: str) -> None:
    secrets = Secrets()
    secrets.learn(TOKEN)
    escaped = json.dumps({"a": text, "b": TOKEN}).replace("i", "\\u0069")
    assert json.loads(secrets.hide_in_body(escaped.encode())) == {"a": text, "b": HIDDEN}


@pytest.mark.parametrize("code", ["482913", "aB3x", "a-9_z"])
def test_a_short_code_is_hidden_where_it_stands_alone(code: str) -> None:
    secrets = Secrets()
    secrets.learn_address(f"https://127.0.0.1/back?code={code}&state=x")
    said = f'{{"message": "the code {code} was used", "echo": "{code}", "other": "1{code}7", "path": "?code={code}&"}}'
    hidden = secrets.hide_in_body(said.encode()).decode()
    assert hidden == secrets.hide(said)
    assert hidden.count("(hidden)") == 3
    assert f"1{code}7" in hidden


def test_a_code_of_a_request_s_body_is_hidden_however_short_and_a_short_word_is_not() -> None:
    secrets = Secrets()
    secrets.learn_request(
        {"Authorization": "Bearer success"}, {"code": "482913", "grant": "word", "client_secret": "data"}
    )
    assert (
        secrets.hide('"success" 482913 data 1482913 482913.5') == '"success" (hidden) data 1482913 482913.5'
    )
