"""A session's past from the broker's candles: what a start in the middle of a day, or without stored days, knows.

A candle says how much was traded between its low and its high, never where: volume is spread evenly over the range
and everything made of it is ESTIMATED.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from engine.market.clock import MINUTE, SECOND, Instant, trading_date
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate

SOURCE: Final = "CANDLES"
SETTLED: Final = 120 * SECOND
"""A minute younger than this may still be missing from the broker's answer, so its absence says nothing."""
UNSETTLED: Final = "unsettled"
"""Why such a minute is left out: nothing is wrong with it."""
RANGE_DAYS: Final = 20
"""Sessions behind the average daily range."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The trustworthy minutes of one session, oldest first, and what was left out."""

    bars: tuple[Bar, ...]
    left_out: Mapping[str, int]
    """Reason to number of candles: outside, unsettled, impossible, repeated, broken volume."""

    @property
    def end(self) -> Instant | None:
        """The end of the newest minute; None without any."""
        return self.bars[-1].start + MINUTE if self.bars else None


@dataclass(frozen=True, slots=True)
class DailyRange:
    """The average daily range and how many days it stands on."""

    value: Paise
    days: int


def settle_minutes(
    candles: Iterable[Bar], opening: Instant, close: Instant, now: Instant, settled: int = SETTLED
) -> Minutes:
    """Return the minutes of [opening, close) that may be trusted at ``now``, in order, each once.

    Candles come in any order; of two for one minute the later in the answer counts. A negative volume (the broker's
    counter overflowed) is unknown: the minute keeps its prices and counts no volume.
    """
    left_out: Counter[str] = Counter()
    kept: dict[Instant, Bar] = {}
    for bar in candles:
        if not opening <= bar.start < close or bar.start % MINUTE:
            left_out["outside"] += 1
        elif bar.start + MINUTE + settled > now:
            left_out[UNSETTLED] += 1
        elif not 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
            left_out["impossible"] += 1
        else:
            if bar.start in kept:
                left_out["repeated"] += 1
            if bar.volume < 0:
                left_out["broken volume"] += 1
                bar = msgspec.structs.replace(bar, volume=0)  # noqa: PLW2901
            kept[bar.start] = bar
    return Minutes(tuple(kept[start] for start in sorted(kept)), dict(left_out))


def spread_volume(bars: Iterable[Bar], tick: Paise) -> dict[Paise, int]:
    """Return volume by price (one tick), each minute's spread evenly over its range; sums to the bars' volume.

    What does not divide goes, a unit each, to the prices nearest to the close.
    """
    rows: Counter[Paise] = Counter()
    for bar in bars:
        if bar.volume <= 0:
            continue
        first, last, close = bar.low // tick, bar.high // tick, bar.close // tick
        each, rest = divmod(bar.volume, last - first + 1)
        if each:
            for price in range(first, last + 1):
                rows[price * tick] += each
        if rest:
            nearest = sorted(range(first, last + 1), key=lambda price: (abs(price - close), price))
            for price in nearest[:rest]:
                rows[price * tick] += 1
    return dict(rows)


def seed_from_minutes(
    instrument: Instrument,
    minutes: Sequence[Bar],
    previous_close: Paise,
    *,
    average_range: DailyRange | None = None,
    standing: MarketUpdate | None = None,
) -> InstrumentSeed | None:
    """Return the session's past made of its minutes; None when there are none.

    ``standing`` is the feed's own state at the join (its snapshot): day bar, day volume and day VWAP are then the
    exchange's, and what the minutes do not explain stays unplaced, so that the profile reads PARTIAL from there.
    """
    if not minutes:
        return None
    rows = spread_volume(minutes, instrument.tick)
    placed = sum(rows.values())
    day = Bar(
        start=minutes[0].start,
        open=minutes[0].open,
        high=max(bar.high for bar in minutes),
        low=min(bar.low for bar in minutes),
        close=minutes[-1].close,
        volume=placed,
    )
    until = minutes[-1].start + MINUTE
    volume, turnover = placed, sum(price * units for price, units in rows.items())
    if standing is not None and standing.volume >= placed:
        until = max(until, standing.trade_time)
        volume = standing.volume
        average = standing.average_price
        turnover = turnover + (volume - placed) * standing.last if average is None else average * volume
        day = day if standing.day is None else standing.day
        previous_close = standing.previous_close or previous_close
    return InstrumentSeed(
        instrument=instrument.key,
        until=until,
        source=SOURCE,
        volume_rows=rows,
        minutes=tuple(minutes),
        day=day,
        volume=volume,
        turnover=turnover,
        previous_close=previous_close,
        average_range=None if average_range is None else average_range.value,
        range_days=0 if average_range is None else average_range.days,
        estimated=True,
    )


def unbroken_tail(minutes: Sequence[Bar]) -> tuple[Bar, ...]:
    """Return the newest minutes that follow one another without a gap: what an average true range may stand on."""
    first = len(minutes) - 1
    while first > 0 and minutes[first].start - minutes[first - 1].start == MINUTE:
        first -= 1
    return tuple(minutes[max(first, 0) :])


def average_daily_range(days: Iterable[Bar], before: date, most: int = RANGE_DAYS) -> DailyRange | None:
    """Return the mean high - low of the newest daily candles before a date, rounded half up; None without any."""
    known = {trading_date(bar.start): bar for bar in days if trading_date(bar.start) < before}
    ranges = [known[day].high - known[day].low for day in sorted(known)[-most:] if known[day].low > 0]
    if not ranges:
        return None
    return DailyRange((2 * sum(ranges) + len(ranges)) // (2 * len(ranges)), len(ranges))


def close_before(days: Iterable[Bar], before: date) -> Paise | None:
    """Return the close of the newest daily candle before a date; None without one."""
    known = {trading_date(bar.start): bar.close for bar in days if trading_date(bar.start) < before}
    return known[max(known)] if known else None
