"""Each new demo or replay thins the ledger it begins in."""

from pathlib import Path

from engine.ledger.reader import LedgerReader
from engine.ledger.store import Ledger
from engine.ledger.thinning import RUNS_KEPT
from engine.world.directories import World
from tests.ledger.long_ledger import play
from tests.operations.outside import Outside, wait_until


def played_before(here: Outside, world: World) -> Path:
    """Leave more closed runs in a world than are kept whole; return its ledger."""
    directory = here.world(world)
    directory.create()
    with Ledger.open(directory.ledger) as ledger:
        for number in range(RUNS_KEPT + 3):
            play(ledger, f"old-{number:02}", world.value)
    return directory.ledger


def journals(path: Path) -> list[str]:
    """Return the old runs that still have their journal."""
    with LedgerReader(path) as reader:
        return [run.run for run in reader.runs() if run.run.startswith("old-") and reader.journal(run.run)]


def test_a_kept_replay_thins_what_was_played_before(here: Outside, recordings: tuple[Path, Path]) -> None:
    path = played_before(here, World.REPLAY)
    done = here.run("replay", recordings[0], "--headless", "--keep")
    assert done.returncode == 0, done.stderr
    assert journals(path) == [f"old-{number:02}" for number in range(3, RUNS_KEPT + 3)]
    with LedgerReader(path) as reader:
        assert len(reader.records("trade", "old-00")) == 1


def test_a_demo_thins_what_was_played_before(here: Outside) -> None:
    path = played_before(here, World.DEMO)
    here.start(World.DEMO)
    wait_until(lambda: len(journals(path)) == RUNS_KEPT, "the ledger to be thinned")
