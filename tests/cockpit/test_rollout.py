"""The rollout's page tells stage, caps, drill, and of each line what stands, what is asked for and what is missing."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.screens.rollout import paint_rollout
from cockpit.state.rollout_reading import RolloutProcess, RolloutReading, read_rollout
from engine.operations.desk import open_desk
from tests.cockpit.desk import panel_text
from tests.cockpit.pictured_rollout import MANUAL, ON_THE_WAY, REPORT
from tests.cockpit.pictures import picture
from tests.cockpit.scripted import Desk, ScriptedRollout


def text_of(reading: RolloutReading | None, width: int = 120) -> str:
    lines = paint_rollout(reading, width)
    assert {sum(len(text) for text, _ in line) for line in lines} == {width}
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize("width", [40, 78, 118, 158])
def test_every_line_of_a_gate_says_what_stands_what_is_asked_and_what_is_missing(width: int) -> None:
    shown = " ".join(text_of(ON_THE_WAY, width).split())
    for said in (
        "stage PAPER your own orders PAPER",
        "✗ sessions recorded to their end: 12, 02 Nov 2026 to 17 Nov 2026",
        "asked for: at least 20",
        "missing: 8 sessions more · at the pace so far in 8 sessions",
        "NOT RECORDED: sessions with every stop proven",
        "4 of 6 lines are not met; nobody can say in how many sessions",
        "the last kill drill is older than seven days",
        "no live entry; exits and stops pass in every stage",
    ):
        assert said in shown, said


def test_a_gate_that_is_met_names_the_command_that_asks_for_the_word() -> None:
    shown = " ".join(text_of(ON_THE_WAY).split())
    assert MANUAL.met
    assert "`cockpit rollout promote --manual` asks for a word" in shown


def test_the_forecast_is_the_slowest_line_and_the_newest_change_stands_first() -> None:
    known = tuple(one for one in REPORT.gates[0].criteria if one.sessions is not None)
    gate = replace(REPORT.gates[0], criteria=known)
    sight = ON_THE_WAY.sight
    assert sight is not None
    shown = text_of(RolloutReading(replace(sight, report=replace(REPORT, gates=(gate,)))))
    assert "at the pace so far 8 sessions to go at the earliest" in shown
    assert shown.index("demoted SMALL to PAPER") < shown.index("promoted PAPER to SMALL")


def test_a_record_that_is_not_believed_and_one_that_does_not_read_are_told_as_that() -> None:
    sight = ON_THE_WAY.sight
    assert sight is not None
    doubtful = RolloutReading(replace(sight, report=replace(REPORT, problem="the chain breaks at row 3")))
    assert "NOT BELIEVED, so PAPER for entries: the chain breaks at row 3" in text_of(doubtful)
    assert "the ledger is damaged" in text_of(RolloutReading(problem="the ledger is damaged"))
    assert "reading the record" in text_of(None)


async def test_the_key_opens_the_page_and_reads_again_and_without_a_record_it_says_so() -> None:
    reader = ScriptedRollout(ON_THE_WAY)
    desk = Desk(picture(), rollout=reader)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("u")
        await desk.until(pilot, lambda: "stage PAPER" in panel_text(desk, "text"))
        await pilot.press("u")
        await desk.until(pilot, lambda: reader.readings == 2)
        await pilot.press("escape")
    bare = Desk(picture())
    async with bare.app.run_test(size=(120, 40)) as pilot:
        await bare.settle(pilot)
        await pilot.press("u")
        await bare.until(pilot, lambda: "cockpit rollout" in panel_text(bare, "alerts"))


async def test_it_is_read_by_a_process_of_its_own_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    told = await RolloutProcess(open_desk(tmp_path, [])).read()
    assert told.problem == ""
    assert told.sight is not None
    assert [room.name for room in told.sight.stages if room.now] == ["PAPER"]
    assert "1,00,000 rupees of the account" in told.sight.stages[1].words
    assert "no kill drill was ever passed" in told.sight.drill_missing
    account = tmp_path / "account"
    account.mkdir()
    (account / "ledger.sqlite").write_text("no ledger")
    damaged = read_rollout(tmp_path, [])
    assert damaged.sight is None
    assert "ledger.sqlite" in damaged.problem
