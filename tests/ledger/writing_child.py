"""A process that writes durable intents and acknowledges each on standard output, until it is killed."""

import sys
from datetime import date
from pathlib import Path

from engine.ledger.store import Ledger, Run
from engine.orders.ledger_facts import Record


def main() -> None:
    """Write until killed."""
    ledger = Ledger.open(Path(sys.argv[1]))
    ledger.begin_run(Run("run-1", "demo", "feed", date(2025, 12, 15), "settings", "{}", 1))
    number = 0
    while True:
        number += 1
        record = Record("intent", f"T-{number:06d}", number, {"quantity": number})
        ledger.append("run-1", [record], durable=True).result()
        sys.stdout.write(f"T-{number:06d}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
