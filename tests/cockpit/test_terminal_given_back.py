"""What a screen that is told to end leaves behind: the terminal as it was."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from tests.link.samples import wait_until

LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?1004l")
"""The other picture left, the cursor shown; mouse, marked pastes and focus not told any more."""


@pytest.mark.parametrize("stalled", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_screen_that_is_told_to_end_gives_the_terminal_back_even_one_that_reads_nothing(
    number: signal.Signals, stalled: bool, tmp_path: Path
) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (45, 160))
    before = termios.tcgetattr(slave)
    painted = bytearray()
    reads = threading.Event()
    reads.set()

    def read() -> None:
        try:
            while reads.wait() and (data := os.read(master, 65_536)):
                painted.extend(data)
        except OSError:
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "--home", os.fspath(tmp_path / "home"), "demo", "--embedded"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    try:
        wait_until(lambda: b"\x1b[?1049h" in painted and painted.count(b"\x1b[") > 500, 60)
        assert not termios.tcgetattr(slave)[3] & termios.ECHO
        if stalled:
            reads.clear()
            wait_until(lambda: not select.select([], [slave], [], 0)[1], 60)
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        assert termios.tcgetattr(slave) == before
        assert b"Traceback" not in painted
        if stalled:
            return
        wait_until(
            lambda: all(bytes(painted).rfind(sign) > painted.rfind(b"\x1b[?1049h") for sign in LEFT),
            20,
        )
    finally:
        reads.set()
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(slave)
        reader.join(60)
        os.close(master)
