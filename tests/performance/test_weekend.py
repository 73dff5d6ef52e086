"""The weekend's figures, worked by hand."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from engine.performance.measured import measured
from engine.performance.trade import ClosedTrade
from engine.performance.weekend import weekend_values
from tests.performance.builders import ACCOUNT, MONDAY, make_trade


def told(*trades: ClosedTrade, days: int = 1) -> dict[str, Any]:
    accounts: dict[date, int] = {MONDAY + timedelta(days=number): ACCOUNT for number in range(days)}
    return weekend_values([(one, measured(one)) for one in trades], accounts)


def at(day: int, net: int, **others: object) -> ClosedTrade:
    return msgspec.structs.replace(make_trade(net, day=MONDAY + timedelta(days=day)), **others)


def test_a_setup_on_a_type_of_day_is_a_cell_of_its_own() -> None:
    found = told(at(0, 1_000, day_type="TREND"), at(0, -500, day_type="TREND"), at(0, 300, day_type="NORMAL"))
    assert found["setup_by_day_type"] == [
        {"setup": "failed auction", "day_type": "NORMAL", "n": 1, "net": 3.0, "mean_r": 0.3, "r_n": 1},
        {"setup": "failed auction", "day_type": "TREND", "n": 2, "net": 5.0, "mean_r": 0.25, "r_n": 2},
    ]


def test_winners_tell_how_far_they_went_against_us_and_what_of_their_way_was_kept() -> None:
    # R is 10.00 on ten units: a worst mark of 999.50 is half an R, a best one of 1,002.00 two.
    found = told(
        at(0, 900, worst=99_950, best=100_200),
        at(0, 400, worst=99_980, best=100_100),
        at(0, -900, worst=99_900, best=100_300),
    )
    assert found["winners_mae_r"] == {"median": 0.35, "ninth_decile": 0.5, "n": 2}
    # 10.00 and 5.00 before charges, of 20.00 and 10.00.
    assert found["mfe_captured"] == {"share": 0.5, "n": 2}


def test_the_fall_that_stands_is_told_beside_the_worst_and_what_such_days_make() -> None:
    nets = (1_000, -3_000, 2_500, -400)
    found = told(*(at(number, net) for number, net in enumerate(nets)), days=4)["drawdown"]
    assert found == {"now": 9.0, "worst": 30.0, "expected": None, "seldom_deeper": None, "days": 4}
    # Days that only lose fall by their sum in every order.
    losing = told(*(at(number, -100) for number in range(12)), days=12)["drawdown"]
    assert (losing["now"], losing["worst"]) == (12.0, 12.0)
    assert (losing["expected"], losing["seldom_deeper"]) == (12.0, 12.0)


def test_a_record_is_told_once_more_without_its_largest_trade() -> None:
    found = told(at(0, 9_000, id="huge"), at(0, -500), at(0, 100))["without_largest"]
    assert (found["id"], found["r"], found["n"], found["net"]) == ("huge", 9.0, 2, -4.0)
    assert found["expectancy_r"] == pytest.approx(-0.2)
    assert told(make_trade(5, risk=None))["without_largest"] is None


def test_of_nothing_everything_is_undefined() -> None:
    found = told()
    assert found["half_hours"] == {}
    assert found["winners_mae_r"]["n"] == found["mfe_captured"]["n"] == 0
    assert (found["mfe_captured"]["share"], found["without_largest"]) == (None, None)
