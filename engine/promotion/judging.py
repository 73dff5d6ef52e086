"""Where an account stands and what the next stage still asks for: record, evidence and criteria together."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from engine.contract.rollout_views import (
    Criterion,
    CriterionState,
    RolloutGate,
    RolloutReport,
    RolloutTrack,
    StageRow,
)
from engine.ledger.kill_drills import DrillStanding, drill_standing, kill_drills
from engine.ledger.reader import LedgerReader
from engine.ledger.stage_record import StageRecord
from engine.market.clock import Instant
from engine.performance.evidence import Basis
from engine.promotion.criteria import manual_gate, paper_to_small, small_to_full
from engine.promotion.evidence import (
    ONE_LOT,
    GateEvidence,
    evidence_of,
    paper_slippage,
    slippage_in_r,
)
from engine.promotion.rules import CriteriaSettings
from engine.rollout.stage_chain import StageChange, StageEvent, TrackStage
from engine.rollout.stages import Stage
from engine.system.version import VERSION

_ABOVE: Final = {Stage.PAPER: Stage.SMALL, Stage.SMALL: Stage.FULL}
_ANOTHER: Final = (
    "FULL trades several lots, where the first target takes a part: "
    "another strategy than the one lot proven here"
)


@dataclass(frozen=True, slots=True)
class Bases:
    """What a home's settings of now would trade under: only evidence made under the same counts."""

    paper: Basis
    live: Basis


class JudgingSections(Protocol):
    """What a gate is judged by."""

    @property
    def rollout(self) -> CriteriaSettings:
        """How strict the criteria are."""
        ...


def judge(
    ledger: LedgerReader | None,
    record: StageRecord,
    bases: Bases,
    settings: JudgingSections,
    now: Instant,
    *,
    by_records: bool = False,
) -> RolloutReport:
    """Return where an account stands at its broker's addresses; raises LedgerError for a ledger that does not read.

    ``now`` is the wall's clock, for the kill drill's age and the report's own time; ``by_records`` reads the evidence
    off the records themselves instead of the tables made of them.
    """
    standing = record.standing(record.place)
    tracks = {track: record.track(track) for track in RolloutTrack}
    links = record.links()
    drill = drill_standing(() if ledger is None else kill_drills(ledger), now, VERSION)
    gates = []
    for track, at in tracks.items():
        earned = Stage.PAPER if at.rehearsal else at.stage
        if (target := _ABOVE.get(earned)) is not None:
            gates.append(
                _gate(
                    ledger,
                    record.hosts,
                    bases,
                    settings.rollout,
                    track,
                    earned,
                    target,
                    links,
                    drill,
                    by_records=by_records,
                )
            )
    return RolloutReport(
        stage=tracks[RolloutTrack.SETUPS].name,
        manual_stage=tracks[RolloutTrack.MANUAL].name,
        addresses=record.hosts,
        gates=tuple(gates),
        rows=tuple(_row(link) for link in links if link.change is not StageChange.BEGUN or link.number > 1),
        problem=standing.doubt,
        time=now,
    )


def _gate(
    ledger: LedgerReader | None,
    hosts: str,
    bases: Bases,
    rules: CriteriaSettings,
    track: RolloutTrack,
    origin: Stage,
    target: Stage,
    links: tuple[StageEvent, ...],
    drill: DrillStanding,
    *,
    by_records: bool,
) -> RolloutGate:
    manual = track is RolloutTrack.MANUAL
    basis = bases.paper if origin is Stage.PAPER else bases.live
    if ledger is None:
        nothing = Criterion(
            "the record",
            "a ledger of paper sessions",
            "none",
            CriterionState.NOT_RECORDED,
            "paper sessions",
            None,
        )
        return RolloutGate(track, origin.value, target.value, (nothing,))
    after = _counts_after(links, track, origin)
    found = evidence_of(ledger, basis, hosts, after, manual=manual, by_records=by_records)
    apart = found.apart
    if manual:
        lines = manual_gate(found, drill, rules)
    elif origin is Stage.PAPER:
        lines = paper_to_small(found, drill, rules)
    else:
        lines = small_to_full(found, drill, paper_slippage(ledger, hosts), slippage_in_r(found.trades), rules)
        apart = (*apart, _ANOTHER) if ONE_LOT in found.basis else apart
    return RolloutGate(
        track, origin.value, target.value, tuple(lines), found.basis, apart, _digest(found, lines, hosts)
    )


def _counts_after(links: tuple[StageEvent, ...], track: RolloutTrack, origin: Stage) -> str:
    """Return the run behind which evidence counts: a breach begins it anew, and SMALL begins its own.

    A new chain begins it anew, too: or a record that was lost would lose its breaches with it.
    """
    for link in reversed(links):
        if link.anew:
            return link.after
        rose = link.change is StageChange.PROMOTED and link.track is track and link.target is origin
        if rose and origin is not Stage.PAPER:
            return link.after
    return ""


def _digest(found: GateEvidence, lines: list[Criterion], hosts: str) -> str:
    """Return what a promotion keeps of its evidence: every trade with its result, the sessions and every line."""
    shown = (
        hosts,
        found.basis,
        [(trade.id, trade.exit_time, trade.net) for trade in found.trades],
        [day.isoformat() for day in found.sessions],
        [(one.name, one.asks, one.evidence, one.state.value) for one in lines],
    )
    return sha256(msgspec.json.encode(shown)).hexdigest()


def _row(link: StageEvent) -> StageRow:
    rehearsal = link.change is StageChange.REHEARSED and link.target is not Stage.PAPER
    return StageRow(
        link.time,
        link.track,
        link.change.value,
        link.origin.value,
        TrackStage(link.target, rehearsal).name,
        link.by,
        link.reason,
        both=link.change is not StageChange.PROMOTED,
    )
