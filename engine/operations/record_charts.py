"""Charts of the record's page as SVG: sizes in user units, colours by class, so that light, dark and print choose them.

Written by hand: the page opens from disk without network or scripts, and what a plotting library would bring along
weighs more than a quarter of trades. Every chart says in words what it shows, for whoever does not see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from math import ceil, floor, log10
from typing import Any, Final

from engine.market.figures import decimal, signed_rupees

WIDTH: Final = 960
_LEFT: Final = 84
_MOST_POINTS: Final = 1_500
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def equity_chart(nets: Sequence[float], days: Sequence[str]) -> str:
    """Return the net result trade by trade, and below it how far it stood under its highest; rupees."""
    values, falls, peak, total = [0.0], [0.0], 0.0, 0.0
    for net in nets:
        total = round(total + net, 2)
        peak = max(peak, total)
        values.append(total)
        falls.append(total - peak)
    chosen = _thinned(len(values))
    upper = _curve([values[one] for one in chosen], 24, 240, "line")
    lower = _curve([falls[one] for one in chosen], 316, 90, "fall", top=0.0)
    ticks = _months([days[max(0, one - 1)] for one in chosen] if days else [], 424)
    return _svg(
        432,
        f"Net result over {len(nets)} trades: it ends at {_short(total)} rupees; deepest fall {_short(min(falls))}.",
        f"{upper}{lower}{ticks}{_label(4, 18, 'net, ₹')}{_label(4, 300, 'under its highest, ₹')}",
    )


def day_chart(marks: Sequence[tuple[str, float]]) -> str:
    """Return a day's result as it was marked, with its clock below; rupees."""
    values = [0.0, *(net for _, net in marks)]
    chosen = _thinned(len(values))
    curve = _curve([values[one] for one in chosen], 24, 200, "line")
    step = (WIDTH - _LEFT - 10) / max(1, len(chosen) - 1)
    clocks, free = "", 0.0
    for number, one in enumerate(chosen):
        left = _LEFT + number * step
        if one and free <= left <= WIDTH - 50:
            clocks += _label(left, 244, marks[one - 1][0])
            free = left + 70
    said = f"The day's result over {len(marks)} marks: highest {_short(max(values))}, in the end {_short(values[-1])}."
    return _svg(252, said, f"{curve}{clocks}{_label(4, 18, 'result, ₹')}")


def calendar_chart(nets: Mapping[date, float | None]) -> str:
    """Return one square a day, a column a week; None is a day without a trade."""
    if not nets:
        return ""
    first, last = min(nets), max(nets)
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    cell = max(6, min(20, (WIDTH - 50) // weeks))
    rows = 1 + max(day.weekday() for day in nets)
    largest = max((abs(net) for net in nets.values() if net), default=1.0)
    squares = []
    for day, net in sorted(nets.items()):
        column = (day - monday).days // 7
        left, top = 44 + column * cell, 20 + day.weekday() * cell
        told = "no trade" if net is None else _money(net)
        kind = "none" if net is None else _kind(net)
        strength = 1.0 if not net else 0.25 + 0.75 * abs(net) / largest
        squares.append(
            f'<rect class="{kind}" x="{left}" y="{top}" width="{cell - 2}" height="{cell - 2}" rx="2" '
            f'fill-opacity="{strength:.2f}"><title>{day.isoformat()} {told}</title></rect>'
        )
    names = "".join(_label(0, 20 + number * cell + cell * 0.7, _WEEKDAYS[number]) for number in range(rows))
    months: list[tuple[tuple[int, int], int, str]] = []
    for day in sorted(nets):
        if not months or months[-1][0] != (day.year, day.month):
            months.append(((day.year, day.month), (day - monday).days // 7, f"{day:%b}"))
    marks, free = "", -1
    for _, column, name in months:
        if column >= free:
            marks += _label(44 + column * cell, 14, name)
            free = column + ceil(30 / cell)
    won = sum(1 for net in nets.values() if net and net > 0)
    said = f"Calendar of {len(nets)} days from {first} to {last}: {won} ended above nought."
    return _svg(24 + rows * cell, said, names + marks + "".join(squares), width=max(320, 50 + weeks * cell))


def histogram_chart(results: Sequence[float]) -> str:
    """Return how many trades ended at which R, in steps of half an R."""
    if not results:
        return ""
    low, high = max(-8.0, floor(min(results) * 2) / 2), min(12.0, ceil(max(results) * 2 + 0.001) / 2)
    count = max(1, round((high - low) * 2))
    bins = [0] * count
    for result in results:
        bins[min(count - 1, max(0, floor((result - low) * 2)))] += 1
    step, most = (WIDTH - _LEFT - 10) / count, max(bins)
    bars = []
    for number, height in enumerate(bins):
        begin = low + number / 2
        tall = 180 * height / most
        bars.append(
            f'<rect class="{"gain" if begin >= 0 else "loss"}" x="{_LEFT + number * step + 1:.1f}" '
            f'y="{200 - tall:.1f}" width="{max(1.0, step - 2):.1f}" height="{tall:.1f}">'
            f"<title>{decimal(begin, 1, plus=True)} to {decimal(begin + 0.5, 1, plus=True)} R: {height}</title></rect>"
        )
        if begin == floor(begin):
            bars.append(
                _label(
                    _LEFT + number * step,
                    218,
                    f"{decimal(begin, 0, plus=True)} R" if begin else "0",
                    anchor="middle",
                )
            )
    axis = _label(_LEFT - 8, 28, str(most), anchor="end") + _rule(200)
    said = f"Results of {len(results)} trades in R, from {_signed(min(results))} to {_signed(max(results))}."
    return _svg(226, said, axis + "".join(bars))


def interval_chart(groups: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the mean result of each group in R with its 95 % interval; groups of one trade have none."""
    known = {name: one for name, one in groups.items() if one["expectancy_r"] is not None}
    if not known:
        return ""
    ends = [0.0]
    for one in known.values():
        ends += [
            end
            for end in (one["expectancy_r"], one["expectancy_low"], one["expectancy_high"])
            if end is not None
        ]
    low, high = max(-4.0, min(ends)), min(4.0, max(ends))
    span = (high - low) or 1.0
    left, right = 220, WIDTH - 150

    def across(value: float) -> float:
        return left + (min(max(value, low), high) - low) / span * (right - left)

    rows = [
        f'<line class="zero" x1="{across(0):.1f}" x2="{across(0):.1f}" y1="4" y2="{12 + 26 * len(known)}"/>'
    ]
    for number, (name, one) in enumerate(known.items()):
        middle = 20 + 26 * number
        begin, end = one["expectancy_low"], one["expectancy_high"]
        mean, kind = one["expectancy_r"], _kind(one["expectancy_r"])
        if begin is not None:
            ends_at = f'x1="{across(begin):.1f}" x2="{across(end):.1f}"'
            rows.append(f'<line class="span {kind}" {ends_at} y1="{middle}" y2="{middle}"/>')
        told = "" if begin is None else f", 95 % {_signed(begin)} to {_signed(end)}"
        rows.append(
            f'<circle class="{kind}" cx="{across(mean):.1f}" cy="{middle}" r="5">'
            f"<title>{escape(name)}: {_signed(mean)} R{told}, n {one['trades']}</title></circle>"
        )
        rows.append(_label(left - 12, middle + 4, _cut(name), anchor="end"))
        rows.append(_label(right + 12, middle + 4, f"{_signed(mean)} R · n {one['trades']}"))
    words = "; ".join(
        f"{name} {_signed(one['expectancy_r'])} R, n {one['trades']}" for name, one in known.items()
    )
    return _svg(20 + 26 * len(known), f"Mean result with its 95 % interval: {words}.", "".join(rows))


def excursion_chart(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return each trade by how far it went against us and our way, in R."""
    known = [row for row in rows if row["mae_r"] is not None and row["mfe_r"] is not None]
    if not known:
        return ""
    wide = min(4.0, max(1.0, *(row["mae_r"] for row in known)))
    high = min(8.0, max(1.0, *(row["mfe_r"] for row in known)))
    bottom = 290
    points = []
    for number in _thinned(len(known)):
        row = known[number]
        left = _LEFT + min(row["mae_r"], wide) / wide * (WIDTH - _LEFT - 20)
        top = bottom - min(row["mfe_r"], high) / high * (bottom - 20)
        named = f"{row['day']} {row['symbol']}"
        reach = f"−{row['mae_r']:.2f} R, +{row['mfe_r']:.2f} R, {_money(row['net'])}"
        points.append(
            f'<circle class="dot {_kind(row["net"])}" cx="{left:.0f}" cy="{top:.0f}" r="4">'
            f"<title>{escape(named)} {reach}</title></circle>"
        )
    ticks = "".join(
        _label(
            _LEFT + one / wide * (WIDTH - _LEFT - 20),
            bottom + 18,
            f"−{one} R" if one else "0",
            anchor="middle",
        )
        for one in range(floor(wide) + 1)
    )
    ticks += "".join(
        _label(_LEFT - 8, bottom - one / high * (bottom - 20) + 4, f"+{one} R" if one else "0", anchor="end")
        for one in range(floor(high) + 1)
    )
    said = f"How far {len(known)} trades went against us (across) and our way (up), in R."
    axes = f'{_rule(bottom)}<line class="axis" x1="{_LEFT}" x2="{_LEFT}" y1="16" y2="{bottom}"/>'
    return _svg(316, said, axes + ticks + "".join(points))


def _curve(values: Sequence[float], top_edge: int, height: int, kind: str, top: float | None = None) -> str:
    high, low = max([*values, 0.0] if top is None else [top]), min([*values, 0.0])
    span = (high - low) or 1.0
    step = (WIDTH - _LEFT - 10) / max(1, len(values) - 1)

    def down(value: float) -> float:
        return top_edge + (high - value) / span * height

    path = " ".join(f"{_LEFT + number * step:.1f},{down(value):.1f}" for number, value in enumerate(values))
    zero = down(0.0)
    right = _LEFT + (len(values) - 1) * step
    area = f'<polygon class="{kind}-area" points="{_LEFT},{zero:.1f} {path} {right:.1f},{zero:.1f}"/>'
    marks = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - 10}" y1="{down(value):.1f}" y2="{down(value):.1f}"/>'
        + _label(_LEFT - 8, down(value) + 4, _short(value), anchor="end")
        for value in _round_values(low, high)
    )
    return f'{marks}{area}<polyline class="{kind}" points="{path}"/>'


def _round_values(low: float, high: float) -> list[float]:
    """Return three to six round values between two ends, nought among them where it lies there."""
    span = (high - low) or 1.0
    size: float = 10.0 ** floor(log10(span / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 5)
    return [step * number for number in range(ceil(low / step), floor(high / step) + 1)]


def _months(days: Sequence[str], top: int) -> str:
    """Return the months under a curve, each where its first point stands."""
    step = (WIDTH - _LEFT - 10) / max(1, len(days) - 1)
    marks, seen, free = [], "", 0.0
    for number, day in enumerate(days):
        if day[:7] != seen:
            seen, left = day[:7], _LEFT + number * step
            if left >= free:
                marks.append(_label(left, top, seen))
                free = left + 70
    return "".join(marks)


def _thinned(count: int) -> list[int]:
    """Return the numbers of so many points, at most as many as a chart shows, the last among them."""
    shown = min(count, _MOST_POINTS)
    return [(number + 1) * count // shown - 1 for number in range(shown)]


def _svg(height: float, said: str, inside: str, width: int = WIDTH) -> str:
    size = "" if width >= WIDTH else f' style="max-width:{width}px;min-width:0"'
    label = f'role="img" aria-label="{escape(said, quote=True)}"'
    return f'<svg viewBox="0 0 {width} {height:.0f}" {label}{size}>{inside}</svg>'


def _label(left: float, top: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _rule(top: float) -> str:
    return f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - 10}" y1="{top}" y2="{top}"/>'


def _kind(value: float) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else "even"


def _money(value: float) -> str:
    return f"{signed_rupees(round(value * 100))} ₹"


def _signed(value: float) -> str:
    return decimal(value, 2, plus=True)


def _short(value: float) -> str:
    """Return an amount for an axis: 1.2 cr, 3.5 L, 12 k."""
    for size, name in ((1e7, " cr"), (1e5, " L"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{name}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def _cut(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
