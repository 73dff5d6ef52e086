"""Market data of the fake broker by REST: candles, quotes, calendar, instrument files."""

import gzip
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from engine.market.clock import IST, datetime_of, instant_at
from tests.fake.desk import Desk, desk_at
from tests.fake_upstox.shapes import Json
from tests.recordings import EQ_A, OPT_A, made_packets, write_recording

KEY = EQ_A.replace("|", "%7C")
CANDLES = f"/v3/historical-candle/{KEY}"
FILES = "/market-quote/instruments/exchange"


def candles(desk: Desk, rest: str) -> list[list[Json]]:
    return list(desk.get(f"{CANDLES}/{rest}").data["candles"])


def test_daily_candles_end_at_the_previous_close_and_newest_comes_first(desk: Desk) -> None:
    rows = candles(desk, "days/1/2025-12-15/2025-12-01")
    quote = desk.get("/v3/market-quote/ltp", instrument_key=EQ_A).data["NSE_EQ:MAXHEALTH"]
    assert rows[0][0] == "2025-12-12T00:00:00+05:30"
    assert rows[0][4] == quote["cp"]
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


def test_a_days_minutes_make_its_daily_candle(desk: Desk) -> None:
    (day,) = candles(desk, "days/1/2025-12-12/2025-12-12")
    minutes = candles(desk, "minutes/1/2025-12-12/2025-12-12")[::-1]
    assert len(minutes) == 375
    assert day[1:6] == [
        minutes[0][1],
        max(row[2] for row in minutes),
        min(row[3] for row in minutes),
        minutes[-1][4],
        sum(row[5] for row in minutes),
    ]


def test_longer_candles_are_made_of_shorter_ones(desk: Desk) -> None:
    minutes = candles(desk, "minutes/1/2025-12-12/2025-12-12")[::-1]
    quarters = candles(desk, "minutes/15/2025-12-12/2025-12-12")[::-1]
    assert len(quarters) == 25
    assert quarters[0][5] == sum(row[5] for row in minutes[:15])
    hours = candles(desk, "hours/1/2025-12-12/2025-12-12")[::-1]
    assert [str(row[0])[11:16] for row in hours[:2]] == ["09:15", "10:15"]


def test_todays_minutes_are_finished_ones_only(desk: Desk) -> None:
    desk.step(400)
    now = datetime.fromisoformat(desk.fake.control("GET", "clock")["now"])
    rows = [datetime.fromisoformat(str(row[0])) for row in candles(desk, "minutes/1/2025-12-15")]
    assert all(row.date() < date(2025, 12, 15) for row in rows)
    today = desk.get(f"/v3/historical-candle/intraday/{KEY}/minutes/1").data["candles"]
    starts = [datetime.fromisoformat(row[0]) for row in today]
    assert starts[-1].strftime("%H:%M") == "09:15"
    assert now - timedelta(minutes=3) < starts[0] <= now - timedelta(minutes=1)
    assert sum(row[5] for row in today) > 0


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("years/1/2025-12-12", "UDAPI100042"),
        ("minutes/301/2025-12-12", "UDAPI100043"),
        ("minutes/1/2025-12-12/2025-10-01", "UDAPI1148"),
        ("minutes/1/2025-12-01/2025-12-12", "UDAPI1146"),
        ("minutes/1/12-12-2025", "UDAPI1147"),
    ],
)
def test_wrong_candle_requests_have_the_brokers_codes(desk: Desk, rest: str, code: str) -> None:
    assert desk.get(f"{CANDLES}/{rest}").code == code


def test_full_quotes_tell_book_limits_and_both_names(desk: Desk) -> None:
    row = desk.get("/v3/market-quote/quotes", instrument_key=EQ_A).data["NSE_EQ:MAXHEALTH"]
    assert row["instrument_token"] == EQ_A
    assert row["lower_circuit_limit"] < row["last_price"] < row["upper_circuit_limit"]
    assert len(row["depth"]["buy"]) == len(row["depth"]["sell"]) == 5
    assert row["depth"]["buy"][0]["price"] < row["depth"]["sell"][0]["price"]


def test_quotes_come_for_many_keys_up_to_a_number(desk: Desk) -> None:
    keys = f"{EQ_A},{OPT_A}"
    assert len(desk.get("/v3/market-quote/ltp", instrument_key=keys).data) == 2
    assert desk.get("/v3/market-quote/ltp", instrument_key=",".join([EQ_A] * 501)).code == "UDAPI1028"
    assert desk.get("/v3/market-quote/option-greek", instrument_key=",".join([OPT_A] * 51)).status == 400
    assert desk.get("/v3/market-quote/ohlc", instrument_key=EQ_A, interval="7d").code == "UDAPI1027"


def test_the_second_version_of_quotes_takes_symbols(desk: Desk) -> None:
    assert desk.get("/v2/market-quote/ltp", symbol=EQ_A).data["NSE_EQ:MAXHEALTH"]["last_price"] == 1_000.0
    day = desk.get(f"/v2/historical-candle/{KEY}/day/2025-12-12/2025-12-12").data["candles"]
    assert day == candles(desk, "days/1/2025-12-12/2025-12-12")


def test_status_follows_the_clock_and_a_halt(desk: Desk) -> None:
    path = "/v2/market/status/NSE"
    assert desk.get(path).data["status"] == "NORMAL_OPEN"
    desk.state(halted=["NSE_EQ"])
    assert desk.get(path).data["status"] == "NORMAL_CLOSE"
    desk.state(halted=[])
    desk.go_to("15:31:00")
    assert desk.get(path).data["status"] == "NORMAL_CLOSE"
    desk.go_to("15:41:00")
    assert desk.get(path).data["status"] == "CLOSING_START"


def test_the_auctions_status_is_told_on_its_days(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, day=date(2026, 11, 20)) as desk:
        desk.go_to("15:26:00")
        data = desk.get("/v2/market/status/NSE").data
    assert (data["status"], data["cas_eligible_status"]["status"]) == ("NORMAL_OPEN", "CAS_M_STOP")


@pytest.mark.parametrize(
    ("clock", "status"),
    [("09:01:00", "PRE_OPEN_START"), ("09:06:00", "PRE_OPEN_M_END"), ("09:11:00", "PRE_OPEN_END")],
)
def test_the_pre_open_session_is_told_in_its_steps(tmp_path: Path, clock: str, status: str) -> None:
    early = made_packets(EQ_A, count=2, start=instant_at(date(2025, 12, 15), time(8, 59)))
    with desk_at((write_recording(tmp_path / "early.json.gz", early),), day=date(2026, 11, 20)) as desk:
        desk.go_to(clock)
        assert desk.get("/v2/market/status/NSE").data["status"] == status


@pytest.mark.parametrize(
    ("day", "close"), [("2025-12-15", "15:30"), ("2026-11-20", "15:30"), ("2025-12-25", None)]
)
def test_timings_are_those_of_the_day(desk: Desk, day: str, close: str | None) -> None:
    rows = {row["exchange"]: row for row in desk.get(f"/v2/market/timings/{day}").data}
    assert bool(rows) == (close is not None)
    if close is not None:
        assert f"{datetime_of(rows['NSE']['end_time'] * 1_000):%H:%M}" == close
    if day == "2026-11-20":
        assert f"{datetime_of(rows['NFO']['end_time'] * 1_000):%H:%M}" == "15:40"


def test_holidays_are_those_of_the_year_and_may_be_added_to(desk: Desk) -> None:
    rows = desk.get("/v2/market/holidays").data
    assert "2025-12-25" in {row["date"] for row in rows}
    assert {row["date"][:4] for row in rows} == {"2025"}
    assert {row["holiday_type"] for row in rows} <= {"TRADING_HOLIDAY", "SPECIAL_TIMING"}
    assert desk.get("/v2/market/holidays/2025-12-16").data == []


def test_the_master_knows_what_is_played_in_the_brokers_units(desk: Desk) -> None:
    rows = {row["instrument_key"]: row for row in desk.file("NSE.json.gz")}
    assert rows[EQ_A]["tick_size"] == 10.0
    assert rows[EQ_A]["cas_eligible"] is True
    option = rows[OPT_A]
    assert (option["lot_size"], option["freeze_quantity"]) == (35, 600.0)
    expiry = datetime.fromtimestamp(option["expiry"] / 1_000, IST)
    assert expiry == datetime(2025, 12, 30, 23, 59, 59, tzinfo=IST)
    assert all(row.get("cas_eligible") in (None, True) for row in rows.values())


def test_every_expiry_of_the_master_lies_ahead_on_a_trading_day(tape: tuple[Path, ...]) -> None:
    for day in (date(2025, 12, 15), date(2026, 11, 20)):
        with desk_at(tape, day=day) as desk:
            rows = [row for row in desk.file("NSE.json.gz") if "expiry" in row]
        dates = {datetime.fromtimestamp(row["expiry"] / 1_000, IST).date() for row in rows}
        assert min(dates) >= day
        assert date(2026, 11, 24) not in dates
        assert {found.weekday() for found in dates} <= {0, 1}


def test_the_intraday_list_holds_eligible_stocks_with_their_leverage(desk: Desk) -> None:
    rows = desk.file("NSE_MIS.json.gz")
    names = {row["trading_symbol"] for row in rows}
    assert {"MAXHEALTH", "RELIANCE"} <= names
    assert "PLAIN06" not in names
    assert {row["intraday_leverage"] for row in rows} == {5.0}


def test_files_are_served_without_a_token_and_not_again_to_whom_has_them(desk: Desk) -> None:
    path = f"{FILES}/NSE.json.gz"
    first = desk.call("GET", path, signed=False)
    assert first.headers["Content-Type"] == "application/gzip"
    tag = {"If-None-Match": first.headers["ETag"]}
    assert desk.call("GET", path, signed=False, headers=tag).status == 304
    desk.state(master={"rows": {EQ_A: {"tick_size": 5.0}}, "removed": [OPT_A]})
    again = desk.call("GET", path, signed=False, headers=tag)
    assert again.status == 200
    assert OPT_A not in {row["instrument_key"] for row in desk.file("NSE.json.gz")}
    assert desk.call("GET", f"{FILES}/NOBODY.json.gz", signed=False).status == 404


def test_a_file_may_be_cut(desk: Desk) -> None:
    desk.state(master={"cut": "NSE.json.gz"})
    body = desk.call("GET", f"{FILES}/NSE.json.gz", signed=False).body
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(body)


def test_search_finds_by_words_thirty_a_page(desk: Desk) -> None:
    found = desk.get("/v2/instruments/search", query="nifty ce", segments="NSE_FO")
    assert len(found.data) == 30
    assert found.json["metadata"]["page"]["total_records"] > 30
    assert desk.get("/v2/instruments/search", query="maxhealth").data[0]["trading_symbol"] == "MAXHEALTH"


def test_an_unknown_call_is_not_found_and_logged(desk: Desk) -> None:
    assert (desk.get("/v9/nothing").status, desk.get("/v9/nothing").code) == (404, "UDAPI100060")
    assert [entry["call"] for entry in desk.fake.calls()][-1] == "unknown"
