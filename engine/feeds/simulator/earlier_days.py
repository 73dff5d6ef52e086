"""The sessions before a simulated day, minute by minute and no finer: what they leave are levels, not trades."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from engine.auction.prior.history import VOLUME, SessionProfile, prior_levels
from engine.auction.profile.profile_reading import read_profile
from engine.auction.profile.row_height_formula import row_height
from engine.auction.profile.tpo_profile import Bracket, letter_of, tpo_rows
from engine.auction.profile.value_area import Rows
from engine.auction.structure.day_type import SessionFacts, name_day
from engine.auction.structure.profile_shape import find_tails, shape_of
from engine.auction.values.levels import CloseKind, PriorLevels
from engine.feeds.simulator.bursts import USUAL, draw_bursts
from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.chance import SIGMA, Chance, Ints
from engine.feeds.simulator.script import OPEN_SECOND
from engine.feeds.simulator.tape import usual_volumes
from engine.market.calendar import load_calendar
from engine.market.price import Paise
from engine.market.quality import Quality

SESSIONS: Final = 20
_MINUTES_A_RANGE: Final = 31
"""Minutes' deviations in the average daily range."""
_OVERNIGHT: Final = 250
"""Deviation of the gap between two sessions, thousandths of the average range …"""
_FARTHEST_GAP: Final = 600
"""… and the widest one."""
_AWAY: Final = 1_000
"""Earlier sessions that would begin farther than this from where they lead are turned round."""
_BRACKET: Final = 30
_BALANCE_BRACKETS: Final = 2
_SLOT: Final = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """One earlier session of a family, in thousandths of the average range around the close that today follows."""

    closes: Ints
    """Minute by minute, the opening price first."""
    trading: Ints
    """How busy each minute was, as in ``Bursts``."""
    gap: int
    """From the close before to the open."""


def overnight(chance: Chance) -> int:
    """Return a gap, thousandths of the average range."""
    drawn = int(chance.normals(1)[0]) * _OVERNIGHT // SIGMA
    return min(max(drawn, -_FARTHEST_GAP), _FARTHEST_GAP)


def shapes_before(minutes: int, seed: int, family: str, *, index: bool) -> tuple[Shape, ...]:
    """Return the sessions that a family has behind it, oldest first; the newest ends at 0."""
    chance = Chance("earlier", seed, family)
    bursts = draw_bursts(minutes, chance, index=index, days=SESSIONS)
    steps = chance.normals(minutes * SESSIONS) * bursts.moves
    rows = steps.reshape(SESSIONS, minutes).cumsum(axis=1) // (SIGMA * USUAL // 1_000 * _MINUTES_A_RANGE)
    found: list[Shape] = []
    close = 0
    for row, trading in zip(rows, bursts.trading.reshape(SESSIONS, minutes), strict=True):
        moves = np.concatenate((np.zeros(1, dtype=np.int64), row))
        gap = overnight(chance)
        if abs(close - int(moves[-1]) - gap) > max(_AWAY, abs(close)):
            moves, gap = -moves, -gap
        opening = close - int(moves[-1])
        found.append(Shape(opening + moves, trading, gap))
        close = opening - gap
    return tuple(reversed(found))


def sessions_before(
    member: Member, shapes: tuple[Shape, ...], day: date, end_second: int
) -> tuple[SessionProfile, ...]:
    """Return a member's earlier sessions, oldest first; the newest closed at the member's previous close."""
    usual = np.repeat(np.asarray(usual_volumes(member, end_second), dtype=np.int64) // _SLOT, _SLOT)
    return tuple(
        _session(member, shape, when, usual)
        for shape, when in zip(shapes, trading_days_before(day, len(shapes)), strict=True)
    )


def walked_levels(
    members: Sequence[Member], ends: Sequence[int], day: date, seed: int
) -> dict[str, PriorLevels]:
    """Return what the sessions before a day left of each member; ``ends`` are the seconds of the day they close at."""
    families: dict[tuple[str, int], tuple[Shape, ...]] = {}
    found = {}
    for member, end in zip(members, ends, strict=True):
        minutes = (end - OPEN_SECOND) // 60
        family = (member.family, minutes)
        if family not in families:
            families[family] = shapes_before(
                minutes, seed, member.family, index=bool(member.instrument.underlying)
            )
        levels = prior_levels(sessions_before(member, families[family], day, end), member.previous_close, day)
        if levels is not None:
            found[member.instrument.key] = levels
    return found


def trading_days_before(day: date, count: int) -> tuple[date, ...]:
    """Return so many trading days before a date, oldest first."""
    calendar, before = load_calendar(), day
    found: list[date] = []
    while len(found) < count:
        before -= timedelta(days=1)
        if calendar.is_trading_day(before):
            found.append(before)
    return tuple(reversed(found))


def _session(member: Member, shape: Shape, day: date, usual: Ints) -> SessionProfile:
    tick = member.instrument.tick
    base, span = member.previous_close // tick, member.average_range * member.response // 1_000
    prices = base + shape.closes * span // 1_000
    volumes = usual[: len(shape.trading)] * shape.trading // USUAL // member.instrument.lot
    volumes = volumes * member.instrument.lot
    height = row_height(member.average_range * tick, tick)
    row = height * tick
    placed, low = _rows(prices, volumes, height)
    brackets = _brackets(prices, tick)
    tpos = tpo_rows(brackets, row) or Rows(0, (0,))
    reading = read_profile(Rows(low, placed), row, "dual", 70)
    first = brackets[:_BALANCE_BRACKETS]
    balance = min(one.low for one in first), max(one.high for one in first)
    high, bottom = int(prices.max()) * tick, int(prices.min()) * tick
    last = int(prices[-1]) * tick
    opening = int(prices[0])
    middle = low * row if reading is None else reading.poc
    return SessionProfile(
        instrument=member.instrument.key,
        day=day,
        open=opening * tick,
        high=high,
        low=bottom,
        close=last,
        previous_close=(base + (int(shape.closes[0]) - shape.gap) * span // 1_000) * tick,
        row=row,
        volume_low=low * row,
        volumes=placed,
        tpo_low=tpos.low * row,
        tpos=tuple(tpos.counts),
        brackets=tuple((letter_of(one.index), one.low, one.high) for one in brackets),
        balance_low=balance[0],
        balance_high=balance[1],
        day_type=_day_type(bottom, high, last, balance, row, tick, tpos, brackets),
        poc=middle,
        val=middle if reading is None else reading.val,
        vah=middle if reading is None else reading.vah,
        source=VOLUME,
        volume=sum(placed),
        quality=Quality.LIVE,
        close_kind=CloseKind.OFFICIAL,
        slot_volumes=tuple(np.add.reduceat(volumes, np.arange(0, len(volumes), _SLOT)).tolist()),
    )


def _rows(prices: Ints, volumes: Ints, height: int) -> tuple[tuple[int, ...], int]:
    """Return the volume of each row from the lowest that traded on, and that row's number.

    A minute's volume lies half where it began and half where it ended.
    """
    numbers = prices // height
    low = int(numbers.min())
    counts = np.zeros(int(numbers.max()) - low + 1, dtype=np.int64)
    np.add.at(counts, numbers[:-1] - low, volumes // 2)
    np.add.at(counts, numbers[1:] - low, volumes - volumes // 2)
    return tuple(counts.tolist()), low


def _brackets(prices: Ints, tick: Paise) -> list[Bracket]:
    starts = np.arange(0, len(prices) - 1, _BRACKET)
    lows, highs = np.minimum.reduceat(prices[:-1], starts), np.maximum.reduceat(prices[:-1], starts)
    ends = prices[np.minimum(starts + _BRACKET, len(prices) - 1)]
    found = []
    for index, (low, high, end) in enumerate(zip(lows.tolist(), highs.tolist(), ends.tolist(), strict=True)):
        found.append(Bracket(index, min(low, end) * tick, max(high, end) * tick, whole=True))
    return found


def _day_type(
    low: Paise,
    high: Paise,
    last: Paise,
    balance: tuple[Paise, Paise],
    row: Paise,
    tick: Paise,
    tpos: Rows,
    brackets: list[Bracket],
) -> str:
    most = max(tpos.counts)
    middle = next(place for place, count in enumerate(tpos.counts) if count == most)
    session = SessionFacts(
        high=high,
        low=low,
        last=last,
        balance_high=balance[1],
        balance_low=balance[0],
        row=row,
        tick=tick,
        rows=tpos,
        brackets=brackets,
        shape=shape_of(tpos.counts, middle, find_tails(tpos.counts)),
        average_range=None,
    )
    return name_day(session, developing=False).name
