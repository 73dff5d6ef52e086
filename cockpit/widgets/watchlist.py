"""The watchlist: one or two lines for each instrument, the selected one marked."""

import re
from typing import Final

from cockpit.text.formatting import arrow, percent, price, short_symbol
from cockpit.text.lines import Line, Span, compose, fit
from cockpit.widgets.sections import heading
from engine.contract.views import WatchRow
from engine.market.figures import signed_units

_QUANTITY: Final = re.compile(r"×[\d,]+")


def _change(row: WatchRow) -> str:
    return f"{arrow(row.change_pct)}{percent(row.change_pct).lstrip('+−')}"


def _row(row: WatchRow, number: int, width: int, *, selected: bool, alone: bool) -> Line:
    plain = "selected" if selected else ""
    quiet = "selected-dim" if selected else "dim"
    change = row.change_pct or 0
    moved = "up" if change > 0 else "down" if change < 0 else ""
    if selected:
        moved = f"selected-{moved}" if moved else "selected"
    extra = 9 if alone and width >= 46 else 0
    symbol = max(6, width - 21 - extra)
    spans: list[Span] = [
        ("▸" if selected else " ", plain),
        (f"{number} " if number <= 9 else "  ", quiet),
        (fit(short_symbol(row.symbol, symbol), symbol), plain or "value"),
        (fit(price(row.last, row.tick), 10, ">"), plain),
        (fit(_change(row), 7, ">"), moved),
        ((" ", plain) if not alone or extra > 0 else _sign(row, plain)),
    ]
    if extra > 0:
        held = signed_units(row.position) if row.position else ""
        note = row.quality if row.quality != "LIVE" else held
        style = "warn" if row.quality != "LIVE" else "entry"
        spans.append((fit(note, extra - 1, ">") + " ", plain or style))
    return compose(spans, width)


def _sign(row: WatchRow, plain: str) -> Span:
    if row.quality != "LIVE":
        return "!", plain or "warn"
    return ("●", plain or "entry") if row.position else (" ", plain)


def _second(row: WatchRow, width: int, *, selected: bool) -> Line:
    quiet = "selected-dim" if selected else "dim"
    held = signed_units(row.position) if row.position else ""
    quality = row.quality if row.quality != "LIVE" else ""
    tail: list[Span] = [(f" {quality}", "selected" if selected else "warn")] if quality else []
    if held:
        tail.append((f" {held}", "selected" if selected else "entry"))
    tail.append((" ", quiet))
    room = max(0, width - 3 - sum(len(text) for text, _ in tail))
    return compose([("   ", quiet), (fit(_where(row, room), room), quiet), *tail], width)


def _where(row: WatchRow, room: int) -> str:
    """Return where price stands and what else is known of the instrument: what matters most where not all fits.

    Why it may not be traded, or what its auction indicates, comes before the expiry, that before the location, and the
    lot goes first.
    """
    details = row.detail.split(" · ") if row.detail else []
    parts = [(row.location, 2)] if row.location else []
    parts += [
        (text, 3 if text.startswith("lot ") else 1 if text.startswith("exp ") else 0) for text in details
    ]
    while len(parts) > 1 and sum(len(text) for text, _ in parts) + 3 * (len(parts) - 1) > room:
        parts.remove(max(parts, key=lambda part: part[1]))
    text = " · ".join(text for text, _ in parts)
    # Before the open the gap says more than the quantity behind it.
    return text if len(text) <= room else _QUANTITY.sub("", text)


def paint_watchlist(rows: tuple[WatchRow, ...], selected: str | None, width: int, height: int) -> list[Line]:
    """Return the list in at most ``height`` lines: two for each instrument where there is room, else one.

    Where not all fit, the window moves so that the selected one is seen.
    """
    if height <= 0:
        return []
    lines = [heading("WATCHLIST", f"{len(rows)}", width)]
    each = 2 if len(rows) * 2 + 1 <= height else 1
    room = max(0, (height - 1) // each)
    chosen = next((index for index, row in enumerate(rows) if row.key == selected), 0)
    first = max(0, min(chosen - room // 2, len(rows) - room))
    for index, row in enumerate(rows[first : first + room], start=first):
        lines.append(_row(row, index + 1, width, selected=row.key == selected, alone=each == 1))
        if each == 2:
            lines.append(_second(row, width, selected=row.key == selected))
    return lines[:height]
