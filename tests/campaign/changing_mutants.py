"""Planted mistakes in what happens when a change does not come about, or its answer is slow."""

from collections.abc import Callable

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.price import Paise
from engine.orders import changes, exit_plan, parts, requests, stop_plan, stops
from engine.orders.changes import ExitWay, Experience, Fate, fate, way_of
from engine.orders.messages import Acknowledged
from engine.orders.order import Aim, Order, OrderTerms
from engine.orders.order_book import AppliedMessage, OrderBook
from engine.orders.plan import Plan, TradeContext
from engine.orders.requests import next_look, with_change
from engine.orders.states import OrderState
from engine.orders.trade import Trade
from tests.campaign.mutants import Hunt, Mutant, Swap, hunted
from tests.campaign.unmade import run_unmade

WITHIN = 400
"""Schedules of unmade changes in which a mistake must be noticed."""


def hunt_changing(mutant: Mutant, schedules: int = WITHIN) -> Hunt:
    """Run schedules of unmade changes against a mutant until one breaks a law."""
    return hunted(mutant, lambda seed: run_unmade(seed).broken, schedules)


def _way(chosen: Callable[[Order, Instant, ExitWay], ExitWay]) -> tuple[Swap, ...]:
    return ((exit_plan, "way_of", chosen), (parts, "way_of", chosen))


def _never_replaced() -> tuple[Swap, ...]:
    return _way(lambda *_: ExitWay.MODIFY)


def _filled_in_part_and_changed() -> tuple[Swap, ...]:
    def chosen(order: Order, now: Instant, first: ExitWay) -> ExitWay:
        return way_of(msgspec.structs.replace(order, filled=0), now, first)

    return _way(chosen)


def _patience_begins_again() -> tuple[Swap, ...]:
    """Each further write of a change starts its patience again."""

    def asked(self: OrderBook, tag: str, terms: OrderTerms, now: Instant) -> Order:
        changed = msgspec.structs.replace(with_change(self._orders[tag], terms, now), aim_since=now, tries=1)
        self._store(changed)
        return changed

    return ((OrderBook, "asked_modify", asked),)


def _silence_is_a_no() -> tuple[Swap, ...]:
    """A stop that may have grown is taken for one that did not."""

    def told(order: Order, now: Instant) -> Fate:
        found = fate(order, now)
        return Fate.NOT_MADE if found is Fate.IN_DOUBT else found

    def exposed(order: Order) -> int:
        return order.quantity - order.filled if order.live else 0

    return ((stops, "fate", told), (parts, "fate", told), (Order, "exposed", property(exposed)))


def _growth_for_ever() -> tuple[Swap, ...]:
    """A growth that is asked for counts as cover to come, however long that takes."""
    timed = stop_plan._timed

    def told(order: Order, _: Instant) -> Fate:
        return Fate.MADE if order.aim is None else Fate.OPEN

    def patient(s: TradeContext) -> Trade:
        trade = timed(s)
        if trade.naked_since is None or all(order.aim is not Aim.GROW for order in s.reducing):
            return trade
        return msgspec.structs.replace(trade, naked_since=s.now)

    rooms = tuple((room, "fate", told) for room in (stops, stop_plan))
    return (*rooms, (stop_plan, "_timed", patient))


def _cancelled_is_believed() -> tuple[Swap, ...]:
    """The receipt of a cancel counts as the order's end."""
    acknowledged = OrderBook.acknowledged

    def gullible(self: OrderBook, event: Acknowledged, now: Instant) -> AppliedMessage:
        applied = acknowledged(self, event, now)
        order = applied.order
        if order is None or order.state is not OrderState.PENDING_CANCEL or "-c" not in event.request:
            return applied
        ended = msgspec.structs.replace(order, state=OrderState.CANCELLED)
        self._store(ended)
        return msgspec.structs.replace(applied, order=ended)

    return ((OrderBook, "acknowledged", gullible),)


def _changed_without_end() -> tuple[Swap, ...]:
    return tuple((room, "MOST_CHANGES", 10_000) for room in (changes, exit_plan, stops))


def _nothing_learned() -> tuple[Swap, ...]:
    return ((Experience, "note", lambda *_: False),)


def _never_looked_at() -> tuple[Swap, ...]:
    """An order whose request stands unproven is never asked for."""

    def look(order: Order) -> Instant | None:
        return next_look(order) if order.state is OrderState.IN_DOUBT else None

    return ((OrderBook, "next_probe", staticmethod(look)), (requests, "FRESH_AFTER", SECOND))


def _all_at_once() -> tuple[Swap, ...]:
    return ((stops, "waits_for_answer", lambda *_: False), (exit_plan, "waits_for_answer", lambda *_: False))


def _walked_unproven() -> tuple[Swap, ...]:
    """An exit's time at a price begins with the request, not with the proof."""
    follow = exit_plan._follow

    def walk(plan: Plan, s: TradeContext, order: Order, rest: int, price: Paise, way: ExitWay) -> None:
        asked = msgspec.structs.replace(order, rests_since=order.written_at - SECOND // 2)
        follow(plan, s, asked, rest, price, way)

    return ((exit_plan, "_follow", walk),)


def _queued_behind_a_hanging_stop() -> tuple[Swap, ...]:
    """Neither a further stop nor an exit leaves for what a placement without an answer was to cover, or more."""
    never = 3_600 * SECOND
    waits = tuple((room, "is_missing", lambda *_: False) for room in (exit_plan, stop_plan))
    return (*waits, (stops, "GROWS_WITHIN", never))


CHANGING_MUTANTS = (
    Mutant("a stop that cannot be turned is never replaced", _never_replaced),
    Mutant("a partly filled exit is moved by a change", _filled_in_part_and_changed),
    Mutant("each try starts the patience of a change again", _patience_begins_again),
    Mutant("silence after a growth counts as not grown", _silence_is_a_no),
    Mutant("a stop is asked to grow for ever", _growth_for_ever),
    Mutant("the receipt of a cancel counts as its end", _cancelled_is_believed),
    Mutant("an order is changed without end", _changed_without_end),
    Mutant("nothing is learned from a broker that turns no stop", _nothing_learned),
    Mutant("an order with a standing request is never looked at", _never_looked_at),
    Mutant("every wish for an order leaves at once", _all_at_once),
    Mutant("an exit is walked down before it is proven to rest", _walked_unproven),
    Mutant("what fills waits for a stop that hangs on its way", _queued_behind_a_hanging_stop),
)
