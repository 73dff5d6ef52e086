"""The terminal's driver, with the kill keys caught in the input thread, where no stalled output can hold them.

Built on private parts of Textual 8.2.8, which is pinned exactly.
"""

import logging
import os
import selectors
import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

from cockpit.terminal.kill_byte_input import InputStream, KillByte, Piece

KILL_KEYS: Final = frozenset({"ctrl+k", "f9"})

_SAME_KEY_BY_OTHER_NAMES: Final = frozenset({"ctrl+K", "ctrl+shift+k", "alt+ctrl+k", "ctrl+\x0b"})
"""Terminals with the plain protocol send one byte for all of these, so they mean the kill everywhere."""
MOST_QUEUED_WRITES: Final = 1_000
"""Frames are skipped long before (``cockpit.terminal.frame_skipper``); this is room for a bell or a title."""

_LONGEST_WAIT: Final = 0.05
"""Seconds between two looks at what ends by itself: an unfinished paste, an escape that stands alone."""
_MOST_READ: Final = 4 * 1024
_logger: Final = logging.getLogger(__name__)


class KillDriver(LinuxDriver):
    """A terminal whose kill keys work while its output is stalled and whatever its input is in the middle of."""

    kill: ClassVar[Callable[[], object]]
    most_queued_writes: ClassVar[int]
    unreadable_inputs = 0
    _unreadable_text = 0
    _parser: XTermParser

    def process_message(self, message: Message) -> None:
        """Send the kill for a kill key, then pass every message on."""
        if isinstance(message, Key):
            if message.key in _SAME_KEY_BY_OTHER_NAMES:
                message = Key("ctrl+k", None)
            if message.key in KILL_KEYS:
                _press(type(self).kill)
        super().process_message(message)

    def start_application_mode(self) -> None:
        """Begin, with room for a stall in the writer's queue."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self._writer_thread._queue.maxsize = self.most_queued_writes  # noqa: SLF001 - see above

    def run_input_thread(self) -> None:
        """Read the terminal until the screen ends; nothing that is unfinished holds a kill back."""
        stream = InputStream()
        self._parser = XTermParser(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(_LONGEST_WAIT)
                data = os.read(self.fileno, _MOST_READ) if ready else b""
                now = time.monotonic()
                for piece in stream.take(data, now) if data else stream.due(now):
                    self._take(piece)
                self._feed(self._parser.tick())
                if stream.unreadable > self._unreadable_text:
                    self._unreadable_text = stream.unreadable
                    self._note_unreadable()
                if ready and not data:
                    # The end of an input that is no terminal: it stays readable for ever.
                    self.exit_event.wait(_LONGEST_WAIT)

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, KillByte):
            # Whatever the parser is in the middle of: what it waits for must not swallow the kill.
            self._parser = XTermParser(self._debug)
            self.process_message(Key("ctrl+k", None))
            return
        for character in piece:
            self._feed(self._parser.feed(character))

    def _feed(self, messages: Iterable[Message]) -> None:
        try:
            for message in messages:
                self.process_message(message)
        except ValueError:
            # Key codes that are no numbers end Textual's parser: a new one goes on behind them.
            self._parser = XTermParser(self._debug)
            self._note_unreadable()

    def _note_unreadable(self) -> None:
        self.unreadable_inputs += 1
        _logger.warning("unreadable input from the terminal: %d so far", self.unreadable_inputs)


def make_driver(kill: Callable[[], object], *, most_queued_writes: int = MOST_QUEUED_WRITES) -> type[Driver]:
    """Return a driver class that calls ``kill`` in the input thread on every kill key, then passes the key on.

    ``kill`` must be quick and harmless when repeated. Also, unreadable input costs its own bytes and not the keyboard,
    and a terminal that does not read blocks the screen's loop only after ``most_queued_writes``.
    """

    class Made(KillDriver):
        """The driver of this screen."""

    Made.kill = staticmethod(kill)
    Made.most_queued_writes = most_queued_writes
    return Made


def _press(kill: Callable[[], object]) -> None:
    try:
        kill()
    except Exception:
        _logger.exception("the kill key could not be sent from the input thread; the screen sends it too")
