"""Live and recent orders, live ones first."""

from dataclasses import dataclass
from typing import Final

from cockpit.text.formatting import clock, price, short_symbol
from cockpit.text.lines import Line, Span, compose, fit
from cockpit.widgets.sections import heading
from engine.contract.views import OrderRow
from engine.market.figures import grouped

_SHORTEST_SYMBOL: Final = 6
_SYMBOL: Final = 9
_SIDE: Final = 3
_ROLE: Final = 7
_PRICE: Final = 9
_ROOMY: Final = 60
"""From this width there are seconds, types and whole symbols where they fit."""
_ENDED = ("FILLED", "CANCELLED", "REJECTED", "DENIED", "ABSENT")


def is_live(row: OrderRow) -> bool:
    """Say whether the order may still fill."""
    return not row.state.upper().startswith(_ENDED)


def _state_style(row: OrderRow) -> str:
    state = row.state.upper()
    if "DOUBT" in state:
        return "alarm"
    if state.startswith(("REJECTED", "DENIED")):
        return "warn"
    return "good" if is_live(row) else "dim"


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """The cells of each column of orders; 0 leaves it out."""

    time: int
    symbol: int
    quantity: int
    type: int


def columns_for(symbol: int, quantity: int, state: int, width: int) -> OrderColumns:
    """Return how orders are told whose longest cells are these: quantity and state whole, then time, then type."""
    left = width - (_SYMBOL + _SIDE + quantity + _ROLE + _PRICE + 1 + state)
    roomy = width >= _ROOMY
    time = 9 if roomy and left >= 9 else 6 if left >= 6 else 0
    kind = 7 if roomy and left - time >= 7 else 0
    more = left - time - kind
    wanted = max(0, symbol - _SYMBOL) if roomy else 0
    return OrderColumns(time, max(_SHORTEST_SYMBOL, _SYMBOL + min(more, wanted)), quantity, kind)


def _quantity(row: OrderRow) -> str:
    filled = f"{grouped(row.filled)}/" if row.filled not in (0, row.quantity) else ""
    return f"{filled}{grouped(row.quantity)}"


def _order(row: OrderRow, columns: OrderColumns, width: int) -> list[Line]:
    limit = row.trigger_price or row.price
    shown = price(row.average, row.tick) if row.average else price(limit, row.tick) if limit else "market"
    quiet = "" if is_live(row) else "dim"
    side = {"BUY": "▲", "SELL": "▼"}.get(row.side.upper(), "·")
    time = f"{clock(row.time, seconds=columns.time > 6)} " if columns.time else ""
    partly = row.filled not in (0, row.quantity)
    spans: list[Span] = [
        (time, "dim"),
        (fit(short_symbol(row.symbol, columns.symbol), columns.symbol), quiet or "value"),
        (f" {side} ", "up" if side == "▲" else "down"),
        (fit(_quantity(row), columns.quantity, ">"), "" if partly else quiet),
        (fit(f" {row.role.lower()}", _ROLE), quiet),
        (fit(row.type, columns.type), "dim"),
        (fit(shown, _PRICE, ">"), quiet),
        (f" {row.state}", _state_style(row)),
    ]
    lines = [compose(spans, width)]
    if row.message:
        lines.append(compose([("      ", ""), (row.message, "warn" if is_live(row) else "dim")], width))
    return lines


def paint_orders(rows: tuple[OrderRow, ...], width: int, height: int) -> list[Line]:
    """Return the orders in one line each, and a second where the exchange or the gate said something."""
    if height <= 0:
        return []
    live = sum(1 for row in rows if is_live(row))
    lines = [heading("ORDERS", f"{live} live" if rows else "", width)]
    if not rows:
        lines.append(compose([("no order yet", "dim")], width))
    shown = sorted(rows, key=is_live, reverse=True)[: height - 1]
    symbol = max([0, *(len(row.symbol) for row in shown)])
    quantity = max([5, *(len(_quantity(row)) for row in shown)])
    longest = max([0, *(len(row.state) for row in shown)])
    for row in shown:
        # In a narrow column only the line gives way whose own state is long: a stop on its move shifts no other.
        state = longest if width >= _ROOMY else len(row.state)
        lines.extend(_order(row, columns_for(symbol, quantity, state, width), width))
    return lines[:height]
