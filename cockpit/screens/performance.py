"""What the ledger proves so far: each figure with what it means and the sample behind it."""

from typing import Final

from cockpit.formatting import UNDEFINED, grouped, multiple, rupees, signed_rupees
from cockpit.lines import Line, compose, fit, wrap
from cockpit.screens.page import PageScreen
from cockpit.widgets.gauges import win_rate
from engine.views import PerformanceView, View

_NAME: Final = 16
_VALUE: Final = 16
_PROVEN_FROM: Final = 100
"""Trades below which the record proves nothing, as the ledger's verdict counts them."""


def _figures(figures: PerformanceView) -> list[tuple[str, str, str]]:
    def ratio(value: float | None) -> str:
        return UNDEFINED if value is None else f"{value:.2f}".replace("-", "−")

    drawdown = UNDEFINED if figures.max_drawdown is None else rupees(-abs(figures.max_drawdown))
    return [
        ("trades", grouped(figures.trades), f"{grouped(figures.wins)} won after all charges"),
        ("win rate", win_rate(figures), "with its 95 % interval; wide while the sample is small"),
        (
            "profit factor",
            ratio(figures.profit_factor),
            "what was won / what was lost; no figure without a loss",
        ),
        ("Sharpe ratio", ratio(figures.sharpe), "of daily returns, annualised; no figure before two days"),
        ("max drawdown", drawdown, "deepest fall of the account from an earlier high"),
        (
            "expectancy",
            UNDEFINED if figures.expectancy_r is None else multiple(figures.expectancy_r),
            "average result per trade in units of its initial risk",
        ),
        ("net", signed_rupees(figures.net), "all charges included"),
    ]


def _figure(name: str, value: str, meaning: str, width: int) -> list[Line]:
    """Return one figure with what it means beside it, over as many lines as that takes."""
    before = _NAME + _VALUE + 3
    first, *more = wrap(meaning, max(1, width - before), 4) or [""]
    return [
        compose([(fit(name, _NAME), ""), (fit(value, _VALUE, ">"), "strong"), (f"   {first}", "dim")], width),
        *(compose([(" " * before, ""), (text, "dim")], width) for text in more),
    ]


def paint_report(view: View | None, width: int) -> list[Line]:
    """Return the figures and today's money."""
    lines = [compose([], width), compose([("PERFORMANCE", "title"), ("   escape goes back", "dim")], width)]
    if view is None:
        return [*lines, compose([("the engine has not spoken yet", "dim")], width)]
    header, risk = view.header, view.risk
    lines += [compose([], width), compose([("THE RECORD", "title")], width)]
    for row in _figures(view.performance):
        lines += _figure(*row, width)
    if view.performance.trades < _PROVEN_FROM:
        note = (
            f"{grouped(view.performance.trades)} trades prove little: "
            f"read every figure as unproven below {_PROVEN_FROM}."
        )
        lines += [compose([], width), *(compose([(text, "warn")], width) for text in wrap(note, width, 3))]
    lines += [compose([], width), compose([("TODAY", "title")], width)]
    today = [
        ("opening account", rupees(risk.account), "frozen at the first good read of the day"),
        ("realised", signed_rupees(header.realised), "closed trades"),
        ("open", signed_rupees(header.open), "marked on the exit side of the book"),
        ("charges", rupees(-abs(header.charges)), "those of closing everything included"),
        ("day's result", signed_rupees(risk.day_result), f"limit −{rupees(risk.day_loss_limit)}"),
    ]
    for row in today:
        lines += _figure(*row, width)
    return lines


class PerformanceScreen(PageScreen):
    """The performance page."""

    def text_lines(self, width: int) -> list[Line]:
        """Return the figures."""
        return paint_report(self.model.view, width)
