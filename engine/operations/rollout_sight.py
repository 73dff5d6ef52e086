"""Everything a screen shows of the rollout at once: the report, what each stage caps, and the kill drill."""

from typing import TYPE_CHECKING

from engine.contract.rollout_views import RolloutSight, StageRoom
from engine.ledger.kill_drills import DrillStanding, KillDrill, drill_standing, kill_drills
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.figures import rupees
from engine.market.price import amount_of
from engine.operations.errors import DeskError
from engine.operations.rollout_desk import RolloutDesk
from engine.rollout.stages import Stage, StageCaps, caps_of
from engine.system.version import VERSION
from engine.world.directories import World
from engine.world.latch_file import wall_clock

if TYPE_CHECKING:
    from engine.operations.desk import Desk


def rollout_sight(desk: "Desk") -> RolloutSight:
    """Read where the account stands; raises DeskError."""
    report = RolloutDesk(desk).report()
    standing = _drill_standing(desk)
    gate = report.gate
    at = Stage.FULL.value if gate is None else gate.origin
    account = amount_of(desk.settings.account.capital)
    rooms = (caps_of(stage, account, desk.settings.rollout) for stage in Stage)
    stages = tuple(StageRoom(one.stage.value, _words(one), one.stage.value == at) for one in rooms)
    return RolloutSight(report, stages, standing.text, standing.missing)


def _drill_standing(desk: "Desk") -> DrillStanding:
    path = desk.home.world(World.ACCOUNT).ledger
    drills: tuple[KillDrill, ...] = ()
    try:
        if path.exists():
            with LedgerReader(path) as ledger:
                drills = kill_drills(ledger)
    except LedgerError as error:
        raise DeskError(str(error), error.kind) from error
    return drill_standing(drills, wall_clock(), VERSION)


def _words(caps: StageCaps) -> str:
    if not caps.entries:
        return "no live entry; exits and stops pass in every stage"
    if caps.account is None or caps.position is None:
        return "as configured"
    return (
        f"{rupees(caps.account, 0)} rupees of the account, one lot or {rupees(caps.position, 0)} a position, "
        f"{caps.positions} at once, {caps.instruments} instruments a day, {caps.risk_pct:g} % risk a trade"
    )
