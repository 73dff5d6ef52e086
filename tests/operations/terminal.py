"""A terminal with the screen in it: what is painted can be read, keys can be typed, reading can be held up."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.operations.outside import REPOSITORY, Outside, clean_environment, wait_until

KILL: Final = b"\x0b"
"""ctrl+k as a terminal sends it."""
_CURSOR: Final = re.compile(r"\x1b\[(\d*);?(\d*)H")
_ESCAPES: Final = re.compile(
    r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[\]P_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[=>78c]|[\x00-\x09\x0b-\x1f]"
)


class Terminal:
    """One pseudo terminal and the program in it."""

    def __init__(
        self,
        argv: list[str],
        *,
        columns: int = 160,
        rows: int = 45,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # The program's session takes the terminal as its own, so that closing it hangs up as a lost line does.
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=REPOSITORY,
            env=environment or clean_environment(),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one call, no locks
        )
        os.close(slave)
        self._painted = bytearray()
        self._reads = threading.Event()
        self._reads.set()
        self._is_closed = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Return everything painted so far, line by line as it came, without colours."""
        painted = bytes(self._painted).decode(errors="replace")
        return _ESCAPES.sub("", _CURSOR.sub("\n", painted))

    @property
    def painted_bytes(self) -> int:
        """Return how much was read from the terminal."""
        return len(self._painted)

    def wait_text(self, text: str) -> float:
        """Wait until something was painted."""

        def is_there() -> bool:
            if text in self.text:
                return True
            code = self.process.poll()
            assert code is None, f"the screen ended with {code}:\n{self.text[-2_000:]}"
            return False

        return wait_until(is_there, lambda: f"{text!r} on the screen, got:\n{self.text[-4_000:]}", 15.0)

    def type(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self._master, keys)

    def forget(self) -> None:
        """Forget what was painted, so that ``wait_text`` sees news only."""
        self._painted.clear()

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Read nothing that the program paints, as a stalled line does."""
        self._reads.clear()
        try:
            yield
        finally:
            self._reads.set()

    def hang_up(self) -> None:
        """Close the terminal as a dropped line does."""
        if not self._is_closed:
            self._is_closed = True
            self._reads.set()
            self._reader.join(60)
            os.close(self._master)

    def wait_end(self) -> int:
        """Return the program's exit code."""
        wait_until(
            lambda: self.process.poll() is not None, lambda: f"the screen's end, got:\n{self.text[-2_000:]}"
        )
        return int(self.process.wait())

    def _read(self) -> None:
        while not self._is_closed:
            self._reads.wait()
            ready, _, _ = select.select([self._master], [], [], 0.02)
            if not ready or not self._reads.is_set():
                continue
            try:
                content = os.read(self._master, 65_536)
            except OSError:
                return
            if not content:
                return
            self._painted += content


@contextmanager
def terminal(
    place: Outside,
    *words: object,
    columns: int = 160,
    rows: int = 45,
    environment: dict[str, str] | None = None,
) -> Iterator[Terminal]:
    """Open a terminal with ``cockpit WORDS`` in it, and take both away at the end."""
    opened = Terminal(place.argv(*words), columns=columns, rows=rows, environment=environment)
    try:
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.process.kill()
        opened.process.wait()
        opened.hang_up()
