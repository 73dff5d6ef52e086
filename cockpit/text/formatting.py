"""Numbers and times as a trader reads them: Indian grouping, tick decimals, fixed widths, ``?`` for unknown.

Amounts come in whole paise and instants in microseconds since the epoch, as the views carry them. Everything is
integer arithmetic; nothing here can round a price.
"""

import math
import re
from datetime import date
from functools import lru_cache
from typing import Final

from engine.market.figures import MINUS, UNKNOWN, grouped, rupees

UNDEFINED: Final = "–"
"""Shown for a figure that has no meaning yet, for example a win rate without trades."""

RUPEE: Final = "₹"
ASCII_RUPEE: Final = "Rs"
"""The rupee where one cell has no sign for it; wider, so it is chosen before a line is composed."""

ELLIPSIS: Final = "…"
"""Stands where something was left out."""

_CONTRACT: Final = re.compile(r"(\S+) (\d+(?:\.\d+)? |)(CE|PE|FUT)(?: (\d{1,2} [A-Z]{3})(?: \d{2})?)?")
"""Underlying, strike (none for a future), kind and day of expiry, as the exchange writes a contract."""

_IST_SECONDS: Final = 5 * 3600 + 30 * 60
_DAY_SECONDS: Final = 86_400
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_LAKH: Final = 100_000
_CRORE: Final = 10_000_000


def price(paise: int | None, tick: int) -> str:
    """Return a price with the decimals its tick needs: none for whole-rupee ticks, two below."""
    return rupees(paise, 0 if tick > 0 and tick % 100 == 0 and (paise or 0) % 100 == 0 else 2)


def row_price(paise: int, row: int | None) -> str:
    """Return a profile row's lower edge with the decimals its height needs."""
    return rupees(paise, 0 if row is not None and row % 100 == 0 and paise % 100 == 0 else 2)


def compact(units: int) -> str:
    """Return a size in at most six characters: 98,340 or 1.23L (lakh) or 4.5Cr (crore)."""
    size = abs(units)
    sign = MINUS if units < 0 else ""
    if size < _LAKH:
        return sign + grouped(size)
    unit, suffix = (_CRORE, "Cr") if size >= _CRORE else (_LAKH, "L")
    hundredths = size * 100 // unit
    whole, rest = divmod(hundredths, 100)
    text = f"{whole}.{rest:02d}" if whole < 10 else f"{whole}.{rest // 10}" if whole < 100 else grouped(whole)
    return f"{sign}{text}{suffix}"


def percent(value: float | None, decimals: int = 2) -> str:
    """Return a signed percentage without the sign of percent; unknown is ``?``."""
    if value is None or math.isnan(value):
        return UNKNOWN
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def multiple(value: float | None) -> str:
    """Return a signed multiple of R: +1.4R; unknown is ``?``."""
    return UNKNOWN if value is None else f"{percent(value, 1)}R"


def arrow(change: float | None) -> str:
    """Return the sign that carries the direction without colour."""
    if change is None or change == 0:
        return "·" if change == 0 else " "
    return "▲" if change > 0 else "▼"


def clock(instant: int, *, seconds: bool = True) -> str:
    """Return the Indian time of day of an instant: 11:42:07 or 11:42."""
    second = (instant // 1_000_000 + _IST_SECONDS) % _DAY_SECONDS
    text = f"{second // 3600:02d}:{second // 60 % 60:02d}"
    return f"{text}:{second % 60:02d}" if seconds else text


def countdown(seconds: int | None) -> str:
    """Return a time to go as 2:57:53 or 4:09; None, when the moment has passed, is ``closed``."""
    if seconds is None:
        return "closed"
    left = max(0, seconds)
    if left >= 3600:
        return f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
    return f"{left // 60}:{left % 60:02d}"


def age(milliseconds: int | None) -> str:
    """Return the age of the newest update: 0.4 s, 12 s, 3:20 min; unknown is ``?``."""
    if milliseconds is None:
        return UNKNOWN
    elapsed = max(0, milliseconds)
    if elapsed < 10_000:
        return f"{elapsed // 1000}.{elapsed // 100 % 10} s"
    if elapsed < 120_000:
        return f"{elapsed // 1000} s"
    return f"{elapsed // 60_000}:{elapsed // 1000 % 60:02d} min"


def speed(multiple_of_real_time: int) -> str:
    """Return a replay speed: ×10, or ``max`` for 0."""
    return "max" if multiple_of_real_time == 0 else f"×{multiple_of_real_time}"


@lru_cache(maxsize=1024)
def short_symbol(symbol: str, width: int) -> str:
    """Return a trading symbol in at most ``width`` cells; what is left out is marked by an ellipsis.

    Of a derivative the strike and the kind stay longest: they tell one contract from its neighbours. The year goes
    first, then the expiry, then the underlying's own letters.
    """
    if len(symbol) <= width:
        return symbol
    found = _CONTRACT.fullmatch(symbol)
    if found is not None:
        underlying, strike, kind, day = found.groups()
        tight = f"{strike.strip()}{kind}"
        wide = f"{underlying} {strike}{kind}"
        mark = ELLIPSIS if day else ""
        for text in (f"{wide} {day}{mark}", f"{wide}{mark}", f"{underlying} {tight}{mark}"):
            if len(text) <= width:
                return text
        room = width - len(tight) - 1
        if room > 0:
            return f"{underlying[:room]}{ELLIPSIS}{tight}"
    return symbol[: width - 1] + ELLIPSIS if width > 0 else ""


def day_and_clock(instant: int) -> str:
    """Return the Indian date and time of day of an instant: 2025-12-15 11:42."""
    day = date.fromordinal(_EPOCH_ORDINAL + (instant // 1_000_000 + _IST_SECONDS) // _DAY_SECONDS)
    return f"{day.isoformat()} {clock(instant, seconds=False)}"
