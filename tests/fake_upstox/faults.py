"""Faults waiting to strike: each named, counted, perhaps timed, and matched to what it is meant for."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

CALL_FAULTS = frozenset(
    {
        "lose-request",
        "lose-answer",
        "delay",
        "hang",
        "status",
        "html",
        "empty-list",
        "cut-body",
        "not-json",
        "null-data",
        "slow-authorize",
        "stale-positions",
        "lag-positions",
        "unreadable-row",
        "repeat-token",
    }
)
"""Struck while a call is served; ``call`` names which (a call, ``writes``, ``reads`` or ``all``)."""
ORDER_FAULTS = frozenset(
    {
        "reject",
        "partial",
        "hold",
        "late-fill",
        "fill-before-answer",
        "book-lag",
        "stop-as-limit",
        "refuse-cancel",
        "refuse-modify",
        "lose-modify",
        "ignore-modify",
        "lose-cancel",
        "ignore-cancel",
        "slow-order",
        "never-acknowledged",
        "duplicate-trade",
        "complete-first",
        "complete-early",
        "estimated-average",
        "shared-trade-number",
    }
)
"""Struck at an order on its way; ``side``, ``order_type``, ``instrument`` and ``tag`` narrow them."""
STREAM_FAULTS = frozenset(
    {
        "mute",
        "half-open",
        "cut-frame",
        "garbage-frame",
        "empty-frame",
        "without-ltpc",
        "auction-fields",
        "unknown-enum",
        "unknown-field",
        "bad-tick",
        "delay-stream",
        "duplicate-stream",
        "reorder-stream",
        "drop-stream",
        "unknown-status",
        "refuse-connection",
        "old-trade-time",
        "flap",
        "repeat-text",
    }
)
"""Struck at a stream; ``stream`` is market or portfolio."""
KNOWN = CALL_FAULTS | ORDER_FAULTS | STREAM_FAULTS
_FILTERS = ("call", "stream", "side", "order_type", "instrument", "tag", "product")


@dataclass
class Fault:
    """One planted fault."""

    number: int
    name: str
    facts: Mapping[str, Any]
    left: int | None
    """How often it still strikes; None for ever."""
    until: float | None
    """Wall time on the monotonic clock after which it is over."""
    skip: int = 0
    struck: int = 0

    def told(self) -> dict[str, Any]:
        """Return it as the control endpoint tells it."""
        return {
            "number": self.number,
            "fault": self.name,
            **self.facts,
            "left": self.left,
            "struck": self.struck,
        }

    def value(self, name: str, otherwise: float) -> float:
        """Return one of its numbers."""
        return float(self.facts.get(name, otherwise))


@dataclass
class Faults:
    """All planted faults; ``take`` says whether one strikes now."""

    monotonic: Callable[[], float] = time.monotonic
    _planted: list[Fault] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def plant(self, name: str, facts: Mapping[str, Any]) -> Fault:
        """Add a fault: ``times`` (1 unless given, 0 for ever), ``seconds`` it lasts, ``skip`` hits left alone first.

        Raises ValueError for an unknown name.
        """
        if name not in KNOWN:
            raise ValueError(f"expected one of {', '.join(sorted(KNOWN))}, got {name!r}")
        seconds = facts.get("seconds")
        times = int(facts.get("times", 0 if seconds is not None else 1))
        fault = Fault(
            number=next(self._numbers),
            name=name,
            facts={key: value for key, value in facts.items() if key not in ("times", "skip", "fault")},
            left=times or None,
            until=None if seconds is None else self.monotonic() + float(seconds),
            skip=int(facts.get("skip", 0)),
        )
        self._planted.append(fault)
        return fault

    def take(self, name: str, **facts: str | None) -> Fault | None:
        """Return the first fault of a name that fits, counted as struck, or None."""
        for fault in self._planted:
            if fault.name != name or not _fits(fault, facts) or not self._alive(fault):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.struck += 1
            if fault.left is not None:
                fault.left -= 1
            return fault
        return None

    @property
    def quiet(self) -> bool:
        """Say whether no fault can strike now."""
        return not any(self._alive(fault) for fault in self._planted)

    def standing(self, name: str, **facts: str | None) -> Fault | None:
        """Return a fault that is in force, without counting."""
        return next(
            (
                fault
                for fault in self._planted
                if fault.name == name and _fits(fault, facts) and self._alive(fault)
            ),
            None,
        )

    def clear(self, name: str | None = None) -> None:
        """Remove every fault, or every one of a name."""
        self._planted = [fault for fault in self._planted if name is not None and fault.name != name]

    def told(self) -> list[dict[str, Any]]:
        """Return every fault planted so far, the spent ones too."""
        return [fault.told() for fault in self._planted]

    def _alive(self, fault: Fault) -> bool:
        return (fault.left is None or fault.left > 0) and (
            fault.until is None or self.monotonic() < fault.until
        )


def _fits(fault: Fault, facts: Mapping[str, str | None]) -> bool:
    for name in _FILTERS:
        wanted = fault.facts.get(name)
        if wanted is None or name not in facts:
            continue
        found = facts[name] or ""
        if name == "tag":
            if wanted not in found:
                return False
        elif name == "call":
            if wanted not in found.split(" "):
                return False
        elif wanted != found:
            return False
    return True
