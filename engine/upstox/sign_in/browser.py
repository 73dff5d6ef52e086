"""The broker's sign-in: a browser and a redirect to this machine, or a pasted address, code or token over SSH.

The broker has no refresh token: this happens once a trading day. Nothing here prints or logs a code or a token.
"""

import os
import secrets
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

import config
from engine.market.clock import MINUTE, Instant, datetime_of
from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_text import plain, worded
from engine.upstox.rest.address import AddressError
from engine.upstox.rest.hiding import HIDDEN
from engine.upstox.rest.outcome import errors_of
from engine.upstox.rest.token import Token, TokenError
from engine.upstox.rest.transport import HttpAnswer, NotSentError, Transport, UnansweredError
from engine.upstox.sign_in.redirect_listener import Doorstep, DoorstepError, Reply, Visit

DIALOG_PATH: Final = "/v2/login/authorization/dialog"
EXCHANGE_PATH: Final = "/v2/login/authorization/token"
_JWT_PARTS: Final = 3
_LONGEST_PASTE: Final = 32 * 1024


class SignInError(CockpitError):
    """The sign-in did not lead to a token; says what was expected, what came and what to do."""

    kind = ErrorKind.BROKER


class SignInRefusedError(SignInError):
    """The broker, or the person on its page, said no."""

    kind = ErrorKind.REFUSED


class SignInInputError(SignInError):
    """What the settings hold or what was pasted cannot be used."""

    kind = ErrorKind.USAGE


class Listener(Protocol):
    """Something that a code or token may come to."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        ...

    def take(self) -> str | None:
        """Answer one visitor; return what it brought, None for any other visit; raises SignInError."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """How the sign-in talks to the person: lines out, and the descriptor that pasted lines come from."""

    say: Callable[[str], None]
    input_descriptor: int | None = None
    """None: nobody can paste."""
    patient: bool = False
    """A person pastes: what cannot be used is told, and may be pasted again."""
    open_browser: Callable[[str], bool] | None = None

    @property
    def unseen(self) -> str:
        """What a person must know of a terminal that shows nothing of a paste."""
        return " (it is not shown)" if self.patient else ""


def dialog_url(settings: config.UpstoxSettings, state: str) -> str:
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
            raise SignInInputError(
                f"expected the code or the whole redirected address, got {len(text)} characters"
            )
        return text
    fields = parse_qs(urlsplit(text).query)
    if "error" in fields or "error_description" in fields:
        said = (fields.get("error_description") or fields["error"])[0]
        raise SignInRefusedError(f"expected a code, got a refusal by the broker: {plain(said[:200])!r}")
    codes = fields.get("code", [])
    if len(codes) != 1:
        raise SignInInputError(f"expected an address with one code, got {len(codes)}")
    given = fields.get("state", [""])[0]
    if not compare_digest(given.encode(), state.encode()):
        raise SignInError(
            "expected the state of this sign-in, got another one; start again and paste the newest address"
        )
    return codes[0]


class RedirectListener:
    """Waits on the loopback address of ``redirect_uri`` for the browser to bring the code; serves nothing else."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        """Listen; raise DoorstepError."""
        self._door = Doorstep(redirect_uri)
        self._state = state
        self.address = self._door.address

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._door.fileno()

    def take(self) -> str | None:
        """Answer one visitor; return the code it brought, None for any other visit; raise SignInError on refusal."""
        return self._door.take("GET", self._judge)

    def close(self) -> None:
        """Stop listening."""
        self._door.close()

    def _judge(self, visit: Visit) -> Reply:
        target = visit.target
        try:
            code = code_from(target if "?" in target else f"{target}?", self._state)
        except SignInRefusedError as error:
            return Reply("200 OK", f"Not signed in: {error}", refusal=error)
        except SignInError as error:
            return Reply("400 Bad Request", f"Not signed in: {error}")
        return Reply("200 OK", "The cockpit has the code. You may close this page.", code)


def sign_in_by_browser(
    settings: config.UpstoxSettings,
    transport: Transport,
    voice: Voice,
    *,
    seconds: float,
    listen: bool = True,
    state: str = "",
    monotonic: Callable[[], float] = time.monotonic,
) -> Token:
    """Return a token after a sign-in on the broker's page; raise SignInError.

    The code comes by the redirect to this machine (unless ``listen`` is False) or is pasted, whichever is first; a
    pasted token is taken as it is.
    """
    check_app(settings)
    state = state or secrets.token_urlsafe(24)
    listener, note = None, ""
    if listen:
        try:
            listener = RedirectListener(settings.redirect_uri, state)
        except DoorstepError as error:
            note = f"{error}: the address that the page leads to must be pasted"
    try:
        url = dialog_url(settings, state)
        voice.say(f"Sign in on the broker's page:\n\n  {url}\n")
        if note:
            voice.say(note)
        if voice.input_descriptor is not None:
            voice.say(
                f"Then paste here the address that it sent the browser to, or the code in it{voice.unseen}:"
            )
        if voice.open_browser is not None and listener is not None:
            voice.open_browser(url)
        return _token_or_code(settings, transport, voice, listener, state, monotonic() + seconds, monotonic)
    finally:
        if listener is not None:
            listener.close()


def _token_or_code(
    settings: config.UpstoxSettings,
    transport: Transport,
    voice: Voice,
    listener: RedirectListener | None,
    state: str,
    deadline: float,
    monotonic: Callable[[], float],
) -> Token:
    while True:
        text, pasted = await_text(listener, voice, deadline - monotonic(), monotonic)
        if pasted and _looks_like_token(text):
            return token_from(text)
        try:
            code = code_from(text, state) if pasted else text
        except SignInInputError as error:
            if not voice.patient:
                raise
            voice.say(f"{error}; paste it again:")
            continue
        return exchange_code(settings, transport, code)


def read_pasted_token(
    voice: Voice, *, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> Token:
    """Return a token that the person pastes; raise SignInError."""
    voice.say(f"Paste the access token here{voice.unseen}:")
    text, _ = await_text(None, voice, seconds, monotonic)
    return token_from(text)


def exchange_code(settings: config.UpstoxSettings, transport: Transport, code: str) -> Token:
    """Return the token for a code; raise SignInError. A code works once, even when this fails."""
    form = {
        "code": code,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "redirect_uri": settings.redirect_uri,
        "grant_type": "authorization_code",
    }
    answer = ask_broker(transport, f"{settings.api_url.rstrip('/')}{EXCHANGE_PATH}", form=form)
    body = body_of(answer.body)
    inner = body.get("data")
    value = body.get("access_token") or (inner.get("access_token") if isinstance(inner, dict) else None)
    if answer.status != 200 or not isinstance(value, str) or not value:
        raise SignInRefusedError(refusal_of(answer, body, settings, code, "sign in again for a new code"))
    return token_from(value)


def describe_expiry(token: Token, now: Instant) -> str:
    """Return until when a token works, and for how long that is."""
    if token.expires is None:
        return "without a word on when it ends: the broker ends every token at 03:30"
    left = (token.expires - now) // MINUTE
    if left <= 0:
        return f"ended at {datetime_of(token.expires):%d %b %H:%M}"
    return f"good until {datetime_of(token.expires):%d %b %H:%M} (in {left // 60} h {left % 60:02} min)"


def check_app(settings: config.UpstoxSettings) -> None:
    """Raise SignInInputError unless the settings name the broker's app."""
    of_app = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    missing = [name for name, value in of_app.items() if not value]
    if missing:
        names = " and ".join(f"upstox.{name}" for name in missing)
        raise SignInInputError(
            f"expected {names} of your app in the settings (cockpit.toml in the home, or the environment), got none; "
            "`cockpit login --token` takes a token made elsewhere"
        )


def await_text(
    listener: Listener | None, voice: Voice, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> tuple[str, bool]:
    """Return what came first, by the listener or pasted, and whether it was pasted; raise SignInError."""
    deadline = monotonic() + seconds
    pasting = voice.input_descriptor
    pasted = b""
    while True:
        waiting: list[Any] = [one for one in (listener, pasting) if one is not None]
        left = deadline - monotonic()
        if not waiting:
            raise SignInInputError(
                "expected a code or a token by redirect or pasted, got the end of the input; "
                "paste it into `cockpit login --paste`"
            )
        if left <= 0:
            raise SignInError(
                "expected the sign-in to be finished in time, got none; run `cockpit login` again"
            )
        ready, _, _ = select.select(waiting, [], [], left)
        if listener in ready and listener is not None:
            found = listener.take()
            if found is not None:
                return found, False
        if pasting is not None and pasting in ready:
            part = os.read(pasting, 4_096)
            pasted += part
            line = pasted.decode("utf-8", "replace").strip()
            if line and (not part or b"\n" in pasted or len(pasted) > _LONGEST_PASTE):
                return line, True
            if not part:
                pasting = None


def ask_broker(
    transport: Transport, url: str, *, form: dict[str, str] | None = None, json: object = None
) -> HttpAnswer:
    """Return the broker's answer to a sign-in call; raise SignInError without one."""
    try:
        return transport.request("POST", url, form=form, json=json)
    except (NotSentError, UnansweredError, AddressError) as error:
        raise SignInError(f"expected the broker to answer, got: {error}") from error


def body_of(data: bytes) -> dict[str, Any]:
    """Return a JSON object, empty for anything else."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def refusal_of(
    answer: HttpAnswer, body: dict[str, Any], settings: config.UpstoxSettings, code: str, advice: str
) -> str:
    """Return why the broker gave no token, without a secret that it may have repeated."""
    said = "; ".join(worded(name, message) for name, message in errors_of(body)) or "no reason"
    for secret in (settings.client_secret, code):
        if secret:
            said = said.replace(secret, HIDDEN)
    return f"expected a token, got: {said} (HTTP {answer.status}); {advice}"


def token_from(text: str) -> Token:
    """Return a token; raise SignInInputError for what cannot be one."""
    try:
        return Token(text)
    except TokenError as error:
        raise SignInInputError(str(error)) from error


def _looks_like_token(text: str) -> bool:
    return text.count(".") == _JWT_PARTS - 1 and not {"/", "?", " "} & set(text)
