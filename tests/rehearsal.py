"""Stages for tests that trade live on this machine: a home begins at PAPER, and these rehearse FULL."""

import atexit
import os
import shutil
import tempfile

from engine.ledger.stage_record import StageRecord
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.performance.evidence import LOOPBACK
from engine.rollout.live_stages import LiveStages
from engine.rollout.stages import BrokerPlace, Stage, StageCaps, StageStanding
from engine.world.directories import WorldDirectory
from engine.world.latch_file import wall_clock

FULL = StageStanding(Stage.FULL, rehearsal=True)
SMALL = StageCaps(
    Stage.SMALL,
    entries=True,
    account=100_000_00,
    position=25_000_00,
    positions=1,
    instruments=2,
    risk_pct=0.25,
)
REHEARSED = LiveStages(BrokerPlace.LOOPBACK, FULL, FULL, SMALL, begins=True)
"""What a core is told of such an account."""

if "XDG_STATE_HOME" not in os.environ:
    # Outside of pytest, too, nothing is written where the user's own programs keep state.
    os.environ["XDG_STATE_HOME"] = _state = tempfile.mkdtemp(prefix="cockpit-state-")
    atexit.register(shutil.rmtree, _state, ignore_errors=True)


def rehearse(directory: WorldDirectory, stage: Stage = Stage.FULL, at: Instant | None = None) -> None:
    """Rehearse a stage in an account's directory before its first engine."""
    with Ledger.open(directory.ledger) as ledger:
        StageRecord(ledger, directory, LOOPBACK).rehearse(stage, "a test", wall_clock() if at is None else at)


def rehearse_once(directory: WorldDirectory) -> None:
    """Rehearse FULL in a home that has no ledger yet: whatever came of it later, a test has done itself."""
    if not directory.ledger.exists():
        directory.create()
        rehearse(directory)
