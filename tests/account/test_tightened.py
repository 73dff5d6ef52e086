"""A restart on a day that already began: tighter limits count at once, looser ones wait and say so."""

import pytest

from engine.contract.commands import StopEngine
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until


def told(engine: Engine) -> list[str]:
    return [line.text for line in engine.view().events]


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_a_run_that_is_resumed_goes_by_what_its_owner_tightened_and_says_what_waits(
    home: Outside, market_at_ten: RunningFake, mode: str
) -> None:
    begun = f"account.mode={mode}"
    engine = begin(home, market_at_ten, begun)
    before = engine.view().risk
    assert before.positions_limit == 3
    engine.kill_process()
    tighter = (
        "risk.max_positions=1",
        "risk.max_daily_loss_pct=2",
        "session.flat_by=14:00",
        "kill.scope=account",
        "risk.max_leverage=5",
        "stop.atr_multiple=3",
    )
    engine = begin(home, market_at_ten, begun, *tighter)
    risk, lines = engine.view().risk, told(engine)
    assert risk.positions_limit == 1
    assert risk.day_loss_limit * 5 == before.day_loss_limit * 2
    assert risk.exposure_limit == before.exposure_limit
    for words in (
        "risk.max_positions is 1 from now on, 3 before",
        "risk.max_daily_loss_pct is 2 from now on, 5 before",
        "risk.max_leverage stays 3 today; 5 counts from the next trading day",
        "session.flat_by is 14:00 from now on, auto before",
        "kill.scope is account from now on, intraday before",
        "stop.atr_multiple stays 2 in this run; 3 counts from the next one",
    ):
        assert words in lines, words
    wait_until(lambda: engine.facts("day_state"), "what was tightened on disk")
    engine.kill_process()
    engine = begin(home, market_at_ten, begun)
    assert engine.view().risk.positions_limit == 1
    assert "risk.max_positions stays 1 today; 3 counts from the next trading day" in told(engine)
    assert "session.flat_by stays 14:00 today; auto counts from the next trading day" in told(engine)


def test_a_new_run_of_the_same_day_begins_under_the_limits_of_the_one_before(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, "risk.max_positions=2")
    engine.view()
    engine.do(StopEngine("end"))
    wait_until(lambda: not engine.is_alive, "the engine to end")
    engine = begin(home, market_at_ten, "risk.max_positions=6")
    assert engine.view().risk.positions_limit == 2
    assert "risk.max_positions stays 2 today; 6 counts from the next trading day" in told(engine)
