"""Closing what an engine holds that is not in its place any more: its home was removed, renamed or replaced."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import config
from engine.home import WorldDirectory
from engine.latch import Proof
from engine.link import KillSender, Way, new_kill_id
from engine.process import HUNG_AFTER
from engine.register import Living
from engine.standing import engines_astray

_POLL_SECONDS: Final = 0.05
_UNHEARD: Final = 3.0
"""Seconds without an answer after which an engine counts as silent."""


def flatten_engines_astray(
    directory: WorldDirectory,
    settings: config.Settings,
    *,
    patience: float | None,
    say: Callable[[str], None] = lambda _: None,
) -> list[tuple[bool, str]]:
    """Close what engines of a world's home or account hold that are not in its place any more; none is the rule."""
    return [
        flatten_astray(living, patience=patience, say=say) for living in engines_astray(directory, settings)
    ]


def flatten_astray(
    living: Living, *, patience: float | None, say: Callable[[str], None] = lambda _: None
) -> tuple[bool, str]:
    """Kill over the second address of an engine's line; return (whether the broker confirmed flat, what happened)."""
    entry = living.entry
    whose = f"engine {entry.pid}, begun in {entry.home}"
    place = WorldDirectory(entry.world, Path(entry.home) / entry.world.value)
    sender = KillSender(place, address=living.kill_socket)
    kill_id = new_kill_id()
    began = heard = time.monotonic()
    try:
        sender.kill(kill_id, Way.SHELL)
        say(f"{whose}, was told to close everything")
        while patience is None or time.monotonic() < began + patience:
            answer = sender.proof(kill_id)
            if answer is not None and answer.proof is Proof.FLAT:
                return True, f"FLAT: {whose}, closed everything and the broker confirmed it; latched there"
            if answer is not None and answer.loop_age < HUNG_AFTER:
                heard = time.monotonic()
            elif time.monotonic() > heard + _UNHEARD:
                return False, (
                    f"NOT FLAT: {whose}, does not answer, and its home is not in its place: put it back and call "
                    f"`cockpit flatten` again, or close by the broker's app or phone, then end process {entry.pid}"
                )
            time.sleep(_POLL_SECONDS)
        return False, f"NOT FLAT after {patience:g} s: {whose}, goes on closing"
    except KeyboardInterrupt:
        return False, f"NOT FLAT, interrupted: {whose}, goes on closing"
    finally:
        sender.close()
