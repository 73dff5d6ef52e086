"""The fake broker as a process and as a day: its line, its clock, its scenarios."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.market.clock import IST, SECOND, datetime_of, instant_at
from tests.fake.desk import PATIENCE, Desk, desk_at, frame, subscribe, until
from tests.fake_upstox import FakeSettings, running_fake
from tests.fake_upstox.clock import FASTEST, ExchangeClock, speed_of
from tests.fake_upstox.scenarios import SCENARIOS
from tests.fake_upstox.shapes import Json
from tests.recordings import DAY, EQ_A, EQ_B, made_packets, write_recording

_ROOT = Path(__file__).resolve().parents[2]
_PATIENT = 120.0
"""Seconds for a process to come up and end on a machine whose other users need it, too."""


@contextmanager
def _process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Json]]]:
    command = [sys.executable, "-m", "tests.fake_upstox", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_it_prints_one_line_of_json_and_ends_on_a_signal(tape: tuple[Path, ...]) -> None:
    with _process("--recording", *map(str, tape), "--speed", "10", "--scenario", "wrong-ip") as (
        process,
        told,
    ):
        assert set(told) == {"api_url", "order_url", "assets_url", "control_url", "access_token", "pid"}
        assert told["pid"] == process.pid
        with urlopen(f"{told['control_url']}/state", timeout=PATIENCE) as answer:
            state = json.load(answer)
        assert (state["speed"], state["caller_ip"]) == (10.0, "198.51.100.7")
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, errors) == (0, "", "")


def test_with_its_parent_it_ends_when_standard_input_does(tape: tuple[Path, ...]) -> None:
    with _process("--recording", str(tape[0]), "--speed", "max", "--with-parent") as (process, _):
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_recorded_day_is_served_on_its_own_date(desk: Desk) -> None:
    state = desk.fake.control("GET", "state")
    assert state["day"] == DAY.isoformat()
    assert state["now"].startswith("2025-12-15T09:32:")


def test_a_day_can_be_moved_to_another_date_with_all_its_times(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, day=date(2026, 11, 20)) as desk, desk.market() as socket:
        assert datetime_of(frame(socket).currentTs * 1_000).date() == date(2026, 11, 20)
        subscribe(socket, EQ_A)
        market = frame(socket).feeds[EQ_A].fullFeed.marketFF
        assert datetime_of(market.ltpc.ltt * 1_000).date() == date(2026, 11, 20)
        assert {datetime_of(bar.ts * 1_000).date() for bar in market.marketOHLC.ohlc} == {date(2026, 11, 20)}


def test_a_day_can_be_served_as_if_it_began_now(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, wall=True, speed=1.0) as desk:
        now = datetime.fromisoformat(desk.fake.control("GET", "clock")["now"])
    assert abs((datetime.now(IST) - now).total_seconds()) < 10


def test_a_day_can_begin_in_its_middle_and_knows_what_came_before(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, start=time(9, 35)) as desk:
        (quote,) = desk.get("/v3/market-quote/ltp", instrument_key=EQ_A).data.values()
        assert quote["volume"] > 100_000
        assert desk.fake.control("GET", "clock")["now"].startswith("2025-12-15T09:35:00")


def test_short_steps_are_heard_on_the_stream_and_long_jumps_are_not(desk: Desk) -> None:
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A)
        frame(socket)
        desk.step(30)
        heard = [frame(socket) for _ in range(10)]
        assert all(EQ_A in told.feeds for told in heard)
    with desk.market() as socket:
        frame(socket)
        subscribe(socket, EQ_A)
        frame(socket)
        desk.step(180)
        desk.price(1_234.0)
        assert frame(socket).feeds[EQ_A].fullFeed.marketFF.ltpc.ltp == 1_234.0


def test_time_never_goes_back(desk: Desk) -> None:
    with pytest.raises(ValueError, match="ahead of the exchange's"):
        desk.go_to("09:00:00")


def test_a_skewed_clock_is_told_and_changes_nothing_else(desk: Desk) -> None:
    desk.fake.control("POST", "clock", {"skew_seconds": 90})
    now = datetime.fromisoformat(desk.fake.control("GET", "clock")["now"])
    told = parsedate_to_datetime(desk.get("/v2/user/profile").headers["Date"])
    assert 88 < (told - now).total_seconds() < 91
    with desk.market() as socket:
        assert 89 < frame(socket).currentTs / 1_000 - now.timestamp() < 91
    assert desk.order(desk.place())["order_timestamp"] == now.strftime("%Y-%m-%d %H:%M:%S")


def test_the_fastest_tape_waits_until_somebody_listens(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, speed=FASTEST) as desk:
        before = desk.fake.control("GET", "state")
        assert (before["speed"], before["tape_ended"]) == ("max", False)
        with desk.market() as socket:
            frame(socket)
            subscribe(socket, EQ_A)
            until(lambda: bool(desk.fake.control("GET", "state")["tape_ended"]))


def test_the_fastest_tape_is_not_moved_by_who_only_looks_in(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, speed=FASTEST, settle=0.4) as desk:
        before = desk.fake.control("GET", "clock")["now"]
        with desk.market() as socket:
            frame(socket)
            subscribe(socket, EQ_A)
            frame(socket)
        assert desk.fake.control("GET", "clock")["now"] == before
        with desk.market() as socket:
            frame(socket)
            subscribe(socket, EQ_A)
            until(lambda: bool(desk.fake.control("GET", "state")["tape_ended"]))


def test_the_speed_can_be_changed_under_way(desk: Desk) -> None:
    desk.fake.control("POST", "clock", {"speed": 200})
    before = desk.fake.control("GET", "clock")["now"]
    until(lambda: desk.fake.control("GET", "clock")["now"] > before)
    stopped = desk.fake.control("POST", "clock", {"speed": 0})["now"]
    assert desk.fake.control("GET", "clock")["now"] == stopped


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("0.5", 0.5), ("max", FASTEST)])
def test_speeds_are_numbers_or_max(text: str, speed: float) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="expected a speed"):
        ExchangeClock(0, speed)


def test_exchange_time_follows_the_monotonic_clock_at_its_speed() -> None:
    seconds = [0.0]
    clock = ExchangeClock(instant_at(DAY, time(10, 0)), 10.0, lambda: seconds[0])
    seconds[0] = 2.0
    assert clock.now() - instant_at(DAY, time(10, 0)) == 20 * SECOND
    clock.set_speed(0)
    seconds[0] = 50.0
    assert clock.now() - instant_at(DAY, time(10, 0)) == 20 * SECOND


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_starts(tape: tuple[Path, ...], name: str) -> None:
    with desk_at(tape, scenario=name) as desk:
        assert desk.fake.control("GET", "state")["day"] == DAY.isoformat()


def test_without_a_recording_the_simulators_day_is_played(tape: tuple[Path, ...]) -> None:
    assert tape
    with running_fake(FakeSettings(speed=0, instruments=12)) as fake:
        desk = Desk(fake)
        desk.step(900)
        desk.step(120)
        keys = [row["instrument_key"] for row in desk.file("NSE.json.gz") if row["segment"] != "NSE_INDEX"]
        found = [
            quote
            for place in range(0, len(keys), 400)
            for quote in desk.get(
                "/v3/market-quote/ltp", instrument_key=",".join(keys[place : place + 400])
            ).data.values()
        ]
        assert sum(1 for quote in found if quote["volume"]) == 12


def test_instruments_that_no_master_knows_are_listed_as_they_were_recorded(tmp_path: Path) -> None:
    option, stock = "NSE_FO|99901", "NSE_EQ|INE000Q01010"
    tape = tuple(
        write_recording(
            tmp_path / f"{number}.json.gz", made_packets(key, count=80, price=price, tick=0.05, lot=lot)
        )
        for number, (key, price, lot) in enumerate(((option, 300.0, 75), (stock, 120.0, 1)))
    )
    with desk_at(tape) as desk:
        rows = {row["instrument_key"]: row for row in desk.file("NSE.json.gz")}
    assert (rows[option]["instrument_type"], rows[option]["lot_size"]) == ("CE", 75)
    assert rows[option]["expiry"] / 1_000 > datetime(2025, 12, 16, tzinfo=IST).timestamp()
    assert rows[stock]["instrument_type"] == "EQ"


def test_both_recorded_stocks_are_known_to_the_master(desk: Desk) -> None:
    keys = {row["instrument_key"] for row in desk.file("NSE.json.gz")}
    assert {EQ_A, EQ_B} <= keys


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--recording", "nowhere/*.gz"), "nowhere/*.gz: expected a recording, found none"),
        (("--recording", "README.md"), "README.md"),
        (("--script", "no such day"), "no such day"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(words: tuple[str, ...], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fake_upstox", "--port", "0", *words],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with _process() as (_, told):
        port = told["api_url"].rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "tests.fake_upstox", "--port", port],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENT,
            check=False,
        )
    assert done.returncode == 2
    assert f"--port {port}: expected a free port" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_recipe_in_contributing_leads_to_a_day_that_can_be_traded(tmp_path: Path) -> None:
    recipe = (_ROOT / "CONTRIBUTING.md").read_text("utf-8")
    line = next(row for row in recipe.splitlines() if "-m tests.fake_upstox" in row)
    settings = re.findall(r"--set (\S+)", recipe)
    assert line.endswith("--port 8765"), "it must need nothing but the repository"
    assert settings
    with _process() as (_, told):
        words = [word for one in settings for word in ("--set", one.replace("$URL", str(told["api_url"])))]
        done = subprocess.run(
            [sys.executable, "-m", "cockpit", "--home", str(tmp_path / "drill"), *words, "preflight"],
            cwd=_ROOT,
            env={**os.environ, "COCKPIT_UPSTOX__ACCESS_TOKEN": str(told["access_token"])},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENT,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
