"""Laws of the trader's orders that rest: what ends them all, and that both sides of an instrument never rest."""

from engine.contract.commands import CancelResting, Outcome
from engine.core import CommandAnswer
from engine.market.clock import SECOND, Instant
from engine.orders.messages import CancelOrder, PlaceOrder, Role
from tests.campaign.world import CountedWorld
from tests.core.hostile import Resting, World

TAKEN_BACK_WITHIN = 2 * SECOND
"""After so long a cancel of what may rest no longer must have left, whatever becomes of it."""


class RestingLaws:
    """Watches the line for what rests by the trader's hand."""

    def __init__(self, world: CountedWorld) -> None:
        self.world = world
        self._asked: set[str] = set()
        """Orders for which a cancel has left."""
        self._over: dict[str, tuple[Instant, str]] = {}
        """By order since when it may rest no longer, and why."""
        self._cancels: dict[str, CancelResting] = {}
        self._sent = self._events = self._answers = 0
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        resting = self._resting()
        self._leaving()
        for order, why in [(one, self._why(one)) for one in resting]:
            if why:
                self._over.setdefault(order.tag, (self.world.now, why))
            elif order.tag in self._over and order.tag not in self._cancels:
                del self._over[order.tag]
        self._by_person(resting)
        for order in resting:
            since, why = self._over.get(order.tag, (self.world.now, ""))
            late = self.world.now - since > TAKEN_BACK_WITHIN
            assert not late or order.tag in self._asked, f"{order.tag} rests on: {why}"

    def _resting(self) -> list[Resting]:
        return [
            order
            for order in self.world.live()
            if order.role is Role.ENTRY and not order.external and self._rests(order)
        ]

    def _rests(self, order: Resting) -> bool:
        known = self.world.core.orders.get(order.tag)
        trade = "" if known is None else known.trade
        return any(rest.tag == order.tag for rest in self.world.core.trader_orders.rests(trade))

    def _why(self, order: Resting) -> str:
        core = self.world.core
        if core.latch is not None:
            return "the kill is on"
        if core.pauses.first:
            return "entries are paused"
        known = core.orders.get(order.tag)
        trade = None if known is None else core.manager.portfolio.get(known.trade)
        if trade is not None and trade.entry_quantity and not trade.open:
            return "its trade is over"
        return ""

    def _leaving(self) -> None:
        for _, effect in self.world.sent[self._sent :]:
            if isinstance(effect, CancelOrder):
                self._asked.add(effect.tag)
            if isinstance(effect, PlaceOrder) and effect.role is Role.ENTRY:
                self._one_side(effect)
        self._sent = len(self.world.sent)

    def _one_side(self, entry: PlaceOrder) -> None:
        for one in self._resting():
            same = one.instrument != entry.instrument or one.side is entry.side
            assert same, f"{entry.tag} leaves while {one.tag} rests on the other side"

    def _by_person(self, resting: list[Resting]) -> None:
        """Begin the patience with what a person has taken back."""
        for _, event in self.world.events[self._events :]:
            if isinstance(event, CancelResting):
                self._cancels[event.id] = event
        self._events = len(self.world.events)
        for answer in self.world.answers[self._answers :]:
            if not isinstance(answer, CommandAnswer) or answer.result.outcome is not Outcome.ACCEPTED:
                continue
            command = self._cancels.get(answer.result.id)
            for order in resting if command is not None else ():
                if command is not None and order.instrument == command.instrument:
                    self._over.setdefault(order.tag, (self.world.now, "a person has taken it back"))
                    self._cancels[order.tag] = command
        self._answers = len(self.world.answers)
