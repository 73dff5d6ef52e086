"""A hostile world whose engine has died: `cockpit flatten` closes it from a shell, on the same virtual clock.

A shell has no streams: it hears answers to its own requests, and what it polls; markets it reads once a second.
"""

from collections.abc import Iterable

import config
from engine.core.events import Event, Halted, Wake
from engine.core.flatten_core import FlattenCore, MarketSeen, QuotedMarket
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.price_band import assumed_band
from engine.market.seed import InstrumentSeed
from engine.market.update import MarketUpdate
from engine.orders.messages import BookRead, BrokerEvent, OrderReport
from engine.orders.order import Order
from engine.orders.quote import Quote
from engine.orders.tags import Ids
from tests.core.hostile import INSTRUMENTS, PRICES, World

POLLED_EVERY = 500 * MILLISECOND


class ShellWorld(World):
    """A world that begins with an engine; after ``die`` a shell flattens it."""

    def __init__(self, settings: config.Settings | None = None) -> None:
        self.shell: FlattenCore | None = None
        self._polling = False
        super().__init__(settings)

    def die(self, *, known: bool = True, remembered: Iterable[Order] | None = None) -> FlattenCore:
        """Let the engine end at once and a shell take over, with or without what its ledger tells."""
        self._queue.clear()
        orders = self.core.orders.all() if remembered is None else remembered
        self.shell = FlattenCore(
            self.settings,
            Ids("flatten-1"),
            self.now,
            known=orders if known else (),
            by="cockpit flatten",
            why="no engine was running",
        )
        self.sent.clear()
        self._show_all()
        self.tell(Wake())
        self.after(POLLED_EVERY, self._poll)
        return self.shell

    def tell(self, event: Event) -> None:
        if self.shell is None:
            super().tell(event)
            return
        if isinstance(event, OrderReport) and not self._polling:
            return
        for effect in self.shell.handle(self._for_shell(event), self.now):
            self._take(effect)
        for check in self.checks:
            check(self)

    def next_wake(self) -> Instant | None:
        return super().next_wake() if self.shell is None else self.shell.next_wake(self.now)

    def cover(self) -> None:
        """Let the time of the shell be up."""
        assert self.shell is not None
        for effect in self.shell.cover(self.now):
            self._take(effect)

    def _poll(self) -> None:
        self._polling = True
        if not self.down and self.faults.read() == "ok":
            for order in list(self.orders.values()):
                self.tell(self.row(order))
        self._polling = False
        self.after(POLLED_EVERY, self._poll)

    def _show_all(self) -> None:
        for key in INSTRUMENTS:
            self.trade(key)

    def _for_shell(self, event: Event) -> BrokerEvent | MarketSeen | Wake:
        match event:
            case MarketUpdate():
                instrument = INSTRUMENTS[event.instrument]
                band = assumed_band(instrument.kind, PRICES[event.instrument], instrument.tick)
                quote = Quote(event.last, event.bids, event.asks, self.now)
                return MarketSeen((QuotedMarket(instrument, quote, band, takes_orders=not self.halted),))
            case Halted() | InstrumentSeed():
                return Wake()
            case BookRead() | OrderReport():
                return event
            case _:
                return event  # type: ignore[return-value]


def flat_within(world: ShellWorld, span: int) -> bool:
    """Say whether the shell said flat in time; the market trades on meanwhile."""
    assert world.shell is not None
    end = world.now + span
    while world.now < end and not world.shell.flat:
        for key in INSTRUMENTS:
            world.trade(key)
        world.run(min(SECOND, end - world.now))
    return world.shell.flat
