"""Where an account's live entries stand when no engine tells: by the record of the stages."""

import config
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.ledger.run_terms import hosts_of
from engine.ledger.stage_record import StageRecord
from engine.rollout.live_stages import LiveStages
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import Stage
from engine.world.directories import WorldDirectory


def stage_of(directory: WorldDirectory, upstox: config.UpstoxSettings) -> str:
    """Return the stage as it is shown everywhere; what does not read is PAPER."""
    try:
        hosts = hosts_of((upstox.api_url, upstox.order_url, upstox.assets_url))
        with LedgerReader(directory.ledger) as ledger:
            record = StageRecord(ledger, directory, hosts)
            setups, manual = (record.standing(record.place, track) for track in RolloutTrack)
            return LiveStages(record.place, setups, manual).name
    except (LedgerError, ValueError):
        return Stage.PAPER.value
