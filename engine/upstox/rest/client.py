"""The broker's calls, one method each: reads return rows or raise CallFailed, writes return their Outcome.

Synchronous: for threads of our own, never for the loop. A read that fails never looks like an empty list.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from engine.market.price import rupees_of
from engine.upstox.rest.fields import FieldError, Row, row_of, rows_of, text, texts
from engine.upstox.rest.outcome import Done, InDoubt, Outcome
from engine.upstox.rest.rate_limits import Kind, Purpose
from engine.upstox.rest.reads import Reads
from engine.upstox.rest.terms import ChangedOrder, NewOrder

BULK_LIMIT: Final = 10
"""Lines that one bulk call may carry (2026; older texts say 25, 50 or 200)."""


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


class UpstoxClient(Reads):
    """Every call we make of one account. Any thread may use it; the kill has one of its own."""

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

    def place(
        self,
        order: NewOrder,
        purpose: Purpose = Purpose.ROUTINE,
        *,
        allowed: Callable[[], bool] = lambda: True,
    ) -> Outcome:
        """Place one order; Done carries its ids, several only with ``slice``.

        ``allowed`` is asked right before the bytes leave; a no is TryLater STOPPED.
        """
        call = self._calls.orders_v3.place_order
        outcome = self._write(purpose, call, self._body(order), allowed=allowed)
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
        return _bulk(self._write(purpose, call, lines=min(max(lines, 1), BULK_LIMIT), named=chosen))

    def set_kill_switch(self, segments: Sequence[str], *, enabled: bool) -> Outcome:
        """Lock (or unlock) segments at the broker for 12 hours; only when they are flat."""
        action = "DISABLE" if enabled else "ENABLE"
        request = self._calls.models.KillSwitchSegmentUpdateRequest
        body = [request(segment=segment, action=action) for segment in segments]
        return self._write(Purpose.KILL, self._calls.user.update_kill_switch, body)

    def _write(
        self,
        purpose: Purpose,
        call: Callable[..., Any],
        *parts: object,
        lines: int = 1,
        allowed: Callable[[], bool] = lambda: True,
        named: Mapping[str, object] | None = None,
    ) -> Outcome:
        return self._line.perform(
            Kind.WRITE, purpose, call, *parts, named=named or {}, lines=lines, allowed=allowed
        )

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
