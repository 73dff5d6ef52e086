"""The broker's reads, one method each: rows, or CallFailed. A read that fails never looks like an empty list."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import config
from engine.market.price import rupees_of
from engine.upstox.rest import account, gtt, records
from engine.upstox.rest.address import AddressError, check_stream_address
from engine.upstox.rest.caller import Caller
from engine.upstox.rest.catalogue import API_VERSION, Catalogue
from engine.upstox.rest.fields import FieldError, row_of, text
from engine.upstox.rest.listed import Listed
from engine.upstox.rest.outcome import CallFailed, Done, InDoubt
from engine.upstox.rest.quotes import (
    BrokerCandle,
    Holiday,
    ListedHours,
    MarketQuote,
    MarketStatus,
    candles_of,
    holidays_of,
    hours_of,
    quotes_of,
    status_of,
)
from engine.upstox.rest.rate_limits import CallBudget, Kind, Purpose
from engine.upstox.rest.terms import NewOrder
from engine.upstox.rest.token import TokenSource
from engine.upstox.rest.transport import Transport

_T = TypeVar("_T")

QUOTES_LIMIT: Final = 500


class Reads:
    """Every read of one account. Synchronous, for any thread of our own, never for the loop."""

    def __init__(
        self,
        settings: config.UpstoxSettings,
        token: TokenSource,
        transport: Transport,
        budget: CallBudget,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._line = Caller(settings, token, transport, budget, sleep=sleep)

    @property
    def line(self) -> Caller:
        """The line that carries every call."""
        return self._line

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

    def positions(self, purpose: Purpose = Purpose.PROTECT) -> Listed[records.BrokerPositionRow]:
        """Return every position of the day, all products, closed rows where the broker lists them.

        What of the list did not read stands beside its rows, here and in the other lists: it is never absent.
        """
        return self._read(records.positions_of, purpose, self._calls.portfolio.get_positions, API_VERSION)

    def order_book(self, purpose: Purpose = Purpose.PROTECT) -> Listed[records.BrokerOrderRow]:
        """Return every order of the day, each once."""
        once = records.each_once
        return self._read(
            lambda data: once(records.orders_of(data)),
            purpose,
            self._calls.orders.get_order_book,
            API_VERSION,
        )

    def order_history(
        self, *, tag: str = "", order_id: str = "", purpose: Purpose = Purpose.PROTECT
    ) -> Listed[records.BrokerOrderRow]:
        """Return the states of the order with an id, or of all orders with a tag, as the broker lists them."""
        if bool(tag) == bool(order_id):
            raise ValueError("expected either a tag or an order id, got both or none")
        wanted = {"tag": tag} if tag else {"order_id": order_id}
        return self._read(
            records.orders_of, purpose, self._calls.orders.get_order_details, API_VERSION, **wanted
        )

    def order_details(self, order_id: str, purpose: Purpose = Purpose.PROTECT) -> records.BrokerOrderRow:
        """Return the newest state of one order."""
        call = self._calls.orders.get_order_status
        return self._read(
            lambda data: records.order_of(row_of(data, "an order")), purpose, call, order_id=order_id
        )

    def trades(self, order_id: str = "", purpose: Purpose = Purpose.PROTECT) -> Listed[records.TradeRow]:
        """Return the day's executions, or those of one order."""
        orders = self._calls.orders
        if order_id:
            return self._read(records.trades_of, purpose, orders.get_trades_by_order, order_id, API_VERSION)
        return self._read(records.trades_of, purpose, orders.get_trade_history, API_VERSION)

    def gtt_orders(self, purpose: Purpose = Purpose.ROUTINE) -> Listed[gtt.GttRow]:
        """Return the account's GTT orders that are not over; that the call lists all of them is not confirmed."""
        return self._read(gtt.gtts_of, purpose, self._calls.orders_v3.get_gtt_order_details)

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
    ) -> tuple[BrokerCandle, ...]:
        """Return historical bars, oldest first. The broker bounds the span: a month of 1- to 15-minute bars."""
        history, parts = self._calls.history, (instrument, unit, str(interval), to.isoformat())
        if from_ is None:
            return self._read(candles_of, Purpose.ROUTINE, history.get_historical_candle_data, *parts)
        call = history.get_historical_candle_data1
        return self._read(candles_of, Purpose.ROUTINE, call, *parts, from_.isoformat())

    def intraday_candles(self, instrument: str, unit: str, interval: int) -> tuple[BrokerCandle, ...]:
        """Return today's bars, oldest first. Bars of more than a minute may still be forming."""
        call = self._calls.history.get_intra_day_candle_data
        return self._read(candles_of, Purpose.ROUTINE, call, instrument, unit, str(interval))

    def holidays(self, day: date | None = None) -> tuple[Holiday, ...]:
        """Return the year's days out of the ordinary, or what one day is."""
        market = self._calls.market
        if day is None:
            return self._read(holidays_of, Purpose.ROUTINE, market.get_holidays)
        return self._read(holidays_of, Purpose.ROUTINE, market.get_holiday, day.isoformat())

    def timings(self, day: date) -> tuple[ListedHours, ...]:
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
        outcome = self._line.perform(Kind.READ, purpose, call, *parts, named=named)
        if not isinstance(outcome, Done):
            raise CallFailed(outcome)
        try:
            return parse(outcome.data)
        except (FieldError, AddressError) as error:
            raise CallFailed(InDoubt(f"an answer that cannot be read: {error}")) from error

    def _stream_address(self, data: object) -> str:
        row = row_of(data, "a stream's address")
        url = text(row, "authorized_redirect_uri", "authorizedRedirectUri")
        return check_stream_address(url, loopback_allowed=self._line.transport.loopback_allowed)
