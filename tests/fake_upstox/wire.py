"""Packets as the market stream's protobuf frames: messages are the SDK's own, what repeats is encoded once."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from engine.feeds.wire.frames import feed_messages
from engine.feeds.wire.packet import BookDepth, FeedCandle, FullFeed, Ltpc, RecordedPacket, TradableFeed
from engine.market.clock import MILLISECOND, Instant
from tests.fake_upstox.shapes import Message

MODES = ("ltpc", "option_greeks", "full", "full_d30")
_NUMBERS = {"ltpc": 0, "full": 1, "option_greeks": 2, "full_d30": 3}
_KINDS = {"initial_feed": b"", "live_feed": b"\x08\x01"}
"""Field 1 of a frame; zero is absent on the wire."""
_VTT = b"\x30"
"""Field 6 of MarketFullFeed, a varint."""
_SHARED = 512
_VOLATILITY = 0.1067
"""Implied volatility of every option: recordings are read without it."""


class FeedEncoder:
    """Encodes packets; copies of one packet, and packets that share book and candles, cost next to nothing."""

    def __init__(self) -> None:
        self._whole: OrderedDict[tuple[int, str], tuple[FullFeed | None, bytes]] = OrderedDict()
        self._rest: dict[str, tuple[TradableFeed, bytes]] = {}
        self._messages = feed_messages()

    def feed(self, packet: RecordedPacket, mode: str) -> bytes:
        """Return one instrument's Feed in a subscription's mode."""
        name = id(packet.fullFeed), mode
        known = self._whole.get(name)
        # The cache holds the packet's feed, so that its identity is not given to another.
        if known is not None and known[0] is packet.fullFeed:
            return known[1]
        full = packet.fullFeed or FullFeed()
        if mode in ("full", "full_d30") and full.marketFF is not None:
            encoded = self._market(packet.instrumentKey, full.marketFF, _NUMBERS[mode])
        else:
            feed = self._messages.Feed()
            _fill_feed(feed, packet, mode)
            encoded = bytes(feed.SerializeToString())
        self._whole[name] = packet.fullFeed, encoded
        if len(self._whole) > _SHARED:
            self._whole.popitem(last=False)
        return encoded

    def _market(self, key: str, market: TradableFeed, mode: int) -> bytes:
        trade = self._messages.LTPC()
        _fill_ltpc(trade, market.ltpc)
        known = self._rest.get(key)
        if known is None or not _same_but_trade(known[0], market):
            rest = self._messages.MarketFullFeed()
            _fill_all_but_trade(rest, market)
            known = self._rest[key] = market, bytes(rest.SerializeToString())
        parts = [known[1]]
        if market.ltpc.ltp or market.ltpc.ltt:
            parts.append(_field(b"\x0a", trade.SerializeToString()))
        if market.vtt:
            parts.append(_VTT + varint(market.vtt))
        full = _field(b"\x0a", b"".join(parts))
        return _field(b"\x12", full) + (b"\x20" + varint(mode) if mode else b"")


def feed_frame(kind: str, feeds: Mapping[str, bytes], sent: Instant) -> bytes:
    """Return a FeedResponse of encoded feeds by key."""
    parts = [_KINDS[kind]]
    for key, feed in feeds.items():
        parts.append(_field(b"\x12", _field(b"\x0a", key.encode()) + _field(b"\x12", feed)))
    parts.append(b"\x18" + varint(sent // MILLISECOND))
    return b"".join(parts)


def varint(number: int) -> bytes:
    """Return a whole number as the wire writes it."""
    if 0 <= number < len(_SMALL):
        return _SMALL[number]
    return _varint(number + (1 << 64) if number < 0 else number)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


_SMALL = tuple(_varint(number) for number in range(4_096))
"""Lengths, mostly."""


def market_info(
    sent: Instant,
    segments: Mapping[str, str],
    closing_auction: Mapping[str, tuple[str, Instant]],
    pre_open: Mapping[str, tuple[str, Instant]],
) -> bytes:
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
    return bytes(response.SerializeToString())


def _field(tag: bytes, payload: bytes) -> bytes:
    return tag + varint(len(payload)) + payload


def _same_but_trade(one: TradableFeed, other: TradableFeed) -> bool:
    return (
        one.marketLevel is other.marketLevel
        and one.marketOHLC is other.marketOHLC
        and one.optionGreeks is other.optionGreeks
        and (one.atp, one.oi, one.tbq, one.tsq, one.iep)
        == (other.atp, other.oi, other.tbq, other.tsq, other.iep)
        and (one.ieq, one.iiqTotal, one.iiqM, one.rp) == (other.ieq, other.iiqTotal, other.iiqM, other.rp)
    )


def _fill_feed(feed: Message, packet: RecordedPacket, mode: str) -> None:
    feed.requestMode = _NUMBERS[mode]
    full = packet.fullFeed or FullFeed()
    ltpc = _ltpc_of(full)
    if mode == "ltpc":
        _fill_ltpc(feed.ltpc, ltpc)
    elif full.marketFF is not None:
        _fill_first_level(feed.firstLevelWithGreeks, full.marketFF)
    else:
        index = feed.fullFeed.indexFF
        _fill_ltpc(index.ltpc, ltpc)
        if full.indexFF is not None:
            _fill_candles(index.marketOHLC, full.indexFF.marketOHLC.ohlc)


def _fill_all_but_trade(target: Message, market: TradableFeed) -> None:
    target.marketLevel.SetInParent()
    for quote in market.marketLevel.bidAskQuote:
        _fill_quote(target.marketLevel.bidAskQuote.add(), quote)
    target.optionGreeks.SetInParent()
    _fill_greeks(target.optionGreeks, market)
    _fill_candles(target.marketOHLC, market.marketOHLC.ohlc)
    target.atp, target.oi = market.atp, market.oi
    target.iv = _volatility(market)
    target.tbq, target.tsq = market.tbq, market.tsq
    target.iep, target.ieq = market.iep, market.ieq
    target.iiqTotal, target.iiqM, target.rp = market.iiqTotal, market.iiqM, market.rp


def _fill_first_level(target: Message, market: TradableFeed) -> None:
    _fill_ltpc(target.ltpc, market.ltpc)
    for quote in market.marketLevel.bidAskQuote[:1]:
        _fill_quote(target.firstDepth, quote)
    _fill_greeks(target.optionGreeks, market)
    target.vtt, target.oi, target.iv = market.vtt, market.oi, _volatility(market)


def _volatility(market: TradableFeed) -> float:
    return _VOLATILITY if market.optionGreeks.delta else 0.0


def _fill_greeks(target: Message, market: TradableFeed) -> None:
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


def _fill_quote(target: Message, quote: BookDepth) -> None:
    target.bidQ, target.bidP, target.askQ, target.askP = quote.bidQ, quote.bidP, quote.askQ, quote.askP


def _fill_candles(target: Message, candles: Iterable[FeedCandle]) -> None:
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
