"""What the open positions are worth to somebody who must leave now, and the day's result with it."""

from dataclasses import dataclass
from datetime import date

from engine.auction.context import Quality
from engine.market.charges import order_charges
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.setups.signal import Side


@dataclass(frozen=True, slots=True)
class Mark:
    """A price to value a position at; None when nothing is known."""

    price: Paise | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Holding:
    """One open position, or one entry that may still fill: both count from the moment an order is sent.

    ``quantity`` is unsigned, ``value`` what it cost (or would cost at its limit), paise. ``risk`` is what it
    loses from its entry when the stop fills at its limit, charges included, never below zero; None is unknown.
    """

    instrument: Instrument
    side: Side
    quantity: int
    value: Paise
    risk: Paise | None
    stop: Paise | None = None
    working: bool = False
    """An entry on its way: nothing is held yet, nothing is marked."""
    mark: Mark = Mark(None, Quality.NOT_READY)

    @property
    def underlying(self) -> str:
        """Return what moves it: the underlying of a derivative, else the instrument itself."""
        return self.instrument.underlying or self.instrument.key


@dataclass(frozen=True, slots=True)
class DayResult:
    """The day so far, paise. ``net`` counts the charges of closing everything at the marks."""

    realised: Paise
    open: Paise
    charges: Paise
    closing_charges: Paise
    quality: Quality
    unmarked: int
    """Positions without any mark: ``open`` leaves them out, and no entry is allowed."""

    @property
    def net(self) -> Paise:
        """Return realised + open - charges - charges of closing."""
        return self.realised + self.open - self.charges - self.closing_charges


def mark_position(
    side: Side,
    *,
    bid: Paise | None,
    ask: Paise | None,
    fresh: bool,
    last_mark: Paise | None,
    stop: Paise | None,
) -> Mark:
    """Return the exit side of the book: longs at the best bid, shorts at the best ask, paise.

    Without a fresh book (or with that side empty) it is the worse of the last mark and the stop, STALE.
    """
    touch = bid if side is Side.BUY else ask
    if fresh and touch is not None:
        return Mark(touch, Quality.LIVE)
    known = [price for price in (last_mark, stop) if price is not None]
    if not known:
        return Mark(None, Quality.NOT_READY)
    return Mark(min(known, key=lambda price: price * side.sign), Quality.STALE)


def day_result(realised: Paise, charges: Paise, holdings: tuple[Holding, ...], day: date) -> DayResult:
    """Return the day's result: ``realised`` gross and ``charges`` already paid, both paise, plus what is open."""
    total = closing = unmarked = 0
    stale = False
    for holding in holdings:
        if holding.working:
            continue
        if holding.mark.price is None:
            unmarked += 1
            continue
        worth = holding.mark.price * holding.quantity
        total += (worth - holding.value) * holding.side.sign
        closing += order_charges(holding.instrument.kind, holding.side.opposite, worth, day).total
        stale = stale or holding.mark.quality is not Quality.LIVE
    quality = Quality.NOT_READY if unmarked else Quality.STALE if stale else Quality.LIVE
    return DayResult(realised, total, charges, closing, quality, unmarked)


def open_risk(holdings: tuple[Holding, ...]) -> Paise | None:
    """Return the sum of risks to the stops, paise; None when one is unknown."""
    total = 0
    for holding in holdings:
        if holding.risk is None:
            return None
        total += holding.risk
    return total


def exposure(holdings: tuple[Holding, ...]) -> Paise:
    """Return the gross notional of all holdings at their marks, else at cost, paise."""
    return sum(
        holding.value
        if holding.mark.price is None
        else max(holding.value, holding.mark.price * holding.quantity)
        for holding in holdings
    )
