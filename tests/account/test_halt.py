"""A halt of the exchange pauses entries exactly as long as it lasts, deaths of the engine included."""

from engine.core.pauses import HALTED
from tests.account.stage import begin
from tests.desk.outside import Engine, Outside, wait_for, wait_until
from tests.fake_upstox.running import RunningFake


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
