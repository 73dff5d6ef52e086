"""The broker's own square-off as a person noted it: times, what each is for, the date of the note and its source."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Final

from engine.market.clock import MINUTE
from engine.market.instrument import DERIVATIVES, InstrumentClass

BEFORE_SQUARE_OFF: Final = 5 * MINUTE
"""How long before the broker's own square-off everything of ours is flat at the latest."""

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE: Final = re.compile(
    rf"\b20\d\d-\d\d?-\d\d?\b|\b\d\d?[/.-]\d\d?[/.-](?:20)?\d\d\b|\b\d\d?\.? {_MONTH},? 20\d\d\b"
    rf"|\b{_MONTH} \d\d?,? 20\d\d\b",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"\b[01]?\d[:.][0-5]\d\b")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_TOKEN: Final = re.compile(rf"{_CLOCK.pattern}|f\s*&\s*o|[A-Za-z]{{2,}}", re.IGNORECASE)
_NO_SOURCE: Final = frozenset(
    {
        "cash",
        "equity",
        "futures",
        "options",
        "derivatives",
        "fo",
        "and",
        "as",
        "of",
        "on",
        "at",
        "by",
        "pm",
        "ist",
        "dated",
    }
)
"""Words that name what is squared off or join others: alone they tell no source."""

_EARLIEST: Final = 8
"""An hour before this one is told on a clock of twelve: nobody squares off before the session."""
_NOON: Final = 12

_CASH: Final = frozenset({InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK})
_KINDS: Final[Mapping[str, frozenset[InstrumentClass]]] = {
    "cash": _CASH,
    "equity": _CASH,
    "stocks": _CASH,
    "f&o": DERIVATIVES,
    "fo": DERIVATIVES,
    "fno": DERIVATIVES,
    "futures": DERIVATIVES - {InstrumentClass.OPTION},
    "options": frozenset({InstrumentClass.OPTION}),
    "derivatives": DERIVATIVES,
}


def names_square_off(note: str) -> bool:
    """Say whether a note of the square-off has a clock time, a date and, beside what they are for, a source."""
    without_date = _DATE.sub(" ", note)
    dated = without_date != note
    words = _WORD.findall(_CLOCK.sub(" ", without_date))
    told = [word for word in words if word.casefold() not in _NO_SOURCE]
    return dated and _CLOCK.search(without_date) is not None and bool(told)


def square_off_times(note: str) -> Mapping[InstrumentClass, time]:
    """Return when the broker squares each class off by a note; empty where it lacks a time, its date or its source.

    A time belongs to the classes named beside it ('cash 15:15, F&O 15:25' or '15:15 cash, 15:25 F&O'). What no class
    is named for is taken to be for all of them, and of several times the earliest counts.
    """
    if not names_square_off(note):
        return {}
    found: dict[InstrumentClass, time] = {}
    for clock, kinds in _pairs(_DATE.sub(" ", note)):
        for kind in kinds:
            found[kind] = min(found.get(kind, clock), clock)
    earliest = min(found.values())
    return {kind: found.get(kind, earliest) for kind in InstrumentClass}


def _pairs(text: str) -> list[tuple[time, frozenset[InstrumentClass]]]:
    """Return each clock time with the classes beside it, all where none is."""
    words = [re.sub(r"\s", "", word).casefold() for word in _TOKEN.findall(text)]
    told = [word for word in words if _CLOCK.fullmatch(word) or word in _KINDS]
    after = bool(told) and _CLOCK.fullmatch(told[0]) is not None
    clocks: list[time] = []
    kinds: list[frozenset[InstrumentClass]] = []
    before: frozenset[InstrumentClass] = frozenset()
    for word in told:
        if _CLOCK.fullmatch(word):
            hour, minute = re.split("[:.]", word)
            clocks.append(time(int(hour) + (_NOON if int(hour) < _EARLIEST else 0), int(minute)))
            kinds.append(frozenset() if after else before)
            before = frozenset()
        elif after:
            kinds[-1] |= _KINDS[word]
        else:
            before |= _KINDS[word]
    everything = frozenset(InstrumentClass)
    return [(clock, kind or everything) for clock, kind in zip(clocks, kinds, strict=True)]
