"""The market-profile ladder: heading, order book and rows, painted as three panels that share one window."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cockpit.text.formatting import RUPEE, UNDEFINED, arrow, compact, percent, price, row_price
from cockpit.text.lines import Line, Span, bar, choose, compose, fit, length, spread, under
from cockpit.widgets.header import direction
from cockpit.widgets.viewport import Viewport, VisibleRows, height_of
from engine.contract.views import LadderRow, LadderView, WatchRow
from engine.market.figures import UNKNOWN, signed_rupees, signed_units

MARK_ORDER: Final = ("POC", "VAH", "VAL", "TPOC", "VWAP", "IBH", "IBL", "OPEN", "HIGH", "LOW")
"""Which mark is named first when a row carries several."""

_ESTIMATED: Final = "~"
"""Ends the name of a mark that is ESTIMATED."""
_SHORT_MARKS: Final = {"HIGH": "H", "LOW": "L", "OPEN": "O"}
BOOK_WIDTH: Final = 14


@dataclass(frozen=True, slots=True)
class LadderColumns:
    """The cells of each ladder column; 0 leaves it out."""

    price: int
    marks: int
    letters: int
    bar: int
    volume: int
    delta: int
    orders: int


def columns_for(ladder: LadderView, width: int) -> LadderColumns:
    """Return how a ladder of this width is divided: letters take a third at most, bars what the rest leaves."""
    price_cells = max(
        6, *(len(row_price(row.price, ladder.row)) for row in (ladder.rows[0], ladder.rows[-1]))
    )
    longest = max(len(row.letters) for row in ladder.rows)
    letters = min(max(8 if width < 80 else 13, longest), max(13, width // 3)) + 1
    orders = 26 if width >= 100 else 20 if width >= 76 else 16
    marks = 14 if width >= 84 else 9
    left = width - (1 + price_cells + 1 + 1 + marks + 2 + letters + orders)
    volume = 8 if left >= 13 else 0
    delta = 8 if left - volume >= 18 and any(row.delta is not None for row in ladder.rows) else 0
    return LadderColumns(price_cells, marks, letters, max(0, left - volume - delta), volume, delta, orders)


def level_of(mark: str) -> str:
    """Return the level that a mark names, ESTIMATED or not."""
    return mark.removesuffix(_ESTIMATED)


def marks_text(marks: tuple[str, ...], width: int) -> str:
    """Return the marks of a row, the important ones first; a plus says that more would not fit."""
    known = [mark for name in MARK_ORDER for mark in marks if level_of(mark) == name] + [
        mark for mark in marks if level_of(mark) not in MARK_ORDER
    ]
    text = ""
    for index, mark in enumerate(known):
        level = level_of(mark)
        short = _SHORT_MARKS.get(level, level) + mark[len(level) :]
        longer = f"{text}·{short}" if text else short
        room = width if index == len(known) - 1 else width - 1
        if len(longer) > room:
            return fit(f"{text}+" if text else short, width)
        text = longer
    return text.ljust(width)


def order_style(text: str) -> str:
    """Return the style of one of our own levels by its words."""
    word = text.lower()
    if "stop" in word:
        return "stop"
    return "entry" if "entry" in word or "@" in word else "target"


@lru_cache(maxsize=4096)
def _ladder_line(
    row: LadderRow,
    columns: LadderColumns,
    row_height: int | None,
    max_volume: int,
    newest: str,
    *,
    is_last: bool,
    is_pointed: bool,
    in_balance: bool,
    width: int,
) -> Line:
    is_poc = any(level_of(mark) == "POC" for mark in row.marks)
    cell = fit(row_price(row.price, row_height), columns.price, ">")
    traded = bool(row.volume or row.letters)
    price_style = "value" if row.in_value else "" if traded else "dim"
    if is_last or row.orders:
        price_style = "last" if is_last else order_style(row.orders[0])
    edge = ("┃", "edge") if row.in_value else ("│", "rule") if in_balance else (" ", "")
    letters = fit(row.letters, columns.letters)
    letter_style = "mark" if is_poc else "value" if row.in_value else "dim"
    spans: list[Span] = [
        ("▸" if is_last else " ", "last" if is_last else ""),
        (cell, "selected" if is_pointed and not is_last else price_style),
        ("◂ " if is_pointed else "  ", "selected" if is_pointed else ""),
        (marks_text(row.marks, columns.marks), "mark"),
        (" ", ""),
        edge,
    ]
    if newest and row.letters.endswith(newest) and len(row.letters) <= columns.letters:
        cut = len(row.letters) - len(newest)
        spans += [(row.letters[:cut], letter_style), (newest, "newest"), (letters[len(row.letters) :], "")]
    else:
        spans.append((letters, "strong" if row.single_print else letter_style))
    share = row.volume / max_volume if max_volume > 0 else 0.0
    bar_style = "bar-poc" if is_poc else "bar-value" if row.in_value else "bar"
    spans.append((bar(share, columns.bar), bar_style))
    if columns.volume:
        spans.append((fit(compact(row.volume) if row.volume else "", columns.volume - 1, ">") + " ", "dim"))
    if columns.delta:
        delta = "" if row.delta is None else compact(row.delta)
        signed = f"+{delta}" if row.delta is not None and row.delta > 0 else delta
        spans.append((fit(signed, columns.delta - 1, ">") + " ", direction(row.delta)))
    if row.orders:
        spans.append(("◀ ", order_style(row.orders[0])))
        for index, text in enumerate(row.orders):
            spans.append((" · " if index else "", "dim"))
            spans.append((text, order_style(text)))
    line = compose(spans, width)
    return under(line, "selected") if is_pointed else line


def paint_rows(ladder: LadderView, sight: VisibleRows, width: int, cursor: int | None = None) -> list[Line]:
    """Return the rows in sight: price, marks, value-area edge, TPO letters, volume, our own levels."""
    if not ladder.rows:
        return []
    columns = columns_for(ladder, width)
    newest = ""
    step = height_of(ladder)
    if sight.last is not None and (row := sight.rows[sight.last]) is not None:
        newest = row.letters[-1:]
    lines: list[Line] = []
    for index, row in enumerate(sight.rows):
        if row is None:
            lines.append(compose([], width))
            continue
        in_balance = (
            ladder.ib_low is not None
            and ladder.ib_high is not None
            and row.price + (ladder.row or 1) > ladder.ib_low
            and row.price <= ladder.ib_high
        )
        lines.append(
            _ladder_line(
                row,
                columns,
                ladder.row,
                ladder.max_volume,
                newest,
                is_last=index == sight.last,
                is_pointed=cursor is not None and row.price <= cursor < row.price + step,
                in_balance=in_balance,
                width=width,
            )
        )
    return lines


def paint_book(sight: VisibleRows, width: int) -> list[Line]:
    """Return the bid and ask sizes of the rows in sight."""
    lines: list[Line] = []
    for row in sight.rows:
        bid = compact(row.bid_size) if row is not None and row.bid_size else ""
        ask = compact(row.ask_size) if row is not None and row.ask_size else ""
        lines.append(compose([(fit(bid, 6, ">"), "bid"), (" ", ""), (fit(ask, 6, ">"), "ask")], width))
    return lines


def _level(name: str, text: str) -> list[Span]:
    return [(f"{name} ", "dim"), (text, "")]


def paint_head(
    ladder: LadderView | None,
    chosen: WatchRow | None,
    sight: VisibleRows,
    viewport: Viewport,
    width: int,
    height: int,
    *,
    rupee: str = RUPEE,
) -> list[Line]:
    """Return the heading: the instrument, what the auction is, its levels, how they were computed, the columns."""
    if ladder is None or (chosen is not None and chosen.key != ladder.key):
        symbol = chosen.symbol if chosen is not None else "no instrument"
        return [compose([(f" {symbol}", "strong"), ("  waiting for its profile", "dim")], width)]
    ladder_tick = ladder.tick
    touch: list[Span] = [
        ("bid ", "dim"),
        (price(ladder.bid, ladder_tick), "bid"),
        ("  ask ", "dim"),
        (price(ladder.ask, ladder_tick), "ask"),
    ]
    moved = direction(ladder.change)
    # What it can be had for now is told before how far it came.
    first = choose(
        [
            (0, [(f" {ladder.symbol}", "strong"), (f"  {price(ladder.last, ladder_tick)}", "strong")]),
            (1, [(f" {arrow(ladder.change)} {signed_rupees(ladder.change)}", moved)]),
            (2, [(f" {percent(ladder.change_pct)} %", moved)]),
        ],
        max(0, width - length(touch) - 3),
        gap=0,
    )
    quote = choose(
        [
            (0, touch),
            (2, _level("H", price(ladder.high, ladder_tick))),
            (2, _level("L", price(ladder.low, ladder_tick))),
            (1, _level("vol", compact(ladder.volume))),
        ],
        max(0, width - length(first) - 3),
        gap=2,
    )
    provenance = _provenance(ladder, rupee)
    rotation = "" if ladder.rotation_factor is None else f"rotation {signed_units(ladder.rotation_factor)}"
    auction = " · ".join(part for part in (ladder.day_type, ladder.open_type, rotation) if part)
    lines = [spread(first, [*quote, (" ", "")], width)]
    if height >= 5:
        lines.append(spread([(f" {auction or UNDEFINED}", "value")], [], width))
        lines.append(compose([(" ", ""), *_levels(ladder, width - 1)], width))
        lines.append(_provenance_line(provenance, viewport, width))
    elif height >= 3:
        room = width - sum(len(text) for text, _ in provenance) - 4
        lines.append(
            spread([(" ", ""), (fit(auction, max(0, room)), "value")], [*provenance, (" ", "")], width)
        )
    lines.append(_column_names(ladder, sight, viewport, width))
    return lines[:height]


def _provenance(ladder: LadderView, rupee: str) -> list[Span]:
    row = UNKNOWN if ladder.row is None else f"{rupee}{row_price(ladder.row, ladder.row)}"
    ties = f" · {ladder.ties} POC ties" if ladder.ties is not None and ladder.ties > 1 else ""
    return [
        (f"row {row} · {ladder.rule} {ladder.value_area_pct} %{ties}", "dim"),
        (f" · {ladder.quality}", "good" if ladder.quality == "LIVE" else "warn"),
    ]


def _provenance_line(provenance: list[Span], viewport: Viewport, width: int) -> Line:
    note: list[Span] = [("scrolled: home centres ", "warn")] if viewport.scrolled else []
    return spread([(" ", ""), *provenance], note, width)


def _levels(ladder: LadderView, width: int) -> list[Span]:
    tick = ladder.tick
    if ladder.ib_low is None or ladder.ib_high is None:
        balance = UNKNOWN
    else:
        forming = "" if ladder.ib_complete else " forming"
        balance = f"{price(ladder.ib_low, tick)}–{price(ladder.ib_high, tick)}{forming}"
    # Without it there is no stop and so no entry: an unknown one is told before what is merely good to know.
    true_range = (3, "") if ladder.atr is not None else (1, "warn")
    return choose(
        [
            (0, [("POC ", "dim"), (price(ladder.poc, tick), "mark")]),
            (0, _level("VA", f"{price(ladder.val, tick)}–{price(ladder.vah, tick)}")),
            (1, _level("IB", balance)),
            (2, _level("VWAP", price(ladder.vwap, tick))),
            (true_range[0], [("ATR ", "dim"), (price(ladder.atr, tick), true_range[1])]),
        ],
        width,
        gap=2,
    )


def _column_names(ladder: LadderView, sight: VisibleRows, viewport: Viewport, width: int) -> Line:
    if not ladder.rows:
        return compose([], width)
    columns = columns_for(ladder, width - BOOK_WIDTH)
    names = (
        f"{'bid':>6} {'ask':>6} "
        f" {'price':>{columns.price}}  {'marks':<{columns.marks}}  {'TPO':<{columns.letters}}"
        f"{'volume':<{columns.bar + columns.volume}}"
        f"{('~delta' if columns.delta else ''):>{max(0, columns.delta - 1)}}{' ' if columns.delta else ''}"
    )
    note = _beyond(sight)
    if viewport.scrolled and not note:
        note = "home centres"
    room = max(0, width - len(note) - 2)
    shown = names[:room]
    if names[room : room + 1].strip():
        # Half a word names nothing.
        shown = shown.rpartition(" ")[0]
    left: list[Span] = [(shown, "dim")]
    return spread(left, [(note, "stop"), (" ", "")] if note else [], width)


def _beyond(sight: VisibleRows) -> str:
    parts = [f"▲ {text}" for text in sight.above[:1]] + [f"▼ {text}" for text in sight.below[:1]]
    return "  ".join(parts)
