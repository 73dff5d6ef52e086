"""Which addresses may ever see the token: TLS everywhere, plain text on this machine alone."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from engine.system.errors import CockpitError

BROKER_DOMAIN: Final = "upstox.com"


class AddressError(CockpitError, ValueError):
    """An address that must not be used; the text says which and why, without its query."""


def is_this_machine(host: str) -> bool:
    """Say whether a host name or address is loopback: a literal address, or the name localhost itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_request_address(url: str, *, loopback_allowed: bool) -> str:
    """Return a REST address that may be used; raise AddressError otherwise."""
    parts = _parts_of(url)
    host = parts.hostname or ""
    if parts.username is not None or not host:
        raise AddressError(f"expected an address with a plain host, got {_shown(url)}")
    if parts.scheme == "https":
        return url
    if parts.scheme == "http" and loopback_allowed and is_this_machine(host):
        return url
    raise AddressError(f"expected an https address (http on loopback only), got {_shown(url)}")


def check_stream_address(url: str, *, loopback_allowed: bool) -> str:
    """Return a websocket address that may be opened: TLS under the broker's domain, or loopback where allowed.

    Raises AddressError, whose text leaves out the query: it carries a single-use code.
    """
    parts = _parts_of(url)
    host = (parts.hostname or "").lower()
    if parts.scheme == "wss" and (host == BROKER_DOMAIN or host.endswith(f".{BROKER_DOMAIN}")):
        return url
    if parts.scheme in ("ws", "wss") and loopback_allowed and is_this_machine(host):
        return url
    raise AddressError(f"expected a wss address under {BROKER_DOMAIN}, got {_shown(url)}")


def _parts_of(url: str) -> SplitResult:
    """Return an address's parts; raise AddressError, without its text, for what is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        return parts
    except ValueError:
        raise AddressError(f"expected an address, got {len(url)} characters that are none") from None


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
