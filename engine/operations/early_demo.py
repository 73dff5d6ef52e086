"""The demo's engine, begun before anything is read of the settings: it reads them by itself."""

from pathlib import Path

from engine.host.early_start import EarlyStart, begin_early, engine_command
from engine.world.directories import HomeError, World, resolve_home

__all__ = ["EarlyStart", "begin_demo"]


def begin_demo(home: Path | None, speed: int) -> EarlyStart | None:
    """Start the engine of an ordinary demo; None where it must go the ordinary way, which also says what is wrong."""
    try:
        resolved = resolve_home(home)
    except HomeError:
        return None
    return begin_early(resolved, World.DEMO, engine_command(resolved, World.DEMO, speed=speed))
