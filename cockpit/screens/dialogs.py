"""The two questions the screen asks: leaving with a position open, and ending the engine."""

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cockpit.state.phrases import held_text
from cockpit.terminal.frame_skipper import FrameSkipper
from cockpit.text.lines import fit
from cockpit.text.signs import ascii_only
from cockpit.text.way_back import way_back
from engine.contract.views import ScreenView, StopStatus

KILL_HINT = " ctrl+k KILL works here too "
STOP_WORD = "STOP"
"""What the trader types to end the engine."""

_WORD_SHOWN = 20

Answer = TypeVar("Answer")


class Dialog(FrameSkipper, ModalScreen[Answer], Generic[Answer]):
    """A question over the screen; dismissed with the answer."""

    def on_mount(self) -> None:
        """Take over the ASCII frame of a poor terminal."""
        self.set_class(self.app.has_class("ascii"), "ascii")


class DetachDialog(Dialog[bool]):
    """Asks before leaving while a position is open, or was open at the engine's last word."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,enter,q", "answer(True)", "leave"),
        ("n,escape", "answer(False)", "stay"),
    ]

    def __init__(self, view: ScreenView, *, ended: bool, embedded: bool) -> None:
        super().__init__()
        self._view = view
        self._ended = ended
        self._embedded = embedded

    def compose(self) -> ComposeResult:
        """Say what goes on without the screen, or what closes the positions where nothing goes on."""
        question, consequence = self._words()
        with Vertical(id="dialog"):
            yield Static(question, markup=False)
            yield Static(consequence, markup=False)
            yield Static("y or enter: leave     n or escape: stay", classes="hint", markup=False)
            yield Static(KILL_HINT, classes="kill", markup=False)

    def action_answer(self, leave: bool) -> None:
        """Close with the answer."""
        self.dismiss(leave)

    def _words(self) -> tuple[str, str]:
        count = len(self._view.positions)
        one, back = count == 1, way_back(self._view.header.world)
        if not self._ended:
            held = "1 position is open." if one else f"{count} positions are open."
            guarded = f"The engine goes on and guards them; `{back}` brings this screen back."
            return f"{held} Leave the screen?", self._left_alone() if self._embedded else guarded
        held = "1 position was open" if one else f"{count} positions were open"
        way_out = f"`cockpit flatten` closes {'it' if one else 'them'} from any shell"
        return (
            f"The engine is gone and {held}; {way_out}, `{back}` brings the engine back.",
            "Leave the screen?",
        )

    def _left_alone(self) -> str:
        """Return what guards the positions once an engine inside the screen has ended with it."""
        rows = self._view.positions
        held, stops = ("the position", "its stop") if len(rows) == 1 else ("the positions", "their stops")
        if self._view.header.world != "live":
            end = "is simulated and ends" if len(rows) == 1 else "are simulated and end"
            return f"The engine ends with this screen: nothing guards {held}: {stops} {end} too."
        naked = ", ".join(held_text(row) for row in rows if row.stop_state is not StopStatus.HELD)
        but = f", and none is held for {naked}" if naked else ""
        return f"The engine ends with this screen: nothing of ours guards {held} but {stops} at the exchange{but}."


class StopDialog(Dialog[bool]):
    """Asks for a word before the engine is ended."""

    DEFAULT_CSS = """
    StopDialog #refusal { color: $ck-warn; text-style: bold; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "answer(False)", "go on")]

    def compose(self) -> ComposeResult:
        """Say what ending means, with the field for the word."""
        with Vertical(id="dialog"):
            yield Static("End the engine? Nothing guards, records or trades after that.", markup=False)
            yield Static(
                "It refuses unless flat, with no order live or in doubt, and no other screen.", markup=False
            )
            yield Input(placeholder=f"type {STOP_WORD} and press enter", select_on_focus=False, id="word")
            yield Static("", id="refusal", markup=False)
            yield Static("escape: let it run", classes="hint", markup=False)
            yield Static(KILL_HINT, classes="kill", markup=False)

    def on_mount(self) -> None:
        """Keep the cursor still: nothing blinks on this screen."""
        super().on_mount()
        self.query_one(Input).cursor_blink = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with yes for the right word; anything else is named and waits on."""
        word = event.value.strip()
        if word == STOP_WORD:
            self.dismiss(True)
            return
        got = fit(word, min(len(word), _WORD_SHOWN)) or "nothing"
        text = f"expected {STOP_WORD}, got {got}; nothing was stopped"
        refusal = self.query_one("#refusal", Static)
        refusal.update(ascii_only(text) if self.has_class("ascii") else text)
        refusal.display = True

    def action_answer(self, stop: bool) -> None:
        """Close with the answer."""
        self.dismiss(stop)
