"""The broker's calls, one method each: reads return rows or raise CallFailed, writes return their Outcome.

Synchronous: for threads of our own, never for the loop. A read that fails never looks like an empty list.
"""

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import msgspec

import config
from engine.market.price import Paise, rupees_of
from engine.upstox import account, records
from engine.upstox.address import AddressError, check_stream_address
from engine.upstox.budget import Budget, Kind, Purpose
from engine.upstox.catalogue import API_VERSION, Catalogue
from engine.upstox.fields import FieldError, Row, row_of, rows_of, text, texts
from engine.upstox.line import Line
from engine.upstox.outcome import CallFailed, Done, InDoubt, Outcome
from engine.upstox.quotes import (
    Candle,
    Holiday,
    Hours,
    MarketQuote,
    MarketStatus,
    candles_of,
    holidays_of,
    hours_of,
    quotes_of,
    status_of,
)
from engine.upstox.token import TokenSource
from engine.upstox.transport import Transport

_T = TypeVar("_T")

BULK_LIMIT: Final = 10
"""Lines that one bulk call may carry (2026; older texts say 25, 50 or 200)."""

QUOTES_LIMIT: Final = 500
AUTOMATIC_PROTECTION: Final = -1.0
"""The broker's own band around a MARKET order; without any it is refused (UDAPI1158)."""


class NewOrder(msgspec.Struct, frozen=True):
    """An order to place: intraday, good for the day, no disclosed part. Prices in paise, units in whole lots."""

    instrument: str
    side: str
    order_type: str
    quantity: int
    price: Paise
    trigger_price: Paise
    tag: str
    product: str = records.INTRADAY
    slice: bool = False
    """Let the broker split above the freeze quantity; only where nobody here knows that quantity."""
    market_protection: float | None = None


class ChangedOrder(msgspec.Struct, frozen=True):
    """New terms for a live order; SL may become LIMIT."""

    order_id: str
    order_type: str
    quantity: int
    price: Paise
    trigger_price: Paise


class LineError(msgspec.Struct, frozen=True):
    """Why one line of a bulk call was not done."""

    code: str
    message: str
    order_id: str
    instrument: str


class Bulk(msgspec.Struct, frozen=True):
    """What a bulk call did, line by line; a line in neither list is in doubt."""

    order_ids: tuple[str, ...]
    errors: tuple[LineError, ...]


class UpstoxClient:
    """Every call we make of one account. Any thread may use it; the kill has one of its own."""

    def __init__(
        self,
        settings: config.Upstox,
        token: TokenSource,
        transport: Transport,
        budget: Budget,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._line = Line(settings, token, transport, budget, sleep=sleep)

    def prepare(self) -> None:
        """Do now what the first call would: import the broker's package and open both connections.

        Raises NotSentError when a host cannot be reached; the import is done then.
        """
        _ = self._line.catalogue
        self._line.warm()

    def warm(self) -> None:
        """Keep a connection to both hosts open; raises NotSentError."""
        self._line.warm()

    def close(self) -> None:
        """Close idle connections."""
        self._line.transport.close()

    def profile(self, purpose: Purpose = Purpose.ROUTINE) -> account.Profile:
        """Return whose account it is: the proof of a token."""
        return self._read(account.profile_of, purpose, self._calls.user.get_profile, API_VERSION)

    def funds(self, purpose: Purpose = Purpose.ROUTINE) -> account.Funds:
        """Return funds and margin; the broker answers between 05:30 and 24:00 IST only."""
        return self._read(account.funds_of, purpose, self._calls.user.get_user_fund_margin_v3)

    def static_ip(self, purpose: Purpose = Purpose.ROUTINE) -> account.StaticIp:
        """Return the addresses registered for order writes."""
        return self._read(account.static_ip_of, purpose, self._calls.user.get_user_ips)

    def kill_switch(self, purpose: Purpose = Purpose.ROUTINE) -> tuple[account.SegmentState, ...]:
        """Return the segments of the account and their locks."""
        return self._read(account.segments_of, purpose, self._calls.user.get_kill_switch)

    def positions(self, purpose: Purpose = Purpose.PROTECT) -> tuple[records.PositionRow, ...]:
        """Return every position of the day, all products, closed rows where the broker lists them."""
        return self._read(records.positions_of, purpose, self._calls.portfolio.get_positions, API_VERSION)

    def order_book(self, purpose: Purpose = Purpose.PROTECT) -> tuple[records.OrderRow, ...]:
        """Return every order of the day."""
        return self._read(records.orders_of, purpose, self._calls.orders.get_order_book, API_VERSION)

    def order_history(
        self, *, tag: str = "", order_id: str = "", purpose: Purpose = Purpose.PROTECT
    ) -> tuple[records.OrderRow, ...]:
        """Return the states of the order with an id, or of all orders with a tag, as the broker lists them."""
        if bool(tag) == bool(order_id):
            raise ValueError("expected either a tag or an order id, got both or none")
        wanted = {"tag": tag} if tag else {"order_id": order_id}
        return self._read(
            records.orders_of, purpose, self._calls.orders.get_order_details, API_VERSION, **wanted
        )

    def trades(self, order_id: str = "", purpose: Purpose = Purpose.PROTECT) -> tuple[records.TradeRow, ...]:
        """Return the day's executions, or those of one order."""
        orders = self._calls.orders
        if order_id:
            return self._read(records.trades_of, purpose, orders.get_trades_by_order, order_id, API_VERSION)
        return self._read(records.trades_of, purpose, orders.get_trade_history, API_VERSION)

    def quotes(
        self, instruments: Sequence[str], purpose: Purpose = Purpose.ROUTINE
    ) -> dict[str, MarketQuote]:
        """Return full quotes by instrument key; at most 500 instruments a call."""
        if not 0 < len(instruments) <= QUOTES_LIMIT:
            raise ValueError(f"expected 1 to {QUOTES_LIMIT} instruments, got {len(instruments)}")
        call = self._calls.quotes.get_full_market_quote_v3
        return self._read(quotes_of, purpose, call, instrument_key=",".join(instruments))

    def candles(
        self, instrument: str, unit: str, interval: int, to: date, from_: date | None = None
    ) -> tuple[Candle, ...]:
        """Return historical bars, oldest first. The broker bounds the span: a month of 1- to 15-minute bars."""
        history, parts = self._calls.history, (instrument, unit, str(interval), to.isoformat())
        if from_ is None:
            return self._read(candles_of, Purpose.ROUTINE, history.get_historical_candle_data, *parts)
        call = history.get_historical_candle_data1
        return self._read(candles_of, Purpose.ROUTINE, call, *parts, from_.isoformat())

    def intraday_candles(self, instrument: str, unit: str, interval: int) -> tuple[Candle, ...]:
        """Return today's bars, oldest first. Bars of more than a minute may still be forming."""
        call = self._calls.history.get_intra_day_candle_data
        return self._read(candles_of, Purpose.ROUTINE, call, instrument, unit, str(interval))

    def holidays(self, day: date | None = None) -> tuple[Holiday, ...]:
        """Return the year's days out of the ordinary, or what one day is."""
        market = self._calls.market
        if day is None:
            return self._read(holidays_of, Purpose.ROUTINE, market.get_holidays)
        return self._read(holidays_of, Purpose.ROUTINE, market.get_holiday, day.isoformat())

    def timings(self, day: date) -> tuple[Hours, ...]:
        """Return each exchange's hours of a day."""
        call = self._calls.market.get_exchange_timings
        return self._read(hours_of, Purpose.ROUTINE, call, day.isoformat())

    def market_status(self, exchange: str = "NSE", purpose: Purpose = Purpose.ROUTINE) -> MarketStatus:
        """Return an exchange's status."""
        return self._read(status_of, purpose, self._calls.market.get_market_status, exchange)

    def margin(self, orders: Sequence[NewOrder]) -> account.Margin:
        """Return the margin of at most 20 orders together."""
        models = self._calls.models
        lines = [
            models.Instrument(
                instrument_key=order.instrument,
                quantity=order.quantity,
                product=order.product,
                transaction_type=order.side,
                price=rupees_of(order.price),
            )
            for order in orders
        ]
        body = models.MarginRequest(instruments=lines)
        return self._read(account.margin_of, Purpose.ROUTINE, self._calls.charges.post_margin, body)

    def brokerage(self, order: NewOrder) -> account.Brokerage:
        """Return the charges of one order."""
        return self._read(
            account.brokerage_of,
            Purpose.ROUTINE,
            self._calls.charges.get_brokerage,
            order.instrument,
            order.quantity,
            order.product,
            order.side,
            rupees_of(order.price),
            API_VERSION,
        )

    def market_feed_authorize(self) -> str:
        """Return the single-use address of the market stream."""
        return self._read(
            self._stream_address, Purpose.PROTECT, self._calls.streams.get_market_data_feed_authorize_v3
        )

    def portfolio_feed_authorize(self) -> str:
        """Return the single-use address of the portfolio stream: order updates."""
        call = self._calls.streams.get_portfolio_stream_feed_authorize
        return self._read(self._stream_address, Purpose.PROTECT, call, API_VERSION)

    def place(self, order: NewOrder, purpose: Purpose = Purpose.ROUTINE) -> Outcome:
        """Place one order; Done carries its ids, several only with ``slice``."""
        outcome = self._write(purpose, self._calls.orders_v3.place_order, self._body(order))
        return _with_ids(outcome, lambda data: texts(row_of(data, "order ids"), "order_ids"))

    def modify(self, order: ChangedOrder, purpose: Purpose = Purpose.PROTECT) -> Outcome:
        """Change a live order; Done carries its id, and means received."""
        body = self._calls.models.ModifyOrderRequest(
            order_id=order.order_id,
            order_type=order.order_type,
            validity="DAY",
            quantity=order.quantity,
            price=rupees_of(order.price),
            trigger_price=rupees_of(order.trigger_price),
            disclosed_quantity=0,
        )
        return _with_ids(self._write(purpose, self._calls.orders_v3.modify_order, body), _one_id)

    def cancel(self, order_id: str, purpose: Purpose = Purpose.PROTECT) -> Outcome:
        """Cancel one order; Done carries its id, and means received."""
        return _with_ids(self._write(purpose, self._calls.orders_v3.cancel_order, order_id), _one_id)

    def multi_place(self, orders: Sequence[NewOrder], purpose: Purpose = Purpose.ROUTINE) -> Outcome:
        """Place at most 10 orders at once; Done carries a Bulk, its errors naming the tag as order id."""
        if not 0 < len(orders) <= BULK_LIMIT:
            raise ValueError(f"expected 1 to {BULK_LIMIT} orders, got {len(orders)}")
        lines = [self._body(order, correlation_id=str(line)) for line, order in enumerate(orders)]
        outcome = self._write(purpose, self._calls.orders.place_multi_order, lines, lines=len(lines))
        return _bulk(outcome, [order.tag for order in orders])

    def multi_cancel(
        self, *, tag: str = "", segment: str = "", purpose: Purpose = Purpose.PROTECT, lines: int = 1
    ) -> Outcome:
        """Cancel every live order of a tag or segment, or of the account, 10 a call; Done carries a Bulk.

        ``lines`` is how many orders it is expected to touch: they are paced as so many writes.
        """
        chosen = _chosen(tag, segment)
        call = self._calls.orders.cancel_multi_order
        return _bulk(self._write(purpose, call, lines=min(max(lines, 1), BULK_LIMIT), **chosen))

    def exit_all(
        self, *, tag: str = "", segment: str = "", purpose: Purpose = Purpose.KILL, lines: int = 1
    ) -> Outcome:
        """Close every position of the account, or of a segment, by protected market orders; Done carries a Bulk.

        It closes what is not ours too, and knows nothing of closers already out.
        """
        chosen = _chosen(tag, segment)
        call = self._calls.orders.exit_positions
        return _bulk(self._write(purpose, call, lines=min(max(lines, 1), BULK_LIMIT), **chosen))

    def set_kill_switch(self, segments: Sequence[str], *, enabled: bool) -> Outcome:
        """Lock (or unlock) segments at the broker for 12 hours; only when they are flat."""
        action = "DISABLE" if enabled else "ENABLE"
        request = self._calls.models.KillSwitchSegmentUpdateRequest
        body = [request(segment=segment, action=action) for segment in segments]
        return self._write(Purpose.KILL, self._calls.user.update_kill_switch, body)

    @property
    def _calls(self) -> Catalogue:
        return self._line.catalogue

    def _read(
        self,
        parse: Callable[[object], _T],
        purpose: Purpose,
        call: Callable[..., Any],
        *parts: object,
        **named: object,
    ) -> _T:
        outcome = self._line.perform(Kind.READ, purpose, call, *parts, lines=1, **named)
        if not isinstance(outcome, Done):
            raise CallFailed(outcome)
        try:
            return parse(outcome.data)
        except (FieldError, AddressError) as error:
            raise CallFailed(InDoubt(f"an answer that cannot be read: {error}")) from error

    def _write(
        self, purpose: Purpose, call: Callable[..., Any], *parts: object, lines: int = 1, **named: object
    ) -> Outcome:
        return self._line.perform(Kind.WRITE, purpose, call, *parts, lines=lines, **named)

    def _body(self, order: NewOrder, correlation_id: str = "") -> object:
        models = self._calls.models
        fields: dict[str, object] = {
            "quantity": order.quantity,
            "product": order.product,
            "validity": "DAY",
            "price": rupees_of(order.price),
            "tag": order.tag,
            "slice": order.slice,
            "instrument_token": order.instrument,
            "order_type": order.order_type,
            "transaction_type": order.side,
            "disclosed_quantity": 0,
            "trigger_price": rupees_of(order.trigger_price),
            "is_amo": False,
            "market_protection": order.market_protection,
        }
        if order.order_type not in ("LIMIT", "SL") and not order.market_protection:
            raise ValueError(f"expected a market protection for {order.order_type}, got none")
        if correlation_id:
            return models.MultiOrderRequest(correlation_id=correlation_id, **fields)
        return models.PlaceOrderV3Request(**fields)

    def _stream_address(self, data: object) -> str:
        row = row_of(data, "a stream's address")
        url = text(row, "authorized_redirect_uri", "authorizedRedirectUri")
        return check_stream_address(url, loopback_allowed=self._line.transport.loopback_allowed)


def _chosen(tag: str, segment: str) -> dict[str, str]:
    return {name: value for name, value in (("tag", tag), ("segment", segment)) if value}


def _one_id(data: object) -> tuple[str, ...]:
    found = text(row_of(data, "an order id"), "order_id")
    return (found,) if found else ()


def _with_ids(outcome: Outcome, ids_of: Callable[[object], tuple[str, ...]]) -> Outcome:
    """Return Done with the ids it names; a success without any proves nothing."""
    if not isinstance(outcome, Done):
        return outcome
    try:
        ids = ids_of(outcome.data)
    except FieldError as error:
        return InDoubt(f"a success that cannot be read: {error}")
    return Done(ids, outcome.envelope) if ids else InDoubt("a success without an order id")


def _bulk(outcome: Outcome, tags: Sequence[str] = ()) -> Outcome:
    if not isinstance(outcome, Done):
        return outcome
    data = outcome.data
    try:
        if isinstance(data, list):
            ids = tuple(text(row, "order_id") for row in rows_of(data, "order ids"))
        else:
            ids = texts(row_of(data, "order ids"), "order_ids") if data is not None else ()
    except FieldError as error:
        return InDoubt(f"a success that cannot be read: {error}")
    errors = outcome.envelope.get("errors")
    rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    found = tuple(_line_error(row, tags) for row in rows)
    return Done(Bulk(tuple(name for name in ids if name), found), outcome.envelope)


def _line_error(row: Row, tags: Sequence[str]) -> LineError:
    line = text(row, "correlation_id", "correlationId")
    named = tags[int(line)] if line.isdigit() and int(line) < len(tags) else text(row, "order_id", "orderId")
    return LineError(
        code=text(row, "error_code", "errorCode"),
        message=text(row, "message"),
        order_id=named,
        instrument=text(row, "instrument_key", "instrumentKey"),
    )
