"""The clock of the day in words: what is about to end or to happen, said ten and five minutes ahead, once each."""

from typing import Final

from engine.contract.views import Severity
from engine.core.entry_pauses import STUDYING
from engine.core.trading_state import TradingState
from engine.market.clock import MINUTE, Instant, datetime_of

WARN_AHEAD: Final = (5, 10)
"""Minutes ahead; the nearest first."""


class DayClock:
    """Speaks of the last entry of setups and of the calendar's events."""

    def __init__(self, state: TradingState) -> None:
        self._state = state
        self._said: set[tuple[str, int]] = set()

    def look(self, now: Instant) -> None:
        """Say what lies ten or five minutes ahead; called about once a minute of market time."""
        state = self._state
        time = state.market_time(now)
        ahead: dict[str, Instant] = {}
        for kind in dict.fromkeys(one.kind for one in state.instruments.values() if one.tradable):
            stop = state.day.setup_entries_stop(kind)
            ahead[f"last entry of setups {datetime_of(stop):%H:%M}"] = stop
        for event in state.day.ahead(time):
            whom = f" ({', '.join(event.instruments)})" if event.instruments else ""
            ahead[f"{event.name}{whom} at {datetime_of(event.at):%H:%M}"] = event.at
        for words, moment in ahead.items():
            left = next((one for one in WARN_AHEAD if 0 < moment - time <= one * MINUTE), None)
            if left is None or (words, left) in self._said:
                continue
            self._said.add((words, left))
            if STUDYING not in state.pauses:
                state.journal.line(Severity.WARNING, f"{words}, in {left} minutes", now)
