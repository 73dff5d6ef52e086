"""What the core wants done, sorted by who does it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.contract.commands import CommandResult
from engine.core import CommandAnswer, Effect, LatchChanged, Record
from engine.orders.messages import Request


@dataclass(slots=True)
class Divided:
    """Effects by who carries them out, each in its order."""

    requests: list[Request] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    answers: list[CommandResult] = field(default_factory=list)
    latch: list[LatchChanged] = field(default_factory=list)


def divide(effects: Iterable[Effect]) -> Divided:
    """Sort what the core wants done."""
    divided = Divided()
    for effect in effects:
        match effect:
            case Record():
                divided.records.append(effect)
            case CommandAnswer():
                divided.answers.append(effect.result)
            case LatchChanged():
                divided.latch.append(effect)
            case _:
                divided.requests.append(effect)
    return divided
