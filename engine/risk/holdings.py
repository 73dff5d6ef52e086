"""What is held or may still fill, and what of it is at risk: to the stops, to their limits, in all."""

from dataclasses import dataclass

from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.risk.marks import UNMARKED, Mark, MarkState


@dataclass(frozen=True, slots=True)
class Holding:
    """One open position, or one entry that may still fill: both count from the moment an order is sent.

    ``quantity`` is unsigned, ``value`` what it cost (or would cost at its limit), paise. ``risk`` is what it
    loses from its entry when the stop slips by its allowance, charges apart; ``loss`` the same with charges, ``gap``
    with charges when the stop fills at its limit. None of them is below zero; None is unknown.
    """

    instrument: Instrument
    side: Side
    quantity: int
    value: Paise
    risk: Paise | None
    loss: Paise | None
    stop: Paise | None = None
    """What its stop is counted at: trigger and allowance."""
    gap: Paise | None = None
    working: bool = False
    """An entry on its way: nothing is held yet, nothing is marked."""
    mark: Mark = UNMARKED

    @property
    def underlying(self) -> str:
        """What moves it: the underlying of a derivative, else the instrument itself."""
        return self.instrument.underlying or self.instrument.key

    @property
    def cautious(self) -> Paise | None:
        """The price entries are judged by: a mark that nobody could leave at now is no better than the stop."""
        price = self.mark.price
        if price is None or self.stop is None or self.mark.state in (MarkState.LIVE, MarkState.LOCKED):
            return price
        return min(price, self.stop, key=lambda one: one * self.side.sign)


def open_risk(holdings: tuple[Holding, ...]) -> Paise | None:
    """Return what is lost with charges if every stop slips by its allowance, paise; None when one is unknown."""
    total = 0
    for holding in holdings:
        if holding.loss is None:
            return None
        total += holding.loss
    return total


def gap_risk(holdings: tuple[Holding, ...]) -> Paise | None:
    """Return what is lost if every stop fills at its limit, paise; None when one is unknown."""
    total = 0
    for holding in holdings:
        if holding.gap is None:
            return None
        total += holding.gap
    return total


def exposure(holdings: tuple[Holding, ...]) -> Paise:
    """Return the gross notional of all holdings at their marks, else at cost, paise."""
    return sum(
        holding.value
        if holding.mark.price is None
        else max(holding.value, holding.mark.price * holding.quantity)
        for holding in holdings
    )
