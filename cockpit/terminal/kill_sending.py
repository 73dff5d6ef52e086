"""The kill key's two paths: the input thread sends at once, the screen's binding sends again with the same id."""

import threading
import time
from collections.abc import Callable

from engine.link import new_kill_id
from engine.link.line import KillSwitch


class KillKey:
    """One key, pressed in the input thread (``press``) and seen a moment later by the screen (``repeat``).

    Each press has an id of its own: the engine acts on an id once, and a second kill after a rearm must count.
    """

    def __init__(self, switch: KillSwitch, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._switch = switch
        self._monotonic = monotonic
        self._pressed: int | None = None
        self._lock = threading.Lock()
        self._unseen: bytes | None = None
        self._sender: threading.Thread | None = None
        self._sending = b""

    @property
    def first_pressed(self) -> int | None:
        """When it was first pressed, microseconds of the machine's monotonic clock; None while it never was."""
        return self._pressed

    def _note_press(self) -> None:
        if self._pressed is None:
            self._pressed = self._monotonic() // 1_000

    def press(self) -> None:
        """Send the kill now. For the input thread; waits no longer than the switch does."""
        self._note_press()
        kill_id = new_kill_id()
        with self._lock:
            self._unseen = kill_id
        self._switch.kill(kill_id)

    def repeat(self) -> bytes:
        """Send the press that the input thread saw, or a new one where it cannot see, and return its id.

        For the screen's loop: sends from a thread of its own and waits for nothing.
        """
        self._note_press()
        with self._lock:
            kill_id, self._unseen = self._unseen, None
        if self._sender is not None and self._sender.is_alive():
            return kill_id or self._sending
        self._sending = kill_id or new_kill_id()
        self._sender = threading.Thread(
            target=self._switch.kill, args=(self._sending,), name="kill-key", daemon=True
        )
        self._sender.start()
        return self._sending
