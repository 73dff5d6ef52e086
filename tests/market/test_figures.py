"""Figures in sentences read as an Indian trader writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.figures import decimal, grouped, rupees, signed_rupees, signed_units


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (99_999, "99,999"),
        (1_00_000, "1,00,000"),
        (12_34_567, "12,34,567"),
        (-1_23_45_67_890, "−1,23,45,67,890"),
    ],
)
def test_groups_are_of_two_beyond_the_first_thousand(number: int, told: str) -> None:
    assert grouped(number) == told


def test_amounts_have_two_decimals_and_their_sign() -> None:
    assert (rupees(1_23_456_50), rupees(-5), signed_rupees(0), signed_rupees(-1_00)) == (
        "1,23,456.50",
        "−0.05",
        "0.00",
        "−1.00",
    )


@given(st.integers(-(10**15), 10**15))
def test_no_digit_is_lost_or_added(amount: int) -> None:
    assert int(rupees(amount).replace(",", "").replace(".", "").replace("−", "-")) == amount


@given(st.integers(-(10**13), 10**13))
def test_rupees_keep_every_paisa(paise: int) -> None:
    text = rupees(paise).replace(",", "").replace("−", "-")
    whole, cents = text.split(".")
    assert abs(int(whole)) * 100 + int(cents) == abs(paise)
    assert text.startswith("-") == (paise < 0)


@pytest.mark.parametrize(
    ("paise", "text"), [(49, "0"), (50, "1"), (-50, "−1"), (386_358, "3,864"), (None, "?")]
)
def test_whole_rupees_round_half_up_away_from_zero(paise: int | None, text: str) -> None:
    assert rupees(paise, 0) == text


@pytest.mark.parametrize(("units", "text"), [(1_300, "+1,300"), (-120, "−120"), (0, "0")])
def test_a_quantity_has_its_sign_and_nothing_is_neither(units: int, text: str) -> None:
    assert signed_units(units) == text


def test_what_is_no_money_has_the_same_minus() -> None:
    assert (decimal(-0.125, 3), decimal(0.5, 1), decimal(0.5, 1, plus=True)) == ("−0.125", "0.5", "+0.5")
