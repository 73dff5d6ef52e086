"""The hostile world of the core's tests with everything it does to the core counted, and more that it can do."""

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

import msgspec

import config
from engine.contract.commands import Kill, Rearm
from engine.core import Ids, Resumed
from engine.core.events import LIVE, Event
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import CancelOrder, ModifyOrder, OrderType, PlaceOrder, ReadBook, ReadTag, Role
from tests.campaign.troubles import Family, Trouble
from tests.core.hostile import TICK, Faults, Resting, World
from tests.core.schedules import Trader

MOST_EVENTS = 100_000
"""Far above what any schedule needs: more means that core and broker talk without end."""

_NORMAL = "ok"


_FAMILIES = {
    **dict.fromkeys(("lost", "silent", "lost-answer", "late", "slow-answer"), Family.UNANSWERED),
    **dict.fromkeys(("reject", "refuse", "hold-back", "nothing", "pending"), Family.REFUSED),
    **dict.fromkeys(("fail", "empty", "lagging"), Family.UNREAD),
    "never": Family.UNTOLD,
}


_ALONE = {"modify": Family.CHANGES, "cancel": Family.CANCELS}
"""Of one kind of write while every other works."""


class CountedFaults(Faults):
    """Faults that are counted when they happen, not when they are planned."""

    def __init__(self, counts: Counter[str], trouble: Callable[[Family], None]) -> None:
        super().__init__()
        self.counts = counts
        self.trouble = trouble

    def request(self, kind: str) -> str:
        return self._count(kind if self.alone(kind) else "request", super().request(kind))

    def report(self) -> str:
        return self._count("report", super().report())

    def read(self) -> str:
        return self._count("read", super().read())

    def _count(self, kind: str, fault: str) -> str:
        if fault != _NORMAL:
            self.counts[f"{kind} {fault}"] += 1
            if fault in _FAMILIES:
                self.trouble(_ALONE.get(kind, _FAMILIES[fault]))
        return fault


class CountedWorld(World):
    """A hostile world that counts faults and events, remembers updates, and can be named by a digest."""

    def __init__(self, settings: config.Settings | None = None, ids: Ids | None = None) -> None:
        self.injected: Counter[str] = Counter()
        self.troubles: list[Trouble] = []
        self.events: list[tuple[int, Event]] = []
        self.belated: set[str] = set()
        """Instruments on which a request has arrived eight seconds after it was sent."""
        self.met: dict[str, tuple[Instant, int]] = {}
        """By order, when a change of it arrived that names the rest, and the units it did not know to have filled."""
        self._knew: dict[str, int] = {}
        """By change, the units of its order that were known to have filled when it was sent."""
        # Where others trade on the account, too, the engine is a live one: it reads the book with nothing at stake.
        super().__init__(settings, world=LIVE, ids=ids)
        self.counted = CountedFaults(self.injected, self.trouble)
        self.faults = self.counted

    def trouble(self, family: Family, key: str = "", *, lasts: Instant = 0) -> None:
        """Note that something goes wrong now, or for a while from now."""
        self.troubles.append(Trouble(family, key, self.now, self.now + lasts))

    def tell(self, event: Event) -> None:
        if not isinstance(event, MarketUpdate):
            self.events.append((self.now, event))
            assert len(self.events) < MOST_EVENTS, "core and broker talk without end"
        super().tell(event)

    def _arrive(self, request: PlaceOrder | ModifyOrder | CancelOrder, *, answered: bool, fault: str) -> None:
        if fault == "late":
            order = self.by_tag(request.tag)
            key = request.instrument if isinstance(request, PlaceOrder) else order and order.instrument
            if key:
                self.belated.add(key)
        super()._arrive(request, answered=answered, fault=fault)

    def _request(self, request: PlaceOrder | ModifyOrder | CancelOrder) -> None:
        known = self.core.orders.get(request.tag)
        if isinstance(request, ModifyOrder) and known is not None:
            self._knew[request.request] = known.filled
        super()._request(request)

    def _modify(self, order: Resting, request: ModifyOrder, fault: str) -> None:
        unknown = order.filled - self._knew.get(request.request, order.filled)
        before = order.changes
        super()._modify(order, request, fault)
        if self.quantity_is_rest and unknown > 0 and order.changes > before:
            self.met[order.order_id] = self.now, unknown

    def fill(self, order: Resting, quantity: int, price: int) -> None:
        if quantity < order.quantity - order.filled:
            self.injected["fill in parts"] += 1
        super().fill(order, quantity, price)

    def _read(self, request: ReadBook | ReadTag) -> None:
        if self.down:
            self.injected["broker down: read"] += 1
        super()._read(request)

    def digest(self) -> str:
        """Return a name for everything that left the core: the same schedule gives the same one."""
        lasting = blake2b(digest_size=8)
        for at, effect in self.sent:
            lasting.update(f"{at} {effect!r}\n".encode())
        for record in self.records:
            lasting.update(f"{record.kind} {record.key} {record.time}\n".encode())
        return lasting.hexdigest()


class Saboteur(Trader):
    """The trader of the core's tests, who can also spoil the market and the broker."""

    world: CountedWorld

    def __init__(self, world: CountedWorld) -> None:
        super().__init__(world)
        self.world = world

    def enter(self, key: str, side: Side) -> None:
        self.world.trade(key)
        super().enter(key, side)

    def rearm(self) -> None:
        """A person takes the latch off; refused while anything is open."""
        self.world.tell(Rearm(self._name(), "test"))

    def move(self, key: str, ticks: int) -> None:
        if abs(ticks) > 100:
            self.world.injected["price gap"] += 1
        super().move(key, ticks)

    def cancel_stop(self, key: str) -> None:
        before = len(self.world.live(key))
        super().cancel_stop(key)
        if len(self.world.live(key)) < before:
            self.world.injected["stop cancelled by the broker"] += 1
            self.world.trouble(Family.STOP_TAKEN, key)

    def late_fill(self, key: str) -> None:
        before = self.world.fills
        super().late_fill(key)
        self.world.injected["fill after the cancel"] += self.world.fills - before
        if self.world.fills > before:
            self.world.trouble(Family.LATE_FILL, key)

    def tighten_often(self, key: str) -> None:
        """A nervous hand moves the same stop a dozen times in a tenth of a second."""
        self.world.injected["burst of commands"] += 1
        for _ in range(12):
            self.tighten(key, 1)
            self.wait(8)

    def disguise_stop(self, key: str) -> None:
        """Somebody turns a resting stop into a limit far away."""
        world = self.world
        for order in world.live(key):
            if order.role is Role.STOP and order.stop and not order.triggered:
                order.order_type, order.trigger_price = OrderType.LIMIT, 0
                order.price = world.prices[key] - order.side.sign * 900 * TICK
                world._report(order, "open")
                world.injected["stop turned into a limit"] += 1
                world.trouble(Family.STOP_TAKEN, key)
                return

    def go_down(self, milliseconds: int) -> None:
        """The broker answers nothing for a while."""
        world = self.world
        world.down = True
        world.injected["broker down"] += 1
        world.trouble(Family.DOWN, lasts=milliseconds * MILLISECOND)
        world.after(milliseconds * MILLISECOND, self.come_up)

    def come_up(self) -> None:
        self.world.down = False

    def bad_tick(self, key: str, factor: tuple[int, int]) -> None:
        """One update shows a price that nobody traded at; the exchange knows nothing of it."""
        world = self.world
        world.injected["bad tick"] += 1
        good = world.prices[key]
        last = max(good * factor[0] // factor[1] // TICK * TICK, 0)
        world.volume[key] += 10
        bids, asks = ((good - TICK, 100_000),), ((good + TICK, 100_000),)
        world.tell(
            MarketUpdate(
                key, world.now, world.now - SECOND // 5, last, 10, world.volume[key], good, bids, asks
            )
        )

    def old_update(self, key: str) -> None:
        """A frame from half a minute ago comes again, its volume behind the newest."""
        world = self.world
        world.injected["update out of order"] += 1
        last = world.prices[key] + 40 * TICK
        volume = max(world.volume[key] - 30, 1)
        world.tell(
            MarketUpdate(
                key, world.now, world.now - 30 * SECOND, last, 10, volume, last, ((last, 5),), ((last, 5),)
            )
        )

    def repeat_report(self, number: int) -> None:
        """The stream tells an old story again: an order as it stands, under an older status and time.

        No row tells of a time before its order was born, and none of a stop that has not fired says open.
        """
        orders = list(self.world.orders.values())
        if orders:
            order = orders[number % len(orders)]
            row = self.world.row(order, "trigger pending" if order.stop and not order.triggered else "open")
            self.world.injected["status out of order"] += 1
            self.world.tell(msgspec.structs.replace(row, time=max(row.time - SECOND, order.born)))

    def restart_line(self) -> None:
        """The line to the broker was cut: whatever it said meanwhile is read again."""
        self.world.injected["line cut"] += 1
        self.world.tell(Resumed(self._name()))

    def aim(self, key: str, ticks: int, *, first: bool) -> None:
        """A position gets a target near the market, of everything or of a part."""
        trade = self.world.core.manager.portfolio.current(key)
        if trade is not None and trade.open and trade.stop is not None and not trade.leaving:
            target = self.world.prices[key] + trade.side.sign * ticks * TICK
            aimed = {"target_1": target, "target_2": None} if first else {"target_2": target}
            self.world.core.manager.portfolio.put(msgspec.structs.replace(trade, **aimed))
            self.world.injected["target"] += 1

    def kill_many(self) -> None:
        """Several terminals kill at once."""
        self.world.injected["kill pressed again"] += 1
        for _ in range(5):
            self.world.tell(Kill(self._name(), "another terminal"))
