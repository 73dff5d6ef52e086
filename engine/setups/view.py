"""The market seen from the side of a trade: up is the way the trade wants to go.

Every setup is written once, for the long side, in *levels*: prices times the sign of the side. A short is the same
market upside down, so that the two directions cannot drift apart.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.auction.values.context import Context, ProfileReading
from engine.auction.values.levels import Acceptance, PriorLevels
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise, rupees_of
from engine.market.side import Side
from engine.market.update import Bar

Level = int
"""A price times the sign of the side; smaller is worse for the trade."""

FIVE_MINUTES: Final = 5 * MINUTE
_INDIA: Final = 330
"""Minutes from UTC to Indian time."""

_UPSIDE_DOWN: Final = {
    "VAL": "VAH",
    "VAH": "VAL",
    "IBL": "IBH",
    "IBH": "IBL",
    "PDL": "PDH",
    "PDH": "PDL",
    "PVAL": "PVAH",
    "PVAH": "PVAL",
}


def clock_of(instant: Instant) -> int:
    """Return the Indian wall-clock time of an instant in minutes since midnight."""
    return (instant // MINUTE + _INDIA) % (24 * 60)


@dataclass(frozen=True, slots=True)
class Value:
    """A value area as levels: its outer prices, and the near and far side of its point of control."""

    low: Level
    high: Level
    poc: Level
    poc_top: Level

    def holds(self, level: Level) -> bool:
        """Say whether a level lies inside."""
        return self.low <= level <= self.high


@dataclass(frozen=True)
class SidedView:
    """One context from one side."""

    context: Context
    side: Side

    @cached_property
    def sign(self) -> int:
        """+1 for a long, -1 for a short."""
        return self.side.sign

    def at(self, price: Paise) -> Level:
        """Return the level of an exact price."""
        return price * self.sign

    def price(self, level: Level) -> Paise:
        """Return the price of a level."""
        return level * self.sign

    def rupees(self, level: Level) -> float:
        """Return the price of a level in rupees, for evidence."""
        return rupees_of(level * self.sign)

    def near(self, row_price: Paise, row: Paise) -> Level:
        """Return the side of a row that a rising trade meets first; rows are named by their lower price."""
        return row_price if self.sign > 0 else self.context.instrument.tick - row_price - row

    def far(self, row_price: Paise, row: Paise) -> Level:
        """Return the other side of a row."""
        return row_price + row - self.context.instrument.tick if self.sign > 0 else -row_price

    def floor(self, level: Level) -> Level:
        """Return the level on the tick grid that is not above: stops go further out, targets nearer."""
        tick = self.context.instrument.tick
        return level // tick * tick

    def named(self, long_name: str) -> str:
        """Return the name of a level as the trader knows it, given its name for a long."""
        return long_name if self.sign > 0 else _UPSIDE_DOWN[long_name]

    def low(self, bar: Bar) -> Level:
        """Return a bar's worst level."""
        return bar.low if self.sign > 0 else -bar.high

    def high(self, bar: Bar) -> Level:
        """Return a bar's best level."""
        return bar.high if self.sign > 0 else -bar.low

    def close(self, bar: Bar) -> Level:
        """Return the level a bar closed at."""
        return bar.close * self.sign

    @cached_property
    def lows(self) -> list[Level]:
        """The worst level of each 5-minute bar."""
        bars = self.context.five_minutes
        return [bar.low for bar in bars] if self.sign > 0 else [-bar.high for bar in bars]

    @cached_property
    def closes(self) -> list[Level]:
        """The close of each 5-minute bar."""
        sign = self.sign
        return [bar.close * sign for bar in self.context.five_minutes]

    @cached_property
    def balance(self) -> tuple[Level, Level] | None:
        """The complete initial balance, worse edge first."""
        return balance_of(self.context, self.side)

    def value(self, profile: ProfileReading) -> Value:
        """Return a profile's value area."""
        return self._value(profile.val, profile.vah, profile.poc, profile.row)

    def prior_value(self, prior: PriorLevels) -> Value:
        """Return the value area of the newest earlier session."""
        return self._value(prior.val, prior.vah, prior.poc, prior.row)

    def _value(self, val: Paise, vah: Paise, poc: Paise, row: Paise) -> Value:
        lowest, highest = (val, vah) if self.sign > 0 else (vah, val)
        return Value(self.near(lowest, row), self.far(highest, row), self.near(poc, row), self.far(poc, row))

    @property
    def one_timeframing(self) -> int:
        """The run of brackets that held; positive when it ran with the trade."""
        return self.context.one_timeframing * self.sign

    @property
    def extended(self) -> bool:
        """Whether the range was extended on the side the trade goes to."""
        return self.context.extended_up if self.sign > 0 else self.context.extended_down

    @property
    def extended_behind(self) -> bool:
        """Whether the range was extended on the side the trade comes from."""
        return self.context.extended_down if self.sign > 0 else self.context.extended_up

    def acceptance(self, long_name: str) -> Acceptance | None:
        """Return how the market took a level given by its name for a long; None when that is not known."""
        return self.context.acceptance.get(self.named(long_name))


def balance_of(context: Context, side: Side = Side.BUY) -> tuple[Level, Level] | None:
    """Return the complete initial balance as levels of a side, worse edge first; None until it is complete."""
    balance = context.initial_balance
    if balance is None or not balance.complete:
        return None
    return (balance.low, balance.high) if side is Side.BUY else (-balance.high, -balance.low)
