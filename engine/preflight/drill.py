"""Whether the kill was practised of late, with this version, on a terminal: a postponed drill is a missing one."""

from collections.abc import Sequence
from typing import Final

from engine.ledger.kill_drills import DrillState, KillDrill, drill_standing, kill_drills
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.clock import Instant, isoformat
from engine.preflight.report import Check, CheckState, Group
from engine.system.version import VERSION
from engine.world.directories import Home, World

_NAME: Final = "kill drill"


def check_drill(home: Home, now: Instant) -> Sequence[Check]:
    """Read the newest kill drill of the account's record; one that is missing warns, and the rollout counts it."""
    path = home.world(World.ACCOUNT).ledger
    try:
        drills: tuple[KillDrill, ...] = ()
        if path.exists():
            with LedgerReader(path) as ledger:
                drills = kill_drills(ledger)
    except LedgerError as error:
        return [
            Check(Group.SYSTEM, _NAME, CheckState.WARN, "", f"expected the record of drills, got: {error}")
        ]
    standing = drill_standing(drills, now, VERSION)
    values: dict[str, object] = {
        "standing": standing.state.value,
        "time": None if standing.newest is None else isoformat(standing.newest.time),
    }
    state = CheckState.GO if standing.state is DrillState.PASSED else CheckState.WARN
    return [Check(Group.SYSTEM, _NAME, state, standing.text, standing.missing, values)]
