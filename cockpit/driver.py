"""The terminal's driver, with the kill keys caught in the input thread, where no stalled output can hold them.

Built on private parts of Textual 8.2.8, which is pinned exactly.
"""

import logging
from collections.abc import Callable
from typing import Final

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

KILL_KEYS: Final = frozenset({"ctrl+k", "f9"})

_SAME_KEY_BY_OTHER_NAMES: Final = frozenset({"ctrl+K", "ctrl+shift+k", "alt+ctrl+k", "ctrl+\x0b"})
"""Terminals with the plain protocol send one byte for all of these, so they mean the kill everywhere."""
MOST_QUEUED_WRITES: Final = 1_000
"""Frames are skipped long before (``cockpit.frames``); this is room for a bell or a title during a stall."""

_logger: Final = logging.getLogger(__name__)


def make_driver(kill: Callable[[], object], *, most_queued_writes: int = MOST_QUEUED_WRITES) -> type[Driver]:
    """Return a driver class that calls ``kill`` in the input thread on every kill key, then passes the key on.

    ``kill`` must be quick and harmless when repeated. Also, unreadable input costs its own bytes and not the keyboard,
    and a terminal that does not read blocks the screen's loop only after ``most_queued_writes``.
    """

    class KillDriver(LinuxDriver):
        """A terminal whose kill keys work while its output is stalled."""

        unreadable_inputs = 0

        def process_message(self, message: Message) -> None:
            if isinstance(message, Key):
                if message.key in _SAME_KEY_BY_OTHER_NAMES:
                    message = Key("ctrl+k", None)
                if message.key in KILL_KEYS:
                    _press(kill)
            super().process_message(message)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            if self._writer_thread is not None:
                self._writer_thread._queue.maxsize = most_queued_writes  # noqa: SLF001 - see above

        def run_input_thread(self) -> None:
            while True:
                try:
                    super().run_input_thread()
                except ValueError:
                    # Bytes that are no UTF-8 and key codes that are no numbers end Textual's parser.
                    self.unreadable_inputs += 1
                    _logger.warning("unreadable input from the terminal: %d so far", self.unreadable_inputs)
                else:
                    return

    return KillDriver


def _press(kill: Callable[[], object]) -> None:
    try:
        kill()
    except Exception:
        _logger.exception("the kill key could not be sent from the input thread; the screen sends it too")
