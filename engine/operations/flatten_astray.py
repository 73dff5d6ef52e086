"""Closing what an engine holds that is not in its place any more: its home was removed, renamed or replaced.

One that is silent is taken over like any other: in the place where its home lies now, or, where that is gone and the
settings at hand lead to its broker, there.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.host.liveness import EngineProcessError
from engine.link import KillOrigin, KillSender, new_kill_id
from engine.operations.flatten import flatten_world
from engine.settings.sections import ShellSections
from engine.status import broker_of, engines_astray
from engine.system.process_identity import kill_process
from engine.world.directories import WorldDirectory
from engine.world.engine_register import Living
from engine.world.latch_file import LatchProof

POLL_SECONDS: Final = 0.05
_UNHEARD: Final = 3.0
"""Seconds without an answer after which an engine counts as silent."""


def flatten_engines_astray(
    directory: WorldDirectory,
    settings: ShellSections,
    *,
    patience: float | None,
    say: Callable[[str], None] = lambda _: None,
) -> list[tuple[bool, str]]:
    """Close what engines of a world's home or account hold that are not in its place any more; none is the rule."""
    return [
        flatten_astray(living, directory, settings, patience=patience, say=say)
        for living in engines_astray(directory, settings.upstox)
    ]


def flatten_astray(
    living: Living,
    directory: WorldDirectory,
    settings: ShellSections,
    *,
    patience: float | None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[bool, str]:
    """Kill over the second address of an engine's line; return (whether the broker confirmed flat, what happened).

    ``directory`` and ``settings`` are those of the place in which it is missed.
    """
    entry = living.entry
    whose = f"engine {entry.pid}, begun in {entry.home}"
    place = WorldDirectory(entry.world, Path(entry.home) / entry.world.value)
    sender = KillSender(place, address=living.kill_socket)
    kill_id = new_kill_id()
    began = heard = time.monotonic()
    try:
        sender.kill(kill_id, KillOrigin.SHELL)
        say(f"{whose}, was told to close everything")
        while patience is None or time.monotonic() < began + patience:
            answer = sender.proof(kill_id)
            if answer is not None and answer.proof is LatchProof.FLAT:
                return True, f"FLAT: {whose}, closed everything and the broker confirmed it; latched there"
            if answer is not None and not answer.hung:
                heard = time.monotonic()
            elif time.monotonic() > heard + _UNHEARD:
                return _take_over(living, directory, settings, patience, say)
            time.sleep(POLL_SECONDS)
        return False, f"NOT FLAT after {patience:g} s: {whose}, goes on closing"
    except KeyboardInterrupt:
        return False, f"NOT FLAT, interrupted: {whose}, goes on closing"
    finally:
        sender.close()


def _take_over(
    living: Living,
    directory: WorldDirectory,
    settings: ShellSections,
    patience: float | None,
    say: Callable[[str], None],
) -> tuple[bool, str]:
    """Close in a silent engine's stead."""
    entry = living.entry
    whose = f"engine {entry.pid}, begun in {entry.home}"
    moved = living.place_now()
    if moved is not None:
        flat, text = flatten_world(moved, settings, patience=patience, say=say)
        return flat, f"{text} ({whose}, was silent; its home lies in {moved.path.parent})"
    if not entry.live or broker_of(directory, settings) is None:
        return False, (
            f"NOT FLAT: {whose}, does not answer, its home is gone, and nothing here leads to its broker: put the "
            "home back, or give its settings and token here (--set, environment), and call `cockpit flatten` again; "
            f"or close by the broker's app or phone, then end process {entry.pid}"
        )
    try:
        kill_process(entry.pid, entry.started)
    except EngineProcessError as error:
        return False, f"NOT FLAT: {whose}, does not answer: {error}"
    flat, text = flatten_world(directory, settings, patience=patience, say=say)
    return flat, f"{text} ({whose}, was silent and is ended)"
