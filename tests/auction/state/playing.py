"""An auction played packet by packet, and everything a packet could change in it."""

from config import ProfileSettings, Settings, StopSettings
from engine.auction.state.auctions import Auctions
from engine.market.update import MarketUpdate
from tests.auction.builders import (
    make_market,
)

SMALL_ROWS = Settings(profile=ProfileSettings(row=0.5), stop=StopSettings(atr_period=3))


def play(updates: list[MarketUpdate], chosen: Settings = SMALL_ROWS) -> Auctions:
    market = make_market(settings=chosen)
    for update in updates:
        market.apply(update)
    return market
