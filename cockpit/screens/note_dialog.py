"""The note that a trader writes to a trade while it is fresh."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from cockpit.screens.dialogs import KILL_HINT, Dialog

_LONGEST = 500


class NoteDialog(Dialog[str | None]):
    """Takes one line; dismissed with it, or with None where nothing is written."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "no note")]

    def __init__(self, trade: str) -> None:
        super().__init__()
        self._trade = trade

    def compose(self) -> ComposeResult:
        """Name the trade, with the field for the note."""
        with Vertical(id="dialog"):
            yield Static(f"Note to {self._trade}", markup=False)
            yield Input(
                placeholder="what to remember; #late #fomo are tags to count by",
                max_length=_LONGEST,
                select_on_focus=False,
                id="note",
            )
            yield Static("enter: write it     escape: no note", classes="hint", markup=False)
            yield Static(KILL_HINT, classes="kill", markup=False)

    def on_mount(self) -> None:
        """Keep the cursor still: nothing blinks on this screen."""
        super().on_mount()
        self.query_one(Input).cursor_blink = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with what was written."""
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """Close without a note."""
        self.dismiss(None)
