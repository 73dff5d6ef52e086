"""A resting order before it is sent: its limit, its stop and its size, at a price that the trader chose."""

from dataclasses import dataclass
from fractions import Fraction

import config
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.denial import Code, Denial, SizeRefusal, StopRefusal
from engine.risk.entry import MAX_ROUNDS, EntryPlan, entry_limit
from engine.risk.sizing import Rooms, TripCost, size, sized_stop
from engine.risk.stop_controller import Stage12Controller, StopPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingWish:
    """What the trader asked for. Prices in paise."""

    side: Side
    price: Paise
    """What the order waits for: where a stop-entry fires, else its limit."""
    limit: Paise | None
    """The worst price it may fill at; None leaves it to us."""
    stop: Paise | None
    """The typed trigger of its stop; None has it measured."""


def plan_resting(
    controller: Stage12Controller,
    settings: config.EntrySettings,
    wish: RestingWish,
    *,
    instrument: Instrument,
    atr: Paise | None,
    median_spread: Paise | None,
    band: PriceBand | None,
    rooms: Rooms,
    cost: TripCost,
) -> EntryPlan | Denial:
    """Return the order with the largest size every limit allows and its own stop, or why there is none."""
    quantity = max(instrument.lot, instrument.freeze_quantity)
    for _ in range(MAX_ROUNDS):
        charges = Fraction(cost(quantity, wish.price, wish.price), quantity)
        stop = _stop(controller, wish, instrument, atr, median_spread, charges, band)
        if isinstance(stop, StopRefusal):
            return stop
        limit = wish.limit
        if limit is None:
            limit = entry_limit(
                wish.side, wish.price, stop.distance, median_spread or 0, instrument.tick, settings
            )
            limit = limit if band is None else band.clamp(limit, instrument.tick)
        found = size(instrument, wish.side, limit, stop, rooms, cost)
        if isinstance(found, SizeRefusal):
            return found
        if found.quantity >= quantity:
            return EntryPlan(wish.side, limit, stop, found, None, 0, 0, sized_stop(stop, found, rooms))
        quantity = found.quantity
    return Denial(Code.ZERO_SIZE, f"no size settles with its own stop within {MAX_ROUNDS} rounds")


def _stop(
    controller: Stage12Controller,
    wish: RestingWish,
    instrument: Instrument,
    atr: Paise | None,
    median_spread: Paise | None,
    charges: Fraction,
    band: PriceBand | None,
) -> StopPlan | StopRefusal:
    """Return the measured stop, or the typed one: never widened, refused inside the spread, too near or too costly."""
    if wish.stop is None:
        return controller.initial_stop(
            instrument,
            wish.side,
            wish.price,
            structure=None,
            atr=atr,
            median_spread=median_spread,
            charges_per_unit=charges,
            band=band,
        )
    # The market that fills it lies at its price, the other side of the book one spread behind.
    behind = wish.price - wish.side.sign * (median_spread or instrument.tick)
    return controller.typed(
        instrument,
        wish.side,
        wish.price,
        wish.stop,
        bid=min(behind, wish.price),
        ask=max(behind, wish.price),
        charges_per_unit=charges,
        atr=atr,
        median_spread=median_spread,
        band=band,
    )
