"""Packets as the market stream's protobuf frames, with the SDK's own messages."""

from collections.abc import Iterable, Mapping

from engine.market.clock import MILLISECOND, Instant
from engine.market.frames import feed_messages
from engine.market.packet import Candle, FullFeed, Ltpc, MarketFeed, Quote, RecordedPacket
from tests.fake_upstox.shapes import Message

MODES = ("ltpc", "option_greeks", "full", "full_d30")
_NUMBERS = {"ltpc": 0, "full": 1, "option_greeks": 2, "full_d30": 3}


def feed_frame(kind: str, packets: Mapping[str, tuple[RecordedPacket, str]], sent: Instant) -> Message:
    """Return a FeedResponse of packets by key, each in its subscription's mode."""
    messages = feed_messages()
    response = messages.FeedResponse(type=messages.Type.Value(kind), currentTs=sent // MILLISECOND)
    for key, (packet, mode) in packets.items():
        _fill_feed(response.feeds[key], packet, mode)
    return response


def market_info(
    sent: Instant,
    segments: Mapping[str, str],
    closing_auction: Mapping[str, tuple[str, Instant]],
    pre_open: Mapping[str, tuple[str, Instant]],
) -> Message:
    """Return the frame that tells the segments' states."""
    messages = feed_messages()
    response = messages.FeedResponse(type=messages.Type.Value("market_info"), currentTs=sent // MILLISECOND)
    for segment, status in segments.items():
        response.marketInfo.segmentStatus[segment] = messages.MarketStatus.Value(status)
    for table, target in (
        (closing_auction, response.marketInfo.casMarketStatus),
        (pre_open, response.marketInfo.preOpenSessionStatus),
    ):
        for segment, (status, since) in table.items():
            target[segment].status = status
            target[segment].updatedTime = since // MILLISECOND
    return response


def _fill_feed(feed: Message, packet: RecordedPacket, mode: str) -> None:
    feed.requestMode = _NUMBERS[mode]
    full = packet.fullFeed or FullFeed()
    ltpc = _ltpc_of(full)
    if mode == "ltpc":
        _fill_ltpc(feed.ltpc, ltpc)
        return
    if full.marketFF is None:
        index = feed.fullFeed.indexFF
        _fill_ltpc(index.ltpc, ltpc)
        if full.indexFF is not None:
            _fill_candles(index.marketOHLC, full.indexFF.marketOHLC.ohlc)
        return
    if mode == "option_greeks":
        _fill_first_level(feed.firstLevelWithGreeks, full.marketFF)
        return
    _fill_market(feed.fullFeed.marketFF, full.marketFF)


def _fill_market(target: Message, market: MarketFeed) -> None:
    if market.ltpc.ltp or market.ltpc.ltt:
        _fill_ltpc(target.ltpc, market.ltpc)
    target.marketLevel.SetInParent()
    for quote in market.marketLevel.bidAskQuote:
        _fill_quote(target.marketLevel.bidAskQuote.add(), quote)
    target.optionGreeks.SetInParent()
    _fill_greeks(target.optionGreeks, market)
    _fill_candles(target.marketOHLC, market.marketOHLC.ohlc)
    target.atp, target.vtt, target.oi = market.atp, market.vtt, market.oi
    target.tbq, target.tsq = market.tbq, market.tsq
    target.iep, target.ieq = market.iep, market.ieq
    target.iiqTotal, target.iiqM = market.iiqTotal, market.iiqM


def _fill_first_level(target: Message, market: MarketFeed) -> None:
    _fill_ltpc(target.ltpc, market.ltpc)
    for quote in market.marketLevel.bidAskQuote[:1]:
        _fill_quote(target.firstDepth, quote)
    _fill_greeks(target.optionGreeks, market)
    target.vtt, target.oi = market.vtt, market.oi


def _fill_greeks(target: Message, market: MarketFeed) -> None:
    greeks = market.optionGreeks
    target.delta, target.theta, target.gamma, target.vega = (
        greeks.delta,
        greeks.theta,
        greeks.gamma,
        greeks.vega,
    )


def _fill_ltpc(target: Message, ltpc: Ltpc) -> None:
    target.ltp, target.ltt, target.ltq, target.cp = ltpc.ltp, ltpc.ltt, ltpc.ltq, ltpc.cp
    if ltpc.iep is not None:
        target.iep.value = ltpc.iep


def _fill_quote(target: Message, quote: Quote) -> None:
    target.bidQ, target.bidP, target.askQ, target.askP = quote.bidQ, quote.bidP, quote.askQ, quote.askP


def _fill_candles(target: Message, candles: Iterable[Candle]) -> None:
    target.SetInParent()
    for candle in candles:
        target.ohlc.add(
            interval=candle.interval,
            open=candle.open,
            high=candle.high,
            low=candle.low,
            close=candle.close,
            vol=candle.vol,
            ts=candle.ts,
        )


def _ltpc_of(full: FullFeed) -> Ltpc:
    if full.marketFF is not None:
        return full.marketFF.ltpc
    return full.indexFF.ltpc if full.indexFF is not None else Ltpc()
