"""Every trade of one instrument's day, and everything that can be told from trades alone: bars, profile, totals."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.auction.values.levels import PriorLevels
from engine.feeds.simulator.book import Quoter
from engine.feeds.simulator.bursts import USUAL, Bursts
from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.chance import Chance, Ints
from engine.feeds.simulator.script import OPEN_SECOND
from engine.market.clock import MILLISECOND, MINUTE, Instant
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar

OPEN_MS: Final = OPEN_SECOND * 1_000
_MINUTE_MS: Final = 60_000
_SLOTS: Final = 4
"""Chances to trade in a second."""
_SLOT_MS: Final = 1_000 // _SLOTS

_BUSY: Final = (
    165,
    130,
    115,
    108,
    100,
    96,
    92,
    88,
    84,
    82,
    80,
    80,
    82,
    84,
    86,
    88,
    90,
    92,
    95,
    98,
    102,
    108,
    116,
)
"""Trading by quarter hour from the open, percent of the day's usual: busy ends, a quiet noon."""

_QUANTITIES: Final = (
    *(8, 8, 8, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 100),
    *(100, 110, 130, 150, 180, 210, 250, 300, 360, 430, 520, 650, 850, 1_150, 1_700, 3_200),
)
"""Trade sizes, percent of the typical one, drawn evenly: many small, few large."""
_SEVERAL_PERCENT: Final = 36
"""Rows of the tape that stand for several trades at one price: only the last one's size is shown."""
_APPROACH: Final = 4
"""Seconds in which a press comes up to its wall."""
_RAREST: Final = 500
_MOST_OFTEN: Final = 2_500
"""A burst trades this much more often at most, thousandths of the usual; the rest of it are larger trades."""
_OPENING_MULTIPLE: Final = 240
"""Size of the opening auction's single trade in typical trades."""


@dataclass(frozen=True, slots=True)
class Tape:
    """One row per trade, oldest first. Times are milliseconds of the day, prices ticks, quantities units."""

    times: Ints
    prices: Ints
    last_quantities: Ints
    volumes: Ints
    """Day volume after the trade."""
    turnovers: Ints
    """Sum of ticks times units after the trade."""
    highs: Ints
    lows: Ints
    minute_ends: Ints
    """Per trade, the row of the minute bar completed before its minute; -1 before the second minute."""
    minutes: tuple[Bar, ...]
    """Completed minutes with a trade, oldest first."""

    def shown_at(self, milliseconds: int) -> int:
        """Return the row of the last trade not after a time of the day."""
        return int(np.searchsorted(self.times, milliseconds, side="right")) - 1


def print_tape(
    member: Member, quoter: Quoter, bursts: Bursts, end_second: int, midnight: Instant, chance: Chance
) -> Tape:
    """Return the trades of a whole day along the quoter's path."""
    often = np.clip(bursts.trading, _RAREST, _MOST_OFTEN)
    times = _times(member.trades_per_minute, end_second, often, chance)
    count = len(times)
    prices = _prices(quoter, times, chance)
    large = (bursts.trading * USUAL // often)[times // _MINUTE_MS - OPEN_MS // _MINUTE_MS]
    quantities, last_quantities = _quantities(member, large, chance)
    for press in quoter.presses:
        on = quoter.pressed(press, times)
        # The first trades stand a tick in front of the wall: price came from that side, whatever it did before.
        steps = times[on] < (press.start + _APPROACH) * 1_000
        prices[on] = quoter.wall(press) - press.sign * steps
        quantities[on] = quantities[on] * press.percent // 100
    volumes = np.cumsum(quantities)
    turnovers = np.cumsum(prices * quantities)
    minute_of = times // _MINUTE_MS
    starts = np.flatnonzero(np.diff(minute_of, prepend=-1))
    ends = np.append(starts[1:], count) - 1
    tick = member.instrument.tick
    columns = (
        minute_of[starts] * MINUTE + midnight,
        prices[starts] * tick,
        np.maximum.reduceat(prices, starts) * tick,
        np.minimum.reduceat(prices, starts) * tick,
        prices[ends] * tick,
        np.add.reduceat(quantities, starts),
    )
    bars = tuple(Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
    return Tape(
        times=times,
        prices=prices,
        last_quantities=last_quantities,
        volumes=volumes,
        turnovers=turnovers,
        highs=np.maximum.accumulate(prices),
        lows=np.minimum.accumulate(prices),
        minute_ends=np.searchsorted(starts, np.arange(count), side="right") - 2,
        minutes=bars,
    )


def _times(trades_per_minute: int, end_second: int, often: Ints, chance: Chance) -> Ints:
    slots = (end_second - OPEN_SECOND) * _SLOTS
    slot = np.arange(slots)
    busy = np.asarray(_BUSY, dtype=np.int64)[np.minimum(slot // (900 * _SLOTS), len(_BUSY) - 1)]
    wanted = busy * trades_per_minute * often[slot // (60 * _SLOTS)] // USUAL
    traded = np.flatnonzero(chance.below(60 * _SLOTS * 100, slots) < wanted)
    offsets = chance.below(_SLOT_MS, slots)[traded]
    later = OPEN_MS + traded * _SLOT_MS + offsets
    return np.concatenate((np.asarray([OPEN_MS], dtype=np.int64), later[later > OPEN_MS]))


def _prices(quoter: Quoter, times: Ints, chance: Chance) -> Ints:
    """Trade at the touch of the moment, one time in five inside the spread."""
    bids, asks = quoter.touch(times, steady=False)
    side = chance.below(2, len(times))
    how = chance.below(20, len(times))
    at_touch = np.where(side == 1, asks, bids)
    inside = (bids + asks + side) // 2
    return np.where(how < 4, inside, at_touch)


def _quantities(member: Member, large: Ints, chance: Chance) -> tuple[Ints, Ints]:
    lot, count = member.instrument.lot, len(large)
    table = np.asarray(_QUANTITIES, dtype=np.int64)
    drawn = table[chance.below(len(table), count)] * member.typical_quantity * large
    lots = np.maximum(1, drawn // (100 * USUAL * lot))
    lots[0] = _OPENING_MULTIPLE * member.typical_quantity // lot
    several = (chance.below(100, count) < _SEVERAL_PERCENT) & (lots > 1)
    last = np.where(several, 1 + lots // (2 + chance.below(5, count)), lots)
    return lots * lot, np.minimum(last, lots) * lot


def usual_volumes(member: Member, end_second: int) -> tuple[int, ...]:
    """Return the units that an ordinary session trades in each five minutes from the open, on average."""
    lots = [max(1, part * member.typical_quantity // (100 * member.instrument.lot)) for part in _QUANTITIES]
    units = sum(lots) * member.instrument.lot
    slots = (end_second - OPEN_SECOND) // 300
    busy = (_BUSY[min(slot // 3, len(_BUSY) - 1)] for slot in range(slots))
    return tuple(5 * member.trades_per_minute * part * units // (100 * len(lots)) for part in busy)


def seed_from(
    member: Member, tape: Tape, row: int, midnight: Instant, earlier: PriorLevels
) -> InstrumentSeed:
    """Return the session's past up to and including a trade of the tape; ``earlier`` knows the average range."""
    tick = member.instrument.tick
    prices = tape.prices[: row + 1]
    volumes = tape.volumes[: row + 1]
    lowest = int(tape.lows[row])
    rows = np.zeros(int(tape.highs[row]) - lowest + 1, dtype=np.int64)
    np.add.at(rows, prices - lowest, np.diff(volumes, prepend=0))
    traded = np.flatnonzero(rows)
    day = Bar(
        midnight,
        int(tape.prices[0]) * tick,
        int(tape.highs[row]) * tick,
        lowest * tick,
        int(tape.prices[row]) * tick,
        int(volumes[-1]),
    )
    return InstrumentSeed(
        instrument=member.instrument.key,
        until=int(tape.times[row]) * MILLISECOND + midnight,
        source="GENERATED",
        volume_rows=dict(zip(((traded + lowest) * tick).tolist(), rows[traded].tolist(), strict=True)),
        minutes=tape.minutes[: int(tape.minute_ends[row]) + 1],
        day=day,
        volume=int(volumes[-1]),
        turnover=int(tape.turnovers[row]) * tick,
        previous_close=member.previous_close,
        average_range=earlier.average_range,
        range_days=earlier.range_days,
    )
