import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.side import Side
from engine.performance.trade import ClosedTrade
from tests.performance.builders import MONDAY, make_trade


@pytest.mark.parametrize("side", Side)
def test_gross_net_and_r_follow_from_the_values(side: Side) -> None:
    trade = make_trade(1_500, side=side, charges=200)
    assert (trade.gross, trade.net, trade.r) == (1_700, 1_500, 1.5)
    assert (trade.won, trade.initial_risk) == (True, 1_000)
    assert trade.day == MONDAY


def test_a_result_of_nought_is_no_win() -> None:
    assert not make_trade(0).won


def test_without_a_known_risk_there_is_no_r() -> None:
    assert make_trade(5, risk=None).r is None
    assert make_trade(5, risk=-10).r is None


@given(net=st.integers(-(10**9), 10**9), side=st.sampled_from(Side))
def test_a_trade_survives_storage(net: int, side: Side) -> None:
    trade = make_trade(net, side=side)
    assert msgspec.json.decode(msgspec.json.encode(trade), type=ClosedTrade) == trade
