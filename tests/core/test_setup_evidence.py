"""A signal's card keeps the record as it was when its setup spoke."""

import msgspec

from engine.core.setup_evidence import EarlierEvidence, SetupEvidence
from engine.performance.evidence import EvidenceTerms, Source
from engine.performance.records import SetupRecord
from engine.performance.trade import ClosedTrade
from engine.presenter import Presenter, ViewFacts
from engine.setups.signal import EntryMode
from tests.core.scripted_setup import Scripted, close_minute, world_with
from tests.performance.builders import make_trade

RULE = "failed auction"
PAPER = EvidenceTerms(Source.PAPER, "5e771e5d", 2)


def won(clock: str, mode: EntryMode = EntryMode.AUTO) -> ClosedTrade:
    return msgspec.structs.replace(make_trade(500, clock=clock), taken_by=mode)


def test_what_ends_later_changes_no_record_that_was_told() -> None:
    closed = [won("10:00")]
    proof = SetupEvidence(
        closed, EarlierEvidence(PAPER, (SetupRecord(RULE, 1, n=30, days=5, wins=11, mode=EntryMode.AUTO),))
    )
    before = proof.now(RULE, 1, EntryMode.AUTO)
    closed.append(won("11:00"))
    assert (before.n, before.wins, before.days) == (31, 12, 6)
    assert proof.now(RULE, 1, EntryMode.AUTO).n == 32


def test_what_came_about_in_another_way_is_another_record() -> None:
    proof = SetupEvidence([won("10:00"), won("11:00", EntryMode.ASK)], EarlierEvidence(PAPER))
    assert (proof.now(RULE, 1, EntryMode.AUTO).n, proof.now(RULE, 1, EntryMode.ASK).n) == (1, 1)
    assert proof.now(RULE, 2, EntryMode.AUTO).n == 0


def test_a_record_names_what_it_stands_on() -> None:
    said = SetupEvidence([won("10:00")], EarlierEvidence(PAPER)).now(RULE, 1, EntryMode.AUTO).describe()
    assert said == (
        "n 1 UNPROVEN · 100% (21–100) · +0.50 R · 1 won, 1 day · v1 · auto · paper · fills v2 · settings 5e771e5d"
    )


def test_a_simulated_market_proves_nothing_however_much_it_made() -> None:
    simulated = msgspec.structs.replace(PAPER, market=Source.SIMULATED)
    said = SetupEvidence([won("10:00")], EarlierEvidence(simulated)).now(RULE, 1, EntryMode.AUTO).describe()
    assert said == "n 0 UNPROVEN · v1 · auto · a simulated market is evidence for nothing"


def test_a_card_shows_the_record_of_its_own_moment_after_more_trades_have_ended() -> None:
    world = world_with(Scripted(), "off")
    close_minute(world)
    (decision,) = world.core.signals
    world.core.closed_trades.append(
        msgspec.structs.replace(won("10:00"), setup=decision.setup, version=decision.version)
    )
    surroundings = ViewFacts(world.now, 1, held=False, ended=False)
    (card,) = Presenter((), {}).view(world.core, surroundings, None).signals
    assert card.record == f"n 0 UNPROVEN · v{decision.version} · auto"
    kept = [one.payload for one in world.records if one.kind in ("signal", "refusal")]
    assert [getattr(one, "record", None) for one in kept] == [decision.record]


def test_a_trade_tells_when_its_signal_came_and_how_it_came_about() -> None:
    world = world_with(Scripted(), "auto")
    close_minute(world)
    (decision,) = world.core.signals
    (trade,) = world.core.manager.portfolio.running()
    assert (trade.signal_time, trade.taken_by) == (decision.time, EntryMode.AUTO)
