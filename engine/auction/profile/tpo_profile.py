"""Time at price: brackets of the session, each giving one letter to every row between its low and high."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from engine.auction.profile.value_area import Rows
from engine.market.clock import Instant
from engine.market.price import Paise

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Bracket:
    """One time slice of the session; prices in paise, widened as its extremes become known."""

    __slots__ = ("close", "closed_by_bar", "high", "index", "low", "whole")

    def __init__(self, index: int, low: Paise, high: Paise, *, whole: bool) -> None:
        self.index = index
        self.low = low
        self.high = high
        self.close: Paise | None = None
        self.closed_by_bar = False
        """The closing price is the one of the bracket's last completed minute: no packet may replace it."""
        self.whole = whole
        """False when our record begins inside it, so that its true extremes are unknown."""

    def widen(self, low: Paise, high: Paise) -> bool:
        """Include a price range; say whether that changed anything."""
        changed = False
        if low < self.low:
            self.low = low
            changed = True
        if high > self.high:
            self.high = high
            changed = True
        return changed


def letter_of(index: int) -> str:
    """Return the letter of a bracket: A to Z, then a to z, then again."""
    return _ALPHABET[index % len(_ALPHABET)]


def bracket_start(index: int, session_open: Instant, length: int) -> Instant:
    """Return the first instant of a bracket of ``length`` microseconds."""
    return session_open + index * length


def tpo_rows(brackets: Iterable[Bracket], row: Paise) -> Rows | None:
    """Return TPO counts per row of ``row`` paise (row id = price // row); None without brackets.

    Every row from a bracket's low to its high holds one TPO of it, however often it traded (source: Sierra Chart,
    TPO profile documentation).
    """
    spans = [(bracket.low // row, bracket.high // row) for bracket in brackets]
    if not spans:
        return None
    low = min(span[0] for span in spans)
    high = max(span[1] for span in spans)
    steps = [0] * (high - low + 2)
    for first, last in spans:
        steps[first - low] += 1
        steps[last + 1 - low] -= 1
    counts = list(accumulate(steps))
    counts.pop()
    return Rows(low, counts)


def row_letters(brackets: Iterable[Bracket], row: Paise) -> dict[int, str]:
    """Return the letters of each row, oldest first."""
    letters: dict[int, str] = {}
    for bracket in brackets:
        letter = letter_of(bracket.index)
        for number in range(bracket.low // row, bracket.high // row + 1):
            letters[number] = letters.get(number, "") + letter
    return letters


def rotation_factor(brackets: Iterable[Bracket]) -> int | None:
    """Return the sum over brackets of the signs of their high's and low's move; None below two brackets.

    Each bracket adds +1, 0 or -1 for its high and the same for its low, against the bracket before it (source:
    mypivots, rotation factor).
    """
    total: int | None = None
    previous: Bracket | None = None
    for bracket in brackets:
        if previous is not None:
            total = (total or 0) + _sign(bracket.high - previous.high) + _sign(bracket.low - previous.low)
        previous = bracket
    return total


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
