"""Command lines as processes of their own that begin with the program's modules read: a start costs a fork.

One process per worker reads the modules and then only forks. Everything else is as in a process begun anew: its own
memory, files, environment, session and signals. What a start itself does is not seen by these: tests of it begin one.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NoReturn

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_LONGEST: Final = 200_000
"""Bytes of a request: a command line and an environment."""
_STARTS: Final = 60.0


class PreparedProcess:
    """One command line as a process; as much of ``subprocess.Popen`` as tests ask for."""

    def __init__(self, server: "_Server", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ended(self.pid, 0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended once it has. Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = 1.0 if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self.returncode = self._server.ended(self.pid, min(left, 1.0))
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        """End it as a crash would; nothing where it has ended."""
        if self.poll() is None:
            self._server.kill(self.pid)


def start(
    argv: Sequence[str],
    environment: Mapping[str, str],
    files: tuple[IO[bytes], IO[bytes], IO[bytes]],
    *,
    new_session: bool = False,
) -> PreparedProcess:
    """Begin ``python -m cockpit`` with these words; the files become its input, output and errors."""
    with _servers_lock:
        if not _servers:
            _servers.append(_Server())
    return _servers[0].start(
        {"argv": list(argv), "environment": dict(environment), "new_session": new_session},
        [file.fileno() for file in files],
    )


class _Server:
    """The process that forks, as its one client has it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from tests.prepared import main; main()", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                cwd=_REPOSITORY,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._lock = threading.RLock()
        self._ended: dict[int, int] = {}
        self._begun: list[int] = []

    def start(self, request: dict[str, Any], files: list[int]) -> PreparedProcess:
        with self._lock:
            body = json.dumps(request).encode()
            assert len(body) < _LONGEST, "expected a short command line"
            socket.send_fds(self._line, [body], files)
            deadline = time.monotonic() + _STARTS
            while not self._begun:
                assert time.monotonic() < deadline, "the process that forks gave no answer"
                self._hear(1.0)
            return PreparedProcess(self, self._begun.pop())

    def ended(self, pid: int, patience: float) -> int | None:
        """Return how a process ended, waiting a while for it; None while it runs."""
        with self._lock:
            self._hear(0.0)
        if pid not in self._ended and patience:
            time.sleep(min(patience, 0.01))
            with self._lock:
                self._hear(0.0)
        return self._ended.get(pid)

    def kill(self, pid: int) -> None:
        with self._lock:
            self._line.send(json.dumps({"kill": pid}).encode())

    def close(self) -> None:
        """Close its line, which is its end, and wait for that."""
        self._line.close()
        self._process.wait()

    def _hear(self, patience: float) -> None:
        self._line.settimeout(patience)
        with contextlib.suppress(BlockingIOError, TimeoutError):
            while True:
                news = json.loads(self._line.recv(_LONGEST))
                if "begun" in news:
                    self._begun.append(news["begun"])
                    return
                self._ended[news["pid"]] = news["code"]
                self._line.settimeout(0.0)


_servers: list[_Server] = []
_servers_lock = threading.Lock()


@atexit.register
def _end() -> None:
    """End the process that forks with the worker whose it is."""
    while _servers:
        _servers.pop().close()


def main() -> NoReturn:
    """Read the program's modules, then fork for each request until the line is closed."""
    import engine.host.engine_host
    import engine.operations.account_desk
    import engine.operations.desk
    import engine.operations.flatten
    import engine.operations.rearm  # noqa: F401
    from cockpit.cli import main as cockpit

    line = socket.socket(fileno=int(sys.argv[1]))
    words = _serve(line)
    line.close()
    sys.argv = ["cockpit", *words]
    sys.exit(cockpit(words))


def _serve(line: socket.socket) -> list[str]:
    """Return the words of a command line in a process forked for it."""
    running: set[int] = set()
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([line, wake], [], [])
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                wake.recv(4_096)
            _tell_ended(line, running)
        if line not in ready:
            continue
        body, files, _, _ = socket.recv_fds(line, _LONGEST, 3)
        if not body:
            sys.exit(0)
        request = json.loads(body)
        if "kill" in request:
            if request["kill"] in running:
                os.kill(request["kill"], signal.SIGKILL)
            continue
        pid = os.fork()
        if pid:
            running.add(pid)
            for file in files:
                os.close(file)
            line.send(json.dumps({"begun": pid}).encode())
            continue
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        wake.close()
        waker.close()
        _become(request, files)
        words: list[str] = request["argv"]
        return words


def _tell_ended(line: socket.socket, running: set[int]) -> None:
    for pid in tuple(running):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            running.discard(pid)
            line.send(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Take on what a process of its own begins with."""
    if request["new_session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
