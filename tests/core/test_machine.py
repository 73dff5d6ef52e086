"""Every rule is a fault or a trader's act; the laws are checked after each event. Hypothesis shrinks what breaks."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from engine.market.clock import SECOND
from engine.market.side import Side
from tests.core.hostile import OPTION, OTHER, STOCK, World
from tests.core.oracles import Oracles
from tests.core.schedules import READ_FAULTS, REPORT_FAULTS, REQUEST_FAULTS, Trader, run_schedule
from tests.rows import sampled

KEYS = st.sampled_from((STOCK, OTHER, OPTION))
SIDES = st.sampled_from(tuple(Side))


class Desk(RuleBasedStateMachine):
    world: World
    oracles: Oracles
    trader: Trader

    @initialize()
    def open(self) -> None:
        self.world = World()
        self.oracles = Oracles(self.world)
        self.trader = Trader(self.world)

    @rule(key=KEYS, side=SIDES)
    def enter(self, key: str, side: Side) -> None:
        self.trader.move(key, 0)
        self.trader.enter(key, side)

    @rule(milliseconds=st.sampled_from((20, 60, 150, 400, 1_000, 2_500, 6_000)))
    def wait(self, milliseconds: int) -> None:
        self.trader.wait(milliseconds)

    @rule(key=KEYS, ticks=st.integers(-300, 300))
    def move(self, key: str, ticks: int) -> None:
        self.trader.move(key, ticks)

    @rule(key=KEYS, units=st.sampled_from((None, 0, 65, 130)))
    def starve(self, key: str, units: int | None) -> None:
        self.trader.starve(key, units)

    @rule(key=KEYS, half=st.booleans())
    def leave(self, key: str, *, half: bool) -> None:
        self.trader.exit(key, half=half)

    @rule(key=KEYS, ticks=st.integers(-5, 40))
    def tighten(self, key: str, ticks: int) -> None:
        self.trader.tighten(key, ticks)

    @rule(key=KEYS)
    def cancel_stop(self, key: str) -> None:
        self.trader.cancel_stop(key)

    @rule(key=KEYS)
    def late_fill(self, key: str) -> None:
        self.trader.late_fill(key)

    @rule()
    def kill(self) -> None:
        self.trader.kill()

    @rule(fault=st.sampled_from(REQUEST_FAULTS))
    def spoil_request(self, fault: str) -> None:
        self.world.faults.requests.append(fault)

    @rule(fault=st.sampled_from(REPORT_FAULTS))
    def spoil_report(self, fault: str) -> None:
        self.world.faults.reports.append(fault)

    @rule(fault=st.sampled_from(READ_FAULTS))
    def spoil_read(self, fault: str) -> None:
        self.world.faults.reads.append(fault)

    @invariant()
    def nothing_is_broken(self) -> None:
        self.oracles.check(self.world)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        faults = self.world.faults
        for spoilt in (faults.requests, faults.reports, faults.reads):
            spoilt.clear()
        self.world.liquidity.clear()
        self.world.settle(40 * SECOND)
        self.oracles.at_rest()


def test_no_sequence_of_faults_and_acts_breaks_a_law() -> None:
    run_state_machine_as_test(Desk, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))


@pytest.mark.parametrize("block", sampled(range(8), lambda block: block < 3))
def test_random_schedules_keep_every_law(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        try:
            run_schedule(seed)
        except AssertionError as error:
            raise AssertionError(f"SEED={seed}: {error}") from error
