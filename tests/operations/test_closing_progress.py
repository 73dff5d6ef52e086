"""What a shell says while it closes: soon, again and again, and never at the closing's expense."""

import threading
from pathlib import Path

from engine.operations.flatten_progress import EVERY, FIRST_AFTER, EngineWatcher, Progress
from engine.world.directories import Home, World
from tests.operations.outside import wait_until


def test_the_first_word_comes_within_two_seconds_and_then_one_every_five() -> None:
    assert FIRST_AFTER < 2.0
    assert EVERY == 5.0


def test_the_newest_word_is_said_again_and_again_until_it_is_over() -> None:
    said: list[str] = []
    with Progress(said.append, first_after=0.01, every=0.01) as progress:
        progress.tell("2 positions left")
        wait_until(lambda: said.count("2 positions left") >= 3, "the same word three times")
        progress.tell("1 position left")
        wait_until(lambda: "1 position left" in said, "the newer word")
    count = len(said)
    assert not [one for one in threading.enumerate() if one.name == "closing progress"]
    assert len(said) == count


def test_what_closes_at_once_says_nothing() -> None:
    said: list[str] = []
    with Progress(said.append) as progress:
        progress.tell("1 position left")
    assert said == []


def test_an_output_that_nobody_reads_holds_no_closing_back() -> None:
    stuck, free = threading.Event(), threading.Event()

    def say(_: str) -> None:
        stuck.set()
        free.wait(60)

    with Progress(say, first_after=0.0) as progress:
        assert stuck.wait(60)
        progress.tell("1 position left")
    assert "closing progress" in {thread.name for thread in threading.enumerate()}
    free.set()


def test_an_engine_whose_line_fails_is_told_as_that(tmp_path: Path) -> None:
    told: list[str] = []
    watcher = EngineWatcher(Home(tmp_path).world(World.ACCOUNT), told.append)
    watcher.start()
    watcher.start()
    wait_until(lambda: told, "word of the line")
    watcher.stop()
    assert told[0].startswith("the engine closes; what is left cannot be read: expected an engine at ")
