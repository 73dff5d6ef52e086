"""Evidence by its tables is evidence by the records, whatever became of them since."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.core import DayState
from engine.core.story_records import AFTER_EXIT, AfterExit
from engine.ledger.evidence_choice import newest_basis, stand_on
from engine.ledger.evidence_query import EvidenceQuery
from engine.ledger.evidence_tables import SINCE
from engine.ledger.reader import LedgerReader
from engine.ledger.run_terms import terms_under
from engine.ledger.schema import CURRENT, Schema
from engine.ledger.store import Ledger, Run
from engine.orders.ledger_facts import Record
from engine.performance.evidence import Basis, Key, Source
from engine.performance.trade import ClosedTrade
from engine.risk.limits import open_day, wished_limits
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import EntryMode
from tests.ledger.played_days import a_trade, play
from tests.performance.builders import ACCOUNT, MONDAY

TUESDAY = MONDAY + timedelta(days=1)
LOOPBACK = config.UpstoxSettings(order_url="http://127.0.0.1:9", api_url="http://127.0.0.1:9")
HOSTS = "api-hft.upstox.com api.upstox.com assets.upstox.com"
BEFORE = Schema(2, CURRENT.tables[:4], {})
"""The tables of the schema before."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        yield opened


def both(ledger: LedgerReader) -> dict[Key, ClosedTrade]:
    """Return what counts, and hold the tables against the records."""
    ways = []
    for by_records in (False, True):
        query = EvidenceQuery(ledger, by_records=by_records)
        played = query.played()
        found = {key: query.read(kept) for key, kept in query.counted(played).items()}
        ways.append((played, found, query.accounts(played)))
    assert ways[0] == ways[1]
    return ways[0][1]


def nets(ledger: LedgerReader) -> list[int]:
    return sorted(trade.net for trade in both(ledger).values())


def test_trades_days_and_runs_are_found_as_they_were_recorded(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100), a_trade(200, "12:00"))
    play(ledger, "paper-2", a_trade(300, day=TUESDAY), day=TUESDAY, account=ACCOUNT + 300)
    assert nets(ledger) == [100, 200, 300]
    query = EvidenceQuery(ledger)
    assert query.accounts(query.played()) == {MONDAY: ACCOUNT, TUESDAY: ACCOUNT + 300}


def test_the_half_hour_behind_an_exit_is_found_by_its_trade(ledger: Ledger) -> None:
    watched, cut, other = a_trade(100), a_trade(-100, "12:00"), a_trade(300, "13:00")
    play(ledger, "paper-1", watched, cut)
    play(ledger, "paper-2", other, day=TUESDAY)
    behind = [
        AfterExit(watched.id, 15, 100_100, 99_900, 100_000),
        AfterExit(watched.id, 30, 100_500, 99_800, 100_000),
        AfterExit(cut.id, 30, 100_500, 99_800, 100_000, "the market ended"),
    ]
    facts = [Record(AFTER_EXIT, f"{one.trade}:{one.minutes}", 5, one) for one in behind]
    ledger.append("paper-1", facts, durable=True).result(5)
    for by_records in (False, True):
        query = EvidenceQuery(ledger, by_records=by_records)
        assert query.half_hours(query.played()) == {watched.id: (100_500, 99_800)}
        assert query.half_hours(query.played()[1:]) == {}


def test_a_trade_that_was_corrected_counts_once_as_it_was_corrected_last(ledger: Ledger) -> None:
    trade = a_trade(100)
    play(ledger, "paper-1", trade)
    for number, value in enumerate((1_000_250, 1_000_300), 1):
        corrected = msgspec.structs.replace(trade, exit_value=value)
        ledger.append(
            "paper-1",
            [Record("trade", f"corrected:{number}", trade.exit_time + number, corrected)],
            durable=True,
        )
    ledger.flush()
    assert nets(ledger) == [200]


def test_what_is_taken_back_after_a_death_is_taken_back_of_the_tables(ledger: Ledger) -> None:
    first, second = a_trade(100), a_trade(200, "12:00")
    play(ledger, "paper-1", first, second)
    corrected = msgspec.structs.replace(first, exit_value=1_000_999)
    ledger.append("paper-1", [Record("trade", "again", second.exit_time, corrected)], durable=True).result(60)
    assert nets(ledger) == [200, 899]
    ledger.rewind("paper-1", 0, first.exit_time)
    assert nets(ledger) == [100]
    ledger.rewind("paper-1", 0, 1)
    assert nets(ledger) == []
    query = EvidenceQuery(ledger)
    assert query.accounts(query.played()) == {MONDAY: ACCOUNT}


def test_a_correction_that_is_taken_back_leaves_the_one_before_it(ledger: Ledger) -> None:
    trade = a_trade(100)
    play(ledger, "paper-1", trade)
    for number, value in enumerate((1_000_250, 1_000_300), 1):
        corrected = msgspec.structs.replace(trade, exit_value=value)
        fact = Record("trade", f"corrected:{number}", trade.exit_time + number, corrected)
        ledger.append("paper-1", [fact], durable=True).result(60)
    ledger.rewind("paper-1", 0, trade.exit_time + 1)
    assert nets(ledger) == [150]


def test_a_day_whose_first_state_is_taken_back_goes_by_the_next_one(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100))
    limits = open_day(MONDAY, 5_000, wished_limits(config.Settings().risk))
    ledger.append(
        "paper-1", [Record("day_state", "early", 0, DayState(limits, 0, 0, None))], durable=True
    ).result(60)
    ledger.rewind("paper-1", 0, 0)
    query = EvidenceQuery(ledger)
    assert query.accounts(query.played()) == {MONDAY: 5_000}
    both(ledger)


def test_a_run_that_was_abandoned_or_thinned_is_in_no_table_that_counts(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100))
    play(ledger, "paper-2", a_trade(200, "12:00"))
    ledger.abandon_run("paper-1", 3)
    assert nets(ledger) == [200]


def test_an_old_demo_that_is_thinned_leaves_no_row_behind(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for number in range(3):
            ledger.begin_run(
                Run(f"d{number}", "demo", "feed", MONDAY, "s", '{"choice":{"market":"simulated"}}', 1)
            )
            trade = a_trade(100)
            ledger.append(f"d{number}", [Record("trade", trade.id, 1, trade)], durable=True).result(60)
            ledger.end_run(f"d{number}", 2)
        ledger.thin(1).result(60)
    with closing(sqlite3.connect(path)) as database:
        for table in ("trades", "played"):
            assert database.execute(f"SELECT run FROM {table}").fetchall() == [("d2",)]


def test_a_plan_that_is_amended_tells_what_it_follows_now(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100))
    plan = msgspec.json.decode(ledger.runs()[0].plan)
    plan["instruments"].append({"key": "NSE_EQ|B"})
    ledger.amend_plan("paper-1", msgspec.json.encode(plan).decode())
    both(ledger)
    assert EvidenceQuery(ledger).played()[0].told.instruments == ("NSE_EQ|A", "NSE_EQ|B")


def test_a_run_whose_plan_does_not_read_counts_in_no_figure(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100))
    ledger.begin_run(Run("odd", "a world", "feed", MONDAY, "digest", '{"plan": 1}', 1))
    trade = a_trade(900, "13:00")
    ledger.append("odd", [Record("trade", trade.id, 1, trade)], durable=True).result(60)
    assert nets(ledger) == [100]


def test_a_ledger_of_the_schema_before_is_read_by_its_records_and_brought_up_behind_a_backup(
    path: Path,
) -> None:
    with Ledger.open(path) as ledger:
        play(ledger, "paper-1", a_trade(100), a_trade(200, "12:00"))
        play(ledger, "replay-1", a_trade(300, day=TUESDAY), day=TUESDAY)
        play(ledger, "replay-2", a_trade(400, day=TUESDAY), day=TUESDAY)
        expected = both(ledger)
    make_older(path)
    with LedgerReader(path) as older:
        assert older.version == 2
        assert both(older) == expected
    with Ledger.open(path) as ledger:
        assert ledger.version == CURRENT.version == SINCE
        assert both(ledger) == expected
        play(ledger, "paper-9", a_trade(900, "13:00"))
        assert nets(ledger) == [100, 200, 400, 900]
    with closing(sqlite3.connect(path.with_name("ledger.sqlite.v2.bak"))) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == 2
        assert backup.execute("SELECT count(*) FROM sqlite_master WHERE name = 'played'").fetchone()[0] == 0


def make_older(path: Path) -> None:
    """Take from a ledger what the newest schema added."""
    with closing(sqlite3.connect(path)) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for table in ("played", "trades", "accounts", "stages"):
            database.execute(f"DROP TABLE {table}")
        database.execute(f"PRAGMA user_version={BEFORE.version}")
        database.commit()


def test_a_run_of_the_third_schema_is_given_the_addresses_it_was_made_at(path: Path) -> None:
    with Ledger.open(path) as ledger:
        play(ledger, "paper-1", a_trade(100))
        play(ledger, "replay-1", a_trade(300, day=TUESDAY), day=TUESDAY)
        expected = EvidenceQuery(ledger).played()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE stages")
        database.execute("ALTER TABLE played DROP COLUMN addresses")
        database.execute("PRAGMA user_version=3")
        database.commit()
    with LedgerReader(path) as older:
        assert EvidenceQuery(older).played() == expected
    with Ledger.open(path) as ledger:
        assert EvidenceQuery(ledger).played() == expected
        assert [one.told.addresses for one in expected] == [HOSTS, ""]
    with LedgerReader(path.with_name("ledger.sqlite.v3.bak")) as backup:
        assert backup.version == 3


def test_a_record_that_is_no_json_stops_no_upgrade(path: Path) -> None:
    with Ledger.open(path, BEFORE):
        pass
    with closing(sqlite3.connect(path)) as database:
        columns = "(run, kind, key, time, payload)"
        for kind in ("trade", "day_state"):
            database.execute(f"INSERT INTO records {columns} VALUES ('r', ?, 'k', 1, '{{')", (kind,))
        database.commit()
    with Ledger.open(path) as ledger:
        assert EvidenceQuery(ledger).counted([]) == {}


def test_what_a_broker_on_this_machine_showed_is_other_evidence_than_the_real_ones(ledger: Ledger) -> None:
    play(ledger, "live-1", a_trade(100))
    play(ledger, "live-2", a_trade(200, "12:00"), settings=config.Settings(upstox=LOOPBACK))
    found = both(ledger)
    assert {key.broker: trade.net for key, trade in found.items()} == {
        "api-hft.upstox.com": 100,
        "loopback": 200,
    }
    query = EvidenceQuery(ledger)
    basis = newest_basis(query.played(), found)
    assert basis is not None
    assert basis.describe().startswith("auto · live · on loopback · settings")
    standing = stand_on(query, query.played(), found, basis)
    assert [trade.net for trade in standing.trades] == [200]
    assert [(one.trades, one.name.partition(" · settings")[0]) for one in standing.others] == [
        (1, "auto · live")
    ]


def test_the_newest_run_that_left_a_trade_chooses_and_the_others_are_named(ledger: Ledger) -> None:
    wider = config.Settings(stop=config.StopSettings(atr_multiple=3.0))
    by_hand = msgspec.structs.replace(a_trade(7, "14:00"), taken_by=EntryMode.MANUAL)
    older = msgspec.structs.replace(a_trade(9, "10:30"), version=FailedAuction.version - 1)
    unknown = msgspec.structs.replace(a_trade(8, "14:30"), taken_by=None)
    play(ledger, "paper-1", a_trade(100), settings=wider)
    play(ledger, "paper-2", a_trade(200, day=TUESDAY), by_hand, older, unknown, day=TUESDAY)
    play(ledger, "paper-3", day=TUESDAY, settings=wider)
    query = EvidenceQuery(ledger)
    played = query.played()
    found = query.counted(played)
    basis = newest_basis(played, found)
    # The newest run of all left none of its own, but its settings are those of the first.
    assert basis == Basis(terms_under(Source.PAPER, wider, FILL_RULES), EntryMode.AUTO)
    standing = stand_on(
        query, played, found, Basis(terms_under(Source.PAPER, config.Settings(), FILL_RULES), EntryMode.AUTO)
    )
    assert [trade.net for trade in standing.trades] == [200]
    names = [one.name for one in standing.others]
    modes = sorted(name.partition(" · ")[0] for name in names)
    assert modes == ["auto", "auto", "manual", "mode not recorded"]
    assert any(name.endswith(f"{FailedAuction.name} v{FailedAuction.version - 1}") for name in names)


def test_a_trade_on_a_day_that_nobody_knows_the_account_of_is_left_out_and_counted(ledger: Ledger) -> None:
    play(ledger, "paper-1", a_trade(100), a_trade(300, day=TUESDAY))
    query = EvidenceQuery(ledger)
    played = query.played()
    found = query.counted(played)
    basis = newest_basis(played, found)
    assert basis is not None
    standing = stand_on(query, played, found, basis)
    assert ([trade.net for trade in standing.trades], standing.unplaced) == ([100], 1)


def test_simulated_days_are_shown_by_the_last_time_they_were_played(ledger: Ledger) -> None:
    play(ledger, "simulated-1", a_trade(100))
    play(ledger, "simulated-2", a_trade(200, "12:00"))
    query = EvidenceQuery(ledger)
    assert query.counted(query.played()) == {}
    shown = query.counted(query.played(), simulated=True)
    assert [query.read(kept).net for kept in shown.values()] == [200]
