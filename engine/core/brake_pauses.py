"""The brakes of the day on a running core: entries wait for a person after losses in a row or a peak given back."""

from engine.contract.views import Severity
from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.risk.entry_brakes import Brakes


class BrakePauses:
    """Feeds the brakes with results and pauses entries when they are pulled."""

    def __init__(self, state: TradingState) -> None:
        self._state = state
        self._closed = 0
        """How many finished trades were counted."""

    def came_from(self, brakes: Brakes) -> None:
        """Take over the state of an earlier run of the day."""
        state = self._state
        state.account.brakes = brakes
        if brakes.pulled:
            state.pauses.add(brakes.pulled)
            state.entries.pause = state.pauses.first

    def closed(self, now: Instant) -> None:
        """Count the trades that have finished since the last time, and look at the day."""
        state = self._state
        finished = state.journal.closed[self._closed :]
        self._closed += len(finished)
        brakes = state.account.brakes
        for trade in finished:
            brakes = brakes.closed(trade.net, state.limits)
        self._take(brakes, now, written=bool(finished))
        self.look(now)

    def look(self, now: Instant) -> None:
        """Compare the day's result, at marks that no odd book enters, with its peak."""
        state = self._state
        net = state.account.settled(now).net
        self._take(state.account.brakes.marked(net, state.limits), now)

    def release(self, now: Instant) -> None:
        """Count anew: a person has resumed entries."""
        state = self._state
        self._take(state.account.brakes.released(state.account.settled(now).net), now)

    def _take(self, brakes: Brakes, now: Instant, *, written: bool = False) -> None:
        state = self._state
        before = state.account.brakes
        if brakes.pulled and not (state.pauses.reachable or state.settings.session.pause_unattended):
            text = f"{brakes.pulled}: nobody can come to this replay and resume, so entries go on and it counts anew"
            state.journal.line(Severity.WARNING, text, now)
            brakes = brakes.released(state.account.settled(now).net)
        state.account.brakes = brakes
        if brakes.pulled and not before.pulled:
            state.pause(brakes.pulled, now)
        if written or brakes.pulled != before.pulled:
            state.journal.day_state(now)
