"""What a read that failed means for the check that needed it: its own no-go, or the shadow of another one's."""

from collections.abc import Mapping
from typing import Final

from engine.preflight.report import Check, CheckState, Group
from engine.upstox.rest.outcome import CallFailed, SignInAgain, TryLater

NEEDS_SIGN_IN: Final = "not asked: it needs a token that works"
NEEDS_HOST: Final = "not asked: it needs the REST host"
NEEDS_DAY: Final = "not asked: it needs the day, and the feed that is the clock does not tell it"
_NOT_SENT: Final = "NOT_SENT"


def shadowed(error: CallFailed) -> str:
    """Return why a call could not be answered though nothing is wrong with what it asks for; empty otherwise."""
    match error.outcome:
        case SignInAgain():
            return NEEDS_SIGN_IN
        case TryLater(code=code) if code == _NOT_SENT:
            return NEEDS_HOST
    return ""


def failed(group: Group, name: str, error: CallFailed, *, needed: bool = True) -> Check:
    """Return the check whose read failed; ``needed`` False, in paper, makes a warning of it that stops live."""
    shadow = shadowed(error)
    if shadow:
        return Check(group, name, CheckState.NOT_ASKED, "", shadow)
    return judged(group, name, "", str(error), needed=needed)


def judged(
    group: Group,
    name: str,
    figure: str,
    reason: str,
    *,
    needed: bool = True,
    values: Mapping[str, object] | None = None,
) -> Check:
    """Return GO without a reason, NO-GO with one; ``needed`` False, in paper, makes a warning of it that stops live."""
    if not reason:
        return Check(group, name, CheckState.GO, figure, "", dict(values or {}))
    state = CheckState.NO_GO if needed else CheckState.WARN
    return Check(group, name, state, figure, reason, dict(values or {}), stops_live=not needed)
