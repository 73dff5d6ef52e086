"""Sessions of an account as engines leave them in a ledger, with everything that a gate looks at."""

from collections.abc import Sequence
from datetime import date, time, timedelta

import msgspec

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.contract.commands import KeepDrill
from engine.contract.drill_end import DrillEnd
from engine.core import DayState, EarlierEvidence
from engine.core.story_records import LAW_BROKEN, PROTECTED, LawBroken, Protection
from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.kill_drills import drill_record
from engine.ledger.preflight_verdicts import verdict_record
from engine.ledger.run_terms import terms_under
from engine.ledger.store import Ledger, Run
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from engine.orders.ledger_facts import Record
from engine.orders.messages import Role
from engine.performance.evidence import Source
from engine.performance.trade import ClosedTrade
from engine.risk.limits import open_day, wished_limits
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import EntryMode
from engine.system.version import VERSION
from tests.performance.builders import ACCOUNT, make_trade

MONDAY = date(2026, 11, 2)
NOW = 1_795_000_000_000_000


def at_real(**account: object) -> config.Settings:
    return config.Settings.model_validate({"account": account})


def on_loopback(**account: object) -> config.Settings:
    url = "http://127.0.0.1:9"
    upstox = {"api_url": url, "order_url": url, "assets_url": url}
    return config.Settings.model_validate({"account": account, "upstox": upstox})


def weekdays(count: int, first: date = MONDAY) -> list[date]:
    every = (first + timedelta(at) for at in range(2 * count + 7))
    return [day for day in every if day.weekday() < 5][:count]


def trades_of(day: date, *nets: int, mode: EntryMode = EntryMode.AUTO) -> list[ClosedTrade]:
    """Return trades of 10 units, one an hour from 10:00."""
    found = []
    for at, net in enumerate(nets):
        trade = make_trade(
            net, day=day, clock=f"{10 + at}:00", setup=FailedAuction.name, version=FailedAuction.version
        )
        found.append(
            msgspec.structs.replace(
                trade,
                id=f"{day.isoformat()} {at} {mode.value}",
                signal_time=trade.entry_time - 1,
                signal_price=100_000,
                taken_by=mode,
            )
        )
    return found


def play(
    ledger: Ledger,
    name: str,
    day: date,
    trades: Sequence[ClosedTrade],
    settings: config.Settings,
    *,
    lot: int = 1,
    naked: Instant | None = 300 * MILLISECOND,
    go: bool | None = True,
    whole: bool = True,
    law: str = "",
    began: str = "09:00",
    lost: str = "",
) -> None:
    """Leave one session: ``naked`` None proves no stop, ``go`` None keeps no verdict, ``whole`` False breaks it off;
    ``lost`` is entered, protected and never told the end of.
    """
    market = Source(name.partition("-")[0])
    plan = {
        "choice": {"market": market.value},
        "settings": settings.model_dump(mode="json"),
        "instruments": [{"key": "NSE_EQ|A", "lot": lot}],
        "began": instant_at(day, time.fromisoformat(began)),
        "past": EarlierEvidence(terms_under(market, settings, 0 if market is Source.LIVE else FILL_RULES)),
    }
    ledger.begin_run(Run(name, "account", "feed", day, "digest", msgspec.json.encode(plan).decode(), 1))
    limits = open_day(day, ACCOUNT, wished_limits(settings.risk))
    facts = [Record("day_state", "1", 1, DayState(limits, 0, 0, None))]
    for trade in trades:
        facts.append(Record("trade", trade.id, trade.exit_time, trade))
        if naked is not None:
            proof = Protection(trade.id, naked, 99_000, 98_000, trade.quantity)
            facts.append(Record(PROTECTED, f"{trade.id}:protected:1", trade.entry_time, proof))
    if go is not None:
        facts.append(verdict_record("" if go else "clock: 9 s off", 1))
    if law:
        facts.append(Record(LAW_BROKEN, "1", 1, LawBroken(law, "A", "as a test says")))
    if lost:
        proof = Protection(lost, 300 * MILLISECOND, 99_000, 98_000, 10)
        facts.append(Record("intent", lost, 1, {"role": Role.ENTRY.value, "trade": lost}))
        facts.append(Record(PROTECTED, f"{lost}:protected:1", 1, proof))
    if whole:
        facts.append(Record("session", f"{day.isoformat()}|NSE_EQ|A", 2, {"quality": "LIVE"}))
    ledger.append(name, facts, durable=True).result(5)


def drill(ledger: Ledger, at: Instant = NOW, version: str = VERSION) -> None:
    """Leave a kill drill that passed."""
    command = KeepDrill(f"drill-{at}", version, "xterm", DrillEnd.FLAT, 2, 1_000, 2_000, SECOND)
    ledger.append(BY_A_PERSON, [drill_record(command, at)], durable=True).result(5)


def paper_month(ledger: Ledger, settings: config.Settings, sessions: int = 20) -> None:
    """Leave sessions that meet every line of PAPER to SMALL: three trades a day that earn."""
    for number, day in enumerate(weekdays(sessions)):
        play(ledger, f"paper-{number}", day, trades_of(day, 900, -300, 700), settings)
    drill(ledger)
