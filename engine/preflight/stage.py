"""Where the rollout stands before a live day: a go of all other checks still enters nothing in PAPER."""

from collections.abc import Sequence
from typing import Final

import config
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.ledger.run_terms import hosts_of
from engine.ledger.stage_record import StageRecord
from engine.preflight.report import Check, CheckState, Group
from engine.rollout.live_stages import LiveStages, refusal_words
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import Stage
from engine.world.directories import Home, World

_NAME: Final = "stage"


def check_stage(home: Home, upstox: config.UpstoxSettings, *, live: bool) -> Sequence[Check]:
    """Read the stage of the account as the record tells it; PAPER warns, for nothing is entered live in it."""
    if not live:
        return []
    directory = home.world(World.ACCOUNT)
    hosts = hosts_of((upstox.api_url, upstox.order_url, upstox.assets_url))
    try:
        if directory.ledger.exists():
            with LedgerReader(directory.ledger) as ledger:
                return [_check(StageRecord(ledger, directory, hosts))]
        return [_check(StageRecord(None, directory, hosts))]
    except LedgerError as error:
        reason = f"expected the record of the stages, got: {error}"
        return [Check(Group.CONFIGURATION, _NAME, CheckState.WARN, Stage.PAPER.value, reason)]


def _check(record: StageRecord) -> Check:
    setups, manual = (record.standing(record.place, track) for track in RolloutTrack)
    stages = LiveStages(record.place, setups, manual)
    values: dict[str, object] = {"setups": setups.stage.value, "manual": manual.stage.value}
    shut = next((one for one in (setups, manual) if one.stage is Stage.PAPER), None)
    if shut is None:
        return Check(Group.CONFIGURATION, _NAME, CheckState.GO, stages.name, "", values)
    whose = "" if setups.stage is manual.stage else "setups: " if shut is setups else "your own orders: "
    reason = whose + refusal_words(shut, record.place)
    return Check(Group.CONFIGURATION, _NAME, CheckState.WARN, stages.name, reason, values)
