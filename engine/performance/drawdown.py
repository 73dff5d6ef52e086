"""The deepest falls of an account: in money and in percent, which need not be the same fall."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from engine.market.clock import Instant, instant_at
from engine.market.price import Paise

EquityMark = tuple[Instant, Paise]
"""When, and the account at that moment, paise."""
Payment = tuple[Instant, Paise]
"""When, and what was paid in (above zero) or taken out, paise."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall in money and the deepest in percent of its peak, each from an earlier peak with its dates."""

    amount: Paise
    peak_time: Instant | None
    """None when the peak is the start."""
    trough_time: Instant | None
    percent: float | None
    """None where no peak was above zero."""
    percent_peak_time: Instant | None
    percent_trough_time: Instant | None
    recovered_time: Instant | None = None
    """When the account first stood again where the fall in money had begun; None where it never has."""
    percent_recovered_time: Instant | None = None


def max_drawdown(
    start: Paise, marks: Iterable[EquityMark], payments: Iterable[Payment] = ()
) -> Drawdown | None:
    """Return the deepest falls of an account that begins at ``start`` paise; None without a mark.

    Marks are (time, start and results so far in paise), oldest first; the first of equal falls counts. What was paid in
    or out by then is no part of them: it moves the peak that a fall is a percentage of, and no fall.
    """
    waiting = sorted(payments)
    paid, peak, peak_time = 0, start, None
    amount, amount_fall, amount_over = 0, _NEVER, None
    percent: float | None = None
    percent_fall, percent_over = _NEVER, None
    empty = True
    for now, account in marks:
        empty = False
        while waiting and waiting[0][0] <= now:
            paid += waiting.pop(0)[1]
        if account >= peak:
            # No later fall was deeper, so the deepest began at this peak or before it: it is made good.
            amount_over = amount_over or (now if amount else None)
            percent_over = percent_over or (now if percent else None)
        if account > peak:
            peak, peak_time = account, now
        fall, base = peak - account, peak + paid
        if fall > amount:
            amount, amount_fall, amount_over = fall, (peak_time, now), None
        if base <= 0:
            continue
        share = 100 * fall / base
        if share > (percent or 0.0):
            percent_fall, percent_over = (peak_time, now), None
        percent = max(percent or 0.0, share)
    if empty:
        return None
    return Drawdown(amount, *amount_fall, percent, *percent_fall, amount_over, percent_over)


_Fall = tuple[Instant | None, Instant | None]
_NEVER: _Fall = (None, None)


def payments_between(days: Mapping[date, tuple[Paise, Paise]]) -> list[Payment]:
    """Return what moved an account between its days; ``days`` are (net result, opening account), oldest first.

    Whatever the opening account differs by from where the day before left it was paid in or out, or earned elsewhere.
    """
    found: list[Payment] = []
    left: Paise | None = None
    for day, (net, account) in days.items():
        if left is not None and account != left:
            found.append((_midnight(day), account - left))
        left = account + net
    return found


@lru_cache(maxsize=4_096)
def _midnight(day: date) -> Instant:
    return instant_at(day, time.min)
