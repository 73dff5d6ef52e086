"""What of a stop's limit the exchange takes, after rounding."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.side import Side
from engine.risk.stop_limit import limit_within, taken_limit
from tests.risk.builders import OPTION, STOCK


@pytest.mark.parametrize(
    ("side", "wished", "taken"),
    [
        (Side.BUY, 97_000, 97_000),
        (Side.BUY, 96_990, 97_000),
        (Side.SELL, 103_000, 103_000),
        (Side.SELL, 103_010, 103_000),
    ],
)
def test_a_limit_lies_at_most_three_percent_from_its_trigger(side: Side, wished: int, taken: int) -> None:
    assert taken_limit(STOCK, side, 100_000, wished) == taken


def test_an_option_may_have_a_fifth() -> None:
    assert taken_limit(OPTION, Side.BUY, 10_000, 7_500) == 8_000


@given(
    side=st.sampled_from(Side),
    trigger=st.integers(1, 40_000).map(lambda ticks: ticks * 25),
    wished=st.integers(1, 40_000).map(lambda ticks: ticks * 25),
    option=st.booleans(),
)
def test_on_a_coarse_tick_it_is_rounded_towards_the_trigger(
    side: Side, trigger: int, wished: int, option: bool
) -> None:
    instrument = replace(OPTION if option else STOCK, tick=25)
    limit = taken_limit(instrument, side, trigger, wished)
    assert limit % 25 == 0
    assert limit > 0
    if (trigger - wished) * side.sign >= 0:
        assert 0 <= (trigger - limit) * side.sign * 100 <= (20 if option else 3) * trigger


def test_a_limit_never_reaches_nought() -> None:
    assert limit_within(Side.BUY, 10, 50, 5) == 5
