"""What the whole suite's second look forgives, and what stays red."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.suite import MOST, Failures

REPOSITORY = Path(__file__).resolve().parents[1]
CROWDED = """
import os, pytest

@pytest.fixture
def place():
    yield
    assert "PYTEST_XDIST_WORKER" not in os.environ

def test_quiet(): pass

@pytest.mark.parametrize("way", ["a", "b"])
def test_crowded(way):
    assert "PYTEST_XDIST_WORKER" not in os.environ

def test_crowded_behind(place): pass
"""
DYING = """
import os
def test_dies():
    if "PYTEST_XDIST_WORKER" in os.environ: os._exit(3)
"""


def suite(folder: Path, text: str) -> tuple[int, list[str]]:
    """Run a suite of one made file; return how it ended and its lines."""
    (folder / "test_made.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    light = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "xdist.plugin",
        "PYTHONPATH": str(REPOSITORY),
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.suite", "-n", "1", "test_made.py"],
        cwd=folder,
        env=own | light,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_what_fails_beside_others_and_passes_alone_is_named_and_forgiven(tmp_path: Path) -> None:
    code, said = suite(tmp_path, CROWDED)
    assert code == 0
    assert [line for line in said if line.startswith("failed beside others")] == [
        f"failed beside others, passed alone: test_made.py::{name}"
        for name in ("test_crowded[a]", "test_crowded[b]", "test_crowded_behind")
    ]


def test_what_fails_alone_too_is_red_and_nothing_is_forgiven(tmp_path: Path) -> None:
    code, said = suite(tmp_path, CROWDED + "\ndef test_wrong():\n    assert False\n")
    assert code == 1
    assert "once more, alone: 4 that failed beside others" in said
    assert not [line for line in said if line.startswith("failed beside others")]


def test_a_worker_that_dies_is_red_and_not_looked_at_again(tmp_path: Path) -> None:
    code, said = suite(tmp_path, DYING)
    assert code == 1
    assert not [line for line in said if "alone" in line]


def failures(count: int, when: str = "call") -> Failures:
    noted = Failures()
    for number in range(count):
        report = SimpleNamespace(failed=True, nodeid=f"test_x.py::test_{number}", when=when)
        noted.pytest_runtest_logreport(cast("Any", report))
    return noted


@pytest.mark.parametrize(
    ("code", "count", "again"),
    [
        (pytest.ExitCode.TESTS_FAILED, 1, True),
        (pytest.ExitCode.TESTS_FAILED, MOST, True),
        (pytest.ExitCode.TESTS_FAILED, MOST + 1, False),
        (pytest.ExitCode.TESTS_FAILED, 0, False),
        (pytest.ExitCode.INTERRUPTED, 1, False),
        (pytest.ExitCode.INTERNAL_ERROR, 1, False),
        (pytest.ExitCode.USAGE_ERROR, 0, False),
        (pytest.ExitCode.NO_TESTS_COLLECTED, 0, False),
    ],
)
def test_only_a_few_failures_of_a_whole_run_are_looked_at_again(
    code: pytest.ExitCode, count: int, again: bool
) -> None:
    assert failures(count).may_pass_alone(code) is again


def test_a_run_that_was_told_to_stop_early_is_not_looked_at_again() -> None:
    noted = failures(1)
    noted.pytest_sessionfinish(
        cast("Any", SimpleNamespace(shouldstop=False, shouldfail="stopping after 1 failures"))
    )
    assert not noted.may_pass_alone(pytest.ExitCode.TESTS_FAILED)
