"""More updates than any market sends: the subscribed instruments' last packets again, stepped, at a fixed rate."""

import asyncio
import time
from itertools import cycle

import msgspec

from engine.feeds.wire.packet import FullFeed, RecordedPacket, TradableFeed
from engine.market.clock import MILLISECOND, Instant
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.market import Quote
from tests.fake_upstox.tape import TapeItem

_STEP = 0.02
_TRADE_AGE: Instant = 600
"""Milliseconds from a trade to its packet, as on the tape."""


def start_burst(broker: Broker, rate: float, seconds: float) -> None:
    """Send ``rate`` updates a second, spread over what is subscribed, for some seconds of wall time."""
    task = asyncio.get_running_loop().create_task(_burst(broker, rate, seconds))
    broker.tasks.add(task)
    task.add_done_callback(broker.tasks.discard)


async def _burst(broker: Broker, rate: float, seconds: float) -> None:
    keys = sorted({key for subscriber in broker.feed.subscribers for key in subscriber.modes})
    if not keys:
        return
    turn = cycle(keys)
    started = time.monotonic()
    sent = 0
    while sent < round(rate * seconds):
        due = min(round(rate * seconds), round(rate * (time.monotonic() - started))) - sent
        while due > 0:
            moment = broker.agenda.moment
            group = [
                _stepped(broker, moment, broker.market.quote(next(turn)), sent + place)
                for place in range(min(due, len(keys)))
            ]
            broker.tell(group)
            sent += len(group)
            due -= len(group)
        await asyncio.sleep(_STEP)


def _stepped(broker: Broker, moment: Instant, quote: Quote, number: int) -> TapeItem:
    packet, key = quote.packet, quote.listing.key
    feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
    if feed is not None:
        broker.market.added[key] = broker.market.added.get(key, 0) + quote.listing.lot
        packet = _moved(packet, feed, quote, moment // MILLISECOND - _TRADE_AGE, number)
    return TapeItem(moment, key, packet)


def _moved(
    packet: RecordedPacket, feed: TradableFeed, quote: Quote, milliseconds: int, number: int
) -> RecordedPacket:
    step = (number % 3 - 1) * quote.listing.tick
    ltpc = msgspec.structs.replace(
        feed.ltpc,
        ltp=round((quote.last + step) / 100, 2),
        ltt=max(milliseconds, feed.ltpc.ltt),
        ltq=quote.listing.lot,
    )
    moved = msgspec.structs.replace(feed, ltpc=ltpc, vtt=feed.vtt + quote.listing.lot)
    return msgspec.structs.replace(packet, fullFeed=FullFeed(marketFF=moved))
