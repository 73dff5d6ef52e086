"""What a wider account asks of us: other products stay as they are but for the kill, another engine's orders stay its.

Every law is read off the broker's side and off the line to it.
"""

from engine.contract.commands import Outcome, PauseEntries
from engine.core import CommandAnswer
from engine.market.clock import SECOND, Instant
from engine.market.figures import signed_units
from engine.market.side import Side
from engine.orders.kill import LatchState
from engine.orders.messages import (
    BookRead,
    BrokerPosition,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    PlaceOrder,
    Product,
    Refused,
    Role,
)
from tests.campaign.world import CountedWorld
from tests.core.broker import LATENCY
from tests.core.hostile import World
from tests.core.ownership import RACE, UNTOLD, Ownership

Holding = tuple[str, Product]
MOST_REFUSALS = 3
REFUSED_FOR = 8 * SECOND
"""After so many refusals of its exit, over so long, a holding is left to a person."""


class OtherProducts:
    """Watches what is held in other products than the intraday one."""

    def __init__(self, world: CountedWorld, owned: Ownership) -> None:
        self.world = world
        self.owned = owned
        self.traded_at: dict[Holding, Instant] = {}
        """When somebody else last traded a holding."""
        self._refused: dict[Holding, dict[str, Instant]] = {}
        """Orders that the broker answered with a refusal of what they were, not of the moment, and when."""
        self._placed: dict[str, Holding] = {}
        self._seen = self._sent = self._answered = self._asked = 0
        self._said_flat = False
        self._held = {holding: world.position(*holding) for holding in world.carried}
        world.checks.append(self.check)

    def could_not_close(self, row: BrokerPosition) -> bool:
        """Say whether no order of ours could close a position: refused, or a stock sold from holdings."""
        return self._is_left((row.instrument, row.product), row.quantity)

    def _is_left(self, holding: Holding, quantity: int) -> bool:
        key, product = holding
        if product is Product.INTRADAY:
            return False
        if key.startswith("NSE_EQ") and quantity < 0:
            return True
        rejected = {
            one.tag: one.born
            for one in self.world.orders.values()
            if (one.instrument, one.product) == holding and one.status == "rejected" and not one.external
        }
        refused = rejected | self._answered_no(holding)
        return len(refused) >= MOST_REFUSALS and self.world.now - min(refused.values()) >= REFUSED_FOR

    def _answered_no(self, holding: Holding) -> dict[str, Instant]:
        """Return the orders of a holding that were refused by the answer itself: the broker lists no such order."""
        for _, effect in self.world.sent[self._asked :]:
            if isinstance(effect, PlaceOrder):
                self._placed[effect.tag] = (effect.instrument, effect.product)
        self._asked = len(self.world.sent)
        for at, event in self.world.events[self._answered :]:
            if (
                isinstance(event, Refused)
                and event.lasting
                and not event.request
                and event.tag in self._placed
            ):
                self._refused.setdefault(self._placed[event.tag], {}).setdefault(event.tag, at)
        self._answered = len(self.world.events)
        return self._refused.get(holding, {})

    def check(self, _: World) -> None:
        self._fills()
        self._orders()
        self._resting()
        self._flat()

    def _fills(self) -> None:
        """O2: what we close of a holding was held; what others trade of it is their own."""
        for at, order, quantity in self.world.executions[self._seen :]:
            holding = (order.instrument, order.product)
            if order.product is Product.INTRADAY:
                continue
            before = self._held.get(holding, 0)
            after = before + quantity * order.side.sign
            self._held[holding] = after
            if order.external:
                self.traded_at[holding] = at
            elif not self._races(holding, at) and not order.late:
                assert abs(after) < abs(before), f"{holding}: {before} became {after} by {order.tag}"
                assert before * after >= 0, f"{holding}: {before} became {after} by {order.tag}"
        self._seen = len(self.world.executions)

    def _orders(self) -> None:
        """O4: an order in another product leaves for the kill of the whole account alone."""
        world = self.world
        for _, effect in world.sent[self._sent :]:
            if isinstance(effect, PlaceOrder) and effect.product is not Product.INTRADAY:
                latch = world.core.latch
                assert world.settings.kill.scope == "account", (
                    f"{effect.tag} in {effect.product}, beyond scope"
                )
                assert latch is not None, f"{effect.tag} in {effect.product} without a kill"
                assert not latch.ours_only, f"{effect.tag} in {effect.product} by a limit of ours"
                assert effect.role is not Role.ENTRY, f"{effect.tag} opens in {effect.product}"
        self._sent = len(world.sent)

    def _resting(self) -> None:
        """O2 before it happens: all that could close a holding never exceeds it."""
        closing: dict[tuple[Holding, Side], int] = {}
        for order in self.world.live():
            if order.product is not Product.INTRADAY and not order.external and not order.late:
                name = ((order.instrument, order.product), order.side)
                closing[name] = closing.get(name, 0) + order.remaining
        for (holding, side), quantity in closing.items():
            held = max(-self.world.position(*holding) * side.sign, 0)
            late = self._races(holding, self.world.now) or holding[0] in self.world.belated
            assert late or quantity <= held, f"{holding}: orders would close {quantity} of {held}"

    def _flat(self) -> None:
        """O7: FLAT, and nothing is held in scope but what nobody could close."""
        world = self.world
        latch = world.core.latch
        if latch is None or latch.state is not LatchState.FLAT or latch.ours_only:
            self._said_flat = False
            return
        for holding in world.carried:
            held = world.position(*holding)
            if world.settings.kill.scope == "account" and held and not self._is_left(holding, held):
                since = self.traded_at.get(holding)
                overtaken = since is not None and (self._said_flat or world.now - since <= RACE)
                assert overtaken, f"FLAT with {held} {holding}"
        self._said_flat = True

    def _races(self, holding: Holding, at: Instant) -> bool:
        since = self.traded_at.get(holding)
        if since is None:
            return False
        untold = self.world.untold.get(holding[0])
        patience = UNTOLD if untold is not None and untold >= since else RACE
        return at - since <= patience or self.owned.hindered(holding[0], since, at)

    def at_rest(self) -> None:
        """O5: what is held in scope is known, what is left is counted and named."""
        world = self.world
        portfolio = world.core.manager.portfolio
        named = " ".join(world.core.kill_scope().left)
        for holding in world.carried:
            key, product = holding
            held, known = world.position(*holding), portfolio.net(*holding)
            left = world.settings.kill.scope != "account" or self._is_left(holding, held)
            told = f"{key}'s name {signed_units(held)} in product {product.value}" in named
            if held and left and not known:
                assert told, f"{held} {holding} is neither known nor named: {named}"
            else:
                assert known == held, f"{holding}: {known} known, {held} held"


class OtherEngine:
    """Watches how we stand beside another engine."""

    def __init__(self, world: CountedWorld, prefix: str, *, earlier: bool) -> None:
        self.world = world
        self.prefix = prefix
        self.earlier = earlier
        self._heard: set[str] = set()
        self._resumes: set[str] = set()
        self._events = self._sent = self._answers = 0
        self._gives_way = False
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        self._listen()
        self._line()

    def _is_its(self, tag: str) -> bool:
        return tag.startswith(self.prefix)

    def _listen(self) -> None:
        for _, event in self.world.events[self._events :]:
            rows: tuple[OrderReport, ...] = ()
            if isinstance(event, OrderReport):
                rows = (event,)
            elif isinstance(event, BookRead):
                rows = event.orders
            elif isinstance(event, PauseEntries) and not event.paused:
                self._resumes.add(event.id)
            for row in rows:
                if self._is_its(row.tag) and row.tag not in self._heard:
                    self._heard.add(row.tag)
                    self._gives_way = self._gives_way or self.earlier
        self._events = len(self.world.events)
        for answer in self.world.answers[self._answers :]:
            if isinstance(answer, CommandAnswer) and self._went_on(answer):
                self._gives_way = False
        self._answers = len(self.world.answers)

    def _went_on(self, answer: CommandAnswer) -> bool:
        """Say whether a person has resumed us beside it: never while an order of its is live that was heard of."""
        result = answer.result
        if result.id not in self._resumes or result.outcome is not Outcome.ACCEPTED:
            return False
        return not any(self._is_its(one.tag) and one.tag in self._heard for one in self.world.live())

    def _line(self) -> None:
        """Its orders are its own: we move none but for a kill or where all of an instrument must end flat."""
        world = self.world
        for at, effect in world.sent[self._sent :]:
            if isinstance(effect, PlaceOrder):
                if effect.role is Role.ENTRY:
                    assert not self._gives_way, f"{effect.tag} entered beside an engine that began earlier"
            elif isinstance(effect, ModifyOrder | CancelOrder):
                order = world.orders.get(effect.order_id) or world.by_tag(effect.tag)
                if order is not None and self._is_its(order.tag):
                    latch = world.core.latch
                    whole = latch is not None and not latch.ours_only
                    trade = world.core.manager.portfolio.current(order.instrument, order.product)
                    clears = trade is not None and trade.clears
                    assert whole or clears, f"{order.tag} is another engine's, and was touched at {at}"
        self._sent = len(world.sent)


class Beside:
    """The other engine itself: it enters with a stop of its own, leaves, and goes away."""

    def __init__(self, world: CountedWorld, prefix: str) -> None:
        self.world = world
        self.prefix = prefix
        self._number = 0
        self.held: dict[str, int] = {}

    def _tag(self, letter: str) -> str:
        self._number += 1
        return f"{self.prefix}-{self._number:06d}-{letter}"

    def enters(self, key: str, side: Side, units: int, ticks: int) -> None:
        """Enter at the market and put a stop behind it; with ``ticks`` the entry rests so far away instead."""
        self.world.injected["another engine enters"] += 1
        if ticks:
            price = self.world.prices[key] - side.sign * ticks
            self.world.phone(key, side, units, price=price, by="engine", tag=self._tag("E"))
            return
        self.world.phone(key, side, units, by="engine", tag=self._tag("E"))
        self.held[key] = self.held.get(key, 0) + side.sign * units
        self.world.after(3 * LATENCY, lambda: self._protects(key, side, units))

    def _protects(self, key: str, side: Side, units: int) -> None:
        trigger = self.world.prices[key] - side.sign * self.world.prices[key] // 50 // 5 * 5
        self.world.phone(key, side.opposite, units, trigger=trigger, by="engine", tag=self._tag("S"))

    def leaves(self, key: str) -> None:
        """Cancel what it has in an instrument and close what it holds."""
        for order in self.world.live(key):
            if order.tag.startswith(self.prefix):
                self.world._report(order, "cancelled")
        units = self.held.pop(key, 0)
        if units and self.world.position(key) * units > 0:
            side = Side.SELL if units > 0 else Side.BUY
            self.world.injected["another engine leaves"] += 1
            self.world.phone(key, side, abs(units), by="engine", tag=self._tag("X"))

    def ends(self) -> None:
        """Go away: nothing of its rests any more."""
        for order in self.world.live():
            if order.tag.startswith(self.prefix):
                self.world._report(order, "cancelled")
