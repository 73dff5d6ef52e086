"""Random schedules of changes that do not come about keep every law."""

import pytest

from tests.campaign.unmade import run_unmade


@pytest.mark.parametrize("block", range(5))
def test_schedules_of_changes_that_do_not_come_about_keep_every_law(block: int) -> None:
    found = [run_unmade(seed) for seed in range(block * 30, block * 30 + 30)]
    assert [run.broken for run in found if run.broken] == []
    assert max(run.naked for run in found) > 0
