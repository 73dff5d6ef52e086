"""A clock whose hands a test moves."""

from datetime import date, time

from engine.feeds.upstox.clock import LiveClock
from engine.market.clock import Instant, instant_at

NOON: Instant = instant_at(date(2025, 12, 15), time(12, 0))


class Hands:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self, wall: Instant = NOON) -> None:
        self.wall = wall
        self.seconds = 100.0

    def clock(self, mode: str) -> LiveClock:
        assert mode in ("wall", "feed")
        return LiveClock(
            "wall" if mode == "wall" else "feed", wall=lambda: self.wall, monotonic=lambda: self.seconds
        )
