"""The day's access token: shown to nobody but the broker, kept in a private file, replaceable while the engine runs."""

import base64
import binascii
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from engine.market.clock import SECOND, Instant
from engine.system.errors import CockpitError
from engine.system.plain_file import open_plain

FILE_NAME: Final = "token"
_LONGEST: Final = 16 * 1024


class TokenError(CockpitError, ValueError):
    """A token that cannot be one, or a file that cannot be used; the text never holds the token."""


class Token:
    """An access token whose text leaves only through ``reveal``: no repr, no log and no pickle shows it."""

    __slots__ = ("_value", "expires", "owner")

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise TokenError(
                f"expected a token of printable ASCII without spaces, got {len(value)} characters"
            )
        self._value = value
        claims = _claims(value)
        self.owner: str = _owner(value, claims)
        """Whose account it opens, by its own word (JWT ``sub``) or by itself; never the token."""
        self.expires: Instant | None = _expiry(claims)
        """When the token dies by its own word (JWT ``exp``); None when it does not say."""

    def reveal(self) -> str:
        """Return the token itself: for the Authorization header alone."""
        return self._value

    def __repr__(self) -> str:
        return f"Token({len(self._value)} characters)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("expected a token to stay in its process, got a wish to copy it")


TokenSource = Callable[[], Token | None]
"""Returns the token to use now, None when there is none: asked before every call."""


class TokenStore:
    """Owns the token's file below a home; a token given by the settings wins over it.

    Calling the store returns the current token, read again whenever the file changed.
    """

    def __init__(self, root: Path, configured: str = "") -> None:
        self.path = root / FILE_NAME
        self._configured = Token(configured) if configured.strip() else None
        self._seen: tuple[int, int, int] | None = None
        self._token: Token | None = None

    def __call__(self) -> Token | None:
        """Return the token to use now; a file that cannot be read counts as no token."""
        try:
            return self.read()
        except TokenError:
            return None

    def read(self) -> Token | None:
        """Return the token, None when there is none; raise TokenError for a file that cannot be used.

        A file that is gone leaves what was read of it.
        """
        if self._configured is not None:
            return self._configured
        mark = self._mark()
        if mark is None:
            # The home may have been taken away under a living engine: what it holds is guarded with the token it had.
            return self._token
        if mark != self._seen:
            self._token = self._load()
            self._seen = mark
        return self._token

    def problem(self) -> str:
        """Return why the file cannot be used; empty when it can, or when there is none."""
        try:
            self.read()
        except TokenError as error:
            return str(error)
        return ""

    def changed(self) -> bool:
        """Say whether the file changed since it was last read."""
        return self._configured is None and self._mark() != self._seen

    def write(self, token: Token) -> None:
        """Keep a token for later starts and running engines: mode 0600, whole or not at all. Raises TokenError."""
        beside = self.path.with_name(FILE_NAME + ".new")
        try:
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(token.reveal().encode("ascii") + b"\n")
                file.flush()
                os.fsync(descriptor)
            beside.replace(self.path)
        except OSError as error:
            raise TokenError(f"{self.path}: expected to keep the token, got: {error.strerror}") from error

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _load(self) -> Token:
        try:
            status = self.path.stat()
            if status.st_mode & 0o077:
                # A disk that takes nothing keeps its modes; the token is no less good for it.
                with suppress(OSError):
                    self.path.chmod(0o600)
            with open_plain(self.path) as file:
                text = file.read(_LONGEST).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenError(f"{self.path}: expected a readable token, got {_why(error)}") from None
        try:
            return Token(text)
        except TokenError as error:
            raise TokenError(f"{self.path}: {error}") from None


def _why(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file did not read; never what stands in it, as the error itself would."""
    return error.strerror or "no answer" if isinstance(error, OSError) else "signs that are no token's"


def account_of(address: str, token: Token | None) -> str:
    """Return what names the account that a token opens at an address, saying neither; empty without a token."""
    return "" if token is None else sha256(f"{address}\n{token.owner}".encode()).hexdigest()[:16]


def _claims(value: str) -> dict[str, object]:
    """Return what a JWT says of itself; nothing for any other text."""
    parts = value.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _owner(value: str, claims: dict[str, object]) -> str:
    subject = claims.get("sub")
    return subject if isinstance(subject, str) and subject else sha256(value.encode()).hexdigest()


def _expiry(claims: dict[str, object]) -> Instant | None:
    expiry = claims.get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float) or not 0 < expiry < 1e11:
        return None
    return int(expiry * SECOND)
