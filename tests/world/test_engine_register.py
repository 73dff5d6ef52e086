"""The register of living engines: an entry lives as long as its engine, and leads to it whatever became of its home."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.host.liveness import EngineLock
from engine.link import KillLine, KillReceiver, KillSender, LatchSign
from engine.world.directories import World, WorldDirectory
from engine.world.engine_register import Living, RefusedStart, Registration
from engine.world.latch_file import LatchFile


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # A socket's address must be short.
    with tempfile.TemporaryDirectory(prefix="run-") as name:
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield Path(name)


@pytest.fixture
def lock(directory: WorldDirectory) -> EngineLock:
    found = EngineLock.acquire(directory)
    assert found is not None
    return found


def register(lock: EngineLock, account: str = "", *, live: bool = False) -> Registration:
    return Registration(lock.entry(account, live=live))


def test_a_living_engine_is_found_and_one_that_left_is_not(
    directory: WorldDirectory, lock: EngineLock
) -> None:
    registration = register(lock)
    found = Living.at(directory)
    assert found is not None
    assert (found.entry.pid, found.entry.world) == (os.getpid(), World.DEMO)
    registration.close()
    assert Living.all() == ()


def test_the_entry_of_a_dead_engine_is_taken_away(lock: EngineLock, runtime: Path) -> None:
    registration = register(lock)
    [path] = runtime.rglob("*.engine")
    content = path.read_bytes()
    registration.close()
    path.write_bytes(content)
    assert Living.all() == ()
    assert not path.exists()


def test_an_entry_that_was_taken_away_is_put_back(
    directory: WorldDirectory, lock: EngineLock, runtime: Path
) -> None:
    registration = register(lock)
    shutil.rmtree(next(runtime.iterdir()))
    assert Living.at(directory) is None
    registration.keep()
    assert Living.at(directory) is not None


def test_an_engine_whose_home_was_replaced_is_astray(directory: WorldDirectory, lock: EngineLock) -> None:
    registration = register(lock)
    assert Living.astray(directory) == ()
    directory.path.rename(directory.path.with_name("before"))
    assert [one.entry for one in Living.astray(directory)] == [registration.entry]
    assert not lock.stands


@pytest.mark.parametrize("live", [True, False])
def test_an_engine_of_the_same_account_is_astray_in_another_home_live_or_paper(
    directory: WorldDirectory, lock: EngineLock, tmp_path: Path, live: bool
) -> None:
    elsewhere = WorldDirectory(directory.world, tmp_path / "elsewhere" / directory.world.value)
    registration = register(lock, "an account", live=live)
    assert [one.entry for one in Living.astray(elsewhere, "an account")] == [registration.entry]
    assert Living.astray(elsewhere, "another") == ()
    registration.close()


def test_a_living_engine_is_told_once_of_a_start_that_gave_way_to_it(
    lock: EngineLock, tmp_path: Path
) -> None:
    registration = register(lock)
    assert registration.refused_start() is None
    [living] = Living.all()
    living.tell_refused(tmp_path / "copy")
    assert registration.refused_start() == RefusedStart(os.getpid(), str(tmp_path / "copy"))
    assert registration.refused_start() is None


def test_a_note_that_is_no_note_tells_nothing_and_holds_nothing_up(lock: EngineLock) -> None:
    registration = register(lock)
    assert registration.kill_socket is not None
    note = registration.kill_socket.with_suffix(".refused")
    note.write_bytes(b"[" * 100_000)
    assert registration.refused_start() is None
    note.unlink()
    os.mkfifo(note)
    assert registration.refused_start() is None


def test_a_kill_finds_its_way_by_the_register_where_the_home_has_no_address(
    directory: WorldDirectory, lock: EngineLock
) -> None:
    registration = register(lock)
    latch = LatchFile(directory.latch)
    receiver = KillReceiver(latch, lambda _: None, lambda: 0.0)
    line = KillLine(directory, receiver, is_ours=lambda: False, second=lambda: registration.kill_socket)
    directory.kill_socket.unlink()
    sender = KillSender(directory)
    answer = sender.status()
    assert answer is not None
    assert answer.latch is LatchSign.CLEAR
    sender.close()
    line.close()
    latch.close()


def test_a_folder_that_others_may_enter_holds_no_entry(lock: EngineLock, runtime: Path) -> None:
    folder = runtime / "cockpit-engines"
    folder.mkdir()
    folder.chmod(0o755)
    registration = register(lock)
    assert registration.kill_socket is None


def test_a_runtime_directory_whose_addresses_would_be_too_long_is_left_aside(
    lock: EngineLock, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = runtime / ("d" * 90)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr(tempfile, "tempdir", str(runtime))
    registration = register(lock)
    assert registration.kill_socket is not None
    assert not list(deep.iterdir())
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(registration.kill_socket))
    assert [one.entry for one in Living.all()] == [registration.entry]
    registration.close()


def test_a_runtime_directory_that_is_missing_is_left_aside(
    lock: EngineLock, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(runtime))
    registration = register(lock)
    assert registration.kill_socket is not None
    assert [one.entry for one in Living.all()] == [registration.entry]
    registration.close()
