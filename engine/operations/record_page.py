"""The record as one self-contained page: figures, charts and every trade; no script, no network, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, Final

from engine.market.figures import counted, decimal, rupees, signed_rupees
from engine.operations.record_charts import (
    calendar_chart,
    equity_chart,
    excursion_chart,
    histogram_chart,
    interval_chart,
)
from engine.operations.record_stories import evening_part, stories_part, weekend_part
from engine.operations.record_style import STYLE
from engine.operations.report_file import MARK
from engine.story.day_story import DayStory
from engine.system.plain_text import plain_lines

GROUPS: Final = ("day", "setup", "hour", "day-type")
"""What the page groups by whatever was asked for."""

_UNDEFINED: Final = "–"
_DRAWN: Final[Mapping[str, str]] = {
    "setup": "By setup",
    "hour": "By hour of the signal",
    "day-type": "By day type at the entry",
}


def record_page(report: Mapping[str, Any], days: Sequence[DayStory] = ()) -> str:
    """Return the page of a report that lists its trades and has ``GROUPS`` among its groups.

    ``days`` are the stories told on it; a report that has ``evening`` or ``weekend`` has their lists told.
    """
    rows: Sequence[Mapping[str, Any]] = report["trade_list"]
    title = f"Record of the {report['world']} world"
    parts = [*_heading(report), *_tiles(report)]
    if "evening" in report:
        parts += evening_part(report["evening"])
    parts += _calibrated(report)
    if rows:
        parts += _charts(report, rows)
        parts += _suggests(report)
        parts += weekend_part(report["weekend"]) if "weekend" in report else []
    by = report["grouped_by"]
    parts += [f"<h2>By {escape(by)}</h2>", _groups(report["by"])]
    parts += ["<h2>Trades</h2>", _trades(rows)] if rows else []
    parts += stories_part(days)
    body = plain_lines("\n".join(parts))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _heading(report: Mapping[str, Any]) -> list[str]:
    evidence = report["evidence"]
    first, last = report["from"], report["to"]
    period = f"{first or 'the first day'} to {last or 'the last day'}, " if first or last else ""
    days = counted(report["sharpe_days"], "day")
    lines = [
        f"<h1>Record · {escape(report['world'])}</h1>",
        f'<p class="dim">{period}{days} with an account</p>',
    ]
    if not evidence["counts"]:
        lines.append('<p><span class="mode">SIMULATED: evidence for nothing</span></p>')
    if evidence["basis"] is None:
        return [*lines, "<p>No finished trade counts in this period.</p>"]
    rules = ", ".join(f"{name} v{version}" for name, version in sorted(evidence["rules"].items()))
    lines.append(f"<p>Stands on <b>{escape(evidence['basis'])}</b></p>")
    told = f"Rules: {escape(rules)}. " if rules else ""
    lines.append(f'<p class="dim">{told}Charges are {evidence["charges"]}.</p>')
    if any(one["verdict"] is not None for one in (report, *report["by"].values())):
        lines.append(
            f'<p class="warn">UNPROVEN: below n {evidence["proof_trades"]} nothing is claimed, of the whole or of a '
            f"group, of the Sharpe ratio below {evidence['proof_days']} days.</p>"
        )
    if evidence["unplaced"]:
        lines.append(
            f"<p>{evidence['unplaced']} trades on days without a known account are in no figure.</p>"
        )
    if (told := evidence["contract_notes"]) is not None:
        lines.append(
            f"<p>Contract notes of {told['days']} days: {_money(told['confirmed'])} CONFIRMED for the whole account, "
            f"{_money(told['estimated'])} ESTIMATED over its live trades.</p>"
        )
    lines += [
        f'<p class="dim">Apart: {escape(other["basis"])}: {other["trades"]} trades until {other["newest"]}</p>'
        for other in evidence["others"]
    ]
    return lines


def _calibrated(report: Mapping[str, Any]) -> list[str]:
    told = report["calibrated"]
    if told is None:
        return []
    net = "" if told["net"] is None else f"<b>{_signed(told['net'])}</b>, "
    return [f"<p>Calibrated: {net}{escape(told['text'])}.</p>"]


def _tiles(report: Mapping[str, Any]) -> list[str]:
    short = "" if report["sharpe_verdict"] is None else ", UNPROVEN"
    samples = report["n"]
    tiles = [
        ("net", _signed(report["net"]), f"after {_money(report['charges'])} charges"),
        ("trades", str(report["trades"]), f"{report['wins']} won, {report['losses']} lost"),
        ("win rate", _share(report["win_rate"]), _between(report, "win_rate", 100, " %", 0)),
        (
            "expectancy",
            _r(report["expectancy_r"]),
            f"{_between(report, 'expectancy', 1, ' R', 2)}, n {samples['expectancy_r']}".lstrip(", "),
        ),
        ("profit factor", _ratio(report["profit_factor"]), f"payoff {_ratio(report['payoff'])}"),
        (
            "Sharpe",
            _ratio(report["sharpe"]),
            f"± {_ratio(report['sharpe_error'])} s.e., n {report['sharpe_days']} d{short}",
        ),
        ("Sortino", _ratio(report["sortino"]), f"risk-free {report['risk_free_pct']} %"),
        ("max drawdown", _fall(report["max_drawdown"]), _fell(report, "max_drawdown")),
        ("in percent", _percent(report["max_drawdown_pct"]), _fell(report, "max_drawdown_pct")),
        ("charges", _share(report["charges_share"]), "of what the winners made"),
        ("slippage", _signed(report["slippage"]), f"{_r(report['slippage_r'])} a trade beyond the signal"),
        (
            "MAE and MFE",
            f"{_ratio(report['mae_r'])} / {_ratio(report['mfe_r'])}",
            f"means in R, n {samples['mae_r']}",
        ),
        ("exposure", _share(report["exposure"]), "of the market's hours"),
        (
            "in a row",
            f"{_count(report['longest_won'])} / {_count(report['longest_lost'])}",
            "most won, most lost",
        ),
    ]
    told = "".join(
        f'<div class="tile"><span>{name}</span><b>{value}</b><span>{meaning}</span></div>'
        for name, value, meaning in tiles
    )
    return [f'<div class="tiles">{told}</div>']


def _suggests(report: Mapping[str, Any]) -> list[str]:
    told = report["suggests"]
    found = "".join(f"<li>{escape(one['text'])}</li>" for one in told["found"])
    return [
        "<h2>What it suggests</h2>",
        *([f"<ul>{found}</ul>"] if found else []),
        f'<p class="dim">{escape(told["text"])}.</p>',
    ]


def _charts(report: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    groups = report["groups"]
    days = {
        date.fromisoformat(name): one["net"] if one["trades"] else None for name, one in groups["day"].items()
    }
    results = [row["r"] for row in rows if row["r"] is not None]
    drawn = [
        ("Equity and drawdown", equity_chart([row["net"] for row in rows], [row["day"] for row in rows])),
        ("Days", calendar_chart(days)),
        (f"Results in R, n {len(results)}", histogram_chart(results)),
        (
            "The same without the largest",
            histogram_chart(sorted(results)[:-1]) if len(results) > 1 else "",
        ),
        *((title, interval_chart(groups[by])) for by, title in _DRAWN.items()),
        ("Against us and our way, each trade in R", excursion_chart(rows)),
    ]
    return [f"<h2>{escape(title)}</h2>\n<figure>{chart}</figure>" for title, chart in drawn if chart]


def _groups(groups: Mapping[str, Mapping[str, Any]]) -> str:
    names = (
        "group",
        "n",
        "won",
        "95 %",
        "net",
        "charges",
        "R mean",
        "95 %",
        "profit factor",
        "MAE",
        "MFE",
        "drawdown",
    )
    body = [
        (
            _text(name),
            _cell(str(one["trades"])),
            _cell(_share(one["win_rate"])),
            _cell(_between(one, "win_rate", 100, " %", 0)),
            _cell(_signed(one["net"]), one["net"]),
            _cell(_money(one["charges"])),
            _cell(_r(one["expectancy_r"])),
            _cell(_between(one, "expectancy", 1, "", 2)),
            _cell(_ratio(one["profit_factor"])),
            _cell(_r(one["mae_r"])),
            _cell(_r(one["mfe_r"])),
            _cell(_fall(one["max_drawdown"])),
        )
        for name, one in groups.items()
    ]
    return _table(names, body)


def _trades(rows: Iterable[Mapping[str, Any]]) -> str:
    names = (
        *("entered", "symbol", "setup", "side", "qty", "entry", "exit"),
        *("net", "charges", "R", "MAE", "MFE", "exit reason", "day type"),
    )
    body = [
        (
            _text(f"{row['day']} {row['entry_time'][11:19]}"),
            _text(row["symbol"]),
            _text(row["setup"]),
            _text(row["side"]),
            _cell(str(row["quantity"])),
            _cell(_price(row["entry"])),
            _cell(_price(row["exit"])),
            _cell(_signed(row["net"]), row["net"]),
            _cell(_money(row["charges"])),
            _cell(_r(row["r"])),
            _cell(_r(row["mae_r"])),
            _cell(_r(row["mfe_r"])),
            _text(row["exit_reason"]),
            _text(_called(row)),
        )
        for row in rows
    ]
    return _table(names, body)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    left = {"group", "entered", "symbol", "setup", "side", "exit reason", "day type"}
    head = "".join(f'<th class="text">{name}</th>' if name in left else f"<th>{name}</th>" for name in names)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
    )


def _called(row: Mapping[str, Any]) -> str:
    """Return what a day was called at the entry, and what it was in the end where that is something else."""
    called, final = row["day_type"], row["day_type_final"]
    if final is None or final == called:
        return called or _UNDEFINED
    return f"{called or _UNDEFINED}, final {final}"


def _text(text: str) -> str:
    return f'<td class="text">{escape(str(text))}</td>'


def _cell(text: str, value: float | None = None) -> str:
    kind = "" if not value else ' class="gain"' if value > 0 else ' class="loss"'
    return f"<td{kind}>{escape(text)}</td>"


def _paise(value: float) -> int:
    return round(value * 100)


def _money(value: float | None) -> str:
    return _UNDEFINED if value is None else rupees(_paise(value))


def _signed(value: float | None) -> str:
    return _UNDEFINED if value is None else signed_rupees(_paise(value))


def _fall(value: float | None) -> str:
    return _UNDEFINED if value is None else rupees(-_paise(value))


def _ratio(value: float | None) -> str:
    return _UNDEFINED if value is None else decimal(value, 2)


def _r(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(value, 2, plus=True)} R"


def _share(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(100 * value, 1)} %"


def _percent(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(-value, 2)} %"


def _price(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{value:,.2f}"


def _count(value: int | None) -> str:
    return _UNDEFINED if value is None else str(value)


def _between(figures: Mapping[str, Any], name: str, scale: float, unit: str, places: int) -> str:
    """Return the 95 % interval of a figure; empty where it has none."""
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    if low is None:
        return ""
    return f"{decimal(scale * low, places)} to {decimal(scale * high, places)}{unit}"


def _fell(report: Mapping[str, Any], name: str) -> str:
    """Return from when to when the account fell; empty where it never did."""
    to = report[f"{name}_to"]
    if to is None:
        return ""
    begun, over = report[f"{name}_from"], report[f"{name}_recovered"]
    ending = "not made good" if over is None else f"made good {over[:10]}"
    return f"{'start' if begun is None else begun[:10]} to {to[:10]}, {ending}"
