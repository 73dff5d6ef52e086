"""Columns made of sections: a heading with a rule, and the sharing out of rows among sections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.text.lines import Line, Span, compose, length, wrap

Painter = Callable[[int, int], list[Line]]
"""Paints at most (width, height)."""


def heading(title: str, note: str, width: int, *, style: str = "dim") -> Line:
    """Return a section's first line: title, rule, note at the right end."""
    left: list[Span] = [(title, "title"), (" ", "")]
    right: list[Span] = [(f" {note}", style)] if note else []
    rule = width - length(left) - length(right) - 1
    return compose([*left, ("─" * max(0, rule), "rule"), *right, (" ", "")], width)


FLAT_CONFIRMED: Final = (
    "flat, confirmed by cockpit flatten; what stood here was the ended engine's last word",
    "flat, confirmed by cockpit flatten",
)
"""What stands where the book of an engine stood that a kill found dead, longest first."""


def why_struck_out(width: int) -> list[Line]:
    """Return why nothing of it stands here any more."""
    return [compose([(text, "")], width) for text in wrap(FLAT_CONFIRMED[0], max(1, width - 1), 4)]


def struck_out(title: str, width: int, height: int) -> list[Line]:
    """Return a section of such a book, struck out."""
    return [heading(title, "", width), *why_struck_out(width)][: max(0, height)]


def flat_confirmed(width: int) -> Line:
    """Return the same in one line, for what stands at the top."""
    text = next((text for text in FLAT_CONFIRMED if len(text) + 2 <= width), FLAT_CONFIRMED[-1])
    return compose([(" ", ""), (text, "strong")], width)


@dataclass(frozen=True, slots=True)
class Section:
    """A section's appetite: no fewer than ``minimum`` rows or none at all, ``wanted`` when there is plenty."""

    paint: Painter
    minimum: int
    wanted: int
    rank: int
    """Who eats first: 0 before 1."""


def share_rows(sections: Sequence[Section], height: int) -> list[int]:
    """Return each section's rows: minimums by rank, then what is wanted by rank; never more than ``height``."""
    order = sorted(range(len(sections)), key=lambda index: (sections[index].rank, index))
    rows = [0] * len(sections)
    left = max(0, height)
    for index in order:
        minimum = sections[index].minimum
        if 0 < minimum <= left:
            rows[index] = minimum
            left -= minimum
    for index in order:
        if rows[index]:
            more = min(left, max(0, sections[index].wanted - rows[index]))
            rows[index] += more
            left -= more
    return rows


def stack(sections: Sequence[Section], width: int, height: int) -> list[Line]:
    """Return the sections under each other, each in its share of the rows."""
    lines: list[Line] = []
    for section, rows in zip(sections, share_rows(sections, height), strict=True):
        if rows == 0:
            continue
        painted = section.paint(width, rows)[:rows]
        lines.extend(painted)
        lines.extend([compose([], width)] * (rows - len(painted)))
    return lines
