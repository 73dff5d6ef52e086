"""Open positions: result, R, and above all the state of each stop."""

from cockpit.text.formatting import age, clock, multiple, price, short_symbol
from cockpit.text.lines import Line, Span, choose, compose, fit, length, spread, wrap
from cockpit.widgets.header import direction
from cockpit.widgets.sections import heading
from cockpit.widgets.stops import risk_text, terms_text
from engine.contract.views import PositionRow, StopStatus
from engine.market.figures import signed_rupees, signed_units

_SHORTEST_SYMBOL = 10
_LINES = 7
"""Of a position: what, its stop, its target, what it risks, how the stop was measured."""
_CALM_LINES = 3
"""Of one beside another that waits: what, its stop, its target."""
_PLIGHT_MORE = 3
"""Further lines that a position takes which waits for something."""
_STOP_STYLES = {
    StopStatus.HELD: "good",
    StopStatus.PLACING: "warn",
    StopStatus.EXITING: "warn",
    StopStatus.MISSING: "alarm",
    StopStatus.IN_DOUBT: "alarm",
}


_MARK_STYLES = {"LOCKED": "alarm", "ONE-SIDED": "alarm"}


def mark_words(row: PositionRow) -> str:
    """Return why a mark is not of now, its age, and what the stop would leave: ``STALE 12 s · at stop −840``."""
    words = row.mark_quality
    if row.mark_age_ms is not None:
        words += f" {age(row.mark_age_ms)}"
    if row.pnl_at_stop is not None and row.mark_quality != "LOCKED":
        words += f" · at stop {signed_rupees(row.pnl_at_stop, 0)}"
    return words


def _labelled(row: PositionRow) -> bool:
    """Say whether the result is marked at a price that is not of now."""
    return row.mark_quality in ("STALE", "ONE-SIDED", "LOCKED", "NOT READY")


def _first(row: PositionRow, width: int) -> Line:
    side = "long" if row.quantity > 0 else "short" if row.quantity < 0 else "flat"
    held: list[Span] = [
        (f" {signed_units(row.quantity)}", "entry"),
        (f" {side} @ {price(row.average or None, row.tick)}", ""),
    ]
    if row.external:
        held.append((" EXTERNAL", "warn"))
    if row.outside:
        held.append((f" {signed_units(row.outside)} EXTERNAL", "warn"))
    right: list[Span] = [
        (signed_rupees(row.pnl, 2 if width >= 52 else 0), direction(row.pnl)),
        *([(f" {row.mark_quality}", _MARK_STYLES.get(row.mark_quality, "warn"))] if _labelled(row) else []),
        (f"{multiple(row.r):>8} ", direction(row.pnl)),
    ]
    room = width - length(right) - 1
    symbol = short_symbol(row.symbol, max(_SHORTEST_SYMBOL, room - length(held)))
    left: list[Span] = [(symbol, "strong"), *held]
    return spread(compose(left, max(1, min(length(left), room))), right, width)


def _stop(row: PositionRow, width: int) -> Line:
    if row.external and row.stop is None:
        return compose([("  not ours: left alone, no stop of ours", "warn")], width)
    if row.stop_state in (StopStatus.MISSING, StopStatus.IN_DOUBT):
        word = "NO STOP AT THE EXCHANGE" if row.stop_state is StopStatus.MISSING else "STOP IN DOUBT"
        wish = "" if row.stop is None else f" · wanted {price(row.stop, row.tick)}"
        return compose([(f"  {row.stop_state.value}: {word}{wish}".ljust(width), "alarm")], width)
    held: list[Span] = [
        ("stop ", "dim"),
        (price(row.stop, row.tick), "stop"),
        (f" {row.stop_state.value}", _STOP_STYLES[row.stop_state]),
    ]
    locked: list[Span] = []
    if row.locked_r is not None:
        locked = [
            ("· locks " if row.locked_r >= 0 else "· risks ", "dim"),
            (multiple(row.locked_r), "up" if row.locked_r >= 0 else "down"),
        ]
    parts = choose([(0, held), (2, [(row.stop_term, "dim")]), (1, locked)], width - 3, gap=1)
    return compose([("  ", ""), *parts], width)


def _third(row: PositionRow, width: int) -> Line:
    target: list[Span] = []
    if row.target is not None:
        target = [("target ", "dim"), (price(row.target, row.tick), "target")]
    mark: list[Span] = [("mark ", "dim"), (price(row.mark, row.tick), "")]
    labelled = _labelled(row)
    if labelled:
        mark.append((f" {mark_words(row)}", _MARK_STYLES.get(row.mark_quality, "warn")))
    # What the broker holds beyond our own trades was entered nobody knows when.
    since: list[Span] = [(f"since {clock(row.since, seconds=False)}", "dim")] if row.since else []
    state: list[Span] = [(f" {row.target_state}", "")] if target and row.target_state else []
    if length([*target, *state, *mark, *since]) + 4 > width - 3:
        state = []
    parts = choose(
        [
            (int(labelled), [*target, *state]),
            (int(not labelled), mark),
            (3, [(row.setup, "dim")]),
            (2, since),
        ],
        width - 3,
        gap=2,
    )
    return compose([("  ", ""), *parts], width)


def _measured(row: PositionRow, width: int) -> list[Line]:
    """Return what the stop in force may cost, and how the first one was measured."""
    across = max(1, width - 3)
    lines = [line for text in (risk_text(row), terms_text(row)) for line in wrap(text, across, 2)]
    return [compose([("  ", ""), (fit(line, across), "dim")], width) for line in lines]


def paint_positions(rows: tuple[PositionRow, ...], width: int, height: int) -> list[Line]:
    """Return the positions, seven lines each where there is room, else fewer; loud ones first."""
    if height <= 0:
        return []
    shown = {row.instrument for row in rows if row.outside}
    # What others hold beside a position of ours stands in its own line.
    rows = tuple(row for row in rows if row.outside or not row.external or row.instrument not in shown)
    note = f"{len(rows)}" if rows else ""
    lines = [heading("POSITIONS", note, width)] if height >= len(rows) + 1 else []
    if not rows:
        return [*lines, compose([("no position", "dim")], width)][:height]
    room = height - len(lines)
    waiting = any(row.plight is not None for row in rows)
    # What waits says all of it before any other row tells how its stop was measured.
    each = max(1, min(_CALM_LINES if waiting else _LINES, room // len(rows)))
    spare = max(0, room - each * len(rows))
    for row in sorted(rows, key=_calm):
        most = each + spare if waiting else each
        parts = _whole(row, width, most)
        if each == 1 and _speaks(row):
            parts = [_short_alarm(row, width)]
        lines.extend(parts[:most])
        spare -= max(0, len(parts[:most]) - each)
    return lines[:height]


def rows_wanted(rows: tuple[PositionRow, ...]) -> int:
    """Return how many lines the positions take where there is plenty: what waits says why."""
    lines = sum(3 if row.limit is None and row.sized is None else _LINES for row in rows)
    return lines + 1 + _PLIGHT_MORE * sum(1 for row in rows if row.plight is not None)


def _whole(row: PositionRow, width: int, most: int) -> list[Line]:
    """Return a position's lines; one that waits says for what, and what can be done, over as many as it may have."""
    if row.plight is None:
        return [_first(row, width), _stop(row, width), _third(row, width), *_measured(row, width)]
    room, across = max(1, most - 1), max(1, width - 2)
    text = wrap(row.plight.text, across, room)
    advice = wrap(row.plight.advice, across, room - len(text))
    return [
        _first(row, width),
        *(compose([(f"  {part}".ljust(width), "alarm")], width) for part in text),
        *(compose([(f"  {part}", "warn")], width) for part in advice),
    ]


def _calm(row: PositionRow) -> tuple[bool, bool, bool]:
    """Return the place of a row: what waits first, then what has no proven stop, then what is not ours."""
    return row.plight is None, row.external, row.stop_state is StopStatus.HELD


def _speaks(row: PositionRow) -> bool:
    return row.plight is not None or (row.stop_state is not StopStatus.HELD and not row.external)


def _short_alarm(row: PositionRow, width: int) -> Line:
    if row.plight is not None:
        text = f"{row.symbol} {signed_units(row.quantity)}  {row.plight.text}"
        return compose([(text.ljust(width), "alarm")], width)
    style = _STOP_STYLES[row.stop_state]
    text = f"{row.symbol} {signed_units(row.quantity)}  stop {row.stop_state.value}"
    return compose([(text.ljust(width) if style == "alarm" else text, style)], width)


def paint_selected(row: PositionRow | None, symbol: str, width: int, height: int) -> list[Line]:
    """Return the selected instrument's own position for the smallest trade screen."""
    if height <= 0:
        return []
    if row is None:
        return [compose([(f"{symbol} ", "strong"), ("no position", "dim")], width)]
    lines = _whole(row, width, height)
    if height == 1 and _speaks(row):
        return [_short_alarm(row, width)]
    return lines[:height]
