"""A stage is raised by a person's typed word on recorded evidence alone, and lowered by one at any time."""

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cockpit.cli import main
from engine.contract.rollout_views import RolloutTrack
from engine.host.liveness import EngineLock
from engine.ledger.stage_heads import HeadFiles
from engine.ledger.stage_record import StageRecord
from engine.ledger.store import Ledger
from engine.operations import rollout_desk
from engine.operations.desk import Desk, open_desk
from engine.operations.errors import DeskError
from engine.operations.rollout_desk import RolloutDesk
from engine.operations.rollout_sight import rollout_sight
from engine.rollout.stages import BrokerPlace, Stage
from engine.world.directories import World
from engine.world.latch_file import LatchFile, wall_clock
from tests.promotion.sessions import at_real, drill, on_loopback, paper_month

LOCAL = tuple(
    word
    for name in ("api_url", "order_url", "assets_url")
    for word in ("--set", f"upstox.{name}=http://127.0.0.1:9")
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the book be flat: the ledgers here were left without a paper exchange that could say so."""
    monkeypatch.setattr(rollout_desk, "why_not_flat", lambda *_: "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def leave_a_good_month(home: Path, *, local: bool = False) -> None:
    directory = open_desk(home, []).home.world(World.ACCOUNT)
    directory.create()
    with Ledger.open(directory.ledger) as ledger:
        paper_month(ledger, on_loopback() if local else at_real())
        drill(ledger, wall_clock())


def rollout(home: Path, offset: float | None = 0.0) -> RolloutDesk:
    def told(_: Desk) -> float | None:
        return offset

    return RolloutDesk(open_desk(home, []), told)


def test_a_book_that_nobody_can_vouch_for_refuses_a_promotion(home: Path) -> None:
    leave_a_good_month(home)
    with pytest.raises(DeskError, match="nobody can say what is open"):
        rollout(home).promote(RolloutTrack.SETUPS)


@pytest.fixture
def shell(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def run(*words: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        code = main(["--home", str(home), *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


@pytest.mark.usefixtures("flat")
def test_a_promotion_without_evidence_is_refused_with_every_line_that_is_missing(home: Path) -> None:
    leave_a_good_month(home)
    own = rollout(home)
    assert own.why_not(RolloutTrack.SETUPS) == []
    bare = rollout(home / "another")
    with pytest.raises(DeskError, match="not promoted"):
        bare.promote(RolloutTrack.SETUPS)
    lines = rollout(home).why_not(RolloutTrack.MANUAL)
    assert any(line.startswith("trades of your own: 0") and "missing: 20 more" in line for line in lines)


@pytest.mark.usefixtures("flat")
def test_a_promotion_on_evidence_is_kept_with_its_digest_and_goes_one_stage_up(home: Path) -> None:
    leave_a_good_month(home)
    own = rollout(home)
    gate = own.report().gate
    assert gate is not None
    assert "PAPER to SMALL" in own.promote(RolloutTrack.SETUPS)
    report = own.report()
    assert report.stage == "SMALL"
    assert report.manual_stage == "PAPER"
    assert [(row.kind, row.target) for row in report.rows] == [("promoted", "SMALL")]
    assert any("live trades" in line for line in own.why_not(RolloutTrack.SETUPS))


@pytest.mark.usefixtures("flat")
def test_evidence_that_was_edited_in_its_tables_promotes_nothing(home: Path) -> None:
    directory = open_desk(home, []).home.world(World.ACCOUNT)
    leave_a_good_month(home)
    with closing(sqlite3.connect(directory.ledger)) as connection, connection:
        connection.execute(
            "UPDATE trades SET payload = replace(payload, '\"charges\":100', '\"charges\":90')"
        )
    own = rollout(home)
    assert own.why_not(RolloutTrack.SETUPS) == []
    with pytest.raises(DeskError, match="were edited"):
        own.promote(RolloutTrack.SETUPS)
    assert own.report().stage == "PAPER"


@pytest.mark.parametrize(
    ("offset", "words"), [(None, "told no time"), (7.5, "7.5 s off"), (-86_400.0, "off the broker's")]
)
@pytest.mark.usefixtures("flat")
def test_a_clock_that_the_broker_does_not_agree_with_promotes_nothing(
    home: Path, offset: float | None, words: str
) -> None:
    leave_a_good_month(home)
    with pytest.raises(DeskError, match=words):
        rollout(home, offset).promote(RolloutTrack.SETUPS)
    assert rollout(home).report().stage == "PAPER"


def test_a_set_latch_refuses_a_promotion(home: Path) -> None:
    leave_a_good_month(home)
    directory = open_desk(home, []).home.world(World.ACCOUNT)
    latch = LatchFile(directory.latch)
    latch.set("kill-1", "a person", "a test", patience=5)
    latch.close()
    with pytest.raises(DeskError, match="kill latch is set"):
        rollout(home).promote(RolloutTrack.SETUPS)


def test_no_setting_and_no_variable_raises_a_stage_or_makes_a_line_looser(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in (
        "rollout.stage=FULL",
        "rollout.sessions=1",
        "rollout.paper_trades=1",
        "rollout.paper_weeks=0",
        "rollout.stop_seconds=60",
        "rollout.edge_error_pct=50",
        "rollout.profit_factor=0.5",
        "rollout.drawdown_pct=50",
        "rollout.slippage_r=5",
        "rollout.manual_trades=1",
        "rollout.manual_loss_r=9",
    ):
        with pytest.raises(DeskError):
            open_desk(home, [setting])
        name, _, value = setting.removeprefix("rollout.").partition("=")
        with monkeypatch.context() as variables:
            variables.setenv(f"COCKPIT_ROLLOUT__{name.upper()}", value)
            with pytest.raises(DeskError):
                open_desk(home, [])
    with pytest.raises(
        DeskError, match=r"expected greater than or equal to 20 .*stricter, never looser.*got '1'"
    ):
        open_desk(home, ["rollout.sessions=1"])
    assert rollout(home).report().stage == "PAPER"


@pytest.mark.usefixtures("flat")
def test_a_stricter_setting_shuts_the_gate(home: Path) -> None:
    leave_a_good_month(home)
    desk = open_desk(home, ["rollout.sessions=21"])
    lines = RolloutDesk(desk, lambda _: 0.0).why_not(RolloutTrack.SETUPS)
    assert [line.partition(":")[0] for line in lines] == ["sessions from noon or earlier to their end"]


@pytest.mark.usefixtures("flat")
def test_a_demotion_needs_its_word_and_no_evidence(home: Path, shell: Callable[..., tuple[int, str]]) -> None:
    leave_a_good_month(home)
    rollout(home).promote(RolloutTrack.SETUPS)
    code, told = shell("rollout", "demote", typed="yes")
    assert (code, "expected the word DEMOTE" in told) == (1, True)
    assert rollout(home).report().stage == "SMALL"
    assert shell("rollout", "demote", typed="DEMOTE")[0] == 0
    assert rollout(home).report().stage == "PAPER"


@pytest.mark.usefixtures("flat")
def test_beside_an_engine_a_stage_falls_and_never_rises(home: Path) -> None:
    leave_a_good_month(home)
    rollout(home).promote(RolloutTrack.SETUPS)
    lock = EngineLock.acquire(open_desk(home, []).home.world(World.ACCOUNT))
    assert lock is not None
    try:
        with pytest.raises(DeskError, match=r"live trades|engine"):
            rollout(home).promote(RolloutTrack.SETUPS)
        with pytest.raises(DeskError, match="engine"):
            rollout(home).rehearse("SMALL")
        assert rollout(home).demote(None) == "demoted to PAPER"
    finally:
        lock.release(clean=True)
    assert rollout(home).report().stage == "PAPER"


@pytest.mark.usefixtures("flat")
def test_a_record_that_a_wrong_clock_wrote_is_no_dead_end(home: Path) -> None:
    leave_a_good_month(home)
    own = rollout(home)
    directory = open_desk(home, []).home.world(World.ACCOUNT)
    own.promote(RolloutTrack.SETUPS)
    with Ledger.open(directory.ledger) as ledger:
        record = StageRecord(ledger, directory, own.hosts)
        record.demote(record.place, Stage.PAPER, "asked", "a person", wall_clock() + 10**15, anew=False)
    with pytest.raises(DeskError, match="clock stands before"):
        own.promote(RolloutTrack.SETUPS)
    assert "lay in the future" in own.demote(None)
    assert own.demote(None) == "nothing stands above PAPER"


@pytest.mark.usefixtures("flat")
def test_a_record_in_doubt_is_paper_and_says_the_way_back(
    home: Path, shell: Callable[..., tuple[int, str]]
) -> None:
    leave_a_good_month(home)
    rollout(home).promote(RolloutTrack.SETUPS)
    directory = open_desk(home, []).home.world(World.ACCOUNT)
    HeadFiles(directory, BrokerPlace.REAL).paths[1].unlink()
    code, told = shell("rollout")
    assert code == 0
    assert told.startswith("stage PAPER")
    assert "NOT BELIEVED" in told
    assert shell("rollout", "promote", typed="PROMOTE")[0] == 1
    code, told = shell("rollout", "demote", typed="DEMOTE")
    assert (code, "begun at PAPER" in told) == (0, True)
    report = rollout(home).report()
    assert (report.stage, report.problem) == ("PAPER", "")


def test_a_rehearsal_needs_a_broker_on_this_machine_and_its_word(
    shell: Callable[..., tuple[int, str]],
) -> None:
    assert shell("rollout", "rehearse", "SMALL", typed="REHEARSE")[0] == 1
    assert shell(*LOCAL, "rollout", "rehearse", "SMALL", typed="PROMOTE")[0] == 1
    assert shell(*LOCAL, "rollout", "rehearse", "SMALL", typed="REHEARSE")[0] == 0
    assert "stage SMALL (REHEARSAL)" in shell(*LOCAL, "rollout")[1]
    assert "stage PAPER" in shell("rollout")[1]
    assert "rehearse PAPER" in shell(*LOCAL, "rollout", "promote", typed="PROMOTE")[1]
    assert shell(*LOCAL, "rollout", "rehearse", "PAPER", typed="REHEARSE")[0] == 0
    assert "stage PAPER" in shell(*LOCAL, "rollout")[1]


def test_the_rollout_reads_in_sixty_columns_and_as_json(
    home: Path, shell: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    leave_a_good_month(home)
    monkeypatch.setenv("COLUMNS", "60")
    code, told = shell("rollout")
    assert code == 0
    assert max(map(len, told.splitlines())) <= 60
    found = json.loads(shell("rollout", "--json")[1])
    assert found["stage"] == "PAPER"
    assert found["gates"][0]["met"] is True
    assert {one["state"] for one in found["gates"][0]["criteria"]} == {"MET"}


def test_the_page_shows_the_caps_as_settings_tighten_them(home: Path) -> None:
    rooms = rollout_sight(
        open_desk(home, ["rollout.small_position=9000", "rollout.small_risk_pct=0.1"])
    ).stages
    assert [room.name for room in rooms] == ["PAPER", "SMALL", "FULL"]
    assert "one lot or 9,000 a position" in rooms[1].words
    assert "0.1 % risk a trade" in rooms[1].words
