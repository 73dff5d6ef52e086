"""A kill that reaches an engine which cannot act yet is carried out all the same, whoever sent it."""

import subprocess

from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, enter, held, live_orders, make_ready
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import REPOSITORY, Outside, clean_environment, wait_until


def test_the_kill_key_pressed_while_an_engine_comes_back_closes_what_is_open(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE)
    make_ready(engine, market_at_ten)
    enter(engine, market_at_ten)
    engine.kill_process()
    market_at_ten.control("DELETE", "calls")
    market_at_ten.plant("hang", call="order_book", delay=30, times=0)
    words = home.argv("engine", "--world", World.ACCOUNT.value, *settings_of(market_at_ten, *LIVE))
    with subprocess.Popen(
        words, cwd=REPOSITORY, env=clean_environment(), stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: market_at_ten.calls("order_book"), "the engine to read the broker's book")
            market_at_ten.control("DELETE", "faults")
            assert engine.press() is not None
            wait_until(lambda: process.poll() is not None, "the engine to make way", 5.0)
        finally:
            process.kill()
    engine.wait_latch(LatchFileState.FLAT)
    assert (held(market_at_ten), live_orders(market_at_ten)) == (0, [])
