"""What the ledger proves so far: each figure with what it means and the sample behind it."""

from typing import Final

from cockpit.screens.page import PageScreen
from cockpit.text.formatting import UNDEFINED, day_and_clock, multiple
from cockpit.text.lines import Line, compose, fit, wrap
from cockpit.widgets.gauges import win_rate
from engine.contract.views import FallView, PerformanceView, ScreenView
from engine.market.figures import MINUS, counted, decimal, grouped, rupees, signed_rupees

_NAME: Final = 16
_VALUE: Final = 16
UNPROVEN: Final = "UNPROVEN; "
"""Before what a sample is too small for."""


def _figures(figures: PerformanceView) -> list[tuple[str, str, str]]:
    def ratio(value: float | None) -> str:
        return UNDEFINED if value is None else decimal(value, 2)

    few = "" if figures.trades >= figures.proof_trades else UNPROVEN
    short = "" if figures.sharpe_days >= figures.proof_days else UNPROVEN
    days = counted(figures.sharpe_days, "day")
    money = UNDEFINED if figures.max_drawdown is None else rupees(-abs(figures.max_drawdown))
    return [
        ("trades", grouped(figures.trades), f"{grouped(figures.wins)} won after all charges"),
        ("win rate", win_rate(figures), few + "with its 95 % interval; wide while the sample is small"),
        (
            "profit factor",
            ratio(figures.profit_factor),
            few + "what was won / what was lost; no figure without a loss",
        ),
        (
            "Sharpe ratio",
            ratio(figures.sharpe),
            short
            + f"{_error(figures.sharpe_error)}daily returns of {days}, annualised; no figure before two days",
        ),
        (
            "max drawdown",
            money,
            f"{_between(figures.fall)}deepest fall in money from an earlier high",
        ),
        (
            "  in percent",
            UNDEFINED if figures.drawdown_pct is None else f"{MINUS}{figures.drawdown_pct:.2f} %",
            f"{_between(figures.fall_pct)}deepest fall in percent of its high; none without one above zero",
        ),
        (
            "expectancy",
            UNDEFINED if figures.expectancy_r is None else multiple(figures.expectancy_r),
            few
            + f"{_error(figures.expectancy_error)}realised net result per trade in units of its initial risk",
        ),
        ("net", signed_rupees(figures.net), "all charges included"),
        *(
            [
                (
                    "  calibrated",
                    UNDEFINED if figures.calibrated is None else signed_rupees(figures.calibrated),
                    figures.calibrated_by,
                )
            ]
            if figures.calibrated_by
            else []
        ),
    ]


def _error(error: float | None) -> str:
    """Return a standard error; empty where there is none."""
    return "" if error is None else f"± {error:.2f} (standard error); "


def _between(fall: FallView | None) -> str:
    """Return from when to when an account fell; empty where it never did."""
    if fall is None:
        return ""
    peak = "the start" if fall.peak is None else day_and_clock(fall.peak)
    return f"{peak} to {day_and_clock(fall.trough)}; "


def _figure(name: str, value: str, meaning: str, width: int) -> list[Line]:
    """Return one figure with what it means beside it, over as many lines as that takes."""
    before = _NAME + _VALUE + 3
    first, *more = wrap(meaning, max(1, width - before), 4) or [""]
    return [
        compose([(fit(name, _NAME), ""), (fit(value, _VALUE, ">"), "strong"), (f"   {first}", "dim")], width),
        *(compose([(" " * before, ""), (text, "dim")], width) for text in more),
    ]


def paint_report(view: ScreenView | None, width: int) -> list[Line]:
    """Return the figures and today's money."""
    lines = [compose([], width), compose([("PERFORMANCE", "title"), ("   escape goes back", "dim")], width)]
    if view is None:
        return [*lines, compose([("the engine has not spoken yet", "dim")], width)]
    header, risk = view.header, view.risk
    lines += [compose([], width), compose([("THE RECORD", "title")], width)]
    for row in _figures(view.performance):
        lines += _figure(*row, width)
    notes = []
    if view.performance.trades < view.performance.proof_trades:
        notes.append(
            f"{grouped(view.performance.trades)} trades prove little: "
            f"read every figure as unproven below {view.performance.proof_trades}, "
            f"the Sharpe ratio below {view.performance.proof_days} days."
        )
    if view.performance.basis:
        notes.append(f"All of it: {view.performance.basis}.")
    if view.performance.apart:
        several = view.performance.apart > 1
        count = f"{view.performance.apart} trades" if several else "1 trade"
        notes.append(
            f"{count} of today came about in another way and {'stand' if several else 'stands'} apart."
        )
    for note in notes:
        lines += [compose([], width), *(compose([(text, "warn")], width) for text in wrap(note, width, 3))]
    lines += [compose([], width), compose([("TODAY", "title")], width)]
    today = [
        ("opening account", rupees(risk.account), "frozen at the first good read of the day"),
        ("realised", signed_rupees(header.realised), "closed trades"),
        ("open", signed_rupees(header.open), "marked on the exit side of the book"),
        ("charges", rupees(-abs(header.charges)), "those of closing everything included"),
        ("day's result", signed_rupees(risk.day_result), f"limit {MINUS}{rupees(risk.day_loss_limit)}"),
    ]
    for row in today:
        lines += _figure(*row, width)
    return lines


class PerformanceScreen(PageScreen):
    """The performance page."""

    def text_lines(self, width: int) -> list[Line]:
        """Return the figures."""
        return paint_report(self.model.view, width)
