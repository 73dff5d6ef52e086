"""The driver, the frame skipper and the watchdog on a real terminal, read or not."""

import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cockpit.terminal.watchdog import LOST_TERMINAL_EXIT, TerminalWatchdog
from tests.link.samples import wait_until


@dataclass(frozen=True)
class State:
    beats: int
    queued: int
    skipped: int
    unreadable: int


class Terminal:
    """A pty with the small app in it, whose output is read only while asked."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.directory = directory
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 150))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cockpit.driver_app", str(directory), kind],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self._may_read = threading.Event()
        self._may_read.set()
        self.received = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            self._may_read.wait()
            try:
                self.received += len(os.read(self.master, 65536))
            except OSError:
                return

    def stall(self) -> None:
        self._may_read.clear()

    def go_on(self) -> None:
        self._may_read.set()

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    @property
    def state(self) -> State:
        try:
            return State(*map(int, (self.directory / "state").read_text().split()))
        except FileNotFoundError:
            return State(0, 0, 0, 0)

    def text(self, name: str) -> str:
        path = self.directory / name
        return path.read_text() if path.exists() else ""

    def is_frozen(self) -> bool:
        """Say whether the loop made no beat while its state was told 20 times."""
        before = self.state.beats
        for _ in range(20):
            told = (self.directory / "state").stat().st_mtime_ns
            wait_until(lambda told=told: (self.directory / "state").stat().st_mtime_ns != told)  # type: ignore[misc]
        return self.state.beats == before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def skipping(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, "skipping")
    wait_until(lambda: terminal.state.beats > 5)
    yield terminal
    terminal.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, "plain")
    wait_until(lambda: terminal.state.beats > 5)
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    "key", [b"\x0b", b"\x1b[107;5u", b"\x1b[75;5u", b"\x1b[107;6u", b"\x1b\x0b", b"\x1b[20~"]
)
def test_a_kill_key_is_caught_and_passed_on(skipping: Terminal, key: bytes) -> None:
    skipping.press(key)
    wait_until(lambda: skipping.text("kills") == "k")
    wait_until(lambda: skipping.text("keys").split() in (["ctrl+k"], ["f9"]))


def test_no_other_key_kills(skipping: Terminal) -> None:
    skipping.press(b"k\x0a\x0cK\x1b[20;5~\x1b[200~pasted \x0b\x1b[201~z")
    wait_until(lambda: "z" in skipping.text("keys"))
    assert skipping.text("kills") == ""


def test_a_stalled_terminal_slows_no_loop_and_no_kill(skipping: Terminal) -> None:
    skipping.stall()
    wait_until(lambda: skipping.state.skipped > 20)
    queued = skipping.state.queued
    beats = skipping.state.beats
    wait_until(lambda: skipping.state.beats > beats + 20)
    skipping.press(b"\x0b")
    wait_until(lambda: skipping.text("kills") == "k")
    wait_until(lambda: "ctrl+k" in skipping.text("keys"))
    assert skipping.state.queued <= queued + 10
    skipping.go_on()
    wait_until(lambda: skipping.state.queued == 0)
    skipping.press(b"q")
    assert skipping.process.wait(60) == 0
    assert skipping.text("over")


def test_a_kill_key_is_caught_while_the_loop_is_frozen(plain: Terminal) -> None:
    plain.stall()
    # More than the queue holds: without frame skipping the loop must end up waiting for the terminal.
    wait_until(plain.is_frozen, 60)
    plain.press(b"\x0b")
    wait_until(lambda: plain.text("kills") == "k")
    assert "ctrl+k" not in plain.text("keys")
    plain.go_on()
    wait_until(lambda: "ctrl+k" in plain.text("keys"))


def test_unreadable_input_is_counted_and_the_next_kill_works(skipping: Terminal) -> None:
    for number, noise in enumerate((b"\xff\xfe", b"\x1b[107;1:1;11u"), start=1):
        skipping.press(noise)
        wait_until(lambda wanted=number: skipping.state.unreadable == wanted)  # type: ignore[misc]
    skipping.press(b"\x0b")
    wait_until(lambda: skipping.text("kills") == "k")


@pytest.mark.parametrize(
    "before",
    [b"\x1b[200~half a paste", b"\xe2\x82", b"\x1b[107", b"\x1b[107;1:1;11u"],
    ids=["an unfinished paste", "half a character", "half a sequence", "a sequence that does not read"],
)
def test_nothing_unfinished_swallows_the_kill(skipping: Terminal, before: bytes) -> None:
    skipping.press(before)
    # The terminal's thread has read it, and a quarter of a second went by, once the loop has beaten so often.
    beats = skipping.state.beats
    wait_until(lambda: skipping.state.beats > beats + 25)
    skipping.press(b"\x0b")
    wait_until(lambda: skipping.text("kills") == "k")
    wait_until(lambda: "ctrl+k" in skipping.text("keys"))


def test_a_lost_terminal_ends_a_screen_that_ignores_the_hangup(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "skipping")
    wait_until(lambda: terminal.state.beats > 5)
    terminal.stall()
    os.close(terminal.master)
    assert terminal.process.wait(60) == LOST_TERMINAL_EXIT


def test_a_lost_terminal_ends_a_screen_whose_loop_is_frozen(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "plain")
    wait_until(lambda: terminal.state.beats > 5)
    terminal.stall()
    wait_until(terminal.is_frozen, 60)
    os.close(terminal.master)
    assert terminal.process.wait(60) == LOST_TERMINAL_EXIT


def test_the_watchdog_sleeps_through_keys_and_stops_when_told() -> None:
    master, slave = pty.openpty()
    lost: list[str] = []
    watchdog = TerminalWatchdog(slave, lambda: lost.append("lost"))
    os.write(master, b"keys\n")
    watchdog.close()
    assert lost == []
    for descriptor in (master, slave):
        os.close(descriptor)


def test_the_watchdog_tells_once() -> None:
    master, slave = pty.openpty()
    lost = threading.Event()
    watchdog = TerminalWatchdog(slave, lost.set)
    os.close(master)
    assert lost.wait(60)
    watchdog.close()
    os.close(slave)
