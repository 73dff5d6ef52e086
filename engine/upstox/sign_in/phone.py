"""The token by approval on the phone: asked for here, brought by the broker's message to the app's notifier address.

That address must be public; what it forwards to may be one of this machine. The message is unsigned: a token it brings
is worth nothing until the broker has said whose it is.
"""

from typing import Any, Final
from urllib.parse import quote

import config
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import Transport
from engine.upstox.sign_in.browser import (
    SignInError,
    Voice,
    ask_broker,
    await_text,
    body_of,
    check_app,
    refusal_of,
    token_from,
)
from engine.upstox.sign_in.redirect_listener import Doorstep, Reply, Visit

REQUEST_PATH: Final = "/v3/login/auth/token/request/"
_KIND: Final = "access_token"


class NotifierListener:
    """Waits on a loopback address for the broker's token message, forwarded from the public notifier address."""

    def __init__(self, notifier_uri: str, client_id: str) -> None:
        """Listen; raise DoorstepError."""
        self._door = Doorstep(notifier_uri)
        self._client_id = client_id
        self.address = self._door.address

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._door.fileno()

    def take(self) -> str | None:
        """Answer one visitor; return the token it brought, None for any other visit."""
        return self._door.take("POST", self._judge)

    def close(self) -> None:
        """Stop listening."""
        self._door.close()

    def _judge(self, visit: Visit) -> Reply:
        found = _token_in(body_of(visit.body), self._client_id)
        if found is None:
            return Reply("400 Bad Request", "expected the token message of this app")
        return Reply("200 OK", "taken", found)


def sign_in_by_request(
    settings: config.UpstoxSettings, transport: Transport, voice: Voice, *, seconds: float
) -> Token:
    """Return the token after an approval on the phone; raise SignInError or DoorstepError.

    It comes by message where ``upstox.notifier_uri`` names an address of this machine, or is pasted.
    """
    check_app(settings)
    listener = NotifierListener(settings.notifier_uri, settings.client_id) if settings.notifier_uri else None
    try:
        request_on_phone(settings, transport)
        voice.say("Approve the request on your phone.")
        if listener is not None:
            voice.say(f"The broker's message is awaited at {settings.notifier_uri}.")
        if voice.input_descriptor is not None:
            voice.say(
                f"The token that it brings to your app's notifier address can be pasted here{voice.unseen}:"
            )
        text, _ = await_text(listener, voice, seconds)
    finally:
        if listener is not None:
            listener.close()
    return token_from(text)


def request_on_phone(settings: config.UpstoxSettings, transport: Transport) -> None:
    """Ask the broker to send an approval to the phone; raise SignInError."""
    check_app(settings)
    url = f"{settings.api_url.rstrip('/')}{REQUEST_PATH}{quote(settings.client_id, safe='')}"
    answer = ask_broker(transport, url, json={"client_secret": settings.client_secret})
    body = body_of(answer.body)
    if not 200 <= answer.status < 300 or body.get("status") == "error":
        raise SignInError(refusal_of(answer, body, settings, "", "check the app and ask again"))


def _token_in(message: dict[str, Any], client_id: str) -> str | None:
    token = message.get("access_token")
    if message.get("client_id") != client_id or message.get("message_type", _KIND) != _KIND:
        return None
    return token if isinstance(token, str) and token else None
