"""Several recorded days, replayed one after another and kept: each finds what the days before it left."""

from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import config
from config import Settings
from engine.auction.prior.history import SessionProfile
from engine.brokers.cursor_file import Cursor
from engine.core import Attended
from engine.host.headless import replay
from engine.ledger.reader import SESSION, LedgerReader
from engine.ledger.records import JournalEntry, Run
from engine.ledger.store import Ledger
from engine.market.clock import SECOND, instant_at
from engine.orders.ledger_facts import Record
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, open_feed
from engine.runtime.resume import resume_run
from engine.runtime.run import begin_run, earlier_levels, ledger_run, read_plan
from engine.setups.register import SETUPS
from engine.world.directories import World, WorldDirectory
from tests.recordings import EQ_A, made_packets, scripted_packets, write_recording

MONDAY, TUESDAY = date(2025, 12, 15), date(2025, 12, 16)


def a_day(folder: Path, day: date, price: float = 1_000.0, seed: int = 1) -> MarketChoice:
    """Write the last hour and a half of a made session, up to its close."""
    packets = made_packets(
        seed=seed, count=1_090, start=instant_at(day, time(14)), step=5 * SECOND, price=price
    )
    path = write_recording(folder / f"{day}-{seed}.json.gz", packets, indent=None)
    return MarketChoice(RunMode.REPLAY, (str(path),))


def plans(world: WorldDirectory) -> list[RunPlan]:
    with LedgerReader(world.ledger) as ledger:
        return [read_plan(run) for run in ledger.runs()]


def sessions(world: WorldDirectory, before: date) -> list[SessionProfile]:
    with LedgerReader(world.ledger) as ledger:
        facts = ledger.sessions(before)
    return [msgspec.json.decode(fact.payload, type=SessionProfile) for fact in facts]


def signals_of(report: Mapping[str, Any]) -> list[Any]:
    return list(report["signals"])


@pytest.fixture
def world(tmp_path: Path) -> WorldDirectory:
    return WorldDirectory(World.REPLAY, tmp_path / "replay")


def test_a_replay_without_a_screen_tells_core_that_nobody_can_come(
    tmp_path: Path, world: WorldDirectory
) -> None:
    replay(a_day(tmp_path, MONDAY), Settings(), world)
    with LedgerReader(world.ledger) as ledger:
        (run,) = ledger.runs()
        told = [entry.payload for entry in ledger.journal(run.run) if entry.kind == "outside"]
    assert msgspec.msgpack.encode(Attended(attended=False, reachable=False)) in told


def test_the_next_kept_day_begins_with_the_levels_of_the_one_before(
    tmp_path: Path, world: WorldDirectory
) -> None:
    replay(a_day(tmp_path, MONDAY), Settings(), world)
    (monday,) = sessions(world, TUESDAY)
    replay(a_day(tmp_path, TUESDAY, price=monday.close / 100, seed=2), Settings(), world)
    first, second = plans(world)
    assert first.prior == {}
    levels = second.prior[EQ_A]
    assert (levels.day, levels.sessions) == (MONDAY, 1)
    assert (levels.high, levels.low, levels.close, levels.poc) == (
        monday.high,
        monday.low,
        monday.close,
        monday.poc,
    )


def test_a_replays_signals_carry_the_record_and_its_setups_say_why_they_traded_or_not(
    tmp_path: Path, world: WorldDirectory
) -> None:
    path = write_recording(tmp_path / "day.json.gz", scripted_packets(seed=3), indent=None)
    reports = [
        replay(MarketChoice(RunMode.REPLAY, (str(path),)), Settings(), place)
        for place in (None, world, world)
    ]
    for report in reports:
        signals = signals_of(report)
        assert signals
        assert {signal["record"]["verdict"] for signal in signals} == {"UNPROVEN"}
        instruments: Any = report["instruments"]
        notes = {note["setup"]: note for note in instruments[EQ_A]["setups"]}
        assert set(notes) == {kind.name for kind in SETUPS}
        assert all(note["why"] for note in notes.values())
        assert notes["failed auction"]["taken"] == sum(signal["taken"] for signal in signals)
    thrown_away, first, again = (
        [(signal["time"], signal["record"]["n"]) for signal in signals_of(report)] for report in reports
    )
    assert thrown_away == first == again, "the same day played again is no further evidence"
    assert first[0][1] == 0


def test_a_day_played_again_is_not_its_own_past_and_counts_once(
    tmp_path: Path, world: WorldDirectory
) -> None:
    choice = a_day(tmp_path, MONDAY)
    replay(choice, Settings(), world)
    replay(choice, Settings(), world)
    assert [plan.prior for plan in plans(world)] == [{}, {}]
    assert len(sessions(world, TUESDAY)) == 1


def test_a_plan_keeps_its_levels_whatever_is_played_afterwards(tmp_path: Path, world: WorldDirectory) -> None:
    replay(a_day(tmp_path, MONDAY), Settings(), world)
    replay(a_day(tmp_path, TUESDAY, seed=2), Settings(), world)
    before = plans(world)[1].prior
    replay(a_day(tmp_path, MONDAY, price=990.0, seed=3), Settings(), world)
    assert plans(world)[1].prior == before
    with LedgerReader(world.ledger) as ledger:
        now = earlier_levels(ledger, [EQ_A], TUESDAY, config.ProfileSettings())
    assert now[EQ_A].close != before[EQ_A].close


def test_a_recording_that_ends_before_the_close_leaves_no_session(
    tmp_path: Path, world: WorldDirectory
) -> None:
    packets = made_packets(count=300, start=instant_at(MONDAY, time(14)))
    path = write_recording(tmp_path / "short.json.gz", packets, indent=None)
    replay(MarketChoice(RunMode.REPLAY, (str(path),)), Settings(), world)
    assert sessions(world, TUESDAY) == []


def test_the_written_day_brings_its_own_past() -> None:
    feed = open_feed(MarketChoice(RunMode.SIMULATED, script="open-drive"), Settings().simulator)
    assert feed.prior.keys() == feed.instruments.keys()
    assert all(levels.ready and levels.day < feed.day for levels in feed.prior.values())
    ordinary = open_feed(MarketChoice(RunMode.SIMULATED), Settings().simulator)
    assert ordinary.prior.keys() == ordinary.instruments.keys()


def test_a_run_that_died_comes_back_with_the_levels_it_began_with(
    tmp_path: Path, world: WorldDirectory
) -> None:
    replay(a_day(tmp_path, MONDAY), Settings(), world)
    (monday,) = sessions(world, TUESDAY)
    choice = a_day(tmp_path, TUESDAY, price=monday.close / 100, seed=2)
    with Ledger.open(world.ledger) as ledger:
        entries: list[JournalEntry] = []
        run = begin_run(
            "tuesday",
            choice,
            Settings(),
            exchange_path=world.exchange,
            journal=entries.append,
            ledger=ledger,
        )
        ledger.begin_run(ledger_run(run.plan, "replay", 0))
        while run.playback.updates < 500:
            run.playback.play(None, 1)
        known = run.playback.core.market.context(EQ_A).prior
        ledger.append("tuesday", (), entries, durable=True).result()
        playback = run.playback
        run.exchange.commit(
            Cursor("tuesday", playback.updates, playback.now, playback.pause_offset, playback.sequence)
        )
        run.exchange.close()
        ledger.begin_run(Run("again", "replay", "digest", MONDAY, "settings", "{}", 1))
        other = msgspec.structs.replace(monday, high=monday.high + 500)
        record = Record(SESSION, f"{MONDAY.isoformat()}|{EQ_A}", 9, other)
        ledger.append("again", [record], durable=True).result()
    with Ledger.open(world.ledger) as ledger:
        row = ledger.run("tuesday")
        assert row is not None
        assert (
            earlier_levels(ledger, [EQ_A], TUESDAY, config.ProfileSettings())[EQ_A].high == monday.high + 500
        )
        back = resume_run(read_plan(row), ledger, exchange_path=world.exchange, journal=entries.append)
        assert back.playback.updates == 500
        assert back.playback.core.market.context(EQ_A).prior == known
        back.exchange.close()
    assert known is not None
    assert (known.ready, known.high) == (True, monday.high)
