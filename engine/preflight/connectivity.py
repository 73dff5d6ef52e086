"""Whether the broker is reachable, how fast it answers, what its feed brings, and how our clock stands to its."""

from collections.abc import Sequence
from typing import Final

from engine.preflight.failed_reads import NEEDS_HOST, failed, judged
from engine.preflight.feed import FeedFailedError, FeedSight
from engine.preflight.report import Check, CheckState, Group
from engine.preflight.survey import RestSight, Survey
from engine.upstox.rest.address import AddressError
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.transport import NotSentError, UnansweredError

_GROUP: Final = Group.CONNECTIVITY
_FEW: Final = 5
"""Fewer delays than this say nothing about a p99."""
_TOO_FEW: Final = "too few live frames to judge"
_TOLD: Final = 3
_DATE_IS_GOOD_TO: Final = 0.5
"""Seconds: an HTTP date tells whole ones."""


def check_rest(survey: Survey) -> Sequence[Check]:
    """Measure the handshake and one answer of the REST host."""
    limit = survey.settings.preflight.max_latency_ms
    try:
        sight = survey.rest()
    except (NotSentError, UnansweredError, AddressError) as error:
        return [judged(_GROUP, "REST", "", f"the broker cannot be reached: {error}")]
    handshake, answer = _milliseconds(sight.handshake), _milliseconds(sight.answer)
    figure = f"handshake {handshake:.0f} ms, answer {answer:.0f} ms"
    slow = max(handshake, answer)
    reason = ""
    if sight.status >= 500:
        reason = f"expected an answer of the broker, got its server's failure (HTTP {sight.status})"
    elif slow > limit:
        reason = f"the broker answers slowly: expected at most {limit} ms, got {slow:.0f}"
    return [judged(_GROUP, "REST", figure, reason, values={"handshake_ms": handshake, "answer_ms": answer})]


def check_order_host(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Measure the handshake of the order host; nothing is asked of it."""
    limit = survey.settings.preflight.max_latency_ms
    started = survey.monotonic()
    try:
        survey.transport.warm(survey.settings.upstox.order_url)
    except (NotSentError, AddressError) as error:
        return [judged(_GROUP, "order host", "", f"the broker cannot be reached: {error}", needed=live)]
    took = _milliseconds(survey.monotonic() - started)
    reason = f"the broker answers slowly: expected at most {limit} ms" if took > limit else ""
    figure = f"handshake {took:.0f} ms"
    return [judged(_GROUP, "order host", figure, reason, needed=live, values={"handshake_ms": took})]


def check_feed(survey: Survey) -> Sequence[Check]:
    """Look at the feed: handshake, first update, delay, instruments that stay mute."""
    if survey.feed_in_use:
        note = "not looked at: the running engine holds the one connection; `cockpit status` says how it is"
        return [Check(_GROUP, "feed", CheckState.GO, "in use", note, {"in_use": True})]
    settings = survey.settings.preflight
    try:
        sight = survey.feed()
    except FeedFailedError as error:
        return [judged(_GROUP, "feed", "", str(error))]
    except CallFailed as error:
        return [failed(_GROUP, "feed", error)]
    checks = [_handshake(sight, settings.max_latency_ms)]
    if sight.first_update is None:
        reason = f"expected a first update within {settings.first_update_seconds:g} s, got none"
        return [*checks, judged(_GROUP, "first update", "", reason)]
    checks.append(_first_update(survey, sight, sight.first_update))
    checks.append(_delay(survey, sight))
    return checks


def check_clock(survey: Survey) -> Sequence[Check]:
    """Compare this machine's clock with the broker's stamps: the feed's, else the date of an answer."""
    limit = survey.settings.preflight.max_clock_offset_ms
    if survey.feed_is_clock:
        return [_clock(CheckState.GO, "not compared", "date and time come from the feed")]
    found = _offset(survey)
    if found is None:
        return [_clock(CheckState.NOT_ASKED, "", NEEDS_HOST)]
    offset, good_to, source = found
    figure = f"{offset:+.3f} s against the broker" if not good_to else f"{offset:+.1f} s against the broker"
    figure += f", by {source}"
    values = {"offset_ms": round(1_000 * offset), "by": source}
    if 1_000 * (abs(offset) - good_to) <= limit:
        return [_clock(CheckState.GO, figure, "", values)]
    side = "ahead" if offset > 0 else "behind"
    reason = (
        f"this machine's clock is {abs(offset):.1f} s {side}: expected at most {limit} ms; "
        "switch its time synchronisation on"
    )
    return [_clock(CheckState.NO_GO, figure, reason, values)]


def _offset(survey: Survey) -> tuple[float, float, str] | None:
    """Return our clock minus the broker's, how far that may be wrong, and what says so."""
    if not survey.feed_in_use:
        try:
            offset = survey.feed().offset
        except (FeedFailedError, CallFailed):
            offset = None
        if offset is not None:
            return offset, 0.0, "its feed"
    try:
        sight: RestSight = survey.rest()
    except (NotSentError, UnansweredError, AddressError):
        return None
    if sight.offset is None:
        return None
    return sight.offset, _DATE_IS_GOOD_TO + sight.answer / 2, "the date of an answer"


def _handshake(sight: FeedSight, limit: int) -> Check:
    took = _milliseconds(sight.handshake)
    segments = {name: status for name, status in sorted(sight.segments.items()) if "NSE" in name}
    told = ", ".join(f"{name} {status}" for name, status in segments.items())
    figure = f"handshake {took:.0f} ms; {told}" if told else f"handshake {took:.0f} ms"
    reason = f"the feed answers slowly: expected at most {limit} ms" if took > limit else ""
    return judged(_GROUP, "feed", figure, reason, values={"handshake_ms": took, "segments": segments})


def _first_update(survey: Survey, sight: FeedSight, first: float) -> Check:
    wanted = survey.wanted()
    mute = [key for key in wanted if key not in sight.heard]
    took = _milliseconds(first)
    figure = f"after {took:.0f} ms; {len(wanted) - len(mute)} of {len(wanted)} instruments heard"
    values = {"first_update_ms": took, "heard": len(wanted) - len(mute), "mute": mute}
    more = "" if len(mute) <= _TOLD else f" and {len(mute) - _TOLD} more"
    reason = f"nothing heard of {', '.join(mute[:_TOLD])}{more}" if mute else ""
    state = CheckState.WARN if mute else CheckState.GO
    return Check(_GROUP, "first update", state, figure, reason, values)


def _delay(survey: Survey, sight: FeedSight) -> Check:
    limit = survey.settings.preflight.max_feed_delay_ms
    if survey.feed_is_clock:
        return Check(_GROUP, "feed delay", CheckState.GO, "not measured", "the feed is the clock")
    middle, worst, count = sight.delay(50), sight.delay(99), len(sight.delays)
    if middle is None or worst is None:
        return Check(_GROUP, "feed delay", CheckState.GO, "0 frames", _TOO_FEW, {"frames": 0})
    p50, p99 = _milliseconds(middle), _milliseconds(worst)
    values = {"p50_ms": p50, "p99_ms": p99, "frames": count}
    figure = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms over {count} frames"
    if count < _FEW:
        return Check(_GROUP, "feed delay", CheckState.GO, figure, _TOO_FEW, values)
    reason = f"the feed comes late: expected at most {limit} ms for 99 of 100 updates" if p99 > limit else ""
    return judged(_GROUP, "feed delay", figure, reason, values=values)


def _clock(state: CheckState, figure: str, reason: str, values: dict[str, object] | None = None) -> Check:
    return Check(Group.SYSTEM, "clock", state, figure, reason, values or {})


def _milliseconds(seconds: float) -> float:
    return round(1_000 * seconds, 1)
