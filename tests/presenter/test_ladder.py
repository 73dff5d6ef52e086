"""The ladder marks today's levels and those of earlier sessions, as long as they may be traded against."""

import pytest

from config import ProfileSettings, Settings
from engine.auction.state.auctions import Auctions
from engine.contract.views import LadderView
from engine.market.clock import SECOND
from engine.market.session import trading_day
from engine.orders.quote import Quote
from engine.presenter.ladder import build_ladder
from tests.auction.builders import DAY, KEY, OPEN, STOCK, make_update
from tests.auction.prior.sessions import days_back, levels_of, session

PRIOR = {"PDH": 10_050, "PDL": 9_950, "PPOC": 10_000, "PVAH": 10_040, "PVAL": 9_980}


def ladder(previous_close: int) -> LadderView:
    """Return the ladder of a day from 99.50 to 100.50 after a session of the same range."""
    (before,) = days_back(1)
    prior = levels_of(
        session(before, low=9_950, high=10_050, value=(9_980, 10_000, 10_040)), previous_close=None
    )
    settings = Settings(profile=ProfileSettings(row=0.1))
    market = Auctions({KEY: STOCK}, trading_day(DAY, settings.session), settings, {KEY: prior})
    for number, price in enumerate((10_020, 10_050, 10_010)):
        market.apply(
            make_update(
                OPEN + number * SECOND,
                price,
                number,
                average_price=10_030,
                previous_close=previous_close,
            )
        )
    return build_ladder(
        market.context(KEY), market.auction(KEY).rows(), Quote(bids=((9_950, 1),)), (), settings.profile, 2
    )


@pytest.mark.parametrize(("previous_close", "marked"), [(10_000, True), (9_000, False)])
def test_levels_of_the_session_before_stand_beside_their_row_while_they_are_ready(
    previous_close: int, marked: bool
) -> None:
    rows = {row.price: row.marks for row in ladder(previous_close).rows}
    for name, price in PRIOR.items():
        assert (name in rows[price]) is marked
    assert "HIGH" in rows[10_050]


def test_the_average_price_shown_is_the_brokers_own() -> None:
    assert ladder(10_000).vwap == 10_030
