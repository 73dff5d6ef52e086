"""How a stop was measured and the trade behind it sized: the same words on the signal card and in the positions."""

from collections.abc import Sequence

from cockpit.text.formatting import price
from engine.contract.views import PositionRow, SignalCard
from engine.market.figures import grouped, rupees

_ALLOWED_BY = {"share of distance": "of the distance"}


def terms_text(card: SignalCard | PositionRow) -> str:
    """Return the distance, the term that won and what the others asked for; empty where nothing was measured."""
    sized = card.sized
    if sized is None:
        return ""
    rest = [f"{term} {price(asked, card.tick)}" for term, asked in sized.terms if term != sized.term]
    return " · ".join((f"stop {price(sized.distance, card.tick)} away by {sized.term}", *rest))


def allowance_text(card: SignalCard | PositionRow) -> str:
    """Return what is counted beyond the trigger and where the limit rests, as planned."""
    sized = card.sized
    if sized is None or sized.limit is None:
        return ""
    why = _ALLOWED_BY.get(sized.allowed_by, sized.allowed_by)
    parts = [
        f"allowance {price(sized.allowance, card.tick)} ({why})",
        f"limit {price(sized.limit, card.tick)}",
    ]
    return " · ".join(parts)


def size_text(card: SignalCard) -> str:
    """Return what the trade, or one lot where none fits, risks of its budget: charges, lots and gap risk."""
    sized = card.sized
    if sized is None or sized.risk is None:
        return ""
    lots = "one lot" if not sized.lots else "1 lot" if sized.lots == 1 else f"{grouped(sized.lots)} lots"
    budget = "" if sized.budget is None else f" of {rupees(sized.budget, 0)}"
    return _joined(
        f"{lots} risk {rupees(sized.risk, 0)}{budget}",
        "" if sized.charges is None else f"charges {rupees(sized.charges, 0)}",
        "" if sized.gap is None else f"gap risk {rupees(sized.gap, 0)}",
        f"capped by {sized.cap}" if sized.cap and sized.cap != "risk per trade" else "",
    )


def warnings_text(sized: Sequence[str]) -> str:
    """Return what a typed stop is nearer than."""
    return f"nearer than asked: {', '.join(sized)}" if sized else ""


def risk_text(row: PositionRow) -> str:
    """Return what the stop in force may still cost: to its limit, and to its allowance."""
    sized = row.sized
    return _joined(
        "" if row.limit is None else f"limit {price(row.limit, row.tick)}",
        "" if row.risk is None else f"risk {rupees(row.risk, 0)}",
        "" if row.gap is None else f"gap risk {rupees(row.gap, 0)}",
        "" if sized is None or sized.charges is None else f"charges {rupees(sized.charges, 0)}",
        "" if sized is None or sized.budget is None else f"budget {rupees(sized.budget, 0)}",
        "" if sized is None or not sized.lots else f"lots {grouped(sized.lots)}",
    )


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
