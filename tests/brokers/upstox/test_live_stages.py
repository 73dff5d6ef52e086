"""The broker's side looks at the record of the stages itself: in PAPER no entry leaves, and what reduces does."""

import pytest

from engine.orders.messages import Acknowledged, Refused
from engine.rollout.stages import Stage, StageStanding
from tests.brokers.upstox.live_stand import STOCK, Live, entry_of, streaming

DOUBT = StageStanding(doubt="the ledger's record was edited")


@pytest.mark.parametrize(
    ("standing", "judged", "said"),
    [
        (StageStanding(), Stage.FULL, "stands at PAPER"),
        (DOUBT, Stage.FULL, "was edited"),
        (StageStanding(Stage.FULL), None, "stands at PAPER"),
        (StageStanding(Stage.FULL), Stage.PAPER, "stands at PAPER"),
        (StageStanding(Stage.SMALL), Stage.FULL, "sized in FULL, and the rollout stands at SMALL"),
    ],
)
def test_no_entry_leaves_in_paper_nor_by_a_stage_that_was_lowered(
    live: Live, standing: StageStanding, judged: Stage | None, said: str
) -> None:
    live.standing = standing
    live.broker.submit(entry_of("a-1-E", stage=judged), 0)
    refused = live.wait_for(Refused, "a-1-E")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.lasting) == ("STAGE", False)
    assert said in refused.message
    assert live.at_broker("a-1-E") == []


def test_an_entry_leaves_by_the_stage_it_was_judged_by(live: Live) -> None:
    live.standing = StageStanding(Stage.SMALL)
    live.broker.submit(entry_of("a-1-E", STOCK, stage=Stage.SMALL), 0)
    assert isinstance(live.wait_for(Acknowledged, "a-1-E"), Acknowledged)


def test_stops_and_exits_leave_in_paper(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        live.standing = DOUBT
        live.protect("a-2-S", quantity=5)
        live.wait_for_status("a-2-S", "trigger pending")
        live.leave("a-3-X", quantity=5)
        live.wait_for_status("a-3-X", "complete")
