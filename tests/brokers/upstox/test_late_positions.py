"""Closing without an engine while the list of positions lags behind the orders: nothing is closed twice."""

import time

import pytest

from engine.brokers.upstox.offline_close import flatten_account
from tests.brokers.upstox.small_broker import holding
from tests.upstox.loopback import Received, success
from tests.upstox.stand import client_of

POSITIONS = "/v2/portfolio/short-term-positions"
HELD = ("NSE_EQ|INE000", "NSE_EQ|INE001")


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("lag", [0.5, 1.0, 2.5])
def test_positions_that_lag_are_not_closed_twice(lag: float) -> None:
    broker = holding(2)
    told = [(0.0, broker.positions())]
    began = [number(broker.net(key)) for key in HELD]
    reversed_once = False

    def late(request: Received) -> bytes | None:
        nonlocal reversed_once
        now = time.monotonic()
        told.append((now, broker.positions()))
        nets = [number(broker.net(key)) for key in HELD]
        reversed_once = reversed_once or any(net * first < 0 for net, first in zip(nets, began, strict=True))
        if request.path != POSITIONS:
            return None
        return success([rows for at, rows in told if at <= now - lag][-1])

    broker.faults.append(late)
    with broker.serve() as server:
        report = flatten_account(client_of(server.url, sleep=time.sleep), patience=30.0)
    assert not reversed_once
    assert (report.flat, report.exits, [broker.net(key) for key in HELD]) == (True, 2, [0, 0])
