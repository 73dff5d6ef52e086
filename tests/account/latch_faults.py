"""Disks that do not take the latch: one that never answers, one that refuses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def slow_file(latch: Path) -> Iterator[None]:
    """Let the latch's next writing wait for ever, as on a disk that does not answer."""
    beside = latch.with_name(latch.name + ".new")
    os.mkfifo(beside)
    try:
        yield
    finally:
        reader = os.open(beside, os.O_RDONLY | os.O_NONBLOCK)
        beside.unlink()
        os.close(reader)


@contextmanager
def failing_file(latch: Path) -> Iterator[None]:
    """Let every writing of the latch fail."""
    beside = latch.with_name(latch.name + ".new")
    beside.mkdir()
    try:
        yield
    finally:
        beside.rmdir()
