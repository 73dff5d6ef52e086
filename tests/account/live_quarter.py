"""A quarter of an account on paper, then live: ``python -m tests.account.live_quarter HOME [PAPER DAYS] [LIVE DAYS]``.

The paper days are those of ``benchmarks.quarter``. Behind them each live day is an engine of its own over the whole
broker on loopback: it trades by hand in both directions and is played to its close. Then the reports by day, week and
month are held against each other, against the ledger and against what the paper exchange and the broker executed, to
the paisa (charges of live days against the ledger alone: no broker tells them). A home that has some of the days goes
on behind them.
"""

import json
import sys
import tempfile
import time
from datetime import date
from datetime import time as clock_time
from pathlib import Path
from uuid import uuid4

from benchmarks.quarter import FIRST, check, pages, trade_day, trading_days
from engine.contract.commands import ExitPosition, Side
from engine.ledger.reader import LedgerReader
from engine.runtime.plan import RunMode, run_mode_of
from engine.world.directories import World, resolve_home
from tests.account.live import LIVE, enter, held, live_orders, make_ready
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, made_recordings, outside, say, wait_until
from tests.recordings import EQ_A, EQ_B
from tests.rehearsal import rehearse

PAPER_DAYS = 45
LIVE_DAYS = 15
TO_THE_CLOSE = 600
"""Seconds of the market in one of ours once everything is flat."""


def leave(engine: Engine, broker: RunningFake, key: str) -> None:
    """Close by hand what is held of an instrument."""
    engine.do(ExitPosition(f"exit-{uuid4()}", key))
    wait_until(lambda: held(broker, key) == 0 and not live_orders(broker, key), "the position to be closed")


def executed(broker: RunningFake) -> dict[str, int]:
    """Return a day of the broker's own book: what its executions brought before charges, paise."""
    rows = broker.control("GET", "trades")
    values = [(row, round(row["average_price"] * 100) * row["quantity"]) for row in rows]
    gross = sum(value if row["transaction_type"] == "SELL" else -value for row, value in values)
    return {"fills": len(rows), "gross": gross, "flat": int(not held(broker) and not held(broker, EQ_B))}


def trade_live_day(home: Outside, day: date, folder: Path) -> dict[str, int]:
    """Trade one day live to its close; return what the broker's book says of it, paise."""
    recordings = made_recordings(folder)
    with running_fake(recordings=recordings, start=clock_time(10), day=day) as broker:
        engine = begin(home, broker, *LIVE)
        make_ready(engine, broker)
        enter(engine, broker)
        leave(engine, broker, EQ_A)
        broker.control("POST", "clock", {"speed": 1})
        enter(engine, broker, Side.SELL)
        leave(engine, broker, EQ_A)
        book = executed(broker)
        broker.control("POST", "clock", {"speed": TO_THE_CLOSE})
        wait_until((home.home.reports / f"{day}.json").exists, "the day's report")
        wait_until(lambda: not engine.is_alive, "the engine to end with its day")
    ledger_path = home.home.world(World.ACCOUNT).ledger
    with LedgerReader(ledger_path) as ledger:
        live = [run.run for run in ledger.runs() if run.day == day and run_mode_of(run.run) is RunMode.LIVE]
        book["charges"] = sum(trade.charges for run in live for trade in ledger.trades(run))
    return book


def main() -> int:
    """Trade the days that a home lacks, check its reports, write its pages, and say what was found."""
    root = Path(sys.argv[1])
    paper, live = (
        int(word) for word in (*sys.argv[2:4], *map(str, (PAPER_DAYS, LIVE_DAYS)[len(sys.argv) - 2 :]))
    )
    home = resolve_home(root)
    home.create()
    account = home.world(World.ACCOUNT)
    account.create()
    kept = root / "books.json"
    books: dict[str, dict[str, int]] = json.loads(kept.read_text()) if kept.exists() else {}
    days = list(trading_days(FIRST, paper + live))
    with outside(root) as here:
        for number, day in enumerate(days, 1):
            if day.isoformat() in books:
                continue
            began = time.monotonic()
            if number <= paper:
                books[day.isoformat()] = trade_day(home, day, number)
            else:
                if number == paper + 1:
                    rehearse(account)
                with tempfile.TemporaryDirectory() as folder:
                    books[day.isoformat()] = trade_live_day(here, day, Path(folder))
            kept.write_text(json.dumps(books))
            say(f"{day} {books[day.isoformat()]} {time.monotonic() - began:.1f} s")
    lived = {day.isoformat() for day in days[paper:]}
    of_paper = {day: book for day, book in books.items() if day not in lived}
    of_live = {day: book for day, book in books.items() if day in lived}
    wrong = check(home, of_live, RunMode.LIVE) + check(home, of_paper, RunMode.PAPER, 2)
    say("\n".join(wrong) or f"{len(books)} days: reports, ledger and the exchanges' books agree to the paisa")
    say(str(pages(home, days[-1])))
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
