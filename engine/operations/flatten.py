"""The kill switch from a shell, and the way out of it: with an engine, beside a hung one, or with none."""

import time
from collections.abc import Callable
from typing import Final

from engine.brokers.cursor_file import ExchangeError
from engine.brokers.upstox.offline_close import ClosingReport, flatten_account
from engine.host.liveness import (
    EngineProcessError,
    EngineState,
    engine_state,
    is_engine_known,
    take_over,
)
from engine.link import KillOrigin, KillSender, LatchSign, command_of, new_kill_id
from engine.link.kill_frame import HUNG_AFTER
from engine.market.figures import counted, signed_units
from engine.operations.flatten_progress import EngineWatcher, Progress
from engine.runtime.plan import RunMode, RunPlan
from engine.settings.sections import ShellSections
from engine.status import (
    AFTER_CLOSE,
    BrokerReach,
    broker_of,
    carried_past_close,
    hidden_account,
    left_outside,
    open_paper,
    plan_or_reason,
    terms_of,
    was_never_used,
)
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchFile, LatchFileState, LatchProof, read_latch

_AT_PAPER: Final = 60.0
"""Seconds a running engine is given where its orders go to the paper exchange and nobody says how long it may take."""
_LOOK_FOR_CLOSE: Final = 5.0
"""Seconds between two looks at whether the exchanges are over for the day, beside an engine that closes."""
POLL_SECONDS: Final = 0.05
_AT_ONCE: Final = 0.3
"""Seconds in which most kills are done: nobody attaches to an engine to read of those."""
_LAST_WRITE: Final = 1.0
"""Seconds a disk is given to take the latch once everything is done."""
_LEFT_FLAT: Final = (
    "FLAT: the engine closed everything, the broker confirmed it, and the engine ended; latched"
)
_FOR_ANOTHER: Final = 60.0
"""Seconds that another closing, or an engine that begins, is waited for."""
_TOLD: Final = "the engine was told to close everything; it has not said yet what is left"
_ANOTHER: Final = "another `cockpit flatten` closes here, or an engine is just starting; waiting for it"
UNREACHED: Final = (
    "a live run left its place here and its broker cannot be asked: expected settings that can be used, got none; "
    "mend cockpit.toml, `cockpit config --check` says how"
)


def flatten_world(
    directory: WorldDirectory,
    settings: ShellSections | None,
    *,
    patience: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[bool, str]:
    """Latch, close everything and return (whether the broker confirmed flat, what happened).

    ``settings`` is None when they cannot be used: a live run's own are taken then. ``patience`` bounds, in seconds,
    how long it may take; None is until it is flat, hopeless, or a person interrupts it. ``say`` hears from another
    thread what stands in the way, within 2 s and every 5 s.
    """
    with Progress(say) as progress:
        return _flatten(directory, settings, patience, progress.tell)


def _flatten(
    directory: WorldDirectory,
    settings: ShellSections | None,
    patience: float | None,
    tell: Callable[[str], None],
) -> tuple[bool, str]:
    until = time.monotonic() + (_FOR_ANOTHER if patience is None else patience)
    while True:
        unheard = engine_state(directory) is EngineState.RUNNING
        if unheard:
            tell(_TOLD if is_engine_known(directory) else _ANOTHER)
            answered = _flatten_by_engine(directory, settings, patience, tell)
            if answered is None and _comes_back(directory):
                answered = _flatten_by_engine(directory, settings, patience, tell)
            if answered is not None:
                return answered[0], f"{answered[1]}{_outside(directory, settings)}"
        try:
            lock = take_over(directory, unheard=unheard)
        except EngineProcessError as error:
            if is_engine_known(directory) or time.monotonic() >= until:
                return False, f"NOT FLAT: {error}"
            tell(_ANOTHER)
            time.sleep(POLL_SECONDS)
            continue
        try:
            tell("no engine answers; the closing begins without one")
            return _flatten_without_engine(directory, settings, patience, tell)
        finally:
            lock.release(clean=False)


def _outside(directory: WorldDirectory, settings: ShellSections | None) -> str:
    """Return what an engine's flatten left alone at the broker, to be added to what it said; empty when nothing."""
    reach = broker_of(directory, settings)
    outside = "" if reach is None else left_outside(reach.standing())
    return f"; {outside}" if outside else ""


def _comes_back(directory: WorldDirectory) -> bool:
    """Say whether the line of an engine that did not answer does so again, before its work may be taken over.

    A line that lost its name is made anew within a second; a loop is silent for long enough after two.
    """
    sender = KillSender(directory)
    deadline = time.monotonic() + HUNG_AFTER + 1.0
    try:
        while engine_state(directory) is EngineState.RUNNING and time.monotonic() < deadline:
            answer = sender.status()
            if answer is not None and not answer.hung:
                return True
            time.sleep(POLL_SECONDS)
    finally:
        sender.close()
    return False


def _flatten_by_engine(
    directory: WorldDirectory,
    settings: ShellSections | None,
    patience: float | None,
    tell: Callable[[str], None],
) -> tuple[bool, str] | None:
    """Kill over the engine's own line and wait for the proof that answers this kill; None when it falls silent."""
    kill_id = new_kill_id()
    sender = KillSender(directory)
    watcher = EngineWatcher(directory, tell)
    reach = broker_of(directory, settings)
    if patience is None and reach is None:
        patience = _AT_PAPER
    began = look_at = time.monotonic()
    try:
        if sender.kill(kill_id, KillOrigin.SHELL) is None:
            return None
        while patience is None or time.monotonic() < began + patience:
            answer = sender.proof(kill_id)
            if answer is not None and answer.proof is LatchProof.FLAT:
                return (
                    True,
                    f"FLAT: the engine closed everything and the broker confirmed it; {_kept(sender)}",
                )
            if answer is None or answer.hung:
                return (True, _LEFT_FLAT) if _answered_on_disk(directory, kill_id) else None
            if time.monotonic() - began > _AT_ONCE:
                watcher.start()
            if reach is not None and time.monotonic() > look_at + _LOOK_FOR_CLOSE:
                look_at = time.monotonic()
                carried = carried_past_close(reach)
                if carried:
                    return False, f"NOT FLAT: {carried}; the engine stays latched"
            time.sleep(POLL_SECONDS)
        return (
            False,
            f"NOT FLAT after {patience:g} s: the engine {_goes_on(directory, sender, kill_id, watcher.newest)}",
        )
    except KeyboardInterrupt:
        return (
            False,
            f"NOT FLAT, interrupted: the engine {_goes_on(directory, sender, kill_id, watcher.newest)}",
        )
    finally:
        watcher.stop()
        sender.close()


def _kept(sender: KillSender) -> str:
    """Return whether a running engine's latch would outlive it."""
    answer = sender.status()
    if answer is not None and answer.latch is LatchSign.IN_MEMORY:
        return "latched in the engine's memory, its file is behind"
    return "latched"


def _answered_on_disk(directory: WorldDirectory, kill_id: bytes) -> bool:
    """Say whether an engine that has ended left the proof that answers this kill."""
    record = read_latch(directory.latch)
    return record is not None and (record.state, record.command) == (LatchFileState.FLAT, command_of(kill_id))


def _goes_on(directory: WorldDirectory, sender: KillSender, kill_id: bytes, progress: str) -> str:
    """Return how far a running engine's kill is that nobody waits for any longer."""
    answer = sender.proof(kill_id)
    state = "STUCK" if answer is not None and answer.proof is LatchProof.STUCK else "KILLING"
    record = read_latch(directory.latch)
    detail = record.detail if record is not None and record.state == state else ""
    words = f"is {state}{f' ({detail})' if detail else ''} and goes on closing"
    return f"{words}: {progress}; see `cockpit status`" if progress else f"{words}; see `cockpit status`"


def _flatten_without_engine(
    directory: WorldDirectory,
    settings: ShellSections | None,
    patience: float | None,
    tell: Callable[[str], None],
) -> tuple[bool, str]:
    latch = LatchFile(directory.latch)
    try:
        latch.set(command_of(new_kill_id()), "cockpit flatten", "no engine was running")
        done = _close_everything(directory, settings, patience, tell)
        flat = all(part for part, _ in done)
        latch.mark(LatchFileState.FLAT if flat else LatchFileState.STUCK)
        # What stands in the way first; what was closed all the same is known to be closed.
        words = "; ".join(text for _, text in sorted(done, key=lambda part: part[0]))
        durable = latch.wait_durable(_LAST_WRITE)
        kept = (
            "latched"
            if durable
            else f"NOT latched for later starts: {latch.problem or 'the disk does not answer'}"
        )
        return flat, f"{'FLAT' if flat else 'NOT FLAT'}: {words}; {kept}"
    finally:
        latch.close(0.0)


def _close_everything(
    directory: WorldDirectory,
    settings: ShellSections | None,
    patience: float | None,
    tell: Callable[[str], None],
) -> list[tuple[bool, str]]:
    """Close wherever orders of a world may be: at the broker first, then in the paper exchange.

    A ledger that does not read hides which of the two it was: whatever file of theirs is there is answered for.
    """
    plan, unread = plan_or_reason(directory)
    reach = broker_of(directory, settings)
    done = [] if reach is None else [_close_at_broker(directory, reach, patience, tell)]
    if plan is not None and plan.choice.market is RunMode.LIVE:
        return done
    if was_never_used(directory):
        hidden = "" if done else hidden_account(directory, settings)
        return done or [(not hidden, hidden or "no order was ever sent here")]
    if plan is not None:
        return [*done, _close_paper(directory, plan, settings)]
    if directory.exchange.exists():
        done.append(_close_paper(directory, None, settings))
    if directory.place.exists() and reach is None:
        done.append((False, UNREACHED))
    return [*done, (bool(done), unread if done else nobody_to_ask(directory, unread))]


def nobody_to_ask(directory: WorldDirectory, unread: str) -> str:
    """Return why a world whose ledger does not read, and that has no other file, is not called flat."""
    return f"{unread}. Nor is there {directory.exchange}, so nobody can say what is open"


def _close_at_broker(
    directory: WorldDirectory, reach: BrokerReach, patience: float | None, tell: Callable[[str], None]
) -> tuple[bool, str]:
    terms = terms_of(directory, reach)
    report = flatten_account(
        reach.client,
        reach.scope,
        settings=reach.settings,
        patience=patience,
        known=reach.known,
        terms=terms.of,
        by_calendar=terms.open_by_calendar,
        tell=tell,
    )
    outside = left_outside(report.standing)
    if report.flat:
        counts = (
            f"{counted(report.exits, 'exit')} and {counted(report.cancels, 'cancel')} sent, "
            "the broker said flat twice"
        )
        return True, f"{counts}; {outside}" if outside else counts
    return False, _not_flat(report, outside)


def _not_flat(report: ClosingReport, outside: str) -> str:
    """Return what stands where the closing ended without its proof, and what a person can do."""
    standing = report.standing
    open_now = ", ".join(
        f"{row.symbol or row.instrument} {signed_units(row.quantity)}" for row in standing.positions
    )
    what = f"open at the broker: {open_now}" if open_now else "the broker did not say flat"
    advice = "close by the broker's app or phone if this cannot wait"
    if not standing.known:
        what = "what is open is unknown"
    elif report.over:
        what, advice = f"CARRIED past the close: {open_now}", AFTER_CLOSE
    resting = f"at the exchange: {', '.join(report.resting)}" if report.resting else ""
    words = ["interrupted" if report.interrupted else "", what, resting, *report.problems, outside, advice]
    return "; ".join(word for word in words if word)


def _close_paper(
    directory: WorldDirectory, plan: RunPlan | None, settings: ShellSections | None
) -> tuple[bool, str]:
    exchange = open_paper(directory, plan, settings, read_only=False)
    if isinstance(exchange, str):
        return False, exchange
    try:
        report = exchange.flatten_standing(exchange.cursor.now)
        flat = exchange.flat
    except ExchangeError as error:
        return False, str(error)
    finally:
        exchange.close()
    if not flat:
        names = ", ".join(report.unpriced) or "unknown"
        return False, f"no price is known for {names}"
    closed, cancelled = counted(len(report.closed), "position"), counted(len(report.cancelled), "order")
    counts = f"{closed} closed, {cancelled} cancelled"
    return True, f"{counts} against the standing book (STALE)"
