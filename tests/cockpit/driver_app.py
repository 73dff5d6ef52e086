"""A small app on our driver, for a real terminal: ``python -m tests.cockpit.driver_app DIRECTORY [plain|skipping]``.

It repaints without end and tells, in files of the directory: ``state`` (beats of its loop, writes queued, frames
skipped, unreadable inputs), ``kills`` (one byte for each call in the input thread) and ``keys`` (what reached the app).
"""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Static

from cockpit.terminal.driver import make_driver
from cockpit.terminal.frame_skipper import FrameSkipper, queued_writes
from cockpit.terminal.watchdog import TerminalWatchdog


class PlainScreen(Screen[None]):
    """A screen as Textual makes it."""

    def compose(self) -> ComposeResult:
        yield Static(id="noise")


class SkippingScreen(FrameSkipper, PlainScreen):
    """The same with frame skipping."""


class DriverApp(App[None]):
    """Paints noise, counts beats."""

    CSS: ClassVar[str] = "#noise { height: 100%; }"

    def __init__(self, directory: Path, *, is_skipping: bool) -> None:
        self.directory = directory
        self.beats = 0
        self._first = SkippingScreen() if is_skipping else PlainScreen()
        # Textual's own queue length freezes the plain screen soon.
        most_queued_writes = 1_000 if is_skipping else 30
        super().__init__(
            driver_class=make_driver(lambda: self.note("kills", "k"), most_queued_writes=most_queued_writes)
        )
        threading.Thread(target=self.tell, daemon=True).start()

    def get_default_screen(self) -> Screen[None]:
        return self._first

    def on_mount(self) -> None:
        self.set_interval(1 / 50, self.paint)

    def paint(self) -> None:
        self.beats += 1
        noise = self.query_one("#noise", Static)
        rows = ("".join(chr(33 + (self.beats * 7 + x * y) % 90) for x in range(150)) for y in range(40))
        noise.update("\n".join(rows).replace("[", "("), layout=False)
        if self.beats % 10 == 0:
            self.bell()

    def on_key(self, event: Key) -> None:
        self.note("keys", event.key + " ")
        if event.key == "q":
            self.exit()

    def note(self, name: str, text: str) -> None:
        with (self.directory / name).open("a") as file:
            file.write(text)

    def tell(self) -> None:
        pause = threading.Event()
        while not pause.wait(0.01):
            skipped = getattr(self._first, "skipped_frames", 0)
            unreadable = getattr(self._driver, "unreadable_inputs", 0)
            beside = self.directory / "state.new"
            beside.write_text(f"{self.beats} {queued_writes(self)} {skipped} {unreadable}")
            beside.replace(self.directory / "state")


def main(directory: str, kind: str = "skipping") -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    watchdog = TerminalWatchdog(sys.stdin.fileno())
    DriverApp(Path(directory), is_skipping=kind == "skipping").run()
    watchdog.close()
    (Path(directory) / "over").write_text(str(os.getpid()))


if __name__ == "__main__":
    main(*sys.argv[1:])
