import base64
import copy
import json
import logging
import pickle
import stat
from pathlib import Path

import pytest

from engine.market.clock import SECOND
from engine.upstox.rest.token import Token, TokenError, TokenStore

SECRET = "s3cr3t-t0ken-value"


def jwt(claims: object) -> str:
    parts: tuple[object, ...] = ({"alg": "none"}, claims, {})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


def test_a_token_shows_itself_to_no_text_log_or_copy(caplog: pytest.LogCaptureFixture) -> None:
    token = Token(SECRET)
    logging.getLogger("any").warning("the token is %s, %r", token, [token])
    assert SECRET not in f"{token} {token!r} {[token]} {caplog.text}"
    with pytest.raises(TypeError):
        pickle.dumps(token)
    with pytest.raises(TypeError):
        copy.copy(token)
    assert token.reveal() == SECRET


def test_a_jwt_says_when_it_dies_and_any_other_token_does_not() -> None:
    assert Token(jwt({"exp": 1_765_750_000})).expires == 1_765_750_000 * SECOND
    for odd in (jwt({"exp": "soon"}), jwt({"exp": True}), jwt([1]), "a.b.c", "opaque", jwt({})):
        assert Token(odd).expires is None


@pytest.mark.parametrize("text", ["", "  ", "two words", "line\nbreak x", "tökén"])
def test_what_cannot_be_a_token_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(TokenError) as refusal:
        Token(text)
    assert text.strip() == "" or text not in str(refusal.value)


def test_a_stored_token_is_private_and_read_back(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    assert store() is None
    store.write(Token(SECRET))
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert store() == Token(SECRET)


def test_a_running_engine_takes_up_a_new_token(tmp_path: Path) -> None:
    running, login = TokenStore(tmp_path), TokenStore(tmp_path)
    login.write(Token("yesterday"))
    assert running() == Token("yesterday")
    assert not running.changed()
    login.write(Token("today"))
    assert running.changed()
    assert running() == Token("today")


def test_the_settings_token_wins_over_the_file(tmp_path: Path) -> None:
    TokenStore(tmp_path).write(Token("file"))
    assert TokenStore(tmp_path, "configured")() == Token("configured")


def test_a_file_open_to_others_is_closed_and_a_broken_one_is_no_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n")
    path.chmod(0o644)
    assert TokenStore(tmp_path)() == Token("abc")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"\xff\xfe")
    store = TokenStore(tmp_path)
    assert store() is None
    with pytest.raises(TokenError):
        store.read()
