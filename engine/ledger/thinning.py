"""What of old runs a ledger of demo or replay lets go, so that it does not grow without end.

A closed run is never gone on with: its journal serves nobody. What replays leave as evidence, their trades, the states
of their days and their sessions, stays for ever; a demo is no evidence of anything, and an abandoned run counts
nowhere. Nothing of an account is ever touched, whichever ledger it stands in.
"""

from typing import Final

from engine.ledger.records import RunState

RUNS_KEPT: Final = 20
"""Closed runs that stay whole: the newest."""

_OLD: Final = (
    "SELECT run FROM (SELECT run, world, state FROM runs WHERE world IN ('demo', 'replay') AND state != 'OPEN' "
    "ORDER BY rowid DESC LIMIT -1 OFFSET ?)"
)
_COUNTS_NOWHERE: Final = f"{_OLD} WHERE world = 'demo' OR state = '{RunState.ABANDONED.value}'"

STATEMENTS: Final = (
    f"DELETE FROM journal WHERE run IN ({_OLD})",  # noqa: S608
    f"DELETE FROM records WHERE run IN ({_OLD}) AND kind NOT IN ('trade', 'day_state', 'session')",  # noqa: S608
    f"DELETE FROM records WHERE run IN ({_COUNTS_NOWHERE})",  # noqa: S608
    f"DELETE FROM runs WHERE run IN ({_COUNTS_NOWHERE})",  # noqa: S608
)
"""In this order; each takes how many of the newest closed runs stay whole."""
