"""The watchlist of a day: each entry against the master, the intraday list and the suspensions."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from engine.instruments.alias import AliasError, QuoteOf, Trouble, resolve_entry
from engine.instruments.directory import Directory
from engine.instruments.eligibility import must_be_listed
from engine.instruments.listing import Intraday, Listing
from engine.market.instrument import Instrument, InstrumentClass


@dataclass(frozen=True, slots=True)
class ResolvedEntry:
    """One entry and what it means today."""

    entry: str
    listing: Listing
    days_left: int | None
    """Calendar days to the expiry, 0 on its day; None without one."""
    intraday: Intraday | None
    """What the broker lends on it; None where no list says so."""
    note: str
    """What a trader should know of it: watched only, expires today; empty mostly."""

    @property
    def instrument(self) -> Instrument:
        """What the engine trades."""
        return self.listing.instrument


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry that is not followed, and why."""

    entry: str
    trouble: Trouble
    reason: str
    near: tuple[str, ...] = ()
    """Symbols that may have been meant."""
    listing: Listing | None = None
    """What was found, where the trouble is not the name."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A watchlist read: what is followed, in its order, and what is not."""

    followed: tuple[ResolvedEntry, ...]
    problems: tuple[Problem, ...]

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments to follow."""
        return tuple(one.instrument for one in self.followed)


def resolve_watchlist(
    entries: Sequence[str],
    directory: Directory,
    eligible: Mapping[str, Intraday] | None,
    quote_of: QuoteOf,
    day: date,
    *,
    suspended: AbstractSet[str] = frozenset(),
) -> Resolved:
    """Return what each entry means on a day. ``eligible`` None: the intraday list is unknown and not asked."""
    followed: list[ResolvedEntry] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for entry in entries:
        try:
            listing = resolve_entry(entry, directory, quote_of, day)
        except AliasError as error:
            problems.append(Problem(entry, error.trouble, str(error), error.near))
            continue
        problem = _refusal(entry, listing, directory, eligible, suspended)
        if problem is None and listing.key in seen:
            reason = f"{listing.symbol} is followed already, as {seen[listing.key]}"
            problem = Problem(entry, Trouble.DUPLICATE, reason, listing=listing)
        if problem is not None:
            problems.append(problem)
            continue
        seen[listing.key] = entry
        followed.append(_followed(entry, listing, eligible, day))
    return Resolved(tuple(followed), tuple(problems))


def _refusal(
    entry: str,
    listing: Listing,
    directory: Directory,
    eligible: Mapping[str, Intraday] | None,
    suspended: AbstractSet[str],
) -> Problem | None:
    if listing.key in suspended:
        return Problem(entry, Trouble.SUSPENDED, f"{listing.symbol} is suspended today", listing=listing)
    if eligible is None or listing.key in eligible or not must_be_listed(listing.kind, eligible):
        return None
    near = _eligible_near(listing, directory, eligible)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return Problem(
        entry,
        Trouble.NOT_INTRADAY,
        f"expected a name on today's intraday list, got {listing.symbol} ({listing.key}): it cannot be traded "
        f"intraday today{meant}",
        near,
        listing,
    )


def _eligible_near(
    listing: Listing, directory: Directory, eligible: Mapping[str, Intraday]
) -> tuple[str, ...]:
    """Return symbols like this one that are on the intraday list."""
    return tuple(
        symbol
        for symbol in directory.near(listing.symbol)
        if any(one.key in eligible and one.key != listing.key for one in directory.named(symbol))
    )


def _followed(
    entry: str, listing: Listing, eligible: Mapping[str, Intraday] | None, day: date
) -> ResolvedEntry:
    expiry = listing.expiry
    days_left = None if expiry is None else (expiry - day).days
    notes = []
    if listing.kind is InstrumentClass.INDEX:
        notes.append("index: watched, never traded")
    if days_left == 0:
        notes.append("expires today")
    return ResolvedEntry(
        entry=entry,
        listing=listing,
        days_left=days_left,
        intraday=None if eligible is None else eligible.get(listing.key),
        note=", ".join(notes),
    )
