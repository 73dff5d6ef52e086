"""Bad input: one or two clear lines, the right exit code, nothing started and nothing lost."""

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.world.directories import Home, World
from tests.operations.outside import REPOSITORY, Outside, clean_environment
from tests.operations.terminal import terminal
from tests.recordings import EQ_A, made_packets, write_recording
from tests.rows import sampled


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made recording of a few minutes."""
    folder = tmp_path_factory.mktemp("short")
    return write_recording(folder / "short.json.gz", made_packets(EQ_A, count=300), indent=None)


def refused(done: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """Check that a command ended with this exit code and at most two clear lines that hold these words."""
    assert done.returncode == code, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    assert not any("Traceback" in line for line in lines)
    for word in words:
        assert word in done.stderr


def test_a_truncated_recording_runs_and_says_so(here: Outside, short: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.json.gz"
    content = short.read_bytes()
    cut.write_bytes(content[: len(content) * 2 // 3])
    done = here.run("replay", cut, "--headless", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert 100 < report["engine"]["updates"] < 300
    [instrument] = report["instruments"].values()
    assert "truncated" in json.dumps(instrument["quality"])
    plainly = here.run("replay", cut, "--headless")
    assert plainly.returncode == 0
    assert "truncated" in plainly.stdout


def plain_json(folder: Path, short: Path) -> Path:
    path = folder / "plain.json.gz"
    path.write_bytes(gzip.decompress(short.read_bytes()))
    return path


def an_empty_file(folder: Path, _short: Path) -> Path:
    path = folder / "empty.json.gz"
    path.touch()
    return path


def gzip_of_nothing(folder: Path, _short: Path) -> Path:
    path = folder / "nothing.json.gz"
    path.write_bytes(gzip.compress(b""))
    return path


def gzip_of_text(folder: Path, _short: Path) -> Path:
    path = folder / "text.json.gz"
    path.write_bytes(gzip.compress(b"Dear diary, today the market was closed.\n"))
    return path


def gzip_magic_only(folder: Path, _short: Path) -> Path:
    path = folder / "magic.json.gz"
    path.write_bytes(b"\x1f\x8b")
    return path


def a_missing_file(folder: Path, _short: Path) -> Path:
    return folder / "missing.json.gz"


def a_directory(folder: Path, _short: Path) -> Path:
    return folder


def a_pipe(folder: Path, _short: Path) -> Path:
    path = folder / "pipe.json.gz"
    os.mkfifo(path)
    return path


UNUSABLE: list[Callable[[Path, Path], Path]] = [
    plain_json,
    an_empty_file,
    gzip_of_nothing,
    gzip_of_text,
    gzip_magic_only,
    a_missing_file,
    a_directory,
    a_pipe,
]


@pytest.mark.parametrize("make", UNUSABLE, ids=[make.__name__ for make in UNUSABLE])
def test_a_file_that_is_no_recording_is_named(
    here: Outside, short: Path, tmp_path: Path, make: Callable[[Path, Path], Path]
) -> None:
    path = make(tmp_path, short)
    refused(here.run("replay", path, "--headless", "--json"), 2, str(path), "expected")
    refused(here.run("replay", short, path, "--headless", "--json"), 2, str(path), "expected")


def test_a_screen_on_a_missing_file_names_it_and_leaves_nothing(here: Outside, tmp_path: Path) -> None:
    with terminal(here, "replay", tmp_path / "missing.json.gz") as screen:
        assert screen.wait_end() == 2
    assert "missing.json.gz: expected a readable file" in screen.text
    assert "Traceback" not in screen.text
    assert not here.home.root.exists()


def test_a_screen_on_a_damaged_file_names_it(here: Outside, tmp_path: Path) -> None:
    path = gzip_of_text(tmp_path, tmp_path)
    with terminal(here, "replay", path, columns=400) as screen:
        assert screen.wait_end() == 2
    assert "text.json.gz" in screen.text
    assert "Traceback" not in screen.text


def test_impossible_prices_are_counted_and_survived(here: Outside, tmp_path: Path) -> None:
    packets: list[Any] = [*made_packets(EQ_A, count=300)]
    prices: tuple[object, ...] = (float("nan"), -1.0, float("inf"), 0.0, 1e300, "12,5", None)
    for number, bad in enumerate(prices):
        feed = packets[50 + number * 20]["fullFeed"]["marketFF"]
        feed["ltpc"]["ltp"] = bad
    for number, worse in enumerate((float("nan"), -5.0, "many")):
        feed = packets[60 + number * 20]["fullFeed"]["marketFF"]
        feed["marketLevel"]["bidAskQuote"][0]["bidP"] = worse
    packets[200] = "no packet"
    packets[210] = {}
    path = write_recording(tmp_path / "bad.json.gz", packets, indent=None)
    done = here.run("replay", path, "--headless", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the report"))
    quality = report["instruments"][EQ_A]["quality"]
    assert quality["rejected"] + report["engine"]["rejected"] >= 8
    assert quality["updates"] >= 285
    assert 900 < report["instruments"][EQ_A]["session"]["low"] < 1_100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("config", "--set", "risk.risk_per_trade=1"), ("risk.risk_per_trade", "did you mean")),
        (("demo", "--set", "risk.risk_per_trade_pct=7"), ("risk.risk_per_trade_pct", "7")),
        (("status", "--set", "nonsense"), ("nonsense",)),
        (("status", "--set", "profile.row=nan"), ("profile.row",)),
        (("flatten", "--set", "session.flat_by=25:00"), ("session.flat_by",)),
    ],
    ids=["unknown", "out of bounds", "no value", "nan", "no such hour"],
)
def test_a_bad_setting_is_named_and_nothing_starts(
    here: Outside, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    refused(here.run(*words), 2, *said)
    assert not here.home.root.exists()


def test_a_bad_setting_in_file_or_environment_is_named_with_its_source(here: Outside) -> None:
    environment = clean_environment(COCKPIT_RISK__MAX_DAILY_LOSS_PCT="lots")
    refused(here.run("config", environment=environment), 2, "COCKPIT_RISK__MAX_DAILY_LOSS_PCT", "lots")
    here.home.root.mkdir()
    (here.home.root / "cockpit.toml").write_text("[risk\nmax = 1\n", "utf-8")
    refused(here.run("config"), 2, "cockpit.toml")
    (here.home.root / "cockpit.toml").write_bytes(b"\xff\xfe[risk]")
    refused(here.run("config"), 2, "cockpit.toml")


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("demo", "--warp", "9"),
        ("replay",),
        ("replay", "x.json.gz", "--start", "25:00"),
        ("replay", "x.json.gz", "--start", "noon"),
        ("replay", "x.json.gz", "--speed", "0"),
        ("replay", "x.json.gz", "--speed", "-1"),
        ("replay", "x.json.gz", "--speed", "fast"),
        ("replay", "x.json.gz", "--json"),
        ("status", "--world", "moon"),
        ("status", "extra"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_no_traceback(here: Outside, words: tuple[str, ...]) -> None:
    done = here.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()[-1]) > 20
    assert not here.home.root.exists()


def test_output_never_overwrites_what_is_not_a_report(here: Outside, short: Path, tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("mine", "utf-8")
    refused(here.run("replay", short, "--headless", "--output", diary), 2, "diary.txt", "left alone")
    assert diary.read_text("utf-8") == "mine"
    refused(here.run("replay", short, "--headless", "--output", short), 2, "short.json.gz")
    assert gzip.decompress(short.read_bytes())
    refused(here.run("replay", short, "--headless", "--output", tmp_path / "no" / "report"), 2, "directory")
    refused(here.run("replay", short, "--headless", "--output", tmp_path), 2, str(tmp_path))
    report = tmp_path / "report.json"
    for _ in range(2):
        assert here.run("replay", short, "--headless", "--output", report).returncode == 0
    assert json.loads(report.read_text("utf-8"))["engine"]["updates"] == 300
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("report")] == ["report.json"]


def test_a_home_of_150_characters_holds_a_whole_run(tmp_path: Path, recordings: tuple[Path, Path]) -> None:
    root = tmp_path / ("h" * max(1, 150 - len(str(tmp_path))))
    assert len(str(root)) >= 150
    place = Outside(root)
    try:
        engine = place.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
        engine.enter(EQ_A)
        closed = place.run("flatten")
        assert (closed.returncode, closed.stdout.startswith("replay: FLAT")) == (0, True), closed
        with terminal(place, "replay", "--start", "10:20", *recordings) as screen:
            screen.wait_text("INE027H01010")
    finally:
        place.end()


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.write_text("not a home", "utf-8")
    place = Outside(root)
    for words in (("status",), ("flatten",), ("config",), ("rearm",)):
        refused(place.run(*words), 2, str(root), "expected a directory")
    refused(Outside(root / "below").run("flatten"), 2, str(root), "expected a directory")
    assert root.read_text("utf-8") == "not a home"


def without_root_rights(argv: list[str]) -> list[str]:
    """Return a command line whose process may open only what its user's permissions allow, also for root."""
    if os.getuid() != 0:
        return argv
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("needs setpriv to test permissions as root")
    return [tool, "--bounding-set", "-dac_override,-dac_read_search", "--", *argv]


@pytest.mark.parametrize("mode", [0o000, 0o500], ids=["unreadable", "read-only"])
@pytest.mark.parametrize(
    "words",
    sampled(
        ["status", "config", "flatten", "rearm", "engine --world demo"],
        lambda words: words not in ("config", "rearm"),
    ),
)
def test_a_home_that_may_not_be_used_is_named(tmp_path: Path, words: str, mode: int) -> None:
    root = tmp_path / "home"
    root.mkdir(mode=0o700)
    if mode == 0o500 and not words.startswith("engine"):
        (root / "demo").mkdir(mode=0o500)
    root.chmod(mode)
    try:
        done = subprocess.run(
            without_root_rights(Outside(root).argv(*words.split())),
            input="REARM\n",
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=clean_environment(PYTHONDONTWRITEBYTECODE="1"),
        )
    finally:
        root.chmod(0o700)
    said = done.stderr + done.stdout
    assert "Traceback" not in said
    if done.returncode:
        assert str(root) in said
        assert len(said.splitlines()) <= 3
    if mode == 0 or words.startswith("engine"):
        assert done.returncode == 2, said


def test_an_account_that_follows_nothing_says_so_and_names_what_runs_without_a_broker(here: Outside) -> None:
    with terminal(here) as screen:
        assert screen.wait_end() == 2
    assert "watchlist.instruments" in screen.text
    assert "cockpit demo" in screen.text
    refused(here.run("engine"), 2, "cockpit replay FILE")


def test_live_is_refused_without_its_recording(here: Outside) -> None:
    local = [f"upstox.{name}_url=http://127.0.0.1:9" for name in ("api", "order", "assets")]
    chosen = ("account.mode=live", "watchlist.instruments=INFY", "recorder.enabled=false", *local)
    words = [word for setting in chosen for word in ("--set", setting)]
    refused(here.run("engine", *words), 1, "recorder.enabled")


def test_a_damaged_exchange_is_named_and_never_called_flat(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A)
    engine.kill_process()
    for name in ("-wal", "-shm"):
        engine.directory.exchange.with_name(engine.directory.exchange.name + name).unlink(missing_ok=True)
    engine.directory.exchange.write_bytes(b"not a database at all, but long enough to be one" * 100)
    status = here.run("status", "--json")
    assert msgspec.json.decode(status.stdout)["book"]["state"] == "UNKNOWN"
    closed = here.run("flatten")
    assert closed.returncode == 1
    assert "NOT FLAT" in closed.stdout
    assert "Traceback" not in closed.stderr
    refused(here.run("engine", "--world", "replay"), 2, "exchange.sqlite")
    assert Home(here.home.root).world(World.REPLAY).latch.exists()
