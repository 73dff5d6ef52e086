"""What lowers a stage by itself: each rule at its edge, and read from the ledger's live days."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from engine.core import DayState
from engine.core.story_records import PROTECTED, Protection
from engine.ledger.stage_record import StageRecord
from engine.ledger.store import Ledger
from engine.market.clock import SECOND
from engine.orders.ledger_facts import Record
from engine.promotion.breaches import LiveDays, lowered_by
from engine.risk.limits import open_day, wished_limits
from engine.rollout.demotion import (
    Lowering,
    lowered_by_drawdown,
    lowered_by_losses,
    lowered_by_stop,
)
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import Stage, StageBreach
from engine.world.directories import World, WorldDirectory
from tests.performance.builders import ACCOUNT
from tests.promotion.sessions import NOW, at_real, play, trades_of, weekdays

HOSTS = "api-hft.upstox.com api.upstox.com assets.upstox.com"
DAYS = weekdays(8)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[StageRecord, Ledger]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = WorldDirectory(World.ACCOUNT, tmp_path / "account")
    directory.create()
    with Ledger.open(directory.ledger) as ledger:
        found = StageRecord(ledger, directory, HOSTS)
        found.promote(RolloutTrack.SETUPS, Stage.SMALL, "a digest", "a person", "met", NOW)
        yield found, ledger


def stopped(ledger: Ledger, run: str, day: date) -> None:
    limits = msgspec.structs.replace(open_day(day, ACCOUNT, wished_limits(at_real().risk)), stopped_at=1)
    ledger.append(
        run, [Record("day_state", "stopped", 3, DayState(limits, 0, 0, None))], durable=True
    ).result(5)


def test_the_loss_limit_twice_in_five_days_lowers_and_in_six_does_not() -> None:
    assert lowered_by_losses({DAYS[0]}, DAYS[:5]) is None
    assert lowered_by_losses({DAYS[0], DAYS[5]}, DAYS[:6]) is None
    found = lowered_by_losses({DAYS[1], DAYS[5]}, DAYS[:6])
    assert found is not None
    assert found.breach is StageBreach.DAILY_LOSS
    assert "03 Nov and 09 Nov" in found.reason


def test_a_fall_beyond_its_bound_lowers_and_no_wider_bound_is_taken() -> None:
    assert lowered_by_drawdown(100_000, 90_000) is None
    assert lowered_by_drawdown(100_000, 89_999, 50.0) is not None
    assert lowered_by_drawdown(100_000, 94_000, 5.0) is not None
    assert lowered_by_drawdown(0, 0) is not None


def test_a_stop_later_than_two_seconds_lowers() -> None:
    assert lowered_by_stop(None, "T1") is None
    assert lowered_by_stop(2 * SECOND, "T1") is None
    late = lowered_by_stop(2 * SECOND + 1, "T1")
    assert late is not None
    assert late.breach is StageBreach.LATE_STOP


def test_live_days_in_order_lower_nothing(record: tuple[StageRecord, Ledger]) -> None:
    stages, ledger = record
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], 900, -300), at_real())
    assert lowered_by(ledger, stages, 10.0) is None


@pytest.mark.parametrize(
    ("left", "breach"),
    [
        ({"naked": 2_500_000}, StageBreach.LATE_STOP),
        ({"law": "never reverse"}, StageBreach.LAW),
    ],
)
def test_a_live_day_out_of_order_lowers_the_stage(
    record: tuple[StageRecord, Ledger], left: dict[str, object], breach: StageBreach
) -> None:
    stages, ledger = record
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], 900), at_real(), **left)  # type: ignore[arg-type]
    found = lowered_by(ledger, stages, 10.0)
    assert found is not None
    assert found.breach is breach
    stages.demoted(stages.place, Stage.PAPER, found.breach, found.reason, NOW)
    assert stages.standing(stages.place).stage is Stage.PAPER
    assert stages.links()[-1].reason.startswith(breach.value)


def test_paper_days_out_of_order_lower_nothing(record: tuple[StageRecord, Ledger]) -> None:
    stages, ledger = record
    play(ledger, "paper-1", DAYS[0], trades_of(DAYS[0], 900), at_real(), naked=2_500_000)
    assert lowered_by(ledger, stages, 10.0) is None


def test_the_days_loss_limit_is_counted_by_live_trading_days(record: tuple[StageRecord, Ledger]) -> None:
    stages, ledger = record
    for number, day in enumerate(DAYS[:4]):
        play(ledger, f"live-{number}", day, trades_of(day, -300), at_real())
    stopped(ledger, "live-0", DAYS[0])
    assert lowered_by(ledger, stages, 10.0) is None
    stopped(ledger, "live-3", DAYS[3])
    found = lowered_by(ledger, stages, 10.0)
    assert isinstance(found, Lowering)
    assert found.breach is StageBreach.DAILY_LOSS


def test_a_fall_on_closed_trades_lowers(record: tuple[StageRecord, Ledger]) -> None:
    stages, ledger = record
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], -ACCOUNT // 20), at_real())
    assert lowered_by(ledger, stages, 10.0) is None
    assert lowered_by(ledger, stages, 4.0) is not None


def test_what_was_weighed_before_a_rise_is_weighed_no_more(record: tuple[StageRecord, Ledger]) -> None:
    stages, ledger = record
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], 900), at_real(), naked=2_500_000)
    stages.demoted(stages.place, Stage.PAPER, StageBreach.LATE_STOP, "late", NOW)
    stages.promote(RolloutTrack.SETUPS, Stage.SMALL, "a digest", "a person", "met", NOW + 1)
    assert lowered_by(ledger, stages, 10.0) is None


def test_a_run_that_has_ended_is_weighed_once_and_the_one_under_way_each_time(
    record: tuple[StageRecord, Ledger],
) -> None:
    stages, ledger = record
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], 900), at_real())
    ledger.end_run("live-1", NOW)
    play(ledger, "live-2", DAYS[1], trades_of(DAYS[1], 900), at_real())
    days = LiveDays(ledger, stages)
    assert days.lowering(10.0) is None
    late = Protection("T9", 2_500_000, 99_000, 98_000, 10)
    ledger.append("live-2", [Record(PROTECTED, "T9:protected:1", 5, late)], durable=True).result(5)
    found = days.lowering(10.0)
    assert found is not None
    assert found.breach is StageBreach.LATE_STOP


def test_a_fall_and_lost_days_are_summed_over_runs_however_often_they_are_asked_for(
    record: tuple[StageRecord, Ledger],
) -> None:
    stages, ledger = record
    days = LiveDays(ledger, stages)
    for number, day in enumerate(DAYS[:4]):
        play(ledger, f"live-{number}", day, trades_of(day, -ACCOUNT // 40), at_real())
        assert days.lowering(10.0) is None, number
        if number == 0:
            stopped(ledger, "live-0", day)
        ledger.end_run(f"live-{number}", NOW)
        assert days.lowering(10.0) is None, number
    play(ledger, "live-4", DAYS[4], trades_of(DAYS[4], -100), at_real())
    assert days.lowering(10.0) == lowered_by(ledger, stages, 10.0)
    assert days.lowering(10.0) is not None
    assert days.lowering(50.0) == lowered_by(ledger, stages, 50.0)
    stopped(ledger, "live-4", DAYS[4])
    found = days.lowering(10.0)
    assert found is not None
    assert found.breach is StageBreach.DAILY_LOSS


def test_a_second_breach_in_the_run_of_the_first_lowers_again_and_the_first_alone_does_not(
    record: tuple[StageRecord, Ledger],
) -> None:
    stages, ledger = record
    stages.promote(RolloutTrack.SETUPS, Stage.FULL, "a digest", "a person", "met", NOW)
    play(ledger, "live-1", DAYS[0], trades_of(DAYS[0], 900), at_real())
    late = Protection("T9", 2_500_000, 99_000, 98_000, 10)
    proofs = [Record(PROTECTED, f"T9:protected:{at}", NOW + at * SECOND, late) for at in (0, 60)]
    ledger.append("live-1", proofs[:1], durable=True).result(5)
    assert lowered_by(ledger, stages, 10.0) is not None
    stages.demoted(stages.place, Stage.SMALL, StageBreach.LATE_STOP, "late", NOW + SECOND)
    assert lowered_by(ledger, stages, 10.0) is None
    ledger.append("live-1", proofs[1:], durable=True).result(5)
    assert lowered_by(ledger, stages, 10.0) is not None
