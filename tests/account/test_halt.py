"""A halt of the exchange pauses entries exactly as long as it lasts, deaths of the engine included."""

from engine.core.entry_pauses import HALTED
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, banners, enter, held, live_orders, make_ready, stop_of, wait_held
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, say, wait_for, wait_until
from tests.recordings import EQ_A


def wait_kept(engine: Engine) -> None:
    """Wait until the halt is on disk, and with it the run's place behind it."""

    def halted_at() -> int | None:
        return next((time for _, time, payload in engine.facts("event") if HALTED in payload), None)

    engine.wait_time(wait_for(halted_at, "the halt on disk"))


def test_a_halt_that_ended_while_no_engine_ran_does_not_outlast_it(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    wait_until(lambda: not engine.view().header.trading.startswith("PAUSED"), "entries to be let go")
    market_at_ten.control("POST", "state", {"halted": ["NSE_EQ"]})
    wait_until(lambda: HALTED in engine.view().header.trading, "the halt")
    wait_kept(engine)
    engine.kill_process()
    market_at_ten.control("POST", "state", {"halted": []})
    engine = begin(home, market_at_ten)
    wait_until(lambda: not engine.view().header.trading.startswith("PAUSED"), "entries to go on", 15)


def test_a_halt_that_lasts_over_a_death_goes_on_pausing(home: Outside, market_at_ten: RunningFake) -> None:
    market_at_ten.control("POST", "state", {"halted": ["NSE_EQ"]})
    engine = begin(home, market_at_ten)
    wait_until(lambda: HALTED in engine.view().header.trading, "the halt")
    wait_kept(engine)
    engine.kill_process()
    engine = begin(home, market_at_ten)
    wait_until(lambda: HALTED in engine.view().header.trading, "the halt after a death", 15)
    market_at_ten.control("POST", "state", {"halted": []})
    wait_until(lambda: HALTED not in engine.view().header.trading, "the end of the halt", 15)


def test_a_kill_in_a_halt_is_held_says_so_everywhere_and_leaves_at_the_reopening(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE)
    make_ready(engine, market_at_ten)
    quantity = enter(engine, market_at_ten)
    wait_held(engine)
    market_at_ten.control("POST", "state", {"readings": {"halt_refuses": True}})
    market_at_ten.control("POST", "state", {"halted": ["NSE_EQ"]})
    wait_until(lambda: HALTED in engine.view().header.trading, "the halt")
    stop = stop_of(market_at_ten)
    before = len(market_at_ten.calls("modify")) + len(market_at_ten.calls("place"))
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.STUCK)
    record = engine.latch()
    assert record is not None
    assert record.detail == "HELD BY HALT"

    words = settings_of(market_at_ten, *LIVE)
    status = home.status(World.ACCOUNT)
    assert (status["latch"]["state"], status["latch"]["detail"]) == ("STUCK", "HELD BY HALT")
    (waiting,) = status["latch"]["waiting"]
    assert (waiting["instrument"], waiting["waits_for"], waiting["naked"]) == (EQ_A, "HELD BY HALT", False)
    assert status["positions"][0]["plight"]["advice"]
    told = home.run("status", *words).stdout
    say(told)
    assert "LATCH STUCK (HELD BY HALT)" in told
    assert "its exit leaves by itself when the exchange reopens" in told
    done = home.run("flatten", "--for", 3, *words)
    say(f"{done.stdout}{done.stderr}")
    assert done.returncode == 1
    assert "HELD BY HALT" in done.stdout + done.stderr
    assert (held(market_at_ten), stop_of(market_at_ten)) == (quantity, stop)
    assert len(market_at_ten.calls("modify")) + len(market_at_ten.calls("place")) == before, "no exit left"

    market_at_ten.control("POST", "state", {"halted": []})
    engine.wait_latch(LatchFileState.FLAT)
    assert held(market_at_ten) == 0
    assert home.status(World.ACCOUNT)["latch"]["detail"] is None


def test_a_kill_without_a_feed_in_a_halt_that_nobody_announced_keeps_its_stop_and_leaves_at_the_reopening(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE)
    make_ready(engine, market_at_ten)
    quantity = enter(engine, market_at_ten)
    wait_held(engine)
    market_at_ten.plant("refuse-connection", stream="market", times=0)
    market_at_ten.control("POST", "disconnect", {"stream": "market"})
    wait_until(lambda: any("market feed is down" in text for text in banners(engine)), "the lost feed")
    market_at_ten.control("POST", "state", {"readings": {"halt_refuses": True}})
    market_at_ten.control("POST", "state", {"halted": ["NSE", "NSE_EQ"]})
    wait_until(lambda: HALTED in engine.view().header.trading, "the broker's word of the halt", 20)
    stop = stop_of(market_at_ten)
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.STUCK)
    wait_until(lambda: market_at_ten.calls("modify"), "the one try")
    wait_until(lambda: live_orders(market_at_ten)[0]["status"] == "not modified", "its refusal")
    latch = engine.view().latch
    assert latch is not None
    assert latch.detail == ("HELD BY HALT",)
    assert stop is not None
    kept = [(row["order_id"], row["order_type"], row["trigger_price"]) for row in live_orders(market_at_ten)]
    assert kept == [(stop["order_id"], "SL", stop["trigger_price"])]
    assert held(market_at_ten) == quantity
    assert len(market_at_ten.calls("modify")) == 1
    market_at_ten.control("POST", "state", {"halted": []})
    engine.wait_latch(LatchFileState.FLAT)
    assert held(market_at_ten) == 0
