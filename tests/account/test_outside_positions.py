"""What the account holds beside us, live: shown, left alone, and closed by the kill whether it is followed or not."""

from uuid import uuid4

from engine.contract.commands import Outcome, StopEngine
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, held, live_orders
from tests.account.phone import QUANTITY, buy_by_phone
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A, EQ_B


def test_the_kill_closes_a_position_in_an_instrument_that_nobody_follows(
    home: Outside, market_at_ten: RunningFake
) -> None:
    buy_by_phone(market_at_ten, EQ_B)
    engine = begin(home, market_at_ten, *LIVE, f"watchlist.instruments={EQ_A}")
    assert held(market_at_ten, EQ_B) == QUANTITY
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    assert (held(market_at_ten, EQ_B), live_orders(market_at_ten, EQ_B)) == (0, [])


def test_a_position_that_appears_in_an_instrument_that_nobody_follows_is_closed_by_the_kill_too(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE, f"watchlist.instruments={EQ_A}")
    buy_by_phone(market_at_ten, EQ_B)
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    assert (held(market_at_ten, EQ_B), live_orders(market_at_ten, EQ_B)) == (0, [])


def test_an_engine_may_be_stopped_once_the_phone_has_closed_what_the_phone_had_opened(
    home: Outside, market_at_ten: RunningFake
) -> None:
    buy_by_phone(market_at_ten, EQ_A)
    engine = begin(home, market_at_ten, *LIVE)
    wait_until(lambda: [row.setup for row in engine.view().positions] == ["EXTERNAL"], "the position to show")
    (refused,) = engine.ask(StopEngine("early"))
    assert refused.outcome is Outcome.REFUSED
    market_at_ten.control("POST", "positions/close", {"instrument_token": EQ_A})
    wait_until(lambda: not engine.view().positions, "the position to go")

    def stopped() -> bool:
        (answer,) = engine.ask(StopEngine(f"stop-{uuid4()}"))
        return answer.outcome is Outcome.ACCEPTED

    wait_until(stopped, "the engine to be let go", 20)
