"""What the auction is and why: day type, open type, state, order flow with its band, and how far each level goes."""

from collections.abc import Iterable, Sequence
from typing import Final

from cockpit.screens.page import PageScreen
from cockpit.text.formatting import UNDEFINED, clock, price, row_price
from cockpit.text.lines import Line, Span, compose, fit, length, wrap
from cockpit.widgets.header import direction
from engine.contract.auction_views import (
    AbsorptionView,
    AuctionView,
    GapView,
    ImbalanceView,
    LevelView,
    NamedView,
    OrderFlowView,
)
from engine.contract.views import ScreenView, WatchRow
from engine.market.figures import UNKNOWN, grouped, signed_units

INFERRED: Final = "inferred from snapshots: the feed names no aggressor"

_NAME: Final = 13
"""Cells of the names in AUCTION and ORDER FLOW, and of the levels'."""
_INDENT: Final = 2
_QUALITY: Final = 11
_NARROW: Final = 56
"""Below this what is said of something stands under its name."""
_LEAST_ROOM: Final = 20
"""With fewer cells beside a level, what is said of it stands under it."""
_MOST_LINES: Final = 40
"""More lines than any one text of an engine takes."""
_SHOWN: Final = 6
"""Absorptions and stacked imbalances told one by one; the number of earlier ones is said."""
_UNKNOWN: Final = "UNKNOWN"
_NOTHING: Final = (f"{UNDEFINED} no level is known yet", "dim")
_SIDES: Final = {"BUY": "buyers", "SELL": "sellers"}


def paint_auction(view: ScreenView | None, chosen: WatchRow | None, width: int) -> list[Line]:
    """Return the page of the selected instrument; while its auction is on the way, it says so."""
    blank = compose([], width)
    lines = [blank, compose([("AUCTION", "title"), ("   escape goes back", "dim")], width)]
    if view is None:
        return [*lines, blank, compose([("the engine has not spoken yet", "dim")], width)]
    auction = view.auction
    if auction is None or (chosen is not None and chosen.key != auction.key):
        symbol = "no instrument" if chosen is None else chosen.symbol
        return [*lines, *_packed([(symbol, "strong"), ("waiting for its auction", "dim")], 0, width)]
    return [
        *lines,
        *_packed(_about(auction), 0, width),
        *_named("DAY TYPE", auction.day_type, width),
        *_named("OPEN TYPE", auction.open_type, width),
        *_state(auction, width),
        *_order_flow(auction, width),
        *_levels(auction, width),
        blank,
    ]


def _about(auction: AuctionView) -> list[Span]:
    row = UNKNOWN if auction.row is None else row_price(auction.row, auction.row)
    return [
        (f"{auction.symbol} {price(auction.last, auction.tick)}", "strong"),
        (auction.quality, "good" if auction.quality == "LIVE" else "warn"),
        (f"rows of {row}", "dim"),
    ]


def _named(title: str, reading: NamedView, width: int) -> list[Line]:
    """Return a classification: its name, the evidence, and what would overturn it."""
    name: list[Span] = [(reading.name, "strong")]
    if reading.developing and reading.name != _UNKNOWN:
        name.append(("developing: it may still change", "dim"))
    lines = [*_heading(title, "", width), *_packed(name, 0, width)]
    lines += _packed([(text, "") for text in reading.evidence], _INDENT, width)
    if reading.falsifier:
        lines += _wrapped(f"would be overturned by: {reading.falsifier}", "value", _INDENT, width)
    return lines


def _state(auction: AuctionView, width: int) -> list[Line]:
    """Return where the auction stands against itself and earlier sessions; a dash where nothing can be said."""
    weak = auction.value_weak
    figures: list[tuple[str, list[Span]]] = [
        ("balance", [_or_dash(auction.balance_state, "neither, or no earlier session is known")]),
        ("location", [_or_dash(auction.location, "no earlier session is known")]),
        ("activity", [_or_dash(auction.activity, "nothing is claimed")]),
        ("shape", [_or_dash(auction.shape, "none applies")]),
        ("value area", [(f"weak because {weak}", "warn") if weak else ("nothing weakens it", "")]),
        ("gap", [_or_dash(_gap(auction.gap, auction.tick), "none, or no earlier session is known")]),
        ("acceptance", [(f"{one.level} {one.state}", "") for one in auction.acceptance] or [_NOTHING]),
    ]
    if auction.notes:
        figures.append(("notes", [(note, "warn") for note in auction.notes]))
    return [*_heading("AUCTION", "", width), *_figures(figures, width)]


def _gap(gap: GapView | None, tick: int) -> str:
    if gap is None:
        return ""
    return (
        f"{'up' if gap.up else 'down'} {price(gap.size, tick)}, {_share(gap.filled_share)} of it traded back"
    )


def _order_flow(auction: AuctionView, width: int) -> list[Line]:
    """Return who pressed, with the rule, its band and what it means that the band contains 0."""
    lines = _heading("ORDER FLOW", INFERRED, width)
    flow, tick = auction.order_flow, auction.tick
    if flow is None:
        return [*lines, *_wrapped("nothing has traded yet", "dim", 0, width)]
    figures: list[tuple[str, list[Span]]] = [
        ("delta", _delta(flow)),
        ("by rule", [(f"{rule.name} {signed_units(rule.delta)}", "") for rule in flow.rules]),
        ("imbalance", [(f"{signed_units(flow.imbalance)} at the best quotes", "")]),
        ("agreed", [(f"{_share(flow.agreed_share)} of the volume, the same side under every rule", "")]),
        ("inside", [(f"{_share(flow.inside_share)} of the volume, inside the spread", "")]),
        ("absorbed", _some([_absorbed(one, tick) for one in flow.absorptions])),
    ]
    if flow.nearest is not None:
        figures.append(("nearest to it", [(_absorbed(flow.nearest, tick), "dim")]))
    figures += [
        ("stacked", _some([_imbalance(one, tick) for one in flow.stacked])),
        ("diagonal now", [(_imbalance(one, tick), "") for one in flow.diagonal] or [("none", "dim")]),
    ]
    return [*lines, *_figures(figures, width)]


def _delta(flow: OrderFlowView) -> list[Span]:
    band = f"between {signed_units(flow.low)} and {signed_units(flow.high)}"
    if flow.low <= 0 <= flow.high:
        return [(f"{flow.rule} {signed_units(flow.delta)}", "strong"), (f"{band}: no sign", "warn")]
    sign = "buyers" if flow.low > 0 else "sellers"
    return [
        (f"{flow.rule} {signed_units(flow.delta)}", direction(flow.delta)),
        (f"{band}: {sign} under every rule", ""),
    ]


def _absorbed(one: AbsorptionView, tick: int) -> str:
    volume = grouped(one.volume) if one.needed is None else f"{grouped(one.volume)} of {grouped(one.needed)}"
    return f"{clock(one.time)} {_SIDES.get(one.side, one.side)} {volume} at {price(one.price, tick)}"


def _imbalance(one: ImbalanceView, tick: int) -> str:
    """Return the bar, the side and the rows; a single row goes by its price alone."""
    begins = f"{clock(one.time, seconds=False)} {_SIDES.get(one.side, one.side)}"
    if one.low == one.high:
        return f"{begins} {price(one.low, tick)}"
    return f"{begins} {grouped(one.rows)} rows {price(one.low, tick)}–{price(one.high, tick)}"


def _some(told: Sequence[str]) -> list[Span]:
    """Return the newest of what there is, and how many more there are."""
    spans: list[Span] = [(text, "") for text in told[:_SHOWN]]
    if len(told) > _SHOWN:
        spans.append((f"{len(told) - _SHOWN} earlier", "dim"))
    return spans or [("none", "dim")]


def _levels(auction: AuctionView, width: int) -> list[Line]:
    """Return every level by price, the last price among them."""
    lines = _heading("LEVELS", "rows by their lower edge; ~ in the ladder is ESTIMATED", width)
    if not auction.levels:
        return [*lines, *_wrapped("none is known yet", "dim", 0, width)]
    prices = [price(one.price, auction.tick) for one in auction.levels]
    cells = max(len(text) for text in (*prices, price(auction.last, auction.tick)))
    is_told = auction.last is None
    for level, text in zip(auction.levels, prices, strict=True):
        if auction.last is not None and not is_told and level.price <= auction.last:
            lines.append(_last(auction.last, auction.tick, cells, width))
            is_told = True
        lines += _level(level, fit(text, cells, ">"), width)
    if auction.last is not None and not is_told:
        lines.append(_last(auction.last, auction.tick, cells, width))
    return lines


def _last(last: int, tick: int, cells: int, width: int) -> Line:
    text = f"▸{fit('last', _NAME - 1)} {fit(price(last, tick), cells, '>')} "
    return compose([(text, "last")], width)


def _level(level: LevelView, text: str, width: int) -> list[Line]:
    """Return one level; what it was read off and what weakens it go on below, nothing is cut."""
    weak = "" if level.quality == "LIVE" else "warn"
    said = [(level.provenance, "dim"), (level.note, "warn")]
    first: list[Span] = [(f" {fit(level.name, _NAME - 1)} ", "strong"), (text, ""), ("  ", "")]
    first.append((level.quality.ljust(_QUALITY), weak))
    indent = length(first)
    if width - indent < _LEAST_ROOM or len(level.name) >= _NAME or len(level.quality) >= _QUALITY:
        names = _wrapped(f"{level.name} {text.strip()} {level.quality}", weak or "strong", 1, width)
        return [*names, *_packed([span for span in said if span[0]], _INDENT + 1, width)]
    body = _packed([span for span in said if span[0]], indent, width)
    return _beside(first, body, width)


def _heading(title: str, note: str, width: int) -> list[Line]:
    """Return a blank line, the title and its note: beside it, or below where it does not fit."""
    blank = compose([], width)
    if length([(f"{title}   {note}", "")]) <= width:
        return [blank, compose([(title, "title"), (f"   {note}" if note else "", "dim")], width)]
    return [blank, compose([(title, "title")], width), *_wrapped(note, "dim", 0, width)]


def _figures(figures: Iterable[tuple[str, list[Span]]], width: int) -> list[Line]:
    """Return each name with its figures beside it, or below in a narrow window."""
    lines = []
    for name, spans in figures:
        if width < _NARROW:
            lines += [*_wrapped(name, "dim", 0, width), *_packed(spans, _INDENT, width)]
        else:
            lines += _beside([(f"{name.ljust(_NAME)} ", "dim")], _packed(spans, _NAME + 1, width), width)
    return lines


def _beside(first: Sequence[Span], body: Sequence[Line], width: int) -> list[Line]:
    """Return lines whose first one's indent gives way to a beginning of the same width."""
    if not body:
        return [compose(first, width)]
    (indent, style), *rest = body[0]
    return [compose([*first, (indent[length(first) :], style), *rest], width), *body[1:]]


def _packed(spans: Iterable[Span], indent: int, width: int) -> list[Line]:
    """Return texts side by side, as many whole ones a line as fit; one that fits no line is wrapped."""
    indent = min(indent, max(0, width - 10))
    room = max(1, width - indent)
    lines: list[list[Span]] = []
    for text, style in spans:
        words = wrap(text, room, _MOST_LINES)
        joined = [*lines[-1], (" · ", "dim"), *((word, style) for word in words)] if lines else []
        if lines and len(words) == 1 and length(joined) <= room:
            lines[-1] = joined
        else:
            lines += [[(word, style)] for word in words]
    return [compose([(" " * indent, ""), *line], width) for line in lines]


def _wrapped(text: str, style: str, indent: int, width: int) -> list[Line]:
    return _packed([(text, style)], indent, width)


def _or_dash(text: str, otherwise: str) -> Span:
    return (text, "") if text else (f"{UNDEFINED} {otherwise}", "dim")


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


class AuctionScreen(PageScreen):
    """The auction of the selected instrument."""

    def text_lines(self, width: int) -> list[Line]:
        """Return the auction as the engine last read it."""
        return paint_auction(self.model.view, self.model.selected_row, width)
