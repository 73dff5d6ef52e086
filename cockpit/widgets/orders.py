"""Live and recent orders, live ones first."""

from cockpit.formatting import clock, grouped, price, short_symbol
from cockpit.lines import Line, Span, compose, fit
from cockpit.widgets.sections import heading
from engine.views import OrderRow

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


def _order(row: OrderRow, width: int) -> list[Line]:
    limit = row.trigger_price or row.price
    shown = price(row.average, row.tick) if row.average else price(limit, row.tick) if limit else "market"
    quiet = "" if is_live(row) else "dim"
    side = {"BUY": "▲", "SELL": "▼"}.get(row.side.upper(), "·")
    filled = f" {grouped(row.filled)}/{grouped(row.quantity)}" if row.filled not in (0, row.quantity) else ""
    symbol = max(9, min(28, width - 56)) if width >= 60 else 9
    spans: list[Span] = [
        (f"{clock(row.time, seconds=width >= 60)} ", "dim"),
        (fit(short_symbol(row.symbol, symbol), symbol), quiet or "value"),
        (f" {side} ", "up" if side == "▲" else "down"),
        (fit(grouped(row.quantity), 5, ">"), quiet),
        (fit(f" {row.role.lower()}", 7), quiet),
    ]
    if width >= 60:
        spans.append((fit(row.type, 7), "dim"))
    spans += [
        (fit(shown, 9, ">"), quiet),
        (f" {row.state}", _state_style(row)),
        (filled, ""),
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
    for row in sorted(rows, key=is_live, reverse=True)[: height - 1]:
        lines.extend(_order(row, width))
    return lines[:height]
