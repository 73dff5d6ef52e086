"""How closely the broker's order list must be watched: what core knows of what may change at any moment."""

from enum import IntEnum


class Attention(IntEnum):
    """What is at stake, the least first. Silence of the broker's stream is no news in any of them."""

    IDLE = 0
    """Nothing is held and nothing is live."""
    HELD = 1
    """A position is held or an order is live: its stop may be cancelled, it may be closed elsewhere."""
    CHANGING = 2
    """Something is about to change: an entry may fill, an exit or a change is pending, a stop has fired."""
    FILLING = 3
    """An entry has just left: its fill is expected now, and its stop waits for it."""
