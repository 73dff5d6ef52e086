"""A slow, independent reading of a whole feed at once: the oracle that the incremental auction must equal.

It shares no code with the engine beyond the update type, and recomputes everything from the packet list.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from engine.market.clock import MINUTE, Instant
from engine.market.update import Bar, MarketUpdate


@dataclass(frozen=True, slots=True)
class Batch:
    """What a feed amounts to. Prices in paise, brackets as (index, low, high), VWAP exact."""

    volume_at_price: dict[int, int]
    brackets: tuple[tuple[int, int, int], ...]
    initial_balance: tuple[int, int] | None
    high: int | None
    low: int | None
    last: int | None
    vwap: Fraction | None
    minutes: tuple[Bar, ...]
    duplicates: int
    out_of_order: int


def read_batch(
    packets: Sequence[MarketUpdate],
    session_open: Instant,
    session_close: Instant,
    *,
    bracket: Instant = 30 * MINUTE,
    balance: Instant = 60 * MINUTE,
) -> Batch:
    """Read one instrument's packets in delivery order."""
    fresh = [packet for index, packet in enumerate(packets) if not _is_old(packets[:index], packet)]
    inside = [packet for packet in fresh if session_open <= packet.trade_time < session_close]
    events = _events(packets, session_open, session_close)
    volume_at_price = Counter[int]()
    for price, size in events:
        volume_at_price[price] += size
    minutes = _minutes(fresh, session_open, session_close)
    first_hour = [packet for packet in inside if packet.trade_time < session_open + balance]
    initial_balance = None
    if first_hour:
        early = [
            bar for bar in _minutes(inside, session_open, session_close) if bar.start < session_open + balance
        ]
        initial_balance = (
            min([_low(packet) for packet in first_hour] + [bar.low for bar in early]),
            max([_high(packet) for packet in first_hour] + [bar.high for bar in early]),
        )
    return Batch(
        volume_at_price=dict(volume_at_price),
        brackets=_brackets(inside, session_open, session_close, bracket),
        initial_balance=initial_balance,
        high=max((_high(packet) for packet in inside), default=None),
        low=min((_low(packet) for packet in inside), default=None),
        last=inside[-1].last if inside else None,
        vwap=_vwap(fresh, inside, events, session_open),
        minutes=minutes,
        duplicates=sum(_same(a, b) for a, b in pairwise(packets)),
        out_of_order=sum(
            packet.volume < max((p.volume for p in packets[:index]), default=0)
            for index, packet in enumerate(packets)
        ),
    )


def naive_value_area(counts: Sequence[int], rule: str, percent: int) -> tuple[int, int, int]:
    """Return POC, lowest and highest index, growing row by row on a copied, padded list."""
    peak = max(counts)
    middle = Fraction(len(counts) - 1, 2)
    poc = min(
        (index for index, count in enumerate(counts) if count == peak),
        key=lambda index: (abs(index - middle), index),
    )
    pair = 2 if rule == "dual" else 1
    inside = {poc}
    while Fraction(sum(counts[index] for index in inside), sum(counts)) < Fraction(percent, 100):
        above = [i for i in range(max(inside) + 1, max(inside) + 1 + pair) if i < len(counts)]
        below = [i for i in range(min(inside) - pair, min(inside)) if i >= 0]
        up, down = sum(counts[i] for i in above), sum(counts[i] for i in below)
        if above and (not below or up >= down):
            inside.update(above)
        else:
            inside.update(below)
    return poc, min(inside), max(inside)


def naive_atr(bars: Sequence[Bar], period: int) -> float | None:
    """Return Wilder's ATR computed from the list of all true ranges."""
    ranges = [
        max(
            bar.high - bar.low,
            abs(bar.high - previous.close),
            abs(bar.low - previous.close),
        )
        for previous, bar in pairwise(bars)
    ]
    if len(ranges) < period:
        return None
    value = sum(ranges[:period]) / period
    for true_range in ranges[period:]:
        value = ((period - 1) * value + true_range) / period
    return value


def _is_old(before: Sequence[MarketUpdate], packet: MarketUpdate) -> bool:
    if not before:
        return False
    most = max(earlier.volume for earlier in before)
    newest = max(earlier.trade_time for earlier in before)
    return packet.volume < most or (packet.volume == most and packet.trade_time < newest)


def _same(a: MarketUpdate, b: MarketUpdate) -> bool:
    return (a.trade_time, a.last, a.last_quantity, a.volume) == (
        b.trade_time,
        b.last,
        b.last_quantity,
        b.volume,
    )


def _events(packets: Sequence[MarketUpdate], start: Instant, end: Instant) -> list[tuple[int, int]]:
    events = []
    for index, packet in enumerate(packets):
        if index == 0:
            continue
        size = packet.volume - max(earlier.volume for earlier in packets[:index])
        if size > 0 and start <= packet.trade_time < end:
            events.append((packet.last, size))
    return events


def _vwap(
    fresh: Sequence[MarketUpdate],
    inside: Sequence[MarketUpdate],
    events: Sequence[tuple[int, int]],
    session_open: Instant,
) -> Fraction | None:
    if not inside:
        return None
    before = [packet for packet in fresh if packet.trade_time < session_open]
    base = before[-1] if before and before[-1] is not inside[0] else inside[0]
    turnover = (base.average_price or 0) * base.volume + sum(price * size for price, size in events)
    volume = base.volume + sum(size for _, size in events)
    return Fraction(turnover, volume) if volume else None


def _minutes(packets: Sequence[MarketUpdate], start: Instant, end: Instant) -> tuple[Bar, ...]:
    latest = {
        packet.minute.start: packet.minute
        for packet in packets
        if packet.minute is not None and start <= packet.minute.start < end
    }
    return tuple(latest[key] for key in sorted(latest))


def _brackets(
    inside: Sequence[MarketUpdate], start: Instant, end: Instant, length: Instant
) -> tuple[tuple[int, int, int], ...]:
    if not inside:
        return ()
    first = (inside[0].trade_time - start) // length
    prices: dict[int, list[int]] = {}
    for position, packet in enumerate(inside):
        index = (packet.trade_time - start) // length
        prices.setdefault(index, []).append(packet.last)
        before = inside[position - 1] if position else None
        same = before is not None and (before.trade_time - start) // length == index
        if index == 0:
            prices[index] += [_high(packet), _low(packet)]
        elif same:
            earlier = inside[:position]
            if _high(packet) > max(_high(p) for p in earlier):
                prices[index].append(_high(packet))
            if _low(packet) < min(_low(p) for p in earlier):
                prices[index].append(_low(packet))
    for bar in _minutes(inside, start, end):
        index = (bar.start - start) // length
        if index >= first:
            prices.setdefault(index, []).extend((bar.high, bar.low))
    return tuple((index, min(prices[index]), max(prices[index])) for index in sorted(prices))


def _high(packet: MarketUpdate) -> int:
    return packet.last if packet.day is None else max(packet.last, packet.day.high)


def _low(packet: MarketUpdate) -> int:
    return packet.last if packet.day is None else min(packet.last, packet.day.low)
