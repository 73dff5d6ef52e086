"""All keys, read from the table of actions."""

from collections.abc import Callable
from typing import Final

from cockpit.screens.page import PageScreen
from cockpit.state.actions import ACTIONS, groups
from cockpit.state.model import Model
from cockpit.text.lines import Line, Span, compose, fit, wrap
from cockpit.text.way_back import way_back

_GOES_ON: Final = "Quitting leaves the engine at work; `{back}` attaches again."
_ENDS_TOO: Final = "Quitting ends the engine too: it runs inside this screen."


def paint_help(width: int, *, embedded: bool = False, world: str = "") -> list[Line]:
    """Return every action of the table: key, label, what it does, where it works; then what quitting means.

    ``world`` is the kind of run on the screen, empty while none is known.
    """
    keys = max(len(action.shown) for action in ACTIONS) + 2
    labels = max(len(action.label) for action in ACTIONS) + 2
    lines: list[Line] = [
        compose([], width),
        compose([("KEYS", "title"), ("   escape goes back", "dim")], width),
    ]
    for group, actions in groups().items():
        lines += [compose([], width), compose([(group.upper(), "title")], width)]
        for action in actions:
            room = max(10, width - keys - labels)
            texts = wrap(action.description, room, 3)
            style = "kill" if action.name == "kill" else "key"
            first: list[Span] = [
                (fit(action.shown, keys - 1), style),
                (" ", ""),
                (fit(action.label, labels), "strong"),
            ]
            for index, text in enumerate(texts):
                spans = [*first] if index == 0 else [(" " * (keys + labels), "")]
                lines.append(compose([*spans, (text, "")], width))
    lines += [
        compose([], width),
        compose([("p pauses entries, F closes one instrument, ctrl+k closes everything.", "strong")], width),
        compose([(_ENDS_TOO if embedded else _GOES_ON.format(back=way_back(world)), "dim")], width),
        compose([], width),
    ]
    return lines


class HelpScreen(PageScreen):
    """The keys of every screen."""

    def __init__(self, model: Model, now: Callable[[], float], *, embedded: bool, ascii_signs: bool) -> None:
        super().__init__(model, now, ascii_signs=ascii_signs)
        self._embedded = embedded

    def text_lines(self, width: int) -> list[Line]:
        """Return the table of keys."""
        view = self.model.view
        return paint_help(width, embedded=self._embedded, world="" if view is None else view.header.world)
