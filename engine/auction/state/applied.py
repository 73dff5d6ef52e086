"""What one update did to an auction."""

import msgspec


class AppliedUpdate(msgspec.Struct, frozen=True, gc=False):
    """What one update did to the auction of its instrument."""

    instrument: str
    increment: int = 0
    """Volume placed in the profile, units; 0 for a book-only, stale or out-of-session packet."""
    accepted: bool = False
    """False when the packet was older than what is known and moved nothing."""
    minute_closed: bool = False
    five_minutes_closed: bool = False
    bracket_closed: bool = False
    after_hole: bool = False
    """First event after a hole: its volume was traded somewhere unknown."""
