"""Lines of styled text in fixed cells: what the painters make and the panels draw.

A painter is a pure function from a view to lines of exactly the asked width. Styles are names; what they look like is
the theme's affair.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from cockpit.text.formatting import ELLIPSIS

Span = tuple[str, str]
"""Text and the name of its style; an empty name is plain text."""

Line = tuple[Span, ...]

_TIED: Final = "\N{NO-BREAK SPACE}"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """Return text of one cell per character: control signs and wide or combining characters become ``?``.

    Texts come from brokers and files; an escape sequence among them must not reach the terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    # Commands without a screen print lines too, and load nothing of it for plain ones.
    from rich.cells import cell_len

    return "".join(
        sign if sign.isprintable() and cell_len(sign) == 1 else " " if sign == _TIED else "?" for sign in text
    )


def cut(text: str, width: int) -> str:
    """Return the beginning of a text that is too long, with an ellipsis, in at most ``width`` cells.

    A number is left out whole, and none touches the ellipsis: its first digits would read like another number.
    """
    if width <= 0:
        return ""
    kept = text[: width - 1]
    begin = kept.rfind(" ") + 1
    if kept[begin:] and _is_number(text[begin:].split(" ", 1)[0]):
        kept = kept[:begin]
    return kept + ELLIPSIS


def _is_number(word: str) -> bool:
    """Say whether a word is a figure, its unit of one letter included."""
    return any(sign.isdigit() for sign in word) and sum(sign.isalpha() for sign in word) <= 1


def fit(text: str, width: int, align: str = "<") -> str:
    """Return text cut (with an ellipsis) or padded to exactly ``width`` cells."""
    text = clean(text)
    if len(text) > width:
        text = cut(text, width)
    return text.ljust(width) if align == "<" else text.rjust(width) if align == ">" else text.center(width)


def compose(spans: Iterable[Span], width: int) -> Line:
    """Return one line of exactly ``width`` cells; neighbours of one style are merged, what is too long is cut."""
    line: list[Span] = []
    left = width
    for raw, style in spans:
        text = clean(raw)
        if not text or left <= 0:
            continue
        if len(text) > left:
            text = cut(text, left)
        left -= len(text)
        if line and line[-1][1] == style:
            line[-1] = (line[-1][0] + text, style)
        else:
            line.append((text, style))
    if left > 0:
        if line and not line[-1][1]:
            line[-1] = (line[-1][0] + " " * left, "")
        else:
            line.append((" " * left, ""))
    return tuple(line)


def length(spans: Iterable[Span]) -> int:
    """Return the cells of some spans."""
    return sum(len(clean(text)) for text, _ in spans)


def spread(left: Sequence[Span], right: Sequence[Span], width: int) -> Line:
    """Return a line with one part at each end; where both do not fit, the right part gives way."""
    room = width - length(left) - length(right)
    if room < 1:
        return compose(left, width)
    return compose([*left, (" " * room, ""), *right], width)


def under(line: Line, style: str) -> Line:
    """Return the line with one more style laid under its plain parts."""
    return tuple((text, name or style) for text, name in line)


def _clamped(share: float) -> float:
    return 0.0 if math.isnan(share) else min(1.0, max(0.0, share))


def bar(share: float, width: int) -> str:
    """Return a horizontal bar of ``width`` cells in eighths; any share above nothing shows at least a sliver."""
    if width <= 0:
        return ""
    eighths = round(_clamped(share) * width * 8)
    if share > 0 and eighths == 0:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def gauge(share: float, width: int) -> tuple[str, str]:
    """Return the used and the free part of a thin gauge; any share above nothing shows one cell."""
    used = round(_clamped(share) * width)
    if used == 0 and share > 0:
        used = min(1, width)
    return "━" * used, "─" * (width - used)


def wrap(text: str, width: int, limit: int) -> list[str]:
    """Return at most ``limit`` lines of whole words; what is left over is cut with an ellipsis."""
    if width <= 0 or limit <= 0:
        return []
    lines: list[str] = []
    current = ""
    words = [clean(word) for word in " ".join(text.split()).replace(" %", f"{_TIED}%").split(" ") if word]
    for position, word in enumerate(words):
        joined = f"{current} {word}" if current else word
        if len(joined) <= width:
            current = joined
            continue
        if len(lines) == limit - 1:
            return [*lines, fit(" ".join([current, *words[position:]]).strip(), width)]
        if current:
            lines.append(current)
        current = word
        while len(current) > width and len(lines) < limit - 1:
            lines.append(current[:width])
            current = current[width:]
    if current:
        lines.append(fit(current, width) if len(current) > width else current)
    return lines[:limit]


def changed_columns(before: Line, after: Line) -> tuple[int, int] | None:
    """Return the first changed cell and the one past the last changed cell, or None for equal lines."""
    if before == after:
        return None
    start = 0
    shared = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        start += len(old[0])
        shared += 1
    if shared < len(before) and shared < len(after) and before[shared][1] == after[shared][1]:
        for old_sign, new_sign in zip(before[shared][0], after[shared][0], strict=False):
            if old_sign != new_sign:
                break
            start += 1
    end = sum(len(text) for text, _ in after)
    if end != sum(len(text) for text, _ in before):
        # Equal ends of lines of different widths do not stand in the same columns.
        return (min(start, end - 1), end) if end else None
    for old, new in zip(reversed(before[shared:]), reversed(after[shared:]), strict=False):
        if old != new:
            if old[1] == new[1]:
                for old_sign, new_sign in zip(reversed(old[0]), reversed(new[0]), strict=False):
                    if old_sign != new_sign:
                        break
                    end -= 1
            break
        end -= len(new[0])
    return (start, end) if end > start else (0, sum(len(text) for text, _ in after))


def choose(parts: Iterable[tuple[int, Sequence[Span]]], width: int, gap: int = 3) -> list[Span]:
    """Return the parts that fit side by side in their order; the highest rank numbers are left out first."""
    kept = [(rank, part) for rank, part in parts if length(part) > 0]
    while kept and sum(length(part) for _, part in kept) + gap * (len(kept) - 1) > width:
        worst = max(rank for rank, _ in kept)
        last = max(index for index, (rank, _) in enumerate(kept) if rank == worst)
        if len(kept) == 1:
            break
        del kept[last]
    spans: list[Span] = []
    for index, (_, part) in enumerate(kept):
        if index:
            spans.append((" " * gap, ""))
        spans.extend(part)
    return spans
