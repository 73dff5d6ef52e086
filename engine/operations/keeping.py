"""What a person tells goes into a world's ledger, through its engine where one lives: a ledger has one writer."""

from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.kept import Kept, kept_words, record_of
from engine.ledger.records import LedgerError
from engine.operations.errors import DeskError
from engine.world.directories import WorldDirectory
from engine.world.latch_file import wall_clock


def keep_told(directory: WorldDirectory, command: Kept) -> tuple[bool, str]:
    """Write what a person tells; return (whether it is on disk, what happened). Raises DeskError."""
    from engine.host.liveness import EngineLock, EngineState, engine_state
    from engine.operations.asking import ask_engine

    state = engine_state(directory)
    if state is EngineState.HUNG:
        return (
            False,
            "not written: the engine hangs and nothing else may write its ledger; try again when it answers",
        )
    if state is EngineState.RUNNING:
        kept, text = ask_engine(directory, "cockpit, from a shell", command)
        return kept, text if kept else f"not written: {text}"
    lock = EngineLock.acquire(directory)
    if lock is None:
        return False, "not written: an engine is just starting; try again"
    try:
        _write(directory, command)
    except LedgerError as error:
        raise DeskError(f"not written: {error}", error.kind) from error
    except ValueError as error:
        return False, f"not written: {error}"
    finally:
        lock.release(clean=False)
    return True, kept_words(command)


def _write(directory: WorldDirectory, command: Kept) -> None:
    from engine.ledger.store import Ledger

    with Ledger.open(directory.ledger) as ledger:
        ledger.append(BY_A_PERSON, [record_of(command, wall_clock())], durable=True).result()
