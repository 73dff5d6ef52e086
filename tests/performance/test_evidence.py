"""One day's market gives one trade once, and unlike things never stand in one figure."""

from datetime import date

import msgspec
import pytest

import config
from engine.performance.evidence import Basis, EvidenceTerms, Played, Source, counted, deciding
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode
from tests.performance.builders import MONDAY, make_trade

A = frozenset({"NSE_EQ|A"})
REPLAY, PAPER, LIVE, DEMO = (
    EvidenceTerms(Source(name), "5e771e5d", 2) for name in ("replay", "paper", "live", "simulated")
)


def traded(net: int, clock: str = "11:00", mode: EntryMode = EntryMode.AUTO) -> ClosedTrade:
    trade = make_trade(net, clock=clock)
    return msgspec.structs.replace(trade, signal_time=trade.entry_time - 1, taken_by=mode)


def played(
    terms: EvidenceTerms, *trades: ClosedTrade, day: date = MONDAY, instruments: frozenset[str] = A
) -> Played:
    return Played(day, instruments, terms, trades)


def nets(*runs: Played) -> list[int]:
    return sorted(trade.net for trade in counted(runs).values())


def test_a_day_that_is_replayed_again_replaces_what_it_gave_before_and_adds_nothing() -> None:
    first, again = traded(100), traded(100)
    assert nets(played(REPLAY, first), played(REPLAY, again)) == [100]


def test_a_replay_that_a_person_played_otherwise_replaces_trades_that_it_did_not_make() -> None:
    first = played(REPLAY, traded(100, "11:00"), traded(200, "12:00"))
    assert nets(first, played(REPLAY, traded(-50, "13:00"))) == [-50]


def test_a_replay_of_another_instrument_of_the_same_day_replaces_nothing() -> None:
    other = played(REPLAY, instruments=frozenset({"NSE_EQ|B"}))
    assert nets(played(REPLAY, traded(100)), other) == [100]


def test_runs_of_one_paper_day_add_up_for_its_market_happened_once() -> None:
    assert nets(played(PAPER, traded(100, "10:00")), played(PAPER, traded(200, "14:00"))) == [100, 200]


def test_a_trade_that_two_runs_of_a_paper_day_both_tell_of_counts_once() -> None:
    assert nets(played(PAPER, traded(100)), played(PAPER, traded(100))) == [100]


def test_a_replay_never_replaces_what_paper_or_live_made_of_the_day() -> None:
    for real in (PAPER, LIVE):
        assert nets(played(real, traded(100)), played(REPLAY, traded(900))) == [100]
        assert nets(played(REPLAY, traded(900)), played(real, traded(100))) == [100]


def test_paper_and_live_trades_of_a_day_are_evidence_of_their_own() -> None:
    found = counted([played(PAPER, traded(100)), played(LIVE, traded(200))])
    for terms, net in ((PAPER, 100), (LIVE, 200)):
        basis = Basis(terms, EntryMode.AUTO)
        assert [trade.net for key, trade in found.items() if basis.holds(key)] == [net]


def test_simulated_days_are_evidence_for_nothing() -> None:
    assert nets(played(DEMO, traded(100)), played(DEMO, traded(100))) == []


def test_other_settings_and_other_fill_rules_are_other_evidence() -> None:
    others = [EvidenceTerms(Source.REPLAY, "07e125e7", 2), EvidenceTerms(Source.REPLAY, "5e771e5d", 3)]
    found = counted([played(terms, traded(100)) for terms in (REPLAY, *others)])
    assert len(found) == 3
    for terms in (REPLAY, *others):
        assert sum(Basis(terms, EntryMode.AUTO).holds(key) for key in found) == 1


def test_what_a_person_took_and_what_they_made_themselves_stand_apart_from_auto() -> None:
    trades = [
        traded(100, "10:00"),
        traded(200, "11:00", EntryMode.ASK),
        traded(300, "12:00", EntryMode.MANUAL),
    ]
    found = counted([played(PAPER, *trades)])
    for mode, net in zip((EntryMode.AUTO, EntryMode.ASK, EntryMode.MANUAL), (100, 200, 300), strict=True):
        basis = Basis(PAPER, mode)
        assert [trade.net for key, trade in found.items() if basis.holds(key)] == [net]
    assert [key.source for key in found] == [Source.PAPER, Source.PAPER, Source.MANUAL]


def test_a_figure_names_what_it_stands_on() -> None:
    assert Basis(PAPER, EntryMode.ASK).describe() == "ask · paper · fills v2 · settings 5e771e5d"
    live = Basis(EvidenceTerms(Source.LIVE, "5e771e5d", 0), EntryMode.ASK)
    assert live.describe() == "ask · live · settings 5e771e5d"


@pytest.mark.parametrize(
    ("section", "name", "value", "decides"),
    [
        ("stop", "atr_multiple", 3.0, True),
        ("risk", "risk_per_trade_pct", 0.5, True),
        ("paper", "latency_ms", 200, True),
        ("session", "last_entry", "14:00", True),
        ("account", "capital", 500_000.0, True),
        ("screen", "frames_per_second", 5, False),
        ("account", "mode", "live", False),
        ("setups", "open_drive", "ask", False),
        ("watchlist", "instruments", ("A",), False),
        ("upstox", "read_timeout_seconds", 9.0, False),
    ],
)
def test_the_digest_changes_with_what_decides_about_trades_and_with_nothing_else(
    section: str, name: str, value: object, decides: bool
) -> None:
    plain = config.Settings().model_dump(mode="json")
    changed = config.Settings.model_validate({section: {name: value}}).model_dump(mode="json")
    assert (deciding(plain) != deciding(changed)) is decides
