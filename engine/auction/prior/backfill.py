"""An earlier session rebuilt from its 1-minute candles, where no recording of ours is left."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.auction.prior.history import SessionProfile, close_session
from engine.auction.state.auctions import Auctions
from engine.market.candles import DailyRange, seed_from_minutes
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.quality import Quality
from engine.market.session import TradingDay
from engine.market.update import Bar, MarketUpdate
from engine.settings.sections import AuctionSections

SOURCE: Final = "CANDLES"


def session_from_minutes(
    instrument: Instrument,
    minutes: Sequence[Bar],
    day: TradingDay,
    settings: AuctionSections,
    *,
    previous_close: Paise,
    close: Paise | None = None,
    average_range: DailyRange | None = None,
) -> SessionProfile | None:
    """Return the ESTIMATED profile of a session that is over; None without minutes of it.

    ``close`` is the official one (of the daily candle); without it the last minute's close stands in.
    ``average_range`` gives the row its height where it stands on enough days, else the first half hour does.
    """
    opening, end = day.open(instrument.kind), day.close(instrument.kind)
    inside = [bar for bar in minutes if opening <= bar.start < end]
    seed = seed_from_minutes(instrument, inside, previous_close, average_range=average_range)
    if seed is None:
        return None
    market = Auctions({instrument.key: instrument}, day, settings)
    # The session as a whole carries the doubt: inside it the spread rows are the best there is.
    market.seed(msgspec.structs.replace(seed, estimated=False))
    market.apply(
        MarketUpdate(
            instrument=instrument.key,
            arrival=end,
            trade_time=end,
            last=seed.day.close if close is None else close,
            last_quantity=0,
            volume=seed.volume,
            previous_close=previous_close,
        )
    )
    session = close_session(market, instrument.key)
    if session is None:
        return None
    return msgspec.structs.replace(session, quality=Quality.ESTIMATED, source=SOURCE)
