"""What a run asks of the place where its orders go: the paper exchange, or the broker."""

from collections.abc import Iterable
from typing import Protocol

from engine.brokers.cursor_file import Batch, Cursor
from engine.market.clock import Instant
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.update import MarketUpdate
from engine.orders.messages import BookRead, BrokerEvent, ReadFailed, Request
from engine.orders.order import Order


class Exchange(Protocol):
    """A place for orders on the run's clock. All methods belong to the loop, but for ``write`` and ``confirm_flat``."""

    @property
    def cursor(self) -> Cursor:
        """Where the last commit stood; an empty run when there has been none."""
        ...

    @property
    def lives_on(self) -> bool:
        """Whether what was sent lives on by itself when this process dies, beyond the last commit too."""
        ...

    @property
    def flat(self) -> bool:
        """Whether no quantity is open and no order can still trade, as far as is known without asking."""
        ...

    def follow(self, instrument: Instrument) -> None:
        """Take orders in one more instrument."""
        ...

    def remember(self, orders: Iterable[Order]) -> None:
        """Take in what the core knows of its orders from an earlier life, before the book is read."""
        ...

    def submit(self, request: Request, now: Instant) -> None:
        """Take a request in; its answer comes with a later event."""
        ...

    def next_due(self) -> Instant | None:
        """Return when something in flight arrives next."""
        ...

    def advance(self, now: Instant) -> list[BrokerEvent]:
        """Let everything due by ``now`` happen."""
        ...

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Match the book against a market update."""
        ...

    def read_book(self, request: str, now: Instant) -> BookRead | ReadFailed:
        """Return positions and orders as they stand. May wait for a broker: only before a run goes."""
        ...

    def hold(self, held: bool, now: Instant) -> None:
        """Tell that the market stands still or goes on."""
        ...

    def announce_halt(self, kinds: Iterable[InstrumentClass]) -> None:
        """Tell of which classes the exchange announced a halt; none is its end."""
        ...

    def begin_run(self, run: str, now: Instant = 0, *, keep_book: bool = False) -> None:
        """Begin a run at cursor 0 and commit it."""
        ...

    def capture(self, cursor: Cursor) -> Batch | None:
        """Take what is to be saved with a cursor; None when nothing is kept."""
        ...

    def write(self, batch: Batch) -> None:
        """Write a captured batch, durable on return; any thread, one at a time."""
        ...

    def confirm_flat(self) -> str:
        """Ask whether the book is flat; return why it is not, empty when it is. May wait for a broker: any thread."""
        ...

    def close(self) -> None:
        """Give the file and the lines back."""
        ...
