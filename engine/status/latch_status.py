"""The kill latch as a shell shows it: a living engine's memory first, its file where no engine tells."""

from collections.abc import Sequence
from typing import Final

from engine.contract.views import LatchView
from engine.link import KillSender, new_kill_id
from engine.market.clock import isoformat
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchProof, LatchRecord, read_latch

_WORDS: Final = {
    LatchProof.KILLING: "KILLING",
    LatchProof.STUCK: "STUCK",
    LatchProof.FLAT: "FLAT",
    LatchProof.FLAT_BEFORE: "FLAT",
}
_PATIENCE: Final = 0.25
"""Seconds an engine is given to say how its latch is."""


def latched_in_memory(directory: WorldDirectory) -> str:
    """Return the state of the latch in a living engine's memory; empty while it is off, or where nobody tells."""
    sender = KillSender(directory, patience=_PATIENCE)
    try:
        answer = sender.proof(new_kill_id())
    finally:
        sender.close()
    return "" if answer is None else _WORDS.get(answer.proof, "")


def latch_of(directory: WorldDirectory) -> dict[str, object] | None:
    """Return the contract's latch of a world by its file and the engine's kill line; None while it is off."""
    record = read_latch(directory.latch)
    state = latched_in_memory(directory)
    if record is not None:
        return _from_file(record) | ({"state": state} if state else {})
    if not state:
        return None
    reason = "its file is not written"
    return {"state": state, "since": None, "by": "the engine's memory", "reason": reason, "detail": None}


def latch_shown(latch: object, view: LatchView, waiting: Sequence[object]) -> dict[str, object]:
    """Return the latch as a running engine shows it; ``latch`` is what was known before, whose time is the wall's.

    The engine's file may be behind, unreadable or missing: the disk decides nothing while the engine tells.
    """
    known = latch if isinstance(latch, dict) and latch["by"] == view.by else None
    return {
        "state": view.state,
        "since": isoformat(view.since) if known is None else known["since"],
        "by": view.by,
        "reason": view.reason,
        "detail": ", ".join(view.detail) or None,
        "waiting": waiting,
    }


def _from_file(record: LatchRecord) -> dict[str, object]:
    return {
        "state": record.state.value,
        "since": isoformat(record.since),
        "by": record.by,
        "reason": record.reason,
        "detail": record.detail or None,
    }
