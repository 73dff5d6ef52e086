"""What a ledger's runs prove to the next one: each trade where it belongs, once."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

import config
from engine.core import DayState, EarlierEvidence
from engine.ledger.store import Ledger
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.orders.ledger_facts import Record
from engine.orders.trade import StopSlip
from engine.performance.calibration import Calibrated, LiveSlippage, calibrated
from engine.performance.evidence import EvidenceTerms, Source
from engine.performance.trade import ClosedTrade
from engine.risk.limits import open_day, wished_limits
from engine.runtime.evidence import records_before, shown_beside, slippage_before, terms_for
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, without_secrets
from engine.runtime.run import ledger_run
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import EntryMode
from tests.performance.builders import ACCOUNT, MONDAY, make_trade

TUESDAY = date(2025, 12, 16)
SETTINGS = config.Settings()
STOCK = Instrument("NSE_EQ|A", "A", InstrumentClass.STOCK, 5, 1, 1, Provenance.MASTER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def a_trade(net: int, clock: str = "11:00", mode: EntryMode = EntryMode.AUTO) -> ClosedTrade:
    trade = make_trade(net, clock=clock, setup=FailedAuction.name, version=FailedAuction.version)
    return msgspec.structs.replace(trade, signal_time=trade.entry_time - 1, taken_by=mode)


def a_plan(
    name: str, *, settings: config.Settings = SETTINGS, day: date = MONDAY, terms: EvidenceTerms | None = None
) -> RunPlan:
    market = RunMode(name.partition("-")[0])
    return RunPlan(
        name,
        MarketChoice(market),
        "digest",
        day,
        (STOCK,),
        without_secrets(settings).model_dump(mode="json"),
        past=EarlierEvidence(terms or terms_for(market, settings)),
    )


def keep(ledger: Ledger, plan: RunPlan, *trades: ClosedTrade) -> RunPlan:
    """Leave a run with its trades and its day in a ledger, as an engine does."""
    ledger.begin_run(ledger_run(plan, "a world", 1))
    limits = open_day(plan.day, ACCOUNT, wished_limits(SETTINGS.risk))
    facts = [Record("trade", trade.id, trade.exit_time, trade) for trade in trades]
    facts.append(Record("day_state", f"{plan.day.isoformat()}:1", 1, DayState(limits, 0, 0, None)))
    ledger.append(plan.run, facts, durable=True).result(60)
    ledger.end_run(plan.run, 2)
    return plan


def known(ledger: Ledger, market: RunMode, day: date = TUESDAY) -> dict[EntryMode | None, int]:
    """Return how many trades of the rule a run that begins now knows of, by how they came about."""
    records = records_before(ledger, terms_for(market, SETTINGS), day)
    return {record.mode: record.n for record in records}


def test_the_same_day_replayed_twice_is_one_days_evidence(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("replay-1"), a_trade(100))
        keep(ledger, a_plan("replay-2"), a_trade(100))
        assert known(ledger, RunMode.REPLAY) == {EntryMode.AUTO: 1}
        shown = shown_beside(ledger, a_plan("replay-3", day=TUESDAY))
    assert [trade.net for trade in shown.trades] == [100]
    assert shown.accounts == {MONDAY: ACCOUNT}


def test_a_day_that_is_being_replayed_again_stands_in_no_figure_beside_itself(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("replay-1"), a_trade(100))
        again = a_plan("replay-2")
        assert shown_beside(ledger, again).trades == ()
        assert known(ledger, RunMode.REPLAY, MONDAY) == {}


def test_a_demo_begun_twice_is_evidence_for_nothing(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("simulated-1"), a_trade(100))
        keep(ledger, a_plan("simulated-2"), a_trade(100))
        assert known(ledger, RunMode.SIMULATED) == {}
        shown = shown_beside(ledger, a_plan("simulated-3"))
    assert (shown.trades, shown.accounts) == ((), {})


def test_paper_in_the_morning_and_live_afterwards_count_where_they_belong(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1"), a_trade(100, "10:30"))
        keep(ledger, a_plan("live-1"), a_trade(200, "12:00", EntryMode.ASK))
        assert known(ledger, RunMode.PAPER) == {EntryMode.AUTO: 1}
        assert known(ledger, RunMode.LIVE) == {EntryMode.ASK: 1}
        paper = shown_beside(ledger, a_plan("paper-2", day=TUESDAY))
        live = shown_beside(ledger, a_plan("live-2", day=TUESDAY))
    assert [trade.net for trade in paper.trades] == [100]
    assert [trade.net for trade in live.trades] == [200]
    assert (paper.basis.mode, live.basis.mode) == (EntryMode.AUTO, EntryMode.ASK)


def test_paper_knows_what_stops_of_live_trades_slipped_by_and_live_needs_no_calibration(path: Path) -> None:
    slip = StopSlip(InstrumentClass.STOCK, 40, 100_000)
    fired = [
        msgspec.structs.replace(a_trade(-100, f"12:{minute:02d}", EntryMode.ASK), stop_slip=slip)
        for minute in range(30)
    ]
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("live-1"), *fired)
        keep(
            ledger,
            a_plan("paper-1"),
            msgspec.structs.replace(a_trade(-900), stop_slip=StopSlip(InstrumentClass.STOCK, 500, 100_000)),
        )
        paper = shown_beside(ledger, a_plan("paper-2", day=TUESDAY))
        live = shown_beside(ledger, a_plan("live-2", day=TUESDAY))
    assert paper.live == (LiveSlippage(InstrumentClass.STOCK, 30, 1_200, 3_000_000),)
    assert calibrated(paper.trades, paper.live) == Calibrated(-900 + 500 - 40, 1, 0)
    assert live.live == ()


def test_a_replay_after_paper_leaves_what_paper_made_and_adds_nothing(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1"), a_trade(100))
        keep(ledger, a_plan("replay-1"), a_trade(900))
        assert known(ledger, RunMode.PAPER) == {EntryMode.AUTO: 1}
        assert known(ledger, RunMode.REPLAY) == {}
        shown = shown_beside(ledger, a_plan("paper-2", day=TUESDAY))
    assert [trade.net for trade in shown.trades] == [100]


def test_an_account_that_begins_again_on_the_same_day_knows_what_its_morning_showed(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1"), a_trade(100))
        assert known(ledger, RunMode.PAPER, MONDAY) == {EntryMode.AUTO: 1}


def test_what_other_settings_or_other_fill_rules_made_is_in_no_figure_of_these(path: Path) -> None:
    wider = config.Settings(stop=config.StopSettings(atr_multiple=3.0))
    old = msgspec.structs.replace(terms_for(RunMode.PAPER, SETTINGS), fill_rules=1)
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1", settings=wider), a_trade(100, "10:00"))
        keep(ledger, a_plan("paper-2", terms=old), a_trade(200, "11:00"))
        keep(ledger, a_plan("paper-3"), a_trade(300, "12:00"))
        assert known(ledger, RunMode.PAPER) == {EntryMode.AUTO: 1}
        shown = shown_beside(ledger, a_plan("paper-4", day=TUESDAY))
    assert [trade.net for trade in shown.trades] == [300]


def test_cards_taken_by_a_person_and_their_own_trades_are_no_evidence_for_a_rule_that_trades_by_itself(
    path: Path,
) -> None:
    trades = [
        a_trade(net, clock, mode)
        for net, clock, mode in zip((1, 2, 3), ("10:00", "11:00", "12:00"), EntryMode, strict=True)
    ]
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1"), *trades)
        assert known(ledger, RunMode.PAPER) == dict.fromkeys(EntryMode, 1)
        shown = shown_beside(ledger, a_plan("paper-2", day=TUESDAY))
    assert [trade.net for trade in shown.trades] == [1]
    assert shown.basis.describe().startswith("auto · paper · fills v")


def test_a_rule_that_was_changed_begins_a_new_figure(path: Path) -> None:
    before = msgspec.structs.replace(a_trade(100), version=FailedAuction.version - 1)
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("paper-1"), before)
        assert shown_beside(ledger, a_plan("paper-2", day=TUESDAY)).trades == ()


def test_an_abandoned_run_counts_nowhere(path: Path) -> None:
    with Ledger.open(path) as ledger:
        keep(ledger, a_plan("replay-1"), a_trade(100))
        ledger.abandon_run("replay-1", 3)
        assert known(ledger, RunMode.REPLAY) == {}


def test_a_live_broker_fills_by_no_rules_of_ours() -> None:
    assert terms_for(RunMode.LIVE, SETTINGS).fill_rules == 0
    assert terms_for(RunMode.PAPER, SETTINGS).market is Source.PAPER


def stopped_out(minute: int) -> ClosedTrade:
    """Return a trade whose stop was filled 30 paise from a trigger of 1,000.00."""
    slip = StopSlip(InstrumentClass.STOCK, 30, 100_000)
    return msgspec.structs.replace(a_trade(-100, clock=f"11:{minute:02d}"), id=f"s{minute}", stop_slip=slip)


def test_thirty_stops_fired_on_earlier_days_of_the_same_market_tell_how_far_a_class_slips(path: Path) -> None:
    ledger = Ledger.open(path)
    keep(ledger, a_plan("paper-1"), *(stopped_out(minute) for minute in range(30)))
    (found,) = slippage_before(ledger, RunMode.PAPER, TUESDAY)
    assert (found.kind, found.fills, found.slip, found.worth) == (InstrumentClass.STOCK, 30, 30, 100_000)
    assert slippage_before(ledger, RunMode.PAPER, MONDAY) == ()
    assert slippage_before(ledger, RunMode.LIVE, TUESDAY) == ()
    ledger.close()


def test_a_plan_and_a_trade_of_an_earlier_version_know_no_slippage() -> None:
    plan = msgspec.json.decode(msgspec.json.encode(a_plan("paper-1")))
    del plan["past"]["slippage"]
    trade = msgspec.json.decode(msgspec.json.encode(a_trade(100)))
    del trade["stop_slip"]
    read = msgspec.convert(plan, RunPlan)
    assert read.past is not None
    assert read.past.slippage == ()
    assert msgspec.convert(trade, ClosedTrade).stop_slip is None
