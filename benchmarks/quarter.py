"""A quarter of simulated days as paper sessions of one account: ``python -m benchmarks.quarter HOME [DAYS] [FIRST]``.

Each day is traded to its close by the real engine (core, paper exchange, ledger, the service that writes them) on a
market of its own seed; the run is entered as a paper day, so that reports of the account have something to stand on. It
is made up: a home that is made so proves nothing and must never become anybody's account. Then the reports by day, week
and month are held against each other, against the ledger and against the book of the paper exchange, to the paisa, and
the day's, the week's and the quarter's pages are written as an engine and ``cockpit report --html`` write them.

A home that has some of the days goes on behind them.
"""

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from config import AccountSettings, RiskSettings, SessionSettings, Settings, SimulatorSettings
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.replay_speeds import UNPACED
from engine.core import EarlierEvidence
from engine.feeds.simulator import DEFAULT_START, SimulatorFeed
from engine.ledger.reader import LedgerReader
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.market.calendar import load_calendar
from engine.market.price import told_paise
from engine.market.session import trading_day
from engine.operations.record_days import stories_for, write_close
from engine.operations.record_page import GROUPS, record_page
from engine.operations.record_report import ReportWish, record_report
from engine.presenter import Presenter
from engine.runtime.end_conditions import EndsWhenIdle
from engine.runtime.evidence import records_before, terms_for
from engine.runtime.pace import PlayedPace
from engine.runtime.plan import MarketChoice, RunMode, plan_run, run_mode_of
from engine.runtime.run import begin_on, earlier_levels, ledger_run
from engine.runtime.service import Service
from engine.world.directories import Home, World, resolve_home
from engine.world.latch_file import LatchFile

FIRST: Final = date(2025, 9, 15)
DAYS: Final = 60
INSTRUMENTS: Final = 6
TOLD_PERCENT: Final = 10
"""Of the updates of an instrument without a live order so many are told: a day in seconds."""


def settings_of(seed: int) -> Settings:
    """Return the settings of a day; only its market's seed differs, and no seed decides about a trade."""
    return Settings(
        simulator=SimulatorSettings(seed=seed, instruments=INSTRUMENTS),
        account=AccountSettings(capital=10_00_000),
        risk=RiskSettings(pause_after_losses=10, give_back_pct=90),
    )


def trading_days(first: date, count: int) -> Iterator[date]:
    """Yield so many trading days from one on."""
    calendar, day = load_calendar(), first
    while count:
        if calendar.is_trading_day(day) and calendar.special(day) is None:
            yield day
            count -= 1
        day += timedelta(days=1)


def trade_day(home: Home, day: date, seed: int) -> dict[str, int]:
    """Trade one day to its close as a paper run of the account; return what the exchange's book says of it, paise."""
    settings = settings_of(seed)
    account = home.world(World.ACCOUNT)
    exchanges: list[PaperExchange] = []

    def busy(instrument: str) -> bool:
        return any(exchange.has_live(instrument) for exchange in exchanges)

    trading = trading_day(day, SessionSettings())
    feed = SimulatorFeed(settings.simulator, trading, DEFAULT_START, told_percent=TOLD_PERCENT, closely=busy)
    entries: list[JournalEntry] = []
    name = f"paper-{int(day.strftime('%y%m%d')) * 1_000_000}"
    latch = LatchFile(account.latch)
    with Ledger.open(account.ledger) as ledger:
        terms = terms_for(RunMode.PAPER, settings)
        choice = MarketChoice(RunMode.PAPER)
        plan = plan_run(
            name,
            choice,
            feed,
            settings,
            earlier_levels(ledger, feed.instruments, feed.day, settings.profile),
            past=EarlierEvidence(terms, records_before(ledger, terms, feed.day)),
        )
        prepared = begin_on(feed, trading, plan, exchange_path=account.exchange, journal=entries.append)
        exchanges.append(prepared.exchange)
        ledger.begin_run(ledger_run(prepared.plan, account.world.value, 1))
        service = Service(
            playback=prepared.playback,
            pace=PlayedPace(time.monotonic, prepared.playback.now, speed=UNPACED),
            exchange=prepared.exchange,
            ledger=ledger,
            run=name,
            latch=latch,
            presenter=Presenter((), {}),
            beat=lambda: None,
            ending=EndsWhenIdle(0.0, time.monotonic),
        )
        for entry in entries:
            service.note(entry)
        prepared.playback.divert(service.note)
        service.begin_with(prepared.effects)
        asyncio.run(_to_the_end(service))
        ledger.end_run(name, prepared.playback.now)
        book = book_of(prepared.exchange)
        prepared.exchange.close()
    latch.close()
    return book


async def _to_the_end(service: Service) -> None:
    try:
        await service.run_to_the_end()
    finally:
        service.close()


def book_of(exchange: PaperExchange) -> dict[str, int]:
    """Return a day of the exchange's own book: what its fills brought before charges, and their charges, paise."""
    fills = exchange.fills
    return {
        "fills": len(fills),
        "gross": -sum(fill.side.sign * fill.quantity * fill.price for fill in fills),
        "charges": sum(fill.charges for fill in fills),
        "flat": int(exchange.flat),
    }


def check(
    home: Home, books: dict[str, dict[str, int]], mode: RunMode = RunMode.PAPER, basis: int = 1
) -> list[str]:
    """Return what does not agree between reports, ledger and the exchange's book, to the paisa; empty where all do.

    ``mode`` is that of the days, ``basis`` the number by which a report stands on them.
    """
    wrong: list[str] = []

    def held(what: str, told: object, expected: object) -> None:
        if told != expected:
            wrong.append(f"{what}: expected {expected}, got {told}")

    reports = {
        by: record_report(home, ReportWish("account", by=by, basis=basis))
        for by in ("day", "week", "month", "setup")
    }
    whole = reports["day"]
    with LedgerReader(home.world(World.ACCOUNT).ledger) as ledger:
        runs = [run.run for run in ledger.runs() if run_mode_of(run.run) is mode]
        trades = [trade for run in runs for trade in ledger.trades(run)]
    held("trades of the ledger", whole["trades"], len(trades))
    for name in ("net", "gross", "charges"):
        of_ledger = sum(getattr(trade, name) for trade in trades)
        held(f"{name} of the ledger", told_paise(whole[name]), of_ledger)
        for by, report in reports.items():
            held(f"{name} by {by}", sum(told_paise(one[name]) for one in report["by"].values()), of_ledger)
    held("trades on days without an account", whole["evidence"]["unplaced"], 0)
    held("days", whole["sharpe_days"], len(books))
    for day, book in books.items():
        told = whole["by"][day]
        held(f"{day} gross of the exchange", told_paise(told["gross"]), book["gross"])
        held(f"{day} charges of the exchange", told_paise(told["charges"]), book["charges"])
        held(f"{day} flat", book["flat"], 1)
    weeks = {date.fromisoformat(day).isocalendar()[:2] for day in books}
    held("weeks", len(reports["week"]["by"]), len(weeks))
    for (year, week), name in zip(sorted(weeks), reports["week"]["by"], strict=True):
        own = [day for day in books if date.fromisoformat(day).isocalendar()[:2] == (year, week)]
        held(f"{name} of its days", told_paise(reports["week"]["by"][name]["net"]), _net(books, own))
    for name, month in reports["month"]["by"].items():
        own = [day for day in books if day.startswith(name)]
        held(f"{name} of its days", told_paise(month["net"]), _net(books, own))
    return wrong


def _net(books: dict[str, dict[str, int]], days: list[str]) -> int:
    return sum(books[day]["gross"] - books[day]["charges"] for day in days)


def pages(home: Home, last: date) -> dict[str, int]:
    """Write the reports of the last day and its week, and the quarter's page; return their sizes in bytes."""
    written = write_close(home, last)
    report: dict[str, Any] = record_report(
        home, ReportWish("account", by="week", trades=True, also=GROUPS, weekend=True)
    )
    quarter = home.reports / "quarter.html"
    quarter.write_text(record_page(report, stories_for(home, report)), "utf-8")
    return {page.name: page.stat().st_size for page in (*written, quarter)}


def main() -> None:
    """Trade the days that a home lacks, check its reports, write its pages, and say what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("days", nargs="?", type=int, default=DAYS)
    parser.add_argument("first", nargs="?", type=date.fromisoformat, default=FIRST)
    arguments = parser.parse_args()
    home = resolve_home(arguments.home)
    home.create()
    home.world(World.ACCOUNT).create()
    kept = arguments.home / "books.json"
    books: dict[str, dict[str, int]] = json.loads(kept.read_text()) if kept.exists() else {}
    days = list(trading_days(arguments.first, arguments.days))
    for seed, day in enumerate(days, 1):
        if day.isoformat() in books:
            continue
        gc.disable()
        began = time.process_time()
        books[day.isoformat()] = trade_day(home, day, seed)
        gc.enable()
        gc.collect()
        kept.write_text(json.dumps(books))
        print(day, books[day.isoformat()], f"{time.process_time() - began:.1f} s", flush=True)
    wrong = check(home, books)
    print(
        "\n".join(wrong) or f"{len(books)} days: reports, ledger and the exchange's book agree to the paisa"
    )
    print(pages(home, days[-1]))
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
