"""What a broker's answer proves: one table from every documented error code to exactly one kind of outcome.

Sources: the broker's error pages as of November 2026. A refusal counts only with the broker's own error envelope;
the same HTTP code around a foreign body (a proxy's page) proves nothing.
"""

from typing import Any, Final

import msgspec

from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_text import LONGEST_WORDS, plain, worded
from engine.upstox.rest.transport import HttpAnswer


class Done(msgspec.Struct, frozen=True):
    """The broker did it, or received it. ``envelope`` is the whole body, for summaries and line errors."""

    data: Any
    envelope: dict[str, Any]


class Rejected(msgspec.Struct, frozen=True):
    """Nothing was done, for a reason that sending the same again will not change."""

    code: str
    message: str


class TryLater(msgspec.Struct, frozen=True):
    """Nothing was done; the same may pass later: rate, closed hours, no connection."""

    code: str
    message: str


class SignInAgain(msgspec.Struct, frozen=True):
    """Nothing was done: the token is dead or missing."""

    code: str
    message: str


class Blocked(msgspec.Struct, frozen=True):
    """Nothing was done, and nothing will be until a person changes something at the broker."""

    code: str
    message: str


class InDoubt(msgspec.Struct, frozen=True):
    """No proof either way."""

    detail: str


Refusal = Rejected | TryLater | SignInAgain | Blocked
Outcome = Done | Refusal | InDoubt


class CallFailed(CockpitError):  # noqa: N818 - it names what happened, as outcomes do
    """A read without an answer: never an empty list. Says why in ``outcome``."""

    kind = ErrorKind.BROKER

    def __init__(self, outcome: Refusal | InDoubt) -> None:
        super().__init__(describe(outcome))
        self.outcome = outcome


_LONGEST_CODE: Final = 40
"""Signs; the longest code that is known has eleven."""
NO_TOKEN: Final = SignInAgain("NO_TOKEN", "no access token")

PROVING: Final = frozenset({400, 401, 403, 404, 423, 429})
"""HTTP codes that prove, around the broker's envelope, that nothing was done."""

_SIGN_IN: Final = ("UDAPI100050", "UDAPI100016")
_BLOCKED: Final = (
    "UDAPI100067",  # the token's type is not allowed here
    "UDAPI100073",  # the client is inactive
    "UDAPI100049",  # another product of the broker is to be used
    "UDAPI1154",  # static IP
    "UDAPI1179",
    "UDAPI1180",
    "UDAPI1181",
    "UDAPI1156",  # unknown algo name
)
_TRY_LATER: Final = ("UDAPI10005", "UDAPI100072", "UDAPI100074")
_IN_DOUBT: Final = ("UDAPI100500",)
_REJECTED: Final = (
    # Version, address, resource.
    *("UDAPI100015", "UDAPI10000", "UDAPI100060"),
    # Market protection; another exchange.
    *("UDAPI1158", "UDAPI1159", "UDAPI1160", "UDAPI1176", "UDAPI1177", "UDAPI1161"),
    # Instrument key.
    *("UDAPI1026", "UDAPI100011", "UDAPI1087", "UDAPI1021"),
    # Shape of an order.
    *("UDAPI1052", "UDAPI1004", "UDAPI1056", "UDAPI1007", "UDAPI1055", "UDAPI1008", "UDAPI1029", "UDAPI1043"),
    *("UDAPI1030", "UDAPI1031", "UDAPI1032", "UDAPI1036", "UDAPI1039", "UDAPI1118", "UDAPI1119"),
    # Order id; an order that has ended.
    *("UDAPI1003", "UDAPI1023", "UDAPI1010", "UDAPI100010", "UDAPI100059", "UDAPI100040", "UDAPI100041"),
    # Market closed.
    *("UDAPI100039", "UDAPI100057"),
    # GTT; the broker's own kill switch.
    *("UDAPI1126", "UDAPI1136", "UDAPI1137", "UDAPI1141", "UDAPI1143", "UDAPI1150", "UDAPI1151"),
    *("UDAPI1184", "UDAPI1185", "UDAPI1186", "UDAPI1188"),
    # Candles, quotes, dates, exchange.
    *("UDAPI1027", "UDAPI1028", "UDAPI100042", "UDAPI100043", "UDAPI1146", "UDAPI1147", "UDAPI1148"),
    *("UDAPI1015", "UDAPI1022", "UDAPI1088", "UDAPI1089"),
)

Kind = type[Rejected] | type[TryLater] | type[SignInAgain] | type[Blocked] | type[InDoubt]

CODES: Final[dict[str, Kind]] = {
    **dict.fromkeys(_SIGN_IN, SignInAgain),
    **dict.fromkeys(_BLOCKED, Blocked),
    **dict.fromkeys(_TRY_LATER, TryLater),
    **dict.fromkeys(_IN_DOUBT, InDoubt),
    **dict.fromkeys(_REJECTED, Rejected),
}
"""Every documented code, once."""

ORDER_ENDED: Final = frozenset({"UDAPI100040", "UDAPI100041"})
"""A cancel or modify came too late: the order may have filled."""

MARKET_SHUT: Final = frozenset({"UDAPI100039", "UDAPI100057"})
"""The exchange takes nothing now: that says nothing of the order, and no repeat before it does helps."""

CLOSED_UNTIL_MORNING: Final = frozenset({"UDAPI100072", "UDAPI100074"})
"""The broker's hours are over: nothing passes before 05:30."""

_BY_STATUS: Final[dict[int, Kind]] = {401: SignInAgain, 423: TryLater, 429: TryLater}
_GRAVEST: Final[tuple[Kind, ...]] = (InDoubt, Blocked, SignInAgain, TryLater, Rejected)


def judge(answer: HttpAnswer) -> Outcome:
    """Return what an answer proves."""
    body = _decoded(answer.body)
    if 200 <= answer.status < 300:
        if body is not None and body.get("status") in ("success", "partial_success"):
            return Done(body.get("data"), body)
        return InDoubt(f"an answer that is no success: {_begin(answer.body)} (HTTP {answer.status})")
    found = errors_of(body) if body is not None else []
    if not found:
        return InDoubt(f"an answer that is not the broker's: {_begin(answer.body)} (HTTP {answer.status})")
    text = "; ".join(worded(code, message) for code, message in found)[:LONGEST_WORDS]
    if answer.status not in PROVING:
        return InDoubt(f"{text} (HTTP {answer.status})")
    kinds = [(CODES.get(code) or _BY_STATUS.get(answer.status, Rejected), code) for code, _ in found]
    kind, code = min(kinds, key=lambda row: _GRAVEST.index(row[0]))
    if kind is InDoubt:
        return InDoubt(f"{text} (HTTP {answer.status})")
    message = found[0][1] if len(found) == 1 else text
    return kind(code, message)  # type: ignore[call-arg]


def errors_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and message of every error of an envelope, in both spellings; none for a foreign body."""
    rows = body.get("errors")
    if not isinstance(rows, list):
        return []
    found = []
    for row in rows:
        if isinstance(row, dict):
            code = row.get("error_code") or row.get("errorCode")
            if isinstance(code, str) and code:
                found.append(
                    (plain(code[:_LONGEST_CODE]), plain(str(row.get("message") or "")[:LONGEST_WORDS]))
                )
    return found


def describe(outcome: Outcome) -> str:
    """Return a sentence for a person."""
    match outcome:
        case Done():
            return "done"
        case InDoubt():
            return f"no proof of what became of it: {outcome.detail}"
        case TryLater():
            return f"{_told(outcome)}; try again later"
        case SignInAgain():
            return f"{_told(outcome)}; sign in again with cockpit login"
        case Blocked():
            return f"{_told(outcome)}; blocked until a person acts at the broker"
        case Rejected():
            return _told(outcome)


def _told(refusal: Refusal) -> str:
    return worded(refusal.code, refusal.message)


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _begin(body: bytes) -> str:
    """Return a foreign body's first words; a JSON body is only counted, for it may hold what nobody should see."""
    if body.lstrip()[:1] in (b"{", b"["):
        return f"{len(body)} bytes of JSON"
    return plain(" ".join(body[:200].decode("utf-8", "replace").split())) or "nothing"
