"""The latch: never lost, never in the way of a kill, cleared only on purpose."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.world.latch_file import (
    LatchError,
    LatchFile,
    LatchFileState,
    LatchProof,
    LatchRecord,
    LatchTimes,
    read_latch,
)
from tests.disks import fill, small_disk
from tests.link.samples import wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "latch.json"


@pytest.fixture
def latch(path: Path) -> Iterator[LatchFile]:
    latch = LatchFile(path, clock=lambda: 1_700_000_000_000_000)
    yield latch
    latch.close()


def test_a_set_latch_is_on_disk_and_survives_a_restart(latch: LatchFile, path: Path) -> None:
    assert latch.set("id", "a screen", "key", patience=10)
    expected = LatchRecord(LatchFileState.KILLING, 1_700_000_000_000_000, "a screen", "key", "id")
    assert read_latch(path) == latch.record == expected
    restarted = LatchFile(path)
    assert restarted.is_set
    assert restarted.record == expected
    restarted.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_killing_twice_keeps_the_first_record(latch: LatchFile, path: Path) -> None:
    latch.set("first", "a", "b", patience=10)
    latch.set("second", "c", "d", patience=10)
    found = read_latch(path)
    assert found is not None
    assert found.command == "first"


def test_progress_is_kept(latch: LatchFile, path: Path) -> None:
    latch.set("id", "a", "b")
    for state in (LatchFileState.STUCK, LatchFileState.FLAT):
        latch.mark(state)
        assert latch.wait_durable(10)
        found = read_latch(path)
        assert found is not None
        assert found.state is state


def test_flat_answers_the_commands_that_it_was_proven_for_and_no_others(latch: LatchFile) -> None:
    assert latch.proof_for("first") is LatchProof.CLEAR
    latch.set("first", "a", "b")
    assert latch.proof_for("first") is LatchProof.KILLING
    latch.mark(LatchFileState.STUCK, answers=("first",))
    assert latch.proof_for("second") is LatchProof.STUCK
    latch.mark(LatchFileState.FLAT, answers=("first", "second"))
    assert [latch.proof_for(name) for name in ("first", "second", "third")] == [
        LatchProof.FLAT,
        LatchProof.FLAT,
        LatchProof.FLAT_BEFORE,
    ]


def test_a_flat_that_was_proven_before_a_newer_kill_leaves_it_killing(latch: LatchFile) -> None:
    latch.set("first", "a", "b")
    latch.mark(LatchFileState.FLAT, answers=("first",))
    latch.set("second", "a", "b")
    latch.mark(LatchFileState.FLAT, answers=("first",))
    assert latch.proof_for("second") is LatchProof.KILLING
    latch.mark(LatchFileState.FLAT, answers=("first", "second"))
    assert latch.proof_for("second") is LatchProof.FLAT


@pytest.mark.parametrize("options", ["size=256k", "nr_inodes=8"], ids=["no blocks", "no inodes"])
def test_a_full_disk_turns_no_proven_flat_into_killing(tmp_path: Path, options: str) -> None:
    with small_disk(tmp_path / "disk", options) as disk:
        latch = LatchFile(disk / "latch.json")
        assert latch.set("id", "a", "b", patience=10)
        fill(disk)
        latch.mark(LatchFileState.FLAT)
        assert latch.wait_durable(10), latch.problem
        found = read_latch(disk / "latch.json")
        assert found is not None
        assert found.state is LatchFileState.FLAT
        latch.close()


def test_progress_without_a_kill_is_an_error(latch: LatchFile) -> None:
    with pytest.raises(ValueError, match="expected a set latch"):
        latch.mark(LatchFileState.FLAT)


def test_rearm_clears_memory_and_disk(latch: LatchFile, path: Path) -> None:
    latch.set("id", "a", "b", patience=10)
    latch.rearm()
    assert not latch.is_set
    assert read_latch(path) is None
    assert latch.set("next", "a", "b", patience=10)
    assert read_latch(path) is not None


def test_rearm_works_where_no_latch_ever_was(tmp_path: Path) -> None:
    latch = LatchFile(tmp_path / "nowhere" / "latch.json")
    latch.rearm()
    assert not latch.is_set
    latch.close()


def test_a_disk_that_does_not_answer_never_holds_the_kill_back(latch: LatchFile, path: Path) -> None:
    beside = path.with_name("latch.json.new")
    os.mkfifo(beside)
    assert latch.set("id", "a", "b") is False
    assert latch.is_set
    assert latch.wait_durable(0) is False
    reader = os.open(beside, os.O_RDONLY | os.O_NONBLOCK)
    beside.unlink()
    assert latch.wait_durable(10)
    os.close(reader)
    found = read_latch(path)
    assert found is not None
    assert found.command == "id"


def test_a_kill_never_waits_for_a_rearm_that_waits_for_the_disk(latch: LatchFile, path: Path) -> None:
    beside = path.with_name("latch.json.new")
    os.mkfifo(beside)
    latch.set("first", "a", "b")
    errors: list[LatchError] = []

    def rearm() -> None:
        try:
            latch.rearm(patience=0.2)
        except LatchError as error:
            errors.append(error)

    clearing = threading.Thread(target=rearm)
    clearing.start()
    latch.set("second", "a", "b", patience=0)
    clearing.join()
    assert latch.is_set
    assert "expected the disk to answer" in str(errors[0])
    os.close(os.open(beside, os.O_RDONLY | os.O_NONBLOCK))
    beside.unlink()


def test_a_kill_during_a_rearm_wins(latch: LatchFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latch.set("first", "a", "b", patience=10)
    fsync = os.fsync
    killed: list[bool] = []

    def kill_meanwhile(descriptor: int) -> None:
        if not killed:
            killed.append(latch.set("second", "a", "b", patience=0))
        fsync(descriptor)

    monkeypatch.setattr("engine.world.latch_file.os.fsync", kill_meanwhile)
    with pytest.raises(LatchError, match="expected no new kill while clearing"):
        latch.rearm()
    assert latch.is_set
    assert latch.wait_durable(10)
    assert read_latch(path) == latch.record


def test_a_latch_that_cannot_be_written_says_so_and_goes_on_trying(tmp_path: Path) -> None:
    latch = LatchFile(tmp_path / "later" / "latch.json")
    assert latch.set("id", "a", "b", patience=0) is False
    wait_until(lambda: latch.problem is not None)
    assert "not on disk" in str(latch.problem)
    (tmp_path / "later").mkdir()
    assert latch.wait_durable(10)
    wait_until(lambda: latch.problem is None)
    latch.close()


@given(content=st.binary(max_size=80))
def test_whatever_else_the_file_holds_counts_as_set(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("latch") / "latch.json"
    path.write_bytes(content)
    found = read_latch(path)
    assert found is not None
    assert "cannot be read" in found.reason


def test_every_torn_prefix_counts_as_set(latch: LatchFile, path: Path) -> None:
    latch.set("id", "a", "b", patience=10)
    whole = path.read_bytes()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        found = read_latch(path)
        assert found is not None
        assert "cannot be read" in found.reason


def test_a_directory_in_the_latchs_place_counts_as_set(path: Path) -> None:
    path.mkdir()
    assert read_latch(path) is not None


def test_a_latch_written_but_not_renamed_when_its_writer_died_counts(path: Path) -> None:
    path.with_name("latch.json.new").write_bytes(b"")
    latch = LatchFile(path)
    assert latch.is_set
    latch.rearm()
    assert read_latch(path) is None
    latch.close()


def test_many_threads_make_one_latch(latch: LatchFile, path: Path) -> None:
    threads = [threading.Thread(target=latch.set, args=(str(n), "a", "b")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert latch.wait_durable(10)
    assert read_latch(path) == latch.record


def test_a_latch_survives_the_death_of_its_process(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from engine.world.latch_file import LatchFile\n"
        "assert LatchFile(Path(sys.argv[1])).set('id', 'a', 'b', patience=10); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    found = read_latch(path)
    assert found is not None
    assert found.command == "id"


def test_each_step_of_a_kill_is_stamped_once_and_forgotten_with_the_latch(path: Path) -> None:
    ticks = count(100, 100)
    latch = LatchFile(path, monotonic=lambda: next(ticks))
    latch.note_order()
    assert latch.times == LatchTimes(), "an order before the kill is none of its own"
    assert latch.set("one", "me", "", patience=10.0)
    latch.note_order()
    latch.note_order()
    latch.mark(LatchFileState.FLAT)
    latch.mark(LatchFileState.FLAT)
    assert latch.times == LatchTimes(100, 200, 300, 400)
    latch.set("one", "me", "")
    assert latch.times.latched == 100, "killing twice is killing once"
    latch.set("two", "me", "", patience=10.0)
    assert (latch.times.latched, latch.times.flat) == (500, None)
    latch.rearm()
    assert latch.times == LatchTimes()
    latch.close()
