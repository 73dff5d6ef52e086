"""The interval of what setups earn before costs: the trades of a day stand together."""

import pytest

from benchmarks.edge import Outcome, interval, table
from engine.market.instrument import InstrumentClass


def outcome(seed: int, gross_r: float, setup: str = "failed auction") -> Outcome:
    return Outcome(seed, setup, InstrumentClass.STOCK, gross_r, 0.004, "stop")


def test_the_mean_is_over_trades() -> None:
    mean, _ = interval([outcome(1, 1.0), outcome(2, -1.0), outcome(2, -1.0), outcome(2, 2.0)])
    assert mean == pytest.approx(0.25)


def test_days_that_earn_the_same_leave_no_doubt_whatever_their_trades_did() -> None:
    _, half = interval([outcome(seed, r) for seed in range(5) for r in (-1.0, 1.0)])
    assert half == pytest.approx(0)


def test_trades_that_win_and_lose_together_widen_the_interval() -> None:
    apart = [outcome(seed, (-1.0) ** seed) for seed in range(40)]
    together = [outcome(seed // 4, (-1.0) ** (seed // 4)) for seed in range(40)]
    assert interval(together)[1] > 1.5 * interval(apart)[1]


def test_the_table_has_a_row_for_all_for_each_setup_and_for_each_class() -> None:
    rows = table([outcome(1, 1.0), outcome(2, -1.0, "value area fade")])
    assert [row[0] for row in rows] == ["trades", "all", "failed auction", "value area fade", "stock"]
