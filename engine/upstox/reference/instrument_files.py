"""The broker's instrument files, kept in the home for all worlds: fetched, checked, and replaced only by better ones.

Each file is stored as what we read out of it, with the ETag it came under, in one piece; the file's own time says
when the broker last confirmed it. A download that is broken, empty, cut or of another day never replaces a good one.
"""

import os
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from engine.instruments.directory import Directory
from engine.instruments.listing import Intraday, Listing
from engine.instruments.master import MasterError, read_listings, unpack_rows
from engine.market.clock import Instant
from engine.system.plain_file import plain_descriptor, read_plain
from engine.upstox.reference.file_state import FileError, FileState, Freshness, InstrumentFile, stale_reason
from engine.upstox.rest.address import AddressError, is_this_machine
from engine.upstox.rest.transport import HttpAnswer, NotSentError, UnansweredError

_Kind = TypeVar("_Kind")

FOLDER: Final = "instruments"
_FORMAT: Final = 2
_PATH: Final = "/market-quote/instruments/exchange"
_MOST_REASONS: Final = 50
_LONGEST_KEPT: Final = 256 << 20
"""Bytes of a stored file: the longest that is unpacked of the broker's."""
_READ_SECONDS: Final = 60.0
_OLDEST_EXPIRY: Final = timedelta(days=7)
"""The broker drops expired contracts daily; older ones mean that the file is of another day."""
_SHRINK: Final = 2
"""A new file with less than one part in so many of the old one's rows is cut."""


class Fetcher(Protocol):
    """What fetches: the transport's own request."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        read_seconds: float | None = None,
    ) -> HttpAnswer:
        """Return the answer; raises AddressError, NotSentError or UnansweredError."""
        ...


_COMPLETE: Final = {"NSE_EQ": 1_000, "NSE_FO": 5_000, "NSE_INDEX": 10}
"""Fewest rows by segment of a whole master; a broker on this machine may list what it likes."""


class _Kept(msgspec.Struct, array_like=True):
    """A stored file: the header, then what was read out of it."""

    format: int
    url: str
    etag: str
    rows: int
    trusted: bool
    rejected: tuple[str, ...]
    content: msgspec.Raw


class _IntradayRow(msgspec.Struct):
    instrument_key: str = ""
    intraday_leverage: float | None = None
    intraday_margin: float | None = None


@dataclass(frozen=True)
class Shelf:
    """The instruments of a day as the home keeps them."""

    listings: tuple[Listing, ...]
    eligible: Mapping[str, Intraday] | None
    """Names that may be traded intraday; None when the list is not known."""
    suspended: frozenset[str]
    states: tuple[FileState, ...]
    rejected: tuple[str, ...]
    """Rows of the master that could not be used: key and reason."""
    auction_flags_trusted: bool

    @cached_property
    def directory(self) -> Directory:
        """The look-ups over the listings."""
        return Directory(self.listings)

    def state(self, file: InstrumentFile) -> FileState:
        """Return how one file stands."""
        return next(state for state in self.states if state.file is file)


@dataclass(frozen=True, slots=True)
class DayLists:
    """What may be traded on a day, without the master: a run has its instruments already."""

    eligible: Mapping[str, Intraday] | None
    """Names that may be traded intraday; None when the list is not known."""
    suspended: frozenset[str]
    states: tuple[FileState, ...]


class InstrumentFiles:
    """Owns the instrument files of a home; safe beside other processes, whose writes are whole."""

    def __init__(self, root: Path, assets_url: str) -> None:
        self._folder = root / FOLDER
        parts = urlsplit(assets_url)
        self._base = assets_url.rstrip("/") + ("" if parts.path.strip("/") else _PATH)
        self._least = {} if is_this_machine(parts.hostname or "") else _COMPLETE

    def path(self, file: InstrumentFile) -> Path:
        """Return where a file is kept."""
        return self._folder / f"{file.value}.msgpack"

    def refresh(
        self,
        fetcher: Fetcher,
        now: Instant,
        day: date | None,
        read_seconds: float = _READ_SECONDS,
        wanted: Collection[InstrumentFile] = tuple(InstrumentFile),
    ) -> tuple[FileState, ...]:
        """Ask for each file's newest version, all at once, and say what came of it; never raises for the network.

        ``day`` is the trading day whose contracts are expected; None leaves the dates unchecked. Each file may take
        ``read_seconds``.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"{self._folder}: expected a folder that can be used, got: {error.strerror}"
            ) from error
        with ThreadPoolExecutor(len(InstrumentFile), "instruments") as threads:
            return tuple(
                threads.map(lambda file: self._refresh(file, fetcher, now, day, read_seconds), wanted)
            )

    def load(self, now: Instant, states: tuple[FileState, ...] = ()) -> Shelf:
        """Return the kept instruments; raise FileError when there is no master at all.

        ``states`` of a refresh just made are passed on; without them each file says how it was found.
        """
        found = {file: self._read(file) for file in InstrumentFile}
        told = {state.file: state for state in states}
        stands = tuple(told.get(file) or self._found(file, found[file], now) for file in InstrumentFile)
        master = found[InstrumentFile.MASTER]
        if master is None:
            reason = next(state.reason for state in stands if state.file is InstrumentFile.MASTER)
            raise FileError(
                f"expected the instrument master in {self._folder}, got none ({reason}); "
                "connect to the network and try again"
            )
        try:
            listings = msgspec.msgpack.decode(master.content, type=tuple[Listing, ...])
        except msgspec.DecodeError as error:
            raise FileError(f"{self.path(InstrumentFile.MASTER)}: expected listings, got: {error}") from error
        return Shelf(
            listings=listings,
            eligible=_content(found[InstrumentFile.INTRADAY], dict[str, Intraday]),
            suspended=frozenset(_content(found[InstrumentFile.SUSPENDED], list[str]) or ()),
            states=stands,
            rejected=master.rejected,
            auction_flags_trusted=master.trusted,
        )

    def lists(self, now: Instant, states: tuple[FileState, ...] = ()) -> DayLists:
        """Return the kept lists of what may be traded; ``states`` of a refresh just made are passed on."""
        found = {file: self._read(file) for file in (InstrumentFile.INTRADAY, InstrumentFile.SUSPENDED)}
        told = {state.file: state for state in states}
        return DayLists(
            eligible=_content(found[InstrumentFile.INTRADAY], dict[str, Intraday]),
            suspended=frozenset(_content(found[InstrumentFile.SUSPENDED], list[str]) or ()),
            states=tuple(told.get(file) or self._found(file, kept, now) for file, kept in found.items()),
        )

    def _refresh(
        self, file: InstrumentFile, fetcher: Fetcher, now: Instant, day: date | None, read_seconds: float
    ) -> FileState:
        kept = self._read(file)
        headers = {"Accept": "*/*"}
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        try:
            url, answer = _fetch(self._base, file, fetcher, headers, read_seconds)
            if answer.status == 304 and kept is not None:
                self._confirm(file, now)
                return FileState(file, Freshness.UNCHANGED, kept.rows, now, "")
            if answer.status != 200:
                raise FileError(f"{url}: expected the file, got a refusal (HTTP {answer.status})")
            fresh = self._checked(file, url, answer, day, kept)
            self._write(file, fresh, now)
        except (NotSentError, UnansweredError, AddressError, FileError, OSError) as error:
            if kept is None:
                return FileState(file, Freshness.ABSENT, 0, None, str(error))
            confirmed = self._confirmed(file)
            reason = "; ".join(part for part in (stale_reason(file, confirmed, now), str(error)) if part)
            return FileState(file, Freshness.KEPT, kept.rows, confirmed, reason)
        return FileState(file, Freshness.NEW, fresh.rows, now, "")

    def _checked(
        self, file: InstrumentFile, url: str, answer: HttpAnswer, day: date | None, kept: _Kept | None
    ) -> _Kept:
        expected = answer.headers.get("content-length", "")
        if expected.isdigit() and int(expected) != len(answer.body):
            raise FileError(f"{url}: expected {expected} bytes, got {len(answer.body)}")
        read = {
            InstrumentFile.MASTER: self._read_master,
            InstrumentFile.INTRADAY: _read_intraday,
            InstrumentFile.SUSPENDED: _read_suspended,
        }[file]
        try:
            rows, content, trusted, rejected = read(answer.body, url, day)
        except MasterError as error:
            raise FileError(str(error)) from error
        if kept is not None and file is not InstrumentFile.SUSPENDED and rows * _SHRINK < kept.rows:
            raise FileError(f"{url}: expected about {kept.rows} rows as before, got {rows}: cut short")
        return _Kept(
            format=_FORMAT,
            url=self._base,
            etag=answer.headers.get("etag", ""),
            rows=rows,
            trusted=trusted,
            rejected=rejected,
            content=msgspec.Raw(content),
        )

    def _read_master(
        self, body: bytes, url: str, day: date | None
    ) -> tuple[int, bytes, bool, tuple[str, ...]]:
        listings = read_listings(body, url)
        counts = Counter(listing.key.partition("|")[0] for listing in listings.rows)
        for segment, least in self._least.items():
            if counts[segment] < least:
                raise FileError(f"{url}: expected at least {least} rows of {segment}, got {counts[segment]}")
        if len(listings.rejected) > len(listings.rows):
            raise FileError(
                f"{url}: expected readable rows, got {len(listings.rejected)} that are not; "
                f"first: {listings.rejected[0]}"
            )
        if day is not None:
            _check_dates(listings.rows, day, url)
        content = msgspec.msgpack.encode(listings.rows)
        rejected = listings.rejected[:_MOST_REASONS]
        return len(listings.rows), content, listings.auction_flags_trusted, rejected

    def _read(self, file: InstrumentFile) -> _Kept | None:
        """Return a stored file; None for none, a broken one, another format or another broker's."""
        try:
            kept = msgspec.msgpack.decode(read_plain(self.path(file), _LONGEST_KEPT), type=_Kept)
        except (OSError, ValueError):
            return None
        return kept if kept.format == _FORMAT and kept.url == self._base else None

    def _write(self, file: InstrumentFile, fresh: _Kept, now: Instant) -> None:
        path = self.path(file)
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            with os.fdopen(plain_descriptor(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as stream:
                stream.write(msgspec.msgpack.encode(fresh))
            os.utime(beside, ns=(now * 1_000, now * 1_000))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _confirm(self, file: InstrumentFile, now: Instant) -> None:
        os.utime(self.path(file), ns=(now * 1_000, now * 1_000))

    def _confirmed(self, file: InstrumentFile) -> Instant | None:
        try:
            return self.path(file).stat().st_mtime_ns // 1_000
        except OSError:
            return None

    def _found(self, file: InstrumentFile, kept: _Kept | None, now: Instant) -> FileState:
        if kept is None:
            return FileState(file, Freshness.ABSENT, 0, None, f"{self.path(file)}: no usable copy")
        confirmed = self._confirmed(file)
        return FileState(file, Freshness.KEPT, kept.rows, confirmed, stale_reason(file, confirmed, now))


def _fetch(
    base: str, file: InstrumentFile, fetcher: Fetcher, headers: Mapping[str, str], read_seconds: float
) -> tuple[str, HttpAnswer]:
    url = f"{base}/{file.value}.json.gz"
    answer = fetcher.request("GET", url, headers=headers, read_seconds=read_seconds)
    if answer.status == 404 and file is InstrumentFile.MASTER:
        # The same rows and more, under another tag.
        url = f"{base}/complete.json.gz"
        answer = fetcher.request("GET", url, headers=headers, read_seconds=read_seconds)
    return url, answer


def _check_dates(listings: tuple[Listing, ...], day: date, url: str) -> None:
    expiries = {listing.expiry_ordinal for listing in listings if listing.expiry_ordinal}
    if not expiries:
        return
    oldest, newest = date.fromordinal(min(expiries)), date.fromordinal(max(expiries))
    if newest < day or oldest < day - _OLDEST_EXPIRY:
        raise FileError(f"{url}: expected the contracts of {day}, got expiries from {oldest} to {newest}")


def _read_intraday(body: bytes, url: str, _day: date | None) -> tuple[int, bytes, bool, tuple[str, ...]]:
    rows = _key_rows(body, url)
    names = {
        row.instrument_key: Intraday(row.intraday_leverage or 0.0, row.intraday_margin or 0.0) for row in rows
    }
    if not names:
        raise FileError(f"{url}: expected at least one name that may be traded intraday, got none")
    return len(names), msgspec.msgpack.encode(names), True, ()


def _read_suspended(body: bytes, url: str, _day: date | None) -> tuple[int, bytes, bool, tuple[str, ...]]:
    keys = sorted({row.instrument_key for row in _key_rows(body, url)})
    return len(keys), msgspec.msgpack.encode(keys), True, ()


def _key_rows(body: bytes, url: str) -> list[_IntradayRow]:
    decoder = msgspec.json.Decoder(_IntradayRow, strict=False)
    rows = []
    for raw in unpack_rows(body, url):
        try:
            row = decoder.decode(raw)
        except msgspec.ValidationError:
            continue
        if row.instrument_key.startswith("NSE_"):
            rows.append(row)
    return rows


def _content(kept: _Kept | None, kind: type[_Kind]) -> _Kind | None:
    if kept is None:
        return None
    try:
        return msgspec.msgpack.decode(kept.content, type=kind)
    except msgspec.DecodeError:
        return None
