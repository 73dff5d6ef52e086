"""Why each setup traded or not: one note per instrument and setup, whether it spoke or stayed silent."""

from collections.abc import Mapping, Sequence

import msgspec

import config
from engine.auction.values.context import Context
from engine.core.decision import Decision
from engine.setups.common import NOT_READY
from engine.setups.register import SETUPS
from engine.setups.signal import Setup
from engine.system.plain_text import worded


class SetupNote(msgspec.Struct, frozen=True):
    """What one setup made of one instrument's day so far."""

    setup: str
    version: int
    mode: config.Mode
    signals: int
    """Wishes to trade, whatever became of them."""
    taken: int
    refused: int
    """Triggers that the setup itself refused."""
    missing: tuple[str, ...]
    """Inputs that are not ready now."""
    why: str
    """Why it traded or not, in one line."""


def note_setups(
    context: Context,
    rules: Sequence[Setup],
    decisions: Sequence[Decision],
    modes: Mapping[str, config.Mode],
) -> tuple[SetupNote, ...]:
    """Return a note for every setup of the house; ``decisions`` are the instrument's own, oldest first."""
    by_name = {rule.name: rule for rule in rules}
    notes = []
    for kind in SETUPS:
        rule, mode = by_name.get(kind.name), modes[kind.name]
        own = [one for one in decisions if one.setup == kind.name]
        signals = [one for one in own if one.price is not None]
        refused = [one for one in own if one.price is None and not one.about_day]
        missing = () if rule is None else rule.missing(context)
        if mode == "off":
            why = f"off: setups.{kind.setting} switches it on"
        elif not context.instrument.tradable:
            why = "nothing to trade: an index"
        else:
            unseen = next((one.reason for one in own if one.about_day and one.code != NOT_READY), "")
            why = unseen or _why(signals, refused, missing, kind.waits_for)
        notes.append(
            SetupNote(
                setup=kind.name,
                version=kind.version,
                mode=mode,
                signals=len(signals),
                taken=sum(one.taken for one in signals),
                refused=len(refused),
                missing=missing,
                why=why,
            )
        )
    return tuple(notes)


def _why(
    signals: Sequence[Decision], refused: Sequence[Decision], missing: Sequence[str], waits_for: str
) -> str:
    taken = [one for one in signals if one.taken]
    if taken:
        return f"took {len(taken)} of {len(signals)}: {taken[-1].premise}"
    newest = max([*signals, *refused], key=lambda one: one.at, default=None)
    if newest is not None:
        return worded(newest.code, newest.reason)
    if missing:
        return f"not known: {', '.join(missing)}"
    return f"no trigger: it waits for {waits_for}"
