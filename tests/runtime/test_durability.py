"""What a run leaves on disk waits for what it stands on."""

from pathlib import Path

from engine.brokers.cursor_file import Cursor
from engine.brokers.paper.exchange import PaperExchange
from engine.ledger.store import Ledger
from engine.runtime.durability import Durability
from tests.brokers.paper.stand import TEN, open_exchange


class Disk:
    """A recording whose flush is late until the test says otherwise."""

    def __init__(self) -> None:
        self.ready = False
        self.asked = 0

    def flush(self) -> bool:
        self.asked += 1
        return self.ready


def stands_at(path: Path) -> int:
    exchange = open_exchange(path)
    try:
        return exchange.cursor.updates
    finally:
        exchange.close()


async def test_a_place_is_not_kept_before_the_recording_that_reaches_it(tmp_path: Path) -> None:
    path, clock, disk = tmp_path / "exchange.sqlite", [0.0], Disk()
    exchange: PaperExchange = open_exchange(path)
    exchange.commit(Cursor("run-1", 1, TEN, 0))
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    kept = Durability(
        ledger, exchange, "run-1", lambda: Cursor("run-1", 9, TEN, 0), lambda: clock[0], before=disk.flush
    )
    for clock[0] in (1.0, 2.0, 3.0):
        kept.commit_when_due()
    assert disk.asked == 3
    assert exchange.cursor.updates == 1
    disk.ready = True
    clock[0] = 4.0
    kept.commit_when_due()
    await kept.flush()
    kept.close()
    ledger.close()
    exchange.close()
    assert stands_at(path) == 9
