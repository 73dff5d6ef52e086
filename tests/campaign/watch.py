"""Laws that are read off the line to the broker alone, beside the oracles of the core's tests."""

from collections.abc import Callable

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.orders.kill import PROOF_APART, PROOFS, LatchState
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    BrokerPosition,
    ModifyOrder,
    OrderReport,
    OrderType,
    PlaceOrder,
    Product,
    Refused,
    Role,
    TagRead,
)
from tests.campaign.world import CountedWorld
from tests.core.hostile import Resting, World
from tests.core.oracles import Oracles
from tests.core.ownership import RACE, UNTOLD

EMPTY_READS = 5
SETTLED_AFTER = 10 * SECOND


def _intraday(order: Resting) -> bool:
    return order.product is Product.INTRADAY


class Watch:
    """Watches what crosses the line, and never asks the core what it believes of its orders."""

    def __init__(self, world: CountedWorld, oracles: Oracles) -> None:
        self.world = world
        self.oracles = oracles
        self.naked_known = 0
        """Longest time that a position the engine knew of was without a full stop and without an exit, µs."""
        self.placed: dict[str, tuple[Instant, PlaceOrder]] = {}
        self.proven: set[str] = set()
        self.empty: dict[str, int] = {}
        self.flat_reads: list[BookRead] = []
        self.last_fill: Instant = 0
        self.left: Callable[[BrokerPosition], bool] = lambda _: False
        """Whether nobody could close a position: it is left, and no hindrance to flat."""
        self._fills = 0
        self._disturbed = False
        self._missed: dict[str, str] = {}
        self._asked: dict[str, int] = {}
        self._sent = 0
        self._heard = 0
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        if self.world.fills != self._fills:
            self._fills = self.world.fills
            whole = self.world.settings.kill.scope == "account"
            found = (one for one in reversed(self.world.executions) if whole or _intraday(one[1]))
            newest = next(found, None)
            if newest is not None:
                self.last_fill, self._disturbed = newest[0], newest[1].external
        for since in self.oracles.told_since.values():
            self.naked_known = max(self.naked_known, self.world.now - since)
        self._listen()
        self._leaving()
        self._targets()
        self._excess()
        self._nothing_outside()
        self._flat_is_proven()

    def _listen(self) -> None:
        heard = self.world.events
        for _, event in heard[self._heard :]:
            match event:
                case Acknowledged() | Refused():
                    if not getattr(event, "request", ""):
                        self.proven.add(event.tag)
                case OrderReport():
                    self.proven.add(event.tag)
                case TagRead():
                    if event.found is None:
                        self.empty[event.sought] = self.empty.get(event.sought, 0) + 1
                    else:
                        self.proven.add(event.sought)
                case BookRead():
                    self.proven.update(row.tag for row in event.orders)
                    told = event.fills or not self.world.fills
                    flat = all(self.left(position) for position in event.positions if position.quantity)
                    latch = self.world.core.latch
                    if told and (flat or (latch is not None and latch.ours_only)):
                        self.flat_reads.append(event)
                case _:
                    continue
        self._heard = len(heard)

    def _leaving(self) -> None:
        sent = self.world.sent
        for at, effect in sent[self._sent :]:
            if isinstance(effect, PlaceOrder):
                assert effect.tag not in self.placed, f"{effect.tag} left twice"
                if effect.role is Role.ENTRY:
                    self._enters(effect, at)
                self.placed[effect.tag] = (at, effect)
            if isinstance(effect, PlaceOrder | ModifyOrder):
                self._at_target(effect)
        self._sent = len(sent)

    def _at_target(self, effect: PlaceOrder | ModifyOrder) -> None:
        """A target's exit is never worse than the target less one spread; what rested before keeps its price."""
        if effect.order_type is not OrderType.LIMIT or effect.tag not in self.placed:
            return
        placed = self.placed[effect.tag][1]
        kept = self._asked.get(effect.tag) == effect.price
        self._asked[effect.tag] = effect.price
        if kept:
            return
        trade = self.world.core.manager.portfolio.current(placed.instrument)
        if trade is not None and trade.aimed is not None and trade.id == placed.trade:
            assert (effect.price - trade.aimed.limit) * trade.side.sign >= 0, (
                f"{effect.tag} chases its target"
            )

    def _rests(self, entry: PlaceOrder) -> bool:
        """Say whether an entry is one of the trader's that rest."""
        return any(rest.tag == entry.tag for rest in self.world.core.trader_orders.rests(entry.trade))

    def _targets(self) -> None:
        """Count targets that did not fill."""
        for trade in self.world.core.manager.portfolio.running():
            if trade.missed and self._missed.get(trade.id) != trade.missed:
                self.world.injected["target that does not fill"] += 1
            self._missed[trade.id] = trade.missed

    def _enters(self, entry: PlaceOrder, at: Instant) -> None:
        """O1: never more than the intent, and nothing beside an entry whose fate is unknown."""
        entries = [
            one for _, one in self.placed.values() if one.trade == entry.trade and one.role is Role.ENTRY
        ]
        trade = self.world.core.manager.portfolio.get(entry.trade)
        planned = 0 if trade is None else trade.planned
        meant = sum(one.quantity for one in entries) + entry.quantity
        assert meant <= planned, f"{entry.trade} asked for {meant} units, planned {planned}"
        for tag, (since, one) in self.placed.items():
            # Orders of the trader's that rest beside each other are inside one risk together.
            if self._rests(one) and self._rests(entry):
                continue
            if one.instrument == entry.instrument and one.role is Role.ENTRY and tag not in self.proven:
                dead = self.empty.get(tag, 0) >= EMPTY_READS and at - since >= SETTLED_AFTER
                assert dead, f"{entry.tag} left while the fate of {tag} was unknown"

    def _excess(self) -> None:
        """O2 before it happens: all that could close never exceeds what is held, but for what came late."""
        live = [
            order
            for order in self.world.orders.values()
            if order.live
            and order.role is not Role.ENTRY
            and order.product is Product.INTRADAY
            and not order.external
        ]
        closing: dict[tuple[str, Side], int] = {}
        for order in live:
            closing[order.instrument, order.side] = (
                closing.get((order.instrument, order.side), 0) + order.remaining
            )
        for (key, side), quantity in closing.items():
            ours = self.world.position(key) if self.world.core.latch else self.oracles.owned.ours(key)
            held = max(-ours * side.sign, -self.world.position(key) * side.sign, 0)
            late = key in self.world.belated or self.oracles.owned.races(key, self.world.now)
            met = sum(self._met(order) for order in live if (order.instrument, order.side) == (key, side))
            assert late or quantity <= held + met, f"{key}: orders would close {quantity} of {held} units"

    def _met(self, order: Resting) -> int:
        """Return units that a fill on the way of a change has added to an order, until that must be taken off.

        Where a change's quantity names the rest, nothing that could be sent prevents it.
        """
        at, units = self.world.met.get(order.order_id, (0, 0))
        within = self.world.now - at <= RACE or self.oracles.owned.hindered(
            order.instrument, at, self.world.now
        )
        return units if within else 0

    def _nothing_outside(self) -> None:
        """O5: what nobody else trades, no read may ever be taken to say so."""
        outside = set(self.world.core.manager.portfolio.outside) - set(self.oracles.owned.external_at)
        assert not outside, f"{outside} taken for somebody else's"

    def _flat_is_proven(self) -> None:
        """O7: FLAT stands on two successful flat reads, apart, newer than the last fill."""
        latch = self.world.core.latch
        if latch is None or latch.state is not LatchState.FLAT:
            return
        if self._disturbed and self.world.now - self.last_fill <= UNTOLD:
            # Somebody traded since: it is heard of in a moment, or with the regular read.
            return
        proofs = [read.time for read in self.flat_reads if read.time >= max(self.last_fill, latch.since)]
        assert len(proofs) >= PROOFS, f"FLAT on {len(proofs)} reads newer than the last fill"
        apart = PROOF_APART - 100 * MILLISECOND
        # A slow answer may be heard after a newer one.
        assert max(proofs) - min(proofs) >= apart, "FLAT on two reads at once"
