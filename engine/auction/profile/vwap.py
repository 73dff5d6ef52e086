"""The session's VWAP, its volume-weighted deviation and how it moved, in whole numbers until someone asks."""

from bisect import bisect_right
from math import isqrt
from typing import Final

from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar

SLOPE_WINDOW: Final = 60 * MINUTE


class Vwap:
    """Turnover, volume and squares of one session. Prices in paise, volumes in units."""

    __slots__ = (
        "_base_turnover",
        "_base_volume",
        "_rows_squares",
        "_rows_turnover",
        "_rows_volume",
        "_sampled_at",
        "_samples",
        "_squares",
        "_turnover",
        "_volume",
    )

    def __init__(self) -> None:
        self._base_turnover = 0
        self._base_volume = 0
        self._rows_turnover = 0
        self._rows_volume = 0
        self._rows_squares = 0
        self._turnover = 0
        self._volume = 0
        self._squares = 0
        self._sampled_at: list[Instant] = []
        self._samples: list[Paise] = []

    def rebase(self, turnover: int, volume: int) -> None:
        """Set what was traded before the record: it counts in the VWAP, never in the deviation."""
        self._base_turnover, self._base_volume = turnover, volume

    def seed(self, seed: InstrumentSeed, minutes: tuple[Bar, ...]) -> None:
        """Take the past from a seed: its rows count in the deviation, its minutes' typical prices in the slope.

        Estimated rows do not: a deviation of guessed prices would not be one.
        """
        self.rebase(seed.turnover, seed.volume)
        for price, volume in () if seed.estimated else seed.volume_rows.items():
            self._rows_turnover += price * volume
            self._rows_volume += volume
            self._rows_squares += price * price * volume
        turnover = volume = 0
        for bar in minutes:
            turnover += (bar.high + bar.low + bar.close) * bar.volume
            volume += 3 * bar.volume
            if volume:
                self._sampled_at.append(bar.start + MINUTE)
                self._samples.append((2 * turnover + volume) // (2 * volume))

    def add(self, price: Paise, volume: int) -> None:
        """Count volume at a price; O(1)."""
        turnover = price * volume
        self._turnover += turnover
        self._volume += volume
        self._squares += price * turnover

    def sample(self, instant: Instant) -> None:
        """Remember the VWAP as it stood at an instant not older than the last one."""
        value = self.value
        if value is None or (self._sampled_at and self._sampled_at[-1] >= instant):
            return
        self._sampled_at.append(instant)
        self._samples.append(value)

    @property
    def fraction(self) -> tuple[int, int] | None:
        """Turnover (paise times units) and volume of the session's VWAP, the unseen past included.

        (atp₀·vtt₀ + Σ price·increment) / (vtt₀ + Σ increment), where atp₀ and vtt₀ are the broker's own figures
        in the first packet or what the seed says.
        """
        volume = self._base_volume + self._volume
        return (self._base_turnover + self._turnover, volume) if volume else None

    @property
    def value(self) -> Paise | None:
        """The session's VWAP rounded to a paisa."""
        fraction = self.fraction
        if fraction is None:
            return None
        turnover, volume = fraction
        return (2 * turnover + volume) // (2 * volume)

    @property
    def variance_fraction(self) -> tuple[int, int] | None:
        """The figures n²·σ² and n of the recorded part, n its volume: σ² = Σv·p²/Σv − (Σv·p/Σv)², exact."""
        volume = self._rows_volume + self._volume
        if not volume:
            return None
        turnover = self._rows_turnover + self._turnover
        return volume * (self._rows_squares + self._squares) - turnover * turnover, volume

    @property
    def deviation(self) -> Paise | None:
        """The volume-weighted standard deviation of the recorded part, rounded to a paisa."""
        fraction = self.variance_fraction
        if fraction is None:
            return None
        spread, volume = fraction
        return (isqrt(4 * spread) // volume + 1) // 2

    def slope(self, now: Instant) -> Paise | None:
        """Return the change of the VWAP over the last hour; None while less than an hour of it is known."""
        index = bisect_right(self._sampled_at, now - SLOPE_WINDOW)
        value = self.value
        return None if value is None or not index else value - self._samples[index - 1]
