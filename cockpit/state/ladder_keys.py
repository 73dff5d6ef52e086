"""The ladder's part of the table of actions: pointing at a price and moving the window; nothing here asks anything."""

from typing import Final

from cockpit.state.action import Action, KeyScope


def _ladder(name: str, keys: tuple[str, ...], shown: str, label: str, description: str) -> Action:
    return Action(name, keys, shown, label, description, "Ladder", KeyScope.TRADE, 9)


LADDER_ACTIONS: Final = (
    _ladder(
        "cursor_up",
        ("up",),
        "↑",
        "cursor up",
        "Point at the ladder's next row above; the first time, from the last price. A click points, too.",
    ),
    _ladder("cursor_down", ("down",), "↓", "cursor down", "Point at the ladder's next row below."),
    _ladder("cursor_far_up", ("shift+up",), "shift+↑", "ten up", "Point ten rows higher."),
    _ladder("cursor_far_down", ("shift+down",), "shift+↓", "ten down", "Point ten rows lower."),
    _ladder(
        "level_above",
        ("right",),
        "→",
        "level above",
        "Point at the next level, order, stop or target above.",
    ),
    _ladder(
        "level_below",
        ("left",),
        "←",
        "level below",
        "Point at the next level, order, stop or target below.",
    ),
    _ladder("cursor_away", ("escape",), "esc", "cursor away", "Point at nothing any more."),
    _ladder(
        "ladder_up",
        ("pageup",),
        "pgup",
        "ladder up",
        "Scroll the ladder to higher prices and hold it; the wheel scrolls, too.",
    ),
    _ladder("ladder_down", ("pagedown",), "pgdn", "ladder down", "Scroll to lower prices and hold."),
    _ladder(
        "centre",
        ("home",),
        "home",
        "centre",
        "Put the last price in the middle and let the ladder follow it again.",
    ),
)
"""The actions of the ladder, in the order of the help."""
