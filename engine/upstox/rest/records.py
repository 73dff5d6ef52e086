"""Orders, trades and positions as the broker lists them: its own words, money in paise, quantities in units."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.orders.status_words import ENDED_WORDS
from engine.system.plain_text import LONGEST_WORDS, plain
from engine.upstox.rest.fields import (
    FieldError,
    Row,
    flag,
    needed_text,
    needed_whole,
    number,
    paise,
    stamp,
    text,
    whole,
)
from engine.upstox.rest.listed import Listed, Unread, listed

INTRADAY: str = "I"


class BrokerOrderRow(msgspec.Struct, frozen=True):
    """One order: a row of the book, of its history, or an update of the portfolio stream."""

    order_id: str
    tag: str
    instrument: str
    symbol: str
    product: str
    side: str
    order_type: str
    validity: str
    variety: str
    quantity: int
    price: Paise
    trigger_price: Paise
    status: str
    """As the broker spells it, in lower case."""
    filled_quantity: int
    average_price: float
    """Rupees, as the broker gives it; only ever used as average times quantity. 0 while it gives none."""
    time: Instant
    """The newer of its two stamps; one second exact."""
    message: str
    after_market: bool
    parent: str
    exchange_order_id: str

    @property
    def priced(self) -> bool:
        """Whether what was filled has its price: a closing can do without, an account cannot."""
        return not self.filled_quantity or self.average_price > 0

    @property
    def filled_value(self) -> Paise:
        """Average price times filled quantity in whole paise; 0 where the broker gives no average."""
        return round(self.average_price * 100 * self.filled_quantity)


class TradeRow(msgspec.Struct, frozen=True):
    """One execution. ``trade_id`` is unique within an order and instrument: segments count theirs apart."""

    trade_id: str
    order_id: str
    instrument: str
    product: str
    side: str
    quantity: int
    price: Paise
    time: Instant

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other execution of the day."""
        return self.trade_id, self.order_id, self.instrument


class BrokerPositionRow(msgspec.Struct, frozen=True):
    """One net position of an instrument and product, signed units, day values in paise."""

    instrument: str
    symbol: str
    exchange: str
    product: str
    quantity: int
    overnight_quantity: int
    day_buy_quantity: int
    day_buy_value: Paise
    day_sell_quantity: int
    day_sell_value: Paise
    average_price: Paise | None
    last_price: Paise | None
    realised: Paise | None
    unrealised: Paise | None
    exit_price: Paise | None = None
    """What a unit of it could be left at, by a quote read beside it; None without one."""

    @property
    def mark(self) -> Paise | None:
        """The price it is marked at: the exit side's, else the last one of the broker's list."""
        return self.last_price if self.exit_price is None else self.exit_price


_T = TypeVar("_T", "TradeRow", "BrokerPositionRow")


def orders_of(data: object) -> Listed[BrokerOrderRow]:
    """Return every order of a list that reads; raise FieldError where it is no list."""
    return listed(data, "orders", order_of, _settled)


def each_once(orders: Listed[BrokerOrderRow]) -> Listed[BrokerOrderRow]:
    """Return each order of a list once, in its newest state, where it stands first."""
    newest: dict[str, BrokerOrderRow] = {}
    for row in orders:
        known = newest.get(row.order_id)
        if known is None or is_newer(row, known):
            newest[row.order_id] = row
    return Listed(newest.values(), orders.unread)


def is_newer(row: BrokerOrderRow, known: BrokerOrderRow) -> bool:
    """Say whether a row is the later state of an order: fills never fall, and an end is left by a late fill alone."""
    if row.filled_quantity != known.filled_quantity:
        return row.filled_quantity > known.filled_quantity
    return row.status in ENDED_WORDS or known.status not in ENDED_WORDS


def order_of(row: Row) -> BrokerOrderRow:
    """Return one order; raise FieldError when a field that decides is missing."""
    filled = whole(row, "filled_quantity")
    if filled is None and row.get("filled_quantity") not in (None, ""):
        raise FieldError(f"expected a whole number for filled_quantity, got {row['filled_quantity']!r}")
    quantity, pending = whole(row, "quantity"), whole(row, "pending_quantity")
    if quantity is None and pending is not None and filled is not None:
        quantity = filled + pending
    quantity = needed_whole(row, "quantity") if quantity is None else quantity
    status = needed_text(row, "status").strip().lower()
    if filled is None:
        filled = quantity if status == "complete" else quantity - (quantity if pending is None else pending)
    if quantity < 0 or filled < 0:
        raise FieldError(f"expected quantities from 0, got {filled} filled of {quantity}")
    return BrokerOrderRow(
        order_id=needed_text(row, "order_id"),
        tag=text(row, "tag"),
        instrument=needed_text(row, "instrument_token", "instrument_key"),
        symbol=text(row, "trading_symbol", "tradingsymbol"),
        product=text(row, "product"),
        side=_side(row),
        order_type=text(row, "order_type").upper(),
        validity=text(row, "validity"),
        variety=text(row, "variety"),
        quantity=quantity,
        price=paise(row, "price") or 0,
        trigger_price=paise(row, "trigger_price") or 0,
        status=status,
        filled_quantity=filled,
        average_price=max(number(row, "average_price") or 0.0, 0.0),
        time=stamp(row, "exchange_timestamp", "order_timestamp"),
        message=plain(text(row, "status_message_raw", "status_message")[:LONGEST_WORDS]),
        after_market=flag(row, "is_amo") or False,
        parent=text(row, "parent_order_id"),
        exchange_order_id=text(row, "exchange_order_id"),
    )


def trades_of(data: object) -> Listed[TradeRow]:
    """Return every execution of a list that reads, each once; raise FieldError where it is no list.

    A number is one execution's within its order and instrument alone. One that is told with different facts proves
    none of them: all of its rows are left unread.
    """
    return _told_once(listed(data, "trades", _trade), "trades", lambda row: row.key, lambda row: row.order_id)


def positions_of(data: object) -> Listed[BrokerPositionRow]:
    """Return every position of a list that reads, each once; raise FieldError where it is no list."""
    return _told_once(
        listed(data, "positions", _position),
        "positions",
        lambda row: (row.instrument, row.product),
        lambda _: "",
    )


def _told_once(
    rows: Listed[_T], what: str, key: Callable[[_T], Hashable], order_id: Callable[[_T], str]
) -> Listed[_T]:
    """Return each fact of a list once, and those told in two ways as unread."""
    told: dict[Hashable, list[_T]] = {}
    for row in rows:
        known = told.setdefault(key(row), [])
        if row not in known:
            known.append(row)
    unread = list(rows.unread)
    for ways in told.values():
        if len(ways) > 1:
            row = ways[0]
            detail = f"expected one row for {key(row)}, got {len(ways)} that differ"
            unread.append(Unread(what, order_id(row), "", row.instrument, row.product, detail))
    return Listed((ways[0] for ways in told.values() if len(ways) == 1), unread)


def _settled(row: Row) -> bool:
    """Say whether an order, of which not all reads, has ended and filled nothing."""
    return text(row, "status").strip().lower() in ENDED_WORDS and whole(row, "filled_quantity") == 0


def _trade(row: Row) -> TradeRow:
    price = paise(row, "average_price")
    if price is None or price <= 0:
        raise FieldError(f"expected a trade's price, got {row.get('average_price')!r}")
    return TradeRow(
        trade_id=needed_text(row, "trade_id"),
        order_id=needed_text(row, "order_id"),
        instrument=needed_text(row, "instrument_token", "instrument_key"),
        product=text(row, "product"),
        side=_side(row),
        quantity=needed_whole(row, "quantity"),
        price=price,
        time=stamp(row, "exchange_timestamp", "order_timestamp"),
    )


def _position(row: Row) -> BrokerPositionRow:
    instrument = needed_text(row, "instrument_token", "instrument_key")
    overnight = whole(row, "overnight_quantity") or 0
    bought, sold = whole(row, "day_buy_quantity"), whole(row, "day_sell_quantity")
    quantity = whole(row, "quantity")
    if quantity is None:
        if bought is None or sold is None:
            raise FieldError(f"expected the quantity of {instrument}, got {row.get('quantity')!r}")
        quantity = overnight + bought - sold
    return BrokerPositionRow(
        instrument=instrument,
        symbol=text(row, "trading_symbol", "tradingsymbol"),
        exchange=text(row, "exchange"),
        product=text(row, "product"),
        quantity=quantity,
        overnight_quantity=overnight,
        day_buy_quantity=bought or 0,
        day_buy_value=paise(row, "day_buy_value") or 0,
        day_sell_quantity=sold or 0,
        day_sell_value=paise(row, "day_sell_value") or 0,
        average_price=paise(row, "average_price"),
        last_price=paise(row, "last_price"),
        realised=paise(row, "realised"),
        unrealised=paise(row, "unrealised"),
    )


def _side(row: Row) -> str:
    word = text(row, "transaction_type").upper()
    found = {"BUY": "BUY", "B": "BUY", "SELL": "SELL", "S": "SELL"}.get(word)
    if found is None:
        raise FieldError(f"expected BUY or SELL, got {row.get('transaction_type')!r}")
    return found
