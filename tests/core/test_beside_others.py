"""Random schedules of an account that is not ours alone: nobody is ever short, and ours keeps its stop."""

import pytest

from tests.campaign.mutants import Mutant
from tests.campaign.others import run_others
from tests.campaign.others_mutants import OTHERS_MUTANTS, hunt_others


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_whatever_others_trade_beside_us_costs_ours_neither_its_side_nor_its_stop(first: int) -> None:
    assert [run.broken for run in map(run_others, range(first, first + 20)) if run.broken] == []


@pytest.mark.parametrize("mutant", OTHERS_MUTANTS[:1] + OTHERS_MUTANTS[3:5], ids=lambda mutant: mutant.name)
def test_a_planted_mistake_about_others_is_noticed(mutant: Mutant) -> None:
    assert hunt_others(mutant, 20).broken


# Found by random schedules.


def test_a_sale_of_theirs_told_by_a_read_and_then_by_its_order_leaves_ours_whole() -> None:
    assert run_others(5).broken == ""
