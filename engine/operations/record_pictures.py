"""A trade on its session's profile, as a small picture: where volume lay, where it was entered, left and carried to."""

from collections.abc import Sequence
from html import escape
from typing import Final

from engine.auction.prior.history import SessionProfile
from engine.market.figures import rupees
from engine.market.price import Paise, average_price
from engine.performance.trade import ClosedTrade

_WIDTH: Final = 300
_HEIGHT: Final = 170
_TOP: Final = 8
_FLOOR: Final = 162
_MOST_ROWS: Final = 40
_PROFILE: Final = 130
"""How far the widest row reaches."""
_LINE: Final = 12
"""Between two names, so that none lies on another."""


def profile_picture(trade: ClosedTrade, session: SessionProfile | None) -> str:
    """Return a trade on its profile with entry, exit, stop and how far it went; without a profile only the trade."""
    entry = average_price(trade.entry_value, trade.quantity)
    left = average_price(trade.exit_value, trade.quantity)
    if entry is None or left is None:
        return ""
    marks = [("in", entry, "entry"), ("out", left, "gain" if trade.net > 0 else "loss")]
    if trade.worst is not None:
        marks.append(("MAE", trade.worst, "mark"))
    if trade.best is not None:
        marks.append(("MFE", trade.best, "mark"))
    if trade.initial_stop > 0:
        marks.append(("stop", trade.initial_stop, "mark"))
    prices = [price for _, price, _ in marks]
    if session is not None:
        prices += [session.low, session.high]
    low, high = min(prices), max(prices)
    span = (high - low) or 1

    def down(price: Paise) -> float:
        return _TOP + (high - price) / span * (_FLOOR - _TOP)

    drawn = (
        []
        if session is None
        else [_rows(session, low, high), _value(session, down(session.vah), down(session.val))]
    )
    places = _apart([down(price) for _, price, _ in marks])
    for (name, price, kind), place in zip(marks, places, strict=True):
        at = down(price)
        drawn.append(f'<path class="at {kind}" d="M0 {at:.0f}H{_PROFILE + 40}L{_PROFILE + 56} {place:.0f}"/>')
        drawn.append(f'<text x="{_PROFILE + 60}" y="{place + 4:.0f}">{name} {rupees(price)}</text>')
    where = "its session's profile" if session is not None else "no profile: it was not recorded"
    said = f"{trade.symbol or trade.instrument} {trade.side.value} on {where}: " + ", ".join(
        f"{name} {rupees(price)}" for name, price, _ in marks
    )
    label = f'role="img" aria-label="{escape(said, quote=True)}"'
    return f'<svg class="mini" viewBox="0 0 {_WIDTH} {_HEIGHT}" {label}>{"".join(drawn)}</svg>'


def _rows(session: SessionProfile, low: Paise, high: Paise) -> str:
    """Return the profile as one shape, at most forty rows high; time at price where volume was not recorded whole."""
    begin, counts = (
        (session.volume_low, session.volumes) if session.volumes else (session.tpo_low, session.tpos)
    )
    if not any(counts):
        return ""
    together = -(-len(counts) // _MOST_ROWS)
    rows = [sum(counts[at : at + together]) for at in range(0, len(counts), together)]
    most, size = max(rows), together * session.row
    span = (high - low) or 1
    scale = (_FLOOR - _TOP) / span
    shape = []
    for number, row in enumerate(rows):
        upper = _TOP + (high - (begin + (number + 1) * size)) * scale
        shape.append(f"M0 {upper:.1f}h{_PROFILE * row / most:.0f}v{max(0.6, size * scale - 0.5):.1f}H0z")
    return f'<path class="rows" d="{"".join(shape)}"/>'


def _value(session: SessionProfile, upper: float, lower: float) -> str:
    words = f"<title>value {rupees(session.val)} to {rupees(session.vah)}, POC {rupees(session.poc)}</title>"
    return f'<path class="value" d="M2 {upper:.0f}V{lower:.0f}">{words}</path>'


def _apart(places: Sequence[float]) -> list[float]:
    """Return where names stand beside their lines: as near as they can without lying on one another, all inside."""
    order = sorted(range(len(places)), key=places.__getitem__)
    found = list(places)
    free = float(_TOP)
    for number in order:
        found[number] = max(places[number], free)
        free = found[number] + _LINE
    ceiling = float(_FLOOR)
    for number in reversed(order):
        found[number] = min(found[number], ceiling)
        ceiling = found[number] - _LINE
    return found
