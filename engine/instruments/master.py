"""Instruments from the broker's master file, or inferred from what a recording shows when there is none."""

import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from engine.instruments.listing import Listing
from engine.market.clock import MILLISECOND, trading_date
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.ticks import fitting_tick, tick_for, tick_of_prices
from engine.market.update import MarketUpdate
from engine.system.errors import CockpitError
from engine.system.plain_file import OversizeError, gunzip, read_plain

_SEGMENTS: Final = frozenset({"NSE_EQ", "NSE_FO", "NSE_INDEX"})
_DERIVATIVES: Final = "NSE_FO"
_OPTION_TYPES: Final = frozenset({"CE", "PE"})
_AUCTION_NAMES_EXPECTED: Final = 150
"""Fewer flagged names mean the file did not load completely (about 200 in 2026)."""
_MOST_BYTES: Final = 256 << 20
"""Packed or unpacked: the broker's file of one exchange has about 60 MB."""
_MOST_ROWS: Final = 300_000
"""The broker lists about 125,000."""
_MOST_COMMAS: Final = 24 * _MOST_ROWS
"""Counted before anything is read: what is no list of instruments could take any memory."""
_LONGEST_TEXT: Final = 200
_ENOUGH_UPDATES: Final = 20
"""Fewer updates do not prove a list wrong."""

_CASH_FREEZE: Final = 100_000
_MAX_TICK: Final = 10_000
_MOST_UNITS: Final = 10**10
_MOST_RUPEES: Final = 1e7
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_EARLIEST_EXPIRY: Final = 946_684_800_000
_LATEST_EXPIRY: Final = 4_102_444_800_000
"""2000 and 2100 in epoch milliseconds: an expiry outside was sent in another unit, or is none."""
_INDEX_KEY: Final = re.compile(r"^NSE_INDEX\|")


class MasterError(CockpitError, ValueError):
    """An instrument file that cannot be used; says what was expected and what was found."""


class _Row(msgspec.Struct, frozen=True):
    instrument_key: str = ""
    segment: str = ""
    trading_symbol: str = ""
    name: str = ""
    instrument_type: str = ""
    tick_size: float = math.nan
    lot_size: float = 1
    freeze_quantity: float = _CASH_FREEZE
    expiry: float = math.nan
    strike_price: float = 0.0
    weekly: bool = False
    underlying_key: str = ""
    underlying_symbol: str = ""
    underlying_type: str = ""
    cas_eligible: bool = False


@dataclass(frozen=True, slots=True)
class Master:
    """The instruments of one file, by key."""

    instruments: Mapping[str, Instrument]
    rejected: tuple[str, ...]
    """Rows of our segments that could not be used: key and reason."""
    auction_flags_trusted: bool
    """False: every cash stock counts as a closing-auction stock, the earlier close."""


@dataclass(frozen=True, slots=True)
class Listings:
    """Everything one master file lists in our segments, in the file's order."""

    rows: tuple[Listing, ...]
    rejected: tuple[str, ...]
    """Rows of our segments that could not be used: key and reason."""
    auction_flags_trusted: bool
    """False: every cash stock counts as a closing-auction stock, the earlier close."""


def load_instruments(path: Path) -> dict[str, Instrument]:
    """Return the instruments of an Upstox instrument file (JSON, plain or gzip) by key; raise MasterError."""
    return dict(read_master(path).instruments)


def read_master(path: Path) -> Master:
    """Return a whole instrument file with what was rejected and why; raise MasterError for an unusable file."""
    try:
        data = read_plain(path, _MOST_BYTES)
    except OSError as error:
        raise MasterError(
            f"{path}: expected a readable instrument file, got: {error.strerror or error}"
        ) from error
    except OversizeError as error:
        raise MasterError(f"{path}: {error}") from error
    listings = read_listings(data, str(path))
    instruments = {listing.key: listing.instrument for listing in listings.rows}
    return Master(instruments, listings.rejected, listings.auction_flags_trusted)


def read_listings(data: bytes, origin: str) -> Listings:
    """Return what an instrument file's bytes (JSON, plain or gzip) list; raise MasterError naming ``origin``."""
    rows = [row for row in _rows(data, origin) if row.segment in _SEGMENTS]
    underlyings = {row.underlying_key for row in rows if row.segment == _DERIVATIVES and row.underlying_key}
    flagged = {row.instrument_key for row in rows if row.segment == "NSE_EQ" and row.cas_eligible}
    # Absence of the flag means "no" only in a complete file whose flags agree with the derivatives it lists.
    trusted = len(flagged) >= _AUCTION_NAMES_EXPECTED and flagged <= underlyings
    listings: dict[str, Listing] = {}
    rejected: list[str] = []
    for row in rows:
        try:
            auction = not trusted or row.instrument_key in flagged or row.instrument_key in underlyings
            listings[row.instrument_key] = _listing(row, auction=auction)
        except ValueError as error:
            rejected.append(f"{row.instrument_key[:_LONGEST_TEXT] or '(no key)'}: {error}")
    if not listings:
        raise MasterError(
            f"{origin}: expected rows of {', '.join(sorted(_SEGMENTS))}, got none that can be used"
            + (f"; first: {rejected[0]}" if rejected else "")
        )
    return Listings(tuple(listings.values()), tuple(rejected), trusted)


def unpack_rows(data: bytes, origin: str) -> list[msgspec.Raw]:
    """Return the undecoded rows of an instrument file (JSON array, plain or gzip); raise MasterError."""
    try:
        text = gunzip(data, _MOST_BYTES) if data.startswith(_GZIP_MAGIC) else data
    except OversizeError as error:
        raise MasterError(f"{origin}: {error}") from error
    except (EOFError, zlib.error) as error:
        raise MasterError(f"{origin}: expected a readable instrument file, got: {error}") from error
    if text.count(b",") > _MOST_COMMAS:
        raise MasterError(f"{origin}: expected at most {_MOST_ROWS} instruments, got far more than that")
    text = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        raws = msgspec.json.decode(text, type=list[msgspec.Raw])
        if len(raws) > _MOST_ROWS:
            raise MasterError(f"{origin}: expected at most {_MOST_ROWS} instruments, got {len(raws)}")
        return raws
    except MasterError:
        raise
    except (ValueError, RecursionError) as error:
        refusal = MasterError(f"{origin}: expected a JSON array of instruments, got: {error}")
        refusal.__cause__ = error
    # One NaN must cost its own row, not the file: Python's reader takes the sign that JSON does not know.
    try:
        rows = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise refusal from refusal.__cause__
    if not isinstance(rows, list):
        raise refusal
    return [msgspec.Raw(msgspec.json.encode(row)) for row in rows]


def infer_instrument(
    key: str,
    updates: Sequence[MarketUpdate],
    day: date,
    *,
    has_greeks: bool = False,
) -> Instrument:
    """Return an instrument read off its own updates, marked INFERRED; raise MasterError for an unknown segment.

    The class follows the key's segment (a cash stock counts as a closing-auction stock, the earlier close), the
    tick the dated table, the lot the greatest common divisor of the volume steps.
    """
    segment, _, token = key.partition("|")
    if segment not in _SEGMENTS or not token:
        raise MasterError(f"expected a key as NSE_EQ|..., NSE_FO|... or NSE_INDEX|..., got {key!r}")
    if segment == "NSE_INDEX":
        kind = InstrumentClass.INDEX
    elif segment == "NSE_EQ":
        kind = InstrumentClass.AUCTION_STOCK
    else:
        kind = InstrumentClass.OPTION if has_greeks else InstrumentClass.STOCK_FUTURE
    prices = [price for update in updates for price in _prices(update)]
    tick = tick_of_prices(tick_for(kind, updates[0].last if updates else 0, day), prices)
    lot = _lot(updates) if segment == _DERIVATIVES else 1
    return Instrument(
        key=key,
        symbol=token,
        kind=kind,
        tick=tick,
        lot=lot,
        freeze_quantity=_CASH_FREEZE // lot * lot,
        provenance=Provenance.INFERRED,
    )


def fit_tick(instrument: Instrument, updates: Sequence[MarketUpdate]) -> Instrument:
    """Return an instrument whose tick holds what trades: its own, or a narrower one, then marked INFERRED."""
    if not instrument.tradable or len(updates) < _ENOUGH_UPDATES:
        return instrument
    tick = fitting_tick(instrument.tick, [price for update in updates for price in _prices(update)])
    if tick == instrument.tick:
        return instrument
    return replace(instrument, tick=tick, provenance=Provenance.INFERRED)


def _prices(update: MarketUpdate) -> Iterable[int]:
    yield update.last
    for price, _ in update.bids:
        yield price
    for price, _ in update.asks:
        yield price


def _lot(updates: Sequence[MarketUpdate]) -> int:
    volumes = [update.volume for update in updates]
    steps = [abs(after - before) for before, after in pairwise(volumes)]
    return math.gcd(*steps) or 1


def _rows(data: bytes, origin: str) -> list[_Row]:
    decoder = msgspec.json.Decoder(_Row, strict=False)
    rows: list[_Row] = []
    for row in unpack_rows(data, origin):
        try:
            rows.append(decoder.decode(row))
        except ValueError:
            rows.append(_lenient(row))
        except RecursionError:
            rows.append(_Row())
    return rows


def _lenient(row: msgspec.Raw) -> _Row:
    """Read a row with nulls or wrong types: what cannot be read is absent."""
    try:
        table = msgspec.json.decode(row)
    except (ValueError, RecursionError):
        return _Row()
    if not isinstance(table, dict):
        return _Row()
    readable: dict[str, object] = {}
    for name in _Row.__struct_fields__:
        try:
            msgspec.convert({name: table[name]}, _Row, strict=False)
        except (KeyError, ValueError):
            continue
        readable[name] = table[name]
    return msgspec.convert(readable, _Row, strict=False)


def _listing(row: _Row, *, auction: bool) -> Listing:
    if not row.instrument_key:
        raise ValueError("expected an instrument_key, got none")
    texts = (row.instrument_key, row.trading_symbol, row.name, row.instrument_type)
    if len(max(*texts, row.underlying_key, row.underlying_symbol, key=len)) > _LONGEST_TEXT:
        raise ValueError(f"expected texts of at most {_LONGEST_TEXT} characters, got a longer one")
    kind = _kind(row, auction=auction)
    lot = _whole(row.lot_size, "lot_size in units") if kind is not InstrumentClass.INDEX else 1
    tick = 1
    if kind is not InstrumentClass.INDEX:
        tick = _whole(row.tick_size, "tick_size in whole paise")
        if tick > _MAX_TICK:
            raise ValueError(f"expected tick_size up to {_MAX_TICK} paise, got {row.tick_size}")
    return Listing(
        key=row.instrument_key,
        symbol=row.trading_symbol or row.instrument_key.partition("|")[2],
        name=row.name,
        kind=kind,
        series=row.instrument_type,
        tick=tick,
        lot=lot,
        freeze_quantity=_whole(row.freeze_quantity, "freeze_quantity in units"),
        underlying=row.underlying_key,
        underlying_symbol=row.underlying_symbol,
        expiry_ordinal=_expiry_ordinal(row) if row.segment == _DERIVATIVES else 0,
        strike=_strike(row.strike_price),
        weekly=row.weekly,
    )


def _expiry_ordinal(row: _Row) -> int:
    """Return the day number of a derivative's expiry; one without would never expire."""
    if not _EARLIEST_EXPIRY < row.expiry < _LATEST_EXPIRY:
        found = "none that can be read" if math.isnan(row.expiry) else f"{row.expiry:g}"
        raise ValueError(f"expected expiry in epoch milliseconds between 2000 and 2100, got {found}")
    return trading_date(int(row.expiry) * MILLISECOND).toordinal()


def _strike(rupees: float) -> int:
    return round(rupees * 100) if 0 < rupees <= _MOST_RUPEES else 0


def _kind(row: _Row, *, auction: bool) -> InstrumentClass:
    if row.segment == "NSE_INDEX":
        return InstrumentClass.INDEX
    if row.segment == "NSE_EQ":
        return InstrumentClass.AUCTION_STOCK if auction else InstrumentClass.STOCK
    if row.instrument_type in _OPTION_TYPES:
        return InstrumentClass.OPTION
    if row.instrument_type == "FUT":
        index = row.underlying_type == "INDEX" or _INDEX_KEY.match(row.underlying_key)
        return InstrumentClass.INDEX_FUTURE if index else InstrumentClass.STOCK_FUTURE
    raise ValueError(f"expected instrument_type FUT, CE or PE, got {row.instrument_type!r}")


def _whole(value: float, name: str) -> int:
    if not 1 <= value <= _MOST_UNITS or value != int(value):
        raise ValueError(f"expected {name}, at least 1, got {value:g}")
    return int(value)
