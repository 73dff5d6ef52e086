"""The way out of a kill from a shell: the latch is cleared where the broker says flat and no limit forbids it."""

from typing import Final

from engine.contract.commands import Rearm
from engine.host.liveness import EngineLock, EngineState, engine_state
from engine.link import command_of, new_kill_id
from engine.operations.asking import ask_engine
from engine.operations.flatten import UNREACHED, nobody_to_ask
from engine.runtime.plan import RunMode
from engine.settings.sections import ShellSections
from engine.status import broker_of, open_paper, plan_or_reason, stopped_for_day, was_never_used
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchError, LatchFile

_OPEN: Final = "positions or orders are open"


def rearm_world(directory: WorldDirectory, settings: ShellSections | None) -> tuple[bool, str]:
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
        return _rearm_by_engine(directory)
    lock = EngineLock.acquire(directory)
    if lock is None:
        return False, "stays latched: an engine is just starting; try again"
    try:
        return _rearm_without_engine(directory, settings)
    finally:
        lock.release(clean=False)


def why_not_flat(directory: WorldDirectory, settings: ShellSections | None) -> str:
    """Ask wherever orders of a world may be; return why it is not known to be flat, empty when it is."""
    plan, unread = plan_or_reason(directory)
    reach = broker_of(directory, settings)
    if reach is not None:
        standing = reach.standing()
        if not standing.known:
            return f"the broker cannot be asked: {standing.problem}"
        if not standing.flat:
            return f"{_OPEN} at the broker; cockpit flatten closes them"
    if (plan is not None and plan.choice.market is RunMode.LIVE) or was_never_used(directory):
        return ""
    if plan is None and directory.place.exists() and reach is None:
        return UNREACHED
    if plan is None and not directory.exchange.exists():
        return nobody_to_ask(directory, unread) if reach is None else ""
    exchange = open_paper(directory, plan, settings, read_only=True)
    if isinstance(exchange, str):
        return exchange
    try:
        return "" if exchange.flat else f"{_OPEN}; cockpit flatten closes them"
    finally:
        exchange.close()


def _rearm_without_engine(directory: WorldDirectory, settings: ShellSections | None) -> tuple[bool, str]:
    why_not = why_not_flat(directory, settings)
    if why_not:
        return False, f"stays latched: {why_not}"
    latch = LatchFile(directory.latch)
    try:
        latch.rearm()
    except LatchError as error:
        return False, f"stays latched: {error}"
    finally:
        latch.close()
    cleared = "the latch is cleared; entries are allowed again"
    plan, unread = plan_or_reason(directory)
    return True, cleared if plan is not None or was_never_used(directory) else f"{cleared}. {unread}"


def _rearm_by_engine(directory: WorldDirectory) -> tuple[bool, str]:
    command = Rearm(command_of(new_kill_id()), "a person, by cockpit rearm")
    cleared, text = ask_engine(directory, "cockpit rearm", command)
    return cleared, text if cleared else f"stays latched: {text}"
