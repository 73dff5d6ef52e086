"""What the open positions are worth to somebody who must leave now, and the day's result with it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.market.charges import order_charges
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side


class MarkState(StrEnum):
    """How far a mark may be trusted, from best to worst."""

    LIVE = "LIVE"
    STALE = "STALE"
    """No fresh packet: the last mark stays."""
    ONE_SIDED = "ONE-SIDED"
    """Nobody stands on the exit side, away from the circuit: the last mark stays."""
    LOCKED = "LOCKED"
    """Nobody stands on the exit side, at the circuit: the mark is what the circuit leaves of it."""
    NOT_READY = "NOT READY"

    @property
    def rank(self) -> int:
        """Return how bad it is, 0 for the best."""
        return list(MarkState).index(self)


@dataclass(frozen=True, slots=True)
class Mark:
    """A price to value a position at, paise; None when nothing is known."""

    price: Paise | None
    state: MarkState
    since: Instant | None = None
    """Arrival of the book it comes from; None where it does not matter or nothing is known."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One open position, or one entry that may still fill: both count from the moment an order is sent.

    ``quantity`` is unsigned, ``value`` what it cost (or would cost at its limit), paise. ``risk`` is what it
    loses from its entry when the stop slips by its allowance, ``gap`` when it fills at its limit; charges included,
    never below zero; None is unknown.
    """

    instrument: Instrument
    side: Side
    quantity: int
    value: Paise
    risk: Paise | None
    stop: Paise | None = None
    """What its stop is counted at: trigger and allowance."""
    gap: Paise | None = None
    working: bool = False
    """An entry on its way: nothing is held yet, nothing is marked."""
    mark: Mark = Mark(None, MarkState.NOT_READY)

    @property
    def underlying(self) -> str:
        """Return what moves it: the underlying of a derivative, else the instrument itself."""
        return self.instrument.underlying or self.instrument.key

    @property
    def cautious(self) -> Paise | None:
        """Return the price entries are judged by: a mark that nobody could leave at now is no better than the stop."""
        price = self.mark.price
        if price is None or self.stop is None or self.mark.state in (MarkState.LIVE, MarkState.LOCKED):
            return price
        return min(price, self.stop, key=lambda one: one * self.side.sign)


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
        """Return realised + open - charges - charges of closing, and what other runs lost."""
        return self.realised + self.open - self.charges - self.closing_charges + self.elsewhere

    @property
    def worst(self) -> Paise:
        """Return the net result that entries are judged by: the worse of the marks and the stops where they are old."""
        return self.net - self.caution


def mark_position(
    *,
    touch: Paise | None,
    fresh: bool,
    last_touch: Paise | None,
    locked: Paise | None = None,
    seen_at: Instant | None = None,
) -> Mark:
    """Return the mark of a position: ``touch`` is the best price of the exit side in the newest book, paise.

    With that side empty the last one that was seen stays, ONE-SIDED, or it is ``locked``; without a fresh book it is
    STALE.
    """
    if locked is not None:
        return Mark(locked, MarkState.LOCKED, seen_at)
    if touch is not None:
        return Mark(touch, MarkState.LIVE if fresh else MarkState.STALE, seen_at)
    if last_touch is None:
        return Mark(None, MarkState.NOT_READY)
    return Mark(last_touch, MarkState.ONE_SIDED if fresh else MarkState.STALE, seen_at)


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


def open_risk(holdings: tuple[Holding, ...]) -> Paise | None:
    """Return the sum of risks to the stops, paise; None when one is unknown."""
    total = 0
    for holding in holdings:
        if holding.risk is None:
            return None
        total += holding.risk
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
