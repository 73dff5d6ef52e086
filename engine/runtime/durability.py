"""What a run leaves on disk, in the order that makes a death survivable.

First the ledger: records and the journal of inputs. Then, in a thread of its own, the exchange's file: a batch of it
is never durable before the journal that explains it. Nothing is lost while a disk refuses; it is tried again in
order, and said as long as it lasts.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from engine.brokers.cursor_file import Batch, Cursor, ExchangeError, ExchangeTakenError
from engine.brokers.exchange import Exchange
from engine.core import Record
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger, LedgerError

_SOON_SECONDS: Final = 0.02
"""Between two commits while something happens."""
COMMIT_SECONDS: Final = 0.25
"""Between two commits while only the market moves."""

_logger = logging.getLogger(__name__)


class Durability:
    """Owns the way to the disks; without a ledger everything is thrown away.

    ``where`` says where the run stands, for the exchange's cursor.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        exchange: Exchange,
        run: str,
        where: Callable[[], Cursor],
        monotonic: Callable[[], float],
        *,
        every: float = COMMIT_SECONDS,
        before: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take the disks; ``before`` is called ahead of each place and each intent, ``every`` seconds at the latest.

        Where it says no, the place must wait for the next time.
        """
        self._ledger = ledger
        self._exchange = exchange
        self._run = run
        self._where = where
        self._monotonic = monotonic
        self._every = every
        self._before = before
        self._entries: list[JournalEntry] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="exchange-file")
        self._writing: Future[None] | None = None
        self._owed: deque[Batch] = deque()
        self._unsaved = True
        self._last = monotonic()
        self._place: tuple[int, int] = (-1, -1)
        self._problem = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What the disks refuse now; empty when everything is written or on its way."""
        ledger = "" if self._ledger is None else self._ledger.problem
        return tuple(dict.fromkeys(text for text in (ledger, self._problem) if text))

    def note(self, entry: JournalEntry) -> None:
        """Take a journaled input in; it is written before the exchange's next batch."""
        self._entries.append(entry)

    def touch(self) -> None:
        """Have the exchange saved soon: something happened."""
        self._unsaved = True

    def append(self, records: Sequence[Record], *, durable: bool) -> "Future[None] | None":
        """Write records and the inputs behind them; None when nothing is kept. ``durable`` has it done at once."""
        if self._ledger is None or not (records or durable):
            return None
        if durable:
            self._before()
        return self._ledger.append(self._run, records, self._take_entries(), durable=durable)

    def commit_when_due(self) -> None:
        """Have the exchange written when something happened, or when its cursor is old.

        Raises ExchangeTakenError when another process has the file, and whatever ended the writing otherwise.
        """
        self._finish()
        if self._writing is not None:
            return
        since = self._monotonic() - self._last
        if since >= self._every or (self._unsaved and since >= _SOON_SECONDS):
            if self._before():
                self._commit()
            else:
                self._last = self._monotonic()

    async def flush(self) -> None:
        """Write everything that is not yet on disk; raises LedgerError or ExchangeError when that cannot be done."""
        self._unsaved = True
        self._before()
        while self._unsaved or self._writing is not None:
            if self._writing is not None:
                await settled(self._writing, None)
                self._finish()
            if self._unsaved:
                self._commit()
        if self._owed or self._problem:
            raise ExchangeError(f"expected the run to be saved at its end, got: {self._problem}")

    def close(self) -> None:
        """End the writing thread."""
        self._writer.shutdown(wait=True)

    def _take_entries(self) -> list[JournalEntry]:
        entries, self._entries = self._entries, []
        return entries

    def _commit(self) -> None:
        self._last = self._monotonic()
        cursor = self._where()
        place = (cursor.updates, cursor.sequence)
        if not self._unsaved and not self._problem and place == self._place:
            return
        self._unsaved, self._place = False, place
        batch = self._exchange.capture(cursor)
        if batch is None or self._ledger is None:
            return
        self._owed.append(batch)
        journaled = self._ledger.append(self._run, (), self._take_entries(), durable=True)
        self._writing = self._writer.submit(self._write, journaled)

    def _write(self, journaled: "Future[None]") -> None:
        journaled.result()
        while self._owed:
            # A batch that fails stays owed by the exchange's file itself.
            self._exchange.write(self._owed.popleft())

    def _finish(self) -> None:
        if self._writing is None or not self._writing.done():
            return
        error = self._writing.exception()
        self._writing = None
        if error is None:
            self._problem = ""
        elif isinstance(error, LedgerError | ExchangeError) and not isinstance(error, ExchangeTakenError):
            if self._problem != str(error):
                _logger.error("%s", error)
            self._problem = str(error)
        else:
            raise error


async def settled(future: "Future[None] | None", patience: float | None) -> bool:
    """Return whether a write is done and on disk after at most ``patience`` seconds (None waits for it)."""
    if future is None:
        return True
    waiting = asyncio.wrap_future(future)
    # Nobody may ask again after the wait: a failure is shown by the ledger's own problem.
    waiting.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    done, _ = await asyncio.wait([waiting], timeout=patience)
    return bool(done) and waiting.exception() is None
