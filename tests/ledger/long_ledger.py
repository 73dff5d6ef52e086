"""A ledger filled with many days."""

from datetime import date

from engine.ledger.records import JournalEntry, RunState
from engine.ledger.store import Ledger, Run
from engine.orders.ledger_facts import Record

DAY = date(2026, 11, 20)
EVIDENCE = ("trade", "day_state", "session")
OTHERS = ("order_event", "fill", "event", "equity", "refusal")


def play(ledger: Ledger, name: str, world: str, state: RunState = RunState.ENDED, room: int = 0) -> None:
    """Leave a run with one row of each kind behind."""
    ledger.begin_run(Run(name, world, "feed", DAY, "settings", "{}", 1))
    records = [Record(kind, f"{kind}-{name}", 5, {"room": "x" * room}) for kind in (*EVIDENCE, *OTHERS)]
    ledger.append(name, records, [JournalEntry(1, 0, 5, "outside", b"x" * room)], durable=True).result(60)
    if state is RunState.ENDED:
        ledger.end_run(name, 9)
    elif state is RunState.ABANDONED:
        ledger.abandon_run(name, 9)
