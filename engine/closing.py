"""The kill switch from a shell, and the way out of it: with an engine, beside a hung one, or with none."""

import asyncio
import time
from typing import Final

from engine.brokers.paper import PaperExchange
from engine.brokers.store import ExchangeError
from engine.commands import CommandResult, Outcome, Rearm
from engine.home import HomeError, WorldDirectory
from engine.latch import Latch, LatchError, LatchState, read_latch
from engine.link import Ended, KillSender, LinkError, Way, command_of, connect, new_kill_id
from engine.market.session import trading_day
from engine.process import HUNG_AFTER, EngineLock, EngineProcessError, EngineState, engine_state, take_over
from engine.runtime.plan import RunPlan
from engine.standing import read_plan, stopped_for_day, was_never_used

_PATIENCE: Final = 60.0
"""Seconds a running engine is given to prove that it is flat."""
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 10.0


def flatten_world(directory: WorldDirectory) -> tuple[bool, str]:
    """Latch, close everything and return (whether the broker confirmed flat, what happened)."""
    try:
        directory.create()
    except HomeError as error:
        return False, f"NOT FLAT: {error}"
    if engine_state(directory) is EngineState.RUNNING:
        answered = _flatten_by_engine(directory)
        if answered is not None:
            return answered
        _await_silence(directory)
    try:
        lock = take_over(directory)
    except (EngineProcessError, HomeError) as error:
        return False, f"NOT FLAT: {error}"
    try:
        return _flatten_without_engine(directory)
    finally:
        lock.release(clean=False)


def rearm_world(directory: WorldDirectory) -> tuple[bool, str]:
    """Clear the latch of a flat world that may trade again; return (whether it was cleared, what happened)."""
    why_not = stopped_for_day(directory)
    if why_not:
        return False, f"stays latched: {why_not}"
    state = engine_state(directory)
    if state is EngineState.HUNG:
        return (
            False,
            "stays latched: the engine hangs and cannot be asked; cockpit flatten takes over its work",
        )
    if state is EngineState.RUNNING:
        return asyncio.run(_rearm_by_engine(directory))
    lock = EngineLock.acquire(directory)
    if lock is None:
        return False, "stays latched: an engine is just starting; try again"
    try:
        return _rearm_without_engine(directory)
    finally:
        lock.release(clean=False)


def _await_silence(directory: WorldDirectory) -> None:
    """Wait until an engine that does not answer is gone, or has been silent for long enough to be taken over."""
    deadline = time.monotonic() + HUNG_AFTER + 1.0
    while engine_state(directory) is EngineState.RUNNING and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _flatten_by_engine(directory: WorldDirectory) -> tuple[bool, str] | None:
    """Kill over the engine's own line and wait for its proof; None when it falls silent."""
    sender = KillSender(directory)
    kill_id = new_kill_id()
    try:
        if sender.kill(kill_id, Way.SHELL) is None:
            return None
        deadline = time.monotonic() + _PATIENCE
        record = None
        while time.monotonic() < deadline:
            record = read_latch(directory.latch)
            if record is not None and record.state is LatchState.FLAT:
                return True, "FLAT: the engine closed everything and the broker confirmed it; latched"
            answer = sender.status()
            if answer is None or answer.loop_age > HUNG_AFTER:
                return None
            time.sleep(_POLL_SECONDS)
        state = "STUCK" if record is not None and record.state is LatchState.STUCK else "KILLING"
        return False, f"NOT FLAT after {_PATIENCE:g} s: the engine is {state}; see `cockpit status`"
    finally:
        sender.close()


def _flatten_without_engine(directory: WorldDirectory) -> tuple[bool, str]:
    latch = Latch(directory.latch)
    try:
        latch.set(command_of(new_kill_id()), "cockpit flatten", "no engine was running")
        if was_never_used(directory):
            latch.mark(LatchState.FLAT)
            return True, "FLAT: no order was ever sent here; latched"
        exchange = _open_exchange(directory)
        if isinstance(exchange, str):
            latch.mark(LatchState.STUCK)
            return False, f"NOT FLAT: {exchange}"
        try:
            report = exchange.flatten_standing(exchange.cursor.now)
            flat = exchange.flat
        except ExchangeError as error:
            return False, f"NOT FLAT: {error}"
        finally:
            exchange.close()
        if not flat:
            names = ", ".join(report.unpriced) or "unknown"
            latch.mark(LatchState.STUCK)
            return False, f"NOT FLAT: no price is known for {names}; latched"
        latch.mark(LatchState.FLAT)
        counts = f"{len(report.closed)} positions closed, {len(report.cancelled)} orders cancelled"
        return True, f"FLAT: {counts} against the standing book (STALE); latched"
    finally:
        latch.close()


def _open_exchange(directory: WorldDirectory, *, read_only: bool = False) -> PaperExchange | str:
    plan = read_plan(directory)
    if not directory.exchange.exists():
        return f"{directory.exchange}: expected the exchange's file, got none; only a new run begins with an empty book"
    if plan is None:
        return (
            f"{directory.ledger}: expected the newest run, got none that reads; the exchange cannot be asked"
        )
    try:
        return _exchange_of(directory, plan, read_only=read_only)
    except (ExchangeError, ValueError) as error:
        return str(error)


def _exchange_of(directory: WorldDirectory, plan: RunPlan, *, read_only: bool) -> PaperExchange:
    settings = plan.configured()
    day = trading_day(plan.day, settings.session)
    return PaperExchange.open(directory.exchange, plan.by_key, day, settings.paper, read_only=read_only)


def _rearm_without_engine(directory: WorldDirectory) -> tuple[bool, str]:
    if not was_never_used(directory):
        exchange = _open_exchange(directory, read_only=True)
        if isinstance(exchange, str):
            return False, f"stays latched: {exchange}"
        flat = exchange.flat
        exchange.close()
        if not flat:
            return False, "stays latched: positions or orders are open; cockpit flatten closes them"
    latch = Latch(directory.latch)
    try:
        latch.rearm()
    except LatchError as error:
        return False, f"stays latched: {error}"
    finally:
        latch.close()
    return True, "the latch is cleared; entries are allowed again"


async def _rearm_by_engine(directory: WorldDirectory) -> tuple[bool, str]:
    command = Rearm(command_of(new_kill_id()), "a person, by cockpit rearm")
    try:
        line = await connect(directory, "cockpit rearm")
    except LinkError as error:
        return False, f"stays latched: {error}"
    try:
        await line.send(command)
        async with asyncio.timeout(_ANSWER_SECONDS):
            async for news in line:
                if isinstance(news, CommandResult) and news.id == command.id:
                    cleared = news.outcome is Outcome.ACCEPTED
                    return cleared, news.text if cleared else f"stays latched: {news.text}"
                if isinstance(news, Ended):
                    return False, f"stays latched: the engine ended ({news.reason}); try again"
    except TimeoutError:
        return False, f"stays latched: the engine gave no answer in {_ANSWER_SECONDS:g} s"
    except LinkError as error:
        return False, f"stays latched: {error}"
    finally:
        await line.close()
    return False, "stays latched: the engine gave no answer"
