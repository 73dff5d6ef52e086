"""A broker that does everything a broker has ever been seen to do, on a virtual clock, for one core.

It keeps its own truth: what it accepted, what rests, what filled. Answers and reports reach core late, twice, out
of order or never, as told. The core under test is the real one with a real market; only the broker is made.
"""

from collections.abc import Callable

import config
from engine.core import Core, DayState, Ids, Record
from engine.core.events import Effect, Event
from engine.market.clock import SECOND, Instant
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, ReadBook, ReadTag
from tests.core.broker import LATENCY
from tests.core.external import Others, WaitingOrder
from tests.core.market import DAY, INSTRUMENTS, OPTION, OTHER, PRICES, START, STOCK, TICK
from tests.core.planned import Faults
from tests.core.resting import Resting
from tests.rehearsal import REHEARSED

__all__ = [
    "DAY",
    "INSTRUMENTS",
    "LATENCY",
    "OPTION",
    "OTHER",
    "PRICES",
    "ROOMY",
    "START",
    "STOCK",
    "TICK",
    "Faults",
    "Resting",
    "World",
]

ROOMY = config.Settings(risk=config.RiskSettings(max_gap_risk_pct=100))
"""Settings that leave room for two whole positions: one alone may fill the usual room for gap risk."""


class World(Others):
    """One core, one hostile broker, one virtual clock."""

    def __init__(
        self,
        settings: config.Settings | None = None,
        *,
        world: str = "replay",
        ids: Ids | None = None,
        start: Instant = START,
        own_cash: int | None = None,
        recovered: DayState | None = None,
    ) -> None:
        super().__init__(settings or config.Settings(), start)
        self.core = Core(
            self.settings,
            INSTRUMENTS,
            self.day,
            world,
            1_000_000_00,
            ids or Ids("H"),
            recovered=recovered,
            own_cash=own_cash,
        )
        self.gtts: dict[str, WaitingOrder] = {}
        self.records: list[Record] = []
        self.answers: list[object] = []
        self.sent: list[tuple[Instant, object]] = []
        self.checks: list[Callable[[World], None]] = []
        self.tell(REHEARSED)
        self._seed()

    def tell(self, event: Event) -> None:
        for effect in self.core.handle(event, self.now):
            self._take(effect)
        for check in self.checks:
            check(self)

    def next_wake(self) -> Instant | None:
        return self.core.next_wake()

    def settle(self, span: int = 120 * SECOND) -> None:
        """Let everything work itself out, the market trading on at its price."""
        end = self.now + span
        while self.now < end:
            for key in INSTRUMENTS:
                self.trade(key)
            self.run(SECOND)

    def _take(self, effect: Effect) -> None:
        if isinstance(effect, Record):
            self.records.append(effect)
            return
        self.sent.append((self.now, effect))
        match effect:
            case PlaceOrder() | ModifyOrder() | CancelOrder():
                self._request(effect)
            case ReadBook() | ReadTag():
                self._read(effect)
            case _:
                self.answers.append(effect)
