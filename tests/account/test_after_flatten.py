"""An engine that comes back after ``cockpit flatten`` knows whose orders closed its position."""

import pytest

from engine.orders.external_fills import CLOSED_BY_FLATTEN
from tests.account.live import LIVE, enter, make_ready
from tests.account.stage import begin, settings_of, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A


@pytest.mark.parametrize("mode", [(), LIVE], ids=["paper", "live"])
def test_what_flatten_closed_without_an_engine_is_said_to_be_closed_by_it(
    home: Outside, market_at_ten: RunningFake, mode: tuple[str, ...]
) -> None:
    engine = begin(home, market_at_ten, *mode)
    if mode:
        make_ready(engine, market_at_ten)
        enter(engine, market_at_ten)
    else:
        settle(engine, market_at_ten)
        engine.enter(EQ_A)
    engine.kill_process()
    assert home.run("flatten", *settings_of(market_at_ten, *mode)).returncode == 0
    again = begin(home, market_at_ten, *mode)

    def told() -> list[str]:
        return [line.text for line in again.view().events]

    closed = "its stop was turned into an exit by phone or by cockpit flatten" if mode else CLOSED_BY_FLATTEN
    wait_until(
        lambda: any(f"flat ({closed})" in text for text in told()),
        lambda: f"the closing {told()}",
        15,
    )
    assert mode or any("an order of cockpit flatten: SELL" in text for text in told())
    assert not any("not ours" in text for text in told())
    assert not any("pre-flight says no-go" in text for text in told())
    waits = "entries paused: waiting for pre-flight: the checks before trading are being made"
    assert waits in told()
