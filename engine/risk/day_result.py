"""The day's result: what was realised, what is open at its marks, and what it costs to close it."""

from dataclasses import dataclass
from datetime import date

from engine.market.charges import order_charges
from engine.market.price import Paise
from engine.risk.holdings import Holding
from engine.risk.marks import MarkState


@dataclass(frozen=True, slots=True)
class DayResult:
    """The day so far, paise. ``net`` counts the charges of closing everything at the marks."""

    realised: Paise
    open: Paise
    charges: Paise
    closing_charges: Paise
    state: MarkState
    """The worst of the marks."""
    unmarked: int
    """Positions without any mark: ``open`` leaves them out, and no entry is allowed."""
    caution: Paise = 0
    """What more is lost, paise, where marks that nobody could leave at now give way to the stops; never below zero."""
    elsewhere: Paise = 0
    """What other runs of the engine lost on the account today and the ledger does not know, paise; not above zero."""

    @property
    def net(self) -> Paise:
        """Realised and open, less charges and charges of closing, and what other runs lost."""
        return self.realised + self.open - self.charges - self.closing_charges + self.elsewhere

    @property
    def worst(self) -> Paise:
        """The net result that entries are judged by: the worse of the marks and the stops where they are old."""
        return self.net - self.caution


def day_result(realised: Paise, charges: Paise, holdings: tuple[Holding, ...], day: date) -> DayResult:
    """Return the day's result: ``realised`` gross and ``charges`` already paid, both paise, plus what is open."""
    total = closing = unmarked = caution = 0
    state = MarkState.LIVE
    for holding in holdings:
        if holding.working:
            continue
        state = max(state, holding.mark.state, key=lambda one: one.rank)
        price, cautious = holding.mark.price, holding.cautious
        if price is None or cautious is None:
            unmarked += 1
            continue
        worth = price * holding.quantity
        total += (worth - holding.value) * holding.side.sign
        caution += (price - cautious) * holding.quantity * holding.side.sign
        closing += order_charges(holding.instrument.kind, holding.side.opposite, worth, day).total
    return DayResult(realised, total, charges, closing, state, unmarked, caution)
