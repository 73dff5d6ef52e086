"""The broker's sign-in: a browser and a redirect to this machine, a pasted code over SSH, or approval on the phone.

The broker has no refresh token: this happens once a trading day. Nothing here prints or logs a code or a token.
"""

import os
import secrets
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

import config
from engine.market.clock import MINUTE, Instant, datetime_of
from engine.upstox.address import AddressError, is_this_machine
from engine.upstox.outcome import errors_of
from engine.upstox.token import Token, TokenError
from engine.upstox.transport import Answer, NotSentError, Transport, UnansweredError

DIALOG_PATH: Final = "/v2/login/authorization/dialog"
EXCHANGE_PATH: Final = "/v2/login/authorization/token"
REQUEST_PATH: Final = "/v3/login/auth/token/request/"
_LONGEST_REQUEST: Final = 16 * 1024
_VISITOR_SECONDS: Final = 2.0
_JWT_PARTS: Final = 3

_PAGE: Final = (
    "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n"
    "Cache-Control: no-store\r\nConnection: close\r\n\r\n{text}"
)


class SignInError(Exception):
    """The sign-in did not lead to a token; says what was expected, what came and what to do."""


class SignInRefusedError(SignInError):
    """The broker, or the person on its page, said no."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How the sign-in talks to the person: lines out, and the descriptor that pasted lines come from."""

    say: Callable[[str], None]
    input_descriptor: int | None = None
    """None: nobody can paste."""
    open_browser: Callable[[str], bool] | None = None


def dialog_url(settings: config.Upstox, state: str) -> str:
    """Return the address of the broker's sign-in page."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": settings.redirect_uri,
            "state": state,
        }
    )
    return f"{settings.api_url.rstrip('/')}{DIALOG_PATH}?{query}"


def code_from(text: str, state: str) -> str:
    """Return the code of a pasted redirect address or of the code itself; raise SignInError.

    An address must carry our ``state``: one that does not comes from another sign-in.
    """
    text = text.strip()
    if "://" not in text and "?" not in text:
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise SignInError(
                f"expected the code or the whole redirected address, got {len(text)} characters"
            )
        return text
    fields = parse_qs(urlsplit(text).query)
    if "error" in fields or "error_description" in fields:
        said = (fields.get("error_description") or fields["error"])[0]
        raise SignInRefusedError(f"expected a code, got a refusal by the broker: {said[:200]!r}")
    codes = fields.get("code", [])
    if len(codes) != 1:
        raise SignInError(f"expected an address with one code, got {len(codes)}")
    given = fields.get("state", [""])[0]
    if not compare_digest(given.encode(), state.encode()):
        raise SignInError(
            "expected the state of this sign-in, got another one; start again and paste the newest address"
        )
    return codes[0]


class RedirectListener:
    """Waits on the loopback address of ``redirect_uri`` for the browser to bring the code; serves nothing else."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        """Listen; raise SignInError when the address is not of this machine or is taken."""
        parts = urlsplit(redirect_uri)
        if parts.scheme != "http" or not is_this_machine(parts.hostname or ""):
            raise SignInError(f"{redirect_uri} is not on this machine: paste the address it leads to")
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        self._path = parts.path or "/"
        self._state = state
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, parts.port if parts.port is not None else 80))
            self._socket.listen(4)
        except OSError as error:
            self._socket.close()
            raise SignInError(
                f"expected to listen on {host}:{parts.port}, got: {error.strerror}; paste the redirected address"
            ) from error
        self.address = self._socket.getsockname()[:2]

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def take(self) -> str | None:
        """Answer one visitor; return the code it brought, None for any other visit; raise SignInError on refusal."""
        visitor, _ = self._socket.accept()
        with visitor:
            visitor.settimeout(_VISITOR_SECONDS)
            try:
                target = self._read_target(visitor)
                if urlsplit(target).path != self._path:
                    _answer(visitor, "404 Not Found", "nothing here")
                    return None
                try:
                    code = code_from(target if "?" in target else f"{target}?", self._state)
                except SignInRefusedError as error:
                    _answer(visitor, "200 OK", f"Not signed in: {error}")
                    raise
                except SignInError as error:
                    _answer(visitor, "400 Bad Request", f"Not signed in: {error}")
                    return None
                _answer(visitor, "200 OK", "The cockpit has the code. You may close this page.")
            except OSError:
                # A browser that leaves early opens another connection.
                return None
            return code

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _read_target(self, visitor: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data and len(data) < _LONGEST_REQUEST:
            part = visitor.recv(4_096)
            if not part:
                break
            data += part
        words = data.split(b"\r\n", 1)[0].decode("ascii", "replace").split()
        return words[1] if len(words) == 3 and words[0] == "GET" else ""


def sign_in_by_browser(
    settings: config.Upstox,
    transport: Transport,
    voice: Voice,
    *,
    seconds: float,
    state: str = "",
    monotonic: Callable[[], float] = time.monotonic,
) -> Token:
    """Return a token after a sign-in on the broker's page; raise SignInError.

    The code comes by the redirect to this machine or is pasted, whichever is first; a pasted token is taken as it is.
    """
    _check_app(settings)
    state = state or secrets.token_urlsafe(24)
    url = dialog_url(settings, state)
    listener, note = None, ""
    try:
        listener = RedirectListener(settings.redirect_uri, state)
    except SignInError as error:
        note = str(error)
    try:
        voice.say(f"Sign in on the broker's page:\n\n  {url}\n")
        if note:
            voice.say(note)
        if voice.input_descriptor is not None:
            voice.say("After it, paste here the address the browser was sent to, or the code in it:")
        if voice.open_browser is not None and listener is not None:
            voice.open_browser(url)
        text, pasted = _await_code(listener, voice, seconds, monotonic)
    finally:
        if listener is not None:
            listener.close()
    if pasted and text.count(".") == _JWT_PARTS - 1 and "/" not in text:
        return _token(text)
    return exchange_code(settings, transport, code_from(text, state) if pasted else text)


def request_on_phone(settings: config.Upstox, transport: Transport) -> str:
    """Ask the broker to send an approval to the phone and return what to do next; raise SignInError.

    The token itself is sent to the app's registered notifier address, which nothing on this machine can be.
    """
    _check_app(settings)
    url = f"{settings.api_url.rstrip('/')}{REQUEST_PATH}{quote(settings.client_id, safe='')}"
    answer = _asked(transport, url, json={"client_secret": settings.client_secret})
    body = _body(answer)
    if not 200 <= answer.status < 300 or body.get("status") == "error":
        raise SignInError(_refusal(answer, body, settings, ""))
    return (
        "Approve the request on your phone. The broker then sends the token to the notifier address of your app; "
        "copy it from there and paste it here."
    )


def read_pasted_token(
    voice: Voice, *, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> Token:
    """Return a token that the person pastes; raise SignInError."""
    text, _ = _await_code(None, voice, seconds, monotonic)
    return _token(text)


def exchange_code(settings: config.Upstox, transport: Transport, code: str) -> Token:
    """Return the token for a code; raise SignInError. A code works once, even when this fails."""
    form = {
        "code": code,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "redirect_uri": settings.redirect_uri,
        "grant_type": "authorization_code",
    }
    answer = _asked(transport, f"{settings.api_url.rstrip('/')}{EXCHANGE_PATH}", form=form)
    body = _body(answer)
    inner = body.get("data")
    value = body.get("access_token") or (inner.get("access_token") if isinstance(inner, dict) else None)
    if answer.status != 200 or not isinstance(value, str) or not value:
        raise SignInError(_refusal(answer, body, settings, code))
    return _token(value)


def describe_expiry(token: Token, now: Instant) -> str:
    """Return until when a token works, and for how long that is."""
    if token.expires is None:
        return "the token does not say when it ends; the broker ends every token at 03:30"
    left = (token.expires - now) // MINUTE
    if left <= 0:
        return f"ended at {datetime_of(token.expires):%d %b %H:%M}"
    return f"good until {datetime_of(token.expires):%d %b %H:%M} (in {left // 60} h {left % 60:02} min)"


def _check_app(settings: config.Upstox) -> None:
    missing = [name for name in ("client_id", "client_secret") if not getattr(settings, name)]
    if missing:
        names = " and ".join(f"upstox.{name}" for name in missing)
        raise SignInError(
            f"expected {names} of your app in the settings (cockpit.toml in the home, or the environment), got none; "
            "`cockpit login --token` takes a token made elsewhere"
        )


def _await_code(
    listener: RedirectListener | None, voice: Voice, seconds: float, monotonic: Callable[[], float]
) -> tuple[str, bool]:
    """Return what came first and whether it was pasted."""
    deadline = monotonic() + seconds
    pasting = voice.input_descriptor
    pasted = b""
    while True:
        waiting: list[Any] = [one for one in (listener, pasting) if one is not None]
        left = deadline - monotonic()
        if not waiting:
            raise SignInError(
                "expected a code by redirect or pasted, got neither a listener nor an input to paste into"
            )
        if left <= 0:
            raise SignInError(
                f"expected a sign-in within {seconds:.0f} s, got none; run `cockpit login` again"
            )
        ready, _, _ = select.select(waiting, [], [], left)
        if listener in ready and listener is not None:
            code = listener.take()
            if code is not None:
                return code, False
        if pasting is not None and pasting in ready:
            part = os.read(pasting, 4_096)
            pasted += part
            line = pasted.decode("utf-8", "replace").strip()
            if line and (not part or b"\n" in pasted):
                return line, True
            if not part:
                pasting = None


def _asked(
    transport: Transport, url: str, *, form: dict[str, str] | None = None, json: object = None
) -> Answer:
    try:
        return transport.request("POST", url, form=form, json=json)
    except (NotSentError, UnansweredError, AddressError) as error:
        raise SignInError(f"expected the broker to answer, got: {error}") from error


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(answer: Answer, body: dict[str, Any], settings: config.Upstox, code: str) -> str:
    said = "; ".join(f"{name} {message}".strip() for name, message in errors_of(body)) or "no reason"
    for secret in (settings.client_secret, code):
        if secret:
            said = said.replace(secret, "(hidden)")
    return f"expected a token, got HTTP {answer.status}: {said}; sign in again for a new code"


def _token(text: str) -> Token:
    try:
        return Token(text)
    except TokenError as error:
        raise SignInError(str(error)) from error


def _answer(visitor: socket.socket, status: str, text: str) -> None:
    visitor.sendall(_PAGE.format(status=status, length=len(text.encode()), text=text).encode())
