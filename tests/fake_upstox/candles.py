"""Candles: earlier days drawn by chance that end at the tape's previous close, and today from the tape itself."""

import math
import random
from datetime import date, time, timedelta
from functools import lru_cache
from itertools import pairwise

from engine.market.clock import MINUTE, Instant, datetime_of, instant_at, isoformat
from tests.fake_upstox.expiries import trading_days_before
from tests.fake_upstox.listing import hash_of
from tests.fake_upstox.market import MinuteBar, Quote
from tests.fake_upstox.packets import rupees

Row = tuple[Instant, int, int, int, int, int]
"""Start, open, high, low, close in paise, volume."""
DAYS_BACK = 25
_OPEN = time(9, 15)
_MINUTES = 375
_DAY_VOLUME = 400_000


def earlier_days(quote: Quote, day: date) -> list[Row]:
    """Return the daily candles before a day, oldest first; the last one closes at the previous close."""
    days = trading_days_before(day, DAYS_BACK)
    chance = random.Random(hash_of(quote.listing.key))
    tick = quote.listing.tick
    closes = [quote.previous_close]
    while len(closes) <= DAYS_BACK:
        closes.append(max(tick * 20, _on_tick(closes[-1] * (1 + chance.gauss(0, 0.011)), tick)))
    closes.reverse()
    rows: list[Row] = []
    for place, (one, (before, close)) in enumerate(zip(days, pairwise(closes), strict=True)):
        opened = _on_tick(before * (1 + chance.gauss(0, 0.003)), tick)
        reach = max(2 * tick, round(before * abs(chance.gauss(0.006, 0.003))))
        high = _on_tick(max(opened, close) + reach * chance.random(), tick)
        low = max(tick, _on_tick(min(opened, close) - reach * chance.random(), tick))
        lot = quote.listing.lot
        volume = (_DAY_VOLUME + chance.randrange(_DAY_VOLUME)) // lot * lot
        high, low = max(high, opened, close), min(low, opened, close)
        rows.append((instant_at(one, time(0)), opened, high, low, close, volume + place % 2 * lot))
    return rows


def minutes_of(quote: Quote, row: Row) -> list[Row]:
    """Return a day's minutes that make up its daily candle."""
    opened = row[0] + (_OPEN.hour * 60 + _OPEN.minute) * MINUTE
    return list(
        _minutes(quote.listing.key, quote.listing.tick, quote.listing.lot, (opened, *row[1:]), _MINUTES)
    )


@lru_cache(maxsize=512)
def _minutes(key: str, tick: int, lot: int, row: Row, count: int) -> tuple[Row, ...]:
    first, opened, high, low, close, volume = row
    chance = random.Random(hash_of(f"{key}{first}{opened}"))
    path = _path(opened, high, low, close, count, chance)
    weights = [0.4 + chance.random() + 2 * math.exp(-place / 20) for place in range(count)]
    share = volume // lot / sum(weights)
    rows: list[Row] = []
    for place, (start, end) in enumerate(pairwise(path)):
        begin, finish = _on_tick(start, tick), _on_tick(end, tick)
        top = min(high, max(begin, finish) + tick * chance.randrange(0, 3))
        bottom = max(low, min(begin, finish) - tick * chance.randrange(0, 3))
        top, bottom = max(top, begin, finish), min(bottom, begin, finish)
        rows.append((first + place * MINUTE, begin, top, bottom, finish, int(weights[place] * share) * lot))
    rest = volume - sum(one[5] for one in rows)
    rows[-1] = (*rows[-1][:5], rows[-1][5] + rest)
    return tuple(rows)


def _path(opened: int, high: int, low: int, close: int, count: int, chance: random.Random) -> list[float]:
    """Return count + 1 prices from open to close that touch high and low."""
    first, second = sorted(chance.sample(range(1, count), 2)) if count > 2 else (1, 1)
    turns = (high, low) if chance.random() < 0.5 else (low, high)
    anchors = [(0, float(opened)), (first, float(turns[0])), (second, float(turns[1])), (count, float(close))]
    path = [0.0] * (count + 1)
    for (since, start), (until, end) in pairwise(anchors):
        for place in range(since, until + 1):
            share = (place - since) / (until - since) if until > since else 1.0
            inside = 0 < share < 1
            noise = chance.gauss(0, 0.03) * (high - low) if inside else 0.0
            path[place] = min(high, max(low, start + (end - start) * share + noise))
    return path


def todays_minutes(quote: Quote, day: date, moment: Instant) -> list[Row]:
    """Return today's finished minutes: before the tape's first packet made up, from there on what was traded."""
    midnight = instant_at(day, time(0))
    limit = moment // MINUTE * MINUTE
    opened = instant_at(day, _OPEN)
    heard = sorted((start, bar) for start, bar in quote.minutes.items() if opened <= start < limit)
    rows = _before_the_tape(quote, midnight, heard)
    previous: tuple[Instant, MinuteBar] | None = None
    for start, bar in heard:
        if previous is not None and start - previous[0] > MINUTE:
            rows += _unheard(quote, previous, (start, bar))
        rows.append((start, bar.open, bar.high, bar.low, bar.close, bar.volume))
        previous = start, bar
    return [row for row in rows if row[0] < limit]


def _unheard(quote: Quote, left: tuple[Instant, MinuteBar], right: tuple[Instant, MinuteBar]) -> list[Row]:
    """Return the minutes that the tape missed in a stall: the exchange has them, and their volume."""
    count = (right[0] - left[0]) // MINUTE - 1
    known = left[0] in quote.totals and right[0] in quote.totals
    missed = quote.totals[right[0]] - right[1].volume - quote.totals[left[0]] if known else 0
    start, end = left[1].close, right[1].open
    row = (left[0] + MINUTE, start, max(start, end), min(start, end), end, max(0, missed))
    return list(_minutes(quote.listing.key, quote.listing.tick, quote.listing.lot, row, count))


def _before_the_tape(quote: Quote, midnight: Instant, heard: list[tuple[Instant, MinuteBar]]) -> list[Row]:
    opened = midnight + (_OPEN.hour * 60 + _OPEN.minute) * MINUTE
    since = heard[0][0] if heard else quote.first_seen // MINUTE * MINUTE
    count = (since - opened) // MINUTE
    if count <= 0 or not quote.open:
        return []
    joined = heard[0][1].open if heard else quote.last
    high, low = max(quote.high, quote.open, joined), min(quote.low, quote.open, joined)
    inside = [bar for _, bar in heard]
    # What the tape itself reached later must not be claimed for the time before it.
    if inside and max(bar.high for bar in inside) >= high:
        high = max(quote.open, joined)
    if inside and min(bar.low for bar in inside) <= low:
        low = min(quote.open, joined)
    volume = max(0, quote.first_volume - (heard[0][1].volume if heard else 0))
    row = (opened, quote.open, high, low, joined, volume)
    return list(_minutes(quote.listing.key, quote.listing.tick, quote.listing.lot, row, count))


def gathered(rows: list[Row], unit: str, interval: int) -> list[Row]:
    """Return candles put together into longer ones; minutes and hours count from 09:15, weeks from Monday."""
    groups: dict[Instant, list[Row]] = {}
    for row in rows:
        groups.setdefault(_start_of(row[0], unit, interval), []).append(row)
    return [
        (
            start,
            group[0][1],
            max(row[2] for row in group),
            min(row[3] for row in group),
            group[-1][4],
            sum(row[5] for row in group),
        )
        for start, group in sorted(groups.items())
    ]


def _start_of(moment: Instant, unit: str, interval: int) -> Instant:
    day = datetime_of(moment).date()
    if unit in ("minutes", "hours"):
        opened = instant_at(day, _OPEN)
        length = interval * (60 if unit == "hours" else 1) * MINUTE
        return opened + (moment - opened) // length * length
    if unit == "weeks":
        day -= timedelta(days=day.weekday())
    elif unit == "months":
        day = day.replace(day=1)
    return instant_at(day, time(0))


def candle_rows(rows: list[Row]) -> list[list[object]]:
    """Return candles as the call tells them: newest first, rupees, ISO times."""
    return [
        [
            isoformat(start).replace(".000", ""),
            rupees(opened),
            rupees(high),
            rupees(low),
            rupees(close),
            volume,
            0,
        ]
        for start, opened, high, low, close, volume in reversed(rows)
    ]


def _on_tick(price: float, tick: int) -> int:
    return max(tick, round(price / tick) * tick)
