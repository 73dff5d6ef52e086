"""How the figures of a record are written: rupees, shares, R, and that one is undefined."""

from collections.abc import Mapping
from typing import Any

from cockpit.text.formatting import UNDEFINED
from engine.market.figures import counted, decimal, rupees, signed_rupees

Figures = Mapping[str, Any]


def paise(value: float) -> int:
    """Return rupees as whole paise."""
    return round(value * 100)


def money(value: float | None) -> str:
    """Return a sum of money, or that it is undefined."""
    return UNDEFINED if value is None else rupees(paise(value))


def signed(value: float | None) -> str:
    """Return a sum of money with its sign."""
    return UNDEFINED if value is None else signed_rupees(paise(value))


def fall(value: float | None) -> str:
    """Return how deep something fell, as a loss."""
    return UNDEFINED if value is None else rupees(-paise(value))


def ratio(value: float | None) -> str:
    """Return a ratio of two decimals."""
    return UNDEFINED if value is None else decimal(value, 2)


def r(value: float | None) -> str:
    """Return a result in R."""
    return UNDEFINED if value is None else f"{decimal(value, 2, plus=True)} R"


def share(value: float | None, decimals: int = 1) -> str:
    """Return a share as percent."""
    return UNDEFINED if value is None else f"{100 * value:.{decimals}f} %"


def percent(value: float | None) -> str:
    """Return a fall in percent."""
    return UNDEFINED if value is None else f"{decimal(-value, 2)} %"


def price(value: float | None) -> str:
    """Return a price."""
    return UNDEFINED if value is None else f"{value:,.2f}"


def shares(figures: Figures, name: str) -> str:
    """Return the interval of a share; empty without one."""
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    return "" if low is None else f"{100 * low:.0f}–{100 * high:.0f} %"


def rs(figures: Figures, name: str) -> str:
    """Return the interval of a mean in R; empty without one."""
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    return "" if low is None else f"{decimal(low, 2, plus=True)} to {decimal(high, 2, plus=True)}"


def r_with_error(group: Figures) -> str:
    """Return a mean in R with its standard error."""
    error = group["expectancy_error"]
    return r(group["expectancy_r"]) + ("" if error is None else f" ± {error:.2f}")


def error(report: Figures) -> str:
    """Return the standard error of the Sharpe ratio; empty without one."""
    error = report["sharpe_error"]
    return "" if error is None else f"± {error:.2f} s.e."


def share_of_wins(report: Figures) -> str:
    """Return what charges took, in words."""
    share = report["charges_share"]
    return "" if share is None else f"{100 * share:.1f} % of what the winners made"


def said(*words: str) -> str:
    """Return what there is to say of several things."""
    return "; ".join(word for word in words if word)


def streak(run: int | None) -> str:
    """Return the run that stands, in words."""
    if not run:
        return "none"
    return f"{abs(run)} {'won' if run > 0 else 'lost'}"


def when(report: Figures, name: str) -> str:
    """Return from when to when an account fell, and when it was made good; empty where it never did."""
    to = report[f"{name}_to"]
    if to is None:
        return ""
    begun = report[f"{name}_from"]
    peak = "the start" if begun is None else begun[:10]
    over = report[f"{name}_recovered"]
    ending = "not made good yet" if over is None else f"made good {over[:10]}"
    days = report[f"{name}_days"]
    return f"{peak} to {to[:10]}, {ending}" + ("" if days is None else f", {counted(days, 'day')}")
