"""One trade before it is sent: its entry limit, stop, size and what it may earn, solved together."""

from dataclasses import dataclass
from fractions import Fraction

import config
from engine.market.instrument import Instrument
from engine.market.price import Paise, tick_down, tick_up
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.denial import Code, Denial, SizeRefusal, StopRefusal
from engine.risk.exact import exact
from engine.risk.sizing import Rooms, Size, TripCost, size, sized_stop
from engine.risk.stop_controller import Stage12Controller, StopPlan
from engine.risk.terms import SizedStop

MAX_ROUNDS = 100
"""Real trades settle within ten; reaching this refuses the trade."""


@dataclass(frozen=True, slots=True)
class TypedStop:
    """The trigger that a person typed, and the book it was typed at, paise."""

    trigger: Paise
    bid: Paise | None
    ask: Paise | None


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """A trade ready for the gate. Prices and money in paise."""

    side: Side
    limit: Paise
    stop: StopPlan
    size: Size
    target_1: Paise | None
    target_distance: Paise
    """Gross way from the entry limit to the first target, whole quantity; 0 without a target."""
    target_charges: Paise
    """Charges of the round trip that ends at the first target."""
    sized: SizedStop
    """What a reader is shown of its stop and size."""

    @property
    def initial_risk(self) -> Paise:
        """R in money: from the entry limit to the stop's trigger, whole quantity.

        ``size.risk`` is more: what the stop may slip by is what the budget must bear besides.
        """
        return abs(self.limit - self.stop.trigger) * self.size.quantity

    @property
    def reward(self) -> Paise:
        """What the first target earns after costs, whole quantity."""
        return self.target_distance - self.target_charges


def entry_limit(
    side: Side, price: Paise, distance: Paise, spread: Paise, tick: Paise, settings: config.EntrySettings
) -> Paise:
    """Return the signal price + min(0.2 R, 3 spreads) towards the trade, rounded passively (buy down, sell up)."""
    allowance = min(exact(settings.limit_r) * distance, exact(settings.limit_spreads) * spread)
    paise = int(allowance)
    return tick_down(price + paise, tick) if side is Side.BUY else tick_up(price - paise, tick)


def plan_entry(
    controller: Stage12Controller,
    settings: config.EntrySettings,
    *,
    instrument: Instrument,
    side: Side,
    price: Paise,
    structure: Paise | None,
    target_1: Paise | None,
    atr: Paise | None,
    median_spread: Paise | None,
    band: PriceBand | None,
    rooms: Rooms,
    cost: TripCost,
    typed: TypedStop | None = None,
) -> EntryPlan | Denial:
    """Return the trade at signal ``price`` (paise) with the largest size every limit allows, or why there is none.

    A ``typed`` stop stands where it is: what the terms ask for warns.

    Fewer units cost more charges each, which may widen the stop, which allows fewer units: starting from the
    widest possible size, the rounds shrink monotonically to the largest size that fits its own stop.
    """
    quantity = max(instrument.lot, instrument.freeze_quantity)
    for _ in range(MAX_ROUNDS):
        charges = Fraction(cost(quantity, price, price), quantity)
        if typed is None:
            stop = controller.initial_stop(
                instrument,
                side,
                price,
                structure=structure,
                atr=atr,
                median_spread=median_spread,
                charges_per_unit=charges,
                band=band,
            )
        else:
            stop = controller.typed(
                instrument,
                side,
                price,
                typed.trigger,
                bid=typed.bid,
                ask=typed.ask,
                charges_per_unit=charges,
                atr=atr,
                median_spread=median_spread,
                band=band,
            )
        if isinstance(stop, StopRefusal):
            return stop
        limit = entry_limit(side, price, stop.distance, median_spread or 0, instrument.tick, settings)
        if band is not None:
            limit = band.clamp(limit, instrument.tick)
        found = size(instrument, side, limit, stop, rooms, cost)
        if isinstance(found, SizeRefusal):
            return found
        if found.quantity >= quantity:
            return _with_target(side, limit, stop, found, target_1, cost, rooms)
        quantity = found.quantity
    return Denial(Code.ZERO_SIZE, f"no size settles with its own stop within {MAX_ROUNDS} rounds")


def _with_target(
    side: Side,
    limit: Paise,
    stop: StopPlan,
    found: Size,
    target_1: Paise | None,
    cost: TripCost,
    rooms: Rooms,
) -> EntryPlan:
    distance = charges = 0
    if target_1 is not None:
        distance = (target_1 - limit) * side.sign * found.quantity
        charges = cost(found.quantity, limit, target_1)
    return EntryPlan(side, limit, stop, found, target_1, distance, charges, sized_stop(stop, found, rooms))
