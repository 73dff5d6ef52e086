"""The event lines, the alert strip that stays until acknowledged, and the banner of a kill or an ended engine."""

from typing import Final

from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.model import Model, Notice
from cockpit.state.phrases import held_text
from cockpit.text.formatting import clock
from cockpit.text.lines import Line, Span, compose, fit, length, wrap
from cockpit.text.way_back import way_back
from cockpit.widgets.sections import heading
from engine.contract.views import AlarmRank, EventLine, LatchView, Severity, StopStatus

_STYLES = {Severity.INFO: "", Severity.GOOD: "good", Severity.WARNING: "warn", Severity.ALARM: "alarm"}
_WORDS = {Severity.WARNING: "! ", Severity.ALARM: "!! "}
_NO_STOP = "NO STOP AT THE EXCHANGE"
_HUNG = "cockpit flatten in another shell takes over a hung engine; ctrl+k does so too"


def paint_events(events: tuple[EventLine, ...], width: int, height: int) -> list[Line]:
    """Return the newest events, newest first, long ones over two lines."""
    if height <= 0:
        return []
    lines = [heading("EVENTS", "", width)]
    for event in _newest_first(events)[:height]:
        left = height - len(lines)
        if left <= 0:
            break
        word = _WORDS.get(event.severity, "")
        for index, text in enumerate(wrap(word + event.text, max(1, width - 10), min(2, left))):
            stamp = f"{clock(event.time)} " if index == 0 else " " * 9
            lines.append(compose([(stamp, "dim"), (text, _STYLES[event.severity])], width))
    return lines[:height]


def _newest_first(events: tuple[EventLine, ...]) -> list[EventLine]:
    """Return what lasts on top, newest first below it; but what is vital and newer is not pushed down by it."""
    lasting = sorted((event for event in events if not event.number), key=lambda event: -event.rank)
    told = [event for event in reversed(events) if event.number]
    vital = next((place for place, event in enumerate(told) if event.rank is AlarmRank.VITAL), None)
    if vital is None:
        return [*lasting, *told]
    fresh = [event for event in lasting if event.time > told[vital].time]
    older = [event for event in lasting if event.time <= told[vital].time]
    return [*fresh, *told[: vital + 1], *older, *told[vital + 1 :]]


def _in_danger(model: Model) -> str:
    """Return our positions that nothing protects or that wait, by what they wait for, whatever was acknowledged."""
    rows = model.view.positions if model.view is not None else ()
    found: dict[str, list[str]] = {}
    for row in rows:
        label = ""
        if row.plight is not None:
            label = row.plight.label
        elif not row.external and row.stop_state in (StopStatus.MISSING, StopStatus.IN_DOUBT):
            label = _NO_STOP
        if label:
            found.setdefault(label, []).append(held_text(row))
    return " · ".join(f"{label}: {', '.join(names)}" for label, names in found.items())


def notice_span(notice: Notice) -> Span:
    """Return an answer in the style of its weight."""
    return (f" {notice.text} ", {"warning": "warn", "alarm": "alarm"}.get(notice.severity.value, "strong"))


def paint_alerts(model: Model, width: int, *, silent: int | None = None) -> Line:
    """Return the alert strip: unacknowledged alarms before everything, else the last answer, else the last event.

    An engine silent for so many seconds is a state of its own: the way out stands behind alarms and answers.
    """
    alarms = model.alarms
    first = model.first_alarm
    notice = model.notice
    danger = _in_danger(model)
    advice: list[Span] = [] if silent is None else [(f" {_HUNG} ", "alarm")]
    if alarms or danger:
        text = f" !! {danger}" if danger else ""
        tail: list[Span] = [notice_span(notice)] if notice is not None else []
        if first is not None:
            more = f" (+{len(alarms) - 1} more)" if len(alarms) > 1 else ""
            text += f" !! {clock(first.time)} {first.text}{more}"
            tail.append((" a acknowledge ", "key"))
        tail += advice
        room = max(width // 2, width - length(tail))
        good = not danger and first is not None and first.severity is Severity.GOOD
        return compose([(fit(text, room), "good" if good else "alarm"), *tail], width)
    if notice is not None:
        return compose([notice_span(notice), *advice], width)
    if advice:
        return compose(advice, width)
    events = model.view.events if model.view is not None else ()
    if not events:
        return compose([], width)
    last = events[-1]
    return compose([(f" {clock(last.time)} ", "dim"), (last.text, _STYLES[last.severity] or "dim")], width)


_ENDED_ADVICE: Final[dict[FlattenGuard | None, tuple[str, ...]]] = {
    None: (
        "ctrl+k starts cockpit flatten, which closes everything; `{back}` brings the engine back; q quits.",
        "ctrl+k starts cockpit flatten, which closes everything; q quits.",
    ),
    FlattenGuard.CLOSING: (
        "KILL: cockpit flatten is closing everything in the engine's stead, until the broker says flat …",
        "KILL: cockpit flatten is closing everything …",
    ),
    FlattenGuard.FLAT: (
        "KILLED AND FLAT: cockpit flatten closed everything, the broker said flat; `cockpit rearm` unlatches.",
        "KILLED AND FLAT: the broker said flat; `cockpit rearm` unlatches.",
    ),
    FlattenGuard.OPEN: (
        "KILL NOT CONFIRMED: cockpit flatten ended and no broker said flat; run it in a shell and read why.",
        "KILL NOT CONFIRMED: run `cockpit flatten` in a shell and read why.",
    ),
}
"""What stands under an ended engine, longest first, by what the kill key set off; ``back`` is the way back to it."""


def paint_banner(
    latch: LatchView | None, ended: str | None, width: int, guard: FlattenGuard | None = None, world: str = ""
) -> list[Line]:
    """Return the two lines across the screen of a kill latch or an ended engine; none when neither is.

    ``world`` is the kind of run on the screen, empty while none is known.
    """
    if ended is not None:
        first = f"ENGINE ENDED: {ended}"
        if latch is not None:
            first += f"   kill latch {latch.state}"
        first += "   what stands here is its last word and may be wrong by now"
        advice = tuple(text.format(back=way_back(world)) for text in _ENDED_ADVICE[guard])
        second = next((text for text in advice if len(text) + 2 <= width), advice[-1])
    elif latch is not None:
        words = {
            "KILLING": "KILL: closing everything",
            "STUCK": "KILL STUCK: not all could be closed yet, trying on",
            "FLAT": "KILLED AND FLAT",
        }
        word = words.get(latch.state, f"KILL {latch.state}")
        if latch.detail:
            word = f"KILL {', '.join(latch.detail)}"
        first = f"{word} · {latch.progress}".rstrip(" ·")
        reason = f": {latch.reason}" if latch.reason else ""
        second = f"no entries until `cockpit rearm` · since {clock(latch.since)} by {latch.by}{reason}"
        left, _, why = latch.progress.partition(" · ")
        if latch.waits:
            # What a person can do matters more than how the kill began.
            first = f"KILL WAITS: {'; '.join(latch.waits)}"
            second = "; ".join(latch.advice)
        elif why and len(first) + 2 > width:
            # What keeps the kill from its end matters more than how it began.
            first, second = f"{word} · {left}", why
    else:
        return []
    return [compose([("  " + first, "strong")], width), compose([("  " + second, "")], width)]
