"""A page of plain text: headings, rows of a label and words, and how times are said on it."""

from textwrap import wrap
from typing import Final

from engine.market.clock import MINUTE, SECOND, Instant, datetime_of

NARROWEST: Final = 80
_LABEL: Final = 14


class Page:
    """Lines of one width: headings, and rows of a label and words that wrap under themselves."""

    def __init__(self, width: int) -> None:
        self._width = max(NARROWEST, width)
        self.lines: list[str] = []

    def heading(self, text: str) -> None:
        """Begin a part."""
        if self.lines:
            self.lines.append("")
        self.lines.append(text.upper())

    def text(self, text: str) -> None:
        """Say a sentence over the whole width."""
        self.lines += wrap(text, self._width) or [""]

    def row(self, label: str, text: str) -> None:
        """Say words behind their label."""
        indent = " " * (_LABEL + 2)
        begins = f"  {label:<{_LABEL - 1}} "
        if len(begins) > len(indent):
            self.lines.append(begins.rstrip())
            begins = indent
        self.lines += wrap(text, self._width, initial_indent=begins, subsequent_indent=indent) or [
            begins.rstrip()
        ]


def clock(instant: Instant) -> str:
    """Return the Indian time of day to the millisecond."""
    return datetime_of(instant).strftime("%H:%M:%S.%f")[:12]


def since(time: Instant) -> str:
    """Return how much later something came."""
    return f"+{time / SECOND:.2f} s" if time < MINUTE else f"+{span(time)}"


def span(time: Instant) -> str:
    """Return how long something took, whole seconds."""
    minutes, seconds = divmod(max(time, 0) // SECOND, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
