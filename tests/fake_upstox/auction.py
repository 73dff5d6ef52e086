"""What the feed tells of a stock in its closing auction, made from a tape that went on trading."""

import msgspec

from engine.feeds.wire.packet import FullFeed, RecordedPacket
from tests.fake_upstox.market import Quote, narrow_band, paise
from tests.fake_upstox.packets import rupees
from tests.fake_upstox.phases import Phase

_ENTRY = (Phase.AUCTION_ENTRY, Phase.AUCTION_LIMIT)
_SHARE = 8
_MARKET_SHARE = 4


def auction_packet(quote: Quote, packet: RecordedPacket, phase: Phase) -> RecordedPacket | None:
    """Return the packet that is told in the auction: the last trade stands, the tape's price is indicative.

    None while nothing is told. Packets that already speak of an auction pass.
    """
    feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
    stood = quote.packet.fullFeed.marketFF if quote.packet.fullFeed is not None else None
    if feed is None or stood is None or feed.iep:
        return packet
    if phase not in _ENTRY:
        return None
    lower, upper = narrow_band(quote)
    indicative = min(upper, max(lower, paise(feed.ltpc.ltp)))
    imbalance = round(feed.tbq - feed.tsq)
    told = msgspec.structs.replace(
        stood,
        marketLevel=feed.marketLevel,
        tbq=feed.tbq,
        tsq=feed.tsq,
        iep=rupees(indicative),
        ieq=round(min(feed.tbq, feed.tsq)) // _SHARE,
        iiqTotal=imbalance,
        iiqM=imbalance // _MARKET_SHARE,
        rp=rupees(quote.reference),
    )
    return msgspec.structs.replace(packet, fullFeed=FullFeed(marketFF=told))
