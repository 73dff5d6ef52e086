"""The command that leads back to a world's engine."""

from typing import Final

_BARE: Final = "cockpit"
_OF_WORLDS: Final = {
    "simulated": "cockpit demo",
    "demo": "cockpit demo",
    "replay": "cockpit replay FILE",
}


def way_back(world: str) -> str:
    """Return what attaches to a world or kind of run again: a bare ``cockpit`` may lead to the account instead."""
    return _OF_WORLDS.get(world, _BARE)
