"""A killed engine's successor finds what it left, and the finished run is the one that nothing disturbed."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine.commands import ExitPosition, PauseReplay, Side, TightenStop
from engine.home import World
from engine.ledger.reader import LedgerReader
from engine.market.clock import Instant
from tests.desk.outside import (
    Engine,
    Outside,
    Remains,
    differences,
    outside,
    positions,
    remains,
    stops,
    wait_until,
)
from tests.recordings import EQ_A, EQ_B

UPDATES = 4_796
"""Of the two made recordings together."""


def finished(engine: Engine, updates: int = UPDATES) -> Remains:
    """Return everything a run leaves behind, once it has come to its end."""
    engine.wait_updates(updates)
    wait_until(lambda: not positions(engine.book()), "the last position to be closed")
    engine.ask_to_end()
    return remains(engine)


@pytest.fixture(scope="module")
def undisturbed(recordings: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Remains:
    with outside(tmp_path_factory.mktemp("undisturbed") / "home") as place:
        return finished(place.start(World.REPLAY, "--speed", "max", *recordings))


def test_a_replay_killed_three_times_ends_as_if_nothing_had_happened(
    here: Outside, recordings: tuple[Path, Path], undisturbed: Remains
) -> None:
    chance = random.Random(20_251_215)
    moments = sorted(chance.sample(range(3_250, 4_000), 3))
    print(f"killed at updates {moments}")
    engine = here.start(World.REPLAY, "--speed", "1000", *recordings)
    for moment in moments:
        engine.wait_updates(moment)
        engine.kill_process()
        before = engine.book()
        assert positions(before), "killed without a position: this proves nothing"
        engine = here.start(World.REPLAY, "--speed", "300", *recordings)
        book = engine.book()
        assert positions(book) == positions(before)
        assert stops(book) == {key: -held for key, held in positions(book).items()}
    engine.kill_process()
    last = finished(here.start(World.REPLAY, "--speed", "max", *recordings))
    assert differences(last, undisturbed) == []
