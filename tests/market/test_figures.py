"""Figures in sentences read as an Indian trader writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.figures import grouped, rupees, signed_rupees


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (99_999, "99,999"),
        (1_00_000, "1,00,000"),
        (-12_34_567, "-12,34,567"),
    ],
)
def test_groups_are_of_two_beyond_the_first_thousand(number: int, told: str) -> None:
    assert grouped(number) == told


def test_amounts_have_two_decimals_and_their_sign() -> None:
    assert (rupees(1_23_456_50), rupees(-5), signed_rupees(0), signed_rupees(-1_00)) == (
        "1,23,456.50",
        "-0.05",
        "+0.00",
        "-1.00",
    )


@given(st.integers(-(10**15), 10**15))
def test_no_digit_is_lost_or_added(amount: int) -> None:
    assert int(rupees(amount).replace(",", "").replace(".", "")) == amount
