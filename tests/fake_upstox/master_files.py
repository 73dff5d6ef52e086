"""The instrument files as the assets host serves them: gzip JSON with an ETag, in versions that may change."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.fake_upstox.listing import Listing
from tests.fake_upstox.listings import intraday_names

PREFIX = "/market-quote/instruments/exchange/"
NAMES = ("NSE.json.gz", "complete.json.gz", "NSE_MIS.json.gz", "suspended-instrument.json.gz")
_SUSPENDED = 999_999_999


class MasterFiles:
    """What each file holds now."""

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        self._listings = listings
        self._overrides: dict[str, dict[str, Any]] = {}
        self._removed: set[str] = set()
        self.unlisted: frozenset[str] = frozenset()
        """What the next version's intraday list leaves out."""
        self._files: dict[str, tuple[bytes, str]] = {}
        self.version = 1
        self.cut: str | None = None
        """The name of a file that is served without its second half."""

    def change(
        self, overrides: Mapping[str, Mapping[str, Any]], removed: frozenset[str] = frozenset()
    ) -> None:
        """Publish another version: fields to override by key, and rows to leave out."""
        for key, fields in overrides.items():
            self._overrides.setdefault(key, {}).update(fields)
        self._removed |= removed
        self.version += 1
        self._files.clear()

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Return a file's bytes and ETag, or None for a name that does not exist."""
        if name not in NAMES:
            return None
        if name not in self._files:
            text = json.dumps(self._rows(name), separators=(",", ":")).encode()
            data = gzip.compress(text, 6, mtime=self.version)
            self._files[name] = data, f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        data, tag = self._files[name]
        return (data[: len(data) // 2], tag) if name == self.cut else (data, tag)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        if name == "suspended-instrument.json.gz":
            gone = replace(
                next(iter(self._listings.values())), key="NSE_EQ|INE000X01010", symbol="GONE", kind="EQ"
            )
            return [gone.row() | {"freeze_quantity": float(_SUSPENDED), "lot_size": _SUSPENDED}]
        if name == "NSE_MIS.json.gz":
            chosen = [row for row in intraday_names(self._listings.values()) if row.key not in self.unlisted]
            rows = [row.row() | {"intraday_margin": 20.0, "intraday_leverage": 5.0} for row in chosen]
        else:
            rows = [listing.row() for listing in self._listings.values()]
        if name == "complete.json.gz":
            rows += [
                _foreign_row("BSE_EQ", "INE002A01018", "RELIANCE"),
                _foreign_row("MCX_FO", "440", "GOLD FUT"),
            ]
        return [
            row | self._overrides.get(row["instrument_key"], {})
            for row in rows
            if row["instrument_key"] not in self._removed
        ]


def _foreign_row(segment: str, token: str, symbol: str) -> dict[str, Any]:
    return {
        "segment": segment,
        "name": symbol,
        "exchange": segment.partition("_")[0],
        "instrument_type": "A" if segment == "BSE_EQ" else "FUT",
        "instrument_key": f"{segment}|{token}",
        "exchange_token": token,
        "trading_symbol": symbol,
        "tick_size": 5.0,
        "lot_size": 1,
    }
