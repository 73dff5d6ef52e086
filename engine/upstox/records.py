"""Orders, trades and positions as the broker lists them: its own words, money in paise, quantities in units."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.upstox.fields import (
    FieldError,
    Row,
    flag,
    needed_text,
    needed_whole,
    number,
    paise,
    rows_of,
    stamp,
    text,
    whole,
)

INTRADAY: str = "I"


class OrderRow(msgspec.Struct, frozen=True):
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
        """Say whether what was filled has its price: a closing can do without, an account cannot."""
        return not self.filled_quantity or self.average_price > 0

    @property
    def filled_value(self) -> Paise:
        """Return average price times filled quantity in whole paise; 0 where the broker gives no average."""
        return round(self.average_price * 100 * self.filled_quantity)


class TradeRow(msgspec.Struct, frozen=True):
    """One execution. ``trade_id`` is unique within the day."""

    trade_id: str
    order_id: str
    instrument: str
    product: str
    side: str
    quantity: int
    price: Paise
    time: Instant


class PositionRow(msgspec.Struct, frozen=True):
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


def orders_of(data: object) -> tuple[OrderRow, ...]:
    """Return every order of a list; raise FieldError when one cannot be read."""
    return tuple(order_of(row) for row in rows_of(data, "orders"))


def order_of(row: Row) -> OrderRow:
    """Return one order; raise FieldError when a field that decides is missing."""
    filled = whole(row, "filled_quantity")
    if filled is None and row.get("filled_quantity") not in (None, ""):
        raise FieldError(f"expected a whole number for filled_quantity, got {row['filled_quantity']!r}")
    return OrderRow(
        order_id=needed_text(row, "order_id"),
        tag=text(row, "tag"),
        instrument=needed_text(row, "instrument_token", "instrument_key"),
        symbol=text(row, "trading_symbol", "tradingsymbol"),
        product=text(row, "product"),
        side=_side(row),
        order_type=text(row, "order_type").upper(),
        validity=text(row, "validity"),
        variety=text(row, "variety"),
        quantity=needed_whole(row, "quantity"),
        price=paise(row, "price") or 0,
        trigger_price=paise(row, "trigger_price") or 0,
        status=needed_text(row, "status").strip().lower(),
        filled_quantity=filled or 0,
        average_price=max(number(row, "average_price") or 0.0, 0.0),
        time=stamp(row, "exchange_timestamp", "order_timestamp"),
        message=text(row, "status_message_raw", "status_message"),
        after_market=flag(row, "is_amo") or False,
        parent=text(row, "parent_order_id"),
        exchange_order_id=text(row, "exchange_order_id"),
    )


def trades_of(data: object) -> tuple[TradeRow, ...]:
    """Return every trade of a list, each trade id once; raise FieldError when one cannot be read."""
    found: dict[str, TradeRow] = {}
    for row in rows_of(data, "trades"):
        trade = _trade(row)
        known = found.setdefault(trade.trade_id, trade)
        if (known.order_id, known.quantity, known.price) != (trade.order_id, trade.quantity, trade.price):
            raise FieldError(f"expected one trade for id {trade.trade_id}, got two that differ")
    return tuple(found.values())


def positions_of(data: object) -> tuple[PositionRow, ...]:
    """Return every position of a list; raise FieldError when a quantity cannot be read."""
    return tuple(_position(row) for row in rows_of(data, "positions"))


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


def _position(row: Row) -> PositionRow:
    instrument = needed_text(row, "instrument_token", "instrument_key")
    overnight = whole(row, "overnight_quantity") or 0
    bought, sold = whole(row, "day_buy_quantity"), whole(row, "day_sell_quantity")
    quantity = whole(row, "quantity")
    if quantity is None:
        if bought is None or sold is None:
            raise FieldError(f"expected the quantity of {instrument}, got {row.get('quantity')!r}")
        quantity = overnight + bought - sold
    return PositionRow(
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
