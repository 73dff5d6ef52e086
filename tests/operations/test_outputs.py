"""What an output that takes nothing costs: the words, and never the blame of something else or another exit code."""

import os
import subprocess

import pytest

from engine.world.directories import World
from engine.world.latch_file import LatchFile, read_latch
from tests.operations.outside import REPOSITORY, Outside, clean_environment


def run_into(output: int, here: Outside, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        here.argv(*words),
        input=typed,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(),
    )


@pytest.fixture
def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("words", ["status", "status --json", "config", "config --json", "config --check"])
def test_an_output_that_is_full_is_named_itself(here: Outside, full: int, words: str) -> None:
    done = run_into(full, here, *words.split())
    assert done.returncode == 2
    said = "cockpit: standard output: expected to be written to, got: No space left on device\n"
    assert done.stderr == said


def test_a_pipe_that_nobody_reads_any_more_makes_no_go_of_a_no(here: Outside) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run_into(writer, here, "preflight")
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_latch_that_was_cleared_is_cleared_whoever_hears_of_it(here: Outside) -> None:
    directory = here.world(World.DEMO)
    directory.create()
    latch = LatchFile(directory.latch)
    latch.set("kill-1", "a test", "why")
    latch.close()
    reader, writer = os.pipe()
    os.close(reader)
    done = run_into(writer, here, "rearm", typed="REARM\n")
    os.close(writer)
    assert (done.returncode, read_latch(directory.latch)) == (0, None), done
