"""Planted mistakes in coming back from a death; each must make a killed run end otherwise."""

import msgspec

from engine.brokers.cursor_file import Batch, Cursor
from engine.brokers.paper.exchange import PaperExchange
from engine.core import Effect
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder
from engine.runtime import resume
from engine.runtime.playback import Playback
from tests.campaign.kills import run_killed
from tests.campaign.mutants import Hunt, Mutant, Swap, hunted

WITHIN = 60
"""Killed runs in which a mistake must be noticed."""


def hunt_recovery(mutant: Mutant, runs: int = WITHIN) -> Hunt:
    """Kill runs of an engine with a mistake in it until one ends otherwise than undisturbed."""
    return hunted(mutant, lambda seed: run_killed(seed).differs, runs)


def _sends_again() -> tuple[Swap, ...]:
    """What was wanted on the way back is sent, though it was sent in the earlier life."""
    revive = resume._revive
    re_execute = Playback.re_execute
    repeated: list[Effect] = []

    def remember(self: Playback, *words: object, **named: object) -> list[Effect]:
        effects = re_execute(self, *words, **named)  # type: ignore[arg-type]
        writes = [one for one in effects if isinstance(one, PlaceOrder | ModifyOrder | CancelOrder)]
        repeated[:] = writes[-1:]
        return effects

    def send(*words: object, **named: object) -> tuple[Playback, list[Effect]]:
        playback, effects = revive(*words, **named)  # type: ignore[arg-type]
        return playback, [*effects, *repeated]

    return ((Playback, "re_execute", remember), (resume, "_revive", send))


def _forgets_what_is_on_its_way() -> tuple[Swap, ...]:
    capture = PaperExchange.capture

    def without_flight(self: PaperExchange, cursor: Cursor) -> Batch | None:
        under_way, self._flight = self._flight, []
        try:
            return capture(self, cursor)
        finally:
            self._flight = under_way

    return ((PaperExchange, "capture", without_flight),)


def _skips_timers() -> tuple[Swap, ...]:
    repeat = Playback._repeat

    def without_wakes(self: Playback, entry: JournalEntry) -> list[Effect]:
        effects = repeat(self, msgspec.structs.replace(entry, kind="offset", payload=b"\x00"))
        return effects if entry.kind == "wake" else repeat(self, entry)

    return ((Playback, "_repeat", without_wakes),)


def _keeps_the_lost_future() -> tuple[Swap, ...]:
    def rewind(self: Ledger, name: str, sequence: int, now: Instant) -> None:
        del self, name, sequence, now

    return ((Ledger, "rewind", rewind),)


RECOVERY_MUTANTS = (
    Mutant("on the way back an order is sent a second time", _sends_again),
    Mutant("requests on their way are not saved", _forgets_what_is_on_its_way),
    Mutant("timers are left out when the past is executed again", _skips_timers),
    Mutant("the ledger keeps what the exchange never saw", _keeps_the_lost_future),
)
