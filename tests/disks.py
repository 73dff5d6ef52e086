"""File systems of their own, small enough to be full."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system with the options of a tmpfs, or skip."""
    folder.mkdir()
    mount = shutil.which("mount")
    if os.getuid() != 0 or mount is None:
        pytest.skip("needs root to mount a small file system")
    argv = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("no small file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave neither a block nor an inode."""

    def write_on() -> None:
        for number in range(100_000):
            (folder / f"filler-{number}").write_bytes(b"\0" * 65_536)

    with pytest.raises(OSError, match="No space left"):
        write_on()


def fill_from(path: Path) -> None:
    """Write one file until the disk takes nothing more."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)

    def write_on() -> None:
        while os.write(descriptor, b"\0" * 4_096):
            continue

    with pytest.raises(OSError, match="No space left"):
        write_on()
    os.close(descriptor)
