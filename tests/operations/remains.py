"""What finished runs leave behind, and how two of them differ."""

from collections.abc import Sequence
from typing import Final

import msgspec

from config import Settings
from engine.brokers.paper.records import ExchangeFill, ExchangeOrder
from engine.contract.views import EventLine
from engine.ledger.reader import LedgerReader
from engine.market.clock import MILLISECOND, Instant
from tests.operations.outside import Engine

KINDS: Final = (
    "intent",
    "order_event",
    "fill",
    "signal",
    "refusal",
    "trade",
    "equity",
    "event",
    "day_state",
    "latch",
)
BACK: Final = "the engine is back"
_ANSWER: Final = Settings().paper.latency_ms * MILLISECOND
"""How long an order's answer is under way."""


class Remains(msgspec.Struct, frozen=True):
    """Everything a finished run leaves behind that a trader could ever look at."""

    orders: list[ExchangeOrder]
    fills: list[ExchangeFill]
    updates: int
    now: Instant
    facts: dict[str, list[tuple[str, int, str]]]

    def until(self, now: Instant) -> "Remains":
        """Return what was there by an instant; orders as they were sent."""
        return Remains(
            orders=[],
            fills=[fill for fill in self.fills if fill.time <= now],
            updates=0,
            now=now,
            facts={kind: [fact for fact in facts if fact[1] <= now] for kind, facts in self.facts.items()},
        )


def remains(engine: Engine) -> Remains:
    """Read what a run left, once its engine is gone; all but the remark that an engine came back."""
    book = engine.book()
    with LedgerReader(engine.directory.ledger) as ledger:
        run = ledger.last_run()
        assert run is not None
        facts = {
            kind: [(fact.key, fact.time, fact.payload) for fact in ledger.records(kind, run.run)]
            for kind in KINDS
        }
    lines = [msgspec.json.decode(payload, type=EventLine) for _, _, payload in facts["event"]]
    facts["event"] = [("", line.time, line.text) for line in lines if not line.text.startswith(BACK)]
    return Remains(book.orders, book.fills, book.cursor.updates, book.cursor.now, facts)


def differences(left: Remains, right: Remains) -> list[str]:
    """Return what two runs do not share, in words; empty when they are one and the same.

    An event may be told as much earlier as an answer takes: an engine that comes back while an order's answer is under
    way finds the order in the book.
    """
    said = []
    if left.updates != right.updates:
        said.append(f"updates {left.updates} and {right.updates}")
    pairs: list[tuple[str, Sequence[object], Sequence[object]]] = [
        ("order", left.orders, right.orders),
        ("fill", left.fills, right.fills),
        *((kind, left.facts[kind], right.facts[kind]) for kind in KINDS if kind != "event"),
    ]
    for name, mine, theirs in pairs:
        said += [f"only left, {name}: {one}" for one in mine if one not in theirs]
        said += [f"only right, {name}: {one}" for one in theirs if one not in mine]
    mine, theirs = left.facts["event"], right.facts["event"]
    said += [f"only left, event: {one}" for one in mine if not _was_told(one, theirs)]
    said += [f"only right, event: {one}" for one in theirs if not _was_told(one, mine)]
    return said


def _was_told(event: tuple[str, Instant, str], events: Sequence[tuple[str, Instant, str]]) -> bool:
    key, time, text = event
    return any(
        (key, text) == (other, words) and abs(time - moment) <= _ANSWER for other, moment, words in events
    )
