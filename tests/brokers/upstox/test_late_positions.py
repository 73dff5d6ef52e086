"""Closing without an engine while the list of positions lags behind the orders: nothing is closed twice."""

import pytest

from engine.brokers.upstox.closing import flatten_account
from engine.brokers.upstox.standing import Scope
from engine.upstox.budget import Budget
from tests.brokers.upstox.test_closing import Wall, holding
from tests.upstox.loopback import Received, success
from tests.upstox.stand import client_of

POSITIONS = "/v2/portfolio/short-term-positions"
HELD = ("NSE_EQ|INE000", "NSE_EQ|INE001")


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("carried", [False, True], ids=["all at once", "one by one"])
@pytest.mark.parametrize("lag", [1.0, 2.5, 5.0])
def test_positions_that_lag_are_not_closed_twice(lag: float, *, carried: bool) -> None:
    broker = holding(2)
    if carried:
        # Outside the scope: exits leave one by one instead of all together.
        broker.carried["NSE_FO|51460", "D"] = 35
    wall = Wall()
    told = [(-99.0, broker.positions())]
    began = [number(broker.net(key)) for key in HELD]
    reversed_once = False

    def late(request: Received) -> bytes | None:
        nonlocal reversed_once
        told.append((wall.now, broker.positions()))
        nets = [number(broker.net(key)) for key in HELD]
        reversed_once = reversed_once or any(net * first < 0 for net, first in zip(nets, began, strict=True))
        if request.path != POSITIONS:
            return None
        return success([rows for at, rows in told if at <= wall.now - lag][-1])

    broker.faults.append(late)
    with broker.serve() as server:
        client = client_of(server.url, budget=Budget(wall, lambda: 0.5), sleep=wall.sleep, read=0.3)
        report = flatten_account(
            client, Scope.INTRADAY, patience=60.0, clock=wall.instant, monotonic=wall, sleep=wall.sleep
        )
    assert not reversed_once
    assert (report.flat, report.exits, [broker.net(key) for key in HELD]) == (True, 2, [0, 0])
