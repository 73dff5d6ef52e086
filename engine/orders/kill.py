"""The kill: latched, it never gives up until the broker has said flat, twice, after the last fill.

Only what is proven counts: an error, a read older than the newest fill, or silence leave the state as it was.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.trade import Trade
from engine.risk.limits import Breach

BACKOFF: Final = (500 * MILLISECOND, SECOND, 2 * SECOND, 5 * SECOND)
"""Between two looks at the broker while it is not flat; the last one repeats without end."""

KILL: Final = "kill"

PROOFS: Final = 2
PROOF_APART: Final = 500 * MILLISECOND
READ_WITHIN: Final = 5 * SECOND
"""A read without an answer for so long has failed."""
_REMEMBERED: Final = 256
"""Kills of one latch whose ids are kept: each waits for a proof of its own."""


class LatchState(StrEnum):
    """How far the kill is."""

    KILLING = "KILLING"
    STUCK = "STUCK"
    FLAT = "FLAT"


class Latch(msgspec.Struct, frozen=True):
    """The kill latch: set by anybody, cleared by a person alone."""

    state: LatchState
    since: Instant
    by: str
    reason: str
    id: str = ""
    ours_only: bool = False
    """Whether it closes ours alone: a limit's latch. A person's kill has the whole scope."""


class Flattening:
    """The latch and the proof that the account is flat."""

    def __init__(self) -> None:
        self.latch: Latch | None = None
        self.refusal = ""
        """The newest write that was refused since the latch was set, for a person; empty while none was."""
        self.unread = ""
        """Why the newest look at the broker failed; empty once one was answered."""
        self._proofs = 0
        self._looks = 0
        self._quiet = False
        self._request = ""
        self._asked_at: Instant = 0
        self._outrun = False
        """Whether a kill came after the read that is out was asked for."""
        self._next: Instant | None = None
        self._commands: list[str] = []

    @property
    def answers(self) -> tuple[str, ...]:
        """The ids of the kills that the latch's state answers: FLAT is proven by reads begun after each."""
        return () if self.latch is None else tuple(dict.fromkeys((*self._commands, self.latch.id)))

    @property
    def active(self) -> bool:
        """Whether the latch is set."""
        return self.latch is not None

    @property
    def exit_reason(self) -> str:
        """Why the latch closes a position: the limit that set it, else the kill."""
        limits = [breach.value for breach in Breach]
        return self.latch.id if self.latch is not None and self.latch.id in limits else KILL

    @property
    def proving(self) -> bool:
        """Whether the latch is set and not proven flat yet: until then it asks for the books itself."""
        return self.latch is not None and self.latch.state is not LatchState.FLAT

    @property
    def whole(self) -> bool:
        """Whether the latch is set and takes in what others hold on the account."""
        return self.latch is not None and not self.latch.ours_only

    def set(self, by: str, reason: str, name: str, now: Instant, *, ours_only: bool = False) -> bool:
        """Set the latch; False where nothing has to be closed anew: a kill that runs does nothing twice.

        A new one after FLAT begins again: something may have been opened since, and nobody would look. So does one of
        the whole scope behind one that closes ours alone. Whoever kills is answered by reads that began after it.
        """
        known = self.latch
        is_new = known is None or (known.id != name and name not in self._commands)
        if is_new:
            self._commands = [*self._commands, name][-_REMEMBERED:]
            self._outrun = bool(self._request)
        wider = known is not None and known.ours_only and not ours_only
        if known is not None and not wider and (known.state is not LatchState.FLAT or not is_new):
            if is_new:
                self._prove_anew(now)
            return False
        self.latch = Latch(LatchState.KILLING, now, by, reason, name, ours_only)
        self.refusal = self.unread = ""
        self._proofs = self._looks = 0
        self._quiet = False
        self._next = now
        return True

    def clear(self) -> None:
        """Take the latch off: a person's act."""
        self.latch, self._next, self._request = None, None, ""
        self._commands = []
        self.refusal = self.unread = ""

    def refused(self, text: str) -> None:
        """Keep what a person should hear of a write that was refused while the kill runs."""
        if self.latch is not None:
            self.refusal = text

    def disturbed(self, now: Instant) -> None:
        """Begin the proof again: a fill or an order came up."""
        if self.latch is None:
            return
        self._looks = 0
        if self.latch.state is LatchState.FLAT:
            self._mark(LatchState.KILLING)
        self._prove_anew(now)

    def settle(self, *, quiet: bool, stuck: bool, now: Instant) -> bool:
        """Take in whether anything of ours is still open or live; True when a read must be asked for now."""
        if self.latch is None or self.latch.state is LatchState.FLAT:
            return False
        self._mark(LatchState.STUCK if stuck else LatchState.KILLING)
        if quiet and not self._quiet:
            # The last thing of ours has just ended: what is left to do is to look, not to wait.
            self._looks = 0
        self._quiet = quiet
        if self._request:
            if now - self._asked_at < READ_WITHIN:
                return False
            self.failed(self._request, now, f"no answer in {READ_WITHIN // SECOND} s")
        if quiet and self._proofs == 0 and self._looks == 0:
            return True
        return self._next is not None and now >= self._next

    def asked(self, request: str, now: Instant) -> None:
        """Remember the read that is out."""
        self._request, self._asked_at, self._next = request, now, None
        self._outrun = False
        self._looks += 1

    def answered(
        self, request: str, *, flat: bool, last_fill_at: Instant, now: Instant, settled: bool = True
    ) -> None:
        """Take in a successful read; a proof only if it was asked for after the newest fill.

        Not ``settled``, a fill may still overtake the cancel of an entry: it is not the last proof.
        """
        if self.latch is None or request != self._request:
            return
        self._request = self.unread = ""
        if flat and self._outrun:
            self._proofs, self._next = 0, now
            return
        if not flat or self._asked_at < last_fill_at:
            self._proofs = 0
            self._next = now + self._pause()
            return
        if settled or self._proofs + 1 < PROOFS:
            self._proofs += 1
        if self._proofs >= PROOFS:
            self._mark(LatchState.FLAT)
            self._next = None
        else:
            self._next = now + PROOF_APART

    def failed(self, request: str, now: Instant, detail: str) -> None:
        """Take in a read without an answer: nothing is known, the proof begins again."""
        if self.latch is None or request != self._request:
            return
        self._request = ""
        self.unread = detail
        self._proofs = 0
        self._next = now + self._pause()

    def next_wake(self) -> Instant | None:
        """Return when to look again."""
        if self.latch is None or self.latch.state is LatchState.FLAT:
            return None
        return self._asked_at + READ_WITHIN if self._request else self._next

    def _prove_anew(self, now: Instant) -> None:
        self._proofs = 0
        if self._next is None:
            self._next = now

    def _pause(self) -> int:
        return BACKOFF[min(max(self._looks - 1, 0), len(BACKOFF) - 1)]

    def _mark(self, state: LatchState) -> None:
        if self.latch is not None and self.latch.state is not state:
            self.latch = msgspec.structs.replace(self.latch, state=state)


def closing_order(trades: Iterable[Trade], instruments: dict[str, Instrument]) -> list[Trade]:
    """Return trades in the order in which they are closed."""

    def rank(trade: Trade) -> tuple[int, int, int, str]:
        value = trade.entry_value * trade.open_quantity // max(trade.entry_quantity, 1)
        return closing_rank(trade.side, instruments.get(trade.instrument), value, trade.id)

    return sorted(trades, key=rank)


def closing_rank(
    side: Side, instrument: Instrument | None, value: Paise, name: str
) -> tuple[int, int, int, str]:
    """Return where a position stands in the order of closing: shorts first (options before the rest), then longs.

    Within each the largest value first; the name decides ties, so that the order is always the same.
    """
    option = instrument is not None and instrument.is_option
    return (0 if side is Side.SELL else 1, 0 if option else 1, -value, name)
