"""The parts of the record's page that tell of trades, evenings and weekends: pictures, stories, what was not taken."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from engine.market.figures import decimal, rupees, signed_rupees
from engine.operations.record_charts import day_chart
from engine.operations.record_pictures import profile_picture
from engine.story.brief import brief_lines
from engine.story.day_story import DayStory
from engine.story.tree import TradeStory

_OPEN_UP_TO: Final = 30
"""Stories of a page with at most so many are open from the start."""
_MOST_BYTES: Final = 1_400_000
"""Of stories and pictures on one page: a quarter's page stays under 2 MB."""
_MOST_SIGNALS: Final = 60
_LONG: Final = 40
"""Signs from which on a cell's words go on in a second line."""
_UNDEFINED: Final = "–"


def stories_part(days: Sequence[DayStory]) -> list[str]:
    """Return every trade with its picture and its story, newest first; what finds no room is told to be left out."""
    told = [(day, story) for day in reversed(days) for story in reversed(day.trades)]
    if not told:
        return []
    opened = " open" if len(told) <= _OPEN_UP_TO else ""
    parts, room = ["<h2>Trades, each on its profile</h2>"], _MOST_BYTES
    for number, (day, story) in enumerate(told):
        part = _story(day, story, opened)
        room -= len(part.encode())
        if room < 0:
            left = len(told) - number
            parts.append(
                f'<p class="dim">The stories of the {left} oldest trades find no room here: '
                "cockpit why ID tells them.</p>"
            )
            break
        parts.append(part)
    return parts


def _story(day: DayStory, story: TradeStory, opened: str) -> str:
    trade = story.trade
    if trade is None:
        return ""
    r = _UNDEFINED if trade.r is None else f"{decimal(trade.r, 2, plus=True)} R"
    kind = "gain" if trade.net > 0 else "loss" if trade.net < 0 else "even"
    title = f"{day.day.isoformat()} {story.symbol} {trade.side.value} {trade.setup}"
    lines = "".join(f"<li>{escape(line)}</li>" for line in brief_lines(story))
    missing = f'<p class="dim">Not recorded: {escape(", ".join(story.missing))}.</p>' if story.missing else ""
    return (
        f'<details class="story"{opened}><summary>{escape(title)} <b class="{kind}-text">{signed_rupees(trade.net)} · '
        f'{r}</b> <span class="dim">{escape(story.id)}</span></summary><div>'
        f"{profile_picture(trade, day.sessions.get(story.instrument))}<ul>{lines}</ul></div>{missing}</details>"
    )


def evening_part(told: Mapping[str, Any]) -> list[str]:
    """Return an evening's list of a day."""
    intraday, guarded, slipped = told["intraday"], told["protection"], told["slippage"]
    net = f"Net <b>{_signed(told['net'])}</b> ({_r(told['sum_r'])}) of {told['trades']} trades, every mode of entry"
    share = f"{_money(told['charges'])} charges, {_share(told['charges_share'])} of what the winners made"
    market = f" · {escape(told['market'])}" if told["market"] else ""
    parts = [f"<h2>The day {told['day']}{market}</h2>", f"<p>{net}, after {share}.</p>"]
    if intraday["points"]:
        at = "" if intraday["peak_time"] is None else f" at {intraday['peak_time'][11:19]}"
        chart = day_chart([(time[11:16], net) for time, net in intraday["points"]])
        given = _money(intraday["give_back"])
        parts += [
            f"<figure>{chart}</figure>",
            f"<p>Peak {_signed(intraday['peak'])}{at}, end {_signed(intraday['end'])}, given back {given}.</p>",
        ]
    signal, trigger = slipped["signal"], slipped["trigger"]
    parts.append(
        f"<p>Slippage: {_signed(signal['rupees'])} of entries against their signals (n {signal['n']}), "
        f"{_signed(trigger['rupees'])} of fired stops against their triggers (n {trigger['n']}).</p>"
    )
    if guarded["n"]:
        parts.append(
            f"<p>Slowest stop {decimal(guarded['slowest_seconds'], 2)} s ({escape(guarded['slowest_trade'])}); "
            f"{decimal(guarded['naked_seconds'], 2)} s without a stop in all, over {guarded['n']} fills.</p>"
        )
    mistakes = [
        f"{escape(one['name'])} ×{one['count']}"
        + ("" if one["cost"] is None else f" ({_money(one['cost'])})")
        for one in told["mistakes"]
    ]
    parts.append(f"<p>Mistakes: {', '.join(mistakes) or 'none recorded'}.</p>")
    parts += [_day_types(told["day_types"]), _after_exits(told["after_exits"]), *_not_taken(told)]
    return [part for part in parts if part]


def _day_types(rows: Sequence[Mapping[str, Any]]) -> str:
    body = [
        (row["symbol"], ", ".join(row["called"]) or _UNDEFINED, row["final"] or "not recorded")
        for row in rows
    ]
    return _titled("Day type, called at the entry and final", ("instrument", "called", "final"), body)


def _after_exits(rows: Sequence[Mapping[str, Any]]) -> str:
    body = [
        (
            row["id"],
            _r(row["our_way_r"]),
            _r(None if row["against_r"] is None else -row["against_r"]),
            _r(row["end_r"]),
        )
        for row in rows
    ]
    names = ("trade", "furthest our way", "furthest against", "in the end")
    return _titled("Half an hour after each exit, from what it was left at", names, body)


def _not_taken(told: Mapping[str, Any]) -> list[str]:
    taken, other = told["taken"], told["not_taken"]
    means = other["mean_r_before_charges"]
    counts = [("taken", taken["n"], f"{_r(taken['mean_r'])} after charges, n {taken['r_n']}")]
    counts += [
        (
            state,
            count,
            f"{_r(means[state]['r'])} before charges, n {means[state]['n']}"
            if state in means
            else _UNDEFINED,
        )
        for state, count in other["counts"].items()
    ]
    rows = [
        (
            row["time"][11:19],
            row["symbol"],
            row["setup"],
            row["side"] or "",
            row["state"],
            row["reason"] or row["code"],
            _r(row["would_have_r"]),
        )
        for row in other["signals"][-_MOST_SIGNALS:]
    ]
    left = len(other["signals"]) - len(rows)
    return [
        _titled(
            f"Taken beside what was not; the latter {other['label']}: a fill at the signal's price is not sure",
            ("signals", "n", "mean"),
            counts,
        ),
        _titled(
            "Signals that became no trade",
            ("time", "symbol", "setup", "side", "what", "why", "would have made"),
            rows,
        ),
        f'<p class="dim">{left} earlier ones are left out.</p>' if left else "",
    ]


def weekend_part(told: Mapping[str, Any]) -> list[str]:
    """Return a weekend's list over the record until then."""
    fall, mae, kept, rest = (
        told["drawdown"],
        told["winners_mae_r"],
        told["mfe_captured"],
        told["without_largest"],
    )
    such = (
        ""
        if fall["expected"] is None
        else f"; days like these fall {_money(fall['expected'])} in the middle case and seldom (1 in 20) deeper than "
        f"{_money(fall['seldom_deeper'])}"
    )
    half, most = _distance(mae["median"]), _distance(mae["ninth_decile"])
    against = f"{half} against us at the median, nine in ten no further than {most}"
    lines = [
        f"Drawdown now {_money(fall['now'])}, worst {_money(fall['worst'])}, by {fall['days']} days{such}",
        f"Winners went {against} (n {mae['n']})",
        f"Of the way that winners went {_share(kept['share'])} was kept before charges (n {kept['n']})",
    ]
    if rest is not None:
        lines.append(
            f"Without its largest trade ({_r(rest['r'])}) the mean is {_r(rest['expectancy_r'])}"
            f"{_between(rest)}, net {_signed(rest['net'])} (n {rest['n']})"
        )
    beside = told.get("beside")
    if beside:
        words = [
            f"{one['basis']}: {_r(one['expectancy_r'])}{_between(one)}, slippage {_r(one['slippage_r'])}, "
            f"n {one['trades']}"
            for one in beside
        ]
        lines.append(f"Paper against live, each on its own: {'; '.join(words)}")
    elif beside is not None:
        lines.append("Paper against live: only one of them has a record")
    lines += _rollout(told.get("rollout"))
    crossed = [
        (row["setup"], row["day_type"], row["n"], _signed(row["net"]), _r(row["mean_r"]))
        for row in told["setup_by_day_type"]
    ]
    halves = [
        (name, one["trades"], _signed(one["net"]), _r(one["expectancy_r"]), _between(one).strip(" ()"))
        for name, one in told["half_hours"].items()
    ]
    return [
        "<h2>The record until then</h2>",
        f"<ul>{''.join(f'<li>{escape(line)}.</li>' for line in lines)}</ul>",
        _titled("Setup by day type at the entry", ("setup", "day type", "n", "net", "R mean"), crossed),
        _titled("By half-hour of the signal", ("half-hour", "n", "net", "R mean", "95 %"), halves),
    ]


def _rollout(told: Mapping[str, Any] | None) -> list[str]:
    """Return where the rollout stands, and what each way up still lacks."""
    if told is None:
        return []
    if told["problem"]:
        return [f"Rollout: {told['problem']}"]
    lines = [f"Rollout: {told['stage']}"]
    for gate in told["gates"]:
        lacking = [one for one in gate["criteria"] if one["missing"]]
        words = "; ".join(f"{one['name']}: {one['missing']}" for one in lacking) or "nothing"
        met = f"{len(gate['criteria']) - len(lacking)} of {len(gate['criteria'])} lines met"
        lines.append(f"{gate['track']}, {gate['from']} to {gate['to']}: {met}, missing {words}")
    return lines


def _titled(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a small table with its title; empty without rows."""
    cells = ("".join(_cell(str(cell)) for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    if not body:
        return ""
    head = "".join(f'<th class="text">{escape(name)}</th>' for name in names)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<h3>{escape(title)}</h3><div class="scroll">{table}</div>'


def _cell(text: str) -> str:
    kind = "text" if len(text) < _LONG else "text long"
    return f'<td class="{kind}">{escape(text)}</td>'


def _between(figures: Mapping[str, Any]) -> str:
    low, high = figures["expectancy_low"], figures["expectancy_high"]
    return "" if low is None else f" ({decimal(low, 2, plus=True)} to {decimal(high, 2, plus=True)} R)"


def _money(value: float | None) -> str:
    return _UNDEFINED if value is None else rupees(round(value * 100))


def _signed(value: float | None) -> str:
    return _UNDEFINED if value is None else signed_rupees(round(value * 100))


def _share(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(100 * value, 1)} %"


def _distance(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(value, 2)} R"


def _r(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{decimal(value, 2, plus=True)} R"
