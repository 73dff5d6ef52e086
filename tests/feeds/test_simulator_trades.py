"""The demo's first minutes through the real core and the real paper exchange: what is taken, refused, stopped."""

from datetime import time

import pytest

from config import Settings
from engine.brokers.paper import PaperExchange
from engine.core import SIMULATED, Core, DecisionState, Ids, Record
from engine.feeds.simulator import DEFAULT_START, open_simulator
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.session import trading_day
from engine.orders.messages import PlaceOrder, Request, Role
from engine.runtime.playback import Playback
from engine.setups.signal import Side


class Demo:
    """A demo run until a clock time, with everything that left the core."""

    def __init__(self, until: time) -> None:
        settings = Settings()
        self.feed = open_simulator(settings.simulator)
        day = trading_day(self.feed.day, settings.session)
        account = int(settings.account.capital) * 100
        self.core = Core(settings, self.feed.instruments, day, SIMULATED, account, Ids("demo"))
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


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo(time(11, 6))


def test_a_signal_a_trade_and_a_held_stop_come_within_the_first_two_minutes(demo: Demo) -> None:
    opened = instant_at(demo.feed.day, DEFAULT_START)
    entered, entry = demo.first(Role.ENTRY, "SIM_EQ|AROVEN")
    protected, stop = demo.first(Role.STOP, "SIM_EQ|AROVEN")
    assert entry.side is Side.SELL
    assert stop.side is Side.BUY
    assert entered < protected < entered + 4 * SECOND
    assert protected < opened + 120 * SECOND


def test_the_second_failed_auction_is_bought_while_the_first_is_held(demo: Demo) -> None:
    entered, entry = demo.first(Role.ENTRY, "SIM_EQ|KAVERIX")
    assert entry.side is Side.BUY
    assert instant_at(demo.feed.day, time(10, 50)) < entered < instant_at(demo.feed.day, time(10, 50, 12))


def test_both_winners_took_their_first_target(demo: Demo) -> None:
    exits = {order.instrument for _, order in demo.sent if order.role is Role.EXIT}
    assert {"SIM_EQ|AROVEN", "SIM_EQ|KAVERIX"} <= exits


def test_the_third_trade_is_closed_by_its_stop_at_a_loss(demo: Demo) -> None:
    closed = [trade for trade in demo.core.closed_trades if trade.instrument == "SIM_EQ|MERUDYN"]
    assert [trade.exit_reason for trade in closed] == ["stop"]
    assert closed[0].exit_value > closed[0].entry_value


def test_look_alikes_are_refused_each_for_its_own_reason(demo: Demo) -> None:
    refused = [
        (decision.instrument, decision.code)
        for decision in demo.core.signals
        if decision.state is DecisionState.REFUSED
    ]
    assert ("SIM_EQ|SURYOTI", "PROBE_TOO_FAR") in refused
    assert ("SIM_FO|SIMDEX 26000 CE", "OPTION_SHORT") in refused
    assert any(key == "SIM_FO|SIMDEX FUT" for key, _ in refused)
