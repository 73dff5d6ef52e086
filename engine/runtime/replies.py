"""Who waits for the answer to which command; the same command asked again gets the same answer."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from engine.contract.commands import CommandResult, Outcome

Waiting = asyncio.Future[CommandResult]

_REMEMBERED: Final = 1_000


class Replies:
    """Owns the answers given and those still owed. Belongs to the loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Waiting]] = {}
        self._done: OrderedDict[str, CommandResult] = OrderedDict()

    def given(self, name: str) -> CommandResult | None:
        """Return the answer that a command already got."""
        return self._done.get(name)

    def expect(self, name: str, answered: Waiting) -> None:
        """Owe somebody the answer to a command."""
        self._waiting.setdefault(name, []).append(answered)

    def remember(self, result: CommandResult) -> CommandResult:
        """Keep an answer for whoever asks the same again."""
        self._done[result.id] = result
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return result

    def answer(self, results: Iterable[CommandResult]) -> None:
        """Give answers to those who wait for them."""
        for result in results:
            for answered in self._waiting.pop(result.id, []):
                reply(answered, result)

    def refuse_all(self, reason: str) -> None:
        """Refuse everything that is still owed."""
        owed, self._waiting = self._waiting, {}
        for name, waiting in owed.items():
            for answered in waiting:
                reply(answered, CommandResult(name, Outcome.REFUSED, reason))


def reply(answered: Waiting | None, result: CommandResult) -> None:
    """Give an answer to somebody who may have gone."""
    if answered is not None and not answered.done():
        answered.set_result(result)
