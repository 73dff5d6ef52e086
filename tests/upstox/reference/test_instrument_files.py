"""Instrument files over a real connection: fetched once, confirmed cheaply, never replaced by a worse one."""

import gzip
import stat
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.instruments.listing import Intraday
from engine.market.clock import MINUTE, instant_at
from engine.upstox.reference.file_state import FileError, Freshness, InstrumentFile, stale_reason
from engine.upstox.reference.instrument_files import InstrumentFiles, Shelf
from engine.upstox.rest.transport import Transport
from tests.instruments.listings import DAY, INFY, PLAIN, RELIANCE, master_rows
from tests.upstox.reference.shop import Shop, open_shop

NOW = instant_at(DAY, time(9, 0))


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as place:
        place.offer("NSE", master_rows())
        place.offer("NSE_MIS", [intraday(INFY), intraday(RELIANCE)])
        place.offer("suspended-instrument", [{"instrument_key": PLAIN, "freeze_quantity": 999999999}])
        yield place


@pytest.fixture
def transport() -> Iterator[Transport]:
    line = Transport(2.0, 5.0, loopback_allowed=True)
    yield line
    line.close()


def intraday(key: str) -> dict[str, Any]:
    return {"instrument_key": key, "segment": "NSE_EQ", "intraday_margin": 20.0, "intraday_leverage": 5.0}


def kinds(states: tuple[Any, ...]) -> list[Freshness]:
    return [state.freshness for state in states]


def filled(shop: Shop, transport: Transport, root: Path) -> InstrumentFiles:
    files = InstrumentFiles(root, shop.address)
    assert kinds(files.refresh(transport, NOW, DAY)) == [Freshness.NEW] * 3
    return files


def test_the_files_are_fetched_and_read_from_the_home(
    tmp_path: Path, shop: Shop, transport: Transport
) -> None:
    files = filled(shop, transport, tmp_path)
    shelf = files.load(NOW)
    assert shelf.eligible == {INFY: Intraday(5.0, 20.0), RELIANCE: Intraday(5.0, 20.0)}
    assert shelf.suspended == {PLAIN}
    assert len(shelf.listings) == len(master_rows())
    assert shelf.directory.by_key[INFY].symbol == "INFY"
    assert [state.reason for state in shelf.states] == ["", "", ""]
    mode = stat.S_IMODE(files.path(InstrumentFile.MASTER).stat().st_mode)
    assert mode == 0o600


def test_an_unchanged_file_is_confirmed_without_being_sent_again(
    tmp_path: Path, shop: Shop, transport: Transport
) -> None:
    files = filled(shop, transport, tmp_path)
    later = NOW + 60 * MINUTE
    states = files.refresh(transport, later, DAY)
    assert kinds(states) == [Freshness.UNCHANGED] * 3
    assert [status for _, status in shop.asked] == [200] * 3 + [304] * 3
    assert {state.confirmed for state in states} == {later}
    assert files.load(later).state(InstrumentFile.MASTER).confirmed == later


def test_a_newer_file_replaces_the_older(tmp_path: Path, shop: Shop, transport: Transport) -> None:
    files = filled(shop, transport, tmp_path)
    shop.offer("NSE_MIS", [intraday(INFY), intraday(PLAIN)])
    assert kinds(files.refresh(transport, NOW, DAY))[1] is Freshness.NEW
    assert set(files.load(NOW).eligible or ()) == {INFY, PLAIN}


def cut(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (cut, "bytes, got"),
        (
            lambda _: b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            "expected the file, got a refusal (HTTP 500)",
        ),
        (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "expected a JSON array"),
        (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "got none that can be used"),
        (lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body[:-300], "expected a readable instrument file"),
        (lambda _: b"", "no whole answer"),
    ],
)
def test_a_broken_download_leaves_the_good_copy_and_names_it(
    tmp_path: Path, shop: Shop, transport: Transport, answer: Callable[[bytes], bytes], reason: str
) -> None:
    files = filled(shop, transport, tmp_path)
    before = files.path(InstrumentFile.MASTER).read_bytes()
    shop.broken["NSE.json.gz"] = answer(shop.files["NSE.json.gz"])
    state = files.refresh(transport, NOW, DAY)[0]
    assert (state.freshness, state.rows) == (Freshness.KEPT, len(master_rows()))
    assert reason in state.reason
    assert files.path(InstrumentFile.MASTER).read_bytes() == before
    assert set((tmp_path / "instruments").iterdir()) == {files.path(file) for file in InstrumentFile}


def test_a_file_with_half_the_rows_is_taken_for_cut(tmp_path: Path, shop: Shop, transport: Transport) -> None:
    files = filled(shop, transport, tmp_path)
    shop.offer("NSE", master_rows()[: len(master_rows()) // 3])
    state = files.refresh(transport, NOW, DAY)[0]
    assert state.freshness is Freshness.KEPT
    assert "cut short" in state.reason


@pytest.mark.parametrize("days", [-300, 300])
def test_a_master_of_another_day_is_refused(
    tmp_path: Path, shop: Shop, transport: Transport, days: int
) -> None:
    files = InstrumentFiles(tmp_path, shop.address)
    state = files.refresh(transport, NOW, DAY + timedelta(days=days))[0]
    if days < 0:
        # A file of a later day cannot be told from far contracts alone.
        assert state.freshness is Freshness.NEW
        return
    assert state.freshness is Freshness.ABSENT
    assert "expected the contracts of" in state.reason
    assert files.refresh(transport, NOW, None)[0].freshness is Freshness.NEW


def test_the_real_broker_must_list_every_segment(tmp_path: Path, shop: Shop, transport: Transport) -> None:
    files = InstrumentFiles(tmp_path, shop.address)
    files._least = {"NSE_EQ": 1_000}
    state = files.refresh(transport, NOW, DAY)[0]
    assert state.freshness is Freshness.ABSENT
    assert "expected at least 1000 rows of NSE_EQ, got 6" in state.reason


def test_the_complete_file_stands_in_for_a_missing_one(
    tmp_path: Path, shop: Shop, transport: Transport
) -> None:
    shop.files["complete.json.gz"] = shop.files.pop("NSE.json.gz")
    files = filled(shop, transport, tmp_path)
    assert files.load(NOW).directory.by_key[INFY].symbol == "INFY"
    assert files.refresh(transport, NOW, DAY)[0].freshness is Freshness.UNCHANGED


def test_an_unreachable_broker_leaves_yesterdays_copy_and_calls_it_stale(
    tmp_path: Path, shop: Shop, transport: Transport
) -> None:
    address = shop.address
    files = filled(shop, transport, tmp_path)
    dead = InstrumentFiles(tmp_path, address)
    shop.broken = dict.fromkeys(shop.files, b"")
    tomorrow = NOW + 24 * 60 * MINUTE
    states = dead.refresh(transport, tomorrow, DAY + timedelta(days=1))
    assert kinds(states) == [Freshness.KEPT] * 3
    assert all(state.reason.startswith("STALE: last confirmed 25 Nov 09:00") for state in states)
    shelf = files.load(tomorrow, states)
    assert shelf.eligible
    assert shelf.state(InstrumentFile.INTRADAY).reason == states[1].reason


def test_without_any_master_the_load_says_what_to_do(
    tmp_path: Path, shop: Shop, transport: Transport
) -> None:
    files = InstrumentFiles(tmp_path, shop.address)
    with pytest.raises(FileError, match=r"expected the instrument master .* connect to the network"):
        files.load(NOW)
    del shop.files["NSE_MIS.json.gz"], shop.files["suspended-instrument.json.gz"]
    assert kinds(files.refresh(transport, NOW, DAY)) == [
        Freshness.NEW,
        Freshness.ABSENT,
        Freshness.ABSENT,
    ]
    shelf = files.load(NOW)
    assert (shelf.eligible, shelf.suspended) == (None, frozenset())


def test_a_copy_of_another_broker_is_not_used(tmp_path: Path, shop: Shop, transport: Transport) -> None:
    filled(shop, transport, tmp_path)
    with pytest.raises(FileError):
        InstrumentFiles(tmp_path, "https://assets.upstox.com").load(NOW)


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x97\x02", gzip.compress(b"x", mtime=0)])
def test_a_damaged_copy_counts_as_none(
    tmp_path: Path, shop: Shop, transport: Transport, content: bytes
) -> None:
    files = filled(shop, transport, tmp_path)
    files.path(InstrumentFile.MASTER).write_bytes(content)
    with pytest.raises(FileError):
        files.load(NOW)
    assert files.refresh(transport, NOW, DAY)[0].freshness is Freshness.NEW
    assert isinstance(files.load(NOW), Shelf)


@pytest.mark.parametrize(
    ("file", "confirmed", "now", "stale"),
    [
        (InstrumentFile.MASTER, time(6, 1), time(9, 0), False),
        (InstrumentFile.MASTER, time(5, 59), time(9, 0), True),
        (InstrumentFile.MASTER, time(5, 59), time(5, 59, 30), False),
        (InstrumentFile.INTRADAY, time(8, 30), time(9, 0), True),
        (InstrumentFile.INTRADAY, time(8, 32), time(23, 0), False),
    ],
)
def test_a_copy_is_stale_once_the_broker_has_renewed_it(
    file: InstrumentFile, confirmed: time, now: time, stale: bool
) -> None:
    day = date(2026, 11, 25)
    assert bool(stale_reason(file, instant_at(day, confirmed), instant_at(day, now))) is stale
    assert stale_reason(file, None, instant_at(day, now)).startswith("STALE: last confirmed never")
