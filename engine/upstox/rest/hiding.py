"""What was sent in confidence and must not come back: tokens, secrets and single-use codes, hidden in every answer.

Brokers, proxies and their error pages repeat what they were sent. Whatever carries bytes hides them before anybody
reads them, so that nothing behind it has to know.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

HIDDEN: Final = "(hidden)"
_SHORTEST: Final = 4
"""Characters; nothing that a broker asks to be kept to oneself is shorter."""
_SHORT: Final = 8
"""Characters; a shorter one, such as a code of six digits, is hidden where it stands alone: inside longer numbers and
words something else is meant that only looks like it."""
_MOST_KEPT: Final = 16
_SECRET_FIELDS: Final = ("access_token", "client_secret", "code")
_ESCAPED: Final = re.compile(rb"\\\\|\\u00([0-9a-fA-F]{2})")


class Secrets:
    """Remembers the newest secrets that one line sent. Any thread may use it."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()
        self._forms: tuple[str, ...] = ()
        self._short: tuple[str, ...] = ()

    def learn(self, *secrets: str) -> None:
        """Hide these from now on; those that are too short to be secrets are left out."""
        self._keep(secret for secret in secrets if len(secret) >= _SHORT)

    def learn_codes(self, *codes: str) -> None:
        """Hide these from now on, short ones too that hold a digit: what a person is asked for has six of them."""
        self._keep(
            code
            for code in codes
            if len(code) >= _SHORT or (len(code) >= _SHORTEST and any(sign.isdigit() for sign in code))
        )

    def _keep(self, found: Iterable[str]) -> None:
        fresh = tuple(found)
        if any(secret not in self._known for secret in fresh):
            self._known = tuple(dict.fromkeys((*fresh, *self._known)))[:_MOST_KEPT]
            # One assignment: a reader beside it sees the old ones or the new ones.
            self._forms = _forms_of(secret for secret in self._known if len(secret) >= _SHORT)
            self._short = tuple(secret for secret in self._known if len(secret) < _SHORT)

    def learn_request(self, headers: Mapping[str, str] | None, *bodies: object) -> None:
        """Learn what a request carries: its token, and the fields of its bodies that are secret."""
        authorization = (headers or {}).get("Authorization", "")
        values = [body.get(name) for body in bodies if isinstance(body, Mapping) for name in _SECRET_FIELDS]
        found = [value for value in values if isinstance(value, str)]
        self.learn(authorization.removeprefix("Bearer "))
        self.learn_codes(*found)

    def learn_address(self, url: str) -> None:
        """Learn the single-use codes in the query of an address."""
        fields = parse_qs(urlsplit(url).query)
        self.learn_codes(*(value for name in _SECRET_FIELDS for value in fields.get(name, ())))

    def hide(self, text: str) -> str:
        """Return a text without them."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        for secret in self._short:
            if secret in text:
                text = re.sub(_alone(secret), HIDDEN, text)
        return text

    def hide_in_body(self, body: bytes) -> bytes:
        """Return a body of text without them, however its JSON wrote their signs."""
        if not self._known:
            return body
        forms = [form.encode() for form in self._forms]
        if b"\\u00" in body:
            unescaped = _ESCAPED.sub(_unescaped, body)
            if any(form in unescaped for form in (*forms, *(one.encode() for one in self._short))):
                body = unescaped
        for form in forms:
            if form in body:
                body = body.replace(form, HIDDEN.encode())
        for secret in self._short:
            if secret.encode() in body:
                body = re.sub(_alone(secret).encode(), HIDDEN.encode(), body)
        return body

    def hide_in_frame(self, frame: bytes) -> bytes:
        """Return a binary frame in which they are struck out sign by sign: its lengths stay true."""
        for form in self._forms:
            if (found := form.encode()) in frame:
                frame = frame.replace(found, b"*" * len(found))
        return frame


def _alone(secret: str) -> str:
    return rf"(?<![A-Za-z0-9._-]){re.escape(secret)}(?![A-Za-z0-9_-]|\.[0-9])"


def _forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the ways in which texts write secrets, the longest first."""
    forms = {
        form
        for secret in secrets
        for form in (
            secret,
            secret.replace("\\", "\\\\").replace('"', '\\"'),
            secret.replace("/", "\\/"),
            quote(secret, safe=""),
            quote_plus(secret),
        )
    }
    return tuple(sorted(forms, key=len, reverse=True))


def _unescaped(found: re.Match[bytes]) -> bytes:
    """Return the plain sign of an escape, unless JSON needs it escaped."""
    if found[1] is None:
        return found[0]
    code = int(found[1], 16)
    return bytes((code,)) if 0x20 <= code < 0x7F and code not in b'"\\' else found[0]
