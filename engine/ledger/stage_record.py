"""The durable record of an account's stages: read whole each time, believed only where its heads agree with it."""

from enum import StrEnum
from typing import Final
from uuid import uuid4

import msgspec

from config import is_loopback
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.ledger.stage_heads import HeadError, HeadFiles
from engine.ledger.stage_table import SINCE
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.performance.evidence import LOOPBACK
from engine.rollout.stage_chain import (
    ChainHead,
    RolloutTrack,
    StageChange,
    StageDoubtError,
    StageEvent,
    TrackStage,
    stages_of,
    standing_of,
)
from engine.rollout.stages import BrokerPlace, Stage, StageStanding
from engine.system.errors import CockpitError, ErrorKind
from engine.system.version import VERSION
from engine.world.directories import WorldDirectory

WAY_BACK: Final = "`cockpit rollout demote` begins a new record at PAPER and keeps this one aside"

_OF_CHAIN: Final = "SELECT digest, payload FROM stages WHERE place = ? AND chain = ? ORDER BY number"
_NEWEST: Final = "SELECT chain FROM stages WHERE place = ? ORDER BY rowid DESC LIMIT 1"
_NEWEST_RUN: Final = "SELECT run FROM runs ORDER BY rowid DESC LIMIT 1"


class StageRefusedError(CockpitError, ValueError):
    """A change of the stage that is refused; the message says why, and what to do."""

    kind = ErrorKind.REFUSED


class StageRecord:
    """Owns the chain of one account at one broker's addresses. ``ledger`` None is an account without a ledger.

    Only the holder of the ledger's writer may change it. What cannot be read is PAPER with its doubt, never an error.
    """

    def __init__(self, ledger: LedgerReader | None, directory: WorldDirectory, hosts: str) -> None:
        self._ledger = ledger
        self.hosts = hosts
        self.place = BrokerPlace.LOOPBACK if hosts == LOOPBACK else BrokerPlace.REAL
        self.mixed = _mixed(hosts) if self.place is BrokerPlace.REAL else ""
        """Why no stage counts at these addresses at all, with what to do; empty where one can."""
        self._heads = HeadFiles(directory, self.place)

    def standing(self, place: BrokerPlace, track: RolloutTrack = RolloutTrack.SETUPS) -> StageStanding:
        """Return where the account stands as the record reads now; what does not read is PAPER with its doubt."""
        if place is not self.place:
            return StageStanding(doubt=f"this run's broker is {self.hosts}, no {place.value} one")
        if self.mixed:
            return StageStanding(doubt=self.mixed)
        # One that is read just as it is written may seem to differ from its heads: what is wrong is so twice.
        first = self._standing(track)
        return self._standing(track) if first.doubt else first

    def _standing(self, track: RolloutTrack) -> StageStanding:
        try:
            links, heads = self._read()
            return standing_of(links, heads, self.hosts, track)
        except (StageDoubtError, HeadError, LedgerError, OSError) as error:
            return StageStanding(doubt=f"{error}; nothing is entered live. {WAY_BACK}")

    def heads_seen(self) -> tuple[object, ...]:
        """Return what changes whenever a head is written, cheap to ask for."""
        return self._heads.seen()

    def track(self, track: RolloutTrack) -> TrackStage:
        """Return the same as it is named everywhere."""
        standing = self.standing(self.place, track)
        return TrackStage(standing.stage, standing.rehearsal)

    def links(self) -> tuple[StageEvent, ...]:
        """Return the chain as far as it is believed, oldest first; none where it is not."""
        if self.standing(self.place).doubt:
            return ()
        return self._read()[0]

    def demoted(
        self, place: BrokerPlace, to: Stage, breach: StrEnum, reason: str, at: Instant
    ) -> StageStanding:
        """Write down that a breach lowered the stage, never raising it; return where the account stands then."""
        return self.demote(place, to, f"{breach.value}: {reason}", "the engine", at, anew=True)

    def demote(
        self, place: BrokerPlace, to: Stage, reason: str, by: str, at: Instant, *, anew: bool
    ) -> StageStanding:
        """Lower both tracks to a stage where they stand above it; ``anew``: only later evidence raises them again.

        A disk that takes nothing holds no demotion up: what could not be written is not believed, so it is PAPER.
        """
        try:
            self._lower(to, reason, by, at, anew=anew)
        except (StageDoubtError, HeadError, LedgerError, OSError) as error:
            return StageStanding(
                doubt=f"the demotion to {to.value} could not be written: {error}; {WAY_BACK}"
            )
        return self.standing(place)

    def promote(
        self, track: RolloutTrack, target: Stage, evidence: str, by: str, reason: str, at: Instant
    ) -> TrackStage:
        """Raise a track by one stage; raises StageRefusedError, LedgerError or OSError."""
        if self.mixed:
            raise StageRefusedError(self.mixed)
        links = self._settled(at)
        now = stages_of(links)[track]
        if now.rehearsal:
            raise StageRefusedError(
                "a rehearsal is no stage to be promoted from: `cockpit rollout rehearse PAPER` ends it"
            )
        if target.rank != now.stage.rank + 1 or not evidence:
            raise StageRefusedError(f"expected the stage above {now.stage.value}, got {target.value}")
        if links and at < links[-1].time:
            raise StageRefusedError(
                "the clock stands before the last change of the stage: set it right and ask again; where that change "
                "was written by a wrong clock, `cockpit rollout demote` at PAPER begins a new record"
            )
        self._append(links, StageChange.PROMOTED, track, now.stage, target, reason, by, at, evidence=evidence)
        return self.track(track)

    def rehearse(self, target: Stage, by: str, at: Instant) -> TrackStage:
        """Try a stage on this machine; raises StageRefusedError, LedgerError or OSError."""
        if self.place is not BrokerPlace.LOOPBACK:
            raise StageRefusedError(
                f"expected every broker address on this machine to rehearse a stage, got {self.hosts}: with real "
                "money a stage is earned"
            )
        links = self._settled(at)
        origin = stages_of(links)[RolloutTrack.SETUPS].stage
        self._append(
            links,
            StageChange.REHEARSED,
            RolloutTrack.SETUPS,
            origin,
            target,
            "rehearsed on this machine",
            by,
            at,
        )
        return self.track(RolloutTrack.SETUPS)

    def begin_anew(self, reason: str, by: str, at: Instant) -> None:
        """Begin a new chain at PAPER and keep the old one aside; raises LedgerError or OSError."""
        self._append(
            (), StageChange.BEGUN, RolloutTrack.SETUPS, Stage.PAPER, Stage.PAPER, reason, by, at, anew=True
        )

    def _lower(self, to: Stage, reason: str, by: str, at: Instant, *, anew: bool) -> None:
        """Write one link that lowers both tracks, named by the one that stands highest."""
        links, _ = self._read()
        stands = stages_of(links)
        track = max(RolloutTrack, key=lambda one: stands[one].stage.rank)
        now = stands[track].stage
        if to.rank < now.rank:
            self._append(links, StageChange.DEMOTED, track, now, to, reason, by, at, anew=anew)

    def _settled(self, at: Instant) -> tuple[StageEvent, ...]:
        """Return the believed chain, a demotion that was cut off written now; raises StageRefusedError."""
        try:
            links, heads = self._read()
            for head in heads:
                track = head.coming_track
                to = standing_of(links, heads, self.hosts, track).stage
                if to.rank < stages_of(links)[track].stage.rank:
                    self._lower(to, "a demotion that was cut off", "the record", at, anew=True)
                    links, _ = self._read()
            standing_of(links, self._read()[1], self.hosts, RolloutTrack.SETUPS)
        except (StageDoubtError, HeadError) as error:
            raise StageRefusedError(f"{error}; {WAY_BACK}") from error
        return links

    def _append(
        self,
        links: tuple[StageEvent, ...],
        change: StageChange,
        track: RolloutTrack,
        origin: Stage,
        target: Stage,
        reason: str,
        by: str,
        at: Instant,
        *,
        evidence: str = "",
        anew: bool = False,
    ) -> None:
        """Write one link: heads say first what comes, then it is in the ledger, then they say that it is."""
        ledger = self._ledger
        if not isinstance(ledger, Ledger):
            raise LedgerError("expected the ledger's writer for a change of the stage, got a reader")
        if not links and change is not StageChange.BEGUN:
            self._append((), StageChange.BEGUN, track, Stage.PAPER, Stage.PAPER, "the first", by, at)
            links, _ = self._read()
        before = links[-1] if links else None
        link = StageEvent(
            chain=uuid4().hex if before is None else before.chain,
            number=len(links) + 1,
            place=self.place,
            hosts=self.hosts,
            track=track,
            change=change,
            origin=origin,
            target=target,
            time=at if before is None else max(at, before.time),
            reason=reason,
            by=by,
            evidence=evidence,
            after=next((str(run) for (run,) in ledger.rows(_NEWEST_RUN)), ""),
            anew=anew,
            version=VERSION,
            previous="" if before is None else before.digest,
        )
        stages_of((*links, link))
        came = "" if before is None else before.digest
        coming = ChainHead(link.chain, len(links), came, link.digest, track, target)
        try:
            self._heads.write(coming)
        except OSError:
            # A chain that its heads do not know is PAPER: a stage that falls needs no more.
            if target.rank >= origin.rank:
                raise
        ledger.keep_stage(link)
        self._heads.write(ChainHead(link.chain, link.number, link.digest))

    def _read(self) -> tuple[tuple[StageEvent, ...], tuple[ChainHead, ...]]:
        """Return the chain that the heads name, and the heads; raises StageDoubtError, HeadError or LedgerError."""
        found = self._heads.read()
        heads = tuple(head for head in found if head is not None)
        newest = self._newest_chain()
        if not heads and not newest:
            return (), ()
        for path, head in zip(self._heads.paths, found, strict=True):
            if head is None:
                raise StageDoubtError(
                    f"{path}: expected the head of the record of the stages, found none: the home was copied or "
                    "moved, or the file was lost"
                )
        chain = heads[0].chain
        if any(head.chain != chain for head in heads):
            raise StageDoubtError("the heads of the record of the stages name different records")
        if newest not in ("", chain) and any(head.length for head in heads):
            raise StageDoubtError("the ledger holds a newer record of the stages than its heads tell of")
        return self._links(chain), heads

    def _newest_chain(self) -> str:
        ledger = self._ledger
        if ledger is None or ledger.version < SINCE:
            return ""
        return next((str(chain) for (chain,) in ledger.rows(_NEWEST, (self.place.value,))), "")

    def _links(self, chain: str) -> tuple[StageEvent, ...]:
        ledger = self._ledger
        if ledger is None or ledger.version < SINCE:
            return ()
        links = []
        for digest, payload in ledger.rows(_OF_CHAIN, (self.place.value, chain)):
            try:
                link = msgspec.json.decode(payload, type=StageEvent)
            except msgspec.DecodeError as error:
                raise StageDoubtError(f"a record of the stages does not read: {error}") from error
            if link.digest != digest:
                raise StageDoubtError(f"record {link.number} of the stages was edited")
            links.append(link)
        return tuple(links)


def _mixed(hosts: str) -> str:
    """Return why addresses here and elsewhere have no stage; empty where all of them are the broker's own."""
    here = [host for host in hosts.split() if is_loopback(host)]
    if not here:
        return ""
    return (
        f"some of the broker's addresses are on this machine ({', '.join(here)}) and others are not: what one shows "
        "proves nothing of the other, so nothing is entered live. Set upstox.api_url, upstox.order_url and "
        "upstox.assets_url all to the broker's own, or all to this machine's (`cockpit config` shows them)"
    )
