"""Hand-built days for the tests of setups: 5-minute bars in, contexts as the auction would give them out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time

from engine.auction.values.context import (
    AverageRange,
    BracketReading,
    Context,
    Hole,
    InitialBalance,
    NamedReading,
    ProfileReading,
    Quality,
)
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Bar
from engine.setups.signal import Refusal, Setup, Signal

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


PRIOR = PriorLevels(
    day=date(2025, 12, 12),
    sessions=20,
    quality=Quality.LIVE,
    reason="",
    row=ROW,
    open=100_200,
    high=102_500,
    low=98_500,
    close=100_400,
    poc=100_450,
    val=LOW,
    vah=HIGH - ROW,
    day_type="NORMAL",
    average_range=4_000,
    range_days=20,
    slot_volumes=(500,) * 75,
)
"""Prior value from 1000.00 to 1009.90 (the highest price of its highest row)."""


def _path(five: Bar) -> tuple[Bar, ...]:
    """Split a bar the way it went: a rising one makes its low before its high, a falling one after it."""
    up = 2 * five.close >= five.low + five.high
    first, then = (five.low, five.high) if up else (five.high, five.low)
    prices = [(five.open, five.open), (first, first), (first, then), (then, then), (then, five.close)]
    return tuple(
        Bar(five.start + number * MINUTE, one, max(one, two), min(one, two), two, 100)
        for number, (one, two) in enumerate(prices)
    )


def make_morning(
    *bars: tuple[Paise, Paise, Paise], opened: Paise, delay: int = SECOND, volume: int = 500
) -> Context:
    """Return the context after 5-minute bars (low, high, close) that begin at the open, prior levels ready."""
    fives = []
    before = opened
    for number, (low, high, close) in enumerate(bars):
        fives.append(
            Bar(OPEN + number * FIVE, min(max(before, low), high), high, low, close, volume),
        )
        before = close
    base = make_context(Day(((LOW, HIGH, 100_500),)))
    return replace(
        base,
        time=fives[-1].start + FIVE + delay,
        open=opened,
        high=max(bar.high for bar in fives),
        low=min(bar.low for bar in fives),
        last=fives[-1].close,
        initial_balance=None,
        brackets=_brackets(fives),
        five_minutes=tuple(fives),
        minutes=tuple(minute for five in fives for minute in _path(five))[-120:],
        opening_range=(fives[0].low, fives[0].high),
        prior=PRIOR,
    )


def changed(context: Context, fields: Mapping[str, object]) -> Context:
    """Return a context with other fields, as named by a test's parameters."""
    return replace(context, **fields)  # type: ignore[arg-type]


def say(setup: Setup, contexts: Iterable[Context]) -> list[Signal | Refusal]:
    """Return everything a setup says while it sees contexts, oldest first."""
    return [said for context in contexts if (said := setup.evaluate(context)) is not None]


def plain(decision: Signal | Refusal | None, *, upside_down: bool = False) -> object:
    """Return what the market upside down must turn into its opposite: side, code and prices of a decision."""
    if decision is None:
        return None
    side = decision.side
    if upside_down and side is not None:
        side = side.opposite
    if isinstance(decision, Refusal):
        return (decision.time, side, decision.code)
    prices = (
        decision.price,
        decision.stop_reference,
        decision.target_1,
        decision.target_2,
        decision.edge or 0,
    )
    return (decision.time, side, *(LOW + HIGH - price if upside_down else price for price in prices))


_UPSIDE_DOWN = {
    "VAL": "VAH",
    "VAH": "VAL",
    "IBL": "IBH",
    "IBH": "IBL",
    "PDL": "PDH",
    "PDH": "PDL",
    "PVAL": "PVAH",
    "PVAH": "PVAL",
}


def mirror(context: Context) -> Context:
    """Return the same market upside down, around the middle of the initial balance; rows stay on their grid."""
    axis = LOW + HIGH

    def flip(price: Paise) -> Paise:
        return axis - price

    def flip_row(price: Paise, row: Paise = ROW) -> Paise:
        # A row is named by its lower edge, so its mirror image is named by what was its highest price.
        return flip(price + row - STOCK.tick)

    def maybe(price: Paise | None) -> Paise | None:
        return None if price is None else flip(price)

    def flip_bar(bar: Bar) -> Bar:
        return Bar(bar.start, flip(bar.open), flip(bar.low), flip(bar.high), flip(bar.close), bar.volume)

    def flip_profile(profile: ProfileReading | None) -> ProfileReading | None:
        if profile is None:
            return None
        return replace(
            profile, poc=flip_row(profile.poc), val=flip_row(profile.vah), vah=flip_row(profile.val)
        )

    balance, prior, opening = context.initial_balance, context.prior, context.opening_range
    return replace(
        context,
        open=maybe(context.open),
        high=maybe(context.low),
        low=maybe(context.high),
        last=maybe(context.last),
        vwap=maybe(context.vwap),
        vwap_slope=None if context.vwap_slope is None else -context.vwap_slope,
        initial_balance=None
        if balance is None
        else replace(balance, low=flip(balance.high), high=flip(balance.low)),
        volume_profile=flip_profile(context.volume_profile),
        tpo_profile=flip_profile(context.tpo_profile),
        brackets=tuple(
            replace(
                bracket,
                low=flip(bracket.high),
                high=flip(bracket.low),
                close=maybe(bracket.close),
            )
            for bracket in context.brackets
        ),
        five_minutes=tuple(map(flip_bar, context.five_minutes)),
        minutes=tuple(map(flip_bar, context.minutes)),
        prior=None
        if prior is None
        else replace(
            prior,
            high=flip(prior.low),
            low=flip(prior.high),
            poc=flip_row(prior.poc),
            val=flip_row(prior.vah),
            vah=flip_row(prior.val),
            balance_low=maybe(prior.balance_high),
            balance_high=maybe(prior.balance_low),
        ),
        naked_pocs=tuple((day, flip_row(price)) for day, price in context.naked_pocs),
        nodes=tuple(replace(node, price=flip_row(node.price)) for node in reversed(context.nodes)),
        zones=tuple(
            replace(zone, low=flip_row(zone.high), high=flip_row(zone.low))
            for zone in reversed(context.zones)
        ),
        extended_up=context.extended_down,
        extended_down=context.extended_up,
        one_timeframing=-context.one_timeframing,
        poc_migration=None if context.poc_migration is None else -context.poc_migration,
        absorptions=tuple(
            replace(one, price=flip_row(one.price), side=Side(one.side).opposite.value)
            for one in context.absorptions
        ),
        acceptance={_UPSIDE_DOWN[name]: how for name, how in context.acceptance.items()},
        opening_range=None if opening is None else (flip(opening[1]), flip(opening[0])),
        gap=None if context.gap is None else replace(context.gap, up=not context.gap.up),
    )
