"""The whole suite: what failed beside other files is run once more alone, and said so by name.

A test that fails while six files share two cores and passes alone has found a wait that is too short more often than
a mistake: it must not hide, and it must not stop a change. Nothing else is run again: a test that also fails alone,
more than a few failures, errors of collection, a worker that died and an interrupted run are red.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import pytest

MOST: Final = 5
"""More failures than this are no accident of company."""
TESTS: Final = ("-q", "-n", "6", "--dist", "loadfile", "--no-loadscope-reorder")
"""Most of a run is waiting for engines and brokers: three times as many files at once as two cores could compute."""


class Failures:
    """Notes what failed, and whether everything was run."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.crashed = False
        self.stopped = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.failed:
            return
        if report.nodeid not in self.names:
            self.names.append(report.nodeid)
        # A worker that died is reported as a test without a phase.
        self.crashed |= report.when not in ("setup", "call", "teardown")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.stopped |= bool(session.shouldstop or session.shouldfail)

    def may_pass_alone(self, code: int) -> bool:
        """Return whether what failed is worth a second look: a few named tests of a run that went to its end."""
        whole = code == pytest.ExitCode.TESTS_FAILED and not self.crashed and not self.stopped
        return whole and 0 < len(self.names) <= MOST


def main(words: Sequence[str] = ()) -> int:
    """Run the suite with more words for pytest; return its exit code, 0 where what failed passes alone."""
    failures = Failures()
    code = int(pytest.main([*TESTS, *words], plugins=[failures]))
    if not failures.may_pass_alone(code):
        return code
    _say(f"once more, alone: {len(failures.names)} that failed beside others")
    again = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", *failures.names], check=False)
    if again.returncode:
        return again.returncode
    for name in failures.names:
        _say(f"failed beside others, passed alone: {name}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
