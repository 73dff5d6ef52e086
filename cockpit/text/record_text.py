"""The record's report as tables for a terminal of 80 columns or more; every figure is the report's own."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.text import signs
from cockpit.text.lines import clean
from cockpit.text.record_figures import (
    Figures,
    error,
    fall,
    money,
    percent,
    price,
    r,
    r_with_error,
    ratio,
    rs,
    said,
    share,
    share_of_wins,
    shares,
    signed,
    streak,
    when,
)
from engine.market.figures import counted

LEAST: Final = 80
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS: Final = "_.-:=+*#"
_SIMULATED: Final = "SIMULATED: evidence for nothing"


def describe_record(report: Figures, width: int, *, trades: bool = False, ascii_only: bool = False) -> str:
    """Return a report as lines of at most ``width`` cells, with a table of its trades where they are asked for."""
    width = max(width, LEAST)
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    parts: list[Table | Text | str] = [*_heading(report), ""]
    if report["trades"] == 0:
        parts += [_nothing(report)]
    else:
        parts += [
            _figures(report),
            *_equity(report, width, blocks),
            "",
            _groups(report, width, blocks),
            *_suggests(report),
        ]
        if trades:
            parts += ["", _trades(report["trade_list"], width)]
    parts += _notes(report)
    return _rendered(parts, width, ascii_only=ascii_only)


def sparkline(values: Sequence[float], width: int, blocks: str = _BLOCKS) -> str:
    """Return values as one line of blocks from the lowest to the highest; the last of each stretch stands for it."""
    if not values:
        return ""
    count = min(width, len(values))
    chosen = [values[(number + 1) * len(values) // count - 1] for number in range(count)]
    low, high = min(chosen), max(chosen)
    span = high - low
    top = len(blocks) - 1
    return "".join(blocks[round((value - low) / span * top) if span else 0] for value in chosen)


def _heading(report: Figures) -> list[str]:
    world, evidence = report["world"], report["evidence"]
    days = counted(report["sharpe_days"], "day")
    first, last = report["from"], report["to"]
    period = f" · {first or 'the first day'} to {last or 'the last day'}" if first or last else ""
    lines = [f"RECORD · {world}{period} · {days} with an account"]
    if not evidence["counts"]:
        lines.append(_SIMULATED)
    if evidence["basis"] is not None:
        lines.append(f"stands on {evidence['basis']}")
        rules = ", ".join(f"{name} v{version}" for name, version in sorted(evidence["rules"].items()))
        lines.append(" · ".join([*([f"rules {rules}"] if rules else []), f"charges {evidence['charges']}"]))
    return lines


def _nothing(report: Figures) -> str:
    return f"no finished trade of the {report['world']} world counts in this period"


def _figures(report: Figures) -> Table:
    table = _table()
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 %", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("")
    samples = report["n"]
    few = "" if report["verdict"] is None else "UNPROVEN"
    short = "" if report["sharpe_verdict"] is None else "UNPROVEN"
    pair = f"{report['wins']} won, {report['losses']} lost"
    rows: list[tuple[str, str, str, object, str]] = [
        ("net", signed(report["net"]), "", samples["net"], "after all charges"),
        ("gross", signed(report["gross"]), "", samples["gross"], "before charges"),
        ("charges", money(report["charges"]), "", samples["charges"], share_of_wins(report)),
        (
            "win rate",
            share(report["win_rate"]),
            shares(report, "win_rate"),
            samples["win_rate"],
            said(few, pair),
        ),
        ("profit factor", ratio(report["profit_factor"]), "", samples["profit_factor"], few),
        ("expectancy", r(report["expectancy_r"]), rs(report, "expectancy"), samples["expectancy_r"], few),
        ("payoff", ratio(report["payoff"]), "", samples["payoff"], "average win / average loss"),
        ("average win", signed(report["average_win"]), "", samples["average_win"], ""),
        ("average loss", signed(report["average_loss"]), "", samples["average_loss"], ""),
        ("Sharpe", ratio(report["sharpe"]), error(report), f"{samples['sharpe']} d", short),
        ("Sortino", ratio(report["sortino"]), "", f"{samples['sortino']} d", short),
        (
            "max drawdown",
            fall(report["max_drawdown"]),
            "",
            samples["max_drawdown"],
            when(report, "max_drawdown"),
        ),
        (
            "  in percent",
            percent(report["max_drawdown_pct"]),
            "",
            samples["max_drawdown_pct"],
            when(report, "max_drawdown_pct"),
        ),
        ("MAE", r(report["mae_r"]), rs(report, "mae"), samples["mae_r"], "against us, mean"),
        ("MFE", r(report["mfe_r"]), rs(report, "mfe"), samples["mfe_r"], "our way, mean"),
        (
            "slippage",
            signed(report["slippage"]),
            "",
            samples["slippage"],
            f"{r(report['slippage_r'])} a trade beyond the signal's price",
        ),
        ("exposure", share(report["exposure"]), "", f"{report['sharpe_days']} d", "of the market's hours"),
        ("turnover", money(report["turnover"]), "", samples["turnover"], ""),
        (
            "streaks",
            f"{report['longest_won']} / {report['longest_lost']}",
            "",
            samples["streaks"],
            f"won / lost in a row; now {streak(report['current_streak'])}",
        ),
    ]
    for name, value, interval, sample, meaning in rows:
        table.add_row(name, value, interval, str(sample), meaning)
    return table


def _groups(report: Figures, width: int, blocks: str) -> Table:
    groups: Mapping[str, Figures] = report["by"]
    largest = max((abs(group["net"]) for group in groups.values()), default=0)
    first = f"by {report['grouped_by']}"
    rows = [{first: clean(name), **_group_cells(group, largest, blocks)} for name, group in groups.items()]
    return _listing((first, *_GROUP_COLUMNS), (first, *_FIRST_OF_GROUPS), rows, width, ("95 %", _BAR))


_BAR: Final = ""
_GROUP_COLUMNS: Final = (
    *("n", "won", "95 %", "net", "charges", "R ± s.e.", "R 95 %", "PF", "MAE", "MFE", "drawdown", _BAR),
)
_FIRST_OF_GROUPS: Final = (
    "n",
    "net",
    "won",
    "R ± s.e.",
    "PF",
    _BAR,
    "95 %",
    "drawdown",
    "charges",
    "R 95 %",
    "MFE",
    "MAE",
)
"""In this order columns are given room."""


def _listing(
    columns: Sequence[str],
    first: Sequence[str],
    rows: Sequence[Mapping[str, str]],
    width: int,
    left: Sequence[str] = (),
) -> Table:
    """Return rows with the columns that have room, those of ``first`` before others; no figure is ever cut short."""
    chosen, room = set(), width
    for name in first:
        needs = min(_LONGEST, max(len(name), *(len(row[name]) for row in rows), 0)) + 2
        if needs <= room:
            chosen.add(name)
            room -= needs
    table = _table()
    shown = [name for name in columns if name in chosen]
    for name in shown:
        text = name in left or name == columns[0]
        table.add_column(
            name, justify="left" if text else "right", no_wrap=True, max_width=_LONGEST, overflow="ellipsis"
        )
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    return table


_LONGEST: Final = 28
"""Cells of a column; only names are ever longer."""


def _group_cells(group: Figures, largest: float, blocks: str) -> dict[str, str]:
    return {
        "n": str(group["trades"]),
        "won": share(group["win_rate"], 0),
        "95 %": shares(group, "win_rate"),
        "net": signed(group["net"]),
        "charges": money(group["charges"]),
        "R ± s.e.": r_with_error(group),
        "R 95 %": rs(group, "expectancy"),
        "PF": ratio(group["profit_factor"]),
        "MAE": r(group["mae_r"]),
        "MFE": r(group["mfe_r"]),
        "drawdown": fall(group["max_drawdown"]),
        _BAR: _bar(group["net"], largest, blocks),
    }


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


def _bar(net: float, largest: float, blocks: str) -> str:
    """Return how large a net result is beside the largest, with its sign: '+████' of at most six cells."""
    if not net or not largest:
        return ""
    return ("+" if net > 0 else "−") + blocks[-1] * max(1, round(5 * abs(net) / largest))


def _equity(report: Figures, width: int, blocks: str) -> list[str]:
    results = [0.0, *report["equity"]]
    return ["", f"net, trade by trade  {sparkline(results, width - 21, blocks)}"]


def _suggests(report: Figures) -> list[str]:
    told = report["suggests"]
    return ["", "WHAT IT SUGGESTS", *(f"· {one['text']}" for one in told["found"]), f"{told['text']}."]


def _trades(rows: Iterable[Figures], width: int) -> Table:
    cells = [
        {
            "entered": f"{row['day'][2:]} {row['entry_time'][11:16]}",
            "symbol": clean(row["symbol"]),
            "setup": clean(row["setup"]),
            "side": row["side"],
            "qty": str(row["quantity"]),
            "entry": price(row["entry"]),
            "exit": price(row["exit"]),
            "net": signed(row["net"]),
            "charges": money(row["charges"]),
            "R": r(row["r"]),
            "MAE": r(row["mae_r"]),
            "MFE": r(row["mfe_r"]),
            "exit reason": clean(row["exit_reason"]),
            "id": clean(row["id"]),
        }
        for row in rows
    ]
    return _listing(
        _TRADE_COLUMNS, _FIRST_OF_TRADES, cells, width, ("symbol", "setup", "side", "exit reason", "id")
    )


_TRADE_COLUMNS: Final = (
    *("entered", "symbol", "setup", "side", "qty", "entry", "exit"),
    *("net", "charges", "R", "MAE", "MFE", "exit reason", "id"),
)
_FIRST_OF_TRADES: Final = (
    *("entered", "symbol", "side", "net", "R", "exit reason", "setup", "qty"),
    *("entry", "exit", "MFE", "MAE", "charges", "id"),
)


def _notes(report: Figures) -> list[str]:
    evidence = report["evidence"]
    notes: list[str] = []
    if report["interval_method"] is not None:
        notes.append(
            "95 % of a share by Wilson; of a mean by whole days drawn again where ten days or more hold trades, "
            "else by Student's t."
        )
    if any(one["verdict"] is not None for one in (report, *report["by"].values())) and report["trades"]:
        notes.append(
            f"UNPROVEN: below n {evidence['proof_trades']} nothing is claimed, of the whole or of a group, "
            f"of the Sharpe ratio below {evidence['proof_days']} days."
        )
    if evidence["unplaced"]:
        notes.append(f"{evidence['unplaced']} trades on days without a known account are in no figure.")
    if (told := evidence["contract_notes"]) is not None:
        days = counted(told["days"], "day")
        notes.append(
            f"contract notes of {days}: {money(told['confirmed'])} CONFIRMED for the whole account, "
            f"{money(told['estimated'])} ESTIMATED over its live trades."
        )
    for other in evidence["others"]:
        count = "1 trade" if other["trades"] == 1 else f"{other['trades']} trades"
        way = "" if other["number"] is None else f" (--basis {other['number']})"
        notes.append(f"apart: {other['basis']}: {count} until {other['newest']}{way}")
    return ["", *notes] if notes else []


def _rendered(parts: Iterable[Table | Text | str], width: int, *, ascii_only: bool) -> str:
    stream = io.StringIO()
    # Names are others' words: nothing in them is markup.
    console = Console(
        file=stream,
        width=width,
        color_system=None,
        force_terminal=False,
        safe_box=ascii_only,
        markup=False,
        emoji=False,
    )
    for part in parts:
        console.print(Text(part) if isinstance(part, str) else part)
    text = "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
    return signs.ascii_only(text) if ascii_only else text
