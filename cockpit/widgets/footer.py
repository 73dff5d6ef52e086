"""The footer: the table's keys, the instrument that F would flatten, and the kill key with its scope, always."""

from cockpit.state.actions import ACTIONS, KeyScope
from cockpit.state.model import Model
from cockpit.state.phrases import held_text
from cockpit.text.lines import Line, Span, choose, compose, length, spread


def kill_text(model: Model) -> str:
    """Return what the kill key would close: ``KILL 3 · leaves 2``; a question mark before the first view.

    What an ended engine would have closed is no count any more once the broker said flat.
    """
    if model.is_struck_out:
        return "KILL"
    if model.view is None:
        return "KILL ?"
    scope = model.view.kill_scope
    orders = f" +{scope.orders} orders" if scope.orders and not scope.positions else ""
    leaves = f" · leaves {scope.left_outside}" if scope.left_outside else ""
    return f"KILL {scope.positions}{orders}{leaves}"


def paint_footer(model: Model, width: int, *scopes: KeyScope) -> Line:
    """Return the keys of these scopes, as many as fit by rank, and the kill at the right end."""
    view = model.view
    kill: list[Span] = [(f" ctrl+k {kill_text(model)} ", "kill")]
    replayed = view is not None and view.header.world in ("simulated", "replay")
    parts: list[tuple[int, list[Span]]] = []
    for action in ACTIONS:
        if action.scope not in scopes or action.rank > 8:
            continue
        label = action.label
        if action.group == "Replay" and not replayed:
            continue
        style = "dim"
        if action.name == "flatten":
            position = model.selected_position
            label = f"flatten {held_text(position)}"
            style = "entry" if position is not None else "dim"
        elif action.name == "pause_entries" and view is not None and view.header.paused:
            label = "resume entries"
        elif action.name == "arm_manual" and view is not None and view.header.manual_armed:
            label = "disarm"
        elif action.name == "pause_replay" and view is not None and view.header.replay_paused:
            label = "play"
        parts.append((action.rank, [(action.shown, "key"), (f" {label}", style)]))
    left = choose(parts, width - length(kill) - 2, gap=2)
    return spread(compose([(" ", ""), *left], length(left) + 1), kill, width)
