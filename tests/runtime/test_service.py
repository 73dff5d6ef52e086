"""The service: what leaves and what does not, who is answered, when it ends, and what a bad disk does to it."""

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from engine.brokers.cursor_file import ExchangeError, ExchangeTakenError
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.commands import (
    Command,
    ExitPosition,
    Kill,
    ManualOrder,
    Outcome,
    PauseEntries,
    PauseReplay,
    Rearm,
    SetReplaySpeed,
    Side,
    StopEngine,
)
from engine.contract.replay_speeds import UNPACED
from engine.contract.views import Severity
from engine.ledger.store import Ledger
from engine.link.kill_line import KillRequest
from engine.orders.messages import CancelOrder, ModifyOrder, OrderType, PlaceOrder, Role
from engine.world.latch_file import LatchFileState
from tests.runtime.engine import BUY, LENGTH, OTHER, SCREEN, Engine, engine, runs
from tests.runtime.market import tape


def entry(tag: str = "t-1-E", role: Role = Role.ENTRY) -> PlaceOrder:
    return PlaceOrder(tag, BUY, Side.BUY, role, OrderType.LIMIT, 10, 92_000)


@runs
async def test_no_entry_leaves_once_the_latch_is_in_memory_though_the_loop_has_not_heard(home: Path) -> None:
    async with engine(home, running=False) as one:
        one.latch.set("k", "a thread", "the kill key", patience=0)
        await one.service.carry_out([entry()])
        await one.service.carry_out([ModifyOrder("m", "t-1-E", "1", OrderType.LIMIT, 20, 92_000)])
        assert one.exchange.flat
        await one.service.carry_out([entry("t-2-X", Role.EXIT), CancelOrder("c", "t-1-E")])
        assert not one.exchange.flat


@runs
async def test_a_manual_entry_after_the_memory_latch_is_refused_at_the_last_look(home: Path) -> None:
    async with engine(home) as one:
        await one.ready()
        await one.ask(PauseReplay("still", paused=True))
        one.latch.set("k", "a thread", "the kill key", patience=0)
        await one.ask(ManualOrder("m", BUY, Side.SELL))
        await one.until(lambda: not one.service.core.orders.live())
        assert [order.message for order in one.service.core.orders.all()] == [
            "the kill latch is set; nothing was sent (LATCHED)"
        ]
        assert one.exchange.orders == ()


@runs
async def test_an_entry_never_leaves_while_the_ledger_cannot_be_written_and_an_exit_does(home: Path) -> None:
    async with engine(home) as one:
        await one.holding()
        account = one.service.core.account
        roomy = msgspec.structs.replace(account.limits.limits, max_gap_risk_pct=100)
        account.limits = msgspec.structs.replace(account.limits, limits=roomy)
        lock = sqlite3.connect(home / "ledger.sqlite")
        lock.execute("BEGIN IMMEDIATE")
        entering = await one.ask(ManualOrder("second", OTHER, Side.BUY))
        await one.ask(ExitPosition("out", BUY))
        await one.until(lambda: not one.service.core.trades)
        messages = [order.message for order in one.service.core.orders.all() if order.tag.endswith("E")]
        assert entering.outcome is Outcome.ACCEPTED
        assert messages[-1] == "the ledger cannot be written; nothing was sent (LEDGER)"
        assert {position.instrument: position.quantity for position in one.exchange.positions} == {BUY: 0}
        lock.rollback()
        lock.close()


@runs
async def test_the_exchange_is_never_saved_ahead_of_the_journal_and_nothing_is_lost(home: Path) -> None:
    async with engine(home) as one:
        await one.holding()
        one.wall.seconds += 1
        await one.until(lambda: one.service.problems == ())
        lock = sqlite3.connect(home / "ledger.sqlite")
        lock.execute("BEGIN IMMEDIATE")
        await one.ask(PauseEntries("p", paused=True))
        one.wall.seconds += 1
        await asyncio.sleep(0.05)
        saved = saved_sequence(one)
        known = lock.execute("SELECT max(sequence) FROM journal").fetchone()[0]
        assert saved <= known < one.run.playback.sequence
        lock.rollback()
        lock.close()
        await one.service._durability.flush()
        assert saved_sequence(one) == one.run.playback.sequence
        assert len(one.ledger.journal(one.run.plan.run)) == one.run.playback.sequence


def saved_sequence(one: Engine) -> int:
    file = PaperExchange.open(
        one.home / "exchange.sqlite",
        one.run.plan.by_key,
        tape().day,
        one.run.plan.configured().paper,
        read_only=True,
    )
    sequence = file.cursor.sequence
    file.close()
    return sequence


@runs
async def test_what_the_exchange_could_not_save_is_saved_with_what_comes_next(home: Path) -> None:
    async with engine(home, running=False) as one:
        one.ledger.close()
        durability = one.service._durability
        await one.service.carry_out([entry("t-1-X", Role.EXIT)])
        with pytest.raises(ExchangeError, match="expected the run to be saved"):
            await durability.flush()
        assert one.service.problems
        one.service._durability._ledger = again = Ledger.open(home / "ledger.sqlite")
        await durability.flush()
        assert one.service.problems == ()
        again.close()
        file = sqlite3.connect(home / "exchange.sqlite")
        assert "t-1-X" in file.execute("SELECT body FROM state WHERE name = 'in_flight'").fetchone()[0]
        file.close()


@runs
async def test_a_disk_problem_is_shown_as_an_alarm_as_long_as_it_lasts(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(PauseReplay("p", paused=True))
        one.ledger.close()
        await one.ask(PauseEntries("e", paused=True))
        one.wall.seconds += 1
        await one.until(lambda: bool(one.service.problems))
        view = one.service.view_for(None)
        assert view is not None
        assert view.events[-1].severity is Severity.ALARM
        assert "ledger" in view.events[-1].text
        again = one.service.view_for(None)
        assert again is not None
        assert again.events == view.events


@runs
async def test_an_exchange_taken_over_by_another_process_ends_the_engine(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(PauseReplay("p", paused=True))
        other = PaperExchange.open(
            home / "exchange.sqlite", one.run.plan.by_key, tape().day, one.run.plan.configured().paper
        )
        other.close()
        await one.ask(PauseEntries("e", paused=True))
        one.wall.seconds += 1
        assert one.ended is not None
        with pytest.raises(ExchangeTakenError):
            await asyncio.wait_for(asyncio.shield(one.ended), 10)


@runs
async def test_a_kill_overtakes_everything_that_waits(home: Path) -> None:
    async with engine(home) as one:
        order: list[str] = []

        async def ask(command: Command) -> None:
            order.append((await one.ask(command)).id)

        waiting = [asyncio.create_task(ask(PauseEntries(f"p{i}", paused=True))) for i in range(5)]
        waiting.append(asyncio.create_task(ask(Kill("k", "a screen"))))
        await asyncio.gather(*waiting)
        assert order[0] == "k"
        assert one.latch.is_set


@runs
async def test_a_kill_over_its_own_line_flattens_while_the_market_is_held(home: Path) -> None:
    async with engine(home) as one:
        await one.holding()
        one.latch.set("k", "a screen", "the kill key", patience=0)
        one.service.kill(KillRequest("k", "a screen", "the kill key"))
        await one.until(
            lambda: one.latch.record is not None and one.latch.record.state is LatchFileState.FLAT
        )
        assert one.exchange.flat
        assert one.run.playback.held


@runs
async def test_the_same_command_from_two_screens_acts_once_and_answers_both(home: Path) -> None:
    async with engine(home) as one:
        await one.ready()
        await one.ask(PauseReplay("still", paused=True))
        asked = ManualOrder("m", BUY, Side.SELL)
        first, second = await asyncio.gather(one.ask(asked), one.ask(asked))
        third = await one.ask(asked)
        assert first == second == third
        assert first.outcome is Outcome.ACCEPTED
        assert [order.role for order in one.service.core.orders.all()].count(Role.ENTRY) == 1


@runs
async def test_holding_the_market_twice_with_one_id_does_not_hold_it_again(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(PauseReplay("hold", paused=True))
        await one.ask(PauseReplay("go", paused=False))
        await one.ask(PauseReplay("hold", paused=True))
        view = one.service.view_for(None)
        assert view is not None
        assert not view.header.replay_paused
        assert not one.run.playback.held


@runs
async def test_a_speed_asked_for_again_with_one_id_changes_nothing(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(SetReplaySpeed("ten", 10))
        await one.ask(SetReplaySpeed("one", 1))
        await one.ask(SetReplaySpeed("ten", 10))
        refused = await one.ask(SetReplaySpeed("seven", 7))
        view = one.service.view_for(None)
        assert view is not None
        assert view.header.speed == 1
        assert refused.outcome is Outcome.REFUSED
        assert refused.text == "expected a speed of 1, 2, 5, 10, 30 or max, got 7"


@runs
async def test_stopping_is_refused_with_another_screen_and_with_anything_open(home: Path) -> None:
    async with engine(home) as one:
        one.service.attached(SCREEN, 2)
        other = await one.ask(StopEngine("s1"))
        one.service.detached(SCREEN, 1)
        await one.holding()
        held = await one.ask(StopEngine("s2"))
        assert (other.outcome, held.outcome) == (Outcome.REFUSED, Outcome.REFUSED)
        assert "other screen" in other.text
        assert "flatten first" in held.text


@runs
async def test_stopping_when_flat_ends_the_run_and_refuses_who_still_waits(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(PauseReplay("p", paused=True))
        stopped, late = await asyncio.gather(
            one.ask(StopEngine("s")), one.ask(PauseEntries("late", paused=True))
        )
        assert stopped.outcome is Outcome.ACCEPTED
        assert late.outcome is Outcome.REFUSED
        assert one.ended is not None
        assert await one.ended == "stopped by a person"
        assert (await one.ask(PauseEntries("later", paused=True))).outcome is Outcome.REFUSED


@runs
async def test_an_engine_alone_and_flat_ends_after_its_idle_time_and_not_before(home: Path) -> None:
    async with engine(home, idle=600) as one:
        one.service.attached(SCREEN, 1)
        one.wall.seconds += 10_000
        await one.ask(PauseReplay("p", paused=True))
        one.service.detached(SCREEN, 0)
        one.wall.seconds += 599
        await one.ask(PauseEntries("e", paused=True))
        assert one.ended is not None
        assert not one.ended.done()
        one.wall.seconds += 2
        assert await asyncio.wait_for(asyncio.shield(one.ended), 10) == "flat, and no screen was attached"


@runs
async def test_an_engine_alone_with_an_open_book_stays(home: Path) -> None:
    async with engine(home, idle=600) as one:
        await one.holding()
        one.wall.seconds += 10_000
        await one.ask(PauseEntries("e", paused=True))
        await one.ask(PauseEntries("f", paused=False))
        assert one.ended is not None
        assert not one.ended.done()


@runs
async def test_a_cleared_latch_stays_cleared_and_lets_entries_through(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(Kill("k", "a screen"))
        await one.until(
            lambda: one.latch.record is not None and one.latch.record.state is LatchFileState.FLAT
        )
        cleared = await one.ask(Rearm("r", "a person"))
        await one.until(lambda: one.service.core.latch is None)
        await one.ask(PauseEntries("e", paused=False))
        assert cleared.outcome is Outcome.ACCEPTED
        assert not one.latch.is_set
        assert not (home / "latch").exists()


@runs
async def test_a_kill_right_behind_a_rearm_stays_set_everywhere(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(Kill("k", "a screen"))
        await one.until(
            lambda: one.latch.record is not None and one.latch.record.state is LatchFileState.FLAT
        )
        await one.ask(PauseReplay("p", paused=True))
        rearm = asyncio.create_task(one.ask(Rearm("r", "a person")))
        await one.until(lambda: not one.latch.is_set, step=0)
        one.latch.set("k2", "a thread", "the kill key", patience=0)
        one.service.kill(KillRequest("k2", "a thread", "the kill key"))
        await rearm
        await one.ask(PauseEntries("e", paused=False))
        assert one.latch.is_set
        assert one.service.core.latch is not None


@runs
async def test_a_latch_is_not_cleared_while_anything_is_open(home: Path) -> None:
    async with engine(home) as one:
        await one.holding()
        one.latch.set("k", "a thread", "the kill key", patience=0)
        refused = await one.ask(Rearm("r", "a person"))
        assert refused.outcome is Outcome.REFUSED
        assert one.latch.is_set


@runs
async def test_what_the_core_wanted_while_the_run_was_made_is_carried_out_first(home: Path) -> None:
    async with engine(home, running=False) as one:
        one.service.begin_with([entry("t-9-X", Role.EXIT)])
        one.ended = asyncio.create_task(one.service.run_until_stopped())
        await one.until(lambda: any(order.tag == "t-9-X" for order in one.exchange.orders))


@runs
async def test_the_end_of_a_run_is_on_disk(home: Path) -> None:
    async with engine(home) as one:
        await one.ask(SetReplaySpeed("max", UNPACED))
        await one.until(lambda: one.run.playback.ended)
        one.service.stop("enough")
        assert one.ended is not None
        await one.ended
        assert saved_sequence(one) == one.run.playback.sequence
        assert one.exchange.cursor.updates == LENGTH
