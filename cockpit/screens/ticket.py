"""The ticket over the trade screen: keys change it, the engine says what it would come to, Enter sends it once."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from cockpit.screens.dialogs import KILL_HINT, Dialog
from cockpit.screens.painted import Flushed
from cockpit.state.ticket import Ticket
from cockpit.text.signs import ascii_only
from cockpit.widgets.ticket_lines import HINTS, ticket_lines

_LEAST_WIDTH = 60
"""Columns below which lines would be broken too often to be read."""


class TicketDialog(Flushed, Dialog[None]):
    """Shows one ticket. ``ask`` asks the engine of it; ``send`` sends what is painted, or says why not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("enter", "send", "send"),
        Binding("tab", "move(1)", "next line"),
        Binding("shift+tab", "move(-1)", "line before"),
        Binding("up", "step(1)", "up"),
        Binding("down", "step(-1)", "down"),
        Binding("shift+up", "step(10)", "up ten"),
        Binding("shift+down", "step(-10)", "down ten"),
        Binding("r", "share", "share of the risk"),
        Binding("y", "kind", "order type"),
        Binding("u", "unit", "unit"),
        Binding("backspace", "type('')", "take back"),
        Binding("full_stop", "type('.')", "point"),
        *(Binding(str(digit), f"type('{digit}')", str(digit)) for digit in range(10)),
    ]

    def __init__(
        self,
        ticket: Ticket,
        *,
        now: Callable[[], float],
        ask: Callable[[], None],
        send: Callable[[], None],
        left: Callable[[], None],
    ) -> None:
        super().__init__()
        self._ticket = ticket
        self._now = now
        self._ask = ask
        self._send = send
        self._left = left
        self._text = ""

    def compose(self) -> ComposeResult:
        """Lay out what is painted, and what the keys do."""
        with Vertical(id="dialog"):
            yield Static("", id="ticket", markup=False)
            yield Static("\n".join(HINTS), classes="hint", markup=False)
            yield Static(KILL_HINT, classes="kill", markup=False)

    def on_mount(self) -> None:
        """Paint at once, and let a window that comes back be read first."""
        super().on_mount()
        self.watch(self.app, "app_focus", self._refocused, init=False)
        self.flush()

    def flush(self) -> None:
        """Paint the ticket; only what stands here may be sent."""
        frame = self.query_one("#dialog")
        self._ticket.hidden = frame.outer_size.height > self.size.height or self.size.width < _LEAST_WIDTH
        self._ticket.painted = self._ticket.answered
        text = "\n".join(ticket_lines(self._ticket, self._now()))
        if text != self._text:
            self._text = text
            self.query_one("#ticket", Static).update(ascii_only(text) if self.has_class("ascii") else text)

    def on_paste(self, event: events.Paste) -> None:
        """Take nothing that was pasted."""
        event.stop()

    def _refocused(self) -> None:
        self._ticket.disturbed(self._now())

    def _changed(self) -> None:
        self._ask()
        self.flush()

    def action_leave(self) -> None:
        """Leave without sending."""
        self._left()
        self.dismiss(None)

    def action_send(self) -> None:
        """Send what is painted, once."""
        self._send()
        self.flush()

    def action_move(self, by: int) -> None:
        """Go to the next line or the one before."""
        if not self._ticket.sent:
            self._ticket.move(by, self._now())
            self._changed()

    def action_step(self, by: int) -> None:
        """Change the figure of the line."""
        if not self._ticket.sent:
            self._ticket.step(by, self._now())
            self._changed()

    def action_type(self, sign: str) -> None:
        """Type into the line."""
        if not self._ticket.sent:
            self._ticket.type(sign, self._now())
            self.flush()

    def action_share(self) -> None:
        """Take the next share of the risk."""
        if not self._ticket.sent:
            self._ticket.cycle_share(self._now())
            self._changed()

    def action_kind(self) -> None:
        """Take the next order type."""
        if not self._ticket.sent:
            self._ticket.cycle_kind(self._now())
            self._changed()

    def action_unit(self) -> None:
        """Take the next unit of a stop or target."""
        if not self._ticket.sent:
            self._ticket.cycle_unit(self._now())
            self._changed()
