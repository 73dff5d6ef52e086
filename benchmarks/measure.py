"""Timing and the shape of a result."""

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure. ``ratio`` above 1 means ahead of the peer that ran beside it."""

    name: str
    value: float
    unit: str
    budget: str | None = None
    peer: str | None = None
    ratio: float | None = None

    def record(self, machine: str) -> dict[str, object]:
        """Return the result as one object of the results file."""
        return {**asdict(self), "machine": machine}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: ``minutes`` of market, ``rounds`` of short actions, ``slow_rounds`` of slow peers."""

    minutes: int
    rounds: int
    slow_rounds: int


FULL = Scale(minutes=360, rounds=400, slow_rounds=7)
SMALL = Scale(minutes=30, rounds=60, slow_rounds=3)


def scale_from_environment() -> Scale:
    """Return the scale that ``SCALE`` asks for: small for a quick look, else full."""
    return SMALL if os.environ.get("SCALE") == "small" else FULL


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = perf_counter()
    action()
    return perf_counter() - start


def median_seconds(action: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call over some rounds, after one that warms up."""
    action()
    return median(seconds_of(action) for _ in range(rounds))


def machine_name() -> str:
    """Return what the figures were measured on."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )
