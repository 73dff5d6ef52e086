"""The reports that an engine leaves at the close of a day: the day's and its week's, each as a page and as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.ledger.evidence_query import EvidenceQuery
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, Run, RunState
from engine.operations.errors import DeskError
from engine.operations.record_page import GROUPS, record_page
from engine.operations.record_report import ReportWish, record_report
from engine.performance.evidence import EvidenceTerms, Source
from engine.story.day_story import DayStory, day_story
from engine.story.evening import evening_values
from engine.story.plain_values import story_values
from engine.system.errors import ErrorKind
from engine.world.directories import Home, World, write_private

_PAPER_AND_LIVE: Final = (Source.PAPER.value, Source.LIVE.value)


def stories_for(home: Home, report: Mapping[str, Any]) -> list[DayStory]:
    """Return the stories of the trades that a report lists, day by day; raises DeskError.

    Of a trade that several runs tell of the newest run's story is told.
    """
    wanted = {row["id"] for row in report["trade_list"]}
    days = sorted({date.fromisoformat(row["day"]) for row in report["trade_list"]})
    told = report["evidence"]
    if not days or told["source"] is None:
        return []
    terms = EvidenceTerms(
        Source(told["source"]), told["settings"], told["fill_rules"] or 0, told["broker"] or ""
    )
    found = []
    for day in _told_days(home, World(report["world"]), days, terms):
        trades = {one.id: one for one in day.trades if one.id in wanted}
        found.append(DayStory(day.day, day.market, tuple(trades.values()), (), (), day.sessions))
    return found


def write_close(
    home: Home, day: date, risk_free_pct: float = 0.0, rollout: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write the reports of a day of the account and of its week until then; return the two pages. Raises DeskError.

    ``rollout`` is where the rollout stands, for the week's.
    """
    whole = ReportWish(World.ACCOUNT.value, trades=True, also=GROUPS)
    (story,) = _told_days(home, World.ACCOUNT, [day], None)
    evening = record_report(home, replace(whole, first=day, last=day), risk_free_pct)
    evening["evening"] = evening_values(story)
    stories = [story_values(one) for one in story.trades]
    begin = day - timedelta(days=day.weekday())
    week = record_report(home, replace(whole, first=begin, last=day), risk_free_pct)
    week["weekend"] = {**_until(home, day, risk_free_pct), "rollout": rollout}
    year, number, _ = day.isocalendar()
    name = f"{year}-W{number:02d}"
    pages = [
        (day.isoformat(), {**evening, "stories": stories}, record_page(evening, [story])),
        (name, week, record_page(week, stories_for(home, week))),
    ]
    try:
        home.reports.mkdir(mode=0o700, exist_ok=True)
        for title, report, page in pages:
            write_private(home.reports / f"{title}.json", msgspec.json.encode(report))
            write_private(home.reports / f"{title}.html", page.encode())
    except OSError as error:
        raise DeskError(
            f"{home.reports}: expected to write the day's reports, got: {error.strerror}"
        ) from error
    return [home.reports / f"{title}.html" for title, _, _ in pages]


def _until(home: Home, day: date, risk_free_pct: float) -> dict[str, Any]:
    """Return the weekend's list over the whole record until a day, with the other of paper and live beside it."""
    wish = ReportWish(World.ACCOUNT.value, by="setup", last=day, weekend=True)
    until = record_report(home, wish, risk_free_pct)
    told: dict[str, Any] = until["weekend"]
    told["beside"] = []
    for other in until["evidence"]["others"]:
        if other["number"] is None or until["evidence"]["source"] not in _PAPER_AND_LIVE:
            continue
        beside = record_report(home, replace(wish, basis=other["number"]), risk_free_pct)
        source = beside["evidence"]["source"]
        if source in _PAPER_AND_LIVE and source != until["evidence"]["source"]:
            told["beside"] = [_beside(until), _beside(beside)]
            break
    return told


def _beside(report: Mapping[str, Any]) -> dict[str, Any]:
    names = ("trades", "net", "expectancy_r", "expectancy_low", "expectancy_high", "slippage_r")
    return {"basis": report["evidence"]["basis"], **{name: report[name] for name in names}}


def _told_days(home: Home, world: World, days: Iterable[date], terms: EvidenceTerms | None) -> list[DayStory]:
    """Return days as the runs under some terms tell them, or those of the market that was played last that day.

    Paper and live of one day are never one sum.
    """
    directory = home.world(world)
    if not directory.ledger.exists():
        raise DeskError(
            f"expected a record in {directory.path}, got none: nothing was ever traded there",
            ErrorKind.REFUSED,
        )
    try:
        with LedgerReader(directory.ledger) as ledger:
            under = {one.run: one.told.terms for one in EvidenceQuery(ledger).played()}
            runs: dict[date, list[Run]] = {}
            for run in ledger.runs():
                if run.state is not RunState.ABANDONED and (terms is None or under.get(run.run) == terms):
                    runs.setdefault(run.day, []).append(run)
            return [day_story(ledger, day, _of_one_market(runs.get(day, []))) for day in days]
    except LedgerError as error:
        raise DeskError(str(error), error.kind) from error


def _of_one_market(runs: list[Run]) -> list[Run]:
    """Return the runs of the market that the newest one is of."""
    return [run for run in runs if _market(run) == _market(runs[-1])]


def _market(run: Run) -> str:
    return run.run.partition("-")[0]
