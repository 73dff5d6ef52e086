"""A run of today that cannot be brought back: whatever happens at the starts behind it, its book is not forgotten."""

import shutil
import subprocess

from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.stage import begin, settings_of, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import REPOSITORY, Outside, clean_environment, is_flat, wait_until
from tests.recordings import EQ_A


def test_a_start_that_failed_does_not_make_the_next_one_forget_an_open_paper_book(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    quantity = engine.enter(EQ_A)[EQ_A]
    engine.kill_process()
    shutil.rmtree(home.home.recordings)

    words = home.argv("engine", "--world", World.ACCOUNT.value, *settings_of(market_at_ten))
    nothing = [*words, "--set", "watchlist.instruments=NOSUCHNAME"]
    failed = subprocess.run(
        nothing,
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )
    assert failed.returncode != 0
    assert "can be followed" in failed.stderr

    engine = begin(home, market_at_ten)
    (row,) = engine.view().positions
    assert (row.instrument, row.quantity, row.setup) == (EQ_A, quantity, "EXTERNAL")
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")
