"""Finished trades by what they have in common: each belongs to one group, so that the groups' sums are the whole's."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from engine.market.clock import MINUTE
from engine.market.price import Paise
from engine.performance.measured import Measured, measured
from engine.performance.metrics import PERIODS, Summary, by_period, summary_of
from engine.performance.trade import ClosedTrade

UNKNOWN: Final = "not recorded"
"""The group of trades of which an earlier version kept no such thing."""

_AHEAD: Final = 330
"""Minutes by which India is ahead of the epoch's clock."""
_A_DAY: Final = 24 * 60
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _minutes(trade: ClosedTrade) -> int:
    """Return the Indian minute of the day of a signal."""
    return (trade.signalled // MINUTE + _AHEAD) % _A_DAY


@lru_cache(maxsize=_A_DAY)
def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _hour(trade: ClosedTrade) -> str:
    """Return the Indian hour of the signal: '09:00' is from 09:00 until before 10:00."""
    return _clock(_minutes(trade) // 60 * 60)


def _half_hour(trade: ClosedTrade) -> str:
    """Return the Indian half-hour of the signal by its beginning."""
    return _clock(_minutes(trade) // 30 * 30)


def _weekday(trade: ClosedTrade) -> str:
    return _WEEKDAYS[trade.day.weekday()]


def _reason(trade: ClosedTrade) -> str:
    """Return why it closed without the particulars: 'premise: back in value' is 'premise'."""
    return trade.exit_reason.partition(":")[0].strip() or UNKNOWN


_COMMON: Final[Mapping[str, Callable[[ClosedTrade], str]]] = {
    "setup": lambda trade: trade.setup,
    "instrument": lambda trade: trade.symbol or trade.instrument,
    "hour": _hour,
    "half-hour": _half_hour,
    "day-type": lambda trade: trade.day_type or UNKNOWN,
    "open-type": lambda trade: trade.open_type or UNKNOWN,
    "weekday": _weekday,
    "side": lambda trade: trade.side.value,
    "exit-reason": _reason,
    "stop-term": lambda trade: trade.stop_term or UNKNOWN,
}

GROUPINGS: Final = (*PERIODS, *_COMMON)
"""What trades can be put together by: periods of time, then what they have in common."""


def name_in(by: str, trade: ClosedTrade) -> str:
    """Return the group of a trade in a grouping that is no period; raise KeyError for any other."""
    return _COMMON[by](trade)


def grouped(
    trades: Iterable[ClosedTrade], accounts: Mapping[date, Paise], by: str, risk_free_pct: float = 0.0
) -> dict[str, Summary]:
    """Return figures per group: periods oldest first, others by name; raise ValueError for an unknown grouping.

    A period is measured on its own days, those without a trade included; any other group on all days.
    """
    return grouped_measured([(trade, measured(trade)) for trade in trades], accounts, by, risk_free_pct)


def grouped_measured(
    trades: Iterable[tuple[ClosedTrade, Measured]],
    accounts: Mapping[date, Paise],
    by: str,
    risk_free_pct: float = 0.0,
) -> dict[str, Summary]:
    """Return the same of trades that are measured already; intervals of means are by days where there are enough."""
    if by in PERIODS:
        return by_period([figures for _, figures in trades], accounts, by, risk_free_pct)
    name = _COMMON.get(by)
    if name is None:
        raise ValueError(f"expected one of {', '.join(GROUPINGS)}, got {by!r}")
    own: dict[str, list[Measured]] = {}
    for trade, figures in trades:
        own.setdefault(name(trade), []).append(figures)
    order = _WEEKDAYS.index if by == "weekday" else str
    return {
        group: summary_of(own[group], accounts, risk_free_pct, by_days=True)
        for group in sorted(own, key=order)
    }
