"""Starting an engine as a process of its own, and waiting until it answers."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from engine.host.early_start import EarlyStart, start_detached
from engine.host.liveness import (
    POLL_SECONDS,
    PROBE_SECONDS,
    EngineState,
    engine_state,
    is_locked,
    read_identity,
    try_lock,
    wait_for,
)
from engine.host.log_tail import last_word, log_end, log_size
from engine.link.kill_sender import KillSender
from engine.system.process_identity import EngineProcessError
from engine.world.directories import World, WorldDirectory, open_private


def spawn_engine(
    argv: Sequence[str],
    directory: WorldDirectory,
    patience: float = 15.0,
    *,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Start a detached engine unless one runs, wait until its kill line answers, and return its pid.

    ``argv`` starts with the program; ``environment`` is added to this process's own. Of screens that start at once
    only one starts an engine, all get the same.
    Raises EngineProcessError when a hung engine is in the way, when the new one ends before it answers (with its
    own reason, or the last lines of its log), or after ``patience`` seconds.
    """
    directory.create()
    starting = open_private(directory.start_lock)
    try:
        deadline = time.monotonic() + patience
        if not wait_for(lambda: try_lock(starting, fcntl.LOCK_EX), patience):
            raise EngineProcessError(
                f"expected to start an engine in {patience:g} s, got another start under way"
            )
        state = engine_state(directory)
        if state is EngineState.HUNG:
            raise EngineProcessError(
                f"expected a free world in {directory.path}, got a hung engine; cockpit flatten takes over its work"
            )
        logged = log_size(directory)
        child = _start(argv, directory, environment or {}) if state is EngineState.NONE else None
        pid = _wait_until_it_answers(directory, child, deadline, logged)
        if child is not None:
            _reap(child)
        return pid
    finally:
        os.close(starting)


def spawn_leashed(
    argv: Sequence[str], directory: WorldDirectory, patience: float = 15.0
) -> "subprocess.Popen[bytes]":
    """Start an engine that ends with this process, and wait until it answers; nobody else starts one there.

    Its standard input is the leash: closing it lets the engine go. Raises EngineProcessError.
    """
    directory.create()
    logged = log_size(directory)
    child = _start(argv, directory, {}, leash=True)
    try:
        _wait_until_it_answers(directory, child, time.monotonic() + patience, logged)
    except BaseException:
        child.kill()
        child.wait()
        raise
    return child


def spawn_flatten(home: Path, world: World, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start `cockpit flatten` for one world in a process of its own, which outlives this one."""
    argv = [sys.executable, "-m", "cockpit", "flatten", "--home", os.fspath(home), "--world", world.value]
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def spawn_close_report(home: Path, day: date, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start writing the reports of a day's close, in a process of its own: the engine's loop never waits for it."""
    argv = [sys.executable, "-m", "cockpit", "report", "--close", day.isoformat(), "--home", os.fspath(home)]
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def ignore_hangup() -> None:
    """Let a lost terminal and a closed pipe mean nothing to this process; for the engine's main thread."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def wait_for_early(early: EarlyStart, patience: float = 15.0) -> int:
    """Wait until an engine that was begun early answers, and return its pid; raises EngineProcessError."""
    early.is_claimed = True
    try:
        pid = _wait_until_it_answers(early.directory, early.child, time.monotonic() + patience, early.logged)
        _reap(early.child)
        return pid
    finally:
        early.release()


def _reap(child: subprocess.Popen[bytes]) -> None:
    threading.Thread(target=child.wait, name="engine-reaper", daemon=True).start()


def _start(
    argv: Sequence[str],
    directory: WorldDirectory,
    environment: Mapping[str, str],
    *,
    leash: bool = False,
) -> subprocess.Popen[bytes]:
    try:
        return start_detached(argv, directory, environment, leash=leash)
    except OSError as error:
        if error.filename == os.fspath(directory.log):
            raise EngineProcessError(
                f"{directory.log}: expected a log that can be written, got: {error.strerror}"
            ) from error
        raise EngineProcessError(f"expected to start {argv[0]}, got: {error.strerror}") from error


def _wait_until_it_answers(
    directory: WorldDirectory, child: subprocess.Popen[bytes] | None, deadline: float, logged: int
) -> int:
    sender = KillSender(directory, patience=PROBE_SECONDS)
    try:
        while time.monotonic() < deadline:
            if sender.status() is not None and directory.socket.exists():
                identity = read_identity(directory)
                if identity is not None:
                    return identity.pid
            if child is not None and child.poll() is not None and not is_locked(directory):
                raise EngineProcessError(
                    f"the engine did not start: {last_word(directory, logged, child.returncode)}"
                )
            time.sleep(POLL_SECONDS)
    finally:
        sender.close()
    raise EngineProcessError(
        f"expected the engine to answer in time, got silence; {directory.log} ends with: {log_end(directory, logged)}"
    )
