"""What the feed shows of a tape: conflated packets with repeats, book-only changes and a few swapped pairs."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.feeds.simulator.book import Quoter, SimulatedDepth
from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.chance import Chance, Ints, scatter, word_of
from engine.feeds.simulator.tape import OPEN_MS, Tape
from engine.market.clock import MILLISECOND, Instant
from engine.market.update import Bar, MarketUpdate

MINUTE_MS: Final = 60_000
_ATTEMPTS_PERCENT: Final = 115
"""Moments looked at per update told: where nothing changed, nothing is sent."""
_REPEAT_PERCENT: Final = 9
_SWAP_ONE_IN: Final = 55
"""About one minute in so many holds a swapped pair: four to seven a day and instrument."""
_LAGGING_DAY_VOLUME_PERCENT: Final = 28
_INTEREST_MS: Final = 181_000
_PRE_OPEN_MS: Final = 900
"""How long before the open the first packet of a whole day arrives, …"""
_MATCHED_MS: Final = 450_000
"""… and how long before it the pre-open session matched its orders."""


def pre_open_update(member: Member, place: int, midnight: Instant) -> MarketUpdate:
    """Return what a feed opened before the session says first: nothing has traded, the previous close stands."""
    return MarketUpdate(
        instrument=member.instrument.key,
        arrival=(OPEN_MS - _PRE_OPEN_MS + place) * MILLISECOND + midnight,
        trade_time=(OPEN_MS - _MATCHED_MS) * MILLISECOND + midnight,
        last=member.previous_close,
        last_quantity=0,
        volume=0,
        previous_close=member.previous_close,
        auction=True,
    )


class Packets:
    """The packets of one instrument."""

    def __init__(
        self, member: Member, tape: Tape, quoter: Quoter, midnight: Instant, seed: int, *, still_percent: int
    ) -> None:
        """Tell a tape; ``still_percent`` of the packets with a trade show the book of the packet before."""
        self._member = member
        self._tape = tape
        self._quoter = quoter
        self._midnight = midnight
        self._seed = seed
        self._still_percent = still_percent
        self._salt = word_of("packets", seed, member.instrument.key)

    def minute(self, start: int, first: int, last: int) -> tuple[list[int], Iterator[MarketUpdate]]:
        """Return arrivals and, made as they are read, the updates of the minute beginning at ``start``.

        ``start`` is in milliseconds of the day; only packets from ``first`` up to, not including, ``last`` count.
        """
        chance = Chance("packets", self._seed, self._member.instrument.key, start)
        times = self._times(start, first, last, chance)
        rows = np.searchsorted(self._tape.times, times - self._member.lag_ms, side="right") - 1
        times, rows = times[rows >= 0], rows[rows >= 0]
        depth = self._quoter.depth(self._quoted(times, rows, chance))
        news = _news(rows, depth)
        times, rows, depth = times[news], rows[news], depth.of(news)
        count = len(rows)
        source = np.arange(count)
        repeated = chance.below(100, count) < _REPEAT_PERCENT
        repeated[:1] = False
        repeated &= ~np.roll(repeated, 1)
        source[repeated] -= 1
        arrivals = times.copy()
        if chance.between(1, _SWAP_ONE_IN) == 1:
            _swap_pair(source, arrivals, rows)
        stamps = (arrivals * MILLISECOND + self._midnight).tolist()
        return stamps, self._updates(stamps, rows[source], times[source], depth.of(source))

    def _times(self, start: int, first: int, last: int, chance: Chance) -> Ints:
        count = self._member.updates_per_minute * _ATTEMPTS_PERCENT // 100
        if self._member.instrument.lot > 1:
            times = (np.arange(count) * MINUTE_MS + chance.below(MINUTE_MS, count)) // count
        else:
            times = np.sort(chance.below(MINUTE_MS, count))
        times = times + start
        return np.asarray(times[(times >= first) & (times < last)], dtype=np.int64)

    def _quoted(self, times: Ints, rows: Ints, chance: Chance) -> Ints:
        """Return the moment whose book each packet shows: most trades leave the book as it was told last."""
        if self._still_percent == 0:
            return times
        told = np.arange(len(times))
        still = chance.below(100, len(times)) < self._still_percent
        still[:1] = False
        still[1:] &= np.diff(rows) > 0
        told[still] = 0
        return times[np.maximum.accumulate(told)]

    def _updates(
        self, stamps: list[int], rows: Ints, times: Ints, depth: SimulatedDepth
    ) -> Iterator[MarketUpdate]:
        if not stamps:
            return
        tape, instrument = self._tape, self._member.instrument
        tick, key, midnight = instrument.tick, instrument.key, self._midnight
        volumes = tape.volumes[rows]
        late = scatter(self._salt, rows) % 100 < _LAGGING_DAY_VOLUME_PERCENT
        total_buy, total_sell = self._quoter.totals(times)
        columns = zip(
            stamps,
            (tape.times[rows] * MILLISECOND + midnight).tolist(),
            (tape.prices[rows] * tick).tolist(),
            tape.last_quantities[rows].tolist(),
            volumes.tolist(),
            *_sides(depth, tick),
            ((2 * tape.turnovers[rows] * tick + volumes) // (2 * volumes)).tolist(),
            (tape.highs[rows] * tick).tolist(),
            (tape.lows[rows] * tick).tolist(),
            tape.volumes[np.where(late, np.maximum(rows - 1, 0), rows)].tolist(),
            tape.minute_ends[rows].tolist(),
            total_buy.tolist(),
            total_sell.tolist(),
            self._interest(times),
            strict=True,
        )
        opening = int(tape.prices[0]) * tick
        previous_close = self._member.previous_close
        for (
            arrival,
            trade_time,
            last,
            last_quantity,
            volume,
            bids,
            bid_sizes,
            asks,
            ask_sizes,
            average,
            high,
            low,
            day_volume,
            minute,
            buy,
            sell,
            interest,
        ) in columns:
            yield MarketUpdate(
                key,
                arrival,
                trade_time,
                last,
                last_quantity,
                volume,
                previous_close,
                tuple(zip(bids, bid_sizes, strict=True)),
                tuple(zip(asks, ask_sizes, strict=True)),
                average,
                Bar(midnight, opening, high, low, last, day_volume),
                tape.minutes[minute] if minute >= 0 else None,
                buy,
                sell,
                interest,
            )

    def _interest(self, times: Ints) -> list[int] | list[None]:
        opening = self._member.open_interest
        if opening is None:
            return [None] * len(times)
        lot = self._member.instrument.lot
        drift = scatter(self._salt + 1, times // _INTEREST_MS) % (opening // (50 * lot))
        changed: list[int] = ((opening // lot + drift) * lot).tolist()
        return changed


def _news(rows: Ints, depth: SimulatedDepth) -> npt.NDArray[np.bool_]:
    """Return which moments differ from the one before: the feed sends only on change."""
    told = np.column_stack((rows, depth.bids, depth.bid_sizes, depth.asks, depth.ask_sizes))
    news = np.ones(len(rows), dtype=np.bool_)
    news[1:] = (told[1:] != told[:-1]).any(axis=1)
    return news


def _sides(
    depth: SimulatedDepth, tick: int
) -> tuple[list[list[int]], list[list[int]], list[list[int]], list[list[int]]]:
    return (
        (depth.bids * tick).tolist(),
        depth.bid_sizes.tolist(),
        (depth.asks * tick).tolist(),
        depth.ask_sizes.tolist(),
    )


def _swap_pair(source: Ints, arrivals: Ints, rows: Ints) -> None:
    """Let one newer packet overtake its elder, both arriving in the same millisecond."""
    own = source == np.arange(len(source))
    stepped = np.flatnonzero((np.diff(rows) > 0) & own[:-1] & own[1:])
    for place in stepped[len(stepped) // 2 : len(stepped) // 2 + 1].tolist():
        source[place], source[place + 1] = place + 1, place
        arrivals[place] = arrivals[place + 1]
        if place + 2 < len(source) and not own[place + 2]:
            source[place + 2] = place + 2
