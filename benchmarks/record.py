"""Three years of ten trades a day in a ledger: reports by its tables beside a scan of all its records."""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from pathlib import Path
from random import Random

import msgspec

from benchmarks.measure import Result, Scale, median_seconds
from config import Settings
from engine.core import DayState, EarlierEvidence
from engine.ledger.evidence_choice import newest_basis, stand_on
from engine.ledger.evidence_query import EvidenceQuery
from engine.ledger.reader import LedgerReader
from engine.ledger.run_terms import terms_under
from engine.ledger.store import Ledger, Run
from engine.market.charges import order_charges
from engine.market.clock import SECOND, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.side import Side
from engine.operations.record_report import ReportWish, record_report
from engine.orders.ledger_facts import Record
from engine.performance.evidence import Source
from engine.performance.trade import ClosedTrade
from engine.risk.limits import open_day, wished_limits
from engine.setups.register import SETUPS
from engine.setups.signal import EntryMode
from engine.world.directories import Home, World, resolve_home

FIRST = date(2023, 1, 2)
A_DAY = 10
ACCOUNT = 100_000_000
OTHERS = 30
"""Records of other kinds beside each trade: events, orders, fills, marks."""
_NAMES = ("INFY", "PRESTIGE", "MAXHEAL", "RELIANCE", "SBIN", "TCS")
_REASONS = ("stop", "T1", "T2", "premise: back in value", "flat by")
_TYPES = ("NORMAL", "NORMAL VARIATION", "TREND", "NEUTRAL")


def a_trade(chance: Random, day: date, number: int) -> ClosedTrade:
    """Return one made trade: about as many won as lost, no edge, charges by kind as the exchange takes them."""
    kind = SETUPS[chance.randrange(len(SETUPS))]
    side = chance.choice((Side.BUY, Side.SELL))
    name = chance.choice(_NAMES)
    quantity, price = chance.randrange(20, 200), chance.randrange(40_000, 200_000)
    distance = price // 200
    reach = chance.choice((-1.0, -1.0, -0.4, 0.7, 1.6, 2.1)) + chance.uniform(-0.1, 0.1)
    left = price + side.sign * round(distance * reach)
    begin = instant_at(day, _CLOCKS[number % len(_CLOCKS)]) + chance.randrange(0, 600) * SECOND
    until = begin + chance.randrange(60, 1_500) * SECOND
    paid, got = price * quantity, left * quantity
    other = Side.SELL if side is Side.BUY else Side.BUY
    charges = order_charges(InstrumentClass.STOCK, side, paid, _RATES) + order_charges(
        InstrumentClass.STOCK, other, got, _RATES
    )
    near, far = max(0.0, -reach) + chance.uniform(0, 0.3), max(0.0, reach) + chance.uniform(0, 0.6)
    return ClosedTrade(
        id=f"{day:%y%m%d}-{number}",
        instrument=f"NSE_EQ|{name}",
        setup=kind.name,
        side=side,
        quantity=quantity,
        entry_value=paid,
        exit_value=got,
        entry_time=begin,
        exit_time=until,
        initial_stop=price - side.sign * distance,
        risk=distance * quantity,
        charges=charges.total,
        version=kind.version,
        target_reward=2 * distance * quantity,
        exit_reason=chance.choice(_REASONS),
        quality="BOOK",
        signal_time=begin - SECOND,
        taken_by=EntryMode.AUTO,
        symbol=name,
        signal_price=price - side.sign * chance.randrange(-2, 8) * 5,
        best=price + side.sign * round(distance * far),
        worst=price - side.sign * round(distance * near),
        charge_items=charges,
        day_type=chance.choice(_TYPES),
        open_type="OPEN AUCTION",
    )


_RATES = date(2026, 4, 1)
_CLOCKS = tuple(time(9 + minutes // 60, minutes % 60) for minutes in range(30, 330, 30))


def fill(ledger: Ledger, days: int, source: Source = Source.PAPER, others: int = OTHERS) -> None:
    """Leave a paper run for each of some trading days, as an engine does."""
    chance, settings = Random(7), Settings()
    terms = terms_under(source, settings, 2)
    plain = settings.model_dump(mode="json")
    account, day = ACCOUNT, FIRST
    for number in range(days):
        while day.weekday() > 4:
            day += timedelta(days=1)
        name = f"{source.value}-{number}"
        plan = {
            "choice": {"market": source.value},
            "settings": plain,
            "instruments": [{"key": f"NSE_EQ|{one}"} for one in _NAMES],
            "past": EarlierEvidence(terms),
        }
        ledger.begin_run(
            Run(name, "account", "feed", day, "digest", msgspec.json.encode(plan).decode(), number)
        )
        limits = open_day(day, account, wished_limits(settings.risk))
        facts = [Record("day_state", "0", 1, DayState(limits, 0, 0, None))]
        for one in range(A_DAY):
            trade = a_trade(chance, day, one)
            account += trade.net
            facts += [
                Record(
                    "event",
                    f"{one}:{other}",
                    trade.entry_time + other,
                    {"text": "something was said of it " * 8},
                )
                for other in range(others)
            ]
            facts.append(Record("trade", trade.id, trade.exit_time, trade))
            facts.append(Record("day_state", str(one + 1), trade.exit_time, DayState(limits, 0, 0, None)))
        ledger.append(name, facts, durable=False)
        ledger.end_run(name, number)
        day += timedelta(days=1)


@contextmanager
def recorded_home(days: int) -> Iterator[Home]:
    """Return a home whose account has a record of some days; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        home = resolve_home(Path(name))
        home.create()
        directory = home.world(World.ACCOUNT)
        directory.path.mkdir(parents=True, exist_ok=True)
        with Ledger.open(directory.ledger) as ledger:
            fill(ledger, days)
            ledger.flush()
        yield home


def record_results(scale: Scale) -> list[Result]:
    """Return how long reports of a long record take, beside a scan of its records."""
    days = 750 if scale.minutes > 100 else 60
    with recorded_home(days) as home:
        path = home.world(World.ACCOUNT).ledger
        with LedgerReader(path) as ledger:
            rounds = scale.slow_rounds
            scan = median_seconds(lambda: standing(ledger, by_records=True), rounds)
            query = median_seconds(lambda: standing(ledger, by_records=False), rounds)
        reports = {
            by: median_seconds(report_of(home, by), rounds) for by in ("setup", "day", "month", "hour")
        }
    trades = f"{days * A_DAY:,} trades of {days} days"
    return [
        Result(
            f"evidence of {trades}",
            1_000 * query,
            "ms",
            None,
            f"scan of the records: {1_000 * scan:.0f} ms",
            scan / query,
        ),
        *(
            Result(f"report by {by}, {trades}", 1_000 * seconds, "ms", "≤ 100", None, None)
            for by, seconds in reports.items()
        ),
    ]


def report_of(home: Home, by: str) -> Callable[[], object]:
    """Return what makes a report of a home's account as the command does: without looking for garbage."""

    def made() -> object:
        gc.disable()
        try:
            return record_report(home, ReportWish(by=by))
        finally:
            gc.enable()

    return made


def standing(ledger: LedgerReader, *, by_records: bool) -> object:
    """Return what stands under the newest basis of a ledger."""
    query = EvidenceQuery(ledger, by_records=by_records)
    played = query.played()
    found = query.counted(played)
    basis = newest_basis(played, found)
    return None if basis is None else stand_on(query, played, found, basis)
