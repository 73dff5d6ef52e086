import gzip
import json
import math
from datetime import date, time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.feeds.wire.decoding import PacketDecoder
from engine.instruments.master import (
    MasterError,
    infer_instrument,
    load_instruments,
    read_listings,
    read_master,
)
from engine.market.clock import MILLISECOND, instant_at
from engine.market.instrument import InstrumentClass, Provenance
from tests.recordings import DAY, made_packets

EXPIRY = instant_at(date(2025, 12, 30), time(23, 59, 59)) // MILLISECOND


def stock(number: int, **fields: object) -> dict[str, Any]:
    return {
        "segment": "NSE_EQ",
        "name": f"COMPANY {number}",
        "exchange": "NSE",
        "instrument_type": "EQ",
        "instrument_key": f"NSE_EQ|INE{number:06}01011",
        "exchange_token": str(number),
        "trading_symbol": f"STOCK{number}",
        "tick_size": 10.0,
        "lot_size": 1,
        "freeze_quantity": 100000.0,
        **fields,
    }


def derivative(number: int, underlying: str, **fields: object) -> dict[str, Any]:
    return {
        "segment": "NSE_FO",
        "exchange": "NSE",
        "instrument_type": "FUT",
        "instrument_key": f"NSE_FO|{number}",
        "exchange_token": str(number),
        "trading_symbol": f"CONTRACT {number}",
        "tick_size": 5.0,
        "lot_size": 35,
        "freeze_quantity": 600.0,
        "expiry": EXPIRY,
        "underlying_key": underlying,
        "underlying_type": "EQUITY",
        **fields,
    }


def written(path: Path, rows: object, *, packed: bool = True) -> Path:
    text = json.dumps(rows).encode()
    target = path / ("NSE.json.gz" if packed else "NSE.json")
    target.write_bytes(gzip.compress(text) if packed else text)
    return target


def full_file(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    flagged = [stock(number, cas_eligible=True) for number in range(200)]
    futures = [derivative(number, flagged[number]["instrument_key"]) for number in range(200)]
    return [*flagged, *futures, *extra]


@pytest.mark.parametrize("packed", [True, False])
def test_instruments_are_read_packed_and_plain(tmp_path: Path, packed: bool) -> None:
    rows = [stock(1), derivative(2, "NSE_INDEX|Nifty Bank", underlying_type="INDEX", instrument_type="CE")]
    instruments = load_instruments(written(tmp_path, rows, packed=packed))
    option = instruments["NSE_FO|2"]
    assert (option.kind, option.tick, option.lot, option.freeze_quantity) == (
        InstrumentClass.OPTION,
        5,
        35,
        600,
    )
    assert (option.expiry, option.underlying, option.symbol) == (
        date(2025, 12, 30),
        "NSE_INDEX|Nifty Bank",
        "CONTRACT 2",
    )
    assert option.provenance is Provenance.MASTER
    assert instruments["NSE_EQ|INE00000101011"].tick == 10


def test_futures_are_told_apart_by_their_underlying(tmp_path: Path) -> None:
    rows = [
        derivative(1, "NSE_EQ|INE1"),
        derivative(2, "NSE_INDEX|Nifty 50", underlying_type="INDEX"),
        derivative(3, "NSE_INDEX|Nifty 50", underlying_type=None),
    ]
    kinds = [instrument.kind for instrument in load_instruments(written(tmp_path, rows)).values()]
    assert kinds == [
        InstrumentClass.STOCK_FUTURE,
        InstrumentClass.INDEX_FUTURE,
        InstrumentClass.INDEX_FUTURE,
    ]


def test_a_stock_without_the_auction_flag_is_plain_only_in_a_complete_file(tmp_path: Path) -> None:
    plain = stock(999)
    key = plain["instrument_key"]
    complete = read_master(written(tmp_path, full_file(plain)))
    assert complete.auction_flags_trusted
    assert complete.instruments[key].kind is InstrumentClass.STOCK
    assert complete.instruments["NSE_EQ|INE00000001011"].kind is InstrumentClass.AUCTION_STOCK
    few = read_master(written(tmp_path, full_file(plain)[100:]))
    assert not few.auction_flags_trusted
    assert few.instruments[key].kind is InstrumentClass.AUCTION_STOCK


def test_flags_that_disagree_with_the_listed_derivatives_are_not_trusted(tmp_path: Path) -> None:
    rows = full_file(stock(999), stock(998, cas_eligible=True))
    master = read_master(written(tmp_path, rows))
    assert not master.auction_flags_trusted
    assert master.instruments["NSE_EQ|INE00099901011"].kind is InstrumentClass.AUCTION_STOCK


def test_an_unflagged_stock_with_a_live_contract_counts_as_an_auction_stock(tmp_path: Path) -> None:
    plain = stock(999)
    rows = full_file(plain, derivative(999, plain["instrument_key"]))
    master = read_master(written(tmp_path, rows))
    assert master.auction_flags_trusted
    assert master.instruments[plain["instrument_key"]].kind is InstrumentClass.AUCTION_STOCK


def test_an_index_needs_neither_tick_nor_lot(tmp_path: Path) -> None:
    row = {
        "segment": "NSE_INDEX",
        "instrument_key": "NSE_INDEX|Nifty 50",
        "trading_symbol": "NIFTY",
        "instrument_type": "INDEX",
    }
    index = load_instruments(written(tmp_path, [row]))["NSE_INDEX|Nifty 50"]
    assert (index.kind, index.tradable, index.symbol) == (InstrumentClass.INDEX, False, "NIFTY")


def test_other_segments_are_left_out_and_bad_rows_are_named(tmp_path: Path) -> None:
    rows: list[Any] = [
        stock(1),
        stock(2, tick_size=0.05),
        stock(3, tick_size=None),
        stock(4, lot_size="many"),
        stock(5, tick_size=1e12),
        derivative(6, "", instrument_type="XX"),
        {**stock(7), "segment": "BSE_EQ"},
        {**stock(8), "instrument_key": ""},
        None,
        17,
    ]
    master = read_master(written(tmp_path, rows))
    assert set(master.instruments) == {"NSE_EQ|INE00000101011", "NSE_EQ|INE00000401011"}
    text = "\n".join(master.rejected)
    assert len(master.rejected) == 5
    assert "INE00000201011: expected tick_size in whole paise, at least 1, got 0.05" in text
    assert "FUT, CE or PE, got 'XX'" in text
    assert "(no key)" in text


@pytest.mark.parametrize(
    "expiry",
    [None, "absent", "2025-12-15", "", 0, -1, math.nan, math.inf, 1e300, 1_767_119_399, True, [], {}],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["FUT", "CE", "PE"])
def test_a_derivative_whose_expiry_cannot_be_read_is_refused_by_name(
    tmp_path: Path, kind: str, expiry: object
) -> None:
    odd = derivative(7, "NSE_EQ|INE00000101011", instrument_type=kind, expiry=expiry)
    if expiry == "absent":
        del odd["expiry"]
    master = read_master(written(tmp_path, [stock(1), odd, derivative(8, "NSE_EQ|INE00000101011")]))
    assert set(master.instruments) == {"NSE_EQ|INE00000101011", "NSE_FO|8"}
    (named,) = master.rejected
    assert named.startswith("NSE_FO|7: expected expiry in epoch milliseconds")


def test_numbers_that_no_contract_has_cost_their_own_row_only() -> None:
    rows = [
        stock(1),
        stock(2, lot_size=1e300),
        stock(3, freeze_quantity=1e300),
        stock(4, tick_size=math.nan),
        derivative(5, "NSE_EQ|INE00000101011", strike_price=1e300),
    ]
    listings = read_listings(json.dumps(rows).encode(), "made")
    assert [row.key for row in listings.rows] == ["NSE_EQ|INE00000101011", "NSE_FO|5"]
    assert len(listings.rejected) == 3
    assert msgspec.msgpack.encode(listings.rows)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "NSE.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([stock(1)]).encode())
    assert set(read_master(path).instruments) == {"NSE_EQ|INE00000101011"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "JSON array"),
        (b"[" * 100_000, "JSON array"),
        (b"{}", "JSON array"),
        (b"[]", "got none that can be used"),
        (b"\x1f\x8bnot really", "readable"),
        (gzip.compress(b"[{}]", mtime=0)[:-9], "readable"),
    ],
)
def test_an_unusable_file_is_refused_with_a_clear_sentence(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "NSE.json.gz"
    path.write_bytes(content)
    with pytest.raises(MasterError, match=expected) as caught:
        load_instruments(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused_with_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(MasterError, match="readable instrument file"):
        load_instruments(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("key", "greeks", "kind", "tick", "lot"),
    [
        ("NSE_EQ|INE000A01001", False, InstrumentClass.AUCTION_STOCK, 5, 1),
        ("NSE_FO|51460", True, InstrumentClass.OPTION, 5, 35),
        ("NSE_FO|51460", False, InstrumentClass.STOCK_FUTURE, 5, 35),
        ("NSE_INDEX|Nifty 50", False, InstrumentClass.INDEX, 1, 1),
    ],
)
def test_an_instrument_is_read_off_its_own_packets_and_says_so(
    key: str, greeks: bool, kind: InstrumentClass, tick: int, lot: int
) -> None:
    packets = made_packets(key, seed=2, count=300, lot=35, tick=0.05, price=500)
    reader = PacketDecoder()
    updates = [reader.update_from_recorded(packet) for packet in packets]
    instrument = infer_instrument(key, updates, DAY, has_greeks=greeks)
    assert (instrument.kind, instrument.tick, instrument.lot) == (kind, tick, lot)
    assert instrument.provenance is Provenance.INFERRED
    assert instrument.symbol == key.partition("|")[2]


def test_prices_finer_than_the_table_lower_the_inferred_tick() -> None:
    packets = made_packets("NSE_EQ|INE000A01001", seed=2, count=50, tick=0.05, price=1_200)
    reader = PacketDecoder()
    updates = [reader.update_from_recorded(packet) for packet in packets]
    assert infer_instrument("NSE_EQ|INE000A01001", updates, DAY).tick == 5


@pytest.mark.parametrize("key", ["BSE_EQ|1", "NSE_EQ", "NSE_EQ|", "RELIANCE"])
def test_a_key_of_no_known_segment_is_refused(key: str) -> None:
    with pytest.raises(MasterError, match="NSE_EQ"):
        infer_instrument(key, [], DAY)
