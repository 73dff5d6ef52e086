"""An engine whose disk takes nothing says so in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

from tests.disks import fill, small_disk


def begin(home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cockpit", "--home", os.fspath(home), "engine", "--world", "demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def said_in_one_sentence(ended: "subprocess.CompletedProcess[str]", why: str, disk: Path) -> None:
    assert ended.returncode == 2, ended
    assert why in ended.stderr, ended
    assert os.fspath(disk) in ended.stderr, ended
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") == 1, ended


def test_an_engine_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m,nr_inodes=64") as disk:
        fill(disk)
        said_in_one_sentence(begin(disk / "home"), "No space left on device", disk)


def test_an_engine_on_a_disk_filled_after_its_home_was_made_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m,nr_inodes=64") as disk:
        (disk / "home" / "demo").mkdir(parents=True, mode=0o700)
        fill(disk)
        said_in_one_sentence(begin(disk / "home"), "No space left on device", disk)


def test_an_engine_on_a_disk_that_is_only_read_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        (disk / "home" / "demo").mkdir(parents=True, mode=0o700)
        subprocess.run(["mount", "-o", "remount,ro", os.fspath(disk)], check=True)
        said_in_one_sentence(begin(disk / "home"), "Read-only file system", disk)
