"""Market frames as a broker's bad day sends them: missing parts, fields of tomorrow, impossible prices."""

import math
from collections.abc import Callable
from typing import Any

from engine.feeds.wire.frames import feed_messages
from tests.fake_upstox.faults import Fault, Faults
from tests.fake_upstox.shapes import Message

_UNKNOWN_NUMBER = 17
_UNKNOWN_FIELD = b"\xc2\x3e\x07unknown"
"""Field 1000, seven bytes of text: no version of the schema has it."""


def distort(frame: bytes, faults: Faults) -> bytes:
    """Return the frame that goes out instead of a good one."""
    if faults.quiet:
        return frame
    if any(faults.standing(name, stream="market") is not None for name in _CHANGES):
        message = feed_messages().FeedResponse.FromString(frame)
        for name, change in _CHANGES.items():
            fault = faults.take(name, stream="market") if _fits(name, message) else None
            if fault is not None:
                change(message, fault)
        frame = bytes(message.SerializeToString())
    if faults.take("unknown-field", stream="market") is not None:
        frame += _UNKNOWN_FIELD
    return frame


def _fits(name: str, message: Message) -> bool:
    return name == "unknown-enum" or bool(message.feeds)


def _market_feeds(message: Message, fault: Fault) -> list[Any]:
    wanted = fault.facts.get("key")
    return [
        feed.fullFeed.marketFF
        for key, feed in message.feeds.items()
        if feed.WhichOneof("FeedUnion") == "fullFeed" and wanted in (None, key)
    ]


def _drop_ltpc(message: Message, fault: Fault) -> None:
    for market in _market_feeds(message, fault):
        market.ClearField("ltpc")


def _add_auction_fields(message: Message, fault: Fault) -> None:
    for market in _market_feeds(message, fault):
        market.ltpc.iep.value = market.ltpc.ltp
        market.iep, market.rp = market.ltpc.ltp, market.ltpc.ltp
        market.ieq, market.iiqTotal, market.iiqM = 1_250, 310, 40
        market.casEligible = True


def _use_unknown_enum(message: Message, fault: Fault) -> None:
    where = fault.facts.get("where", "type")
    if where == "status":
        message.marketInfo.segmentStatus["NSE_EQ"] = _UNKNOWN_NUMBER
    elif where == "mode":
        for feed in message.feeds.values():
            feed.requestMode = _UNKNOWN_NUMBER
    else:
        message.type = _UNKNOWN_NUMBER


def _spoil_price(message: Message, fault: Fault) -> None:
    factor = {"zero": 0.0, "nan": math.nan, "times-ten": 10.0, "negative": -1.0}[
        str(fault.facts.get("kind", "zero"))
    ]
    for market in _market_feeds(message, fault):
        market.ltpc.ltp *= factor


def _turn_time_back(message: Message, fault: Fault) -> None:
    for market in _market_feeds(message, fault):
        market.ltpc.ltt -= round(fault.value("back", 5.0) * 1_000)
        market.vtt = max(0, market.vtt - round(fault.value("volume", 100)))


_CHANGES: dict[str, Callable[[Any, Fault], None]] = {
    "without-ltpc": _drop_ltpc,
    "auction-fields": _add_auction_fields,
    "unknown-enum": _use_unknown_enum,
    "bad-tick": _spoil_price,
    "old-trade-time": _turn_time_back,
}
