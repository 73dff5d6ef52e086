"""How many units a trade may have: whole lots, never more risk than the budget.

Risk is trigger and allowance, charges apart: it alone fills the budget of one trade. What is lost there counts the
charges too, and fills the room under open risk and the day's loss; so does gap risk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from engine.market.charges import round_trip_charges
from engine.market.figures import rupees
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise
from engine.market.side import Side
from engine.risk.denial import Code, SizeRefusal
from engine.risk.stop import StopPlan, measured
from engine.risk.terms import SizedStop

TripCost = Callable[[int, Paise, Paise], Paise]
"""Charges in paise of ``quantity`` units entered at one price and left at another (paise)."""

TripCharges = Callable[[Paise, Paise], Paise]
"""Charges in paise of a round trip entered and left for these sums, paise: no average comes between."""

MARGIN_PERCENT = 20
"""Least margin of an intraday equity position and our assumption for futures (source: SEBI peak margin rule)."""


def trip_cost(instrument: Instrument, side: Side, day: date) -> TripCost:
    """Return the charges of a round trip that enters on ``side``, as a function of quantity and both prices."""
    charges = trip_charges(instrument, side, day)

    def cost(quantity: int, entry: Paise, leave: Paise) -> Paise:
        return charges(entry * quantity, leave * quantity)

    return cost


def trip_charges(instrument: Instrument, side: Side, day: date) -> TripCharges:
    """Return the charges of a round trip that enters on ``side``, as a function of what was paid and received."""

    def charges(entered: Paise, left: Paise) -> Paise:
        bought, sold = (entered, left) if side is Side.BUY else (left, entered)
        return round_trip_charges(instrument.kind, bought, sold, day).total

    return charges


def risk_at(side: Side, quantity: int, value: Paise, leave: Paise) -> Paise:
    """Return what is lost, charges apart, where ``quantity`` units worth ``value`` in sum leave at a price, paise.

    Nought where the stop has locked a profit.
    """
    return max(0, (value - leave * quantity) * side.sign)


def loss_at(side: Side, quantity: int, value: Paise, leave: Paise, charges: TripCharges) -> Paise:
    """Return what is lost with charges where ``quantity`` units worth ``value`` in sum leave at a price, paise.

    Nought where the stop has locked more than the charges.
    """
    left = leave * quantity
    return max(0, (value - left) * side.sign + charges(value, left))


def margin_needed(kind: InstrumentClass, notional: Paise) -> Paise:
    """Return the margin to assume for a position, paise: a bought option's premium, else 20 % of the notional."""
    if kind is InstrumentClass.OPTION:
        return notional
    return -(-notional * MARGIN_PERCENT // 100)


class Cap(StrEnum):
    """What kept a trade from being larger."""

    RISK = "risk per trade"
    OPEN_RISK = "open risk"
    GAP_RISK = "gap risk"
    DAY_LOSS = "daily loss"
    LEVERAGE = "leverage"
    MARGIN = "margin"
    FREEZE = "freeze quantity"
    STAGE = "stage"
    TYPED = "typed quantity"


_CODES = {
    Cap.RISK: Code.RISK_PER_TRADE,
    Cap.OPEN_RISK: Code.OPEN_RISK,
    Cap.GAP_RISK: Code.GAP_RISK,
    Cap.DAY_LOSS: Code.DAY_LOSS,
    Cap.LEVERAGE: Code.LEVERAGE,
    Cap.MARGIN: Code.MARGIN,
    Cap.FREEZE: Code.FREEZE_QUANTITY,
    Cap.STAGE: Code.STAGE,
    Cap.TYPED: Code.ZERO_SIZE,
}


@dataclass(frozen=True, slots=True)
class Rooms:
    """What is left under each limit, paise; ``DayLimits.rooms`` makes it."""

    budget: Paise
    """Risk of one trade, charges apart."""
    open_risk: Paise
    day_loss: Paise
    gap: Paise
    """Of what is lost if every stop fills at its limit."""
    exposure: Paise
    """Notional under the leverage limit."""
    margin: Paise | None
    """None is unknown: no trade."""
    quantity: int | None = None
    """Largest quantity the rollout stage allows, units; None is no cap."""
    position: Paise | None = None
    """Largest notional of the position that the rollout stage allows, paise; None is no cap."""
    typed: int | None = None
    """The quantity that a person typed, units: never more; None is no cap."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much to trade, and what it may lose, paise."""

    quantity: int
    lots: int
    risk: Paise
    """What fills the budget: the loss where the stop slips by its allowance, charges apart."""
    gap: Paise
    """The loss where the stop fills at its limit, charges included."""
    charges: Paise
    """Of the round trip that ends at trigger and allowance."""
    binding_cap: Cap

    @property
    def loss(self) -> Paise:
        """What is lost where the stop slips by its allowance, charges included, paise."""
        return self.risk + self.charges


def size(
    instrument: Instrument, side: Side, entry: Paise, stop: StopPlan, rooms: Rooms, cost: TripCost
) -> Size | SizeRefusal:
    """Return the largest whole number of lots that every limit allows, or the limit that allows none.

    ``entry`` is the entry's limit price, paise: the worst it may fill at. Risk counts from there to the stop's trigger
    and allowance, gap risk to its limit. Brokerage is capped per order, so charges per unit fall with quantity: where
    they count, the sum is solved for, exactly.
    """
    counted = stop.counted(side)
    away, gap = (entry - counted) * side.sign, max(0, (entry - stop.limit) * side.sign)
    if away <= 0 or entry <= 0:
        return SizeRefusal(
            Code.NOT_READY,
            f"expected an entry and a stop at two prices, got {rupees(entry)} and {rupees(counted)}",
            measured(stop),
        )
    if rooms.margin is None:
        return SizeRefusal(Code.MARGIN, "available margin is unknown: no trade without it", measured(stop))
    lot = instrument.lot

    def loss(lots: int, way: Paise, price: Paise) -> Paise:
        return lots * lot * way + cost(lots * lot, entry, price)

    def counted_loss(lots: int) -> Paise:
        return loss(lots, away, counted)

    def gap_risk(lots: int) -> Paise:
        return loss(lots, gap, stop.limit)

    lot_margin = margin_needed(instrument.kind, entry * lot)
    freeze = max(0, instrument.freeze_quantity) // lot
    caps = [
        (Cap.RISK, max(0, rooms.budget) // (away * lot), rooms.budget),
        (Cap.OPEN_RISK, _most_lots(rooms.open_risk, away * lot, counted_loss), rooms.open_risk),
        (Cap.DAY_LOSS, _most_lots(rooms.day_loss, away * lot, counted_loss), rooms.day_loss),
        (Cap.GAP_RISK, _most_lots(rooms.gap, max(1, gap * lot), gap_risk), rooms.gap),
        (Cap.LEVERAGE, max(0, rooms.exposure) // (entry * lot), rooms.exposure),
        (Cap.MARGIN, max(0, rooms.margin) // lot_margin, rooms.margin),
        (Cap.FREEZE, freeze, None),
    ]
    if rooms.quantity is not None:
        caps.append((Cap.STAGE, max(0, rooms.quantity) // lot, None))
    if rooms.position is not None:
        # A short's limit is the least it may fill at; above its stop it does not stay.
        dearest = max(entry, stop.trigger)
        caps.append((Cap.STAGE, max(0, rooms.position) // (dearest * lot), rooms.position))
    if rooms.typed is not None:
        caps.append((Cap.TYPED, max(0, rooms.typed) // lot, None))
    cap, lots, room = min(caps, key=lambda one: one[1])
    shown = max(lots, 1)
    units = shown * lot
    found = Size(lots * lot, lots, units * away, gap_risk(shown), cost(units, entry, counted), cap)
    if lots == 0:
        what = f"gap risks {rupees(found.gap)} to its limit {rupees(stop.limit)}"
        if cap is not Cap.GAP_RISK:
            what = (
                f"risks {rupees(found.risk)} (stop {rupees(stop.distance)} away by {stop.term}, allowance"
                f" {rupees(stop.allowance)}), {rupees(found.loss)} with charges, and costs {rupees(entry * lot)}"
            )
        left = "" if room is None else f" {rupees(max(0, room))}"
        reason = f"one lot of {lot} {what}: {cap}{left} allows none"
        return SizeRefusal(_CODES[cap], reason, sized_stop(stop, found, rooms))
    return found


def sized_stop(stop: StopPlan, found: Size, rooms: Rooms) -> SizedStop:
    """Return what a reader is shown of a stop and of the size behind it."""
    return msgspec.structs.replace(
        measured(stop),
        lots=found.lots,
        quantity=found.quantity,
        budget=rooms.budget,
        risk=found.risk,
        gap=found.gap,
        charges=found.charges,
        cap=found.binding_cap.value,
    )


def _most_lots(room: Paise, step: Paise, risk: Callable[[int], Paise]) -> int:
    """Return the largest count with ``risk(count) <= room``; ``risk`` grows by at least ``step`` each."""
    low, high = 0, max(0, room) // step
    while low < high:
        middle = (low + high + 1) // 2
        if risk(middle) <= room:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class FillCheck:
    """What the actual fill risks. ``excess`` is what must be closed to fit the budget, units."""

    risk: Paise
    excess: int


def check_fill(
    instrument: Instrument,
    side: Side,
    *,
    quantity: int,
    filled_value: Paise,
    counted: Paise,
    budget: Paise,
) -> FillCheck:
    """Return the risk of what was really filled, and how many units (whole lots, rounded up) exceed the budget.

    ``filled_value`` is the sum of price times quantity in paise: no average is rounded. What is kept is worth its share
    of it, rounded to a paisa against us. ``counted`` is the stop's trigger and allowance: one that has locked a profit
    risks nothing.
    """
    risk = risk_at(side, quantity, filled_value, counted)
    if risk <= budget:
        return FillCheck(risk, 0)

    def kept_risk(lots: int) -> Paise:
        kept = lots * instrument.lot
        whole = filled_value * kept
        value = -(-whole // quantity) if side is Side.BUY else whole // quantity
        return risk_at(side, kept, value, counted)

    keep = _most_lots(budget, max(1, risk * instrument.lot // quantity), kept_risk) * instrument.lot
    return FillCheck(risk, max(0, quantity - keep))
