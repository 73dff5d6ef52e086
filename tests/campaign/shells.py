"""Deaths of the engine that nobody brings back: a shell flattens what it left, under everything a broker does wrong.

One seed is one death: positions and orders of a short life, others' beside them, faults while the shell closes.
"""

import random
from collections import Counter
from dataclasses import dataclass

from engine.core.flatten_core import FlattenCore
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from tests.campaign.mutants import Hunt, Mutant, hunted
from tests.campaign.verdict import told
from tests.core.entries import buy
from tests.core.faults import outside
from tests.core.hostile import OPTION, OTHER, STOCK
from tests.core.shell import ShellWorld

KEYS = (STOCK, OTHER, OPTION)
WRITES = (PlaceOrder, ModifyOrder, CancelOrder)
FAULTS = ("lost", "lost-answer", "late", "refuse", "hold-back", "reject", "nothing", "slow-answer")
STANDING = ("lost", "refuse", "hold-back", "reject", "nothing")
READS = ("fail", "slow", "empty", "lagging")
WITHIN = 300
"""Deaths in which a mistake of the shell must be noticed."""

TAKES_AT_MOST = 90 * SECOND
"""Once the broker does everything right again, the shell is flat within this: its longest pauses included."""

MOST_TAKEN_BACK = 3
"""Exits of one instrument that a shell cancels: one that rests is moved, not cancelled and sent again."""


@dataclass(frozen=True)
class ShellRun:
    """What one death came to. ``broken`` names the law; empty when all held."""

    seed: int
    seconds: float
    """From the moment that the broker did everything right until flat."""
    writes: int
    broken: str = ""


def run_shell(seed: int) -> ShellRun:
    """Let an engine die and a shell flatten, whatever becomes of it."""
    life = _Life(seed)
    broken = ""
    try:
        life.run()
    except Exception as error:  # noqa: BLE001 - a shell that raises has broken a law, too
        broken = f"SHELL={seed}: {told(error)}"
    return ShellRun(seed, life.seconds, len(life.writes), broken)


def hunt_shell(mutant: Mutant, runs: int = WITHIN) -> Hunt:
    """Let shells with a mistake in them flatten until one breaks a law."""
    return hunted(mutant, lambda seed: run_shell(seed).broken, runs)


class _Life:
    """A world, the laws that are checked after each event, and what a seed draws."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.world = ShellWorld()
        self.seconds = 0.0
        self._shell: FlattenCore | None = None
        self._others = False
        """Whether positions stand that no order of the broker's list tells of."""
        self._seen = 0
        self._most: dict[str, int] = {}
        """By instrument, the smallest position since the death, with its sign."""
        self._reads: tuple[str, ...] = READS
        self._changes_fail = False
        """Whether changes go wrong: then an exit is taken back and placed anew by the engine's own rules."""
        self._in_flight = ""
        """The instrument in which an entry was on its way at the death: it may fill whatever the shell does."""

    @property
    def writes(self) -> list[tuple[Instant, object]]:
        return [(at, effect) for at, effect in self.world.sent if isinstance(effect, WRITES)]

    def run(self) -> None:
        draw, world = self.draw, self.world
        self._live()
        world.faults.clear()
        known = draw.random() < 0.7
        if not known or any(order.external for order in world.orders.values()) or self._others:
            # Lists that tell less are found out by what is known alone, or by the reader of the lists before core.
            self._reads = tuple(fault for fault in READS if fault not in ("empty", "lagging"))
        if known and draw.random() < 0.6:
            # Only what the ledger tells of can be waited for.
            world.faults.places.append(draw.choice(("lost", "late", "silent", "lost-answer")))
            self._in_flight = draw.choice(KEYS)
            buy(world, self._in_flight, "last")
            world.run(draw.choice((0, 60, 500)) * MILLISECOND)
        on_its_way = list(world._queue)
        world.omits_flat = draw.random() < 0.5
        self._spoil()
        world.stop_becomes_limit = not self._changes_fail or draw.random() < 0.5
        self._shell = world.die(known=known)
        for at, number, act in on_its_way:
            world._queue.append((at, number - 1_000_000, act))
        world._queue.sort()
        world.checks.append(lambda _: self._laws())
        self._suffer()
        self._be_good()
        began = world.now
        while not self._shell.flat and world.now - began < TAKES_AT_MOST:
            self._trade()
            world.run(500 * MILLISECOND)
        self.seconds = (world.now - began) / SECOND
        left = {key: world.position(key) for key in KEYS if world.position(key)}
        assert self._shell.flat, f"not flat after {TAKES_AT_MOST // SECOND} s: {left}, {self._shell.unknown}"

    def _live(self) -> None:
        """Open some positions, ours and others'."""
        draw, world = self.draw, self.world
        for number, key in enumerate(draw.sample(KEYS, draw.randint(1, 3))):
            if draw.random() < 0.75:
                buy(world, key, f"buy{number}")
                world.run(draw.choice((100, 1_000, 2_500)) * MILLISECOND)
            else:
                self._others = True
                outside(world, key, draw.choice((-1, 1)) * 65 * draw.randint(1, 4))
            if draw.random() < 0.2:
                side = draw.choice((Side.BUY, Side.SELL))
                price = world.prices[key] * (90 if side is Side.BUY else 110) // 100
                world.phone(key, side, 65, price=price)

    def _spoil(self) -> None:
        draw, faults = self.draw, self.world.faults
        faults.places += draw.choices(("ok", *FAULTS), k=draw.randint(0, 4))
        self._changes_fail = draw.random() < 0.6
        if self._changes_fail:
            faults.modifies += draw.choices(("ok", *FAULTS), k=draw.randint(1, 6))
        faults.cancels += draw.choices(("ok", *FAULTS), k=draw.randint(0, 4))
        if draw.random() < 0.3:
            kinds = ("place", "modify", "cancel") if self._changes_fail else ("place", "cancel")
            faults.standing[draw.choice(kinds)] = draw.choice(STANDING)
        if draw.random() < 0.5:
            faults.standing["read"] = draw.choice(self._reads)

    def _suffer(self) -> None:
        """Close for a while with a broker that does wrong, the time running out perhaps and going on."""
        draw, world = self.draw, self.world
        for _ in range(draw.randint(2, 12)):
            key = draw.choice(KEYS)
            deed = draw.random()
            if deed < 0.15:
                world.liquidity[key] = draw.choice((0, 10, 65))
            elif deed < 0.25 and world.position(key):
                world.lock(key, Side.SELL if world.position(key) > 0 else Side.BUY)
            elif deed < 0.35:
                world.down = not world.down
                self._changes_fail = True
            elif deed < 0.45:
                world.halted = not world.halted
                self._changes_fail = True
            elif deed < 0.55:
                world.faults.standing["read"] = draw.choice((*self._reads, "ok"))
            else:
                self._trade()
            world.run(draw.choice((50, 300, 1_000, 2_500, 6_000)) * MILLISECOND)

    def _be_good(self) -> None:
        world = self.world
        world.faults.clear()
        world.down = False
        world.liquidity.clear()
        world.stop_becomes_limit = True
        for key in KEYS:
            world.unlock(key)
        world.reopen()

    def _trade(self) -> None:
        for key in KEYS:
            self.world.trade(key)

    def _laws(self) -> None:
        self._never_more()
        self._only_what_closes()
        self._flat_is_true()

    def _never_more(self) -> None:
        """O1 and O2: the shell makes no position larger, and turns none around."""
        world = self.world
        for key in KEYS:
            position = world.position(key)
            most = self._most.setdefault(key, position)
            if key == self._in_flight or any(o.external and o.filled for o in world.orders.values()):
                continue
            assert position * most >= 0, f"{key} turned from {most} to {position}"
            assert abs(position) <= abs(most), f"{key} grew from {most} to {position}"
            self._most[key] = position

    def _only_what_closes(self) -> None:
        """O4 and O6, and that an exit that rests is moved."""
        world = self.world
        fresh, self._seen = world.sent[self._seen :], len(world.sent)
        for _, effect in fresh:
            if isinstance(effect, PlaceOrder):
                assert effect.role is not Role.ENTRY, f"an entry left: {effect}"
        taken_back = Counter(
            order.instrument
            for order in world.orders.values()
            if order.role is Role.EXIT and order.status == "cancelled" and not order.external
        )
        most = 0 if self._changes_fail else max(taken_back.values(), default=0)
        assert most <= MOST_TAKEN_BACK, f"{most} exits taken back in one instrument"
        recent = [1 for at, _ in self.writes[-30:] if at > world.now - SECOND]
        assert len(recent) <= 10, f"{len(recent)} writes in a second"

    def _flat_is_true(self) -> None:
        """O7: FLAT only when it is, and nothing is live."""
        if self._shell is None or not self._shell.flat:
            return
        left = {key: self.world.position(key) for key in KEYS if self.world.position(key)}
        assert not left, f"FLAT with {left}"
        live = [order.order_id for order in self.world.live()]
        assert not live, f"FLAT with {live} live"
