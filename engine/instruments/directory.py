"""The instrument master as a person asks it: by key, by symbol, by a few words, by a name nearly right."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from engine.instruments.listing import ORDINARY, Listing
from engine.market.instrument import InstrumentClass

_CASH: Final = frozenset({InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK})
_NEAR: Final = 3
_NEAR_CUTOFF: Final = 0.6
_LEGAL_ENDING: Final = re.compile(r"\b(LIMITED|LTD|THE)\b\.?")
_KIND_ORDER: Final = {
    InstrumentClass.INDEX: 0,
    InstrumentClass.AUCTION_STOCK: 1,
    InstrumentClass.STOCK: 1,
    InstrumentClass.INDEX_FUTURE: 2,
    InstrumentClass.STOCK_FUTURE: 2,
    InstrumentClass.OPTION: 3,
}


class Directory:
    """Look-ups over the listings of one day; each is built when first asked for."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.listings = tuple(listings)

    @cached_property
    def by_key(self) -> Mapping[str, Listing]:
        """The listings by instrument key."""
        return {listing.key: listing for listing in self.listings}

    def named(self, symbol: str) -> tuple[Listing, ...]:
        """Return what bears exactly this trading symbol in any case: the ordinary share alone where there is one."""
        found = self._by_symbol.get(symbol.upper(), [])
        ordinary = [one for one in found if one.kind in _CASH and one.series == ORDINARY]
        return tuple(ordinary or found)

    def contracts(self, underlying: str) -> tuple[Listing, ...]:
        """Return the futures and options on an underlying, named by its symbol or its instrument key."""
        found = self._by_underlying.get(underlying.upper())
        if found:
            return tuple(found)
        keys = {listing.key.upper() for listing in self.named(underlying)}
        return tuple(listing for key in sorted(keys) for listing in self._by_underlying.get(key, ()))

    def search(self, text: str, most: int | None = None) -> list[Listing]:
        """Return what holds every word of a text in symbol, name or key, the likeliest first.

        An exact symbol comes first, then symbols that begin with the text, then names; indices before stocks, stocks
        before futures, near expiries before far ones.
        """
        words = text.upper().split()
        if not words:
            return []
        found = self.listings
        for word in words:
            found = tuple(
                one
                for one in found
                if word in one.symbol.upper() or word in one.name.upper() or word in one.key.upper()
            )
        ranked = sorted(found, key=lambda listing: _rank(listing, " ".join(words), words))
        return ranked if most is None else ranked[:most]

    def near(self, text: str) -> tuple[str, ...]:
        """Return up to three symbols that a mistyped one may have meant, the likeliest first."""
        from difflib import get_close_matches

        wanted = text.upper().strip()
        if not wanted:
            return ()
        spelled = get_close_matches(wanted, self._symbols, n=_NEAR, cutoff=_NEAR_CUTOFF)
        named = [listing.symbol for listing in self.search(wanted, _NEAR)]
        return tuple(dict.fromkeys([*named, *spelled]))[:_NEAR]

    @cached_property
    def _by_symbol(self) -> Mapping[str, list[Listing]]:
        found: defaultdict[str, list[Listing]] = defaultdict(list)
        for listing in self.listings:
            found[listing.symbol.upper()].append(listing)
        return found

    @cached_property
    def _by_underlying(self) -> Mapping[str, list[Listing]]:
        """The derivatives by symbol and by key of their underlying."""
        found: defaultdict[str, list[Listing]] = defaultdict(list)
        for listing in self.listings:
            for name in {listing.underlying_symbol.upper(), listing.underlying.upper()} - {""}:
                found[name].append(listing)
        return found

    @cached_property
    def _symbols(self) -> list[str]:
        cash = {listing.symbol.upper() for listing in self.listings if _KIND_ORDER[listing.kind] <= 1}
        return sorted(cash | {name for name in self._by_underlying if "|" not in name})


def _rank(listing: Listing, text: str, words: list[str]) -> tuple[object, ...]:
    symbol, name = listing.symbol.upper(), _LEGAL_ENDING.sub("", listing.name.upper()).strip()
    if symbol == text or listing.key.upper() == text:
        place = 0
    elif symbol.startswith(text) or listing.underlying_symbol.upper() == text:
        place = 1
    elif name == text:
        place = 2
    elif name.startswith(text) or all(word in symbol for word in words):
        place = 3
    else:
        place = 4
    special = listing.kind in _CASH and listing.series != ORDINARY
    return (
        place,
        _KIND_ORDER[listing.kind],
        special,
        listing.expiry_ordinal,
        len(symbol) if listing.kind is not InstrumentClass.OPTION else 0,
        listing.strike,
        symbol,
        listing.key,
    )
