"""The demo's first minutes through the real core and the real paper exchange: a trade and a held stop, for any seed."""

from datetime import time

import pytest

from config import Settings, SimulatorSettings
from engine.brokers.paper.exchange import PaperExchange
from engine.core import SIMULATED, Core, Ids, Record
from engine.feeds.simulator import DEFAULT_START, open_simulator
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.session import trading_day
from engine.orders.messages import PlaceOrder, Request, Role
from engine.runtime.playback import Playback


class Demo:
    """A demo run until a clock time, with everything that left the core."""

    def __init__(self, until: time, seed: int) -> None:
        settings = Settings(simulator=SimulatorSettings(seed=seed))
        self.feed = open_simulator(settings.simulator)
        day = trading_day(self.feed.day, settings.session)
        account = int(settings.account.capital) * 100
        self.core = Core(
            settings, self.feed.instruments, day, SIMULATED, account, Ids("demo"), prior=self.feed.prior
        )
        exchange = PaperExchange.open(None, self.feed.instruments, day, settings.paper)
        start = instant_at(self.feed.day, DEFAULT_START)
        playback = Playback(self.core, exchange, self.feed, now=start, journal=lambda _: None)
        for past in self.feed.seeds:
            self.core.handle(past, start)
        self.sent: list[tuple[Instant, PlaceOrder]] = []
        end = instant_at(self.feed.day, until)
        while (due := playback.next_due()) is not None and due < end:
            for effect in playback.play(None, 1):
                if isinstance(effect, PlaceOrder):
                    self.sent.append((playback.now, effect))
                if isinstance(effect, Request):
                    exchange.submit(effect, playback.now)
                else:
                    assert isinstance(effect, Record)

    def first(self, role: Role, key: str) -> tuple[Instant, PlaceOrder]:
        return next(
            (when, order) for when, order in self.sent if order.role is role and order.instrument == key
        )


@pytest.fixture(scope="module", params=[7, 1, 2, 3])
def demo(request: pytest.FixtureRequest) -> Demo:
    return Demo(time(10, 31), request.param)


def test_a_trade_and_its_held_stop_come_within_the_first_two_minutes(demo: Demo) -> None:
    opened = instant_at(demo.feed.day, DEFAULT_START)
    entered, entry = demo.first(Role.ENTRY, "SIM_EQ|AROVEN")
    protected, stop = demo.first(Role.STOP, "SIM_EQ|AROVEN")
    assert stop.side is not entry.side
    assert entered < protected < entered + 8 * SECOND
    assert protected < opened + 120 * SECOND
