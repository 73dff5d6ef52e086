"""Reading the broker's rows tolerantly: unknown keys ignored, nulls and empty strings absent, numbers in any dress.

A field that decides (a quantity, a status, an id) is never guessed: when it cannot be read, its row is named unread.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from engine.market.clock import IST, MILLISECOND, Instant, instant_of
from engine.market.price import Paise
from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_text import kind_of

Row = Mapping[str, Any]

_NOISE: Final = 1e-6
"""How far a whole number may lie off itself after arithmetic in floats."""

_LARGEST: Final = 1e15
"""No quantity, price or sum comes near; floats tell whole numbers and paise apart up to here, ids are texts."""


class FieldError(CockpitError, ValueError):
    """A row does not say what it must; the text names the field and what was found."""

    kind = ErrorKind.BROKER


def rows_of(data: object, what: str) -> list[Row]:
    """Return a list of rows; raise FieldError for anything else. Null is not an empty list."""
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise FieldError(f"expected a list of {what}, got {kind_of(data)}")
    return data


def row_of(data: object, what: str) -> Row:
    """Return one row; raise FieldError for anything else."""
    if not isinstance(data, dict):
        raise FieldError(f"expected {what}, got {kind_of(data)}")
    return data


def section(row: Row, *names: str) -> Row:
    """Return a nested row; an empty one when it is absent."""
    for name in names:
        value = row.get(name)
        if isinstance(value, dict):
            return value
    return {}


def text(row: Row, *names: str) -> str:
    """Return the first of several spellings that is there; empty when none is."""
    for name in names:
        value = row.get(name)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if value is not None and value != "" and not isinstance(value, dict | list):
            return str(value)
    return ""


def texts(row: Row, name: str) -> tuple[str, ...]:
    """Return a list of words; none when it is absent."""
    value = row.get(name)
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def flag(row: Row, *names: str) -> bool | None:
    """Return a truth value, None when it is absent or says something else."""
    word = text(row, *names).lower()
    return {"true": True, "false": False}.get(word)


def number(row: Row, *names: str) -> float | None:
    """Return the first number of several spellings that may be meant; None when there is none."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or value is None:
            continue
        try:
            found = float(value.replace(",", "") if isinstance(value, str) else value)
        except (TypeError, ValueError, OverflowError):
            continue
        if abs(found) <= _LARGEST:
            return found
    return None


def whole(row: Row, *names: str) -> int | None:
    """Return a whole number, the noise of a float taken off; None when it is absent or broken."""
    found = number(row, *names)
    return round(found) if found is not None and abs(found - round(found)) < _NOISE else None


def paise(row: Row, *names: str) -> Paise | None:
    """Return rupees as whole paise, sign kept; None when they are absent."""
    found = number(row, *names)
    return None if found is None else round(found * 100)


def needed_text(row: Row, *names: str) -> str:
    """Return a text that decides; raise FieldError when it is absent."""
    found = text(row, *names)
    if not found:
        raise FieldError(f"expected {names[0]}, got {row.get(names[0])!r}")
    return found


def needed_whole(row: Row, *names: str) -> int:
    """Return a whole number that decides; raise FieldError when it is absent or broken."""
    found = whole(row, *names)
    if found is None:
        raise FieldError(f"expected a whole number for {names[0]}, got {row.get(names[0])!r}")
    return found


def stamp(row: Row, *names: str) -> Instant:
    """Return the newest of several ``YYYY-MM-DD HH:MM:SS`` stamps (IST); 0 when none reads."""
    newest = 0
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value:
            newest = max(newest, stamp_of(value) or 0)
    return newest


def stamp_of(value: str) -> Instant | None:
    """Return the instant of a stamp; one without an offset is IST. None when it does not read."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=IST))


def milliseconds(row: Row, *names: str) -> Instant | None:
    """Return an instant given in milliseconds since the epoch; None when it is absent."""
    found = whole(row, *names)
    return None if found is None else found * MILLISECOND
