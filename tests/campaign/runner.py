"""The campaign itself: work for every core, gathered into one result."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.campaign.broker_mutants import NAMED_BROKER_MUTANTS
from tests.campaign.changing_mutants import CHANGING_MUTANTS, hunt_changing
from tests.campaign.faults import judge_faults, title_of
from tests.campaign.kills import KilledRun, run_killed
from tests.campaign.mutants import MUTANTS, WITHIN, Hunt, hunt
from tests.campaign.named_mutants import NAMED_MUTANTS, Named, hunt_named
from tests.campaign.others import run_others
from tests.campaign.others_mutants import OTHERS_MUTANTS, hunt_others
from tests.campaign.recovery_mutants import RECOVERY_MUTANTS, hunt_recovery
from tests.campaign.resting import run_resting
from tests.campaign.resting_mutants import RESTING_MUTANTS, hunt_resting
from tests.campaign.result import Result
from tests.campaign.schedule import SeedRun, run_seed
from tests.campaign.shell_mutants import NAMED_SHELL_MUTANTS, SHELL_MUTANTS
from tests.campaign.shells import ShellRun, hunt_shell, run_shell
from tests.campaign.unmade import UnmadeRun, run_unmade
from tests.campaign.wider import run_wider
from tests.campaign.wider_mutants import WIDER_MUTANTS, hunt_wider

ROOT = Path(__file__).resolve().parents[2]
BATCH = 8
INTERLEAVINGS = 58

EVERY_NAMED: tuple[Named, ...] = (*NAMED_MUTANTS, *NAMED_SHELL_MUTANTS, *NAMED_BROKER_MUTANTS)
Runs = list[SeedRun] | list[KilledRun] | list[ShellRun] | list[UnmadeRun]
Outcome = Runs | Hunt | tuple[dict[str, str], int]


@dataclass(frozen=True)
class Scale:
    """How much of everything is done."""

    seeds: int
    killed_runs: int
    mutants: int
    recovery_mutants: int
    others: int
    """Schedules of an account that is not ours alone."""
    others_mutants: int
    schedules_per_mutant: int
    whole_processes: bool
    shells: int
    """Deaths that a shell flattens after."""
    unmade: int
    """Schedules of changes that do not come about."""
    changing_mutants: int
    wider: int
    """Schedules of other products and of a second engine."""
    wider_mutants: int
    resting: int
    """Schedules of the trader's orders that rest."""
    resting_mutants: int


FULL = Scale(
    seeds=4_000,
    killed_runs=120,
    mutants=len(MUTANTS),
    recovery_mutants=len(RECOVERY_MUTANTS),
    others=2_000,
    others_mutants=len(OTHERS_MUTANTS),
    schedules_per_mutant=WITHIN,
    whole_processes=True,
    shells=2_000,
    unmade=2_000,
    changing_mutants=len(CHANGING_MUTANTS),
    wider=1_500,
    wider_mutants=len(WIDER_MUTANTS),
    resting=1_500,
    resting_mutants=len(RESTING_MUTANTS),
)
SMALL = Scale(
    seeds=24,
    killed_runs=3,
    mutants=8,
    recovery_mutants=1,
    others=40,
    others_mutants=4,
    schedules_per_mutant=80,
    whole_processes=False,
    shells=16,
    unmade=40,
    changing_mutants=2,
    wider=16,
    wider_mutants=2,
    resting=16,
    resting_mutants=2,
)


def run_seeds(first: int, count: int) -> list[SeedRun]:
    """Run schedules one after the other."""
    return [run_seed(seed) for seed in range(first, first + count)]


def run_beside_others(first: int, count: int) -> list[SeedRun]:
    """Run schedules of an account that is not ours alone, one after the other."""
    return [run_others(seed) for seed in range(first, first + count)]


def run_widers(first: int, count: int) -> list[SeedRun]:
    """Run schedules of a wider account one after the other."""
    return [run_wider(seed) for seed in range(first, first + count)]


def run_restings(first: int, count: int) -> list[SeedRun]:
    """Run schedules of the trader's orders that rest, one after the other."""
    return [run_resting(seed) for seed in range(first, first + count)]


def run_kills(first: int, count: int) -> list[KilledRun]:
    """Run runs with deaths one after the other."""
    return [run_killed(seed) for seed in range(first, first + count)]


def hunt_mutant(number: int, schedules: int) -> Hunt:
    """Hunt one mutant of the order path, by its place in the list."""
    return hunt(MUTANTS[number], schedules)


def run_shells(first: int, count: int) -> list[ShellRun]:
    """Let shells flatten after one death after the other."""
    return [run_shell(seed) for seed in range(first, first + count)]


def run_unmades(first: int, count: int) -> list[UnmadeRun]:
    """Run schedules of changes that do not come about one after the other."""
    return [run_unmade(seed) for seed in range(first, first + count)]


def hunt_changing_mutant(number: int) -> Hunt:
    """Hunt one mutant of how changes are made, by its place in the list."""
    return hunt_changing(CHANGING_MUTANTS[number])


def hunt_shell_mutant(number: int) -> Hunt:
    """Hunt one mutant of a shell's flatten, by its place in the list."""
    return hunt_shell(SHELL_MUTANTS[number])


def hunt_by_name(number: int) -> Hunt:
    """Run the test of one named mistake with it in place, by its place in the list."""
    return hunt_named(EVERY_NAMED[number])


def hunt_recovery_mutant(number: int) -> Hunt:
    """Hunt one mutant of the way back from a death, by its place in the list."""
    return hunt_recovery(RECOVERY_MUTANTS[number])


def hunt_others_mutant(number: int) -> Hunt:
    """Hunt one mutant about what others do, by its place in the list."""
    return hunt_others(OTHERS_MUTANTS[number])


def hunt_wider_mutant(number: int) -> Hunt:
    """Hunt one mutant about other products or a second engine, by its place in the list."""
    return hunt_wider(WIDER_MUTANTS[number])


def hunt_resting_mutant(number: int) -> Hunt:
    """Hunt one mutant about what rests by the trader's hand, by its place in the list."""
    return hunt_resting(RESTING_MUTANTS[number])


def campaign(scale: Scale, say: Callable[[str], None]) -> Result:
    """Do everything on all cores; ``say`` hears how far it is."""
    began = time.monotonic()
    result = Result()
    hunts: dict[int, Hunt] = {}
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        order: dict[Future[Outcome], int] = {}

        def submit(work: Callable[..., Outcome], *words: int) -> None:
            order[pool.submit(work, *words)] = len(order)

        _submit_all(scale, submit)
        for future in as_completed(order):
            outcome = future.result()
            if isinstance(outcome, Hunt):
                hunts[order[future]] = outcome
            elif isinstance(outcome, tuple):
                result.faults, result.fault_tests = outcome
            else:
                _take(result, outcome)
            say(_progress(result, len(hunts), time.monotonic() - began))
    result.hunts = [hunts[place] for place in sorted(hunts)]
    result.seeds.sort(key=lambda run: run.seed)
    result.killed.sort(key=lambda run: run.seed)
    result.shells.sort(key=lambda run: run.seed)
    result.unmade.sort(key=lambda run: run.seed)
    broken = [run.broken for run in result.seeds if run.broken]
    result.faults[title_of(INTERLEAVINGS)] = broken[0] if broken else "pass"
    result.seconds = time.monotonic() - began
    return result


def _submit_all(scale: Scale, submit: Callable[..., None]) -> None:
    """Hand out all work in the order in which it is to begin."""
    submit(judge, int(scale.whole_processes))
    for number in range(scale.mutants):
        submit(hunt_mutant, number, scale.schedules_per_mutant)
    hunts: tuple[tuple[Callable[..., Hunt], int], ...] = (
        (hunt_by_name, len(EVERY_NAMED)),
        (hunt_changing_mutant, scale.changing_mutants),
        (hunt_shell_mutant, len(SHELL_MUTANTS)),
        (hunt_recovery_mutant, scale.recovery_mutants),
        (hunt_others_mutant, scale.others_mutants),
        (hunt_wider_mutant, scale.wider_mutants),
        (hunt_resting_mutant, scale.resting_mutants),
    )
    for hunt_one, count in hunts:
        for number in range(count):
            submit(hunt_one, number)
    runs: tuple[tuple[Callable[..., Runs], int, int], ...] = (
        (run_unmades, scale.unmade, BATCH),
        (run_shells, scale.shells, BATCH),
        (run_beside_others, scale.others, BATCH),
        (run_widers, scale.wider, BATCH),
        (run_restings, scale.resting, BATCH),
        (run_kills, scale.killed_runs, 2),
        (run_seeds, scale.seeds, BATCH),
    )
    for run, count, batch in runs:
        for first in range(0, count, batch):
            submit(run, first, min(batch, count - first))


def judge(whole_processes: int) -> tuple[dict[str, str], int]:
    """Run the named faults' tests."""
    return judge_faults(ROOT, quick=not whole_processes)


def _take(result: Result, runs: Runs) -> None:
    for run in runs:
        if isinstance(run, SeedRun):
            result.seeds.append(run)
        elif isinstance(run, ShellRun):
            result.shells.append(run)
        elif isinstance(run, UnmadeRun):
            result.unmade.append(run)
        else:
            result.killed.append(run)


def _progress(result: Result, hunts: int, seconds: float) -> str:
    broken = sum(1 for run in result.seeds if run.broken)
    kills = sum(run.kills for run in result.killed)
    return f"{seconds:5.0f} s  {hunts} mutants hunted, {kills} kills, {len(result.seeds)} schedules, {broken} broken"
