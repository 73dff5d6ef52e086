"""A pipe, a device, a directory, a socket or a link to itself in place of any file of the home hangs nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import pytest

from engine.contract.commands import Side
from engine.link import KillSender
from engine.world.directories import World, WorldDirectory
from tests import prepared
from tests.operations.outside import REPOSITORY, Outside, clean_environment, outside, wait_until
from tests.recordings import EQ_A
from tests.rows import sampled

_SECONDS: Final = 300.0
"""Until a command that stands still fails its test; a hundred together take half a minute where the machine is free."""
_REPLAY: Final = World.REPLAY.value


def _pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "something").touch()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)


KINDS: Final[dict[str, Callable[[Path], None]]] = {
    "pipe": _pipe,
    "endless file": _endless,
    "directory": _folder,
    "link to itself": _loop,
    "socket": _socket,
}
_DATABASES: Final = ("ledger.sqlite", "exchange.sqlite", "place.sqlite")
OF_THE_WORLD: Final = (
    *(f"{name}{end}" for name in _DATABASES for end in ("", "-wal", "-shm", "-journal")),
    "ledger.sqlite.v1.bak",
    *("latch.json", "latch.json.new", "engine.lock", "start.lock", "engine.json", "engine.json.new"),
    *("engine.beat", "engine.log", "engine.log.1", "socket.path", "engine.sock", "kill.sock", "summaries"),
)
OF_THE_HOME: Final = (
    *("cockpit.toml", "token", "token.new", "calendar.toml", "instruments", "recordings"),
    "instruments/NSE.msgpack",
)
_ASKED_OF_A_WORLD: Final = (
    "status",
    f"status --json --world {_REPLAY}",
    f"flatten --for 3 --world {_REPLAY}",
    f"rearm --world {_REPLAY}",
)
_ASKED_OF_THE_HOME: Final = ("status", "flatten --for 3", "rearm", "config", "preflight", "instruments INFY")


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory, recordings: tuple[Path, Path]) -> Path:
    """A home whose replay engine died with a position open."""
    root = tmp_path_factory.mktemp("cut-off") / "home"
    with outside(root) as place:
        engine = place.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
        engine.enter(EQ_A, Side.SELL)
        engine.wait_position()
        engine.kill_process()
    return root


def put(kind: str, path: Path) -> None:
    """Put something that is no plain file where a file of the home is, or would be."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    KINDS[kind](path)


def copied(home: Path, to: Path) -> Path:
    """Copy a home without its sockets."""
    return Path(shutil.copytree(home, to, ignore=shutil.ignore_patterns("*.sock")))


_ONE_AFTER_ANOTHER: Final = """
import contextlib, io, json, sys
from cockpit.cli import main
answers = []
for words in json.loads(sys.argv[1]):
    out, sys.stdin = io.StringIO(), io.StringIO("REARM\\n")
    sys.__stderr__.write(f"{words}\\n")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(words)
    answers.append([code, out.getvalue()])
print(json.dumps(answers))
"""
"""One process for several commands: each would take a second to begin."""


def ask(*lines: tuple[Path, str]) -> list[tuple[int, str]]:
    """Run commands, each on its home, within a bound of time; return the code and the words of each."""
    words = [[*line.split(), "--home", str(home)] for home, line in lines]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ONE_AFTER_ANOTHER, json.dumps(words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=clean_environment(),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as stood:
        pytest.fail(f"stood still: {stood.stderr!r}")
    assert done.returncode == 0, done.stderr
    return [(code, said) for code, said in json.loads(done.stdout)]


@pytest.mark.parametrize("kind", sampled(KINDS, ("pipe", "endless file").__contains__))
def test_nothing_of_a_world_that_is_no_plain_file_is_waited_for(
    left_behind: Path, tmp_path: Path, kind: str
) -> None:
    asked = []
    for name in OF_THE_WORLD:
        for number, line in enumerate(_ASKED_OF_A_WORLD):
            home = copied(left_behind, tmp_path / f"{name}-{number}")
            put(kind, home / _REPLAY / name)
            asked.append((home, line))
    for (home, line), (code, said) in zip(asked, ask(*asked), strict=True):
        name = home.name.rpartition("-")[0]
        assert code == 0 or name in said, f"{line}: {name} is not named: {said}"


@pytest.mark.parametrize("name", [name for name in OF_THE_WORLD if not name.startswith("place")])
def test_an_engine_waits_for_no_pipe_in_its_home(left_behind: Path, tmp_path: Path, name: str) -> None:
    home = copied(left_behind, tmp_path / "home")
    put("pipe", home / _REPLAY / name)
    directory = Outside(home).world(World.REPLAY)
    with Path(os.devnull).open("r+b") as nothing, TemporaryFile() as errors:
        words = ["engine", "--world", _REPLAY, "--home", str(home)]
        engine = prepared.start(words, clean_environment(), (nothing, nothing, errors))
        try:
            wait_until(
                lambda: engine.poll() is not None or serves(directory), "the engine to serve or to end"
            )
            if engine.poll() is None:
                os.kill(engine.pid, signal.SIGTERM)
            engine.wait(_SECONDS)
        finally:
            engine.kill()
            engine.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    assert "Traceback" not in said
    assert engine.returncode == 0 or name in said, said
    assert said.count("\n") <= 1, said


def serves(directory: WorldDirectory) -> bool:
    """Say whether an engine answers on its kill line and can be attached to."""
    sender = KillSender(directory, patience=0.5)
    try:
        return sender.status() is not None and directory.socket.exists()
    finally:
        sender.close()


@pytest.mark.parametrize("kind", sampled(KINDS, ("pipe", "endless file").__contains__))
def test_nothing_of_a_home_that_is_no_plain_file_is_waited_for(tmp_path: Path, kind: str) -> None:
    asked = []
    for number, name in enumerate(OF_THE_HOME):
        home = tmp_path / str(number)
        home.mkdir(mode=0o700)
        put(kind, home / name)
        asked += [(home, line) for line in _ASKED_OF_THE_HOME]
    assert len(ask(*asked)) == len(asked)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_goes_to_no_pipe_and_nothing_else_that_is_no_plain_file(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path, kind: str
) -> None:
    put(kind, tmp_path / "report.json")
    done = here.run(
        "replay", recordings[0], "--headless", "--output", tmp_path / "report.json", seconds=_SECONDS
    )
    assert (done.returncode, "report.json" in done.stderr) == (2, True), done
    assert "Traceback" not in done.stderr
    assert sys.getsizeof(done.stderr) < 1_000
