"""The material: a simulated day as decoded updates and as the broker's protobuf frames."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time

from config import Settings
from engine.auction.values.levels import PriorLevels
from engine.feeds.simulator import open_simulator
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Message, feed_messages, updates_from_frame
from engine.market.clock import MILLISECOND, MINUTE, instant_at
from engine.market.instrument import Instrument
from engine.market.price import rupees_of
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate

OPEN = time(9, 15)


class SimulatedDay:
    """The first minutes of a simulated day from the open, held in memory."""

    def __init__(self, settings: Settings, minutes: int) -> None:
        feed = open_simulator(settings.simulator, start=OPEN)
        self.settings = settings
        self.day: date = feed.day
        self.identity = feed.identity
        self.instruments: Mapping[str, Instrument] = feed.instruments
        self.opening = instant_at(feed.day, OPEN)
        self.updates: list[MarketUpdate] = []
        end = self.opening + minutes * MINUTE
        while (update := feed.read()) is not None and update.arrival < end:
            if update.arrival > self.opening:
                self.updates.append(update)

    def frames(self) -> list[bytes]:
        """Return every update as one live frame of its own: the dearest way to be sent."""
        return [frame_of(update) for update in self.updates]


class HeldFeed:
    """A pulled feed over updates held in memory or decoded on the way."""

    def __init__(self, day: SimulatedDay, updates: Iterable[MarketUpdate]) -> None:
        self.day = day.day
        self.identity = day.identity
        self.instruments = day.instruments
        self.seeds: tuple[InstrumentSeed, ...] = ()
        self.prior: Mapping[str, PriorLevels] = {}
        self.rejected: Mapping[str, int] = {}
        self.truncated: tuple[str, ...] = ()
        self.last_arrival: int | None = day.updates[-1].arrival
        self._updates = iter(updates)

    def read(self) -> MarketUpdate | None:
        """Return the next update, or None at the end."""
        return next(self._updates, None)


def decoded(frames: Sequence[bytes], day: SimulatedDay) -> Iterator[MarketUpdate]:
    """Yield the updates of frames; each takes its arrival from the day it was made of."""
    decoder = PacketDecoder({key: instrument.tick for key, instrument in day.instruments.items()})
    for frame, update in zip(frames, day.updates, strict=True):
        found = updates_from_frame(frame, update.arrival, decoder).updates
        if len(found) != 1:
            raise RuntimeError(f"expected one update in a frame, got {len(found)}")
        yield found[0]


def frame_of(update: MarketUpdate) -> bytes:
    """Return an update as the broker's protobuf frame."""
    encoded: bytes = response_of([update]).SerializeToString()
    return encoded


def response_of(updates: Sequence[MarketUpdate]) -> Message:
    """Return updates of as many instruments as one FeedResponse of the broker."""
    response = feed_messages().FeedResponse()
    response.type = 1
    response.currentTs = updates[-1].arrival // MILLISECOND
    for update in updates:
        _fill(response.feeds[update.instrument], update)
    return response


def _fill(feed: Message, update: MarketUpdate) -> None:
    feed.requestMode = 1
    market = feed.fullFeed.marketFF
    market.ltpc.ltp = rupees_of(update.last)
    market.ltpc.ltt = update.trade_time // MILLISECOND
    market.ltpc.ltq = update.last_quantity
    market.ltpc.cp = rupees_of(update.previous_close)
    for (bid, bid_size), (ask, ask_size) in zip(update.bids, update.asks, strict=True):
        market.marketLevel.bidAskQuote.add(
            bidP=rupees_of(bid), bidQ=bid_size, askP=rupees_of(ask), askQ=ask_size
        )
    _add_bar(market, "1d", update.day)
    _add_bar(market, "I1", update.minute)
    market.atp = rupees_of(update.average_price or 0)
    market.vtt = update.volume
    market.tbq = float(update.total_buy or 0)
    market.tsq = float(update.total_sell or 0)
    if update.open_interest is not None:
        market.oi = float(update.open_interest)


def _add_bar(market: object, interval: str, bar: Bar | None) -> None:
    if bar is None:
        return
    ohlc = market.marketOHLC.ohlc  # type: ignore[attr-defined]
    ohlc.add(
        interval=interval,
        open=rupees_of(bar.open),
        high=rupees_of(bar.high),
        low=rupees_of(bar.low),
        close=rupees_of(bar.close),
        vol=bar.volume,
        ts=bar.start // MILLISECOND,
    )
