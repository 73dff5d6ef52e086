"""Each line of a gate: met by what the ledger records, unmet with the missing named, and never by anything else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.contract.rollout_views import Criterion, CriterionState, RolloutGate, RolloutReport, RolloutTrack
from engine.ledger.run_terms import hosts_of, terms_under
from engine.ledger.stage_record import StageRecord
from engine.ledger.store import Ledger
from engine.market.clock import SECOND
from engine.performance.evidence import Basis, Source
from engine.promotion.evidence import ONE_LOT, SEVERAL_LOTS
from engine.promotion.judging import Bases, judge
from engine.rollout.stages import Stage
from engine.setups.signal import EntryMode
from engine.world.directories import World, WorldDirectory
from tests.promotion.sessions import (
    NOW,
    at_real,
    drill,
    on_loopback,
    paper_month,
    play,
    trades_of,
    weekdays,
)

REAL = at_real()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def directory(tmp_path: Path) -> WorldDirectory:
    found = WorldDirectory(World.ACCOUNT, tmp_path / "home" / "account")
    found.create()
    return found


@pytest.fixture
def ledger(directory: WorldDirectory) -> Iterator[Ledger]:
    with Ledger.open(directory.ledger) as opened:
        yield opened


def record_of(ledger: Ledger, settings: config.Settings = REAL) -> StageRecord:
    upstox = settings.upstox
    hosts = hosts_of((upstox.api_url, upstox.order_url, upstox.assets_url))
    return StageRecord(ledger, WorldDirectory(World.ACCOUNT, ledger.path.parent), hosts)


def judged(ledger: Ledger, settings: config.Settings = REAL) -> RolloutReport:
    bases = Bases(
        Basis(terms_under(Source.PAPER, settings, FILL_RULES), EntryMode.AUTO),
        Basis(terms_under(Source.LIVE, settings, 0), EntryMode.AUTO),
    )
    return judge(ledger, record_of(ledger, settings), bases, settings, NOW + SECOND)


def gate(ledger: Ledger, settings: config.Settings = REAL) -> RolloutGate:
    found = judged(ledger, settings).gate
    assert found is not None
    return found


def line(found: RolloutGate, name: str) -> Criterion:
    return next(one for one in found.criteria if one.name == name)


def promoted(ledger: Ledger, track: RolloutTrack = RolloutTrack.SETUPS) -> None:
    record_of(ledger).promote(track, Stage.SMALL, "a digest", "a person", "met", NOW)


def test_a_month_of_paper_that_earns_meets_every_line(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    found = gate(ledger)
    assert [(one.name, one.missing) for one in found.unmet] == []
    assert found.met
    assert found.sessions == 0
    assert SEVERAL_LOTS in found.basis
    assert "95 % interval" in line(found, "net expectancy").evidence


def test_an_empty_account_is_told_every_line(ledger: Ledger) -> None:
    found = gate(ledger)
    assert not found.met
    assert found.sessions is None
    assert line(found, "sessions from noon or earlier to their end").missing == "20 sessions more"
    assert all(one.missing for one in found.unmet)


def test_what_is_missing_is_told_with_the_sessions_to_go(ledger: Ledger) -> None:
    paper_month(ledger, REAL, sessions=12)
    found = gate(ledger)
    assert line(found, "sessions from noon or earlier to their end").sessions == 8
    assert line(found, "paper trades").missing == "24 more"
    assert found.sessions == 8


def test_a_session_that_was_broken_off_is_none_and_its_losses_count_all_the_same(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    days = weekdays(25)
    for number, day in enumerate(days[20:]):
        play(ledger, f"paper-cut-{number}", day, trades_of(day, -9_000), REAL, whole=False)
    found = gate(ledger)
    assert line(found, "sessions from noon or earlier to their end").evidence.startswith("20,")
    assert line(found, "net expectancy").state is CriterionState.UNMET


def test_the_last_minutes_of_a_day_are_no_session(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    late = weekdays(21)[-1]
    play(ledger, "paper-late", late, trades_of(late, 500), REAL, began="15:20")
    assert line(gate(ledger), "sessions from noon or earlier to their end").evidence.startswith("20,")


def test_simulated_and_replayed_days_promote_nothing(ledger: Ledger) -> None:
    for number, day in enumerate(weekdays(20)):
        play(ledger, f"replay-{number}", day, trades_of(day, 900, -300, 700), REAL)
    assert line(gate(ledger), "paper trades").evidence.startswith("0")


def test_loopback_evidence_promotes_on_loopback_alone(ledger: Ledger) -> None:
    local = on_loopback()
    paper_month(ledger, local)
    assert gate(ledger, local).met
    found = gate(ledger, REAL)
    assert line(found, "sessions from noon or earlier to their end").evidence == "0"
    assert not found.met


def test_other_settings_are_other_evidence(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    found = gate(ledger, at_real(capital=500_000))
    assert not found.met
    assert any("60 trades of" in text for text in found.apart)


def test_one_lot_and_several_lots_are_two_strategies_named_so(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    for number, day in enumerate(weekdays(2)):
        play(ledger, f"paper-lot-{number}", day, [], REAL)
    day = weekdays(21)[-1]
    play(ledger, "paper-one", day, trades_of(day, 500), REAL, lot=10)
    found = gate(ledger)
    assert f"1 trade of another strategy, {ONE_LOT}" in found.apart
    assert line(found, "paper trades").evidence.startswith("60,")


def test_losing_weeks_keep_the_gate_shut(ledger: Ledger) -> None:
    for number, day in enumerate(weekdays(20)):
        nets = (9_000, 100, 100) if number < 10 else (-300, 100, 100)
        play(ledger, f"paper-{number}", day, trades_of(day, *nets), REAL)
    drill(ledger)
    found = gate(ledger)
    assert [one.name for one in found.unmet] == ["profitable weeks"]
    assert line(found, "profitable weeks").missing == "1 more"


@pytest.mark.parametrize(
    ("name", "left", "missing"),
    [
        ("stops", {"naked": 2_100_000}, "without a late one"),
        ("stops", {"naked": None}, "without a proven stop"),
        ("pre-flight", {"go": False}, "NO-GO"),
        ("pre-flight", {"go": None}, "no verdict kept"),
        ("laws", {"law": "never reverse"}, "without one"),
        ("stops", {"lost": "T-lost"}, "without an end"),
    ],
)
def test_one_session_out_of_order_keeps_the_gate_shut_until_it_is_no_longer_among_the_newest(
    ledger: Ledger, name: str, left: dict[str, object], missing: str
) -> None:
    paper_month(ledger, REAL)
    bad = weekdays(21)[-1]
    play(ledger, "paper-bad", bad, trades_of(bad, 500), REAL, **left)  # type: ignore[arg-type]
    found = gate(ledger)
    assert [one.name for one in found.unmet] == [name]
    assert missing in line(found, name).missing
    for number, day in enumerate(weekdays(41)[21:]):
        play(ledger, f"paper-good-{number}", day, trades_of(day, 500), REAL)
    assert gate(ledger).met


def test_a_drill_that_is_old_or_of_another_version_counts_no_more(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    drill(ledger, NOW + 1, version="0.0.9")
    assert [one.name for one in gate(ledger).unmet] == ["kill drill"]


def test_after_a_breach_only_later_sessions_count(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    promoted(ledger)
    record = record_of(ledger)
    record.demote(record.place, Stage.PAPER, "a law broken", "the engine", NOW + 1, anew=True)
    found = gate(ledger)
    assert line(found, "sessions from noon or earlier to their end").missing == "20 sessions more"
    for number, day in enumerate(weekdays(40)[20:]):
        play(ledger, f"paper-later-{number}", day, trades_of(day, 900, -300, 700), REAL)
    assert gate(ledger).met


def test_a_lost_record_does_not_lose_its_breaches(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    record_of(ledger).begin_anew("its head was lost", "a person", NOW)
    assert not gate(ledger).met


def test_a_demotion_that_a_person_asked_for_keeps_the_evidence(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    promoted(ledger)
    record = record_of(ledger)
    record.demote(record.place, Stage.PAPER, "a holiday", "a person", NOW + 1, anew=False)
    assert gate(ledger).met


def live_days(ledger: Ledger, nets: tuple[int, ...], sessions: int) -> None:
    paper_month(ledger, REAL)
    promoted(ledger)
    for number, day in enumerate(weekdays(20 + sessions)[20:]):
        play(ledger, f"live-{number}", day, trades_of(day, *nets), REAL)


def test_an_edge_at_the_first_look_opens_full(ledger: Ledger) -> None:
    live_days(ledger, (900, -300, 700, 800, -200), 20)
    found = gate(ledger)
    assert (found.origin, found.target) == ("SMALL", "FULL")
    assert [(one.name, one.missing) for one in found.unmet] == []
    edge = line(found, "edge proven")
    assert "look 1, 100 trades on 20 days" in edge.evidence
    assert "1.67 % each" in edge.asks


def test_between_two_looks_nothing_is_looked_at(ledger: Ledger) -> None:
    live_days(ledger, (900, -300, 700, 800), 24)
    found = gate(ledger)
    edge = line(found, "edge proven")
    assert edge.missing == "4 trades to the first look"
    assert edge.sessions == 1


def test_an_edge_that_its_look_does_not_prove_waits_for_the_next_one(ledger: Ledger) -> None:
    paper_month(ledger, REAL)
    promoted(ledger)
    for number, day in enumerate(weekdays(40)[20:]):
        nets = (900, -850, 900, -900, 100) if number % 2 else (-900, 800, -900, 900, 10)
        play(ledger, f"live-{number}", day, trades_of(day, *nets), REAL)
    edge = line(gate(ledger), "edge proven")
    assert edge.state is CriterionState.UNMET
    assert edge.missing == "not proven at look 1; 100 trades to the next"
    assert edge.sessions == 20


def test_the_traders_own_orders_have_a_gate_of_their_own(ledger: Ledger) -> None:
    for number, day in enumerate(weekdays(20)):
        play(ledger, f"paper-{number}", day, trades_of(day, -200, -100, mode=EntryMode.MANUAL), REAL)
    drill(ledger)
    own = next(one for one in judged(ledger).gates if one.track is RolloutTrack.MANUAL)
    assert own.met
    assert not gate(ledger).met


def test_a_loss_far_beyond_its_stop_shuts_the_gate_of_the_traders_own(ledger: Ledger) -> None:
    for number, day in enumerate(weekdays(20)):
        nets = (-200, -2_000) if number == 3 else (-200, -100)
        play(ledger, f"paper-{number}", day, trades_of(day, *nets, mode=EntryMode.MANUAL), REAL)
    drill(ledger)
    own = next(one for one in judged(ledger).gates if one.track is RolloutTrack.MANUAL)
    assert [one.name for one in own.unmet] == ["largest loss of your own"]
