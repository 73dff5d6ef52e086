"""The path of the opening, kept in a handful of numbers: excursions from the open and the opening range."""

from collections.abc import Sequence
from typing import Final

from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.update import Bar

FIRST_MOVE: Final = 20
"""The first excursion begins at one part in so many (0.05) of the average range from the open."""


class OpeningPath:
    """Excursions of one session from its open, in paise; O(1) per packet, from the first packet on."""

    __slots__ = (
        "_move",
        "_range_end",
        "average_range",
        "crossed",
        "down",
        "first_extreme",
        "first_side",
        "high_after_range",
        "low_after_range",
        "open",
        "other",
        "range_high",
        "range_low",
        "retraced_until",
        "up",
    )

    def __init__(self, price: Paise, range_end: Instant, average_range: Paise) -> None:
        self.open = price
        self.average_range = average_range
        self._move = average_range / FIRST_MOVE
        self._range_end = range_end
        self.up = 0
        """Largest excursion above the open …"""
        self.down = 0
        """… and below it."""
        self.first_side = 0
        """+1 or -1: where price first went 0.05 average ranges away from the open; 0 while it has not."""
        self.first_extreme: Paise = price
        """The farthest price on that side before price came back through the open."""
        self.crossed = False
        """The first excursion ended: price was on the other side of the open."""
        self.other = 0
        """Largest excursion beyond the open on the other side, after that."""
        self.range_high: Paise = price
        self.range_low: Paise = price
        self.retraced_until: Instant | None = None
        """Until when the path is that of a seed's minutes, in which the order of extremes is unknown; None for none."""
        self.high_after_range: Paise | None = None
        self.low_after_range: Paise | None = None
        """Extremes since the opening range was complete."""

    def see(self, price: Paise, day: Bar | None, time: Instant) -> None:
        """Take a packet: what its day bar shows beyond the excursions so far, then its price."""
        if day is not None:
            if day.high - self.open > self.up:
                self.take(day.high, time)
            if self.open - day.low > self.down:
                self.take(day.low, time)
        self.take(price, time)

    def take(self, price: Paise, time: Instant) -> None:
        """Take a traded price."""
        move = price - self.open
        self.up = max(self.up, move)
        self.down = max(self.down, -move)
        if time < self._range_end:
            self.range_high = max(self.range_high, price)
            self.range_low = min(self.range_low, price)
        else:
            self.high_after_range = max(price, self.high_after_range or price)
            self.low_after_range = min(price, self.low_after_range or price)
        side = self.first_side
        if not side:
            if abs(move) >= self._move and move:
                self.first_side = 1 if move > 0 else -1
                self.first_extreme = price
            return
        if not self.crossed and move * side < 0:
            self.crossed = True
        if self.crossed:
            self.other = max(self.other, -move * side)
        elif (price - self.first_extreme) * side > 0:
            self.first_extreme = price


def retrace_opening(
    minutes: Sequence[Bar], day: Bar, range_end: Instant, hour_end: Instant, average_range: Paise
) -> OpeningPath | None:
    """Return the opening as a session's minutes tell it; None when they do not hold the day's own extremes.

    Inside a minute the order of high and low is not known: a rising one is taken to have made its low first.
    """
    first = [bar for bar in minutes if bar.start < hour_end]
    if not first or first[0].open != day.open:
        return None
    newest = minutes[-1].start + MINUTE
    if newest < hour_end and (
        max(bar.high for bar in first) < day.high or min(bar.low for bar in first) > day.low
    ):
        return None
    opening = OpeningPath(first[0].open, range_end, average_range)
    for bar in first:
        extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        for price in (bar.open, *extremes, bar.close):
            opening.take(price, bar.start)
    opening.retraced_until = first[-1].start + MINUTE
    return opening
