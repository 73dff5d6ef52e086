"""The engine as a process: one a world, found when hung, and never mistaken for another process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.contract.commands import StopEngine
from engine.host.launch import spawn_engine
from engine.host.liveness import (
    EngineIdentity,
    EngineLock,
    EngineProcessError,
    EngineState,
    Heartbeat,
    ended_uncleanly,
    engine_state,
    kill_engine,
    process_start,
    read_identity,
    take_over,
)
from engine.link import KillSender, LinkError, NoEngineError, connect
from engine.world.directories import Home, World, WorldDirectory, write_private
from tests.link.samples import wait_until
from tests.places import child_argv


def is_alive(pid: int) -> bool:
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def stranger() -> "subprocess.Popen[bytes]":
    """A process that is no engine."""
    return subprocess.Popen(["sleep", "60"])


def test_a_world_without_an_engine_is_none(directory: WorldDirectory) -> None:
    assert engine_state(directory) is EngineState.NONE
    assert engine_state(Home(directory.path / "never").world(World.DEMO)) is EngineState.NONE
    assert not ended_uncleanly(directory)


def test_a_second_engine_gets_no_lock_and_the_next_one_does(directory: WorldDirectory) -> None:
    first = EngineLock.acquire(directory)
    assert first is not None
    assert EngineLock.acquire(directory, patience=0) is None
    first.release()
    second = EngineLock.acquire(directory)
    assert second is not None
    second.release()


def test_worlds_have_locks_of_their_own(directory: WorldDirectory) -> None:
    first = EngineLock.acquire(directory)
    other = EngineLock.acquire(Home(directory.path.parent).world(World.REPLAY))
    assert first is not None
    assert other is not None
    first.release()
    other.release()


def test_a_start_time_tells_processes_apart(stranger: "subprocess.Popen[bytes]") -> None:
    own = process_start(os.getpid())
    assert own == process_start(os.getpid())
    assert process_start(stranger.pid) not in (None, own)
    stranger.kill()
    stranger.wait()
    assert process_start(stranger.pid) is None


def test_a_heartbeat_ages_until_it_beats(directory: WorldDirectory) -> None:
    heartbeat = Heartbeat(directory.heartbeat)
    wait_until(lambda: heartbeat.age > 0.02)
    before = heartbeat.age
    heartbeat.beat()
    assert heartbeat.age < before
    heartbeat.close()


async def test_a_spawned_engine_answers_and_ends_leaving_nothing(directory: WorldDirectory) -> None:
    pid = spawn_engine(child_argv(directory), directory)
    assert pid not in (os.getpid(), 0)
    assert engine_state(directory) is EngineState.RUNNING
    link = await connect(directory, "tty1")
    assert link.welcome.pid == pid
    await link.send(StopEngine("stop"))
    wait_until(lambda: engine_state(directory) is EngineState.NONE)
    await link.close()
    assert not ended_uncleanly(directory)
    assert not directory.socket.exists()
    with pytest.raises(NoEngineError):
        await connect(directory, "tty1")


def test_an_engine_has_no_terminal_and_survives_a_hangup(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    assert os.getsid(pid) == pid
    assert os.fspath(Path(f"/proc/{pid}/fd/0").readlink()) == "/dev/null"
    assert (
        os.fspath(Path(f"/proc/{pid}/fd/1").readlink())
        == os.fspath(Path(f"/proc/{pid}/fd/2").readlink())
        == str(directory.log)
    )
    os.kill(pid, signal.SIGHUP)
    sender = KillSender(directory, patience=10)
    assert sender.status() is not None
    sender.close()
    assert is_alive(pid)
    assert directory.log.stat().st_mode & 0o777 == 0o600


def test_an_engine_inherits_no_descriptor(directory: WorldDirectory) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    pid = spawn_engine(child_argv(directory), directory)
    os.close(writer)
    # A pipe that the engine kept open would make this wait for the engine's end.
    assert os.read(reader, 1) == b""
    os.close(reader)
    os.kill(pid, signal.SIGKILL)


def test_screens_that_start_at_once_get_one_engine(directory: WorldDirectory) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from engine.world.directories import Home, World; from engine.host.launch import spawn_engine\n"
        "from tests.places import child_argv\n"
        "world = Home(Path(sys.argv[1])).world(World.DEMO)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(spawn_engine(child_argv(world), world))"
    )
    argv = [sys.executable, "-c", code, str(directory.path.parent)]
    screens = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for screen in screens:
        assert screen.stdout is not None
        assert screen.stdout.readline() == "ready\n"
    for screen in screens:
        assert screen.stdin is not None
        screen.stdin.write("go\n")
        screen.stdin.flush()
    pids = {int(screen.communicate()[0]) for screen in screens}
    assert len(pids) == 1
    assert (directory.path / "starts").read_text() == "start\n"
    (pid,) = pids
    os.kill(pid, signal.SIGKILL)


def test_an_engine_outlives_the_screen_that_started_it(directory: WorldDirectory) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from engine.world.directories import Home, World; from engine.host.launch import spawn_engine\n"
        "from tests.places import child_argv\n"
        "world = Home(Path(sys.argv[1])).world(World.DEMO)\n"
        "spawn_engine(child_argv(world), world); os.kill(os.getpid(), 9)"
    )
    screen = subprocess.run([sys.executable, "-c", code, str(directory.path.parent)], check=False)
    assert screen.returncode == -9
    assert engine_state(directory) is EngineState.RUNNING
    kill_engine(directory)


def test_an_engine_that_fails_to_start_is_quoted(directory: WorldDirectory) -> None:
    with pytest.raises(EngineProcessError, match=r"exit code 2(.|\n)*no such recording"):
        spawn_engine(child_argv(directory, "fail"), directory)


def test_a_program_that_is_not_there_is_named(directory: WorldDirectory) -> None:
    with pytest.raises(EngineProcessError, match="expected to start /nowhere/cockpit"):
        spawn_engine(["/nowhere/cockpit"], directory)


def test_a_stopped_engine_is_hung_and_is_taken_over(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    os.kill(pid, signal.SIGSTOP)
    assert EngineLock.acquire(directory, patience=0) is None
    wait_until(lambda: engine_state(directory) is EngineState.HUNG)
    with pytest.raises(EngineProcessError, match="hung engine"):
        spawn_engine(child_argv(directory), directory)
    with take_over(directory):
        assert not is_alive(pid)
        assert EngineLock.acquire(directory, patience=0) is None
    assert engine_state(directory) is EngineState.NONE
    assert ended_uncleanly(directory)


def test_an_engine_that_blocks_before_it_ever_answers_is_hung(directory: WorldDirectory) -> None:
    child = subprocess.Popen(child_argv(directory, "late"))
    wait_until((directory.path / "started").exists)
    assert engine_state(directory) is EngineState.RUNNING
    wait_until(lambda: engine_state(directory) is EngineState.HUNG)
    kill_engine(directory)
    assert child.wait() == -signal.SIGKILL
    assert ended_uncleanly(directory)


def test_an_engine_that_answers_is_not_taken_over(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    with pytest.raises(EngineProcessError, match="its lock held"):
        take_over(directory)
    assert is_alive(pid)


def test_a_world_without_an_engine_is_taken_over_at_once(directory: WorldDirectory) -> None:
    with take_over(directory):
        assert EngineLock.acquire(directory, patience=0) is None
        # Whoever closes in an engine's stead has said nothing of being one, and is not to be killed as one.
        assert engine_state(directory) is EngineState.RUNNING


def test_a_killed_engine_ended_uncleanly_until_the_next_one_takes_its_leave(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    assert not ended_uncleanly(directory)
    kill_engine(directory)
    assert not is_alive(pid)
    assert ended_uncleanly(directory)
    lock = EngineLock.acquire(directory)
    assert lock is not None
    lock.become_engine()
    lock.release()
    assert not ended_uncleanly(directory)


def test_a_recycled_pid_is_never_killed(
    directory: WorldDirectory, stranger: "subprocess.Popen[bytes]"
) -> None:
    holder = EngineLock.acquire(directory)
    assert holder is not None
    stale = EngineIdentity(stranger.pid, "an-earlier-boot:1", World.DEMO, 1, "0.1.0")
    write_private(directory.identity, msgspec.json.encode(stale))
    with pytest.raises(EngineProcessError, match=r"got another process with its number.*nothing was killed"):
        kill_engine(directory)
    assert stranger.poll() is None
    assert engine_state(directory) is EngineState.RUNNING
    stranger.kill()
    stranger.wait()
    holder.release()


def test_a_holder_that_cannot_be_identified_is_never_killed(directory: WorldDirectory) -> None:
    holder = EngineLock.acquire(directory)
    assert holder is not None
    directory.identity.write_bytes(b"{torn")
    assert read_identity(directory) is None
    with pytest.raises(EngineProcessError, match="expected the engine's pid and start time"):
        kill_engine(directory)
    holder.release()


def test_killing_no_engine_does_nothing(directory: WorldDirectory) -> None:
    kill_engine(directory)
    assert engine_state(directory) is EngineState.NONE


async def test_a_home_of_150_characters_works_end_to_end(tmp_path: Path) -> None:
    root = tmp_path / ("x" * (148 - len(str(tmp_path))))
    directory = Home(root / "y").world(World.DEMO)
    assert len(str(root / "y")) >= 150
    pid = spawn_engine(child_argv(directory), directory)
    link = await connect(directory, "tty1")
    sender = KillSender(directory, patience=10)
    assert sender.status() is not None
    await link.send(StopEngine("stop"))
    wait_until(lambda: not is_alive(pid))
    await link.close()
    sender.close()
    assert engine_state(directory) is EngineState.NONE


async def test_a_stopped_engine_does_not_keep_a_screen_waiting(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    os.kill(start_child("serve"), signal.SIGSTOP)
    with pytest.raises(LinkError, match=r"expected the engine at .* to answer"):
        await connect(directory, "tty1", patience=0.2)
