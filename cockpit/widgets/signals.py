"""Signal cards: what each setup saw, what was done about it and why, and the setup's measured record."""

from cockpit.formatting import clock, grouped, price, rupees, short_symbol
from cockpit.lines import Line, Span, choose, compose, fit, length, spread, wrap
from cockpit.widgets.sections import heading
from engine.views import SignalCard

_SHORTEST_SYMBOL = 10


def waits(card: SignalCard) -> bool:
    """Say whether the card waits for the trader's Enter."""
    return card.state.startswith("waiting")


def _state_style(card: SignalCard) -> str:
    if waits(card):
        return "armed"
    if card.state.startswith("took"):
        return "good"
    return "warn" if card.state.startswith("refused") else "dim"


def _figures(card: SignalCard, width: int) -> list[Span]:
    size = "" if card.quantity is None else f"{grouped(card.quantity)} "
    entry = f"{size}@ {price(card.price, card.tick)}" if card.price is not None else size
    stop: list[Span] = []
    if card.stop is not None:
        stop = [("stop ", "dim"), (price(card.stop, card.tick), "stop")]
    target: list[Span] = []
    if card.target is not None:
        target = [("target ", "dim"), (price(card.target, card.tick), "target")]
    return choose([(0, [(entry, "value")]), (1, stop), (2, target)], width, gap=2)


def card_lines(card: SignalCard, width: int, limit: int) -> list[Line]:
    """Return one card in at most ``limit`` lines: what and what became of it, figures, reason, evidence, record."""
    side = {"BUY": ("▲", "up"), "SELL": ("▼", "down")}.get(card.side.upper(), ("·", "dim"))
    state = f" {card.state.replace('waiting for you', 'enter takes it')} " if waits(card) else card.state
    room = width - len(state) - 3
    symbol = short_symbol(card.symbol, max(_SHORTEST_SYMBOL, room - len(card.setup) - 9))
    left: list[Span] = [
        (f"{clock(card.time, seconds=False)} ", "dim"),
        side,
        (f" {symbol} ", "strong"),
        (card.setup, ""),
    ]
    lines = [spread(compose(left, max(0, room)), [(state, _state_style(card)), (" ", "")], width)]
    inner = max(1, width - 3)
    figures = _figures(card, inner)
    if figures:
        lines.append(compose([("  ", ""), *figures], width))
    body: list[Span] = [(text, "") for text in wrap(card.reason, inner, 2)]
    if card.evidence:
        body.append((" · ".join(card.evidence), "dim"))
    risk = "" if card.risk is None else f"risk {rupees(card.risk, 0)}"
    record = " · ".join(part for part in (risk, card.record) if part)
    if record:
        body += [(text, "dim") for text in wrap(record, inner, 2)]
    lines.extend(compose([("  ", ""), (fit(text, inner), style)], width) for text, style in body)
    return lines[:limit]


def waiting_line(cards: tuple[SignalCard, ...], width: int) -> Line | None:
    """Return the card that waits in one line, for windows without room for cards; None when none does."""
    card = next((card for card in cards if waits(card)), None)
    if card is None:
        return None
    state = card.state.replace("waiting for you", "enter takes · x declines ·")
    ask: list[Span] = [(f" {state} ", "armed")]
    side = {"BUY": ("▲", "up"), "SELL": ("▼", "down")}.get(card.side.upper(), ("·", "dim"))
    figures = _figures(card, max(0, width - length(ask) - _SHORTEST_SYMBOL - 5))
    symbol = short_symbol(card.symbol, max(_SHORTEST_SYMBOL, width - length(ask) - length(figures) - 5))
    return compose([*ask, (" ", ""), side, (f" {symbol} ", "strong"), *figures], width)


def wanted_rows(cards: tuple[SignalCard, ...], width: int, count: int) -> int:
    """Return the rows that the newest ``count`` cards fill in full, heading included."""
    return 1 + sum(len(card_lines(card, width, 7)) for card in cards[:count]) if cards else 2


def paint_signals(cards: tuple[SignalCard, ...], width: int, height: int) -> list[Line]:
    """Return the newest cards; the last that does not fit in full is shortened."""
    if height <= 0:
        return []
    waiting = sum(1 for card in cards if waits(card))
    note = f"{waiting} waits: enter takes, x declines" if waiting else f"{len(cards)}" if cards else ""
    lines = [heading("SIGNALS", note, width, style="warn" if waiting else "dim")]
    if not cards:
        lines.append(compose([("no setup has spoken yet", "dim")], width))
    for card in sorted(cards, key=waits, reverse=True):
        left = height - len(lines)
        if left <= 0:
            break
        lines.extend(card_lines(card, width, left))
    return lines[:height]
