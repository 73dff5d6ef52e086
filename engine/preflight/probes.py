"""Runs checks side by side, each in its own thread with its own deadline: one that hangs costs only itself."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.preflight.report import Check, CheckState, Group

T = TypeVar("T")


class Once(Generic[T]):
    """A value that several checks need and the first of them makes; what making it raised is raised to each."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: list[T] = []
        self._error: BaseException | None = None

    def __call__(self) -> T:
        """Return the value; waits while another thread makes it."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._value:
                try:
                    self._value.append(self._make())
                except BaseException as error:
                    self._error = error
                    raise
            return self._value[0]


@dataclass(frozen=True, slots=True)
class Probe:
    """A named question with the longest wait for its answer, seconds."""

    group: Group
    name: str
    ask: Callable[[], Sequence[Check]]
    seconds: float


@dataclass(slots=True)
class _Running:
    probe: Probe
    thread: threading.Thread | None = None
    answer: list[Sequence[Check]] = field(default_factory=list)


def run_probes(probes: Sequence[Probe], monotonic: Callable[[], float] = time.monotonic) -> tuple[Check, ...]:
    """Return the checks of all probes in their order; an answer that is late or never came is a NO-GO."""
    started = monotonic()
    running = [_Running(probe) for probe in probes]
    for one in running:
        one.thread = threading.Thread(
            target=lambda one=one: one.answer.append(one.probe.ask()),
            name=f"preflight {one.probe.name}",
            daemon=True,
        )
        one.thread.start()
    checks: list[Check] = []
    for one in running:
        if one.thread is not None:
            one.thread.join(max(0.0, started + one.probe.seconds - monotonic()))
        checks += one.answer[0] if one.answer else [_unanswered(one)]
    return tuple(checks)


def _unanswered(one: _Running) -> Check:
    alive = one.thread is not None and one.thread.is_alive()
    reason = (
        f"expected an answer within {one.probe.seconds:g} s, got none"
        if alive
        else "the check itself broke off: a fault of this program, its trace is in the log"
    )
    return Check(one.probe.group, one.probe.name, CheckState.NO_GO, "", reason)
