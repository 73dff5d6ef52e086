"""The charges of a contract note as a person gives them: one sum, or a file of words and rupees."""

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Final

from engine.market.price import Paise
from engine.operations.errors import DeskError
from engine.system.plain_file import read_plain
from engine.system.plain_text import plain

_LONGEST: Final = 64 * 1024
_MOST_PARTS: Final = 50
_AMOUNT: Final = re.compile(r"(?:₹|Rs\.?)?\s*([0-9][0-9,]*(?:\.[0-9]{1,2})?)", re.IGNORECASE)
_HEADING: Final = re.compile(r"[^0-9]*[A-Za-z][^0-9]*")
"""What stands over amounts: words without a figure; anything else there is an amount that does not read."""
_TOTAL: Final = "total"


def read_charges(given: str) -> tuple[Paise, dict[str, Paise], str]:
    """Return the sum, its parts by the note's words, and the file's name (empty for a typed sum), paise.

    A file is one JSON object of words and rupees, or lines of `words,rupees`. A line of it called total must be the sum
    of the others. Raises DeskError.
    """
    typed = _AMOUNT.fullmatch(given.strip())
    if typed is not None:
        return _paise(typed[1]), {}, ""
    path = Path(given)
    try:
        text = read_plain(path, _LONGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DeskError(
            f"{given}: expected a sum in rupees (412.37) or a file of charges, got: {reason}"
        ) from error
    named = _of_json(path, text) if text.lstrip().startswith("{") else _of_lines(path, text)
    total = next((amount for words, amount in named.items() if words.lower() == _TOTAL), None)
    parts = {words: amount for words, amount in named.items() if words.lower() != _TOTAL}
    if not named:
        raise DeskError(f"{path}: expected charges in it, got none")
    whole = sum(parts.values())
    if total is not None and parts and total != whole:
        raise DeskError(
            f"{path}: expected a total of {whole / 100:.2f}, the sum of its lines, got {total / 100:.2f}"
        )
    return whole if total is None else total, parts, path.name


def _of_json(path: Path, text: str) -> dict[str, Paise]:
    try:
        # Pairs, for a dict would keep the last of two charges of one name.
        found = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise DeskError(f"{path}: expected one JSON object of words and rupees, got: {error}") from error
    return _checked(path, [(str(words), str(amount)) for words, amount in found])


def _of_lines(path: Path, text: str) -> dict[str, Paise]:
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline="")) if any(row)
        ]
    except csv.Error as error:
        raise DeskError(f"{path}: expected lines of words,rupees, got: {error}") from error
    if rows and len(rows[0]) == 2 and _HEADING.fullmatch(rows[0][1]):
        rows = rows[1:]
    for row in rows:
        if len(row) != 2:
            raise DeskError(f"{path}: expected lines of words,rupees, got {plain(','.join(row))[:80]!r}")
    return _checked(path, [(row[0], row[1]) for row in rows])


def _checked(path: Path, rows: list[tuple[str, str]]) -> dict[str, Paise]:
    if len(rows) > _MOST_PARTS:
        raise DeskError(f"{path}: expected at most {_MOST_PARTS} kinds of charges, got {len(rows)}")
    found: dict[str, Paise] = {}
    known: set[str] = set()
    for words, amount in rows:
        read = _AMOUNT.fullmatch(amount.strip())
        if read is None:
            raise DeskError(
                f"{path}: expected rupees with two decimals for {plain(words)[:40]!r}, got {plain(amount)[:40]!r}"
            )
        if words.lower() in known:
            raise DeskError(f"{path}: expected each kind once, got {plain(words)[:40]!r} twice")
        known.add(words.lower())
        found[words] = _paise(read[1])
    return found


def _paise(text: str) -> Paise:
    return int(Decimal(text.replace(",", "")) * 100)
