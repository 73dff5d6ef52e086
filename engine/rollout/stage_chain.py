"""The chain of an account's stages: each change holds the digest of the one before, so that none can be slipped in.

A chain is believed only whole: numbered without a hole, each link on the one before, no time going back, and only steps
that a promotion, a breach, a person or a rehearsal may take. Who recomputes it is found by its head, which is kept
outside the ledger.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.rollout.stages import BrokerPlace, Stage, StageStanding
from engine.system.errors import CockpitError, ErrorKind


class RolloutTrack(StrEnum):
    """Whose entries a stage is of: those of setups, or the trader's own."""

    SETUPS = "setups"
    MANUAL = "manual"


def track_of(*, by_person: bool) -> RolloutTrack:
    """Return whose entry one is."""
    return RolloutTrack.MANUAL if by_person else RolloutTrack.SETUPS


class StageChange(StrEnum):
    """What a link of the chain tells."""

    BEGUN = "begun"
    """A new chain at PAPER, in the place of one that was not believed, or the first."""
    PROMOTED = "promoted"
    DEMOTED = "demoted"
    REHEARSED = "rehearsed"
    """A person tries a stage on this machine; it proves nothing."""


class StageEvent(msgspec.Struct, frozen=True):
    """One link. Times by the wall's clock."""

    chain: str
    """Name of the chain: one that was kept aside has another."""
    number: int
    """From 1."""
    place: BrokerPlace
    hosts: str
    """The broker's addresses it counts at."""
    track: RolloutTrack
    change: StageChange
    origin: Stage
    target: Stage
    time: Instant
    reason: str
    by: str
    evidence: str
    """Digest of the evidence a promotion stood on; empty without."""
    after: str
    """Newest run of the ledger at that moment; empty before the first."""
    anew: bool
    """Whether only what is recorded after that run counts for the next promotion."""
    version: str
    """The program that wrote it."""
    previous: str
    """Digest of the link before; empty at the first."""

    @property
    def digest(self) -> str:
        """The link's own digest."""
        return sha256(msgspec.json.encode(self)).hexdigest()


class ChainHead(msgspec.Struct, frozen=True):
    """How far a chain has come, as it is kept a second time outside the ledger."""

    chain: str
    length: int
    digest: str
    """Of the newest link."""
    coming: str = ""
    """Digest of a link that was about to be written; empty where none is."""
    coming_track: RolloutTrack = RolloutTrack.SETUPS
    coming_stage: Stage = Stage.FULL
    """The stage it leads to: until it is written the lower of both counts."""

    def agrees(self, links: Sequence[StageEvent]) -> bool:
        """Say whether a chain ends where the head says, or with the link that was on its way."""
        if self.length == 0 and not links:
            return True
        if not links or links[-1].chain != self.chain:
            return False
        ends = (len(links), links[-1].digest)
        return ends == (self.length, self.digest) or ends == (self.length + 1, self.coming)


class TrackStage(msgspec.Struct, frozen=True):
    """Where one track stands."""

    stage: Stage = Stage.PAPER
    rehearsal: bool = False

    @property
    def name(self) -> str:
        """The stage as it is shown everywhere."""
        return f"{self.stage.value} (REHEARSAL)" if self.rehearsal else self.stage.value


class StageDoubtError(CockpitError, ValueError):
    """A chain that is not believed; the message says what was seen."""

    kind = ErrorKind.DAMAGED


_FIRST: Final = ""


def stages_of(links: Sequence[StageEvent]) -> dict[RolloutTrack, TrackStage]:
    """Return where each track stands at the end of a chain; raises StageDoubtError for one that cannot be."""
    stands = dict.fromkeys(RolloutTrack, TrackStage())
    before: StageEvent | None = None
    for number, link in enumerate(links, 1):
        if link.number != number:
            raise StageDoubtError(f"expected record {number} of the stages, got record {link.number}")
        if link.previous != (_FIRST if before is None else before.digest):
            raise StageDoubtError(f"record {number} of the stages does not follow the one before it")
        if before is not None:
            if (link.chain, link.place) != (before.chain, before.place):
                raise StageDoubtError(f"record {number} of the stages belongs to another chain")
            if link.time < before.time:
                raise StageDoubtError(f"record {number} of the stages is older than the one before it")
        if stands[link.track].stage is not link.origin:
            raise StageDoubtError(
                f"record {number} of the stages begins at {link.origin.value}, which nothing led to"
            )
        stands.update(_step(link, stands))
        before = link
    return stands


def _step(link: StageEvent, stands: Mapping[RolloutTrack, TrackStage]) -> dict[RolloutTrack, TrackStage]:
    """Return what a link changes; raises StageDoubtError where no such step may be taken.

    A fall is one link for both tracks: in two, a disk that fails between them would leave one standing.
    """
    now = stands[link.track]
    up = link.target.rank - link.origin.rank
    if link.change is StageChange.BEGUN:
        legal = link.number == 1 and link.target is Stage.PAPER
        changed = dict.fromkeys(RolloutTrack, TrackStage())
    elif link.change is StageChange.PROMOTED:
        legal = up == 1 and not now.rehearsal and bool(link.evidence)
        changed = {link.track: TrackStage(link.target)}
    elif link.change is StageChange.DEMOTED:
        legal = up < 0
        changed = {track: _lowered(at, link.target) for track, at in stands.items()}
    else:
        legal = link.place is BrokerPlace.LOOPBACK
        rehearsed = TrackStage(link.target, rehearsal=link.target is not Stage.PAPER)
        changed = dict.fromkeys(RolloutTrack, rehearsed)
    if not legal or (link.number == 1) is not (link.change is StageChange.BEGUN):
        raise StageDoubtError(
            f"record {link.number} of the stages says {link.change.value} from {link.origin.value} to "
            f"{link.target.value}, which no rule allows"
        )
    return changed


def _lowered(at: TrackStage, to: Stage) -> TrackStage:
    if at.stage.rank <= to.rank:
        return at
    return TrackStage(to, at.rehearsal and to is not Stage.PAPER)


def standing_of(
    links: Sequence[StageEvent], heads: Sequence[ChainHead], hosts: str, track: RolloutTrack
) -> StageStanding:
    """Return where a track stands by a chain that its heads agree with; raises StageDoubtError.

    Where a fall was on its way as the writing was cut off, it counts, for both tracks.
    """
    if not all(head.agrees(links) for head in heads):
        raise StageDoubtError(
            "the ledger's record of the stages is not the one that was written last: it was put back, edited or lost"
        )
    stands = stages_of(links)
    now = stands[track]
    if not links:
        return StageStanding()
    if links[-1].hosts != hosts:
        raise StageDoubtError(
            f"the stage was reached at {links[-1].hosts}, and the broker's addresses are {hosts}"
        )
    falls = (
        head.coming_stage
        for head in heads
        if head.coming and head.coming_stage.rank < stands[head.coming_track].stage.rank
    )
    lowest = min((now.stage, *falls), key=lambda stage: stage.rank)
    return StageStanding(lowest, rehearsal=now.rehearsal and lowest is not Stage.PAPER)
