"""Whether the broker is reachable, how fast it answers, and what its feed brings."""

from collections.abc import Sequence
from typing import Final

from engine.preflight.feed import FeedFailedError, FeedSight
from engine.preflight.report import Check, Group, State
from engine.preflight.survey import Survey
from engine.upstox.address import AddressError
from engine.upstox.outcome import CallFailed
from engine.upstox.transport import NotSentError, UnansweredError

_FEW: Final = 5
"""Fewer delays than this say nothing about a p99."""
_TOLD: Final = 3


def check_rest(survey: Survey) -> Sequence[Check]:
    """Measure the handshake and one answer of the REST host."""
    settings, limit = survey.settings.upstox, survey.settings.preflight.max_latency_ms
    token = survey.token()
    headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
    started = survey.monotonic()
    try:
        survey.transport.warm(settings.api_url)
        handshake = 1_000 * (survey.monotonic() - started)
        url = f"{settings.api_url.rstrip('/')}/v2/user/profile"
        answer = survey.transport.request("GET", url, headers=headers)
    except (NotSentError, UnansweredError, AddressError) as error:
        return [_check("REST", State.NO_GO, "", str(error))]
    took = 1_000 * answer.seconds
    figure = f"handshake {handshake:.0f} ms, answer {took:.0f} ms"
    if answer.status >= 500:
        return [
            _check("REST", State.NO_GO, figure, f"expected an answer of the broker, got HTTP {answer.status}")
        ]
    slow = max(handshake, took)
    if slow > limit:
        return [
            _check("REST", State.NO_GO, figure, f"slow host: expected at most {limit} ms, got {slow:.0f}")
        ]
    return [_check("REST", State.GO, figure)]


def check_order_host(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Measure the handshake of the order host; nothing is asked of it."""
    limit = survey.settings.preflight.max_latency_ms
    started = survey.monotonic()
    try:
        survey.transport.warm(survey.settings.upstox.order_url)
    except (NotSentError, AddressError) as error:
        return [_check("order host", State.NO_GO if live else State.WARN, "", str(error))]
    took = 1_000 * (survey.monotonic() - started)
    figure = f"handshake {took:.0f} ms"
    if took > limit:
        state = State.NO_GO if live else State.WARN
        return [_check("order host", state, figure, f"slow host: expected at most {limit} ms")]
    return [_check("order host", State.GO, figure)]


def check_feed(survey: Survey) -> Sequence[Check]:
    """Look at the feed: handshake, first update, delay, instruments that stay mute."""
    settings = survey.settings.preflight
    try:
        sight = survey.feed()
    except (FeedFailedError, CallFailed) as error:
        return [_check("feed", State.NO_GO, "", str(error))]
    checks = [_handshake(sight, settings.max_latency_ms)]
    if sight.first_update is None:
        reason = f"expected a first update within {settings.first_update_seconds:g} s, got none"
        return [*checks, _check("first update", State.NO_GO, "", reason)]
    checks.append(_first_update(survey, sight))
    checks.append(_delay(survey, sight))
    return checks


def check_clock(survey: Survey) -> Sequence[Check]:
    """Compare this machine's clock with the broker's stamps."""
    name, limit = "clock", survey.settings.preflight.max_clock_offset_ms
    if survey.feed_is_clock:
        return [Check(Group.SYSTEM, name, State.GO, "not measured", "date and time come from the feed")]
    try:
        offset = survey.feed().offset
    except (FeedFailedError, CallFailed):
        offset = None
    if offset is None:
        reason = "expected a stamped frame of the feed to compare with, got none"
        return [Check(Group.SYSTEM, name, State.NO_GO, "", reason)]
    figure = f"{offset:+.3f} s against the broker"
    if abs(1_000 * offset) > limit:
        side = "ahead" if offset > 0 else "behind"
        reason = (
            f"this machine's clock is {abs(offset):.1f} s {side}: expected at most {limit} ms; "
            "switch its time synchronisation on"
        )
        return [Check(Group.SYSTEM, name, State.NO_GO, figure, reason)]
    return [Check(Group.SYSTEM, name, State.GO, figure)]


def _handshake(sight: FeedSight, limit: int) -> Check:
    took = 1_000 * sight.handshake
    figure = f"handshake {took:.0f} ms"
    if took > limit:
        return _check("feed", State.NO_GO, figure, f"slow feed: expected at most {limit} ms")
    open_ones = ", ".join(
        f"{name} {status}" for name, status in sorted(sight.segments.items()) if "NSE" in name
    )
    return _check("feed", State.GO, f"{figure}; {open_ones}" if open_ones else figure)


def _first_update(survey: Survey, sight: FeedSight) -> Check:
    wanted = [instrument.key for instrument in survey.resolved().instruments]
    mute = [key for key in wanted if key not in sight.heard]
    figure = f"after {1_000 * (sight.first_update or 0):.0f} ms, {len(wanted) - len(mute)} of {len(wanted)} instruments"
    if not mute:
        return _check("first update", State.GO, figure)
    more = "" if len(mute) <= _TOLD else f" and {len(mute) - _TOLD} more"
    return _check("first update", State.WARN, figure, f"nothing heard of {', '.join(mute[:_TOLD])}{more}")


def _delay(survey: Survey, sight: FeedSight) -> Check:
    limit = survey.settings.preflight.max_feed_delay_ms
    if survey.feed_is_clock:
        return _check("feed delay", State.GO, "not measured", "the feed is the clock")
    middle, worst = sight.delay(50), sight.delay(99)
    if middle is None or worst is None or len(sight.delays) < _FEW:
        return _check("feed delay", State.GO, f"n {len(sight.delays)}", "too few updates to judge")
    figure = f"p50 {1_000 * middle:.0f} ms, p99 {1_000 * worst:.0f} ms, n {len(sight.delays)}"
    if 1_000 * worst > limit:
        return _check("feed delay", State.NO_GO, figure, f"expected a p99 of at most {limit} ms")
    return _check("feed delay", State.GO, figure)


def _check(name: str, state: State, figure: str = "", reason: str = "") -> Check:
    return Check(Group.CONNECTIVITY, name, state, figure, reason)
