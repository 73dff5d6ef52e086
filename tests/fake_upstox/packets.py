"""Packets that no recording holds: the simulator's updates and standing books, in the broker's own shape."""

from engine.feeds.wire.packet import (
    BookDepth,
    FeedCandle,
    FullFeed,
    IndexFeed,
    Ltpc,
    MarketCandles,
    MarketLevel,
    OptionGreeks,
    RecordedPacket,
    TradableFeed,
)
from engine.market.clock import MILLISECOND, Instant
from engine.market.update import Bar, MarketUpdate
from tests.fake_upstox.listing import Listing

_LEVELS = 5


def rupees(paise: int) -> float:
    """Return paise as the broker's double."""
    return round(paise / 100, 2)


def packet_of_update(update: MarketUpdate, key: str) -> RecordedPacket:
    """Return the packet that says what an update says."""
    depth = max(len(update.bids), len(update.asks))
    levels = tuple(
        _level(update.bids[place : place + 1], update.asks[place : place + 1]) for place in range(depth)
    )
    candles = [_candle("1d", update.day)] if update.day is not None else []
    if update.minute is not None:
        candles.append(_candle("I1", update.minute))
    return RecordedPacket(
        fullFeed=FullFeed(
            marketFF=TradableFeed(
                ltpc=Ltpc(
                    ltp=rupees(update.last),
                    ltt=update.trade_time // MILLISECOND,
                    ltq=update.last_quantity,
                    cp=rupees(update.previous_close),
                ),
                marketLevel=MarketLevel(levels),
                marketOHLC=MarketCandles(tuple(candles)),
                atp=rupees(update.average_price or 0),
                vtt=update.volume,
                oi=float(update.open_interest or 0),
                tbq=float(update.total_buy or 0),
                tsq=float(update.total_sell or 0),
                iep=rupees(update.last) if update.auction else 0.0,
            )
        ),
        requestMode="full_d5",
        instrumentKey=key,
    )


def standing_packet(
    listing: Listing,
    last: int,
    volume: int,
    midnight: Instant,
    traded: Instant,
    *,
    locked: str | None = None,
) -> RecordedPacket:
    """Return the packet of an instrument that nothing moves: a trade at its price and a book around it.

    Locked at a limit the book has one side only, whose best price is the last.
    """
    ltpc = Ltpc(rupees(last), traded // MILLISECOND, listing.lot if volume else 0, rupees(listing.base))
    low, high = min(last, listing.base), max(last, listing.base)
    day = FeedCandle(
        "1d", rupees(listing.base), rupees(high), rupees(low), rupees(last), volume, midnight // MILLISECOND
    )
    if listing.kind == "INDEX":
        feed = FullFeed(indexFF=IndexFeed(ltpc=ltpc, marketOHLC=MarketCandles((day,))))
        return RecordedPacket(fullFeed=feed, requestMode="full_d5", instrumentKey=listing.key)
    size = listing.lot * 40 if listing.lot > 1 else 400
    levels = tuple(_standing_level(listing.tick, last, size, place, locked) for place in range(_LEVELS))
    greeks = OptionGreeks(0.5, -16.9, 0.0003, 48.4) if listing.kind in ("CE", "PE") else OptionGreeks()
    market = TradableFeed(
        ltpc=ltpc,
        marketLevel=MarketLevel(levels),
        optionGreeks=greeks,
        marketOHLC=MarketCandles((day,)),
        atp=rupees(last),
        vtt=volume,
        oi=float(listing.lot * 1_000) if listing.is_derivative else 0.0,
        tbq=0.0 if locked == "lower" else float(size * _LEVELS),
        tsq=0.0 if locked == "upper" else float(size * _LEVELS),
    )
    return RecordedPacket(
        fullFeed=FullFeed(marketFF=market), requestMode="full_d5", instrumentKey=listing.key
    )


def _standing_level(tick: int, last: int, size: int, place: int, locked: str | None) -> BookDepth:
    away = (place + (locked is None)) * tick
    bid, ask = rupees(max(tick, last - away)), rupees(last + away)
    if locked == "upper":
        return BookDepth(bidQ=size, bidP=bid)
    if locked == "lower":
        return BookDepth(askQ=size, askP=ask)
    return BookDepth(bidQ=size, bidP=bid, askQ=size, askP=ask)


def _level(bid: tuple[tuple[int, int], ...], ask: tuple[tuple[int, int], ...]) -> BookDepth:
    bid_price, bid_size = bid[0] if bid else (0, 0)
    ask_price, ask_size = ask[0] if ask else (0, 0)
    return BookDepth(bidQ=bid_size, bidP=rupees(bid_price), askQ=ask_size, askP=rupees(ask_price))


def _candle(interval: str, bar: Bar) -> FeedCandle:
    return FeedCandle(
        interval,
        rupees(bar.open),
        rupees(bar.high),
        rupees(bar.low),
        rupees(bar.close),
        bar.volume,
        bar.start // MILLISECOND,
    )
