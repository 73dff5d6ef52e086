"""`cockpit flatten` beside a living engine: FLAT is the answer to this very command, whatever the disk does."""

import subprocess
from pathlib import Path

import pytest

from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account import phone
from tests.account.latch_faults import failing_file, slow_file
from tests.account.live import LIVE, held
from tests.account.stage import begin, settings_of
from tests.disks import fill, small_disk
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, outside


@pytest.fixture
def broker(market_at_ten: RunningFake) -> RunningFake:
    return market_at_ten


@pytest.fixture
def engine(home: Outside, broker: RunningFake) -> Engine:
    return begin(home, broker, *LIVE)


def flatten(home: Outside, broker: RunningFake, *words: str) -> "subprocess.CompletedProcess[str]":
    return home.run("flatten", "--world", "account", *words, *settings_of(broker, *LIVE))


def test_a_flat_of_an_earlier_kill_is_no_answer_to_this_one(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    done = flatten(home, broker)
    assert (done.returncode, "FLAT" in done.stdout) == (0, True), done
    engine.wait_latch(LatchFileState.FLAT)
    with slow_file(engine.directory.latch):
        phone.buys_unheard(broker)
        unread = flatten(home, broker, "--for", "3")
        assert (unread.returncode, held(broker)) == (1, 100), unread
        assert "NOT FLAT" in unread.stdout
        broker.control("DELETE", "faults")
        done = flatten(home, broker)
        assert (done.returncode, held(broker)) == (0, 0), done
        assert "its file is behind" in done.stdout


def test_a_latch_file_that_cannot_be_written_hides_neither_the_kill_nor_its_proof(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    with failing_file(engine.directory.latch):
        phone.buys(broker)
        done = flatten(home, broker)
        assert (done.returncode, held(broker)) == (0, 0), done
        assert home.status(World.ACCOUNT)["latch"]["state"] == "FLAT"
    engine.wait_latch(LatchFileState.FLAT)


def test_a_latch_that_found_no_room_is_on_and_can_be_cleared(broker: RunningFake, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "nr_inodes=60") as disk, outside(disk / "home") as home:
        engine = begin(home, broker, *LIVE)
        phone.buys(broker)
        fill(disk)
        done = flatten(home, broker)
        assert (done.returncode, held(broker)) == (0, 0), done
        assert engine.latch() is None
        status = home.status(World.ACCOUNT)
        assert (status["latch"]["state"], status["latch"]["by"].startswith("a shell")) == ("FLAT", True)
        refused = home.run("rearm", typed="no\n")
        assert (refused.returncode, "account: latched, FLAT in the engine's memory" in refused.stdout) == (
            1,
            True,
        )
        cleared = home.run("rearm", typed="REARM\n")
        assert (cleared.returncode, "the latch is cleared" in cleared.stdout) == (0, True), cleared
        assert home.status(World.ACCOUNT)["latch"] is None
