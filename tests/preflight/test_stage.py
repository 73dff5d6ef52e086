"""The rollout's stage stands among the checks of a live day: PAPER warns that nothing is entered, and stops nothing."""

from pathlib import Path

import pytest

from engine.preflight.report import CheckState
from engine.preflight.stage import check_stage
from engine.rollout.stages import Stage
from engine.world.directories import Home, World
from tests.promotion.sessions import at_real, on_loopback
from tests.rehearsal import rehearse


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Home(tmp_path / "home")


def test_paper_warns_of_a_live_day_that_enters_nothing_and_says_the_way_on(home: Home) -> None:
    (check,) = check_stage(home, at_real().upstox, live=True)
    assert (check.state, check.figure) == (CheckState.WARN, "PAPER")
    assert "nothing is entered live" in check.reason
    assert "`cockpit rollout`" in check.reason
    assert check_stage(home, at_real().upstox, live=False) == []


def test_a_stage_that_enters_is_a_go_by_its_name_and_a_lost_head_is_told(home: Home) -> None:
    directory = home.world(World.ACCOUNT)
    home.create()
    directory.create()
    rehearse(directory, Stage.SMALL)
    (check,) = check_stage(home, on_loopback().upstox, live=True)
    assert (check.state, check.figure) == (CheckState.GO, "SMALL (REHEARSAL)")
    (directory.path / "stages-loopback.json").unlink()
    (check,) = check_stage(home, on_loopback().upstox, live=True)
    assert check.state is CheckState.WARN
    assert "cockpit rollout demote" in check.reason
