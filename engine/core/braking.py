"""The brakes of the day on a running core: entries wait for a person after losses in a row or a peak given back."""

from typing import TYPE_CHECKING

from engine.market.clock import Instant
from engine.risk.brakes import Brakes

if TYPE_CHECKING:
    from engine.core.core import Core


class Braking:
    """Feeds the brakes with results and pauses entries when they are pulled."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._closed = 0
        """How many finished trades were counted."""

    def came_from(self, brakes: Brakes) -> None:
        """Take over the state of an earlier run of the day."""
        core = self._core
        core.account.brakes = brakes
        if brakes.pulled:
            core.pauses.add(brakes.pulled)
            core.decider.pause = core.pauses.first

    def closed(self, now: Instant) -> None:
        """Count the trades that have finished since the last time, and look at the day."""
        core = self._core
        finished = core.journal.closed[self._closed :]
        self._closed += len(finished)
        brakes = core.account.brakes
        for trade in finished:
            brakes = brakes.closed(trade.net, core.limits)
        self._take(brakes, now, written=bool(finished))
        self.look(now)

    def look(self, now: Instant) -> None:
        """Compare the day's result, at marks that no odd book enters, with its peak."""
        core = self._core
        net = core.account.settled(now).net
        self._take(core.account.brakes.marked(net, core.limits), now)

    def release(self, now: Instant) -> None:
        """Count anew: a person has resumed entries."""
        core = self._core
        self._take(core.account.brakes.released(core.account.settled(now).net), now)

    def _take(self, brakes: Brakes, now: Instant, *, written: bool = False) -> None:
        core = self._core
        before, core.account.brakes = core.account.brakes, brakes
        if brakes.pulled and not before.pulled:
            core.pause(brakes.pulled, now)
        if written or brakes.pulled != before.pulled:
            core.journal.day_state(now)
