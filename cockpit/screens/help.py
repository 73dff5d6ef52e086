"""All keys, read from the table of actions."""

from cockpit.keys import ACTIONS, groups
from cockpit.lines import Line, Span, compose, fit, wrap
from cockpit.screens.page import PageScreen


def paint_help(width: int) -> list[Line]:
    """Return every action of the table: key, label, what it does, where it works."""
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
        compose([("Quitting leaves the engine at work; `cockpit` attaches again.", "dim")], width),
        compose([], width),
    ]
    return lines


class HelpScreen(PageScreen):
    """The keys of every screen."""

    def text_lines(self, width: int) -> list[Line]:
        """Return the table of keys."""
        return paint_help(width)
