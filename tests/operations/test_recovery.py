"""A killed engine's successor finds what it left, and the finished run is the one that nothing disturbed."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.contract.commands import ArmManual, PauseReplay, SetReplaySpeed, Side, TightenStop
from engine.ledger.reader import LedgerReader
from engine.ledger.records import RunState
from engine.ledger.store import Ledger
from engine.market.clock import SECOND, datetime_of
from engine.runtime.run import read_plan
from engine.world.directories import World
from tests.operations.outside import Engine, Outside, copy_of, outside, positions, say, wait_until
from tests.operations.remains import Remains, differences, remains
from tests.recordings import EQ_A, EQ_B, OPT_A, contracts_file, recorded_file


def finished(engine: Engine) -> Remains:
    """Play a run to its end and return everything it leaves behind."""
    engine.play_to_the_end()
    engine.ask_to_end()
    return remains(engine)


def kill_three_times(
    place: Outside, moments: Sequence[int], *words: object, world: World = World.REPLAY
) -> Engine:
    """Kill the engine at each of these updates; each successor must stand where the dead one did. Return the last."""
    say(f"killed at updates {[*moments]}")
    engine = place.start(world, *words)
    for moment in moments:
        engine.wait_updates(moment)
        engine.kill_process()
        before = engine.book()
        assert positions(before), "killed without a position: this proves nothing"
        engine = place.start(world, *words)
        found = engine.view()
        assert {row.instrument for row in found.positions} == set(positions(before))
        assert {row.stop_state for row in found.positions} <= {"HELD", "PLACING"}
        engine.wait_protected()
    return engine


ROOM_FOR_TWO = ("--set", "risk.risk_per_trade_pct=0.4")
"""At the defaults the gap risk of one position leaves hardly room for a second."""


def test_a_replay_killed_three_times_ends_as_if_nothing_had_happened(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path
) -> None:
    words = (*ROOM_FOR_TWO, *recordings)
    with outside(tmp_path / "twin") as twin:
        undisturbed = finished(twin.start(World.REPLAY, "--speed", "max", *words))
    moments = sorted(random.Random(20_251_215).sample(range(3_250, 4_000), 3))
    last = finished(kill_three_times(here, moments, "--speed", "1000", *words))
    assert len(last.facts["trade"]) == 2
    assert differences(last, undisturbed) == []


def test_so_does_one_that_began_later_in_the_day(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path
) -> None:
    words = (*ROOM_FOR_TWO, "--start", "10:34", *recordings)
    with outside(tmp_path / "twin") as twin:
        undisturbed = finished(twin.start(World.REPLAY, "--speed", "max", *words))
    moments = sorted(random.Random(1_034).sample(range(3_250, 3_700), 3))
    last = finished(kill_three_times(here, moments, "--speed", "500", *words))
    assert len(last.facts["trade"]) == 2
    assert differences(last, undisturbed) == []


def test_so_does_a_recorded_day(here: Outside, tmp_path: Path) -> None:
    recording = recorded_file(OPT_A)
    named = ("--instruments", contracts_file(tmp_path))
    with outside(tmp_path / "twin") as place:
        twin = place.start(World.REPLAY, "--speed", "max", "--start", "10:40", *named, recording)
        wait_until(lambda: twin.facts("trade"), "the day's trade to end")
        twin.ask_to_end()
        undisturbed = remains(twin)
    [(_, entered, _), *_] = undisturbed.facts["fill"]
    [(_, left, _)] = undisturbed.facts["trade"]
    moments = sorted(random.Random(7).sample(range(entered, left, SECOND), 3))
    words = ("--speed", "1000", "--start", "10:40", *named, recording)
    engine = here.start(World.REPLAY, *words)
    for moment in moments:
        engine.wait_time(moment)
        engine.kill_process()
        before = engine.book()
        say(f"killed at {datetime_of(before.cursor.now):%H:%M:%S}, update {before.cursor.updates}")
        assert positions(before)
        engine = here.start(World.REPLAY, *words)
        engine.wait_protected()
    wait_until(lambda: engine.facts("trade"), "the day's trade to end")
    engine.ask_to_end()
    last = remains(engine)
    until = min(last.now, undisturbed.now)
    assert len(last.until(until).facts["trade"]) == 1
    assert differences(last.until(until), undisturbed.until(until)) == []


def test_a_run_with_orders_by_hand_goes_on_from_a_power_cut_as_it_went_on_without_one(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path
) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    held = engine.enter(EQ_A, Side.SELL)
    engine.enter(EQ_B, Side.BUY)
    stop = next(order for order in engine.book().orders if order.instrument == EQ_A and order.trigger_price)
    engine.do(TightenStop("tighten", EQ_A, stop.trigger_price - 10))
    # A new engine switches manual entry off; here nothing but the power cut is to differ.
    engine.do(ArmManual("off", armed=False))
    chance = random.Random(int(stop.time))
    twins = []
    for number in range(2):
        engine.wait_updates(engine.book().cursor.updates + chance.randrange(3, 30))
        # Stopped, copied and continued, it notices nothing: it does what it would have done, a moment later.
        engine.stop_process()
        twins.append(copy_of(here, tmp_path / f"twin-{number}"))
        engine.continue_process()
    undisturbed = finished(engine)
    assert positions(twins[0].engine(World.REPLAY).book()).keys() == {*held, EQ_B}
    for twin in twins:
        try:
            cut = twin.engine(World.REPLAY).book().cursor.updates
            say(f"power cut at update {cut}")
            last = finished(twin.start(World.REPLAY, "--speed", "max"))
            assert differences(last, undisturbed) == []
        finally:
            twin.end()


def test_a_run_killed_while_it_is_paused_stays_paused_and_ends_the_same_but_for_the_hours(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path
) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.enter(EQ_B, Side.BUY)
    engine.do(PauseReplay("pause", paused=True))
    engine.wait_written("pause-replay")
    engine.stop_process()
    twin = copy_of(here, tmp_path / "twin")
    engine.continue_process()
    engine.do(PauseReplay("go on", paused=False))
    undisturbed = finished(engine)
    try:
        again = twin.start(World.REPLAY, "--speed", "10")
        seen = again.view()
        assert seen.header.replay_paused
        assert {row.instrument: row.stop_state for row in seen.positions} == {EQ_A: "HELD", EQ_B: "HELD"}
        standing = again.book().cursor.updates
        again.kill_process()
        again = twin.start(World.REPLAY, "--speed", "10")
        assert again.view().header.replay_paused
        assert again.book().cursor.updates == standing
        again.do(PauseReplay("go on", paused=False))
        last = finished(again)
        assert timeless(last) == timeless(undisturbed)
    finally:
        twin.end()


def test_a_demo_killed_three_times_trades_on_as_if_nothing_had_happened(
    here: Outside, tmp_path: Path
) -> None:
    moments = sorted(random.Random(7).sample(range(1_000, 3_000), 3))
    end = 16_000
    busy = ("--set", "simulator.seed=8")  # two trades are over by then
    with outside(tmp_path / "twin") as place:
        twin = place.start(World.DEMO, "--speed", "max", *busy)
        twin.wait_updates(end)
        twin.kill_process()
        undisturbed = remains(twin)
    engine = kill_three_times(here, moments, "--speed", "60", *busy, world=World.DEMO)
    engine.do(SetReplaySpeed("max", 0))
    engine.wait_updates(end)
    engine.kill_process()
    last = remains(engine)
    until = min(undisturbed.now, last.now)
    assert len(last.until(until).fills) >= 4
    assert differences(last.until(until), undisturbed.until(until)) == []


def timeless(run: Remains) -> tuple[list[Any], list[Any], list[Any]]:
    """Return a run's orders, fills and trades without the hours, which a pause moves."""
    orders = [msgspec.structs.replace(order, time=0, terms_since=0, meets_by=None) for order in run.orders]
    fills = [msgspec.structs.replace(fill, time=0) for fill in run.fills]
    trades = [
        {name: value for name, value in msgspec.json.decode(payload).items() if "time" not in name}
        for _, _, payload in run.facts["trade"]
    ]
    return orders, fills, trades


def of_another_version(engine: Engine) -> None:
    """Let a demo that was cut off be one of another version of the simulator."""
    with LedgerReader(engine.directory.ledger) as reader:
        run = reader.last_run()
    assert run is not None
    with Ledger.open(engine.directory.ledger) as ledger:
        plan = msgspec.structs.replace(read_plan(run), identity="another day")
        ledger.amend_plan(run.run, msgspec.json.encode(plan).decode())


def test_a_flat_demo_of_another_version_gives_way_to_a_new_one(here: Outside) -> None:
    setups = ("value_area_fade", "initial_balance_extension", "failed_auction", "vwap_reversion")
    off = [word for name in setups for word in ("--set", f"setups.{name}=off")]
    first = here.start(World.DEMO, *off)
    first.view()
    first.kill_process()
    of_another_version(first)
    again = here.start(World.DEMO, *off)
    again.view()
    with LedgerReader(again.directory.ledger) as ledger:
        assert [run.state for run in ledger.runs()] == [RunState.ABANDONED, RunState.OPEN]


def test_an_open_demo_of_another_version_says_how_it_is_closed(here: Outside) -> None:
    first = here.start(World.DEMO)
    wait_until(lambda: bool(positions(first.book())), "the demo's first trade")
    first.kill_process()
    of_another_version(first)
    refused = here.run("engine", "--world", "demo")
    assert refused.returncode == 2
    assert "of another version of the simulator" in refused.stderr
    assert "cockpit flatten --world demo" in refused.stderr
    assert here.run("flatten", "--world", "demo").returncode == 0
    here.start(World.DEMO).kill_process()


def test_a_run_cut_off_with_an_open_book_is_never_forgotten_for_another(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--start", "10:20", *recordings)
    held = engine.enter(EQ_A)
    engine.kill_process()
    other = here.run("engine", "--world", "replay", recordings[0])
    assert other.returncode == 2
    assert "cut off" in other.stderr
    assert "cockpit flatten --world replay" in other.stderr
    assert positions(here.engine(World.REPLAY).book()) == held
    elsewhere = here.start(World.REPLAY, "--start", "11:00", *recordings)
    assert positions(elsewhere.book()) == held
    elsewhere.kill_process()
