"""Signal cards: what each setup saw, what was done about it and why, and the setup's measured record."""

from typing import Final

import msgspec

from cockpit.state.phrases import waits
from cockpit.text.formatting import clock, price, short_symbol
from cockpit.text.lines import Line, Span, choose, compose, fit, length, spread, wrap
from cockpit.widgets.sections import heading
from cockpit.widgets.stops import allowance_text, size_text, terms_text, warnings_text
from engine.contract.decision_state import DecisionState
from engine.contract.views import SignalCard
from engine.market.figures import grouped, rupees

_SHORTEST_SYMBOL: Final = 10
_SHORTEST_OF_ALL: Final = 6
_ANY_WIDTH: Final = 1_000
MOST_LINES: Final = 12
"""Lines of a whole card: what, figures, stop and size, reason, evidence, record."""
_ASKS: Final = (
    ("enter takes · x declines ·", 2),
    ("enter takes · x declines ·", 1),
    ("enter takes · x declines", 1),
    ("enter yes · x no ·", 1),
)
"""How a line asks, and the cells between its figures: the longest is taken that leaves room for the risk."""


def _state_style(card: SignalCard) -> str:
    if waits(card):
        return "armed"
    if card.became is DecisionState.TAKEN:
        return "good"
    return "warn" if card.became is DecisionState.REFUSED else "dim"


def _left(card: SignalCard) -> str:
    """Return the whole seconds left to answer, behind a blank; empty where none are told."""
    return "" if card.answer_ms is None else f" {card.answer_ms // 1_000} s"


def _figures(card: SignalCard, width: int, *, gap: int = 2, with_risk: bool = False) -> list[Span]:
    size = "" if card.quantity is None else f"{grouped(card.quantity)} "
    entry = f"{size}@ {price(card.price, card.tick)}" if card.price is not None else size
    stop: list[Span] = []
    if card.stop is not None:
        stop = [("stop ", "dim"), (price(card.stop, card.tick), "stop")]
    target: list[Span] = []
    if card.target is not None:
        target = [("target ", "dim"), (price(card.target, card.tick), "target")]
    risk: list[Span] = []
    if with_risk and card.risk is not None:
        risk = [("risk ", "dim"), (rupees(card.risk, 0), "strong")]
    gap_risk: list[Span] = []
    if with_risk and card.sized is not None and card.sized.gap is not None:
        gap_risk = [("gap ", "dim"), (rupees(card.sized.gap, 0), "strong")]
    parts = [(0, [(entry, "value")]), (1, stop), (2, risk), (4, gap_risk), (3, target)]
    return choose(parts, width, gap=gap)


def card_lines(card: SignalCard, width: int, limit: int) -> list[Line]:
    """Return one card in at most ``limit`` lines: what and what became of it, figures, reason, evidence, record."""
    side = {"BUY": ("▲", "up"), "SELL": ("▼", "down")}.get(card.side.upper(), ("·", "dim"))
    state = f" enter takes it{_left(card)} " if waits(card) else card.state
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
    body: list[Span] = []
    for text in (terms_text(card), allowance_text(card), size_text(card)):
        body += [(line, "dim") for line in wrap(text, inner, 2)]
    body += [(text, "") for text in wrap(card.reason, inner, 3)]
    if card.sized is not None and card.sized.warnings:
        body += [(text, "warn") for text in wrap(warnings_text(card.sized.warnings), inner, 2)]
    if card.evidence:
        body.append((" · ".join(card.evidence), "dim"))
    risk = "" if card.risk is None or card.sized is not None else f"risk {rupees(card.risk, 0)}"
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
    essential = msgspec.structs.replace(card, target=None, sized=None)
    asks: list[tuple[list[Span], int]] = [
        ([(f" {words}{_left(card)} ", "armed")], gap) for words, gap in _ASKS
    ]

    def missing(ask: list[Span], gap: int) -> int:
        figures = length(_figures(essential, _ANY_WIDTH, gap=gap, with_risk=True))
        return length(ask) + 4 + min(len(card.symbol), _SHORTEST_SYMBOL) + figures - width

    ask, gap = next((pair for pair in asks if missing(*pair) <= 0), asks[-1])
    # The rest of a long name gives way before the risk does.
    shortest = min(len(card.symbol), _SHORTEST_SYMBOL if missing(ask, gap) <= 0 else _SHORTEST_OF_ALL)
    side = {"BUY": ("▲", "up"), "SELL": ("▼", "down")}.get(card.side.upper(), ("·", "dim"))
    figures = _figures(card, max(0, width - length(ask) - 4 - shortest), gap=gap, with_risk=True)
    symbol = short_symbol(card.symbol, max(shortest, width - length(ask) - length(figures) - 4))
    return compose([*ask, (" ", ""), side, (f" {symbol} ", "strong"), *figures], width)


def wanted_rows(cards: tuple[SignalCard, ...], width: int, count: int) -> int:
    """Return the rows that the newest ``count`` cards fill in full, heading included."""
    return 1 + sum(len(card_lines(card, width, MOST_LINES)) for card in cards[:count]) if cards else 2


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
