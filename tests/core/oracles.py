"""What must hold whatever the broker does (oracles of the fault suite)."""

from engine.core.book_schedule import RECONCILE_EVERY
from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders.kill import LatchState
from engine.orders.messages import CancelOrder, ModifyOrder, OrderType, PlaceOrder, Product, ReadBook, Role
from engine.orders.order import Fill, Order
from engine.orders.states import OrderState
from engine.orders.trade import Mode, Trade
from tests.core.hostile import INSTRUMENTS, World
from tests.core.ownership import RACE, Ownership

SLACK = SECOND // 2
"""What the messages themselves take, on top of the two seconds."""


class Oracles:
    """Watches one world after every event."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.naked_since: dict[str, Instant] = {}
        self.owned = Ownership(world)
        self.told_since: dict[str, Instant] = {}
        self.longest_naked = 0
        world.checks.append(self.check)
        self._seen = 0
        self._sides: dict[str, int] = {}
        self._said_flat = False

    def check(self, _: World) -> None:
        for key, units in self.owned.follow():
            raise AssertionError(f"{key}: {units} units closed beyond what was held")
        for key in INSTRUMENTS:
            self._chased(key)
            self._size_and_sign(key)
            self._protected(key)
        self._one_risk()
        self._writes()
        self._flat_is_true()

    def _trade(self, key: str) -> Trade | None:
        return self.world.core.manager.portfolio.current(key)

    def _size_and_sign(self, key: str) -> None:
        """O1 and O2: ours is never more than intended, never the other way round; what others do is their own."""
        ours = self.owned.ours(key)
        if ours == 0:
            self._sides.pop(key, None)
            return
        world_orders = [order for order in self.world.orders.values() if order.instrument == key]
        if any(order.late and order.role is not Role.ENTRY and order.filled for order in world_orders):
            # A stop given up, cancelled by tag and closed over may still arrive and fire before its cancel, and an
            # exit that no read shows for eight seconds may arrive when the stop behind it has closed all: the flips
            # that the exchange's missing reduce-only order leaves possible. The excess must be closed.
            return
        sign = 1 if ours > 0 else -1
        if self._sides.setdefault(key, sign) != sign:
            assert self.owned.races(key, self.world.now), f"{key} flipped to {ours}"
            self._sides[key] = sign
        entries = [order for order in world_orders if order.role is Role.ENTRY and not order.external]
        meant = sum(order.quantity for order in entries if order.side.sign == sign)
        assert abs(ours) <= meant or self.owned.races(key, self.world.now), (
            f"{key} holds {ours}, meant {meant}"
        )

    def _protected(self, key: str) -> None:
        """O3: a live stop of equal quantity within two seconds, or a flatten in progress."""
        world = self.world
        position = self.owned.exposed(key)
        closing = Side.SELL if self.owned.ours(key) > 0 else Side.BUY
        stops = self.owned.cover(key)
        trade = self._trade(key)
        leaving = trade is not None and (trade.mode is Mode.EXIT or trade.part is not None)
        if stops >= position or leaving:
            self.naked_since.pop(key, None)
            self.told_since.pop(key, None)
            return
        since = self.naked_since.setdefault(key, world.now)
        self.longest_naked = max(self.longest_naked, world.now - since)
        assert world.now - since <= RECONCILE_EVERY + 4 * SECOND, f"{key} naked, unnoticed"
        known = trade is not None and trade.open_quantity == abs(self.owned.ours(key))
        believed = sum(o.remaining for o in world.core.orders.live(key) if o.side is closing and o.resting)
        if not known or believed >= position:
            self.told_since.pop(key, None)
            return
        told = self.told_since.setdefault(key, world.now)
        assert world.now - told <= 2 * SECOND + SLACK, f"{key} naked for {(world.now - told) / SECOND} s"

    def _chased(self, key: str) -> None:
        """A stop known to have fired and not to have filled is chased after one second.

        Not where orders of others will close all of it first.
        """
        if self.owned.ahead(key) >= self.owned.exposed(key):
            return
        for order in self.world.core.orders.live(key):
            fired = order.role is Role.STOP and order.order_type is OrderType.STOP_LIMIT
            unfilled = order.remaining > 0 and order.state is not OrderState.PENDING_CANCEL
            if fired and unfilled and order.triggered_at is not None:
                trade = self._trade(key)
                assert self.world.now - order.triggered_at <= SECOND + SLACK or (
                    trade is not None and trade.mode is Mode.EXIT
                ), f"{order.tag} fired and is left to itself"

    def _one_risk(self) -> None:
        """What rests by the trader's hand, with what of the same trades has filled, never risks more than one trade."""
        world, total = self.world, 0
        for trade in world.core.manager.portfolio.running():
            resting = 0
            for rest in world.core.trader_orders.rests(trade.id):
                order = world.by_tag(rest.tag)
                left = 0 if order is None else order.remaining
                resting += left * abs(rest.price - rest.plan.counted(trade.side))
            if not resting:
                continue
            total += resting
            if trade.open and trade.stop is not None and trade.plan is not None:
                sign = trade.side.sign
                nearest = max(
                    (one.plan.counted(trade.side) * sign for one in world.core.trader_orders.rests(trade.id)),
                    default=0,
                )
                counted = max(trade.stop.counted * sign, nearest)
                cost = trade.entry_value * sign // trade.entry_quantity
                total += max(0, cost - counted) * trade.open_quantity
        budget = world.core.limits.budget
        assert total <= budget, f"{total} at risk by what rests and its fills, one trade may risk {budget}"

    def _writes(self) -> None:
        """O4 and O6: after the latch only what reduces; never above ten writes in a rolling second."""
        world = self.world
        fresh = world.sent[self._seen :]
        self._seen = len(world.sent)
        latch = world.core.latch
        for at, effect in fresh:
            if isinstance(effect, PlaceOrder) and latch is not None and at > latch.since:
                assert effect.role is not Role.ENTRY, "an entry left after the latch"
            if isinstance(effect, PlaceOrder) and effect.role is not Role.ENTRY:
                trade = world.core.manager.portfolio.get(effect.trade)
                assert trade is None or effect.side is trade.side.opposite, (
                    f"{effect.tag} adds to what it should close"
                )
        if fresh:
            writes = (PlaceOrder, ModifyOrder, CancelOrder)
            recent = [1 for at, e in world.sent[-60:] if isinstance(e, writes) and at > world.now - SECOND]
            assert len(recent) <= 10, f"{len(recent)} writes in a second"

    def _flat_is_true(self) -> None:
        """O7: FLAT only after a read newer than the last fill; and then it is, until somebody else trades."""
        world = self.world
        latch = world.core.latch
        if latch is None or latch.state is not LatchState.FLAT:
            self._said_flat = False
            return
        assert world.core.manager.reconciliation.verified is not None, (
            "FLAT, and no read of the broker has ever counted"
        )
        for key in INSTRUMENTS:
            since = self.owned.external_at.get(key)
            overtaken = since is not None and (self._said_flat or world.now - since <= RACE)
            held = self.owned.ours(key) if latch.ours_only else world.position(key)
            assert overtaken or held == 0, f"FLAT with {held} {key}"
        self._said_flat = True

    def at_rest(self) -> None:
        """O5: once everything has settled, the books agree and the journal's fills add up to the broker's."""
        world = self.world
        for key in INSTRUMENTS:
            known, position = world.core.manager.portfolio.net(key), world.position(key)
            assert known == position, f"{key}: {known} known, {position} held"
            folded, ours = -self.owned.claims[key].taken_over, self.owned.ours(key)
            for record in world.records:
                fill = record.payload
                if isinstance(fill, Fill) and (fill.instrument, fill.product) == (key, Product.INTRADAY):
                    folded += fill.quantity * fill.side.sign
            # What others filled in a race with our exit may be told as closing ours or as theirs.
            raced = self.owned.raced(key)
            assert raced or folded == ours, f"{key}: {folded} in the journal, {ours} of ours held"
            resting, exposed = (
                sum(order.remaining for order in self.owned.closing(key)),
                self.owned.exposed(key),
            )
            assert resting == exposed, f"{key}: {resting} rests to close {exposed}"
        for order in world.core.orders.live():
            assert isinstance(order, Order), f"{order!r} among the live orders"
            row = world.by_tag(order.tag) or world.orders.get(order.order_id)
            assert row is not None, f"{order.tag} lives here only"
            assert row.live, f"{order.tag} lives here, and the broker says {row.status}"

    def reads_after(self, at: Instant) -> int:
        return sum(1 for when, effect in self.world.sent if when >= at and isinstance(effect, ReadBook))
