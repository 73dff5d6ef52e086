"""Where live entries stand as the engine was told last: the stage of each track, and what it caps."""

from collections.abc import Collection
from typing import Final

import msgspec

from engine.market.price import Paise
from engine.rollout.stage_chain import RolloutTrack, TrackStage
from engine.rollout.stages import BrokerPlace, Stage, StageCaps, StageStanding

NO_ENTRIES: Final = StageCaps(Stage.PAPER, entries=False)


class EntryStage(msgspec.Struct, frozen=True):
    """What one live entry is judged by."""

    standing: StageStanding
    place: BrokerPlace
    caps: StageCaps
    entered: frozenset[str] = frozenset()
    """Instruments in which something was entered today, by key."""

    @property
    def refusal(self) -> str:
        """Why nothing may be entered at all, with the way out; empty where it may."""
        if self.caps.entries and self.standing.stage is not Stage.PAPER:
            return ""
        return refusal_words(self.standing, self.place)


class LiveStages(msgspec.Struct, frozen=True, tag="stages"):
    """The stages of an account, as its record was read last. Nothing told is PAPER."""

    place: BrokerPlace = BrokerPlace.REAL
    setups: StageStanding = StageStanding()
    manual: StageStanding = StageStanding()
    """Of the trader's own orders."""
    small: StageCaps = NO_ENTRIES
    """What SMALL caps on this account."""
    entered: tuple[str, ...] = ()
    """Instruments in which earlier runs of the day have entered, by key."""
    begins: bool = False
    """Whether a run begins, or goes on after a death, by it: within a run no stage rises."""

    def standing(self, track: RolloutTrack) -> StageStanding:
        """Return where a track stands."""
        return self.manual if track is RolloutTrack.MANUAL else self.setups

    def stage_of(self, track: RolloutTrack, entered: Collection[str] = ()) -> EntryStage:
        """Return what an entry of a track is judged by; ``entered`` are instruments entered in this run."""
        standing = self.standing(track)
        full = StageCaps(Stage.FULL, entries=True)
        caps = {Stage.PAPER: NO_ENTRIES, Stage.SMALL: self.small, Stage.FULL: full}[standing.stage]
        return EntryStage(standing, self.place, caps, frozenset((*self.entered, *entered)))

    @property
    def highest(self) -> Stage:
        """The higher stage of both tracks."""
        return max(self.setups.stage, self.manual.stage, key=lambda stage: stage.rank)

    def lowered(self, to: Stage) -> "LiveStages":
        """Return the same with no track above a stage."""
        return msgspec.structs.replace(
            self, setups=lowered_standing(self.setups, to), manual=lowered_standing(self.manual, to)
        )

    def followed_by(self, told: "LiveStages") -> "LiveStages":
        """Return what holds once something newer is told within a run: the lower of both, caps as they were."""
        return msgspec.structs.replace(
            self,
            setups=lowered_standing(told.setups, self.setups.stage),
            manual=lowered_standing(told.manual, self.manual.stage),
        )

    def lower_than(self, before: "LiveStages") -> bool:
        """Say whether a track stands lower than it did."""
        return any(
            self.standing(track).stage.rank < before.standing(track).stage.rank for track in RolloutTrack
        )

    @property
    def name(self) -> str:
        """The stage as it is shown everywhere: that of the trader's own orders beside it where it differs."""
        setups, manual = _name(self.setups), _name(self.manual)
        return setups if setups == manual else f"{setups}, own orders {manual}"


def refusal_words(standing: StageStanding, place: BrokerPlace) -> str:
    """Return why nothing is entered live in PAPER, and the way out."""
    if standing.doubt:
        return f"the record of the stages is not believed: {standing.doubt}"
    words = "the rollout stands at PAPER, nothing is entered live: `cockpit rollout` says what is missing"
    if place is BrokerPlace.LOOPBACK:
        words += (
            "; with a broker on this machine `cockpit rollout rehearse SMALL` or `rehearse FULL` tries it"
        )
    return words


def caps_room(caps: StageCaps, account: Paise) -> Paise:
    """Return the account that an entry is sized by: the day's own, never more than the stage's, paise."""
    return account if caps.account is None else min(account, caps.account)


def lowered_standing(standing: StageStanding, to: Stage) -> StageStanding:
    """Return a standing that is not above a stage."""
    if standing.stage.rank <= to.rank:
        return standing
    return StageStanding(to, rehearsal=standing.rehearsal and to is not Stage.PAPER)


def _name(standing: StageStanding) -> str:
    return TrackStage(standing.stage, standing.rehearsal).name
