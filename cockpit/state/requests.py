"""What each trading key asks of the engine, as pure functions of what the screen shows at the press.

A wish is a command with its name for the person; where there is nothing to ask, a sentence says why.
"""

import math
from dataclasses import dataclass
from typing import Final

from cockpit.state.model import Model
from cockpit.state.phrases import held_text, waits
from cockpit.state.ticket import Ticket, open_ticket
from cockpit.text.formatting import speed
from engine.contract.commands import (
    AdoptPosition,
    ArmManual,
    Command,
    DeclineSignal,
    ExitPosition,
    Follow,
    MoveToBreakeven,
    NoteTrade,
    PauseEntries,
    PauseReplay,
    RunPreflight,
    SetReplaySpeed,
    Side,
    TakeSignal,
    TightenStop,
    Unfollow,
)
from engine.contract.replay_speeds import SPEEDS
from engine.contract.views import NotableTrade, PositionRow, ScreenView, SignalCard, WatchRow

_SILENT: Final = "the engine has not spoken yet"


@dataclass(frozen=True, slots=True)
class Wish:
    """A command and how it is called on the screen until its answer comes."""

    command: Command
    name: str


def flatten(model: Model, command_id: str) -> Wish | str:
    """Close the selected instrument's whole position, as the footer names it."""
    position = _position(model, "flatten")
    if isinstance(position, str):
        return position
    return Wish(ExitPosition(command_id, position.instrument), f"flatten {held_text(position)}")


def exit_half(model: Model, command_id: str) -> Wish | str:
    """Close half of the selected position."""
    position = _position(model, "exit half")
    if isinstance(position, str):
        return position
    return Wish(
        ExitPosition(command_id, position.instrument, half=True), f"exit half of {held_text(position)}"
    )


def breakeven(model: Model, command_id: str) -> Wish | str:
    """Move the selected position's stop to entry plus costs."""
    position = _position(model, "breakeven")
    if isinstance(position, str):
        return position
    return Wish(MoveToBreakeven(command_id, position.instrument), f"breakeven {position.symbol}")


def adopt(model: Model, command_id: str) -> Wish | str:
    """Put a stop under the selected external position: it is ours for exits from then on."""
    position = _position(model, "adopt")
    if isinstance(position, str):
        return position
    if not position.external or position.stop is not None:
        return f"adopt: {position.symbol} is ours already"
    return Wish(AdoptPosition(command_id, position.instrument), f"adopt {held_text(position)}")


def tighten(model: Model, command_id: str) -> Wish | str:
    """Move the selected position's stop one tick closer to the market."""
    position = _position(model, "tighten stop")
    if isinstance(position, str):
        return position
    if position.stop is None:
        return f"tighten stop: {position.symbol} has no stop to tighten"
    wished = position.stop + (position.tick if position.quantity > 0 else -position.tick)
    return Wish(TightenStop(command_id, position.instrument, wished), f"tighten {position.symbol}")


def pause_entries(model: Model, command_id: str) -> Wish | str:
    """Pause new entries, or resume them."""
    if model.view is None:
        return _SILENT
    paused = bool(model.view.header.paused)
    return Wish(PauseEntries(command_id, not paused), "resume entries" if paused else "pause entries")


def take_signal(model: Model, command_id: str) -> Wish | str:
    """Take the newest signal that waits for the trader."""
    card = _waiting(model, "take signal")
    if isinstance(card, str):
        return card
    return Wish(TakeSignal(command_id, card.id), f"take {card.setup} {card.symbol}")


def decline_signal(model: Model, command_id: str) -> Wish | str:
    """Let the newest signal that waits for the trader go."""
    card = _waiting(model, "decline")
    if isinstance(card, str):
        return card
    return Wish(DeclineSignal(command_id, card.id), f"decline {card.setup} {card.symbol}")


def arm_manual(model: Model, command_id: str) -> Wish | str:
    """Arm the trader's own entries, or disarm them."""
    if model.view is None:
        return _SILENT
    armed = model.view.header.manual_armed
    return Wish(ArmManual(command_id, not armed), "disarm manual entry" if armed else "arm manual entry")


def ticket(model: Model, side: Side, now: float) -> Ticket | str:
    """Return a ticket for the selected instrument at the price that is pointed at, else at its last."""
    if model.view is None:
        return _SILENT
    row = model.selected_row
    return "no instrument is selected" if row is None else open_ticket(row, side, model.cursor_price, now)


def notable(model: Model) -> NotableTrade | str:
    """Return the trade that a note goes to: the selected instrument's newest, else the newest of all."""
    if model.view is None:
        return _SILENT
    trades = model.view.notable
    row = model.selected_row
    own = [trade for trade in trades if row is not None and trade.instrument == row.key]
    return next(iter((*own, *trades)), "note: nothing was traded in this run yet")


def note(command_id: str, trade: NotableTrade, text: str) -> Wish:
    """Write a note to a trade; its words that begin with # are tags."""
    words = text.split()
    tags = tuple(word[1:] for word in words if word.startswith("#"))
    rest = " ".join(word for word in words if not word.startswith("#"))
    return Wish(NoteTrade(command_id, "", trade.id, rest or " ".join(tags), tags), f"note to {trade.told}")


def pause_replay(model: Model, command_id: str) -> Wish | str:
    """Hold the market of a demo or replay, or let it go on."""
    view = _replay(model, "pause market")
    if isinstance(view, str):
        return view
    paused = view.header.replay_paused
    return Wish(PauseReplay(command_id, not paused), "continue market" if paused else "pause market")


def change_speed(model: Model, command_id: str, by: int) -> Wish | str:
    """Play a demo or replay one step faster (positive) or slower."""
    view = _replay(model, "speed")
    if isinstance(view, str):
        return view
    wished = next_speed(view.header.speed, by)
    if wished == view.header.speed:
        return f"speed is {speed(wished)} already"
    return Wish(SetReplaySpeed(command_id, wished), f"speed {speed(wished)}")


def next_speed(current: int, by: int) -> int:
    """Return the next faster (positive) or slower step from any speed; the last step stays."""

    def pace(step: int) -> float:
        return step or math.inf

    beyond = [
        step for step in SPEEDS if (pace(step) > pace(current) if by > 0 else pace(step) < pace(current))
    ]
    return current if not beyond else beyond[0] if by > 0 else beyond[-1]


def check_again(model: Model, command_id: str) -> Wish | str:
    """Make the checks before trading again."""
    problem = _without_broker(model, "checks")
    return problem or Wish(RunPreflight(command_id), "checks")


def follow(model: Model, command_id: str, text: str) -> Wish | str:
    """Follow one more instrument: its key, symbol or alias."""
    name = " ".join(text.split())
    problem = _without_broker(model, "follow")
    return problem or Wish(Follow(command_id, name), f"follow {name}")


def unfollow(model: Model, command_id: str, row: WatchRow) -> Wish | str:
    """Take an instrument off the watchlist of this run."""
    problem = _without_broker(model, "unfollow")
    return problem or Wish(Unfollow(command_id, row.key), f"unfollow {row.symbol}")


def _without_broker(model: Model, wish: str) -> str:
    """Return why a wish needs a broker that this world has not; empty where there is one."""
    if model.view is None:
        return _SILENT
    world = model.view.header.world
    return "" if world in ("paper", "live") else f"{wish}: only in paper and live, this is {world}"


def _position(model: Model, wish: str) -> PositionRow | str:
    if model.view is None:
        return _SILENT
    position = model.selected_position
    if position is None:
        row = model.selected_row
        return f"{wish}: no position in {row.symbol if row is not None else 'any instrument'}"
    return position


def _waiting(model: Model, wish: str) -> SignalCard | str:
    if model.view is None:
        return _SILENT
    card = next((card for card in model.view.signals if waits(card)), None)
    return card if card is not None else f"{wish}: none waits for you"


def _replay(model: Model, wish: str) -> ScreenView | str:
    if model.view is None:
        return _SILENT
    world = model.view.header.world
    if world not in ("simulated", "replay"):
        return f"{wish}: only in demo and replay, this is {world}"
    return model.view
