"""Hand-built days for the tests of setups: 5-minute bars in, contexts as the auction would give them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time

from engine.auction.context import (
    AverageRange,
    BracketReading,
    Context,
    Hole,
    InitialBalance,
    NamedReading,
    ProfileReading,
    Quality,
)
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise
from engine.market.update import Bar

DAY = date(2025, 12, 15)
OPEN = instant_at(DAY, time(9, 15))
STOCK = Instrument("NSE_EQ|A", "A", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER)
FIVE = 5 * MINUTE
ROW = 50
LOW, HIGH = 100_000, 101_000
"""The initial balance; its middle is 100,500."""


@dataclass(frozen=True)
class Day:
    """The five-minute bars after the initial balance as (low, high, close), and what else the context says."""

    bars: tuple[tuple[Paise, Paise, Paise], ...]
    last: Paise | None = None
    poc: Paise | None = None
    average_range: AverageRange | None = field(
        default_factory=lambda: AverageRange(4_000, Quality.ESTIMATED, 0)
    )
    day_type: str = "NORMAL"
    quality: Quality = Quality.LIVE
    holes: tuple[Hole, ...] = ()
    partial_since: Instant | None = None
    complete: bool = True
    row: Paise | None = ROW
    day_high: Paise | None = None
    day_low: Paise | None = None
    delay: int = SECOND
    """From the newest bar's end to the update that showed it."""


def bar_start(number: int) -> Instant:
    """Return the start of the numbered 5-minute bar after the initial balance (0 begins at 10:15)."""
    return OPEN + 60 * MINUTE + number * FIVE


def _minutes(five: Bar) -> tuple[Bar, ...]:
    """Split a 5-minute bar: the high in its second minute, the low in its third, the close in its last."""
    prices = [
        (five.open, five.open),
        (five.open, five.high),
        (five.low, five.open),
        (five.open, five.open),
        (five.close, five.close),
    ]
    return tuple(
        Bar(five.start + number * MINUTE, low, high, low, high, 100)
        for number, (low, high) in enumerate(prices)
    )


def make_context(day: Day) -> Context:
    """Return the context at the moment the newest bar became known."""
    fives = [Bar(OPEN + number * FIVE, 100_500, HIGH, LOW, 100_500, 500) for number in range(12)]
    for number, (low, high, close) in enumerate(day.bars):
        middle = min(max((low + high) // 2, low), high)
        fives.append(Bar(bar_start(number), middle, high, low, close, 500))
    minutes = tuple(minute for five in fives for minute in _minutes(five))
    brackets = _brackets(fives)
    end = fives[-1].start + FIVE
    profile = None
    if day.poc is not None:
        profile = ProfileReading(ROW, "dual", day.poc, LOW, HIGH, 10_000, 1, 20)
    return Context(
        instrument=STOCK,
        time=end + day.delay,
        quality=day.quality,
        partial_since=day.partial_since,
        row=day.row,
        open=100_500,
        high=max(five.high for five in fives) if day.day_high is None else day.day_high,
        low=min(five.low for five in fives) if day.day_low is None else day.day_low,
        last=fives[-1].close if day.last is None else day.last,
        previous_close=100_000,
        vwap=100_500,
        initial_balance=InitialBalance(LOW, HIGH, complete=day.complete),
        volume_profile=profile,
        tpo_profile=None if profile is None else replace(profile, poc=profile.poc + 2 * ROW),
        brackets=brackets,
        five_minutes=tuple(fives),
        minutes=minutes[-120:],
        holes=day.holes,
        average_range=day.average_range,
        atr=100,
        median_spread=20,
        rotation_factor=0,
        day_type=NamedReading(day.day_type, developing=True, evidence={}),
        open_type=NamedReading("UNKNOWN", developing=False, evidence={}),
    )


def _brackets(fives: Sequence[Bar]) -> tuple[BracketReading, ...]:
    found = []
    for number in range(-(-len(fives) // 6)):
        own = fives[number * 6 : number * 6 + 6]
        found.append(
            BracketReading(
                letter=chr(65 + number),
                start=own[0].start,
                low=min(five.low for five in own),
                high=max(five.high for five in own),
                close=own[-1].close,
                complete=len(own) == 6,
            )
        )
    return tuple(found)


def mirror(context: Context) -> Context:
    """Return the same market upside down, around the middle of the initial balance; rows stay on their grid."""
    axis = LOW + HIGH

    def flip(price: Paise) -> Paise:
        return axis - price

    def flip_bar(bar: Bar) -> Bar:
        return Bar(bar.start, flip(bar.open), flip(bar.low), flip(bar.high), flip(bar.close), bar.volume)

    def flip_profile(profile: ProfileReading | None) -> ProfileReading | None:
        # A row is named by its lower edge, so its mirror image is named by what was its highest price.
        if profile is None:
            return None
        return replace(profile, poc=flip(profile.poc + profile.row - STOCK.tick))

    return replace(
        context,
        open=flip(context.open or 0),
        high=flip(context.low or 0),
        low=flip(context.high or 0),
        last=flip(context.last or 0),
        volume_profile=flip_profile(context.volume_profile),
        tpo_profile=flip_profile(context.tpo_profile),
        brackets=tuple(
            replace(
                bracket,
                low=flip(bracket.high),
                high=flip(bracket.low),
                close=None if bracket.close is None else flip(bracket.close),
            )
            for bracket in context.brackets
        ),
        five_minutes=tuple(map(flip_bar, context.five_minutes)),
        minutes=tuple(map(flip_bar, context.minutes)),
    )
