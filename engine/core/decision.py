"""One decision about a trade: a signal taken, refused or waiting, with everything a reader asks later."""

from typing import Final

import msgspec

from engine.contract.decision_state import DecisionState
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.performance.records import SetupRecord
from engine.risk.terms import SizedStop
from engine.setups.signal import Evidence, Refusal, Signal

ABOUT_DAY: Final = ("NOT_READY", "LATE_START")
"""Codes of refusals that a setup gives once a day, before any trigger."""


class Decision(msgspec.Struct, frozen=True):
    """A signal or a setup's own refusal, and what was done about it. Prices in paise."""

    id: str
    time: Instant
    """Trade time the setup spoke of."""
    at: Instant
    """The engine's clock when it was decided."""
    instrument: str
    setup: str
    version: int
    side: Side | None
    price: Paise | None
    stop: Paise | None
    """The stop's trigger once risk has set it, else where the structure fails."""
    target_1: Paise | None
    target_2: Paise | None
    state: DecisionState
    code: str
    reason: str
    premise: str
    evidence: Evidence
    quantity: int | None = None
    risk: Paise | None = None
    trade: str = ""
    expires: Instant | None = None
    record: SetupRecord | None = None
    """What the setup's trades had shown when it spoke; later results never change it."""
    sized: SizedStop | None = None
    """The stop it was measured and sized with; None where it did not come to that."""

    @property
    def taken(self) -> bool:
        """Whether an entry left for it."""
        return self.state is DecisionState.TAKEN

    @property
    def about_day(self) -> bool:
        """Whether it is about the setup's whole day (an input is missing), not about a trade."""
        return self.side is None and self.code in ABOUT_DAY


def from_signal(name: str, signal: Signal, now: Instant) -> Decision:
    """Return a decision to be made about a signal."""
    return Decision(
        id=name,
        time=signal.time,
        at=now,
        instrument=signal.instrument,
        setup=signal.setup,
        version=signal.version,
        side=signal.side,
        price=signal.price,
        stop=signal.stop_reference,
        target_1=signal.target_1,
        target_2=signal.target_2,
        state=DecisionState.WAITING,
        code="",
        reason="",
        premise=signal.premise,
        evidence=signal.evidence,
    )


def from_refusal(name: str, refusal: Refusal, now: Instant) -> Decision:
    """Return the decision a setup made by itself."""
    return Decision(
        id=name,
        time=refusal.time,
        at=now,
        instrument=refusal.instrument,
        setup=refusal.setup,
        version=refusal.version,
        side=refusal.side,
        price=None,
        stop=None,
        target_1=None,
        target_2=None,
        state=DecisionState.REFUSED,
        code=refusal.code,
        reason=refusal.reason,
        premise="",
        evidence=refusal.evidence,
    )


def with_size(decision: Decision, sized: SizedStop | None) -> Decision:
    """Return a decision with the stop it was sized by: from then on it shows no other."""
    if sized is None:
        return decision
    return msgspec.structs.replace(decision, sized=sized, stop=sized.trigger)


def _refused(decision: Decision, code: str, reason: str) -> Decision:
    state = DecisionState.DROPPED if code == "SIGNAL_OLD" else DecisionState.REFUSED
    return msgspec.structs.replace(decision, state=state, code=str(code), reason=reason)
