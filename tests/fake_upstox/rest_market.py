"""Market data by REST: candles, quotes, status, timings, holidays."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

from engine.market.calendar import load_calendar
from engine.market.clock import MILLISECOND, datetime_of, instant_at, isoformat
from tests.fake_upstox.candles import (
    candle_rows,
    earlier_days,
    gathered,
    minutes_of,
    todays_minutes,
)
from tests.fake_upstox.errors import bad
from tests.fake_upstox.expiries import is_trading_day
from tests.fake_upstox.kernel import Call, Reply, Route, success
from tests.fake_upstox.market import Level, Quote
from tests.fake_upstox.packets import rupees

_UNITS = {"minutes": 300, "hours": 5, "days": 1, "weeks": 1, "months": 1}
_SPANS = {"minutes": 31, "hours": 92, "days": 3_653, "weeks": 3_653, "months": 3_653}
_FINE_MINUTES = 15
_QUARTER = 92
_MOST_KEYS = 500
_MOST_GREEKS = 50
_EVENING = time(18, 0), time(19, 0)
"""Hours of a special session that the exchange has not told yet."""
_NAMES = {
    date(2025, 12, 25): "Christmas",
    date(2026, 1, 26): "Republic Day",
    date(2026, 3, 3): "Holi",
    date(2026, 11, 10): "Diwali Balipratipada",
    date(2026, 11, 24): "Guru Nanak Jayanti",
    date(2026, 12, 25): "Christmas",
}
_CLOSED = ["NSE", "NFO", "CDS", "BSE", "BFO", "BCD"]


def historical(call: Call) -> Reply:
    """Tell candles of finished days; the day under way is not among them."""
    quote = quote_of(call, call.parts["key"])
    unit, interval = _interval(call)
    to = day_of(call.parts["to"])
    since = day_of(call.parts["since"]) if "since" in call.parts else None
    if since is not None and since > to:
        raise bad("UDAPI1146", "The 'from' date is after the 'to' date", "from_date")
    span = _QUARTER if unit == "minutes" and interval > _FINE_MINUTES else _SPANS[unit]
    if since is not None and (to - since).days > span:
        raise bad("UDAPI1148", "The date range is above what the interval allows", "from_date")
    rows = earlier_days(quote, call.broker.day)
    if unit in ("minutes", "hours"):
        rows = [minute for row in rows for minute in minutes_of(quote, row)]
    chosen = [
        row
        for row in gathered(rows, unit, interval)
        if (since or date.min) <= datetime_of(row[0]).date() <= to
    ]
    return success({"candles": candle_rows(chosen)})


def intraday(call: Call) -> Reply:
    """Tell today's candles: minutes when they are over, longer ones while they form."""
    quote = quote_of(call, call.parts["key"])
    unit, interval = _interval(call)
    rows = todays_minutes(quote, call.broker.day, call.broker.agenda.moment)
    return success({"candles": candle_rows(gathered(rows, unit, interval))})


def _interval(call: Call) -> tuple[str, int]:
    unit = call.parts["unit"]
    if unit not in _UNITS:
        raise bad("UDAPI100042", "The unit is invalid", "unit", unit)
    text = call.parts["interval"]
    if not text.isdigit() or not 1 <= int(text) <= _UNITS[unit]:
        raise bad("UDAPI100043", "The interval is invalid", "interval", text)
    return unit, int(text)


def day_of(text: str) -> date:
    """Return the date of a path's part; raise ApiError for another text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad("UDAPI1147", "The date must be YYYY-MM-DD", "to_date", text) from None


def quote_of(call: Call, key: str) -> Quote:
    """Return a listed instrument's quote; raise ApiError for another key."""
    if "|" not in key:
        raise bad("UDAPI1087", "Invalid instrument key format", "instrument_key", key)
    if key not in call.broker.listings:
        raise bad("UDAPI100011", "Invalid Instrument key", "instrument_key", key)
    return call.broker.market.quote(key)


def each_quote(
    call: Call,
    tell: Callable[[Call, Quote], dict[str, Any]],
    parameter: str = "instrument_key",
    most: int = _MOST_KEYS,
) -> Reply:
    """Answer for each instrument of a comma list, under the names that the broker uses for them."""
    keys = [key for key in call.query.get(parameter, "").split(",") if key]
    if not keys:
        raise bad("UDAPI1026", f"The '{parameter}' is required", parameter)
    if len(keys) > most:
        raise bad("UDAPI1028", f"More than {most} instrument keys", parameter)
    data = {}
    for key in keys:
        quote = quote_of(call, key)
        data[f"{quote.listing.segment}:{quote.listing.symbol.replace(' ', '')}"] = tell(call, quote)
    return success(data)


def last_prices(call: Call) -> Reply:
    """Tell last prices."""
    return each_quote(call, _last_price)


def _last_price(_call: Call, quote: Quote) -> dict[str, Any]:
    return {
        "last_price": rupees(quote.last),
        "instrument_token": quote.listing.key,
        "ltq": quote.traded_quantity,
        "volume": quote.volume,
        "cp": rupees(quote.previous_close),
    }


def bars(call: Call) -> Reply:
    """Tell the bar under way and the one before."""
    if call.query.get("interval") not in ("1d", "I1", "I30"):
        raise bad("UDAPI1027", "The interval is invalid", "interval", call.query.get("interval"))
    return each_quote(call, _bar)


def _bar(call: Call, quote: Quote) -> dict[str, Any]:
    row = {
        "open": rupees(quote.open),
        "high": rupees(quote.high),
        "low": rupees(quote.low),
        "close": rupees(quote.last),
        "volume": quote.volume,
        "ts": instant_at(call.broker.day, time(0)) // MILLISECOND,
    }
    return {
        "last_price": rupees(quote.last),
        "instrument_token": quote.listing.key,
        "prev_ohlc": None,
        "live_ohlc": row,
    }


def greeks(call: Call) -> Reply:
    """Tell an option's greeks."""
    return each_quote(
        call,
        lambda one, quote: (
            _last_price(one, quote) | {"iv": 0.1067, "delta": 0.5, "theta": -16.9, "gamma": 0.0}
        ),
        most=_MOST_GREEKS,
    )


def full_quotes(call: Call) -> Reply:
    """Tell everything about instruments, circuit limits included."""
    return each_quote(call, full_row)


def full_row(call: Call, quote: Quote) -> dict[str, Any]:
    """Return the full quote's row."""
    feed = quote.packet.fullFeed.marketFF if quote.packet.fullFeed is not None else None
    auction = quote.listing.auction and call.broker.schedule.has_auction
    return _last_price(call, quote) | {
        "ohlc": {
            "open": rupees(quote.open),
            "high": rupees(quote.high),
            "low": rupees(quote.low),
            "close": rupees(quote.last),
        },
        "depth": {"buy": _depth(quote.bids), "sell": _depth(quote.asks)},
        "timestamp": isoformat(call.broker.clock.told()),
        "symbol": quote.listing.symbol,
        "average_price": feed.atp if feed is not None else 0.0,
        "oi": feed.oi if feed is not None else 0.0,
        "net_change": rupees(quote.last - quote.previous_close),
        "total_buy_quantity": feed.tbq if feed is not None else 0.0,
        "total_sell_quantity": feed.tsq if feed is not None else 0.0,
        "lower_circuit_limit": rupees(quote.lower),
        "upper_circuit_limit": rupees(quote.upper),
        "last_trade_time": str(quote.traded // MILLISECOND),
        "oi_day_high": 0.0,
        "oi_day_low": 0.0,
        "prev_close_price": rupees(quote.previous_close),
        "year_high": rupees(quote.previous_close * 13 // 10),
        "year_low": rupees(quote.previous_close * 7 // 10),
        "previous_oi": None,
        "indicative_equilibrium_price": None,
        "reference_price": rupees(quote.reference) if quote.reference_volume else None,
        "indicative_equilibrium_quantity": None,
        "indicative_imbalance_quantity_total": None,
        "indicative_imbalance_quantity_market": None,
        "cas_eligible": True if auction else None,
    }


def _depth(levels: list[Level]) -> list[dict[str, Any]]:
    rows = [{"quantity": level.left, "price": rupees(level.price), "orders": 3} for level in levels]
    return rows + [{"quantity": 0, "price": 0.0, "orders": 0}] * (5 - len(rows))


def market_status(call: Call) -> Reply:
    """Tell the exchange's state."""
    broker, moment = call.broker, call.broker.agenda.moment
    if call.parts["exchange"] not in ("NSE", "NFO", "BSE", "BFO"):
        raise bad("UDAPI1089", "The exchange is invalid", "exchange", call.parts["exchange"])
    segment = "NSE_FO" if call.parts["exchange"] in ("NFO", "BFO") else "NSE_EQ"
    status = broker.schedule.segment_statuses(moment)[segment]
    pre_open = broker.schedule.pre_open_status(moment)
    if pre_open is not None and status == "PRE_OPEN_START":
        status = pre_open[0]
    if broker.market.halted & {"NSE", segment}:
        status = "NORMAL_CLOSE"
    data: dict[str, Any] = {
        "exchange": call.parts["exchange"],
        "status": status,
        "last_updated": moment // MILLISECOND,
    }
    auction = broker.schedule.auction_status(moment)
    if auction is not None:
        data["cas_eligible_status"] = {"status": auction[0], "last_updated": auction[1] // MILLISECOND}
    return success(data)


def timings(call: Call) -> Reply:
    """Tell a day's hours; nothing for a day without a session."""
    day = day_of(call.parts["date"])
    if not is_trading_day(day):
        return success([])
    return success([_hours(name, day) for name in ("NSE", "NFO", "BSE", "BFO")])


def _hours(exchange: str, day: date) -> dict[str, Any]:
    special = load_calendar().special(day)
    late = exchange in ("NFO", "BFO") and day >= date(2026, 8, 3)
    usual = time(9, 15), time(15, 40) if late else time(15, 30)
    opened, closed = usual if special is None else special.hours or _EVENING
    return {
        "exchange": exchange,
        "start_time": instant_at(day, opened) // MILLISECOND,
        "end_time": instant_at(day, closed) // MILLISECOND,
    }


def holidays(call: Call) -> Reply:
    """Tell the year's holidays, or one day's."""
    wanted = day_of(call.parts["date"]) if "date" in call.parts else None
    calendar = load_calendar()
    rows = [_holiday(day) for day in sorted(calendar.holidays) if wanted in (None, day)]
    for day, special in sorted(calendar.specials.items()):
        if wanted in (None, day):
            hours = [_hours(name, day) for name in ("NSE", "NFO")]
            rows.append(_holiday(day) | {"holiday_type": "SPECIAL_TIMING", "description": special.name})
            rows[-1] |= {"closed_exchanges": [], "open_exchanges": hours}
    if wanted is None:
        rows = [row for row in rows if row["date"][:4] == str(call.broker.day.year)]
    return success(rows + call.broker.extra_holidays)


def _holiday(day: date) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "description": _NAMES.get(day, "Holiday"),
        "holiday_type": "TRADING_HOLIDAY",
        "closed_exchanges": _CLOSED,
        "open_exchanges": [],
    }


_CANDLES = "/v3/historical-candle"
ROUTES = [
    Route("GET", f"{_CANDLES}/intraday/{{key}}/{{unit}}/{{interval}}", "intraday_candles", intraday),
    Route("GET", f"{_CANDLES}/{{key}}/{{unit}}/{{interval}}/{{to}}/{{since}}", "candles", historical),
    Route("GET", f"{_CANDLES}/{{key}}/{{unit}}/{{interval}}/{{to}}", "candles", historical),
    Route("GET", "/v3/market-quote/ltp", "quotes_ltp", last_prices),
    Route("GET", "/v3/market-quote/ohlc", "quotes_ohlc", bars),
    Route("GET", "/v3/market-quote/option-greek", "quotes_greeks", greeks),
    Route("GET", "/v3/market-quote/quotes", "quotes", full_quotes),
    Route("GET", "/v2/market/status/{exchange}", "market_status", market_status),
    Route("GET", "/v2/market/timings/{date}", "timings", timings),
    Route("GET", "/v2/market/holidays", "holidays", holidays),
    Route("GET", "/v2/market/holidays/{date}", "holidays", holidays),
]
