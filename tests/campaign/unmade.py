"""Schedules of changes that do not come about: one seed is one, judged by the broker's own record in its time.

The broker takes placements and answers reads; changes, and now and then cancels, fail in every way there is. So no unit
may be without cover for more than two seconds, more may never rest than is held, and an exit ends flat.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.orders.messages import (
    Acknowledged,
    ModifyOrder,
    OrderReport,
    OrderType,
    Refused,
    Role,
    TagRead,
    Unanswered,
)
from tests.campaign.verdict import told
from tests.core.changing import UNMADE, Rest, fill_more, settings_by
from tests.core.entries import buy
from tests.core.hostile import LATENCY, OTHER, STOCK, TICK, World
from tests.core.oracles import Oracles
from tests.core.planned import CANCEL, MODIFY

NAKED_AT_MOST = 2 * SECOND
FLAT_WITHIN = 6 * SECOND
ANSWERED_WITHIN = 2 * SECOND
CHANGES_AT_MOST = 24
FAULTS = (*UNMADE, "lost-answer", "late", "slow-answer")


@dataclass
class _Write:
    at: Instant
    request: str
    order_type: OrderType
    heard: bool = False
    """Something came that may be its answer, or a row that shows what became of it."""
    answered: bool = False


@dataclass
class Line:
    """Watches what crosses the line: one change of an order under way, no price left before its time."""

    world: World
    writes: dict[str, _Write] = field(default_factory=dict)
    rests: dict[str, tuple[int, Instant]] = field(default_factory=dict)
    plainly_turned: Counter[str] = field(default_factory=Counter)
    """How often each stop was asked to become a limit while no earlier change of it could still be answered for."""
    seen: int = 0

    def check(self, _: World) -> None:
        for at, effect in self.world.sent[self.seen :]:
            if isinstance(effect, ModifyOrder):
                self._changed(at, effect)
        self.seen = len(self.world.sent)
        for order in self.world.orders.values():
            assert order.changes <= CHANGES_AT_MOST, f"{order.tag} was changed {order.changes} times"

    def hear(self, event: object) -> None:
        match event:
            case Acknowledged() | Refused() | Unanswered():
                write = self.writes.get(event.tag)
                if write is not None and event.request == write.request:
                    write.heard = write.answered = True
            case OrderReport():
                self._shown(event)
            case TagRead() if event.found is not None:
                self._shown(event.found)
            case _:
                pass

    def _shown(self, report: OrderReport) -> None:
        write = self.writes.get(report.tag)
        if write is not None:
            write.heard = True
        if report.order_type is OrderType.LIMIT and self.rests.get(report.tag, (0, 0))[0] != report.price:
            self.rests[report.tag] = report.price, self.world.now

    def _changed(self, at: Instant, change: ModifyOrder) -> None:
        before = self.writes.get(change.tag)
        order = self.world.by_tag(change.tag)
        turns = order is not None and order.stop and change.order_type is OrderType.LIMIT
        if before is not None and before.order_type is change.order_type:
            waited = before.heard or at - before.at >= ANSWERED_WITHIN
            assert waited, f"{change.request} left while {before.request} was under way"
        if turns and (before is None or before.answered):
            self.plainly_turned[change.tag] += 1
        price, since = self.rests.get(change.tag, (0, 0))
        if change.order_type is OrderType.LIMIT and not turns and price and change.price != price:
            assert at - since >= SECOND, (
                f"{change.request} walks a price that rested {(at - since) / SECOND} s"
            )
        self.writes[change.tag] = _Write(at, change.request, change.order_type)


class Drill(World):
    """A world whose line is watched."""

    def __init__(self, way: str) -> None:
        self.line = Line(self)
        super().__init__(settings_by(way))
        self.checks.append(self.line.check)

    def trade(self, key: str = STOCK, price: int | None = None, *, depth: int = 100_000) -> None:
        # Where a change names what is left, no order of anybody can prevent a fill from meeting it on its way.
        self.run(0)
        sent = [at for at, effect in self.sent[-20:] if isinstance(effect, ModifyOrder)]
        if self.quantity_is_rest and sent and self.now < sent[-1] + 2 * LATENCY:
            self.run(2 * LATENCY)
        super().trade(key, price, depth=depth)

    def tell(self, event: object) -> None:
        self.line.hear(event)
        super().tell(event)  # type: ignore[arg-type]


@dataclass(frozen=True)
class UnmadeRun:
    """What one schedule came to. ``broken`` names the law; empty when all held."""

    seed: int
    naked: int
    """Longest time with less at the exchange than is held, µs."""
    broken: str = ""


def run_unmade(seed: int) -> UnmadeRun:
    """Run one schedule to its end, whatever becomes of it."""
    draw = random.Random(seed)
    world = Drill(draw.choice(("modify", "replace")))
    rest = Rest(world)
    try:
        _run(draw, world, rest)
    except AssertionError as error:
        return UnmadeRun(seed, rest.longest_naked, f"UNMADE={seed}: {told(error)}")
    return UnmadeRun(seed, rest.longest_naked)


def _run(draw: random.Random, world: Drill, rest: Rest) -> None:
    Oracles(world)
    world.quantity_is_rest = draw.random() < 0.5
    world.stop_becomes_limit = draw.random() < 0.7
    if draw.random() < 0.6:
        world.liquidity[STOCK] = draw.choice((63, 100, 400))
    hanging = draw.random() < 0.2
    if hanging:
        world.faults.places += ["ok", draw.choice(("silent", "lost", "nothing"))]
    buy(world)
    world.run(draw.choice((200, 500, 900)) * MILLISECOND)
    if draw.random() < 0.9:
        fault = draw.choice(FAULTS)
        world.quantity_is_rest = world.quantity_is_rest and fault != "late"
        world.faults.standing[MODIFY] = fault
    spoilt = draw.random() < 0.2
    if spoilt:
        world.faults.standing[CANCEL] = draw.choice(UNMADE)
    for number in range(draw.randint(1, 5)):
        _act(draw, world, number)
    if spoilt:
        del world.faults.standing[CANCEL]
    _leave(draw, world)
    assert spoilt or rest.longest_naked <= NAKED_AT_MOST, f"naked for {rest.longest_naked / SECOND} s"
    outside = world.core.manager.portfolio.outside
    assert hanging or not outside, f"{outside} taken for somebody else's"


def _act(draw: random.Random, world: World, number: int) -> None:
    deed = draw.choice(("fill", "fill", "tighten", "tighten", "part", "rest", "heal"))
    trade = world.core.manager.portfolio.current(STOCK)
    if deed == "fill":
        for _ in range(draw.choice((1, 1, 3))):
            fill_more(world, draw.choice((7, 50, 300)))
            world.run(draw.choice((10, 120)) * MILLISECOND)
    elif deed == "tighten" and trade is not None and trade.stop is not None:
        first = trade.stop.trigger
        for step in range(1, draw.choice((1, 6, 28)) + 1):
            world.trade()
            world.tell(TightenStop(f"t{number}-{step}", STOCK, first + step * TICK))
            world.run(draw.choice((5, 200)) * MILLISECOND)
    elif deed == "part":
        world.tell(ExitPosition(f"half{number}", STOCK, half=True))
    elif deed == "heal":
        world.faults.standing.pop(MODIFY, None)
    late = (9_000,) if world.faults.standing.get(MODIFY) == "late" else ()
    world.run(draw.choice((20, 300, 1_100, 2_500, *late)) * MILLISECOND)


def _leave(draw: random.Random, world: Drill) -> None:
    """Close everything: what still works fills as it may, in pieces at first."""
    began = world.now
    world.tell(Kill("k", "test") if draw.random() < 0.5 else ExitPosition("x", STOCK))
    for _ in range(draw.choice((0, 0, 3, 40))):
        units = draw.choice((0, 0, 5, 90))
        several = len([order for order in world.live(STOCK) if order.role is not Role.ENTRY]) > 1
        # The first change to arrive brings a fill to the next one, which is still on its way.
        world.liquidity[STOCK] = 0 if world.quantity_is_rest and several else units
        world.trade(STOCK, world.prices[STOCK] - draw.randint(0, 8) * TICK)
        world.run(700 * MILLISECOND)
    world.liquidity.clear()
    began = world.now
    while world.position() and world.now - began < 30 * SECOND:
        world.trade()
        world.run(SECOND // 10)
    took = world.now - began
    assert took <= FLAT_WITHIN, f"flat {took / SECOND} s after the exit began"
    _second_exit(world)


def _second_exit(world: Drill) -> None:
    """Where no stop can be turned, and that was said plainly, the next exit does not ask again."""
    # A refusal that may speak of an earlier change of the same stop teaches nothing.
    asked = max(world.line.plainly_turned.values(), default=0)
    if world.stop_becomes_limit or asked < 2 or world.core.latch is not None:
        return
    world.faults.clear()
    buy(world, OTHER, "second")
    world.run(2 * SECOND)
    before = len(world.sent)
    world.tell(ExitPosition("y", OTHER))
    world.run(3 * SECOND)
    again = any(_turned(world, effect) for _, effect in world.sent[before:])
    assert not again, "a refusing broker was asked again"


def _turned(world: World, effect: object) -> str:
    """Return the stop that a request would turn into a limit; empty for any other."""
    if not isinstance(effect, ModifyOrder) or effect.order_type is not OrderType.LIMIT:
        return ""
    order = world.by_tag(effect.tag)
    return effect.tag if order is not None and order.role is Role.STOP else ""
