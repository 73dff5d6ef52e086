"""The checks before trading: the verdict first, then every check with its figure, its reason and what to do."""

from typing import Final

from cockpit.screens.page import PageScreen
from cockpit.text.formatting import clock
from cockpit.text.lines import Line, Span, compose, fit, length, wrap
from engine.contract.views import CheckRow, PreflightView, ScreenView

WITH_BROKER: Final = ("paper", "live")

_GROUPS: Final = {
    "connectivity": "the broker's hosts, the feed's handshake, its first update and its delay",
    "authentication": "the token, the account's profile, segments, the address registered for orders, funds",
    "configuration": "every setting, square-off times, instrument lists, every watchlist entry, the calendar",
    "system": "processor, memory, disk, file handles, this machine's clock and the newest kill drill",
}
_STATES: Final = {
    "GO": ("✓ GO", "good"),
    "WARN": ("! WARN", "warn"),
    "NO-GO": ("✗ NO-GO", "alarm"),
    "NOT ASKED": ("–", "dim"),
}
_STATE_CELLS: Final = 9
_LONGEST_NAME: Final = 32
_NARROW: Final = 64
"""Below this the figures stand under the names."""
_MOST_LINES: Final = 12


def paint_preflight(view: ScreenView | None, width: int) -> list[Line]:
    """Return the page; without a broker it says that there is nothing to check."""
    blank = compose([], width)
    if view is None:
        return [blank, _title("", width), blank, compose([("the engine has not spoken yet", "dim")], width)]
    world = view.header.world
    if world not in WITH_BROKER:
        text = f"This is {world}: no account and no broker, so nothing has to be checked."
        return [blank, _title("", width), blank, *_said(text, "strong", width), blank, *_contents(width)]
    checks = view.preflight
    lines = [blank, _title("c checks again   ", width), blank]
    if checks is None or not checks.checks:
        running = checks is not None and checks.running
        text = "The checks are being made …" if running else "The checks have not been made yet."
        return [*lines, *_said(text, "strong", width), blank, *_contents(width)]
    lines += [*_verdict(checks, world, width)]
    known = [group for group in _GROUPS if any(row.group == group for row in checks.checks)]
    others = [row.group for row in checks.checks if row.group not in _GROUPS]
    for group in [*known, *dict.fromkeys(others)]:
        lines += [blank, compose([(group.upper(), "title")], width)]
        rows = [row for row in checks.checks if row.group == group]
        longest = min(_LONGEST_NAME, width // 3)
        names = max((len(row.name) for row in rows if len(row.name) <= longest), default=0) + 2
        for row in rows:
            lines += _check(row, names, width)
    return [*lines, blank]


def _title(keys: str, width: int) -> Line:
    return compose([("PRE-FLIGHT", "title"), (f"   {keys}escape goes back", "dim")], width)


def _verdict(checks: PreflightView, world: str, width: int) -> list[Line]:
    """Return go or no-go with the names of what says no, when it was said, and what it means."""
    counts = {state: sum(1 for row in checks.checks if row.state == state) for state in _STATES}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    whose = " (by this machine's clock)" if checks.by_machine else ""
    spans: list[Span] = [
        (f" {'GO' if checks.go else 'NO-GO'} ", "last" if checks.go else "alarm"),
        (f"  {world}", "strong"),
        (f" at {clock(checks.time)} IST{whose}", ""),
    ]
    if length(spans) + len(told) + 3 <= width:
        lines = [compose([*spans, (f" · {told}", "dim")], width)]
    else:
        lines = [compose(spans, width), *_said(told, "dim", width)]
    if checks.running:
        lines.append(
            compose([("CHECKING NOW …", "armed"), ("  what stands here is from before", "dim")], width)
        )
    bad = [row.name for row in checks.checks if row.state == "NO-GO"]
    if bad:
        lines += _said(f"What says no: {', '.join(bad)}.", "strong", width)
    if not checks.go:
        meaning = "Entries stay paused until the checks say go. Stops and exits are never held up."
        lines += _said(meaning, "warn", width)
    return lines


def _check(row: CheckRow, names: int, width: int) -> list[Line]:
    """Return one check: state, name and figure, then why it is so; long words go on below, nothing is cut."""
    word, style = _STATES.get(row.state, (row.state, "warn"))
    # The alarm's ground is for the verdict and what says no; it covers the word and not the column.
    state: list[Span] = [(" ", ""), (word, style), (" " * max(1, _STATE_CELLS - len(word)), "")]
    loud = "" if row.state == "GO" else "strong"
    said = [(text, style) for text, style in ((row.figure, loud), (row.reason, _reason_style(row))) if text]
    indent = length(state) + names
    if width < _NARROW or len(row.name) > names - 2:
        first = [
            *state,
            *[(text, loud or "value") for text in wrap(row.name, max(1, width - length(state)), 1)],
        ]
        indent = min(length(state), max(0, width - 10))
    else:
        first = [*state, (fit(row.name, names), loud or "value")]
    body = [
        (text, style) for words, style in said for text in wrap(words, max(1, width - indent), _MOST_LINES)
    ]
    if length(first) <= indent and body:
        first = [*first, body.pop(0)]
    return [compose(first, width), *(compose([(" " * indent, ""), span], width) for span in body)]


def _reason_style(row: CheckRow) -> str:
    return "dim" if row.state == "GO" else "warn"


def _contents(width: int) -> list[Line]:
    lines = [compose([("Before paper and live trade, the cockpit checks", "")], width), compose([], width)]
    for group, what in _GROUPS.items():
        lines.append(compose([(group.upper(), "title")], width))
        lines += [compose([("  ", ""), (text, "")], width) for text in wrap(what, max(1, width - 2), 4)]
    return lines


def _said(text: str, style: str, width: int) -> list[Line]:
    return [compose([(line, style)], width) for line in wrap(text, width, _MOST_LINES)]


class PreflightScreen(PageScreen):
    """The checks of the running engine; made again with the key that opened the page."""

    def text_lines(self, width: int) -> list[Line]:
        """Return the checks as last made."""
        return paint_preflight(self.model.view, width)
