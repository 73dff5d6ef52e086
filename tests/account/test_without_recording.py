"""A live account whose recording is lost: a death costs its trades their name, never their stop."""

import shutil

from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, enter, held, live_orders, make_ready, stop_of
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A


def test_a_death_leaves_the_stop_where_it_is_and_the_kill_closes_both(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten, *LIVE)
    make_ready(engine, market_at_ten)
    quantity = enter(engine, market_at_ten)
    stop = stop_of(market_at_ten)
    assert stop is not None
    engine.kill_process()
    shutil.rmtree(home.home.recordings)

    engine = begin(home, market_at_ten, *LIVE)
    wait_until(
        lambda: (
            [(row.instrument, row.quantity, row.setup) for row in engine.view().positions]
            == [(EQ_A, quantity, "EXTERNAL")]
        ),
        "the position as an outside one",
    )
    found = stop_of(market_at_ten)
    assert found is not None
    assert found["order_id"] == stop["order_id"]
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    assert (held(market_at_ten), live_orders(market_at_ten)) == (0, [])
