"""The core against the real paper exchange: a recorded day, its trades, and a flatten from outside."""

from collections.abc import Callable
from pathlib import Path

import config
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.commands import ArmManual, ExitPosition, Kill, ManualOrder
from engine.core import CommandAnswer, Core, Effect, FeedEnded, Ids, LatchChanged, Record, Resumed, Wake
from engine.core.events import Event
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import SECOND, Instant
from engine.market.session import trading_day
from engine.market.side import Side
from engine.orders.messages import Role
from engine.orders.states import OrderState
from tests.recordings import EQ_A, recorded_files


class Run:
    """One recorded day on a paper exchange in memory."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.settings = config.Settings()
        self.feed = open_recordings(list(files))
        day = trading_day(self.feed.day, self.settings.session)
        self.exchange = PaperExchange.open(None, self.feed.instruments, day, self.settings.paper)
        self.core = Core(self.settings, self.feed.instruments, day, "replay", 1_000_000_00, Ids("P"))
        self.now: Instant = 0
        self.out: list[Effect] = []

    def tell(self, event: Event) -> None:
        for effect in self.core.handle(event, self.now):
            self.out.append(effect)
            if not isinstance(effect, Record | CommandAnswer | LatchChanged):
                self.exchange.submit(effect, self.now)

    def until(self, end: Instant) -> None:
        while True:
            dues = [d for d in (self.exchange.next_due(), self.core.next_wake()) if d is not None]
            if not dues or min(dues) > end:
                return
            self.now = max(self.now, min(dues))
            for event in self.exchange.advance(self.now):
                self.tell(event)
            wake = self.core.next_wake()
            if wake is not None and wake <= self.now:
                self.tell(Wake())

    def play(self, updates: int | None = None, *, then: Callable[[], None] | None = None) -> None:
        count = 0
        while updates is None or count < updates:
            update = self.feed.read()
            if update is None:
                self.tell(FeedEnded())
                self.until(self.now + 10 * SECOND)
                break
            self.until(update.arrival)
            self.now = max(self.now, update.arrival)
            events = self.exchange.on_update(update, self.now)
            self.tell(update)
            for event in events:
                self.tell(event)
            count += 1
        if then is not None:
            then()

    def buy(self, key: str) -> None:
        self.tell(ArmManual("arm", armed=True))
        self.tell(ManualOrder("buy", key, Side.BUY))


def stop_held(run: Run, key: str) -> int:
    stops = [order for order in run.core.orders.live(key) if order.role is Role.STOP]
    assert all(order.state is OrderState.ARMED for order in stops)
    return sum(order.remaining for order in stops)


def held(run: Run, key: str) -> int:
    return next((p.quantity for p in run.exchange.positions if p.instrument == key), 0)


def test_a_recorded_day_trades_and_ends_flat_the_same_twice() -> None:
    runs = [Run(recorded_files()) for _ in range(2)]
    for run in runs:
        run.play()
    first, second = runs
    assert first.out == second.out
    assert first.exchange.flat
    gross = sum(p.sell_value - p.buy_value for p in first.exchange.positions)
    assert sum(trade.gross for trade in first.core.closed_trades) == gross
    assert first.core.account.realised == gross


def test_a_kill_in_the_day_is_flat_in_the_exchanges_own_book() -> None:
    run = Run(recorded_files())
    run.play(30_000)
    run.buy(EQ_A)
    run.play(60)
    assert held(run, EQ_A) > 0
    assert stop_held(run, EQ_A) == held(run, EQ_A)
    run.tell(Kill("k", "test"))
    run.play(100)
    assert run.exchange.flat
    assert run.core.latch is not None
    assert run.core.latch.state.value == "FLAT"


def test_a_flatten_without_the_engine_is_found_when_it_is_back() -> None:
    run = Run(recorded_files())
    run.play(30_000)
    run.buy(EQ_A)
    run.play(60)
    quantity = held(run, EQ_A)
    assert quantity > 0
    run.exchange.flatten_standing(run.now)
    run.tell(Resumed("again"))
    run.until(run.now + 2 * SECOND)
    trade = next(trade for trade in run.core.closed_trades if trade.instrument == EQ_A)
    assert trade.quantity == quantity
    assert trade.exit_reason == "closed by cockpit flatten"
    assert run.core.manager.portfolio.net(EQ_A) == 0
    run.play(200)
    assert held(run, EQ_A) == 0


def test_an_exit_of_half_leaves_the_other_half_protected_at_the_exchange() -> None:
    run = Run(recorded_files())
    run.play(30_000)
    run.buy(EQ_A)
    run.play(60)
    quantity = held(run, EQ_A)
    run.tell(ExitPosition("h", EQ_A, half=True))
    run.play(60)
    assert held(run, EQ_A) == quantity - quantity // 2
    assert stop_held(run, EQ_A) == held(run, EQ_A)
