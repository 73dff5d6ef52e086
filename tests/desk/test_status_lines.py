"""The lines of a status say what the screen says."""

import pytest

from engine.market.price import average_price
from engine.standing import describe


@pytest.mark.parametrize(("value", "quantity"), [(327_895, 2), (204_825, 2), (204_821, 2), (491_842, 3)])
def test_an_average_is_rounded_in_the_status_as_on_the_screen(value: int, quantity: int) -> None:
    position = {
        "quantity": quantity,
        "instrument": "NSE_EQ|STOCK",
        "average_price": round(value / quantity / 100, 4),
        "stop": None,
    }
    status = {
        "world": "account",
        "mode": "paper",
        "stage": "PAPER",
        "engine": "none",
        "phase": None,
        "feed": {"source": None, "time": None},
        "book": {"state": "OPEN", "source": "ledger", "verified_at": None},
        "positions": [position],
        "orders": [],
        "pnl": {"net": None},
        "risk": {"account": None, "day_loss_limit": None, "stopped_for_day": None},
        "latch": None,
    }
    told = average_price(value, quantity)
    assert told is not None
    assert f"NSE_EQ|STOCK at {told // 100}.{told % 100:02d}, no stop" in describe(status, "")
