"""Marks of a live account without an engine: the exit side of the broker's own quotes, as the engine marks.

The last price of the broker's positions lies outside the quote in up to half of all updates. Where nobody stands on the
exit side the last price is what is left, and at the circuit the worse of it and the circuit.
"""

import msgspec

from engine.brokers.upstox.book_reader import WholeBook
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.readings import at_circuit
from engine.status.broker_day_result import class_of
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import MarketQuote
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.reads import QUOTES_LIMIT
from engine.upstox.rest.records import BrokerPositionRow


def marked(client: UpstoxClient, book: WholeBook) -> tuple[WholeBook, str]:
    """Return a book whose open positions are marked at their exit sides, and why some are not (else empty)."""
    keys = list(dict.fromkeys(row.instrument for row in book.positions if row.quantity))
    if not keys:
        return book, ""
    try:
        quotes = client.quotes(keys[:QUOTES_LIMIT], Purpose.KILL)
    except CallFailed as error:
        return book, f"marked at last prices, for the quotes could not be read: {error}"
    rows = tuple(
        msgspec.structs.replace(row, exit_price=exit_price(row, quotes.get(row.instrument)))
        for row in book.positions
    )
    missing = [row.symbol or row.instrument for row in rows if row.quantity and row.exit_price is None]
    names = ", ".join(dict.fromkeys(missing))
    problem = f"marked at the last price, for no quote told another: {names}" if names else ""
    return msgspec.structs.replace(book, positions=rows), problem


def exit_price(row: BrokerPositionRow, quote: MarketQuote | None) -> Paise | None:
    """Return what a position could be left at by a quote, paise; None where the quote does not say."""
    if quote is None or not row.quantity:
        return None
    side = Side.BUY if row.quantity > 0 else Side.SELL
    exits, own = (quote.bids, quote.asks) if side is Side.BUY else (quote.asks, quote.bids)
    if exits:
        return exits[0].price
    last, lower, upper = quote.last, quote.lower_circuit, quote.upper_circuit
    if last is None or lower is None or upper is None or class_of(row) is InstrumentClass.OPTION:
        return last
    band = PriceBand(lower, upper)
    if not at_circuit(side, (last, own[0].price if own else None), band, 1):
        return last
    return min(last, lower) if side is Side.BUY else max(last, upper)
