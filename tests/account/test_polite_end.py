"""An engine asked to end by a signal leaves nothing behind that is neither protected nor ours to find again."""

import os
import signal
import threading
from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.host.liveness import EngineState
from tests.account.live import LIVE, enter, held, live_orders, make_ready, stop_of, tagged_calls
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until
from tests.recordings import EQ_A


@pytest.fixture
def engine(home: Outside, market_at_ten: RunningFake) -> Engine:
    found = begin(home, market_at_ten, *LIVE)
    make_ready(found, market_at_ten)
    return found


def test_an_entry_that_fills_while_the_engine_ends_gets_its_stop_first(
    engine: Engine, market_at_ten: RunningFake
) -> None:
    market_at_ten.plant("delay", call="place", when="after", delay=1.0)
    asking = threading.Thread(
        target=lambda: engine.do(
            ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_A, Side.BUY)
        ),
        daemon=True,
    )
    asking.start()
    wait_until(lambda: tagged_calls(market_at_ten, "E"), "the entry to leave")
    os.kill(engine.pid, signal.SIGTERM)
    wait_until(lambda: engine.state is EngineState.NONE, "the engine's end")
    asking.join()
    if held(market_at_ten):
        assert stop_of(market_at_ten) is not None, live_orders(market_at_ten)
    else:
        assert live_orders(market_at_ten) == []


def test_an_entry_that_rests_is_cancelled_before_the_engine_ends(
    engine: Engine, market_at_ten: RunningFake
) -> None:
    market_at_ten.plant("partial", share=0.5, rest_after=60.0)
    engine.do(ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_A, Side.BUY))
    wait_until(lambda: held(market_at_ten), "a part of the entry")
    os.kill(engine.pid, signal.SIGTERM)
    wait_until(lambda: engine.state is EngineState.NONE, "the engine's end")
    assert held(market_at_ten) > 0
    assert stop_of(market_at_ten) is not None
    assert [order["status"] for order in live_orders(market_at_ten)] == ["trigger pending"]


def test_an_engine_terminated_twice_ends_once_and_leaves_its_stop(
    engine: Engine, market_at_ten: RunningFake
) -> None:
    enter(engine, market_at_ten)
    pid = engine.pid
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
    wait_until(lambda: engine.state is EngineState.NONE, "the engine's end")
    assert stop_of(market_at_ten) is not None, live_orders(market_at_ten)
    assert len({call["body"]["tag"] for call in market_at_ten.calls("place")}) == 2
