"""What stands in the terminal while an engine starts: for whom we wait, for how long, and what it is busy with."""

import os
import time
from collections.abc import Callable
from typing import Final, TextIO

from cockpit.text.lines import fit

_CLEAR: Final = "\r\x1b[K"
_SHORTEST: Final = 20


class StartingLine:
    """One line that is written over itself; on a stream that is no terminal it is written once.

    ``word`` gives what the engine was last busy with, or nothing where it has not said.
    """

    def __init__(
        self,
        stream: TextIO,
        title: str,
        usual: str,
        word: Callable[[], str],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._title = title
        self._usual = usual
        self._word = word
        self._now = now
        self._began = now()
        self._is_terminal = stream.isatty()
        self._is_shown = False

    def show(self) -> None:
        """Write the line as it is now."""
        if not self._is_terminal:
            if not self._is_shown:
                self._stream.write(f"{self._title} …\n")
            self._is_shown = True
            return
        said = self._word() or self._usual
        parts = [self._title, f"{int(self._now() - self._began)} s", *([said] if said else [])]
        text = " · ".join(parts)
        width = max(_SHORTEST, self._width() - 1)
        self._stream.write(_CLEAR + fit(text, min(width, len(text))))
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Take the line away: the screen, or a reason, comes in its place."""
        if self._is_shown and self._is_terminal:
            self._stream.write(_CLEAR)
            self._stream.flush()
        self._is_shown = False

    def leave(self, text: str) -> None:
        """Put a last sentence in the line's place."""
        self.clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            return 80
