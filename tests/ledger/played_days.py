"""Runs as engines leave them in a ledger: a plan, a day with its opening account, and finished trades."""

from datetime import date

import msgspec

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.core import DayState, EarlierEvidence
from engine.ledger.run_terms import terms_under
from engine.ledger.store import Ledger, Run
from engine.orders.ledger_facts import Record
from engine.performance.evidence import Source
from engine.performance.trade import ClosedTrade
from engine.risk.limits import open_day, wished_limits
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import EntryMode
from tests.performance.builders import ACCOUNT, MONDAY, make_trade


def a_trade(net: int, clock: str = "11:00", day: date = MONDAY) -> ClosedTrade:
    trade = make_trade(net, day=day, clock=clock, setup=FailedAuction.name, version=FailedAuction.version)
    return msgspec.structs.replace(trade, signal_time=trade.entry_time - 1, taken_by=EntryMode.AUTO)


def play(
    ledger: Ledger,
    name: str,
    *trades: ClosedTrade,
    day: date = MONDAY,
    settings: config.Settings | None = None,
    account: int = ACCOUNT,
) -> None:
    """Leave a run with its day and its trades."""
    market = Source(name.partition("-")[0])
    chosen = settings or config.Settings()
    plan = {
        "choice": {"market": market.value},
        "settings": chosen.model_dump(mode="json"),
        "instruments": [{"key": "NSE_EQ|A"}],
        "past": EarlierEvidence(terms_under(market, chosen, 0 if market is Source.LIVE else FILL_RULES)),
    }
    ledger.begin_run(Run(name, "a world", "feed", day, "digest", msgspec.json.encode(plan).decode(), 1))
    limits = open_day(day, account, wished_limits(config.Settings().risk))
    later = open_day(day, account + 1, wished_limits(config.Settings().risk))
    facts = [Record("day_state", "1", 1, DayState(limits, 0, 0, None))]
    facts += [Record("trade", trade.id, trade.exit_time, trade) for trade in trades]
    facts += [Record("day_state", "2", 2, DayState(later, 0, 0, None))]
    ledger.append(name, facts, durable=True).result(60)
