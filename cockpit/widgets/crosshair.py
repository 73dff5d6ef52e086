"""The crosshair's line: everything that is known of the price that the trader points at, or of the last price."""

from typing import Final

from cockpit.text.formatting import compact, multiple, percent, price
from cockpit.text.lines import Line, Span, choose, compose
from cockpit.widgets.header import direction
from cockpit.widgets.viewport import height_of
from engine.contract.auction_views import AuctionView, LevelView
from engine.contract.views import LadderRow, LadderView, OwnKind, PositionRow
from engine.market.figures import signed_units

OWN_STYLES: Final = {
    OwnKind.AVERAGE: "entry",
    OwnKind.ENTRY: "entry",
    OwnKind.STOP: "stop",
    OwnKind.TARGET: "target",
}

_Part = tuple[int, list[Span]]


def paint_crosshair(
    ladder: LadderView,
    auction: AuctionView | None,
    position: PositionRow | None,
    cursor: int | None,
    width: int,
    height: int,
) -> list[Line]:
    """Return one line, or two where there is room; the last price is told of while nobody points."""
    at = ladder.last if cursor is None else cursor
    if at is None or not ladder.rows or height < 1:
        return []
    step = height_of(ladder)
    edge = at // step * step
    row = next((row for row in ladder.rows if row.price == edge), None)
    head: _Part = (
        0,
        [("last " if cursor is None else "at ", "dim"), (price(at, ladder.tick), "strong")],
    )
    where = _distances(ladder, position, at)
    traded = _traded(ladder, row)
    known = _levels(auction, ladder, at, range(edge, edge + step))
    own = _own(ladder, range(edge, edge + step))
    if height == 1:
        return [_line([head, *own, *where, *known, *traded], width)]
    first = _line([head, *where, *traded], width)
    second = [*own, *known] or [(0, [("no level and nothing of ours here", "dim")])]
    return [first, _line(second, width)][:height]


def _line(parts: list[_Part], width: int) -> Line:
    return compose([(" ", ""), *choose(parts, max(0, width - 2), gap=2)], width)


def _distances(ladder: LadderView, position: PositionRow | None, at: int) -> list[_Part]:
    """Return how far a price lies from the last one, in ticks and ATR, and from our entry in R."""
    parts: list[_Part] = []
    if ladder.last is not None and at != ladder.last:
        away = at - ladder.last
        spans: list[Span] = [(f"{signed_units(away // max(1, ladder.tick))} ticks", direction(away))]
        if ladder.atr:
            spans.append((f" {percent(away / ladder.atr, 1)} ATR", "dim"))
        parts.append((1, spans))
    if position is not None and position.one_r and position.average:
        gain = (at - position.average) * (1 if position.quantity > 0 else -1)
        parts.append((1, [(multiple(gain / position.one_r), direction(gain))]))
    return parts


def _traded(ladder: LadderView, row: LadderRow | None) -> list[_Part]:
    """Return volume with its share, delta, letters and resting size of a row."""
    if row is None:
        return [(2, [("nothing traded", "dim")])]
    parts: list[_Part] = []
    resting = (("bid", row.bid_size), ("ask", row.ask_size))
    parts += [(2, [(f"{side} ", "dim"), (compact(size), side)]) for side, size in resting if size]
    if row.volume:
        share = f" {100 * row.volume / ladder.profile_volume:.1f} %" if ladder.profile_volume else ""
        parts.append((2, [("vol ", "dim"), (compact(row.volume), ""), (share, "dim")]))
    if row.delta is not None:
        plus = "+" if row.delta > 0 else ""
        parts.append((3, [("~delta ", "dim"), (f"{plus}{compact(row.delta)}", direction(row.delta))]))
    if row.letters:
        single = "single print " if row.single_print else f"{len(row.letters)} TPO "
        parts.append((4, [(single, "dim"), (row.letters, "value")]))
    return parts or [(2, [("nothing traded", "dim")])]


def _levels(auction: AuctionView | None, ladder: LadderView, at: int, row: range) -> list[_Part]:
    """Return the levels in a row, the nearest first, each with its quality where that is not LIVE."""
    if auction is None or auction.key != ladder.key:
        return []
    inside = [level for level in auction.levels if level.price in row]
    inside.sort(key=lambda level: abs(level.price - at))
    return [(1, _level(level, ladder.tick)) for level in inside]


def _level(level: LevelView, tick: int) -> list[Span]:
    spans: list[Span] = [(level.name, "mark"), (f" {price(level.price, tick)}", "")]
    if not level.is_live:
        spans.append((f" {level.quality}", "warn"))
    return spans


def _own(ladder: LadderView, row: range) -> list[_Part]:
    """Return what of ours stands in a row."""
    return [(0, [(one.text, OWN_STYLES[one.kind])]) for one in ladder.own if one.price in row]
