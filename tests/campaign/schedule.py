"""One seed is one schedule: trader, market and broker faults in random order, every law checked after every event."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import config
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from tests.campaign.intruder import Intruder, UnconfirmedWorld
from tests.campaign.resting_laws import RestingLaws
from tests.campaign.troubles import Family, Nakedness, hindrance
from tests.campaign.verdict import told
from tests.campaign.watch import Watch
from tests.core.hostile import OPTION, OTHER, STOCK
from tests.core.oracles import Oracles
from tests.core.schedules import READ_FAULTS, REPORT_FAULTS, REQUEST_FAULTS
from tests.core.silence import NeverSilent

STEPS = 120
KEYS = (STOCK, OTHER, OPTION)
BAD_PRICES = ((0, 1), (1, 10), (7, 10), (8, 10), (9, 10), (11, 10), (12, 10), (13, 10))
"""What a bad tick shows, as a part of the last price. Ten times the price would only stretch the day's profile."""

KINDS = ("modify", "modify", "cancel")
SPOILT = ("lost", "lost-answer", "refuse", "reject", "nothing", "pending")
WHILES = (500, 2_000, 6_000, 20_000)
"""Milliseconds for which one kind of write fails."""
_SHARED = 0.5
"""Part of the schedules in which the account is not ours alone."""

Deed = Callable[[], None]


@dataclass(frozen=True)
class SeedRun:
    """What one schedule came to. ``broken`` names the step and the law; empty when all held."""

    seed: int
    digest: str
    injected: dict[str, int]
    naked: int
    """Longest time that a position was without a full stop at the exchange and without an exit, µs."""
    naked_known: int
    """The same, counted from when the engine had been told of all of it, µs."""
    naked_by_family: dict[Family, int]
    """By the worst trouble that was about: longest time with nothing at the exchange that would close, µs."""
    fills: int
    requests: int
    broken: str = ""


class Schedule:
    """A world, its oracles and the steps that a seed draws for it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.step = 0
        self.draw = random.Random(seed)
        self.world = self._world()
        self._read_rules()
        self.oracles = Oracles(self.world)
        self.oracles.owned.hindered = hindrance(self.world.troubles)
        self.watch = Watch(self.world, self.oracles)
        self.rests = RestingLaws(self.world)
        self.silence = NeverSilent(self.world)
        self.nakedness = Nakedness(self.world, self.oracles.owned, self.world.troubles)
        self.saboteur = Intruder(self.world)
        self.others = self.draw.random() < _SHARED
        """Whether somebody else trades on the account, too."""

    def _world(self) -> UnconfirmedWorld:
        return UnconfirmedWorld(self._settings())

    def _settings(self) -> config.Settings:
        """Draw which way an exit goes first."""
        way = self.draw.choice(("modify", "replace"))
        known = "orders" in config.Settings.model_fields
        return config.Settings.model_validate({"orders": {"exit_by": way}} if known else {})

    def _read_rules(self) -> None:
        """Draw how the broker behaves where nobody has confirmed it."""
        draw, world = self.draw, self.world
        world.quantity_is_rest = draw.random() < 0.3
        world.stop_becomes_limit = draw.random() < 0.7
        world.limit_becomes_stop = draw.random() < 0.5
        world.refuses_in_halt = draw.random() < 0.5
        world.omits_flat = draw.random() < 0.5

    def run(self, steps: int = STEPS) -> None:
        """Take every step, then take all faults away and let everything settle; AssertionError names a broken law."""
        deeds = self._deeds()
        weights = [weight for weight, _ in deeds]
        for self.step in range(1, steps + 1):
            self.draw.choices(deeds, weights)[0][1]()
        self.step = steps + 1
        self.world.counted.clear()
        self.world.liquidity.clear()
        self.world.down = False
        self.saboteur.make_good()
        self.world.settle(40 * SECOND)
        self.step += 1
        if self.draw.random() < 0.5:
            self.saboteur.kill()
            self.world.settle(20 * SECOND)
        self.step += 1
        self.nakedness.finish()
        self.oracles.at_rest()

    def _deeds(self) -> tuple[tuple[int, Deed], ...]:
        draw, world, saboteur = self.draw, self.world, self.saboteur
        shared = int(self.others)

        def key() -> str:
            return draw.choice(KEYS)

        def side() -> Side:
            return draw.choice((Side.BUY, Side.SELL))

        def pieces() -> int:
            return draw.choice((1, 1, 3, 5))

        return (
            (200, lambda: saboteur.enter(key(), side())),
            (
                80,
                lambda: saboteur.rest(key(), side(), draw.randint(5, 60), stop_entry=draw.random() < 0.5),
            ),
            (10, lambda: saboteur.cancel_resting(key())),
            (300, lambda: saboteur.wait(draw.choice((20, 60, 150, 400, 1_000, 2_500, 6_000)))),
            (140, lambda: saboteur.move(key(), draw.randint(-60, 60))),
            (40, lambda: saboteur.move(key(), draw.randint(-400, 400))),
            (40, lambda: saboteur.starve(key(), draw.choice((None, None, 0, 65, 130, 50)))),
            (40, lambda: saboteur.exit(key(), half=draw.random() < 0.6)),
            (20, lambda: saboteur.breakeven(key())),
            (40, lambda: saboteur.tighten(key(), draw.randint(-5, 40))),
            (12, lambda: saboteur.tighten_often(key())),
            (10, lambda: saboteur.pause(paused=draw.random() < 0.15)),
            (20, lambda: saboteur.cancel_stop(key())),
            (40, lambda: saboteur.late_fill(key())),
            (3, saboteur.kill),
            (2, saboteur.kill_many),
            (40, saboteur.rearm),
            (10, lambda: saboteur.disguise_stop(key())),
            (5, lambda: saboteur.go_down(draw.choice((200, 900, 3_000, 7_000)))),
            (12, lambda: saboteur.bad_tick(key(), draw.choice(BAD_PRICES))),
            (12, lambda: saboteur.old_update(key())),
            (12, lambda: saboteur.repeat_report(draw.randrange(1_000))),
            (8, saboteur.restart_line),
            (60, lambda: world.faults.requests.append(draw.choice(REQUEST_FAULTS))),
            (60, lambda: world.faults.reports.append(draw.choice(REPORT_FAULTS))),
            (25, lambda: world.faults.reads.append(draw.choice(READ_FAULTS))),
            (10, lambda: saboteur.spoil(draw.choice(KINDS), draw.choice(SPOILT), draw.choice(WHILES))),
            (3, lambda: saboteur.storm(draw.choice((500, 2_000, 5_000)))),
            (8, lambda: saboteur.fall_silent(draw.choice((2_000, 8_000, 25_000)))),
            (3, lambda: saboteur.halt(draw.choice((1_000, 6_000)), announced=draw.random() < 0.7)),
            (5, lambda: saboteur.lock(key(), side(), draw.choice((1_000, 5_000, 12_000)))),
            (6, lambda: saboteur.change_often(key())),
            (2 * shared, lambda: saboteur.square_off(pieces=pieces(), keeping_stops=draw.random() < 0.5)),
            (12 * shared, lambda: saboteur.phone_in(key(), side(), draw.choice((20, 200)), pieces())),
            (20 * shared, lambda: saboteur.phone_out(key(), draw.choice((2, 50, 100, 150)), pieces())),
            (8 * shared, lambda: saboteur.phone_rests(key(), draw.choice((5, 60, 500)), stop=False)),
            (8 * shared, lambda: saboteur.phone_rests(key(), draw.choice((5, 60, 500)), stop=True)),
            (6 * shared, lambda: saboteur.leave_waiting(key(), draw.choice((-40, 40, 900)), pieces())),
            (30, lambda: saboteur.aim(key(), draw.randint(2, 40), first=draw.random() < 0.3)),
        )


def run_seed(seed: int, steps: int = STEPS) -> SeedRun:
    """Run one schedule to its end, whatever becomes of it."""
    return outcome_of(Schedule(seed), steps)


def outcome_of(schedule: Schedule, steps: int = STEPS, name: str = "SEED") -> SeedRun:
    """Run a schedule to its end, whatever becomes of it."""
    world = schedule.world
    broken = ""
    try:
        schedule.run(steps)
    except Exception as error:  # noqa: BLE001 - a core that raises has broken a law, too; the campaign goes on
        broken = told(error)
    if broken:
        at = (world.now - world.events[0][0]) // MILLISECOND
        broken = f"{name}={schedule.seed} STEP={schedule.step} after {at} ms: {broken}"
    return SeedRun(
        schedule.seed,
        world.digest(),
        dict(world.injected),
        schedule.oracles.longest_naked,
        schedule.watch.naked_known,
        dict(schedule.nakedness.worst),
        world.fills,
        len(world.sent),
        broken,
    )
