"""The reports of a day's close, written by a process of their own; the engine says what became of them."""

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

from engine.contract.views import Severity


class SpawnedReport:
    """Starts the writing once and tells once how it ended; the process outlives an engine that ends meanwhile."""

    def __init__(self, day: date, page: Path, start: "Callable[[], subprocess.Popen[bytes]]") -> None:
        self._day = day
        self._page = page
        self._start = start
        self._writing: subprocess.Popen[bytes] | None = None
        self._failed = ""

    def begin(self) -> None:
        """Start the writing."""
        try:
            self._writing = self._start()
        except OSError as error:
            self._failed = f"it could not be started: {error.strerror}"

    def news(self) -> tuple[Severity, str] | None:
        """Return once where the day's report lies, or that it does not and how to have it told why."""
        code = None if self._writing is None else self._writing.poll()
        if code:
            self._failed = f"the writing ended with {code}"
        if self._failed:
            again = f"`cockpit report --close {self._day.isoformat()}` writes it again"
            return Severity.WARNING, f"the day's report is not written, {self._failed}; {again}"
        return None if code is None else (Severity.INFO, f"the day's report: {self._page}")
