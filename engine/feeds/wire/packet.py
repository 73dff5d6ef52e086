"""The broker's full-feed packet as recorded in JSON, in the broker's own field names.

The names equal those of the protobuf messages, so that one decoder reads both (source: Upstox market data feed V3).
Absent means zero, as on the wire; 64-bit integers come as strings and are read as integers.
"""

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant, instant_at
from engine.system.plain_text import kind_of

REQUEST_MODES: Final = frozenset({"", "ltpc", "full_d5", "option_greeks", "full_d30", "full"})
_DATE_LENGTH: Final = 10
_WHOLE_SECONDS: Final = 19
_MICROSECOND_DIGITS: Final = 6
_SECONDS_A_DAY: Final = 86_400


class Ltpc(msgspec.Struct, frozen=True, gc=False):
    """Last trade price, time and quantity, and previous close."""

    ltp: float = 0.0
    ltt: int = 0
    ltq: int = 0
    cp: float = 0.0
    iep: float | None = None


class BookDepth(msgspec.Struct, frozen=True, gc=False):
    """One depth of the book; zero fields are absent."""

    bidQ: int = 0
    bidP: float = 0.0
    askQ: int = 0
    askP: float = 0.0


class MarketLevel(msgspec.Struct, frozen=True):
    """The visible book, best first."""

    bidAskQuote: tuple[BookDepth, ...] = ()


class OptionGreeks(msgspec.Struct, frozen=True, gc=False):
    """Greeks of an option; all zero for anything else."""

    delta: float = 0.0
    theta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0


class FeedCandle(msgspec.Struct, frozen=True, gc=False):
    """A price bar: ``1d`` the day so far, ``I1`` the last completed minute."""

    interval: str = ""
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    vol: int = 0
    ts: int = 0


class MarketCandles(msgspec.Struct, frozen=True):
    """The bars of one packet."""

    ohlc: tuple[FeedCandle, ...] = ()


NO_LTPC: Final = Ltpc()
_NO_LEVEL: Final = MarketLevel()
_NO_GREEKS: Final = OptionGreeks()
_NO_CANDLES: Final = MarketCandles()


class TradableFeed(msgspec.Struct, frozen=True):
    """The full feed of a tradable instrument."""

    ltpc: Ltpc = NO_LTPC
    marketLevel: MarketLevel = _NO_LEVEL
    optionGreeks: OptionGreeks = _NO_GREEKS
    marketOHLC: MarketCandles = _NO_CANDLES
    atp: float = 0.0
    vtt: int = 0
    oi: float = 0.0
    tbq: float = 0.0
    tsq: float = 0.0
    iep: float = 0.0
    ieq: int = 0
    iiqTotal: int = 0
    iiqM: int = 0
    rp: float = 0.0
    """Reference price of the closing auction."""


class IndexFeed(msgspec.Struct, frozen=True):
    """The full feed of an index: no book, no volume."""

    ltpc: Ltpc = NO_LTPC
    marketOHLC: MarketCandles = _NO_CANDLES


class FullFeed(msgspec.Struct, frozen=True):
    """One of the two full feeds."""

    marketFF: TradableFeed | None = None
    indexFF: IndexFeed | None = None


class FirstLevel(msgspec.Struct, frozen=True):
    """The short feed with one depth and greeks."""

    ltpc: Ltpc = NO_LTPC
    firstDepth: BookDepth = BookDepth()
    optionGreeks: OptionGreeks = _NO_GREEKS
    vtt: int = 0
    oi: float = 0.0


class RecordedPacket(msgspec.Struct, frozen=True):
    """One recorded packet of one instrument."""

    fullFeed: FullFeed | None = None
    ltpc: Ltpc | None = None
    firstLevelWithGreeks: FirstLevel | None = None
    requestMode: str | int = ""
    instrumentKey: str = ""
    insertion_time: str = msgspec.field(name="_insertion_time", default="")

    @property
    def has_greeks(self) -> bool:
        """Whether the packet carries option greeks."""
        if self.fullFeed is not None and self.fullFeed.marketFF is not None:
            return self.fullFeed.marketFF.optionGreeks != _NO_GREEKS
        return self.firstLevelWithGreeks is not None and self.firstLevelWithGreeks.optionGreeks != _NO_GREEKS


def packet_of(record: Mapping[str, object]) -> RecordedPacket:
    """Return the packet of a JSON object; null means absent, numbers may be text; raise ValueError otherwise."""
    return msgspec.convert(_without_nulls(record), RecordedPacket, strict=False)


def packet_of_text(text: bytes) -> RecordedPacket:
    """Return the packet of one JSON text, NaN and Infinity read as such; raise ValueError when it is none."""
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError(f"expected named values, got {kind_of(record)}")
    return packet_of(record)


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


class ArrivalClock:
    """Reads recorded arrival times (Indian wall clock, the fraction sometimes missing) into instants."""

    __slots__ = ("_day", "_midnight")

    def __init__(self) -> None:
        self._day = ""
        self._midnight: Instant = 0

    def read(self, text: str) -> Instant:
        """Return the instant of ``YYYY-MM-DD HH:MM:SS[.ffffff]``; raise ValueError for anything else."""
        day = text[:_DATE_LENGTH]
        if day != self._day:
            self._midnight = instant_at(date.fromisoformat(day), time(0))
            self._day = day
        if text[10:11] not in (" ", "T") or text[13:14] != ":" or text[16:17] != ":":
            raise ValueError(f"expected YYYY-MM-DD HH:MM:SS, got {text!r}")
        fraction = text[_WHOLE_SECONDS:]
        digits = fraction[1:]
        if fraction and (fraction[0] != "." or not digits.isascii() or not digits.isdigit()):
            raise ValueError(f"expected a fraction of seconds, got {text!r}")
        seconds = int(text[11:13]) * 3_600 + int(text[14:16]) * 60 + int(text[17:19])
        if not 0 <= seconds < _SECONDS_A_DAY:
            raise ValueError(f"expected a time of day, got {text!r}")
        micro = int(digits[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")) if digits else 0
        return self._midnight + seconds * SECOND + micro
