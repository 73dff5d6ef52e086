"""Facts as the ledger keeps them."""

import msgspec

from engine.market.clock import Instant


class Record(msgspec.Struct, frozen=True):
    """A fact for the ledger. ``key`` is deterministic, so that writing it twice keeps one."""

    kind: str
    """intent, order_event, fill, correction, signal, refusal, trade, stop_move, equity, event, day_state, session,
    latch, or of a story: sight, fill_book, protected, after_exit, would_have."""
    key: str
    time: Instant
    payload: msgspec.Struct | dict[str, object]
