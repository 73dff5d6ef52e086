"""Signal cards: what each setup saw, what was done about it and why, and the setup's measured record."""

from cockpit.formatting import clock, grouped, price, rupees
from cockpit.lines import Line, Span, compose, fit, spread, wrap
from cockpit.widgets.sections import heading
from engine.views import SignalCard


def waits(card: SignalCard) -> bool:
    """Say whether the card waits for the trader's Enter."""
    return card.state.startswith("waiting")


def _state_style(card: SignalCard) -> str:
    if waits(card):
        return "armed"
    if card.state.startswith("took"):
        return "good"
    return "warn" if card.state.startswith("refused") else "dim"


def _figures(card: SignalCard) -> str:
    parts = [
        f"at {price(card.price, card.tick)}" if card.price is not None else "",
        f"stop {price(card.stop, card.tick)}" if card.stop is not None else "",
        f"target {price(card.target, card.tick)}" if card.target is not None else "",
        grouped(card.quantity) if card.quantity is not None else "",
        f"risk {rupees(card.risk, 0)}" if card.risk is not None else "",
    ]
    return " · ".join(part for part in parts if part)


def card_lines(card: SignalCard, width: int, limit: int) -> list[Line]:
    """Return one card in at most ``limit`` lines: what and what became of it, figures, reason, evidence, record."""
    side = {"BUY": ("▲", "up"), "SELL": ("▼", "down")}.get(card.side.upper(), ("·", "dim"))
    state = f" {card.state} · enter takes it " if waits(card) else card.state
    left: list[Span] = [
        (f"{clock(card.time, seconds=False)} ", "dim"),
        side,
        (f" {card.symbol} ", "strong"),
        (card.setup, ""),
    ]
    room = width - len(state) - 3
    lines = [spread(compose(left, max(0, room)), [(state, _state_style(card)), (" ", "")], width)]
    inner = max(1, width - 7)
    body: list[Span] = []
    figures = _figures(card)
    if figures:
        body.append((figures, "value"))
    body.extend((text, "") for text in wrap(card.reason, inner, 2))
    evidence = " · ".join(card.evidence)
    if evidence:
        body.append((evidence, "dim"))
    if card.record:
        body.append((card.record, "dim"))
    lines.extend(compose([("      ", ""), (fit(text, inner), style)], width) for text, style in body)
    return lines[:limit]


def wanted_rows(cards: tuple[SignalCard, ...], width: int, count: int) -> int:
    """Return the rows that the newest ``count`` cards fill in full, heading included."""
    return 1 + sum(len(card_lines(card, width, 6)) for card in cards[:count]) if cards else 2


def paint_signals(cards: tuple[SignalCard, ...], width: int, height: int) -> list[Line]:
    """Return the newest cards; the last that does not fit in full is shortened."""
    if height <= 0:
        return []
    waiting = sum(1 for card in cards if waits(card))
    note = f"{waiting} waiting for you" if waiting else f"{len(cards)}" if cards else ""
    lines = [heading("SIGNALS", note, width, style="warn" if waiting else "dim")]
    if not cards:
        lines.append(compose([("no setup has spoken yet", "dim")], width))
    for card in sorted(cards, key=waits, reverse=True):
        left = height - len(lines)
        if left <= 0:
            break
        lines.extend(card_lines(card, width, left))
    return lines[:height]
