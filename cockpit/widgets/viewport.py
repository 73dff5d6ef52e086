"""Which rows of the profile are in sight: steady under a moving price, scrolled by hand, never empty."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from engine.contract.views import LadderRow, LadderView


@dataclass(frozen=True, slots=True)
class Viewport:
    """The window over one instrument's profile; ``top`` is the price of its first row in paise."""

    key: str = ""
    row: int = 0
    top: int | None = None
    lines: int = 0
    """How many rows it had; another number means another place."""
    scrolled: bool = False
    """The trader chose the place; the price no longer pulls the window along."""


@dataclass(frozen=True, slots=True)
class VisibleRows:
    """The rows in sight, highest first (None below zero), and what of ours lies beyond."""

    rows: tuple[LadderRow | None, ...]
    last: int | None
    """Index of the row that holds the last price, when it is in sight."""
    above: tuple[str, ...]
    below: tuple[str, ...]


def height_of(ladder: LadderView) -> int:
    """Return the height of a ladder's rows in paise."""
    if ladder.row:
        return ladder.row
    gaps = [high.price - low.price for high, low in zip(ladder.rows, ladder.rows[1:], strict=False)]
    return max(1, min((gap for gap in gaps if gap > 0), default=max(1, ladder.tick)))


def _row_at(rows: tuple[LadderRow, ...], index: int, height: int) -> LadderRow | None:
    if 0 <= index < len(rows):
        return rows[index]
    price = rows[0].price - index * height if index < 0 else rows[-1].price - (index - len(rows) + 1) * height
    return LadderRow(price=price, letters="", volume=0, in_value=False) if price > 0 else None


def _index_of(rows: tuple[LadderRow, ...], price: int, height: int) -> int:
    if price >= rows[0].price + height:
        return -((price - rows[0].price) // height)
    if price < rows[-1].price:
        return len(rows) - 1 - ((price - rows[-1].price) // height)
    return min(len(rows) - 1, bisect_left(rows, -price, key=lambda row: -row.price))


def _place(middle: int, count: int, lines: int) -> int:
    """Return the first index: the last price in the middle, but little of the window beyond the profile.

    At the day's extreme the profile itself is worth more than empty rows; the price keeps its margin to the edge.
    """
    spare = lines // 6
    if count + 2 * spare >= lines:
        top = max(-spare, min(middle - lines // 2, count + spare - lines))
    else:
        top = -((lines - count) // 2)
    return max(middle - lines + 1 + spare, min(middle - spare, top))


def look(ladder: LadderView, viewport: Viewport, lines: int) -> tuple[VisibleRows, Viewport]:
    """Return the rows in sight and the window as it stands now.

    The window moves only when the last price comes near an edge, so that a tick repaints a row and not the screen.
    """
    rows = ladder.rows
    if not rows or lines <= 0:
        return VisibleRows((), None, (), ()), Viewport(ladder.key)
    height = height_of(ladder)
    if viewport.key != ladder.key or viewport.row != height:
        viewport = Viewport(ladder.key, height)
    centre = ladder.last if ladder.last is not None else rows[len(rows) // 2].price
    middle = _index_of(rows, centre, height)
    top = _place(middle, len(rows), lines)
    if viewport.top is not None:
        kept = _index_of(rows, viewport.top, height)
        margin = max(1, lines // 6)
        stands = viewport.lines == lines and kept + margin <= middle < kept + lines - margin
        if viewport.scrolled or stands:
            top = kept
    if viewport.scrolled:
        top = max(-lines + 1, min(top, len(rows) - 1))
    seen = tuple(_row_at(rows, index, height) for index in range(top, top + lines))
    first = _row_at(rows, top, height)
    above = tuple(text for row in rows[: max(0, top)] for text in row.orders)
    below = tuple(text for row in rows[max(0, top + lines) :] for text in row.orders)
    last = middle - top if ladder.last is not None and 0 <= middle - top < lines else None
    price = first.price if first is not None else None
    return VisibleRows(seen, last, above, below), replace(viewport, top=price, lines=lines)


def scroll(ladder: LadderView, viewport: Viewport, lines: int) -> Viewport:
    """Return the window moved up (negative) or down by some rows and held there."""
    if not ladder.rows or viewport.top is None or viewport.key != ladder.key:
        return viewport
    height = height_of(ladder)
    top = _row_at(ladder.rows, _index_of(ladder.rows, viewport.top, height) + lines, height)
    return viewport if top is None else replace(viewport, top=top.price, scrolled=True)


def showing(ladder: LadderView, viewport: Viewport, price: int) -> Viewport:
    """Return the window moved just far enough to hold a price, and kept there; as it is where it holds it already."""
    if not ladder.rows or viewport.top is None or viewport.key != ladder.key or not viewport.lines:
        return viewport
    height = height_of(ladder)
    index = _index_of(ladder.rows, price, height)
    top = _index_of(ladder.rows, viewport.top, height)
    margin = min(2, (viewport.lines - 1) // 2)
    wanted = max(index + margin - viewport.lines + 1, min(index - margin, top))
    return viewport if wanted == top else scroll(ladder, viewport, wanted - top)


def centred(viewport: Viewport) -> Viewport:
    """Return the window following the last price again."""
    return Viewport(viewport.key, viewport.row)
