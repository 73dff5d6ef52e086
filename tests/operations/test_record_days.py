"""The reports of a day and its week, of a day that the real engine played: what they tell, and where they lie."""

import json
import shutil
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import config
from engine.market.price import told_paise
from engine.operations.errors import DeskError
from engine.operations.record_days import stories_for, write_close
from engine.operations.record_page import GROUPS, record_page
from engine.operations.record_report import ReportWish, record_report
from engine.story.day_story import DayStory
from engine.story.evening import evening_values
from engine.world.directories import Home, World, resolve_home
from tests.operations.drawn import charts_of
from tests.operations.outside import made_recordings
from tests.story.played import Day, copied, play


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    root = tmp_path_factory.mktemp("evening")
    settings = config.Settings.model_validate({"risk": {"risk_per_trade_pct": 0.4}})
    return play(root, made_recordings(root), settings)


@pytest.fixture(scope="module")
def home(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = resolve_home(tmp_path_factory.mktemp("home"))
    made.create()
    account = made.world(World.ACCOUNT)
    account.create()
    shutil.copy(day.ledger, account.ledger)
    write_close(made, day.run().day)
    return made


def told(home: Home, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home.reports / f"{name}.json").read_text())
    return found


def test_an_evening_comes_to_the_ledgers_trades_to_the_paisa(day: Day, home: Home) -> None:
    evening = told(home, day.run().day.isoformat())
    trades = [story.trade for story in day.stories() if story.trade is not None]
    assert trades
    assert (
        told_paise(evening["evening"]["net"])
        == sum(trade.net for trade in trades)
        == told_paise(evening["net"])
    )
    assert told_paise(evening["evening"]["charges"]) == sum(trade.charges for trade in trades)
    assert [one["id"] for one in evening["stories"]] == [
        one["id"] for one in evening["evening"]["after_exits"]
    ]
    intraday = evening["evening"]["intraday"]
    nets = [net for _, net in intraday["points"]]
    assert told_paise(intraday["peak"]) == told_paise(max(0, *nets))
    assert told_paise(intraday["give_back"]) == told_paise(intraday["peak"]) - told_paise(intraday["end"])
    guarded = evening["evening"]["protection"]
    waits = [step.naked for story in day.stories() for step in story.stops if step.naked is not None]
    assert guarded["slowest_seconds"] == max(waits) / 1_000_000 <= 2
    assert guarded["naked_seconds"] == sum(waits) / 1_000_000


def test_paper_and_live_of_one_day_are_never_one_sum(day: Day, home: Home, tmp_path: Path) -> None:
    both = resolve_home(tmp_path)
    both.create()
    both.world(World.ACCOUNT).create()
    ledger = shutil.copy(day.ledger, both.world(World.ACCOUNT).ledger)
    copied(day, Path(ledger), "live-1")
    write_close(both, day.run().day)
    of_both, of_one = (told(one, day.run().day.isoformat())["evening"] for one in (both, home))
    assert (of_both["market"], of_one["market"]) == ("live", "replay")
    assert of_both["trades"] == of_one["trades"]
    assert of_both["net"] == of_one["net"]


def test_what_is_held_is_not_called_missed(day: Day) -> None:
    held = tuple(replace(story, trade=None) for story in day.stories() if story.trade is not None)
    values = evening_values(DayStory(day.run().day, "paper", (), held, (), {}))
    assert isinstance(values["not_taken"], dict)
    assert values["not_taken"]["counts"] == {"still open": len(held)}


def test_what_was_not_taken_stands_apart_and_is_called_hypothetical(day: Day, home: Home) -> None:
    other = told(home, day.run().day.isoformat())["evening"]["not_taken"]
    assert other["label"] == "HYPOTHETICAL"
    assert sum(other["counts"].values()) == len(other["signals"])


def test_its_week_tells_the_record_until_then(day: Day, home: Home) -> None:
    year, week, _ = day.run().day.isocalendar()
    found = told(home, f"{year}-W{week:02d}")
    assert found["trades"] == told(home, day.run().day.isoformat())["trades"]
    assert sum(cell["n"] for cell in found["weekend"]["setup_by_day_type"]) == found["trades"]
    assert found["weekend"]["beside"] == []
    assert found["weekend"]["winners_mae_r"]["n"] == found["wins"]
    page = (home.reports / f"{year}-W{week:02d}.html").read_text()
    for words in (
        "Drawdown now",
        "By half-hour of the signal",
        "Without its largest trade",
        "Paper against live",
    ):
        assert words in page


def test_the_week_tells_where_the_rollout_stands_and_what_is_missing(day: Day, home: Home) -> None:
    year, week, _ = day.run().day.isocalendar()
    gate = {
        "track": "setups",
        "from": "PAPER",
        "to": "SMALL",
        "criteria": [{"name": "sessions", "missing": "19 more"}, {"name": "laws", "missing": None}],
    }
    write_close(home, day.run().day, rollout={"stage": "PAPER", "problem": None, "gates": [gate]})
    page = (home.reports / f"{year}-W{week:02d}.html").read_text()
    assert "setups, PAPER to SMALL: 1 of 2 lines met, missing sessions: 19 more" in page
    write_close(home, day.run().day, rollout={"stage": None, "problem": "the chain is torn", "gates": []})
    assert "Rollout: the chain is torn" in (home.reports / f"{year}-W{week:02d}.html").read_text()
    write_close(home, day.run().day)


def test_each_trade_stands_on_its_profile_with_its_story(day: Day, home: Home) -> None:
    page = (home.reports / f"{day.run().day}.html").read_text()
    trades = [story for story in day.stories() if story.trade is not None]
    assert page.count('class="mini"') == page.count('<details class="story" open>') == len(trades)
    for word in (
        "in 1,",
        "out 1,",
        "MAE 1,",
        "MFE 1,",
        "stop 1,",
        "Half an hour after each exit",
    ):
        assert word in page
    charts_of(page)
    for loads in ("http:", "https:", "src=", "url(", "@import", "<script", "<link"):
        assert loads not in page


def test_nobody_else_reads_them_and_they_are_written_anew_whole(day: Day, home: Home) -> None:
    before = {path.name: path.read_bytes() for path in home.reports.iterdir()}
    assert len(before) == 4
    assert stat.S_IMODE(home.reports.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in home.reports.iterdir())
    write_close(home, day.run().day)
    assert {path.name: path.read_bytes() for path in home.reports.iterdir()} == before


def test_a_page_that_is_asked_for_tells_the_same_stories(home: Home) -> None:
    report = record_report(home, ReportWish(by="week", trades=True, also=GROUPS, weekend=True))
    page = record_page(report, stories_for(home, report))
    assert page.count('class="mini"') == report["trades"]
    assert "What it suggests" in page


def test_a_day_of_which_nothing_is_told_has_a_report_that_says_so(day: Day, home: Home) -> None:
    later = day.run().day + timedelta(days=1)
    write_close(home, later)
    assert told(home, later.isoformat())["evening"]["trades"] == 0
    assert "No finished trade counts" in (home.reports / f"{later}.html").read_text()


def test_without_a_record_nothing_is_written(tmp_path: Path) -> None:
    bare = resolve_home(tmp_path)
    bare.create()
    with pytest.raises(DeskError, match="nothing was ever traded there"):
        write_close(bare, date(2025, 12, 15))
    assert not bare.reports.exists()
