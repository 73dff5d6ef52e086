"""The commands of the rollout: where an account stands, and what a person raises, lowers or rehearses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from engine.contract.rollout_views import RolloutGate, RolloutReport, RolloutTrack
from engine.host.liveness import EngineLock, EngineState, engine_state
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.ledger.run_terms import hosts_of, mode_of
from engine.ledger.stage_record import StageRecord, StageRefusedError
from engine.ledger.store import Ledger
from engine.market.clock import isoformat
from engine.operations.errors import DeskError
from engine.operations.rearm import why_not_flat
from engine.performance.evidence import Basis
from engine.promotion.judging import Bases, judge
from engine.rollout.stages import Stage
from engine.runtime.evidence import terms_for
from engine.runtime.plan import RunMode
from engine.system.errors import ErrorKind
from engine.world.directories import World
from engine.world.latch_file import read_latch, wall_clock

if TYPE_CHECKING:
    from engine.operations.desk import Desk

PROMOTE: Final = "PROMOTE"
DEMOTE: Final = "DEMOTE"
REHEARSE: Final = "REHEARSE"
"""What a person types for each."""

_BY: Final = "a person, by cockpit rollout"
_MOST_OFF: Final = 5.0
"""Seconds between this machine's clock and the broker's beyond which nothing is promoted."""
_MEANWHILE: Final = (
    "`cockpit rollout` says where the stage stands; p on an engine's screen pauses its entries meanwhile"
)
_STOP_FIRST: Final = (
    "stop the engine first (S on its screen, once it is flat): a stage counts from the next start"
)


class RolloutDesk:
    """The rollout of a home's account at the broker's addresses of its settings. Each method raises DeskError."""

    def __init__(self, desk: "Desk", offset: "Callable[[Desk], float | None] | None" = None) -> None:
        """Take the desk; ``offset`` asks the broker's clock: ours minus its own in seconds, None where it is silent."""
        self._desk = desk
        self._directory = desk.home.world(World.ACCOUNT)
        upstox = desk.settings.upstox
        self.hosts = hosts_of((upstox.api_url, upstox.order_url, upstox.assets_url))
        self._offset = offset or _broker_offset

    def report(self) -> RolloutReport:
        """Return where the account stands, each criterion with its evidence."""
        try:
            if not self._directory.ledger.exists():
                return self._judged(None)
            with LedgerReader(self._directory.ledger) as ledger:
                return self._judged(ledger)
        except LedgerError as error:
            raise DeskError(str(error), error.kind) from error

    def why_not(self, track: RolloutTrack) -> list[str]:
        """Return every reason that stands against a promotion now, in words; none where it may be asked for."""
        report = self.report()
        if report.problem:
            return [report.problem]
        gate = gate_of(report, track)
        if gate is None:
            return [f"{_shown(report, track)} is the last stage"]
        found = [
            f"{one.name}: {one.evidence}; expected {one.asks}; missing: {one.missing}" for one in gate.unmet
        ]
        stage = _shown(report, track)
        if "REHEARSAL" in stage:
            found.append(f"{stage} proves nothing: `cockpit rollout rehearse PAPER` ends it")
        if engine_state(self._directory) is not EngineState.NONE:
            return [*found, _STOP_FIRST]
        latch = read_latch(self._directory.latch)
        if latch is not None:
            found.append(
                f"the kill latch is set ({latch.reason or latch.by}): cockpit rearm, once it is flat"
            )
        if open_book := why_not_flat(self._directory, self._desk.settings):
            found.append(open_book)
        if found:
            return found
        clock = self._clock()
        return [clock] if clock else []

    def promote(self, track: RolloutTrack) -> str:
        """Raise a track by one stage; everything is judged anew. Raises DeskError naming what is not met."""
        against = self.why_not(track)
        if against:
            raise DeskError("\n".join(("not promoted:", *against)), ErrorKind.REFUSED)
        with self._writing() as (record, ledger):
            shown = gate_of(self._judged(ledger, record), track)
            gate = gate_of(self._judged(ledger, record, by_records=True), track)
            if gate is None or shown is None or not gate.met:
                raise DeskError(
                    "not promoted: the records themselves do not show it; ask again", ErrorKind.REFUSED
                )
            if gate.digest != shown.digest:
                raise DeskError(
                    "not promoted: the ledger's tables of evidence differ from its records: they were edited",
                    ErrorKind.DAMAGED,
                )
            now = record.promote(
                track,
                Stage(gate.target),
                gate.digest,
                _BY,
                f"every line of {gate.origin} to {gate.target} is met on {gate.basis}",
                wall_clock(),
            )
        return f"{track.value}: {gate.origin} to {now.name}; it counts from the next start"

    def demote(self, to: str | None) -> str:
        """Lower both tracks, by one stage where none is named; a record in doubt is kept aside for a new one."""
        with self._writing(lowering=True) as (record, _):
            standing = record.standing(record.place)
            if record.mixed:
                raise StageRefusedError(record.mixed)
            if standing.doubt:
                record.begin_anew(f"begun anew by a person: {standing.doubt}", _BY, wall_clock())
                return "a new record of the stages is begun at PAPER; the old one is kept aside in the ledger"
            highest = max((record.track(track).stage for track in RolloutTrack), key=lambda stage: stage.rank)
            target = highest.below if to is None else Stage(to)
            links = record.links()
            if target.rank >= highest.rank and links and links[-1].time > wall_clock():
                # Written while the clock was ahead, it would refuse every promotion until then.
                record.begin_anew("the newest record lay in the future", _BY, wall_clock())
                return (
                    "the newest record lay in the future: a new one is begun at PAPER, the old is kept aside"
                )
            if target.rank >= highest.rank:
                return f"nothing stands above {target.value}"
            lowered = record.demote(record.place, target, "asked by a person", _BY, wall_clock(), anew=False)
            if lowered.doubt:
                raise DeskError(f"{lowered.doubt}; {_MEANWHILE}", ErrorKind.DAMAGED)
            return f"demoted to {record.track(RolloutTrack.SETUPS).name}"

    def rehearse(self, stage: str) -> str:
        """Try a stage against a broker on this machine."""
        with self._writing() as (record, _):
            return f"{record.rehearse(Stage(stage), _BY, wall_clock()).name} on this machine, from the next start"

    def _judged(
        self, ledger: LedgerReader | None, record: StageRecord | None = None, *, by_records: bool = False
    ) -> RolloutReport:
        settings = self._desk.settings
        paper, live = (terms_for(mode, settings) for mode in (RunMode.PAPER, RunMode.LIVE))
        bases = Bases(
            Basis(paper, mode_of(settings.setups, paper.market)),
            Basis(live, mode_of(settings.setups, live.market)),
        )
        known = record or StageRecord(ledger, self._directory, self.hosts)
        return judge(ledger, known, bases, settings, wall_clock(), by_records=by_records)

    def _clock(self) -> str:
        """Return why this machine's clock is not believed; empty while the broker's agrees with it."""
        offset = self._offset(self._desk)
        if offset is None:
            return (
                "the broker told no time, and a promotion goes by its clock: try again when it can be reached"
            )
        if abs(offset) > _MOST_OFF:
            return f"this machine's clock is {abs(offset):.1f} s off the broker's: set it right"
        return ""

    @contextmanager
    def _writing(self, *, lowering: bool = False) -> "Iterator[tuple[StageRecord, Ledger]]":
        """Hold the account's ledger while no engine does; raises DeskError.

        A stage is lowered beside a living engine, too, for nothing may hold that up: should the engine write at that
        moment, their records disagree, and that is PAPER.
        """
        alive = engine_state(self._directory) is not EngineState.NONE
        if alive and not lowering:
            raise DeskError(_STOP_FIRST, ErrorKind.REFUSED)
        self._desk.home.create()
        self._directory.create()
        lock = None if alive else EngineLock.acquire(self._directory)
        if lock is None and not lowering:
            raise DeskError("an engine is just starting; try again", ErrorKind.REFUSED)
        try:
            with Ledger.open(self._directory.ledger) as ledger:
                yield StageRecord(ledger, self._directory, self.hosts), ledger
        except StageRefusedError as error:
            raise DeskError(str(error), error.kind) from error
        except LedgerError as error:
            raise DeskError(f"{error}; {_MEANWHILE}", error.kind) from error
        except OSError as error:
            raise DeskError(
                f"{error.filename or 'the head of the stages'}: expected to be written, got: {error.strerror or error}",
                ErrorKind.DAMAGED,
            ) from error
        finally:
            if lock is not None:
                lock.release(clean=False)


def gate_of(report: RolloutReport, track: RolloutTrack) -> RolloutGate | None:
    """Return the next gate of a track; None beyond the last stage."""
    return next((gate for gate in report.gates if gate.track is track), None)


def report_values(report: RolloutReport) -> dict[str, object]:
    """Return a report as `cockpit rollout --json` prints it: ISO times, undefined null."""
    return {
        "stage": report.stage,
        "manual_stage": report.manual_stage,
        "addresses": report.addresses,
        "problem": report.problem or None,
        "gates": [
            {
                "track": gate.track.value,
                "from": gate.origin,
                "to": gate.target,
                "met": gate.met,
                "basis": gate.basis or None,
                "apart": list(gate.apart),
                "sessions_to_go": gate.sessions,
                "evidence": gate.digest or None,
                "criteria": [
                    {
                        "name": one.name,
                        "asks": one.asks,
                        "evidence": one.evidence,
                        "state": one.state.value,
                        "missing": one.missing or None,
                        "sessions_to_go": one.sessions,
                    }
                    for one in gate.criteria
                ],
            }
            for gate in report.gates
        ],
        "changes": [{**msgspec.to_builtins(row), "time": isoformat(row.time)} for row in report.rows],
    }


def _shown(report: RolloutReport, track: RolloutTrack) -> str:
    return report.manual_stage if track is RolloutTrack.MANUAL else report.stage


def _broker_offset(desk: "Desk") -> float | None:
    """Return our clock minus the broker's in seconds, by the date of an answer; None where it told none."""
    from engine.preflight.survey import Survey
    from engine.upstox.rest.address import AddressError
    from engine.upstox.rest.token import TokenStore
    from engine.upstox.rest.transport import NotSentError, UnansweredError

    settings = desk.settings
    store = TokenStore(desk.home.root, settings.upstox.access_token)
    survey = Survey(settings, desk.home, store, feed_in_use=True)
    try:
        return survey.rest().offset
    except (NotSentError, UnansweredError, AddressError):
        return None
    finally:
        survey.close()
