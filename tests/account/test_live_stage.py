"""The rollout's stage of a running live engine: nothing is entered in PAPER, and a shell's demotion reaches it."""

import json
from uuid import uuid4

from engine.contract.commands import ArmManual, ManualOrder, Outcome, Side
from engine.rollout.stages import Stage
from engine.world.directories import World
from tests.account.live import LIVE, enter, held, make_ready, stop_of, tagged_calls
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, clean_environment, wait_until
from tests.recordings import EQ_A, EQ_B


def test_a_demotion_from_a_shell_stops_entries_at_once_and_leaves_what_protects(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE)
    make_ready(engine, market_at_ten)
    assert engine.view().header.stage == "FULL (REHEARSAL)"
    quantity = enter(engine, market_at_ten)

    words = settings_of(market_at_ten, *LIVE)
    elsewhere = clean_environment(XDG_STATE_HOME=str(home.home.root / "another"))
    told = home.run("status", "--json", *words, environment=elsewhere)
    assert json.loads(told.stdout)["stage"] == "FULL (REHEARSAL)", "the engine's, which is in force"
    done = home.run("rollout", "demote", "paper", *words, typed="DEMOTE\n")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until(lambda: engine.view().header.stage == "PAPER", "PAPER on the screen")
    assert json.loads(home.run("status", "--json", *words).stdout)["stage"] == "PAPER"
    _, answer = engine.ask(
        ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder("behind the fall", EQ_B, Side.BUY)
    )
    assert answer.outcome is Outcome.REFUSED
    assert "(STAGE)" in answer.text
    assert "cockpit rollout" in answer.text
    assert len(tagged_calls(market_at_ten, "E")) == 1
    assert held(market_at_ten) == quantity
    assert stop_of(market_at_ten) is not None
    assert any(f"the rollout falls to {Stage.PAPER.value}" in fact[2] for fact in engine.facts("event"))

    closed = home.run("flatten", "--world", World.ACCOUNT.value, *words)
    assert closed.returncode == 0, closed.stdout + closed.stderr
    assert held(market_at_ten, EQ_A) == 0
