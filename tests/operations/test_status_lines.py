"""The lines of a status say what the screen says."""

import pytest

from engine.market.figures import rupees
from engine.market.price import average_price
from engine.status import describe
from engine.status.money_words import limit_words, position_words


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
    assert f"NSE_EQ|STOCK at {rupees(told)}, no stop" in describe(status, "")


LIMITS = {"day_loss_limit": 50_000.0, "stopped_for_day": False}


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (28_521.0, "nothing of it is used, the engine counts +28,521.00"),
        (0.0, "nothing of it is used, the engine counts 0.00"),
        (-28_521.0, "the engine counts 28,521.00 of it as lost"),
    ],
)
def test_a_profit_is_not_worded_as_a_loss(result: float, says: str) -> None:
    words = limit_words({**LIMITS, "day_result": result})
    assert words == f"the day's loss may come to 50,000.00; {says}"


def test_the_accounts_result_is_worded_like_ours_with_its_parts_signed() -> None:
    risk = {
        **LIMITS,
        "day_result": 500.0,
        "account_result": -1_500.0,
        "account_loss_limit": 60_000.0,
        "ours": 500.0,
        "outside": -2_000.0,
    }
    assert limit_words(risk).endswith(
        "; the account's loss may come to 60,000.00; the engine counts 1,500.00 of it as lost (ours +500.00 + outside "
        "−2,000.00)"
    )


def test_the_brokers_own_blend_is_called_that() -> None:
    position = {"quantity": 17, "instrument": "A", "average_price": 100.05, "stop": None}
    mixed = {
        "average_of": "ours",
        "ours": {"quantity": 10, "average_price": 100.05, "pnl": 1.0},
        "outside_quantity": 7,
        "broker_average_price": 101.2,
    }
    told = position_words({**position, **mixed})
    assert told == "  +17 A at 100.05 (ours +10, others +7; the broker's own blend of all 101.20), no stop"
    assert "(the broker's own average)" in position_words({**position, "average_of": "broker"})
    assert position_words(position) == "  +17 A at 100.05, no stop"
