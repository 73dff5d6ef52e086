"""What a trader's own terms make of an entry, and whether what would leave is no worse than what was shown."""

from dataclasses import replace
from itertools import pairwise

from engine.contract.tickets import Target, TicketQuote, TicketTerms
from engine.market.figures import grouped, rupees
from engine.market.instrument import Instrument
from engine.market.price import Paise, tick_down, tick_up
from engine.market.side import Side
from engine.risk.denial import Code, Denial
from engine.risk.entry import EntryPlan
from engine.risk.exact import part
from engine.risk.sizing import Rooms, TripCost

WHOLE = TicketTerms()
SHARES = (25, 50, 100)


def stop_of(
    terms: TicketTerms, typed: Paise, side: Side, price: Paise, tick: Paise, atr: Paise | None
) -> Paise | Denial:
    """Return the trigger that the terms ask for, never further out than asked; 0 leaves it to Stage12."""
    asked = [one for one in (typed, terms.stop_ticks, terms.stop_atr) if one]
    if len(asked) > 1 or min(asked, default=0) < 0:
        return Denial(Code.STOP_WRONG_SIDE, "expected one way to set the stop: a price, ticks or ATR")
    if terms.share not in SHARES or terms.lots < 0:
        return Denial(
            Code.ZERO_SIZE,
            f"expected 25, 50 or 100 % of the risk and lots from 1, got {terms.share} % and {terms.lots}",
        )
    if not terms.stop_ticks and not terms.stop_atr:
        return typed
    if terms.stop_atr and atr is None:
        return Denial(Code.NOT_READY, "ATR is not ready: no stop by it")
    distance = terms.stop_ticks * tick or terms.stop_atr * (atr or 0) // 10
    trigger = price - side.sign * distance
    return max(0, tick_up(trigger, tick) if side is Side.BUY else tick_down(trigger, tick))


def within_terms(rooms: Rooms, terms: TicketTerms, lot: int, left: Paise | None = None) -> Rooms:
    """Return what the terms leave of the rooms; ``left`` is what the risk of one trade still has, paise."""
    budget = min(rooms.budget, part(rooms.budget, terms.share))
    if left is not None:
        budget = max(0, min(budget, left))
    return replace(rooms, budget=budget, typed=terms.lots * lot if terms.lots else None)


def with_targets(
    planned: EntryPlan, terms: TicketTerms, instrument: Instrument, cost: TripCost
) -> EntryPlan | Denial:
    """Return the plan with its first target, or why the targets lie where none can."""
    first, second = targets_of(planned, terms, instrument.tick)
    beyond = [planned.limit, *(one for one in (first, second) if one is not None)]
    sign = planned.side.sign
    if any((after - before) * sign <= 0 for before, after in pairwise(beyond)):
        told = ", ".join(rupees(one) for one in beyond[1:])
        return Denial(
            Code.REWARD_RISK,
            f"expected targets beyond {rupees(planned.limit)}, the second further, got {told}",
        )
    if any(one % instrument.tick for one in beyond[1:]):
        return Denial(Code.REWARD_RISK, f"expected targets on the tick of {rupees(instrument.tick)}")
    if first is None:
        if second is not None:
            return Denial(Code.REWARD_RISK, "expected a first target beside the second")
        return planned
    quantity = planned.size.quantity
    return replace(
        planned,
        target_1=first,
        target_distance=(first - planned.limit) * sign * quantity,
        target_charges=cost(quantity, planned.limit, first),
    )


def targets_of(planned: EntryPlan, terms: TicketTerms, tick: Paise) -> tuple[Paise | None, Paise | None]:
    """Return both targets as prices, paise; None for each that was not asked for."""

    def priced(target: Target) -> Paise | None:
        if target.price or not target.tenths:
            return target.price or None
        away = abs(planned.limit - planned.stop.trigger) * target.tenths // 10
        at = planned.limit + planned.side.sign * away
        return tick_down(at, tick) if planned.side is Side.BUY else tick_up(at, tick)

    return priced(terms.target_1), priced(terms.target_2)


def worse_than_shown(planned: EntryPlan, shown: TicketQuote) -> Denial | None:
    """Return in what an entry would be worse than its ticket said; None where it is as shown or better."""
    sized, sign, size = shown.sized, planned.side.sign, planned.size
    if shown.refusal or sized is None or sized.trigger is None or sized.risk is None or sized.gap is None:
        return Denial(Code.WORSE_THAN_SHOWN, "expected a ticket that would pass, got one that was refused")
    found: list[tuple[bool, str, str, str]] = [
        (size.quantity > shown.quantity, "quantity", grouped(shown.quantity), grouped(size.quantity)),
        ((planned.limit - shown.limit) * sign > 0, "limit", rupees(shown.limit), rupees(planned.limit)),
        (
            (planned.stop.trigger - sized.trigger) * sign < 0,
            "stop",
            rupees(sized.trigger),
            rupees(planned.stop.trigger),
        ),
        (size.risk > sized.risk, "risk", rupees(sized.risk), rupees(size.risk)),
        (size.gap > sized.gap, "gap risk", rupees(sized.gap), rupees(size.gap)),
    ]
    for worse, what, before, after in found:
        if worse:
            return Denial(
                Code.WORSE_THAN_SHOWN, f"{what} was shown as {before} and would be {after} now: look again"
            )
    return None
