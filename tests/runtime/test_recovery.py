"""Death and return: wherever a run is cut, the next life stands where it stood and ends like one undisturbed."""

import gc
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.contract.commands import (
    ArmManual,
    Kill,
    ManualOrder,
    PauseReplay,
    Side,
)
from engine.core import Core, Ids, Latched
from engine.ledger.records import JournalEntry
from engine.market.price import paise_of
from engine.orders.messages import PlaceOrder, ReadBook, Role
from engine.orders.trade import Mode
from engine.runtime.playback import Playback, PlaybackError
from engine.runtime.run import RunError, honour_latch
from engine.world.latch_file import LatchFile, LatchFileState
from tests.runtime.acts import LENGTH, instrument, wishes
from tests.runtime.driver import Act, Driver, commands, deep, pause
from tests.runtime.market import TapeFeed, tape


def forget(entry: JournalEntry) -> None:
    """Keep nothing: a re-execution is not journaled again."""
    del entry


def undisturbed(acts: list[Act]) -> tuple[dict[str, object], list[Any]]:
    with tempfile.TemporaryDirectory() as home:
        driver = Driver(Path(home), acts, length=LENGTH)
        driver.play()
        driver.finish()
        driver.ledger.flush()
        report, trades = driver.report(), driver.ledger.trades(driver.plan.run)
        driver.close()
    return report, trades


@given(acts=wishes(), cuts=st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, 40)), max_size=4))
@example(acts=[], cuts=[(LENGTH, 0)])
@example(acts=pause(10, "p", 900), cuts=[(10, 0), (10, 0)])
@settings(max_examples=8)
def test_a_run_that_dies_again_and_again_ends_like_one_undisturbed(
    acts: list[Act], cuts: list[tuple[int, int]]
) -> None:
    """Each cut is (updates at the last commit, updates played and lost behind it)."""
    expected, trades = undisturbed(acts)
    with tempfile.TemporaryDirectory() as home:
        driver = Driver(Path(home), acts, length=LENGTH)
        for saved, lost in sorted(cuts):
            driver.play(until=saved)
            driver.commit()
            driver.play(until=saved + lost)
            driver.die()
            driver.resume()
        driver.play()
        driver.finish()
        assert driver.report() == expected
        driver.ledger.flush()
        assert driver.ledger.trades(driver.plan.run) == trades
        driver.close()


@pytest.fixture
def nothing_old_collected() -> Iterator[None]:
    """Keep the collector off what earlier tests left: a whole state as plain data makes millions of objects."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("nothing_old_collected")
@given(acts=wishes(), saved=st.integers(0, LENGTH), steps=st.integers(0, 60))
@example(acts=[], saved=LENGTH, steps=60)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_re_execution_brings_back_every_bit_of_the_core(acts: list[Act], saved: int, steps: int) -> None:
    with tempfile.TemporaryDirectory() as home, closing(Driver(Path(home), acts, length=LENGTH)) as driver:
        driver.play(until=saved)
        for _ in range(steps):
            driver._carry_out(driver.run.playback.play(None, 1))
        driver.commit()
        before = driver.run.playback
        plan = driver.plan
        core = Core(
            plan.configured(),
            plan.by_key,
            tape().day,
            "simulated",
            paise_of(plan.configured().account.capital),
            Ids(f"{tape().day.day:%y%m%d}"),
        )
        again = Playback(core, driver.run.exchange, TapeFeed(tape(), LENGTH), now=0, journal=forget)
        again.now = max(seed.until for seed in tape().seeds)
        for seed in tape().seeds:
            core.handle(seed, again.now)
        again.re_execute(driver.ledger.journal(plan.run), updates=before.updates, sequence=before.sequence)
        assert deep(core) == deep(before.core)
        assert again.equity == before.equity
        assert (again.updates, again.sequence, again.pause_offset, again.ended, again.held) == (
            before.updates,
            before.sequence,
            before.pause_offset,
            before.ended,
            before.held,
        )


def holding(home: Path, cursor: int = 300) -> Driver:
    """Return a run that has died holding a protected position."""
    acts = commands(100, ArmManual("arm", armed=True), ManualOrder("buy", instrument(1), Side.SELL))
    driver = Driver(home, acts, length=LENGTH)
    driver.play(until=cursor)
    assert [trade.instrument for trade in driver.run.playback.core.trades] == [instrument(1)]
    driver.commit()
    driver.die()
    return driver


def test_a_resumed_engine_reads_the_book_before_anything_leaves(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    driver.resume()
    verified = driver.run.playback.core.book_state
    assert verified is not None
    assert verified.at == driver.run.playback.now
    assert not any(isinstance(effect, ReadBook) for effect in driver.run.effects)
    driver.close()


def test_what_was_flattened_meanwhile_is_not_sold_a_second_time(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    exchange = driver.run.exchange.open(
        driver._exchange, driver.plan.by_key, tape().day, driver.plan.configured().paper
    )
    assert exchange.flatten_standing(exchange.cursor.now).flat
    exchange.close()
    driver.resume()
    playback = driver.run.playback
    driver._carry_out(honour_latch(playback, Latched("a shell", "cockpit flatten", "k")))
    driver.play()
    driver.finish()
    assert driver.run.exchange.flat
    assert all(position.quantity == 0 for position in driver.run.exchange.positions)
    assert playback.core.trades == ()
    assert playback.core.closed_trades[-1].quality == "STALE"
    driver.close()


def test_a_latch_set_while_no_engine_ran_closes_what_the_engine_finds(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    driver.resume()
    playback = driver.run.playback
    wanted = honour_latch(playback, Latched("a shell", "cockpit flatten", "k"))
    assert wanted, "the kill's own requests must reach whoever carries them out"
    driver._carry_out(wanted)
    assert playback.core.trades[0].mode is Mode.EXIT
    driver.play()
    driver.finish()
    assert driver.run.exchange.flat
    driver.close()


def test_a_latch_cleared_while_no_engine_ran_is_cleared_in_the_core(tmp_path: Path) -> None:
    driver = Driver(tmp_path, commands(50, Kill("k", "a person")), length=LENGTH)
    driver.play(until=200)
    driver.commit()
    driver.die()
    driver.resume()
    playback = driver.run.playback
    latched = playback.core.manager.kill.active
    honour_latch(playback, None)
    assert (latched, playback.core.manager.kill.active) == (True, False)
    driver.close()


def test_a_held_market_is_found_held(tmp_path: Path) -> None:
    driver = Driver(tmp_path, commands(300, PauseReplay("p", paused=True)), length=LENGTH)
    driver.play(stop=lambda: driver.run.playback.held)
    driver._wait(5_000)
    driver.commit()
    driver.die()
    driver.resume()
    playback = driver.run.playback
    assert playback.held
    assert playback.updates == 300
    market_time = playback.core.market_time(playback.now)
    driver._wait(60_000)
    assert playback.core.market_time(playback.now) == market_time
    driver.close()


def test_commands_already_obeyed_are_not_obeyed_again_after_a_death(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    driver.resume()
    playback = driver.run.playback
    again = playback.tell(ManualOrder("buy", instrument(1), Side.SELL))
    assert not any(isinstance(effect, PlaceOrder) and effect.role is Role.ENTRY for effect in again)
    driver.close()


def test_an_entry_whose_intent_is_durable_and_whose_order_is_not_is_decided_again(tmp_path: Path) -> None:
    """Death between the ledger's intent and the exchange's file: the future happens again, once."""
    acts = commands(100, ArmManual("arm", armed=True), ManualOrder("buy", instrument(1), Side.SELL))
    driver = Driver(tmp_path, acts, length=LENGTH)
    driver.play(until=99)
    driver.commit()
    driver.play(until=101)
    driver.ledger.flush()
    intents = driver.ledger.records("intent", driver.plan.run)
    assert len(intents) == 1
    driver.die()
    driver.resume()
    driver.ledger.flush()
    assert driver.ledger.records("intent", driver.plan.run) == []
    driver.play(until=300)
    driver.ledger.flush()
    entries = [
        fact
        for fact in driver.ledger.records("intent", driver.plan.run)
        if f'"{Role.ENTRY.value}"' in fact.payload
    ]
    assert entries == intents
    assert sum(1 for order in driver.run.exchange.orders if order.tag == intents[0].key) == 1
    driver.close()


def test_a_run_cut_while_its_studies_catch_up_loses_nothing_of_the_book(tmp_path: Path) -> None:
    driver = Driver(tmp_path, [], length=LENGTH, start="10:30:10")
    books = {key: driver.run.exchange.mark(key) for key in tape().instruments}
    assert driver.run.playback.updates > 100
    driver.die()
    driver.resume()
    assert {key: driver.run.exchange.mark(key) for key in tape().instruments} == books
    driver.close()


def test_a_journal_with_a_hole_is_refused(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    again = Playback(
        driver.run.playback.core,
        driver.run.exchange,
        TapeFeed(tape(), LENGTH),
        now=0,
        journal=forget,
    )
    driver.ledger = type(driver.ledger).open(tmp_path / "ledger.sqlite")
    entries = driver.ledger.journal(driver.plan.run)
    del entries[3]
    with pytest.raises(PlaybackError, match="expected the journal to hold every input"):
        again.re_execute(entries, updates=300, sequence=len(entries) + 1)
    driver.ledger.close()


def test_a_market_shorter_than_the_run_is_refused_by_name(tmp_path: Path) -> None:
    driver = holding(tmp_path)
    driver.length = 200
    with pytest.raises(
        RunError, match=r"expected a market of at least 300 updates, got 200.*begin a new one"
    ):
        driver.resume()
    driver.ledger.close()


def test_a_kill_that_reached_the_latch_file_alone_begins_again_behind_the_death(tmp_path: Path) -> None:
    driver = Driver(tmp_path, commands(50, Kill("first", "a person")), length=LENGTH)
    driver.play(until=200)
    driver.commit()
    driver.die()
    driver.resume()
    core = driver.run.playback.core
    assert core.latch is not None
    assert (core.latch.state.value, core.latch.id) == ("FLAT", "first")
    file = LatchFile(tmp_path / "latch")
    file.set("first", "a person", "kill")
    file.mark(LatchFileState.FLAT)
    file.set("second", "a person", "kill")
    record = file.record
    file.close()
    assert record is not None
    assert record.state is LatchFileState.KILLING
    honour_latch(driver.run.playback, Latched(record.by, record.reason, record.command))
    assert core.latch is not None
    assert (core.latch.state.value, core.latch.id) == ("KILLING", "second")
    driver.close()
