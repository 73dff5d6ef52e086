"""Targets on the real paper exchange: its latency, its books, and no limit that becomes a stop again."""

from collections.abc import Iterable

import msgspec

import config
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.commands import ArmManual, ManualOrder
from engine.core import CommandAnswer, Core, Effect, Ids, LatchChanged, Record, Wake
from engine.core.events import Event
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import BrokerEvent, OrderReport
from tests.core.market import INSTRUMENTS, PRICES, START, STOCK, TICK, Market

TARGET = PRICES[STOCK] + 40 * TICK
_LIVE = ("open", "trigger pending")


class PaperWorld(Market):
    """One core on a paper exchange in memory, and a market that trades when told."""

    def __init__(self) -> None:
        super().__init__(config.Settings(), START)
        self.exchange = PaperExchange.open(None, INSTRUMENTS, self.day, self.settings.paper)
        self.core = Core(self.settings, INSTRUMENTS, self.day, "paper", 1_000_000_00, Ids("P"))
        self._seed()

    def tell(self, event: Event) -> None:
        """Let the exchange meet an update first, as the engine's own loop does."""
        heard: Iterable[BrokerEvent] = ()
        if isinstance(event, MarketUpdate):
            heard = self.exchange.on_update(event, self.now)
        elif isinstance(event, Wake):
            heard = self.exchange.advance(self.now)
        for one in (event, *heard):
            self._leave(self.core.handle(one, self.now))

    def _leave(self, effects: list[Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, Record | CommandAnswer | LatchChanged):
                self.exchange.submit(effect, self.now)

    def next_wake(self) -> Instant | None:
        dues = [due for due in (self.core.next_wake(), self.exchange.next_due()) if due is not None]
        return min(dues, default=None)

    def traded(self, key: str) -> None:
        """Nothing: the exchange hears of it with the update."""

    def go_on(self, milliseconds: int, price: int) -> None:
        """Let time pass at a price, a new book every tenth of a second."""
        for step in range(milliseconds // 100):
            self.trade(STOCK, price, depth=100_000 + step)
            self.run(100 * MILLISECOND)

    @property
    def held(self) -> int:
        return sum(row.quantity for row in self.exchange.positions if row.instrument == STOCK)

    @property
    def closing(self) -> list[OrderReport]:
        return [row for row in self.exchange.orders if row.side is Side.SELL and row.status in _LIVE]


def holding() -> PaperWorld:
    """Return a world with a protected position whose second target lies ahead."""
    world = PaperWorld()
    world.tell(ArmManual("arm", armed=True))
    world.tell(ManualOrder("buy", STOCK, Side.BUY))
    world.go_on(2_000, PRICES[STOCK])
    trade = world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    assert trade.open
    world.core.manager.portfolio.put(msgspec.structs.replace(trade, target_2=TARGET))
    return world


def test_a_target_that_price_leaves_again_before_the_latency_is_over_has_its_stop_put_back() -> None:
    world = holding()
    (stop,) = world.closing
    world.trade(STOCK, TARGET + TICK)
    world.run(20 * MILLISECOND)
    world.go_on(3_000, TARGET - 30 * TICK)
    (back,) = world.closing
    assert (back.status, back.trigger_price) == ("trigger pending", stop.trigger_price)
    assert back.quantity - back.filled_quantity == world.held > 0
    assert any("T2 did not fill within a second" in line.text for line in world.core.events)


def test_a_target_whose_book_stays_is_taken_no_worse_than_it_less_one_spread() -> None:
    world = holding()
    world.go_on(2_000, TARGET + TICK)
    assert (world.held, world.closing) == (0, [])
    (trade,) = world.core.closed_trades
    assert trade.exit_reason == "T2"
    assert trade.exit_value >= trade.quantity * (TARGET - 2 * TICK)
    world.run(SECOND)
