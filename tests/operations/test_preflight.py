"""``cockpit preflight`` against the fake broker: go with every figure, and no-go with the right reason."""

import re
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import config
from engine.host.liveness import EngineLock
from engine.market.clock import SECOND
from engine.preflight import survey, system
from engine.settings.loading import Configuration, describe
from engine.world.directories import Home, World
from tests.disks import fill_from, small_disk
from tests.fake_upstox import RunningFake, running_fake
from tests.fake_upstox.account import make_token
from tests.operations.account import Told, command, of_fake, write_settings
from tests.operations.outside import REPOSITORY, Outside
from tests.recordings import OPT_A, made_packets, write_recording

MOVING = ("NSE_EQ|INE7001S01010", "NSE_EQ|INE7002S01010", "NSE_EQ|INE7003S01010")
"""The simulator's own stocks: quotes of theirs come all day."""
WATCHLIST = (*MOVING, "INFY", "NIFTY FUT near", "BANKNIFTY CE ATM monthly")
SQUARE_OFF = "15:15 cash, 15:25 F&O; broker's page of 11 Sep 2026"
GROUPS = {"connectivity", "authentication", "configuration", "system"}


@pytest.fixture(scope="module")
def served() -> Iterator[RunningFake]:
    with running_fake(speed=20) as fake:
        yield fake


@dataclass
class Stand:
    """A home with settings for a served fake, before a live start."""

    fake: RunningFake
    root: Path
    capsys: pytest.CaptureFixture[str]

    def settings(self, **sections: dict[str, object]) -> None:
        write_settings(
            self.root,
            {
                "account": {"mode": "live"},
                "session": {"clock": "feed", "broker_squareoff": SQUARE_OFF},
                "watchlist": {"instruments": WATCHLIST},
                "preflight": {"public_ip": "203.0.113.10", "min_disk_mb": 1, "max_cpu_pct": 100},
            },
            of_fake(self.fake, access_token=self.fake.access_token),
            sections,
        )

    def run(self, *words: object) -> Told:
        return command(self.capsys, self.root, "preflight", *words)

    def report(self, *words: object) -> dict[str, Any]:
        told = self.run("--json", *words)
        assert told.err == ""
        found: dict[str, Any] = told.json
        assert told.code == (0 if found["go"] else 1)
        return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at feed and processor for less than a person would: what is seen does not depend on it."""
    monkeypatch.setattr(survey, "WATCHED", 0.2)
    monkeypatch.setattr(system, "_WINDOW_SECONDS", 0.01)


@pytest.fixture
def stand(
    served: RunningFake,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    quick: None,  # noqa: ARG001
) -> Iterator[Stand]:
    """A home that is go; what a test changes at the fake is taken back."""
    place = Stand(served, tmp_path / "home", capsys)
    place.settings()
    yield place
    served.control("DELETE", "faults")
    served.control("POST", "state", {"caller_ip": "registered", "segments": {"NSE_EQ": True, "NSE_FO": True}})


def check(report: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in report["checks"] if one["name"] == name]
    return dict(found)


def test_everything_in_order_is_go_with_every_figure(stand: Stand) -> None:
    report = stand.report()
    assert (report["go"], report["mode"], report["no_go"]) == (True, "live", [])
    assert {one["group"] for one in report["checks"]} == GROUPS
    # A drill and a stage are a person's to reach, and warn alone.
    assert {one["name"]: one["state"] for one in report["checks"] if one["state"] != "GO"} == {
        "kill drill": "WARN",
        "stage": "WARN",
    }
    values = {one["name"]: one["values"] for one in report["checks"]}
    assert values["REST"].keys() == {"handshake_ms", "answer_ms"}
    assert values["order host"]["handshake_ms"] >= 0
    assert values["feed"]["handshake_ms"] > 0
    assert values["feed"]["segments"]["NSE_FO"] == "NORMAL_OPEN"
    assert values["first update"]["first_update_ms"] >= 0
    assert values["first update"]["heard"] == len(WATCHLIST)
    assert values["token"]["valid_until"].startswith("2026-11-21T03:30:00")
    assert "I" in values["profile"]["products"]
    assert values["segments"]["segments"] == {"NSE_EQ": "on", "NSE_FO": "on"}
    assert values["static IP"] == {
        "registered": ["203.0.113.10"],
        "ours": "203.0.113.10",
        "equal": True,
        "writes_accepted": True,
    }
    assert values["funds"] == {"free_rupees": 1_000_000.0, "capital_rupees": 1_000_000.0}
    assert "watchlist.instruments" in values["settings"]["set"]
    assert values["square-off"]["table"] == SQUARE_OFF
    assert values["instruments"]["rows"] > 400
    assert values["watchlist NIFTY FUT near"]["days_left"] == 3
    assert values["calendar"]["day"] == "2026-11-20"
    assert values["processor"]["processors"] >= 1
    assert values["memory"]["free_mb"] > 0
    assert values["disk"]["free_mb"] > 0
    assert values["file handles"].keys() == {"allowed"}
    assert values["network"].keys() == {"interfaces"}


def test_the_document_names_every_check_and_nothing_else(stand: Stand) -> None:
    document = (REPOSITORY / "docs" / "broker.md").read_text("utf-8")
    table = document.partition("| check |")[2].partition("\n\n")[0]
    named = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    made = [re.sub("^watchlist .*", "watchlist", one["name"]) for one in stand.report()["checks"]]
    assert sorted(named) == sorted(set(made))
    settings = {row.name for row in describe(Configuration(config.Settings(), {}))}
    assert set(re.findall(r"`((?:preflight|upstox|session|account|watchlist)\.\w+)", document)) <= settings


def test_plain_text_holds_the_four_groups_and_ends_with_the_verdict(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    told = stand.run()
    lines = told.out.splitlines()
    assert (told.code, told.err) == (0, "")
    assert {line.lower() for line in lines} >= GROUPS
    assert lines[-1].startswith("GO (live, ")
    assert max(len(line) for line in lines if str(stand.root) not in line) <= 72


def dead_host(stand: Stand) -> str:
    nowhere = "http://127.0.0.1:9"
    stand.settings(upstox={"api_url": nowhere, "order_url": nowhere})
    return "REST"


def slow_host(stand: Stand) -> str:
    stand.settings(preflight={"max_latency_ms": 150})
    stand.fake.plant("delay", call="profile", delay=0.2, times=0)
    return "REST"


def expired_token(stand: Stand) -> str:
    now = stand.fake.ask(lambda broker: broker.clock.now())
    stand.settings(upstox={"access_token": make_token(now - 86_400 * SECOND, 1)})
    return "token"


def refused_token(stand: Stand) -> str:
    stand.settings(upstox={"access_token": "no-token-of-this-broker"})
    return "profile"


def wrong_ip(stand: Stand) -> str:
    stand.settings(preflight={"public_ip": "198.51.100.7"})
    return "static IP"


def wrong_ip_that_nobody_named(stand: Stand) -> str:
    stand.settings(preflight={"public_ip": ""})
    stand.fake.control("POST", "state", {"caller_ip": "198.51.100.7"})
    return "static IP"


def segment_off(stand: Stand) -> str:
    stand.fake.control("POST", "state", {"segments": {"NSE_FO": False}})
    return "segments"


def unknown_instrument(stand: Stand) -> str:
    stand.settings(watchlist={"instruments": ("INFI", *MOVING)})
    return "watchlist INFI"


def bad_setting(stand: Stand) -> str:
    stand.settings(risk={"risk_per_trade_pct": 9})
    return "settings"


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (dead_host, "the broker cannot be reached: expected a connection to http://127.0.0.1:9"),
        (slow_host, "the broker answers slowly: expected at most 150 ms"),
        (expired_token, "the token has expired"),
        (refused_token, "the broker refuses the token"),
        (wrong_ip, "wrong IP: expected orders to leave from 203.0.113.10"),
        (wrong_ip_that_nobody_named, "wrong IP: the broker takes no writes"),
        (segment_off, "segment off: expected NSE_FO to be active"),
        (unknown_instrument, "did you mean INFY"),
        (bad_setting, "bad setting: "),
    ],
)
def test_no_go_names_the_one_thing_that_is_wrong(
    stand: Stand, break_it: Callable[[Stand], str], reason: str
) -> None:
    name = break_it(stand)
    report = stand.report()
    assert not report["go"]
    assert name in report["no_go"]
    assert reason in check(report, name)["reason"]
    # A dead token is told by its own word and by the broker, a dead host by each; everything else has one root.
    assert set(report["no_go"]) - {name} <= {"profile", "order host"}
    assert stand.fake.access_token not in str(report)


def test_paper_goes_on_with_what_stops_live_alone(stand: Stand) -> None:
    stand.settings(account={"mode": "paper"}, session={"broker_squareoff": ""})
    segment_off(stand)
    report = stand.report()
    assert (report["go"], report["mode"]) == (True, "paper")
    assert report["stops_live"] == ["segments", "square-off"]
    assert "live would be refused for: segments, square-off" in " ".join(stand.run().out.split())


def test_bad_use_is_no_answer(stand: Stand) -> None:
    for words in (["--jason"], ["extra"], ["--set", "nonsense"]):
        told = stand.run(*words)
        assert (told.code, told.out) == (2, ""), words
        assert told.err
    assert stand.report("--set", "risk.max_positions=0")["no_go"] == ["settings"]
    shown = " ".join(stand.run("--set", "risk.nothing=1").out.split())
    assert "unknown setting 'risk.nothing'" in shown


def test_beside_a_running_engine_its_feed_is_left_alone(stand: Stand) -> None:
    directory = Home(stand.root).world(World.ACCOUNT)
    directory.create()
    lock = EngineLock.acquire(directory)
    assert lock is not None
    stand.fake.control("DELETE", "calls")
    try:
        lock.become_engine()
        report = stand.report()
    finally:
        lock.release()
    assert (report["go"], check(report, "feed")["values"]) == (True, {"in_use": True})
    assert stand.fake.calls("authorize_market") == []
    assert check(report, "calendar")["values"]["day"] == "2026-11-20"


def test_settings_with_a_secret_that_others_may_read_are_named(stand: Stand) -> None:
    path = stand.root / "cockpit.toml"
    path.chmod(0o644)
    found = check(stand.report(), "settings")
    assert (found["state"], f"chmod 600 {path}" in found["reason"]) == ("WARN", True)


def test_a_recorded_day_served_today_is_judged_by_its_own_clock(stand: Stand) -> None:
    report = stand.report()
    assert report["go"]
    # The day, the token's end and the contracts are the feed's; the two clocks are not compared.
    assert check(report, "calendar")["values"]["day"] == stand.fake.control("GET", "state")["day"]
    assert check(report, "clock")["figure"] == "not compared"
    assert check(report, "feed delay")["figure"] == "not measured"
    # By this machine's own clock the same day is over.
    stand.settings(session={"clock": "wall"})
    assert {"token", "clock"} <= set(stand.report()["no_go"])


@pytest.mark.usefixtures("quick")
def test_by_the_wall_delay_and_offset_are_measured_and_90_s_are_no_go(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # An option: a stock is silent in the first minutes of its closing auction, and this runs at any hour.
    packets = made_packets(OPT_A, count=2_000, step=SECOND // 20)
    path = write_recording(tmp_path / "day.json.gz", packets, indent=None)
    with running_fake(recordings=(path,), wall=True) as fake:
        here = Outside(tmp_path / "home")
        write_settings(
            here.home.root,
            {"watchlist": {"instruments": [OPT_A]}, "preflight": {"min_disk_mb": 1, "max_cpu_pct": 100}},
            of_fake(fake, access_token=fake.access_token),
        )
        good = told(here)
        assert check(good, "clock")["state"] == "GO"
        assert abs(check(good, "clock")["values"]["offset_ms"]) < 2_000
        assert check(good, "feed delay")["values"].keys() == {"p50_ms", "p99_ms", "frames"}
        fake.control("POST", "clock", {"skew_seconds": -90})
        bad = command(capsys, here.home.root, "preflight", "--json").json
        assert "clock" in bad["no_go"]
        assert 89_000 < check(bad, "clock")["values"]["offset_ms"] < 92_000
        assert "this machine's clock is 90." in check(bad, "clock")["reason"]


def told(here: Outside) -> dict[str, Any]:
    """Run the real program; by the time of day or the weekend more than one check may be no-go."""
    done = here.run("preflight", "--json")
    assert done.stderr == ""
    report: dict[str, Any] = Told(done.returncode, done.stdout, "").json
    assert done.returncode == (0 if report["go"] else 1)
    return report


@pytest.mark.skipif(sys.platform != "linux", reason="sets this process's limits")
def test_a_disk_that_takes_nothing_is_no_go(stand: Stand) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        report = stand.report()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "disk" in report["no_go"]
    assert "expected a disk that takes" in check(report, "disk")["reason"]


def test_a_home_on_a_full_disk_is_no_go(stand: Stand, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=4m") as disk:
        place = Stand(stand.fake, disk / "home", stand.capsys)
        place.settings()
        fill_from(disk / "filler")
        report = place.report()
    assert "disk" in report["no_go"]
    assert "No space left" in check(report, "disk")["reason"]
