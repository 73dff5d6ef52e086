"""Names that mean another contract each month: ``NIFTY FUT near``, ``NIFTY CE ATM+2 weekly``, ``INFY``.

An alias is read once before the open and stands for the whole day.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from engine.instruments.directory import Directory
from engine.instruments.listing import CALL, FUTURE, PUT, Listing
from engine.market.figures import rupees, signed_units
from engine.market.price import Paise, rupees_of
from engine.system.errors import CockpitError

QuoteOf = Callable[[str], Paise | None]
"""The last price of an instrument key in paise; None when nobody knows it."""

GRAMMAR: Final = (
    "a key (NSE_EQ|INE...), a symbol (INFY), NIFTY FUT near|next|far, "
    "or NIFTY CE|PE ATM[+n|-n]|STRIKE weekly|next-weekly|monthly|next-monthly|YYYY-MM-DD"
)
_NEAREST: Final = ("NEAR", "NEXT", "FAR")
_WEEKLY: Final = ("WEEKLY", "NEXT-WEEKLY")
_MONTHLY: Final = ("MONTHLY", "NEXT-MONTHLY")
_AT_THE_MONEY: Final = re.compile(r"ATM(?:([+-]\d{1,3}))?")
_SPACED_OFFSET: Final = re.compile(r"\bATM\s*([+-])\s*(\d)")
_NUMBER: Final = re.compile(r"\d{1,7}(?:\.\d{1,2})?")


class Trouble(StrEnum):
    """Why an entry of the watchlist cannot be followed, or not traded."""

    UNKNOWN = "UNKNOWN"
    AMBIGUOUS = "AMBIGUOUS"
    BAD_ALIAS = "BAD ALIAS"
    NO_CONTRACT = "NO CONTRACT"
    NO_PRICE = "NO PRICE"
    EXPIRED = "EXPIRED"
    SUSPENDED = "SUSPENDED"
    NOT_INTRADAY = "NOT INTRADAY"
    DUPLICATE = "DUPLICATE"


class AliasError(CockpitError, ValueError):
    """An entry that names nothing that can be followed; ``near`` holds what may have been meant."""

    def __init__(self, trouble: Trouble, text: str, near: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.near = tuple(near)


@dataclass(frozen=True, slots=True)
class Alias:
    """A derivative as a person names it."""

    underlying: str
    contract: str
    """FUT, CE or PE."""
    expiry: str
    """NEAR, NEXT, FAR, WEEKLY, NEXT-WEEKLY, MONTHLY, NEXT-MONTHLY or an ISO date."""
    strike: Paise | None = None
    """None means at the money."""
    offset: int = 0
    """Listed strikes above (or below) the one at the money."""


def parse_alias(entry: str) -> Alias | None:
    """Return the alias an entry spells; None for a plain key or symbol; raise AliasError for a broken one."""
    words = _SPACED_OFFSET.sub(r"ATM\1\2", entry.upper()).split()
    places = [index for index, word in enumerate(words) if index and word in (FUTURE, CALL, PUT)]
    if not places:
        return None
    place = places[0]
    underlying, contract, rest = " ".join(words[:place]), words[place], words[place + 1 :]
    if contract == FUTURE:
        if len(rest) > 1 or (rest and rest[0] not in _NEAREST):
            raise _broken(entry, "near, next or far after FUT")
        return Alias(underlying, contract, rest[0] if rest else _NEAREST[0])
    if not rest or len(rest) > 2:
        raise _broken(entry, f"ATM or a strike, and an expiry, after {contract}")
    expiry = rest[1] if len(rest) > 1 else _NEAREST[0]
    if expiry not in (*_NEAREST, *_WEEKLY, *_MONTHLY) and not _is_date(expiry):
        raise _broken(entry, "weekly, next-weekly, monthly, next-monthly, near or a date for the expiry")
    money = _AT_THE_MONEY.fullmatch(rest[0])
    if money is not None:
        return Alias(underlying, contract, expiry, offset=int(money[1] or 0))
    if not _NUMBER.fullmatch(rest[0]):
        raise _broken(entry, f"ATM or a strike in rupees after {contract}")
    return Alias(underlying, contract, expiry, strike=round(float(rest[0]) * 100))


def resolve_entry(entry: str, directory: Directory, quote_of: QuoteOf, day: date) -> Listing:
    """Return the listing an entry means on a day; raise AliasError with what was expected and what was found.

    At the money is the listed strike nearest to the underlying's price, the lower of two equally near. ``weekly`` is
    the nearest expiry on or after the day, the monthly one in its week; ``monthly`` the nearest that the master does
    not call weekly, or, where it calls none so, the nearest last of its month.
    """
    wanted = entry.strip()
    listing = directory.by_key.get(wanted)
    if listing is None:
        found = directory.named(wanted)
        if len(found) > 1:
            keys = ", ".join(one.key for one in found[:4])
            raise AliasError(
                Trouble.AMBIGUOUS,
                f"expected one instrument named {wanted}, got {len(found)}: name a key: {keys}",
            )
        alias = None if found else parse_alias(wanted)
        if not found and alias is None:
            near = directory.near(wanted)
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            raise AliasError(Trouble.UNKNOWN, f"expected {GRAMMAR}, got {wanted!r}{meant}", near)
        listing = found[0] if alias is None else _contract(alias, directory, quote_of, day)
    if listing.expiry_ordinal and listing.expiry_ordinal < day.toordinal():
        raise AliasError(
            Trouble.EXPIRED,
            f"expected a contract that trades on {day}, got {listing.symbol}, over since then",
        )
    return listing


def _contract(alias: Alias, directory: Directory, quote_of: QuoteOf, day: date) -> Listing:
    every = directory.contracts(alias.underlying)
    if not every:
        near = directory.near(alias.underlying)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise AliasError(
            Trouble.UNKNOWN, f"expected an underlying with contracts, got {alias.underlying!r}{meant}", near
        )
    live = [one for one in every if one.series == alias.contract and one.expiry_ordinal >= day.toordinal()]
    expiry = _expiry(alias, live)
    rows = sorted(
        (one for one in live if one.expiry_ordinal == expiry), key=lambda one: (one.strike, one.key)
    )
    if alias.contract == FUTURE:
        return rows[0]
    if alias.strike is not None:
        exact = [one for one in rows if one.strike == alias.strike]
        if not exact:
            strikes = sorted(rows, key=lambda one: (abs(one.strike - (alias.strike or 0)), one.strike))
            raise AliasError(
                Trouble.NO_CONTRACT,
                f"expected a listed strike of {alias.underlying} {alias.contract} {date.fromordinal(expiry)}, "
                f"got {rupees_of(alias.strike):g}; nearest: {rupees_of(strikes[0].strike):g}",
                tuple(one.symbol for one in strikes[:3]),
            )
        return exact[0]
    return _at_the_money(alias, rows, quote_of)


def _at_the_money(alias: Alias, rows: Sequence[Listing], quote_of: QuoteOf) -> Listing:
    price = quote_of(rows[0].underlying)
    if price is None or price <= 0:
        raise AliasError(
            Trouble.NO_PRICE,
            f"expected the last price of {alias.underlying} ({rows[0].underlying}) to find the strike at the money, "
            "got none",
        )
    middle = min(range(len(rows)), key=lambda index: (abs(rows[index].strike - price), rows[index].strike))
    place = middle + alias.offset
    if not 0 <= place < len(rows):
        raise AliasError(
            Trouble.NO_CONTRACT,
            f"expected a strike {signed_units(alias.offset)} from the money ({_strike(rows[middle].strike)}), got only "
            f"{_strike(rows[0].strike)} to {_strike(rows[-1].strike)} listed",
        )
    return rows[place]


def _expiry(alias: Alias, live: Sequence[Listing]) -> int:
    expiries = sorted({one.expiry_ordinal for one in live})
    weeklies = {one.expiry_ordinal for one in live if one.weekly}
    monthlies = [one for one in expiries if one not in weeklies] if weeklies else _last_of_months(expiries)
    kind = "futures" if alias.contract == FUTURE else f"{alias.contract} options"
    known = ", ".join(str(date.fromordinal(one)) for one in expiries[:6]) or "none"
    if alias.expiry in _NEAREST:
        chosen, place = expiries, _NEAREST.index(alias.expiry)
    elif alias.expiry in _MONTHLY:
        chosen, place = monthlies, _MONTHLY.index(alias.expiry)
    elif alias.expiry in _WEEKLY:
        if expiries and expiries == monthlies:
            raise AliasError(
                Trouble.NO_CONTRACT,
                f"expected weekly {kind} of {alias.underlying}, got monthly ones only ({known}); say monthly",
            )
        chosen, place = expiries, _WEEKLY.index(alias.expiry)
    else:
        chosen, place = [one for one in expiries if date.fromordinal(one).isoformat() == alias.expiry], 0
    if place >= len(chosen):
        raise AliasError(
            Trouble.NO_CONTRACT,
            f"expected a {alias.expiry.lower()} expiry of {alias.underlying} {kind}, got these listed: {known}",
        )
    return chosen[place]


def _last_of_months(expiries: Sequence[int]) -> list[int]:
    months: dict[tuple[int, int], int] = {}
    for ordinal in expiries:
        day = date.fromordinal(ordinal)
        months[day.year, day.month] = max(ordinal, months.get((day.year, day.month), 0))
    return sorted(months.values())


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _broken(entry: str, expected: str) -> AliasError:
    return AliasError(Trouble.BAD_ALIAS, f"expected {expected}, got {entry!r}")


def _strike(paise: Paise) -> str:
    return rupees(paise, 0 if paise % 100 == 0 else 2)
