"""What a few words mean in the instrument master: one contract of the day, or a list of what holds them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.instruments.alias import AliasError, QuoteOf, Trouble, resolve_entry
from engine.instruments.listing import Intraday, Listing
from engine.instruments.watchlist import resolve_watchlist
from engine.market.figures import grouped
from engine.market.instrument import InstrumentClass
from engine.market.price import rupees_of
from engine.upstox.reference.instrument_files import Shelf

_HEADINGS: Final = ("symbol", "key", "lot", "tick", "expiry", "left", "intraday", "name")
_NOT_A_NAME: Final = frozenset({Trouble.UNKNOWN, Trouble.BAD_ALIAS, Trouble.AMBIGUOUS})
"""The words are no entry of a watchlist: a search for them says more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One listed instrument as a trader asks for it."""

    listing: Listing
    days_left: int | None
    """Calendar days to the expiry; None without one."""
    intraday: str
    """May it be traded intraday, and with what leverage; ``?`` where no list says so."""

    def describe(self) -> str:
        """Return everything of it on one line."""
        listing = self.listing
        parts = [listing.key, listing.name]
        if not self.is_index:
            parts += [f"lot {listing.lot}", f"tick {rupees_of(listing.tick):.2f}"]
        if listing.expiry is not None:
            left = self.days_left or 0
            parts.append(
                f"expires {listing.expiry:%a %d %b %Y} ({'today' if not left else f'{left} d left'})"
            )
        return " · ".join([*parts, f"intraday {self.intraday}"])

    @property
    def is_index(self) -> bool:
        """Whether it is only watched: an index has neither lot nor tick."""
        return self.listing.kind is InstrumentClass.INDEX

    def cells(self) -> tuple[str, ...]:
        """Return it as a row of the table."""
        listing = self.listing
        return (
            listing.symbol,
            listing.key,
            "" if self.is_index else str(listing.lot),
            "" if self.is_index else f"{rupees_of(listing.tick):.2f}",
            "" if listing.expiry is None else f"{listing.expiry:%d %b %Y}",
            "" if self.days_left is None else f"{self.days_left} d",
            self.intraday,
            listing.name,
        )


@dataclass(frozen=True, slots=True)
class LookUp:
    """What was found."""

    text: str
    day: date
    meant: Row | None
    """What an entry of the watchlist with these words means on the day."""
    problem: str
    """Why it means nothing, or may not be traded; empty otherwise."""
    rows: tuple[Row, ...]
    """What holds the words, the likeliest first."""
    more: int
    """How many further ones do."""

    @property
    def found(self) -> bool:
        """Whether there is anything to show."""
        return self.meant is not None or bool(self.rows)

    def describe(self) -> list[str]:
        """Return what was found as lines for a person."""
        lines = []
        if self.meant is not None:
            lines.append(f"{self.text} is {self.meant.listing.symbol} on {self.day:%a %d %b %Y}")
            lines.append(f"  {self.meant.describe()}")
        if self.problem:
            lines.append(f"  {self.problem}" if self.meant else self.problem)
        if self.rows:
            lines += [""] if lines else []
            lines += _table([row.cells() for row in self.rows])
        if self.more:
            lines.append(f"and {grouped(self.more)} more: another word narrows it")
        return lines


def look_up(text: str, shelf: Shelf, quote_of: QuoteOf, day: date, most: int) -> LookUp:
    """Return what the words mean on a day, and the ``most`` likeliest instruments that hold them."""
    directory = shelf.directory
    meant, problem = None, ""
    try:
        meant = row_of(resolve_entry(text, directory, quote_of, day), shelf, day)
        resolved = resolve_watchlist(
            (meant.listing.key,), directory, shelf.eligible, quote_of, day, suspended=shelf.suspended
        )
        problem = resolved.problems[0].reason if resolved.problems else ""
    except AliasError as error:
        problem = str(error)
        listed = [one for one in directory.search(text) if not _is_over(one, day)]
        if listed and error.trouble in _NOT_A_NAME:
            problem = ""
    else:
        listed = [one for one in directory.search(text) if not _is_over(one, day) and one != meant.listing]
    rows = tuple(row_of(one, shelf, day) for one in listed[:most])
    return LookUp(text, day, meant, problem, rows, max(0, len(listed) - most))


def row_of(listing: Listing, shelf: Shelf, day: date) -> Row:
    """Return a listing with what holds for it on a day."""
    days_left = None if listing.expiry is None else (listing.expiry - day).days
    return Row(listing, days_left, _intraday(listing, shelf.eligible, shelf.suspended))


def _intraday(listing: Listing, eligible: Mapping[str, Intraday] | None, suspended: AbstractSet[str]) -> str:
    if listing.key in suspended:
        return "suspended"
    if listing.kind is InstrumentClass.INDEX:
        return "index"
    derivative = listing.expiry is not None
    if eligible is None:
        return "yes" if derivative else "?"
    terms = eligible.get(listing.key)
    if terms is not None:
        return f"{terms.leverage:g}×" if terms.leverage else "yes"
    # A list that names no derivative at all says nothing about them.
    return "yes" if derivative and not any(key.startswith("NSE_FO") for key in eligible) else "no"


def _is_over(listing: Listing, day: date) -> bool:
    return 0 < listing.expiry_ordinal < day.toordinal()


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [_HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
