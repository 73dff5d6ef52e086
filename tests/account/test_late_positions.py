"""The live engine while the broker's list of positions lags behind its orders, and a flatten after a flat."""

import pytest

from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, enter, held, live_orders, make_ready
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until
from tests.recordings import EQ_A


@pytest.fixture
def engine(home: Outside, market_at_ten: RunningFake) -> Engine:
    found = begin(home, market_at_ten, *LIVE)
    make_ready(found, market_at_ten)
    return found


def test_a_kill_never_reverses_while_positions_lag(engine: Engine, market_at_ten: RunningFake) -> None:
    enter(engine, market_at_ten)
    assert engine.press() is not None
    wait_until(lambda: held(market_at_ten) == 0, "the exit's fill")
    # From the last fill on, that is the exit's.
    market_at_ten.plant("stale-positions", seconds=1.0)
    engine.wait_latch(LatchFileState.FLAT)
    orders = market_at_ten.control("GET", "orders")
    assert [row["transaction_type"] for row in orders if row["filled_quantity"]] == ["BUY", "SELL"]
    assert (held(market_at_ten), live_orders(market_at_ten)) == (0, [])


def test_a_flatten_after_a_flat_asks_the_broker_again(
    home: Outside, engine: Engine, market_at_ten: RunningFake
) -> None:
    enter(engine, market_at_ten)
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    market_at_ten.plant("mute", stream="portfolio", seconds=20)
    by_phone = {"instrument_token": EQ_A, "quantity": 20, "transaction_type": "BUY", "order_type": "MARKET"}
    terms = {"product": "I", "price": 0, "trigger_price": 0, "market_protection": -1}
    market_at_ten.control("POST", "orders", by_phone | terms)
    wait_until(lambda: held(market_at_ten) == 20, "the fill by phone")
    done = home.run("flatten", *settings_of(market_at_ten, *LIVE))
    assert (done.returncode, held(market_at_ten)) == (0, 0)
