"""A headless replay that is told to end: nothing of it stays behind."""

import contextlib
import signal
import subprocess
from pathlib import Path

import pytest

from tests.operations.outside import REPOSITORY, Outside, clean_environment, wait_until


def waits_for_its_market(pid: int) -> bool:
    """Say whether a process sleeps in its loop."""
    state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    names: list[str] = []
    for name in Path(f"/proc/{pid}/fd").iterdir():
        # A file may be closed between the listing and the look.
        with contextlib.suppress(FileNotFoundError):
            names.append(str(name.readlink()))
    return state == "S" and "anon_inode:[eventpoll]" in names


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_its_temporary_files_go_with_it(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path, number: signal.Signals
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        here.argv("replay", *recordings, "--headless", "--speed", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
        env=clean_environment(TMPDIR=str(temporary)),
    )
    wait_until(lambda: list(temporary.iterdir()) and waits_for_its_market(process.pid), "the replay to play")
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, "")
    assert list(temporary.iterdir()) == []
