"""Every held position's plight, followed: said at the moment it begins or changes, and when it is over."""

from typing import Final

from engine.market.clock import MINUTE, Instant
from engine.orders.manager import OrderManager
from engine.orders.news import InstrumentMarket, Topic
from engine.orders.order import Order
from engine.orders.plight import (
    AT_EDGE_FOR,
    ENGINE_GOES_ON,
    NOTHING_RESTS_FOR,
    Plight,
    PlightKind,
    Standstill,
    at_work,
    plight_of,
    resting,
    waits,
    works_until,
)
from engine.orders.plight_words import plight_advice, plight_text
from engine.orders.trade import Trade

SAID_AGAIN: Final = 10 * MINUTE
"""What lasts so long is said again."""


class Plights:
    """Owns what is known of each position's plight, and since when what rests for it has stood still."""

    def __init__(self, manager: OrderManager, goes_on: str = ENGINE_GOES_ON) -> None:
        """Follow them; ``goes_on`` says, in words, who goes on trying to close what is naked."""
        self._manager = manager
        self._goes_on = goes_on
        self._current: dict[str, Plight] = {}
        self._said_at: dict[str, Instant] = {}
        self._still: dict[str, tuple[tuple[str, int], Standstill]] = {}

    @property
    def current(self) -> dict[str, Plight]:
        """The plights of now, by trade."""
        return self._current

    @property
    def holding(self) -> tuple[PlightKind, ...]:
        """What keeps the kill from its end, each once, in the order of the positions."""
        kinds = [plight.kind for plight in self._current.values() if plight.kind.holds]
        if self._manager.external.refused():
            kinds.append(PlightKind.STUCK)
        return tuple(dict.fromkeys(kinds))

    def goes_by_price(self, trade: Trade) -> bool:
        """Say whether an exit of a trade rests: each move of the price may leave it, and the position, behind."""
        reducing = (order for order in self._manager.orders.of(trade) if order.side is not trade.side)
        return any(order.resting and not waits(order) for order in reducing)

    def follow(self, now: Instant) -> None:
        """Look at every open position; say what has changed."""
        manager = self._manager
        found: dict[str, Plight] = {}
        still: dict[str, tuple[tuple[str, int], Standstill]] = {}
        for trade in manager.portfolio.open():
            sight = manager.look(trade.instrument, now)
            counted = manager.counted(trade.instrument, trade.product)
            orders = tuple(order for order in counted if manager.external.ours(order))
            units, _ = manager.closable(trade, sight, now)
            still[trade.id] = self._stood(trade, orders, sight, units, now)
            refusal = manager.reconciliation.refusal(trade.instrument, trade.product)
            stood = still[trade.id][1]
            plight = plight_of(
                trade, orders, sight, stood, now, units=units, refusal=refusal, goes_on=self._goes_on
            )
            if plight is not None:
                found[trade.id] = plight
        before, self._current, self._still = self._current, found, still
        self._said_at = {name: at for name, at in self._said_at.items() if name in found}
        for name, plight in found.items():
            if name not in before or before[name].same != plight.same or self._due(name, plight, now):
                self._said_at[name] = now
                manager.report(
                    Topic.DANGER,
                    plight.instrument.key,
                    f"{plight_text(plight)}. {_capital(plight_advice(plight))}",
                )
        for name, plight in before.items():
            if name not in found and name in still:
                manager.report(
                    Topic.WARNING,
                    plight.instrument.key,
                    f"no longer {plight.kind.value}{plight.told_product}",
                )

    def _due(self, name: str, plight: Plight, now: Instant) -> bool:
        """Say whether what lasts is to be said again: nobody may think it over because nothing was heard of it."""
        return plight.kind is not PlightKind.CARRIED and now - self._said_at.get(name, now) >= SAID_AGAIN

    def next_wake(self, now: Instant) -> Instant | None:
        """Return when something may begin that no message tells of."""
        wakes = [at + SAID_AGAIN for at in self._said_at.values() if at + SAID_AGAIN > now]
        for trade in self._manager.portfolio.open():
            sight = self._manager.look(trade.instrument, now)
            if sight.hours is not None and sight.hours.moving:
                edges = sight.hours.day.edges()
                ahead = next((edge for edge in edges if edge > sight.hours.time), None)
                if ahead is not None:
                    wakes.append(now + ahead - sight.hours.time)
            if trade.id in self._still:
                (rests, _), still = self._still[trade.id]
                marks = [still.since + AT_EDGE_FOR] if rests else []
                if still.works_until is not None:
                    marks.append(still.works_until)
                if still.empty_since is not None:
                    marks.append(still.empty_since + AT_EDGE_FOR)
                if still.bare_since is not None:
                    marks.append(still.bare_since + NOTHING_RESTS_FOR)
                wakes += [mark for mark in marks if mark > now]
        return min(wakes, default=None)

    def _stood(
        self, trade: Trade, orders: tuple[Order, ...], sight: InstrumentMarket, units: int, now: Instant
    ) -> tuple[tuple[str, int], Standstill]:
        exit_order, stop = resting(trade, orders)
        rests = stop if exit_order is None else exit_order
        what = ("", 0) if rests is None else (rests.tag, rests.price)
        quote = sight.quote
        empty = exit_order is not None and quote.last is not None and not quote.against(trade.side.opposite)
        known = self._still.get(trade.id)
        since = known[1].since if known is not None and known[0] == what else now
        empty_since = None
        if empty:
            earlier = None if known is None else known[1].empty_since
            empty_since = now if earlier is None else earlier
        bare_since = None
        works = [order for order in orders if order.side is not trade.side and at_work(order, sight, now)]
        if sum(order.remaining for order in works) < units:
            earlier = None if known is None else known[1].bare_since
            bare_since = now if earlier is None else earlier
        ends = (at for order in works if (at := works_until(order)) is not None)
        return what, Standstill(since, empty_since, bare_since, min(ends, default=None))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
