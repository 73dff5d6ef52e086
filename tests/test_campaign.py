"""The campaign in small: it repeats itself bit for bit, it bites, and its tables are true."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from engine.orders.broker_events import BrokerEvents
from tests.campaign.changing_mutants import CHANGING_MUTANTS, hunt_changing
from tests.campaign.fault_tests import ELSEWHERE, FROM_OUTSIDE
from tests.campaign.faults import judge_faults, title_of
from tests.campaign.kills import run_killed
from tests.campaign.mutants import MUTANTS, Hunt, Mutant, hunt, planted
from tests.campaign.named_mutants import Named, hunt_named
from tests.campaign.resting import run_resting
from tests.campaign.resting_mutants import RESTING_MUTANTS, hunt_resting
from tests.campaign.result import Result, percentile
from tests.campaign.runner import EVERY_NAMED
from tests.campaign.schedule import run_seed
from tests.campaign.shell_mutants import SHELL_MUTANTS
from tests.campaign.shells import hunt_shell, run_shell
from tests.campaign.unmade import run_unmade
from tests.campaign.verdict import WORDLESS
from tests.campaign.wider import run_wider
from tests.campaign.wider_mutants import WIDER_MUTANTS, hunt_wider
from tests.rows import sampled

ROOT = Path(__file__).resolve().parents[1]


def _wordless() -> None:
    raise AssertionError


def test_schedules_keep_every_law_and_trade() -> None:
    runs = [run_seed(seed) for seed in range(10_000, 10_004)]
    assert [run.broken for run in runs if run.broken] == []
    assert sum(run.fills for run in runs) > 4
    assert sum(sum(run.injected.values()) for run in runs) > 40


# Found by random schedules.


@pytest.mark.parametrize("seed", [50_153, 50_169, 50_465])
def test_schedules_in_which_news_or_fills_overtook_others_keep_every_law(seed: int) -> None:
    assert run_seed(seed).broken == ""


def test_a_seed_is_the_same_schedule_in_another_process_under_another_hash_seed() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-m", "tests.campaign"],
            cwd=ROOT,
            env={**os.environ, "SEED": "5", "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert said[0].startswith("SEED=5 ")
    assert said[0] == said[1]


def test_a_planted_mistake_is_noticed_and_leaves_nothing_behind() -> None:
    mutant = next(one for one in MUTANTS if one.name == "resend under the old tag")
    receive = BrokerEvents.receive
    found = hunt(mutant, schedules=20)
    assert "left twice" in found.broken
    assert f"SEED={found.seed} STEP=" in found.broken
    assert BrokerEvents.receive is receive
    with planted(mutant):
        assert BrokerEvents.receive is not receive


@pytest.mark.parametrize("named", EVERY_NAMED, ids=lambda named: named.mutant.name)
def test_a_planted_mistake_is_noticed_by_the_test_that_speaks_for_it(named: Named) -> None:
    named.test()
    assert hunt_named(named).seed is not None


def test_a_shell_flattens_what_dead_engines_left_under_everything_a_broker_does() -> None:
    runs = [run_shell(seed) for seed in range(60)]
    assert [run.broken for run in runs if run.broken] == []
    assert sum(run.writes for run in runs) > 100


@pytest.mark.parametrize("mutant", SHELL_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_of_the_shell_is_noticed(mutant: Mutant) -> None:
    assert hunt_shell(mutant, runs=60).seed is not None


@pytest.mark.parametrize(
    "name", ["a partly filled exit is moved by a change", "every wish for an order leaves at once"]
)
def test_a_mistake_in_how_changes_are_made_is_noticed(name: str) -> None:
    mutant = next(one for one in CHANGING_MUTANTS if one.name == name)
    found = hunt_changing(mutant, schedules=10)
    assert found.broken.startswith(f"UNMADE={found.seed}: ")
    assert run_unmade(found.seed or 0).broken == ""


@pytest.mark.parametrize("seed", [112, 175, 1_009, 1_047, 1_076, 1_136, 2_039, 7_966])
def test_schedules_of_other_products_and_a_second_engine_keep_every_law(seed: int) -> None:
    run = run_wider(seed)
    assert run.broken == ""
    assert run.fills


@pytest.mark.parametrize(
    "name", ["what is carried is closed as intraday", "another engine's orders are taken for ours"]
)
def test_a_mistake_about_other_products_or_a_second_engine_is_noticed(name: str) -> None:
    mutant = next(one for one in WIDER_MUTANTS if one.name == name)
    found = hunt_wider(mutant, schedules=20)
    assert found.broken.startswith(f"WIDER={found.seed} ")
    assert run_wider(found.seed or 0).broken == ""


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (lambda _: None, "TypeError: "),
        (lambda inbox, *_: inbox.no_such_name, "AttributeError: "),
        (lambda *_: _wordless(), WORDLESS),
    ],
)
def test_a_mistake_that_falls_over_or_meets_a_mute_oracle_is_not_caught(
    swap: Callable[..., object], said: str
) -> None:
    found = hunt(
        Mutant("a mistake that fits nothing", lambda: ((BrokerEvents, "receive", swap),)), schedules=3
    )
    assert found.seed is None
    assert said in found.broken
    result = Result(hunts=[found])
    assert not result.good
    assert "NOT CAUGHT by a law" in result.table()


@pytest.mark.parametrize(
    ("name", "laws"),
    sampled(
        [
            (
                "no fence: a read older than the last fill counts",
                ("taken for somebody else's", "has lain bare for"),
            ),
            ("flat said on a failed read", ("FLAT, and no read of the broker has ever counted",)),
        ],
        lambda row: row[0].startswith("flat said"),
    ),
)
def test_a_read_that_proves_nothing_is_noticed_by_the_law_it_breaks(name: str, laws: tuple[str, ...]) -> None:
    found = hunt(next(one for one in MUTANTS if one.name == name), schedules=200)
    assert found.seed is not None
    assert any(law in found.broken for law in laws), found.broken


@pytest.mark.parametrize("seed", range(6))
def test_schedules_of_what_rests_by_the_traders_hand_keep_every_law(seed: int) -> None:
    assert run_resting(seed).broken == ""


@pytest.mark.parametrize(
    "mutant",
    sampled(RESTING_MUTANTS, lambda mutant: not mutant.name.startswith("both sides of")),
    ids=lambda mutant: mutant.name,
)
def test_a_mistake_about_what_rests_is_noticed(mutant: Mutant) -> None:
    found = hunt_resting(mutant, schedules=60)
    assert found.broken.startswith(f"RESTING={found.seed} ")


def test_a_law_that_breaks_counts_against_the_campaign() -> None:
    with planted(next(one for one in MUTANTS if one.name == "the kill says flat without asking")):
        broken = next(run for run in (run_seed(seed) for seed in range(20)) if run.broken)
    result = Result(seeds=[broken], hunts=[Hunt("a mistake", None, "", 20)], faults={title_of(1): "no words"})
    record = result.record()
    assert not result.good
    assert (record["laws_broken"], record["mutations"], record["caught"]) == (1, 1, 0)
    assert broken.broken in result.table()


def test_a_run_with_deaths_in_it_ends_like_one_undisturbed() -> None:
    run = run_killed(3)
    assert run.differs == ""
    assert run.kills == run.recovered > 0


@pytest.mark.parametrize("names", [*ELSEWHERE.values(), *FROM_OUTSIDE.values()])
def test_every_test_that_speaks_for_a_fault_exists(names: tuple[str, ...]) -> None:
    for name in names:
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text("utf-8"), name


def test_a_fault_whose_test_is_gone_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "tests" / "core").mkdir(parents=True)
    named = tmp_path / "tests" / "core" / "test_faults.py"
    named.write_text("def test_01_one() -> None:\n    assert False, 'a reason'\n", "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        verdicts, ran = pool.submit(judge_faults, tmp_path, quick=True).result()
    assert ran == 1
    assert "a reason" in verdicts[title_of(1)]
    assert verdicts[title_of(22)].endswith("no such test")


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = range(1, 101)
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50, 99, 100)
    assert percentile([], 99) == 0
