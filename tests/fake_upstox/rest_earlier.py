"""Market data of the second version, and the search of instruments: served so that a log can prove who calls them."""

from datetime import date
from typing import Any

from engine.market.clock import datetime_of
from tests.fake_upstox.candles import candle_rows, earlier_days, gathered, minutes_of, todays_minutes
from tests.fake_upstox.errors import bad
from tests.fake_upstox.kernel import Call, Reply, Route, success
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.market import Quote
from tests.fake_upstox.packets import rupees
from tests.fake_upstox.rest_market import day_of, each_quote, full_row, quote_of

_INTERVALS = {
    "1minute": ("minutes", 1),
    "30minute": ("minutes", 30),
    "day": ("days", 1),
    "week": ("weeks", 1),
    "month": ("months", 1),
}
_PAGE = 30


def last_prices(call: Call) -> Reply:
    """Tell last prices."""
    return each_quote(call, _last, "symbol")


def _last(_call: Call, quote: Quote) -> dict[str, Any]:
    return {"last_price": rupees(quote.last), "instrument_token": quote.listing.key}


def bars(call: Call) -> Reply:
    """Tell the day's bar."""
    if call.query.get("interval") not in ("1d", "I1", "I30"):
        raise bad("UDAPI1027", "The interval is invalid", "interval", call.query.get("interval"))
    return each_quote(call, _bar, "symbol")


def _bar(call: Call, quote: Quote) -> dict[str, Any]:
    return {"ohlc": full_row(call, quote)["ohlc"], **_last(call, quote)}


def full_quotes(call: Call) -> Reply:
    """Tell everything about instruments."""
    return each_quote(call, full_row, "symbol")


def historical(call: Call) -> Reply:
    """Tell candles of finished days."""
    quote = quote_of(call, call.parts["key"])
    unit, interval = _interval(call)
    to = day_of(call.parts["to"])
    since = day_of(call.parts["since"]) if "since" in call.parts else date.min
    rows = [row for row in earlier_days(quote, call.broker.day) if since <= datetime_of(row[0]).date() <= to]
    if unit == "minutes":
        rows = [minute for row in rows for minute in minutes_of(quote, row)]
    return success({"candles": candle_rows(gathered(rows, unit, interval))})


def intraday(call: Call) -> Reply:
    """Tell today's candles."""
    quote = quote_of(call, call.parts["key"])
    unit, interval = _interval(call)
    rows = todays_minutes(quote, call.broker.day, call.broker.agenda.moment)
    return success({"candles": candle_rows(gathered(rows, unit, interval))})


def _interval(call: Call) -> tuple[str, int]:
    found = _INTERVALS.get(call.parts["interval"])
    if found is None:
        raise bad("UDAPI1020", "The interval is invalid", "interval", call.parts["interval"])
    return found


def search(call: Call) -> Reply:
    """Tell the instruments whose symbol or name contains every word, thirty a page at most."""
    words = call.query.get("query", "").upper().split()
    if not words:
        raise bad("UDAPI100042", "The 'query' is required", "query")
    segments = {name for name in call.query.get("segments", "").split(",") if name}
    kinds = {name for name in call.query.get("instrument_types", "").split(",") if name}
    found = [
        listing.row()
        for listing in call.broker.listings.values()
        if _fits(listing, words) and (not segments or listing.segment in segments)
        if not kinds or listing.kind in kinds
    ]
    size = min(_PAGE, int(call.query.get("records", _PAGE)))
    page = max(1, int(call.query.get("page_number", 1)))
    pages = -(-len(found) // size)
    told = {"page": {"page_number": page, "records": size, "total_records": len(found), "total_pages": pages}}
    return success(found[(page - 1) * size : page * size], metadata=told)


def _fits(listing: Listing, words: list[str]) -> bool:
    text = f"{listing.symbol} {listing.name}".upper()
    return all(word in text for word in words)


_CANDLES = "/v2/historical-candle"
ROUTES = [
    Route("GET", "/v2/market-quote/ltp", "quotes_ltp_v2", last_prices),
    Route("GET", "/v2/market-quote/ohlc", "quotes_ohlc_v2", bars),
    Route("GET", "/v2/market-quote/quotes", "quotes_v2", full_quotes),
    Route("GET", f"{_CANDLES}/intraday/{{key}}/{{interval}}", "intraday_candles_v2", intraday),
    Route("GET", f"{_CANDLES}/{{key}}/{{interval}}/{{to}}/{{since}}", "candles_v2", historical),
    Route("GET", f"{_CANDLES}/{{key}}/{{interval}}/{{to}}", "candles_v2", historical),
    Route("GET", "/v2/instruments/search", "search", search),
]
