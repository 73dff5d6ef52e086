"""The named faults: which tests speak for which fault, run here and judged one by one."""

import contextlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.campaign.fault_tests import ELSEWHERE, FROM_OUTSIDE, TITLES

NAMED_TESTS = "tests/core/test_faults*.py"
"""Each test in there carries its fault's number."""

_NUMBER = re.compile(r"::test_(\d\d)_")


@dataclass(eq=False)
class Judge:
    """A pytest plugin that keeps only the wanted tests and what became of them, by fault."""

    wanted: dict[str, int]
    verdicts: dict[int, str] = field(default_factory=dict)
    tests: int = 0
    found: set[str] = field(default_factory=set)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave everything out that speaks for no fault."""
        kept = [item for item in items if self._fault(item.nodeid) is not None]
        self.found.update(item.nodeid.partition("[")[0] for item in kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one test's outcome: the first thing that went wrong is a fault's reason."""
        number = self._fault(report.nodeid)
        if number is None:
            return
        if report.when == "call":
            self.tests += 1
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            said = "no words" if crash is None else crash.message.splitlines()[0]
            self._put(number, f"{name}: {said}")
        elif report.skipped:
            self._put(number, f"{name}: skipped")
        else:
            self.verdicts.setdefault(number, "pass")

    def _put(self, number: int, reason: str) -> None:
        if self.verdicts.get(number, "pass") == "pass":
            self.verdicts[number] = reason

    def _fault(self, nodeid: str) -> int | None:
        numbered = _NUMBER.search(nodeid)
        if numbered is not None and nodeid.startswith("tests/core/test_faults"):
            return int(numbered.group(1))
        return self.wanted.get(nodeid.partition("[")[0])


def judge_faults(root: Path, *, quick: bool) -> tuple[dict[str, str], int]:
    """Run every test that speaks for a fault; return a verdict for each fault that has one, and how many tests ran."""
    tables = (ELSEWHERE,) if quick else (ELSEWHERE, FROM_OUTSIDE)
    wanted = {name: number for table in tables for number, names in table.items() for name in names}
    files = _files(root, wanted)
    judge = Judge(wanted)
    with contextlib.redirect_stdout(io.StringIO()):
        # Who speaks for a mistake by name is imported here already: that much of pytest's own is said in vain.
        quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        ended = pytest.main([*quiet, "--rootdir", str(root), *map(str, files)], plugins=[judge])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"expected the tests of the named faults to run, got {ended!r}")
    for name, number in wanted.items():
        if name not in judge.found:
            judge._put(number, f"{name}: no such test")
    return {title_of(number): judge.verdicts[number] for number in sorted(judge.verdicts)}, judge.tests


def title_of(number: int) -> str:
    """Return a fault's name as the table shows it."""
    return f"{number:02d} {TITLES[number]}"


def _files(root: Path, wanted: Iterable[str]) -> list[Path]:
    named = sorted(root.glob(NAMED_TESTS))
    others = {root / name.partition("::")[0] for name in wanted}
    return [*named, *sorted(path for path in others if path.exists() and path not in named)]
