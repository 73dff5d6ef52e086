"""Risk gauges and the performance figures: how much of each limit is used, and what the record proves."""

from cockpit.text.formatting import UNDEFINED, multiple
from cockpit.text.lines import Line, Span, choose, compose, gauge, spread
from cockpit.widgets.header import direction
from cockpit.widgets.sections import heading
from engine.contract.views import PerformanceView, RiskView
from engine.market.figures import MINUS, decimal, grouped, rupees, signed_rupees

_LABEL = 10
_LEAST_LABEL = 16


def _gauge(label: str, share: float, detail: str, width: int) -> Line:
    level = "stop" if share >= 1 else "warn" if share >= 0.75 else "bar-value"
    cells = 8 if width < 44 else 10
    used, free = gauge(share, cells)
    left: list[Span] = [
        (label.ljust(_LABEL), "dim"),
        (used, level),
        (free, "rule"),
        (f"{share * 100:4.0f} %", "warn" if share >= 0.75 else ""),
    ]
    return spread(left, [(detail, "dim"), (" ", "")], width)


def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 0.0


def _fact(label: str, value: str, width: int, style: str = "") -> Line:
    return spread([(label, "dim")], [(value, style), (" ", "")], width)


def _parts(risk: RiskView, width: int) -> str:
    """Return what the account's result is made of; an outside gain is named, for it does not count."""
    outside, result = risk.outside or 0, risk.external_result or 0
    text = f"{signed_rupees(risk.day_result, 0)} + {signed_rupees(outside, 0)}"
    whole = f"{text} (of {signed_rupees(result, 0)})" if result > max(0, outside) else text
    return whole if len(whole) + _LEAST_LABEL <= width else text


def paint_risk(risk: RiskView, width: int, height: int) -> list[Line]:
    """Return the gauges, the most pressing first; each with its limit."""
    if height <= 0:
        return []
    title = heading("RISK", f"of {rupees(risk.account, 0)}", width)
    if risk.stopped_for_day:
        limit = risk.stopped_by or "daily loss limit"
        title = compose([(f" STOPPED FOR THE DAY: {limit} ".ljust(width), "alarm")], width)
    wide = width >= 40
    loss = max(0, -risk.day_result)
    used = risk.day_loss_used_pct / 100
    gauges = [
        ("day loss", used, loss, risk.day_loss_limit),
        ("open risk", _share(risk.open_risk, risk.open_risk_limit), risk.open_risk, risk.open_risk_limit),
        ("gap risk", _share(risk.gap_risk, risk.gap_risk_limit), risk.gap_risk, risk.gap_risk_limit),
        ("exposure", _share(risk.exposure, risk.exposure_limit), risk.exposure, risk.exposure_limit),
    ]
    facts = [
        _fact("positions", f"{risk.positions} of {risk.positions_limit}", width),
        _fact(
            "if all stops fill",
            signed_rupees(risk.if_all_stops_fill, 0),
            width,
            direction(risk.if_all_stops_fill),
        ),
        _fact(
            "orders",
            f"{risk.orders_this_second}/s of {risk.orders_per_second_limit} · today {grouped(risk.orders_today)}",
            width,
        ),
    ]
    if risk.account_result is not None and risk.account_limit is not None:
        lost = max(0, -risk.account_result)
        gauges.append(("account", _share(lost, risk.account_limit), lost, risk.account_limit))
        facts.insert(0, _fact("ours + outside", _parts(risk, width), width, direction(risk.account_result)))
    two = not wide and height >= 1 + 2 * len(gauges) + len(facts)
    lines = [title]
    for label, share, part, whole in gauges:
        detail = f"{rupees(part, 0)} of {rupees(whole, 0)}"
        lines.append(_gauge(label, share, detail if wide else "", width))
        if two:
            lines.append(_fact("", detail, width, "dim"))
    return [*lines, *facts][:height]


def _number(value: float | None, decimals: int = 2) -> str:
    return UNDEFINED if value is None else decimal(value, decimals)


def win_rate(figures: PerformanceView) -> str:
    """Return the win rate with its interval: 56 % (39–71)."""
    if figures.win_rate is None:
        return UNDEFINED
    text = f"{figures.win_rate * 100:.0f} %"
    if figures.win_rate_low is not None and figures.win_rate_high is not None:
        text += f" ({figures.win_rate_low * 100:.0f}–{figures.win_rate_high * 100:.0f})"
    return text


def paint_performance(figures: PerformanceView, width: int, height: int) -> list[Line]:
    """Return what the ledger proves so far; a figure without meaning is a dash."""
    if height <= 0:
        return []
    drawdown = UNDEFINED if figures.max_drawdown is None else rupees(-abs(figures.max_drawdown), 0)
    if figures.drawdown_pct is not None:
        drawdown += f" · {MINUS}{figures.drawdown_pct:.1f} %"
    few = " UNPROVEN" if figures.trades < figures.proof_trades else ""
    expectancy = UNDEFINED if figures.expectancy_r is None else multiple(figures.expectancy_r)
    lines = [
        heading("PERFORMANCE", f"n {grouped(figures.trades)}{few}", width),
        _fact("win rate", win_rate(figures), width),
        _fact("profit factor", _number(figures.profit_factor), width),
        _fact("Sharpe", _number(figures.sharpe), width),
        _fact("max drawdown", drawdown, width),
        _fact("expectancy", expectancy, width),
        _fact("net", signed_rupees(figures.net, 0), width, direction(figures.net)),
    ]
    if figures.basis_short:
        lines.insert(1, compose([(figures.basis_short, "dim")], width))
    return lines[:height]


def performance_line(figures: PerformanceView, width: int) -> Line:
    """Return the same in one line, for narrow columns."""
    drawdown = UNDEFINED if figures.max_drawdown is None else rupees(-abs(figures.max_drawdown), 0)
    parts: list[tuple[int, list[Span]]] = [
        (0, [("n ", "dim"), (grouped(figures.trades), "")]),
        (1, [("win ", "dim"), (win_rate(figures), "")]),
        (2, [("PF ", "dim"), (_number(figures.profit_factor), "")]),
        (3, [("Sharpe ", "dim"), (_number(figures.sharpe, 1), "")]),
        (4, [("DD ", "dim"), (drawdown, "")]),
    ]
    return compose(choose(parts, width, gap=2), width)
