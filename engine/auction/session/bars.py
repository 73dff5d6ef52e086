"""Completed minutes of the feed, the 5-minute bars made of them and Wilder's average true range."""

from collections.abc import Iterable
from typing import Final

from engine.market.clock import MINUTE, Instant
from engine.market.update import Bar

FIVE_MINUTES: Final = 5 * MINUTE


class MinuteBars:
    """The session's completed minutes in order. A minute that never came stays absent, nothing is filled in."""

    __slots__ = ("_atr", "_atr_before", "_period", "_true_ranges", "fives", "minutes", "newest")

    def __init__(self, period: int) -> None:
        self._period = period
        self._clear()

    def _clear(self) -> None:
        self._true_ranges = 0
        self._atr = 0.0
        self._atr_before = 0.0
        self.minutes: list[Bar] = []
        self.fives: list[Bar] = []
        """5-minute bars on the clock's grid; the newest may still be forming."""
        self.newest: Instant = -1
        """Start of the newest minute; -1 before the first."""

    def add(self, bar: Bar) -> bool:
        """Take a completed minute; say whether a 5-minute bar closed. Older minutes than the newest are ignored.

        The newest minute given again with other figures replaces itself.
        """
        if bar.start < self.newest:
            return False
        if bar.start == self.newest:
            self._replace(bar)
            return False
        was_forming = self.forming is not None
        self._extend_atr(bar)
        self.minutes.append(bar)
        self.newest = bar.start
        start = bar.start // FIVE_MINUTES * FIVE_MINUTES
        superseded = was_forming and self.fives[-1].start != start
        self._build_five(start)
        return superseded or self.forming is None

    def backfill(self, bars: Iterable[Bar]) -> bool:
        """Put minutes that never came where they belong, all before the newest; say whether that changed anything."""
        known = {bar.start: bar for bar in self.minutes}
        missing = {bar.start: bar for bar in bars if bar.start < self.newest and bar.start not in known}
        if not missing:
            return False
        everything = {**known, **missing}
        self._clear()
        for start in sorted(everything):
            self.add(everything[start])
        return True

    def knows(self, bar: Bar) -> bool:
        """Say whether adding this minute would change nothing."""
        return bar.start < self.newest or (bar.start == self.newest and bar == self.minutes[-1])

    @property
    def forming(self) -> Bar | None:
        """The 5-minute bar whose last minute has not come yet."""
        if self.fives and self.newest + MINUTE < self.fives[-1].start + FIVE_MINUTES:
            return self.fives[-1]
        return None

    @property
    def newest_five(self) -> Instant:
        """The start of the newest completed 5-minute bar; -1 before the first."""
        whole = self.fives if self.forming is None else self.fives[:-1]
        return whole[-1].start if whole else -1

    @property
    def completed_fives(self) -> tuple[Bar, ...]:
        """The completed 5-minute bars, newest last."""
        return tuple(self.fives if self.forming is None else self.fives[:-1])

    @property
    def atr(self) -> float | None:
        """Wilder's average true range in paise; None below period + 1 minutes.

        The first minute only gives the previous close, the next ``period`` true ranges are averaged, then
        ATR = ((period - 1) × ATR + TR) / period (source: Wilder 1978, as computed by TA-Lib).
        """
        return self._atr if self._true_ranges >= self._period else None

    @property
    def contiguous(self) -> bool:
        """Whether the newest period + 1 minutes follow one another without a gap."""
        count = self._period + 1
        return (
            len(self.minutes) >= count and self.newest - self.minutes[-count].start == self._period * MINUTE
        )

    @property
    def has_hole(self) -> bool:
        """Whether a minute is missing among the newest period + 1, as far back as any came."""
        if not self.minutes:
            return False
        since = max(self.minutes[0].start, self.newest - self._period * MINUTE)
        known = sum(1 for bar in self.minutes[-self._period - 1 :] if bar.start >= since)
        return known * MINUTE < self.newest - since + MINUTE

    def _extend_atr(self, bar: Bar) -> None:
        if not self.minutes:
            return
        close = self.minutes[-1].close
        true_range = max(bar.high, close) - min(bar.low, close)
        period = self._period
        self._atr_before = self._atr
        self._true_ranges += 1
        if self._true_ranges < period:
            self._atr += true_range
        elif self._true_ranges == period:
            self._atr = (self._atr + true_range) / period
        else:
            self._atr = (self._atr * (period - 1) + true_range) / period

    def _replace(self, bar: Bar) -> None:
        if bar == self.minutes[-1]:
            return
        self.minutes.pop()
        if self._true_ranges:
            self._true_ranges -= 1
            self._atr = self._atr_before
        self._extend_atr(bar)
        self.minutes.append(bar)
        self._build_five(bar.start // FIVE_MINUTES * FIVE_MINUTES)

    def _build_five(self, start: Instant) -> None:
        parts = [bar for bar in self.minutes[-5:] if bar.start >= start]
        five = Bar(
            start=start,
            open=parts[0].open,
            high=max(bar.high for bar in parts),
            low=min(bar.low for bar in parts),
            close=parts[-1].close,
            volume=sum(bar.volume for bar in parts),
        )
        if self.fives and self.fives[-1].start == start:
            self.fives[-1] = five
        else:
            self.fives.append(five)
