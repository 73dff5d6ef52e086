"""Frame skipping: a terminal that reads slowly sees fewer frames, and the screen's loop never waits for it.

Built on private parts of Textual 8.2.8, which is pinned exactly.
"""

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    _ScreenBase = Screen[Any]
else:
    _ScreenBase = object

MOST_QUEUED_WRITES: Final = 2
"""More than this and no frame is painted; one frame is up to three writes."""
SLOW_FRAME_SECONDS: Final = 0.2
"""Time between frames while anything is still queued."""


def queued_writes(app: "App[Any]") -> int:
    """Return how many writes wait for the terminal; 0 where there is no real one."""
    writer = getattr(app._driver, "_writer_thread", None)  # noqa: SLF001 - see above
    return 0 if writer is None else int(writer._queue.qsize())  # noqa: SLF001


class FrameSkipper(_ScreenBase):
    """Put before ``Screen`` or ``ModalScreen``: ``class TradeScreen(FrameSkipper, Screen[None])``."""

    _painted_at = 0.0
    skipped_frames = 0
    """Frames that were not painted because the terminal was behind."""

    def _on_timer_update(self) -> None:
        """Paint, unless the terminal is behind; what changed meanwhile is painted with the next frame."""
        queued = queued_writes(self.app)
        now = time.monotonic()
        if queued > MOST_QUEUED_WRITES or (queued and now - self._painted_at < SLOW_FRAME_SECONDS):
            # The timer goes on, so nothing has to be remembered.
            self.skipped_frames += 1
            return
        self._painted_at = now
        super()._on_timer_update()
