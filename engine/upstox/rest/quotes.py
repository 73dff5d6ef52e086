"""What the broker says about the market over REST: candles, quotes, hours, holidays and its status."""

from datetime import date

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.system.plain_text import kind_of
from engine.upstox.rest.fields import (
    FieldError,
    Row,
    flag,
    milliseconds,
    number,
    paise,
    row_of,
    rows_of,
    section,
    stamp_of,
    text,
    texts,
    whole,
)


class BrokerCandle(msgspec.Struct, frozen=True):
    """One bar by its opening instant, prices in paise. The broker's volume has overflowed below zero before."""

    start: Instant
    open: Paise
    high: Paise
    low: Paise
    close: Paise
    volume: int
    open_interest: int


class DepthLevel(msgspec.Struct, frozen=True):
    """One price of the book."""

    price: Paise
    quantity: int
    orders: int


class MarketQuote(msgspec.Struct, frozen=True):
    """A full quote of one instrument; None where the broker does not say."""

    instrument: str
    symbol: str
    last: Paise | None
    previous_close: Paise | None
    open: Paise | None
    high: Paise | None
    low: Paise | None
    volume: int | None
    average: Paise | None
    open_interest: float | None
    lower_circuit: Paise | None
    upper_circuit: Paise | None
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    last_trade_time: Instant | None
    auction_eligible: bool | None
    total_buy_quantity: int | None
    total_sell_quantity: int | None
    reference: Paise | None = None
    """Of the closing auction."""


class ListedHours(msgspec.Struct, frozen=True):
    """When an exchange is open on one day."""

    exchange: str
    start: Instant
    end: Instant


class Holiday(msgspec.Struct, frozen=True):
    """A day out of the ordinary. ``kind`` is TRADING_HOLIDAY, SETTLEMENT_HOLIDAY, SPECIAL_TIMING or a new word."""

    day: date
    description: str
    kind: str
    closed: tuple[str, ...]
    open: tuple[ListedHours, ...]


class MarketStatus(msgspec.Struct, frozen=True):
    """An exchange's status in the broker's word; ``auction`` is the closing auction's own, empty when not given."""

    exchange: str
    status: str
    updated: Instant | None
    auction: str

    @property
    def open(self) -> bool:
        """Whether continuous trading is on."""
        return self.status == "NORMAL_OPEN"


def candles_of(data: object) -> tuple[BrokerCandle, ...]:
    """Return bars, oldest first, each opening instant once; raise FieldError for an unreadable one."""
    rows = row_of(data, "candles").get("candles")
    if not isinstance(rows, list):
        raise FieldError(f"expected a list of candles, got {kind_of(rows)}")
    found = {candle.start: candle for candle in map(_candle, rows)}
    return tuple(found[start] for start in sorted(found))


def quotes_of(data: object) -> dict[str, MarketQuote]:
    """Return quotes by instrument key: the answer's own keys are symbols, which are not unique."""
    found = {}
    for row in row_of(data, "quotes").values():
        if isinstance(row, dict):
            quote = _quote(row)
            found[quote.instrument] = quote
    return found


def holidays_of(data: object) -> tuple[Holiday, ...]:
    """Return the listed days, oldest first."""
    rows = rows_of([data] if isinstance(data, dict) else data, "holidays")
    return tuple(sorted(map(_holiday, rows), key=lambda holiday: holiday.day))


def hours_of(data: object) -> tuple[ListedHours, ...]:
    """Return each exchange's hours of a day; none on a closed one."""
    return tuple(_hours(row) for row in rows_of(data, "timings"))


def status_of(data: object) -> MarketStatus:
    """Return an exchange's status."""
    row = row_of(data, "a market status")
    return MarketStatus(
        exchange=text(row, "exchange"),
        status=text(row, "status").upper(),
        updated=milliseconds(row, "last_updated"),
        auction=text(section(row, "cas_eligible_status"), "status"),
    )


def _candle(values: object) -> BrokerCandle:
    if not isinstance(values, list) or len(values) < 6:
        raise FieldError(f"expected [time, open, high, low, close, volume, ...], got {values!r}")
    start = stamp_of(values[0]) if isinstance(values[0], str) else None
    row = dict(zip(("open", "high", "low", "close", "volume", "oi"), values[1:], strict=False))
    prices = [paise(row, name) for name in ("open", "high", "low", "close")]
    if start is None or any(price is None for price in prices):
        raise FieldError(f"expected a candle with a time and four prices, got {values!r}")
    opened, high, low, close = (price or 0 for price in prices)
    return BrokerCandle(start, opened, high, low, close, whole(row, "volume") or 0, whole(row, "oi") or 0)


def _quote(row: Row) -> MarketQuote:
    bar, depth = section(row, "ohlc"), section(row, "depth")
    last, change = paise(row, "last_price"), paise(row, "net_change")
    close = paise(row, "prev_close_price")
    if close is None and last is not None and change is not None:
        close = last - change
    return MarketQuote(
        instrument=text(row, "instrument_token", "instrument_key"),
        symbol=text(row, "symbol", "trading_symbol"),
        last=last,
        previous_close=close,
        open=paise(bar, "open"),
        high=paise(bar, "high"),
        low=paise(bar, "low"),
        volume=whole(row, "volume"),
        average=paise(row, "average_price"),
        open_interest=number(row, "oi"),
        lower_circuit=paise(row, "lower_circuit_limit"),
        upper_circuit=paise(row, "upper_circuit_limit"),
        bids=_levels(depth.get("buy")),
        asks=_levels(depth.get("sell")),
        last_trade_time=milliseconds(row, "last_trade_time"),
        auction_eligible=flag(row, "cas_eligible"),
        total_buy_quantity=whole(row, "total_buy_quantity"),
        total_sell_quantity=whole(row, "total_sell_quantity"),
        reference=paise(row, "reference_price"),
    )


def _levels(levels: object) -> tuple[DepthLevel, ...]:
    rows = [row for row in levels if isinstance(row, dict)] if isinstance(levels, list) else []
    found = (
        DepthLevel(paise(row, "price") or 0, whole(row, "quantity") or 0, whole(row, "orders") or 0)
        for row in rows
    )
    return tuple(level for level in found if level.price > 0 and level.quantity > 0)


def _holiday(row: Row) -> Holiday:
    try:
        day = date.fromisoformat(text(row, "date")[:10])
    except ValueError:
        raise FieldError(f"expected a holiday's date, got {row.get('date')!r}") from None
    hours = row.get("open_exchanges")
    return Holiday(
        day=day,
        description=text(row, "description"),
        kind=text(row, "holiday_type").upper(),
        closed=texts(row, "closed_exchanges"),
        open=tuple(_hours(entry) for entry in hours if isinstance(entry, dict))
        if isinstance(hours, list)
        else (),
    )


def _hours(row: Row) -> ListedHours:
    start, end = milliseconds(row, "start_time"), milliseconds(row, "end_time")
    if start is None or end is None:
        raise FieldError(f"expected start_time and end_time in milliseconds, got {dict(row)!r}")
    return ListedHours(text(row, "exchange"), start, end)
