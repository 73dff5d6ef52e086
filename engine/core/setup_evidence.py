"""What a setup's trades had shown when it spoke: fixed at that moment, whatever comes later."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

import config
from engine.core.decision import Decision
from engine.orders.trade import MANUAL
from engine.performance.evidence import Basis, EvidenceTerms, Source
from engine.performance.records import SetupRecord, setup_record
from engine.performance.slippage import ClassSlippage
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode

SIMULATED_PROVES_NOTHING: Final = "a simulated market is evidence for nothing"


class EarlierEvidence(msgspec.Struct, frozen=True):
    """What earlier days proved as a run began, and what the run's own trades are made under."""

    terms: EvidenceTerms
    records: tuple[SetupRecord, ...] = ()
    slippage: tuple[ClassSlippage, ...] = ()
    """What fired stops slipped by, of each class with enough of them."""


class SetupEvidence:
    """Adds the run's own finished trades to what earlier days left; other settings and modes are other evidence."""

    def __init__(self, closed: Sequence[ClosedTrade], past: EarlierEvidence | None) -> None:
        records = () if past is None else past.records
        self._closed = closed
        self._past = {(record.setup, record.version, record.mode): record for record in records}
        self._terms = None if past is None else past.terms

    def now(self, setup: str, version: int, mode: EntryMode) -> SetupRecord:
        """Return the record of a setup's rule in one mode as it stands now."""
        if self._terms is not None and self._terms.market is Source.SIMULATED:
            return setup_record((), setup, version, mode, SIMULATED_PROVES_NOTHING)
        basis = "" if self._terms is None else Basis(self._terms, mode).describe_terms()
        empty = SetupRecord(setup, version, mode=mode, basis=basis)
        return self._past.get((setup, version, mode), empty).adding(self._closed)

    def told(self, decision: Decision, modes: Mapping[str, config.Mode]) -> Decision:
        """Return a new decision with the record of its setup as it stands now."""
        mode = entry_mode(decision.setup, modes)
        return msgspec.structs.replace(decision, record=self.now(decision.setup, decision.version, mode))


def entry_mode(setup: str, modes: Mapping[str, config.Mode]) -> EntryMode:
    """Return how trades of a setup come about; one that is off is told as if it traded by itself."""
    if setup == MANUAL:
        return EntryMode.MANUAL
    return EntryMode.ASK if modes.get(setup) == "ask" else EntryMode.AUTO
