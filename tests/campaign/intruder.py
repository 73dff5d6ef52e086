"""A saboteur who also does what others, the exchange and the broker's own rules do to an account."""

import config
from engine.brokers.upstox.cadence import cadence
from engine.core import Ids
from engine.core.attention import attention_of
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import BrokerPosition, ModifyOrder, OrderReport
from tests.campaign.troubles import Family
from tests.campaign.world import CountedWorld, Saboteur
from tests.core.broker import LATENCY, MOST_CHANGES, Totals
from tests.core.hostile import TICK, Resting

MUTE, HALT, LOCK, SPOIL = "mute", "halt", "lock", "spoil"


DRAWN = (
    "request lost",
    "request silent",
    "request lost-answer",
    "request late",
    "request reject",
    "request refuse",
    "request slow-answer",
    "request hold-back",
    "modify lost",
    "modify lost-answer",
    "modify refuse",
    "modify reject",
    "modify nothing",
    "modify pending",
    "modify hold-back",
    "cancel lost",
    "cancel lost-answer",
    "cancel refuse",
    "cancel reject",
    "cancel nothing",
    "cancel pending",
    "cancel hold-back",
    "place hold-back",
    "storm of refusals",
    "report twice",
    "report slow",
    "report never",
    "report estimated",
    "read fail",
    "read slow",
    "read empty",
    "read lagging",
    "stream mute",
    "line cut",
    "broker down",
    "broker down: read",
    "halt",
    "halt that nobody announces",
    "book locked",
    "price gap",
    "bad tick",
    "update out of order",
    "status out of order",
    "fill in parts",
    "fill after the cancel",
    "stop cancelled by the broker",
    "stop turned into a limit",
    "burst of commands",
    "kill pressed again",
    "square-off",
    "square-off in pieces",
    "phone opens",
    "phone closes",
    "phone closes in pieces",
    "phone stop rests",
    "phone target rests",
    "waiting order",
    "waiting order fires",
    "a change's quantity is the rest",
    "SL may not become LIMIT",
    "one change too many",
    "flat rows left out",
    "target",
    "target that does not fill",
)
"""Everything that a long campaign must have done at least once."""

LOOK_EVERY = SECOND // 2
PLENTY = 1_800
"""Reads that the budget leaves: a schedule lasts two minutes."""


class UnconfirmedWorld(CountedWorld):
    """A counted world that counts where an unconfirmed reading of the broker's rules made a difference.

    Its line reads the order list beside the stream as often as the real one does.
    """

    def __init__(self, settings: config.Settings | None = None, ids: Ids | None = None) -> None:
        super().__init__(settings, ids)
        self._listed_at: Instant = self.now
        self._listed: dict[str, OrderReport] = {}
        self.after(LOOK_EVERY, self._look)

    def _look(self) -> None:
        self.after(LOOK_EVERY, self._look)
        attention = attention_of(self.core.manager, self.core.market_state, self.now)
        due = cadence(attention, stream_up=True, behind=False, room=PLENTY)
        if self.now - self._listed_at < due.seconds * SECOND:
            return
        self._listed_at = self.now
        if not self.down:
            self.after(LATENCY, self._list)

    def _list(self) -> None:
        """Answer a read of the order list: what has changed since the last one is told."""
        rows = {order.order_id: self.row(order) for order in self.orders.values()}
        news = [row for name, row in rows.items() if self._listed.get(name) != row]
        self._listed = rows
        self.after(LATENCY, lambda: self._tell_all(news))

    def _tell_all(self, rows: list[OrderReport]) -> None:
        for row in rows:
            self.tell(row)

    def _positions(self, account: Totals) -> tuple[BrokerPosition, ...]:
        told = super()._positions(account)
        self.injected["flat rows left out"] += len(told) < len(account)
        return told

    def traded(self, key: str) -> None:
        waiting = sum(one.pending for one in self.gtts.values())
        super().traded(key)
        self.injected["waiting order fires"] += waiting - sum(one.pending for one in self.gtts.values())

    def _modify(self, order: Resting, request: ModifyOrder, fault: str) -> None:
        if self.quantity_is_rest and order.filled:
            self.injected["a change's quantity is the rest"] += 1
        before = order.order_type
        super()._modify(order, request, fault)
        if request.order_type is not before and order.order_type is before and fault == "ok":
            self.injected[f"{before} may not become {request.order_type}"] += 1
            self.trouble(Family.REFUSED, order.instrument)

    def _changed_too_often(self, order: Resting) -> bool:
        refused = super()._changed_too_often(order)
        if refused:
            self.injected["one change too many"] += 1
            self.trouble(Family.REFUSED, order.instrument)
        return refused


class Intruder(Saboteur):
    """Does to a world what an independent broker was seen to do."""

    world: UnconfirmedWorld

    def __init__(self, world: UnconfirmedWorld) -> None:
        super().__init__(world)
        self.world = world

    def spoil(self, kind: str, fault: str, milliseconds: int) -> None:
        """Let one kind of write fail for a while, all the others work."""
        self._for_a_while(kind, fault, milliseconds)

    def storm(self, milliseconds: int) -> None:
        """Let every write be refused for having been one too many."""
        self.world.injected["storm of refusals"] += 1
        self.world.trouble(Family.REFUSED, lasts=milliseconds * MILLISECOND)
        for kind in ("place", "modify", "cancel"):
            self._for_a_while(kind, "hold-back", milliseconds)

    def _for_a_while(self, kind: str, fault: str, milliseconds: int) -> None:
        standing = self.world.faults.standing
        if kind not in standing:
            standing[kind] = fault

            def works_again() -> None:
                standing.pop(kind, None)

            self.world.after(milliseconds * MILLISECOND, works_again)

    def fall_silent(self, milliseconds: int) -> None:
        """The stream stays connected and says nothing for a while."""
        world = self.world
        if not world.mute:
            world.mute = True
            world.injected["stream mute"] += 1
            world.trouble(Family.UNTOLD, lasts=milliseconds * MILLISECOND)
            world.after(milliseconds * MILLISECOND, self.speak)

    def speak(self) -> None:
        self.world.mute = False

    def halt(self, milliseconds: int, *, announced: bool) -> None:
        """The exchange stops trading for a while."""
        world = self.world
        if not world.halted:
            world.injected["halt" if announced else "halt that nobody announces"] += 1
            world.trouble(Family.HALTED, lasts=milliseconds * MILLISECOND)
            world.halt(announced=announced)
            world.after(milliseconds * MILLISECOND, world.reopen)

    def lock(self, key: str, side: Side, milliseconds: int) -> None:
        """One side of a book is empty for a while."""
        world = self.world
        if key not in world.locked and not world.halted:
            world.injected["book locked"] += 1
            world.trouble(Family.LOCKED, key, lasts=milliseconds * MILLISECOND)
            world.lock(key, side)
            world.after(milliseconds * MILLISECOND, lambda: world.unlock(key))

    def square_off(self, *, pieces: int, keeping_stops: bool) -> None:
        """The broker closes everything by itself."""
        self._note("square-off" if pieces == 1 else "square-off in pieces")
        self.world.trouble(Family.STOP_TAKEN)
        self.world.square_off(pieces=pieces, keeping_stops=keeping_stops)

    def phone_in(self, key: str, side: Side, units: int, pieces: int) -> None:
        """Somebody opens a position by phone."""
        self._note("phone opens", key)
        self.world.phone(key, side, self._lots(key, units), pieces=pieces)

    def phone_out(self, key: str, percent: int, pieces: int) -> None:
        """Somebody closes a part of what the account holds, all of it, or more, by phone."""
        held = self.world.position(key)
        if held:
            self._note("phone closes" if pieces == 1 else "phone closes in pieces", key)
            side = Side.SELL if held > 0 else Side.BUY
            self.world.phone(key, side, self._lots(key, abs(held) * percent // 100), pieces=pieces)

    def phone_rests(self, key: str, ticks: int, *, stop: bool) -> None:
        """Somebody leaves a target or a stop for what the account holds; near or far."""
        held = self.world.position(key)
        if not held:
            return
        side = Side.SELL if held > 0 else Side.BUY
        self._note("phone stop rests" if stop else "phone target rests", key)
        away = side.sign * ticks * TICK
        price = self.world.prices[key]
        if stop:
            self.world.phone(key, side, abs(held), trigger=price + away)
        else:
            self.world.phone(key, side, abs(held), price=price - away)

    def leave_waiting(self, key: str, ticks: int, pieces: int) -> None:
        """Somebody leaves an order at the broker that closes when its price comes."""
        held = self.world.position(key)
        if held:
            self._note("waiting order", key)
            side = Side.SELL if held > 0 else Side.BUY
            trigger = self.world.prices[key] + ticks * TICK
            self.world.wait_for(key, side, abs(held), trigger, above=ticks > 0, pieces=pieces)

    def take_back(self) -> None:
        """Whoever left orders by phone or at the broker takes them back."""
        for waiting in self.world.gtts.values():
            waiting.cancelled = True
        for order in self.world.live():
            if order.external:
                self.world._report(order, "cancelled")

    def make_good(self) -> None:
        """Everything that stands between us and the exchange goes away, and what others left there, too."""
        self.speak()
        self.world.reopen()
        for key in list(self.world.locked):
            self.world.unlock(key)
        self.take_back()

    def change_often(self, key: str) -> None:
        """A nervous program moves one stop until the broker takes no more changes of it."""
        for order in self.world.live(key):
            if not order.external and order.stop and not order.triggered:
                order.changes = max(order.changes, MOST_CHANGES - 2)

    def _lots(self, key: str, units: int) -> int:
        lot = self.world.core.manager.instruments[key].lot
        return max(units // lot, 1) * lot

    def _note(self, what: str, key: str = "") -> None:
        self.world.injected[what] += 1
        self.world.trouble(Family.OTHERS, key, lasts=10 * SECOND)
