"""The one table of actions: bindings, footer, help, command palette and ``docs/keys.md`` all read it.

The kill has no binding id and priority everywhere, so that no keymap can move it and no dialog can hide it.
"""

from typing import Final

from textual.binding import Binding

from cockpit.state.action import Action, KeyScope
from cockpit.state.ladder_keys import LADDER_ACTIONS

__all__ = ["ACTIONS", "Action", "KeyScope", "action_named", "bindings_of", "groups", "keys_document"]


def _trade(
    name: str, keys: tuple[str, ...], shown: str, label: str, description: str, group: str, rank: int = 9
) -> Action:
    return Action(name, keys, shown, label, description, group, KeyScope.TRADE, rank)


def _everywhere(
    name: str, keys: tuple[str, ...], shown: str, label: str, description: str, group: str, rank: int = 9
) -> Action:
    return Action(name, keys, shown, label, description, group, KeyScope.EVERYWHERE, rank)


_SAFETY, _TRADING, _MOVING, _REPLAY, _SCREEN = "Safety", "Trading", "Looking around", "Replay", "Screen"

ACTIONS: Final = (
    Action(
        "kill",
        ("ctrl+k", "f9"),
        "ctrl+k",
        "KILL",
        "Kill switch: cancel every order and close every position now, without asking; also f9.",
        _SAFETY,
        KeyScope.ALWAYS,
        0,
    ),
    _trade(
        "flatten",
        ("F",),
        "F",
        "flatten",
        "Close the selected instrument's whole position: the one named in the footer when you press.",
        _SAFETY,
        0,
    ),
    Action(
        "pause_entries",
        ("p",),
        "p",
        "pause entries",
        "Pause new entries and cancel resting ones, or resume. Stops and exits are never paused.",
        _SAFETY,
        KeyScope.EVERYWHERE,
        1,
    ),
    Action(
        "acknowledge",
        ("a",),
        "a",
        "acknowledge",
        "Acknowledge the alerts in the strip.",
        _SAFETY,
        KeyScope.EVERYWHERE,
        7,
    ),
    _everywhere(
        "drill",
        (),
        "palette",
        "kill drill",
        "Practise the kill on this terminal, in a throw-away market with positions open; timed and recorded.",
        _SAFETY,
    ),
    _trade(
        "take_signal",
        ("enter",),
        "enter",
        "take signal",
        "Take the newest signal that waits for you, with the quantity, risk and stop on its card.",
        _TRADING,
        5,
    ),
    _trade(
        "decline_signal",
        ("x",),
        "x",
        "decline",
        "Let the newest signal that waits for you go, before its seconds are over.",
        _TRADING,
        6,
    ),
    _trade(
        "arm_manual",
        ("m",),
        "m",
        "arm",
        "Arm or disarm your own entries; off at each start and after 10 minutes without use.",
        _TRADING,
        4,
    ),
    _trade(
        "buy",
        ("b",),
        "b",
        "buy",
        "Open a ticket to buy the selected instrument: shows what it comes to, Enter sends it once. Needs m.",
        _TRADING,
        3,
    ),
    _trade(
        "sell",
        ("s",),
        "s",
        "sell",
        "Open a ticket to sell the selected instrument short: shows what it comes to, Enter sends it once. Needs m.",
        _TRADING,
        3,
    ),
    _trade(
        "exit_half",
        ("h",),
        "h",
        "exit half",
        "Close half of the selected position, in whole lots.",
        _TRADING,
        6,
    ),
    _trade(
        "breakeven",
        ("e",),
        "e",
        "breakeven",
        "Move the selected position's stop to entry plus costs.",
        _TRADING,
        6,
    ),
    _trade(
        "tighten",
        ("t",),
        "t",
        "tighten stop",
        "Move the selected position's stop one tick closer.",
        _TRADING,
        8,
    ),
    _trade(
        "adopt",
        ("A",),
        "A",
        "adopt",
        "Put a stop (by the ATR) under the selected external position: ours for exits, never for statistics.",
        _TRADING,
        8,
    ),
    _trade(
        "note",
        ("n",),
        "n",
        "note",
        "Write a note, with #tags, to the selected instrument's newest trade, or to the newest of all.",
        _TRADING,
    ),
    *LADDER_ACTIONS,
    _trade(
        "next_busy",
        ("tab",),
        "tab",
        "next busy",
        "Select the next instrument with a position or a signal that waits; with none, simply the next.",
        _MOVING,
    ),
    _trade("previous", ("comma",), ",", "previous", "Select the instrument above.", _MOVING),
    _trade("next", ("full_stop",), ".", "next", "Select the instrument below.", _MOVING),
    Action(
        "select_number",
        tuple("123456789"),
        "1-9",
        "instrument",
        "Select an instrument by its number in the watchlist.",
        _MOVING,
        KeyScope.TRADE,
        2,
        numbered=True,
    ),
    Action(
        "orders",
        ("o",),
        "o",
        "orders",
        "Show the orders in place of the signals, or of the ladder in a small window.",
        _MOVING,
        KeyScope.TRADE,
        6,
    ),
    _everywhere(
        "auction",
        ("d",),
        "d",
        "auction",
        "Show day type, open type, order flow and every level, each with what it stands on.",
        _MOVING,
        8,
    ),
    _everywhere(
        "performance",
        ("r",),
        "r",
        "performance",
        "Show what the ledger proves so far, with its sample size.",
        _MOVING,
        7,
    ),
    _everywhere(
        "rollout",
        ("u",),
        "u",
        "rollout",
        "Show the stage of real money, each line of the next gate with its evidence, and the kill drill.",
        _MOVING,
        8,
    ),
    _everywhere(
        "preflight",
        ("c",),
        "c",
        "checks",
        "Show the checks before trading; pressed there, make them again. Paper and live.",
        _MOVING,
        7,
    ),
    _everywhere(
        "instruments",
        ("i",),
        "i",
        "instruments",
        "Show what is followed, search for more, follow and let go. Paper and live.",
        _MOVING,
        8,
    ),
    Action(
        "pause_replay",
        ("space",),
        "space",
        "pause market",
        "Hold or continue the market of a demo or replay; orders in flight go on.",
        _REPLAY,
        KeyScope.EVERYWHERE,
        4,
    ),
    Action(
        "slower",
        ("left_square_bracket", "minus"),
        "[",
        "slower",
        "Play a demo or replay slower: max, 30, 10, 5, 2, 1; also −.",
        _REPLAY,
        KeyScope.EVERYWHERE,
        8,
    ),
    Action(
        "faster",
        ("right_square_bracket", "plus", "equals_sign"),
        "]",
        "faster",
        "Play a demo or replay faster: 1, 2, 5, 10, 30, max; also +.",
        _REPLAY,
        KeyScope.EVERYWHERE,
        8,
    ),
    Action(
        "help",
        ("question_mark", "f1"),
        "?",
        "help",
        "Show all keys; also f1.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        1,
    ),
    Action(
        "command_palette",
        ("ctrl+p",),
        "ctrl+p",
        "palette",
        "Find an action by name.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        5,
    ),
    Action(
        "next_theme",
        ("ctrl+t",),
        "ctrl+t",
        "theme",
        "Change the colours: dark, light, high contrast.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        9,
    ),
    Action(
        "redraw",
        ("ctrl+l",),
        "ctrl+l",
        "redraw",
        "Draw the whole screen again.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        9,
    ),
    Action(
        "detach",
        ("q", "ctrl+q"),
        "q",
        "quit",
        "Leave the screen; the engine goes on, unless it was begun with --embedded. Asks when a position is open.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        3,
    ),
    Action(
        "stop_engine",
        ("S",),
        "S",
        "stop engine",
        "End the engine itself: only when flat, with nothing live or in doubt. Asks for a word.",
        _SCREEN,
        KeyScope.EVERYWHERE,
        9,
    ),
)


def action_named(name: str) -> Action:
    """Return one action of the table; raise KeyError for a name it does not hold."""
    for action in ACTIONS:
        if action.name == name:
            return action
    raise KeyError(name)


def bindings_of(*scopes: KeyScope) -> list[Binding]:
    """Return the bindings of all actions of some scopes."""
    return [binding for action in ACTIONS if action.scope in scopes for binding in action.bindings()]


def groups() -> dict[str, list[Action]]:
    """Return the actions by group, in the table's order."""
    found: dict[str, list[Action]] = {}
    for action in ACTIONS:
        found.setdefault(action.group, []).append(action)
    return found


def keys_document() -> str:
    """Return ``docs/keys.md``: the table for readers."""
    lines = [
        "# Keys",
        "",
        "Written by `python -m cockpit.state.actions` from the table in `cockpit/state/actions.py`, which also",
        "makes the bindings, the footer, the help screen (`?`) and the command palette (`ctrl+p`).",
    ]
    for group, actions in groups().items():
        lines += ["", f"## {group}", "", "| key | does | works |", "|---|---|---|"]
        lines += [f"| `{action.shown}` | {action.description} | {action.scope.value} |" for action in actions]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).resolve().parents[2] / "docs" / "keys.md").write_text(keys_document(), encoding="utf-8")
