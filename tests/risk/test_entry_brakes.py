"""Losses in a row and a peak given back, as pure values."""

from datetime import date

import pytest

from config import RiskSettings
from engine.market.price import Paise
from engine.risk.entry_brakes import Brakes
from engine.risk.limits import DayLimits, open_day, wished_limits

ACCOUNT = 1_000_000_00


def limits(**changes: float) -> DayLimits:
    return open_day(date(2026, 9, 14), ACCOUNT, wished_limits(RiskSettings.model_validate(changes)))


def after(nets: list[Paise], day: DayLimits) -> Brakes:
    state = Brakes()
    for net in nets:
        state = state.closed(net, day)
    return state


@pytest.mark.parametrize(
    ("nets", "pulled"),
    [
        ([-1, -1], False),
        ([-1, -1, -1], True),
        ([-1, -1, 5, -1, -1], False),
        ([-1, -1, 0, -1, -1], False),
        ([5, -1, -1, -1], True),
    ],
)
def test_three_losses_in_a_row_pull_the_brake_and_a_trade_that_lost_nothing_begins_anew(
    nets: list[Paise], pulled: bool
) -> None:
    assert bool(after(nets, limits()).pulled) is pulled


def test_the_number_of_losses_is_a_setting() -> None:
    assert after([-1], limits(pause_after_losses=1)).pulled == "a losing trade"
    assert not after([-1] * 4, limits(pause_after_losses=5)).pulled


def test_giving_back_forty_percent_of_the_peak_pulls_the_brake_to_the_paisa() -> None:
    day = limits()
    state = Brakes().marked(50_000_00, day)
    assert not state.marked(30_000_01, day).pulled
    assert state.marked(30_000_00, day).pulled == "40% of the day's peak of 50,000.00 was given back"


def test_a_peak_smaller_than_the_risk_of_one_trade_is_noise() -> None:
    day = limits()
    assert not Brakes().marked(day.budget - 1, day).marked(-5_000_00, day).pulled
    assert Brakes().marked(day.budget, day).marked(0, day).pulled


def test_the_first_reason_stays_until_a_person_resumes_and_then_counting_begins_anew() -> None:
    day = limits()
    pulled = after([-1, -1, -1], day)
    assert pulled.marked(50_000_00, day).marked(0, day).pulled == pulled.pulled
    resumed = pulled.marked(50_000_00, day).marked(0, day).released(12_000_00)
    assert resumed == Brakes(peak=12_000_00)
    assert not resumed.closed(-1, day).closed(-1, day).pulled


def test_resuming_something_else_keeps_the_count() -> None:
    state = after([-1, -1], limits()).marked(20_000_00, limits())
    assert state.released(5_000_00) == state
