"""What a record suggests, in words: only what its sample proves, judged for the number of things looked at.

Nothing acts on it. Intervals go by whole days; their level is corrected by Bonferroni for all that was judged. That one
looks again every day is not corrected for, and said.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import fsum
from operator import attrgetter
from statistics import NormalDist
from typing import Final, NamedTuple

from engine.market.figures import decimal
from engine.market.price import Paise
from engine.orders.exit_reasons import STOP
from engine.performance.groups import UNKNOWN, name_in
from engine.performance.interval import wilson_interval
from engine.performance.measured import Measured
from engine.performance.records import PROOF_COUNT
from engine.performance.resampling import Sums, clustered_interval
from engine.performance.trade import ClosedTrade

LEAST_DAYS: Final = 20
"""Fewer independent days prove nothing, however many trades they hold."""
WRONG_IN_ALL: Final = 0.05
"""How often, at most, anything at all is suggested that chance alone has made."""
_LOSERS: Final = ("setup", "hour", "day-type", "stop-term")
_HALF: Final = 0.5
_BOUNCE_R: Final = 0.25
"""A spread is at most this part of R, for no stop is nearer than four: the bounce after a fill is no reason."""
_RARE: Final = 0.10
"""Of the winners at most so many may need the far half of their stop before it is called too wide."""

Pair = tuple[ClosedTrade, Measured]
Afterwards = Mapping[str, tuple[Paise, Paise]]
"""By trade, the highest and lowest last price of the half-hour behind its exit."""


class Lesson(StrEnum):
    """What is suggested of a group of trades."""

    LOSES = "loses"
    CHARGES = "charges eat its edge"
    SLIPPAGE = "slippage eats its edge"
    TIGHT = "stops too tight"
    WIDE = "stops too wide"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One sentence that the sample proves, with the figure behind it."""

    lesson: Lesson
    by: str
    group: str
    n: int
    days: int
    value: float
    """A mean in R, or of a share 0 to 1."""
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a record suggests, and how much was looked at to find it."""

    looked_at: int
    judged: int
    """Of these have a sample that proves anything."""
    level: float | None
    """Of each interval; None where nothing was judged."""
    found: tuple[Suggestion, ...]

    def describe(self) -> str:
        """Return how it was found, in words."""
        least = f"n {PROOF_COUNT} on {LEAST_DAYS} days"
        if self.level is None:
            return f"{_things(self.looked_at)} looked at, none with {least}: nothing is suggested"
        result = {0: "nothing is suggested", 1: "1 thing is suggested"}
        told = result.get(len(self.found), f"{len(self.found)} things are suggested")
        return (
            f"{_things(self.looked_at)} looked at, {self.judged} with {least} judged at {_level(self.level)} each, "
            f"so that chance alone suggests anything at most once in twenty records: {told}. Looking again each day is "
            "not corrected for"
        )


class _Row(NamedTuple):
    """What one trade tells each lesson, R; None where it tells nothing."""

    day: date
    net: float | None
    gross: float | None
    slippage: float | None
    back: float | None
    """How much further the half-hour behind a losing stop-out went our way than against us."""
    far: float | None
    """Whether a winner went more than half an R against us, 0 or 1."""
    ours: float | None
    against: float | None


@dataclass(frozen=True, slots=True)
class _Look:
    """One thing looked at: the results that a lesson is drawn from, and the trades behind it."""

    lesson: Lesson
    by: str
    group: str
    rows: Sequence[_Row]
    days: Sequence[Sums]
    """Empty where there are too few trades to judge."""

    @property
    def n(self) -> int:
        return sum(number for _, number in self.days)

    @property
    def total(self) -> float:
        return fsum(total for total, _ in self.days)

    @property
    def name(self) -> str:
        return "the whole record" if self.by == "all" else f"{self.by} {self.group}"


def suggestions(pairs: Sequence[Pair], after: Afterwards) -> Suggested:
    """Return what trades of one basis suggest."""
    looks = list(_looks(pairs, after))
    judged = [look for look in looks if look.n >= PROOF_COUNT and len(look.days) >= LEAST_DAYS]
    if not judged:
        return Suggested(len(looks), 0, None, ())
    level = 1 - WRONG_IN_ALL / len(judged)
    found = (_judge(look, level) for look in judged)
    return Suggested(len(looks), len(judged), level, tuple(one for one in found if one is not None))


def _looks(pairs: Sequence[Pair], after: Afterwards) -> Iterator[_Look]:
    if not pairs:
        return
    rows = [_row(trade, figures, after) for trade, figures in pairs]
    places: dict[date, int] = {}
    days = [places.setdefault(row.day, len(places)) for row in rows]
    # Value and count in one number: a day's results are one sum.
    columns = {
        lesson: [None if (result := value(row)) is None else complex(result, 1) for row in rows]
        for lesson, value in _LOOKED_AT.items()
    }
    groups: list[tuple[str, str, Sequence[int]]] = [("all", "all", range(len(rows)))]
    for by in _LOSERS:
        own: dict[str, list[int]] = {}
        for number, (trade, _) in enumerate(pairs):
            own.setdefault(name_in(by, trade), []).append(number)
        groups += [(by, name, own[name]) for name in sorted(own) if name != UNKNOWN]
    for by, name, members in groups:
        behind = [rows[number] for number in members]
        for lesson, column in columns.items():
            if by in _LOOKED_IN.get(lesson, _EVERYWHERE):
                yield _Look(lesson, by, name, behind, _day_sums(members, days, column, len(places)))


def _day_sums(
    members: Sequence[int], days: Sequence[int], column: Sequence[complex | None], count: int
) -> list[Sums]:
    if len(members) < PROOF_COUNT:
        return []
    found = [0j] * count
    for number in members:
        result = column[number]
        if result is not None:
            found[days[number]] += result
    return [(one.real, int(one.imag)) for one in found if one]


_EVERYWHERE: Final = ("all", *_LOSERS)
_LOOKED_IN: Final[Mapping[Lesson, Sequence[str]]] = {
    Lesson.CHARGES: ("all", "setup"),
    Lesson.SLIPPAGE: ("all", "setup"),
    Lesson.TIGHT: ("all", "setup", "stop-term"),
    Lesson.WIDE: ("all", "setup", "stop-term"),
}
_LOOKED_AT: Final[Mapping[Lesson, Callable[[_Row], float | None]]] = {
    Lesson.LOSES: attrgetter("net"),
    Lesson.CHARGES: attrgetter("gross"),
    Lesson.SLIPPAGE: attrgetter("slippage"),
    Lesson.TIGHT: attrgetter("back"),
    Lesson.WIDE: attrgetter("far"),
}


def _row(trade: ClosedTrade, figures: Measured, after: Afterwards) -> _Row:
    risk = figures.initial_risk
    far = None if figures.net <= 0 or figures.mae_r is None else float(figures.mae_r > _HALF)
    gross = None if risk is None else figures.gross / risk
    back = ours = against = None
    if trade.exit_reason == STOP and figures.gross < 0 and risk is not None:
        seen = after.get(trade.id)
        if seen is not None:
            ends = sorted((one * trade.quantity - trade.exit_value) * trade.side.sign / risk for one in seen)
            ours, against = max(0.0, ends[1]), max(0.0, -ends[0])
            back = ours - against
    return _Row(figures.day, figures.r, gross, figures.slippage_r, back, far, ours, against)


def _judge(look: _Look, level: float) -> Suggestion | None:
    value = look.total / look.n
    if look.lesson is Lesson.WIDE:
        z = NormalDist().inv_cdf((1 + level) / 2)
        found = wilson_interval(round(look.total), look.n, z)
    else:
        found = clustered_interval(look.days, level)
    if found is None:
        return None
    low, high = found
    words = _WORDS[look.lesson](look, value, low, high)
    if words is None:
        return None
    shown = _share_span if look.lesson is Lesson.WIDE else _r_span
    behind = f"{_level(level)}: {shown(low, high)}; n {look.n} on {len(look.days)} days"
    return Suggestion(
        look.lesson, look.by, look.group, look.n, len(look.days), value, low, high, f"{words} ({behind})"
    )


def _loses(look: _Look, value: float, low: float, high: float) -> str | None:
    del low
    return f"{look.name} loses: {_r(value)} a trade after charges" if high < 0 else None


def _charges(look: _Look, value: float, low: float, high: float) -> str | None:
    del high
    left = _mean(row.net for row in look.rows)
    if low <= 0 or left is None or left > _HALF * value:
        return None
    return (
        f"charges eat the edge of {look.name}: {_r(value)} a trade before charges, {_r(left)} after them; "
        "the interval is of the first"
    )


def _slippage(look: _Look, value: float, low: float, high: float) -> str | None:
    del high
    left = _mean(row.gross for row in look.rows if row.slippage is not None)
    if low <= 0 or left is None or left + value <= 0 or value < _HALF * (left + value):
        return None
    return (
        f"slippage eats the edge of {look.name}: entries cost {_r(value)} a trade beyond the signal's price, of "
        f"{_r(left + value)} before charges; the interval is of the first"
    )


def _tight(look: _Look, value: float, low: float, high: float) -> str | None:
    del value, high
    if low <= _BOUNCE_R:
        return None
    ours, against = _mean(row.ours for row in look.rows), _mean(row.against for row in look.rows)
    return (
        f"the stops of {look.name} are too tight: in the half-hour behind a stop-out price went {_r(ours or 0.0)} our "
        f"way and {_r(-(against or 0.0))} further against us; the interval is of what the first has over the second"
    )


def _wide(look: _Look, value: float, low: float, high: float) -> str | None:
    del low
    if high >= _RARE:
        return None
    return (
        f"the stops of {look.name} are too wide: of its winners {_share(value)} ever went more than half an R "
        "against us"
    )


_WORDS: Final[Mapping[Lesson, Callable[[_Look, float, float, float], str | None]]] = {
    Lesson.LOSES: _loses,
    Lesson.CHARGES: _charges,
    Lesson.SLIPPAGE: _slippage,
    Lesson.TIGHT: _tight,
    Lesson.WIDE: _wide,
}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def _r(value: float) -> str:
    return f"{decimal(value, 2, plus=True)} R"


def _r_span(low: float, high: float) -> str:
    return f"{decimal(low, 2, plus=True)} to {decimal(high, 2, plus=True)} R"


def _share(value: float) -> str:
    return f"{decimal(100 * value, 1)} %"


def _share_span(low: float, high: float) -> str:
    return f"{decimal(100 * low, 1)} to {decimal(100 * high, 1)} %"


def _level(level: float) -> str:
    return f"{decimal(100 * level, 2)} %"


def _things(count: int) -> str:
    return "1 thing was" if count == 1 else f"{count} things were"
