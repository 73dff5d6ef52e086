"""GTT orders of the account as the broker lists them, for the engine and for a shell."""

from engine.brokers.upstox.account_state import account_standing
from engine.brokers.upstox.gtt_reader import waiting_orders
from engine.market.side import Side
from engine.orders.messages import BookRead
from engine.status.live import left_outside
from engine.upstox.rest.gtt import gtts_of
from engine.upstox.rest.rate_limits import Purpose
from tests.brokers.upstox.live_stand import STOCK, Live

_ENTRY = {"strategy": "ENTRY", "trigger_type": "ABOVE", "trigger_price": 2000, "transaction_type": "SELL"}


def _row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "type": "SINGLE",
        "quantity": 606,
        "product": "I",
        "gtt_order_id": "GTT-C1",
        "instrument_token": STOCK,
        "trading_symbol": "MAXHEALTH",
        "rules": [{**_ENTRY, "status": "SCHEDULED", "order_id": None}],
    }
    return row | changes


def _wait(live: Live) -> str:
    body = {
        "type": "SINGLE",
        "quantity": 7,
        "product": "I",
        "instrument_token": STOCK,
        "transaction_type": "SELL",
        "rules": [{"strategy": "ENTRY", "trigger_type": "ABOVE", "trigger_price": 2000}],
    }
    return str(live.fake.control("POST", "gtt", body)["gtt_order_id"])


def test_a_gtt_order_comes_with_the_book_that_is_read_after_its_list(live: Live) -> None:
    name = _wait(live)
    found: list[str] = []
    for number in range(10):
        live.read(f"r-{number}")
        live.wait_for(BookRead, count=number + 1)
        book = live.broker.last_book
        found = [] if book is None else [one.gtt_id for one in book.waiting]
        if found:
            break
    assert found == [name]
    live.fake.control("DELETE", "gtt", {"gtt_order_id": name})


def test_a_shell_names_what_waits_though_the_account_is_flat(live: Live) -> None:
    name = _wait(live)
    standing = account_standing(live.client)
    assert standing.flat
    assert left_outside(standing) == f"leaves GTT sell 7 MAXHEALTH-EQ at 2,000.00 ({name})"
    live.fake.control("DELETE", "gtt", {"gtt_order_id": name})


def test_a_list_that_cannot_be_had_is_said_and_is_never_an_empty_one(live: Live) -> None:
    live.fake.plant("status", call="gtt_details", status=500)
    waiting, problem = waiting_orders(live.client, Purpose.KILL)
    assert waiting == ()
    assert problem.startswith("GTT orders could not be listed")


def test_exits_of_a_gtt_order_wait_only_once_its_entry_has_fired() -> None:
    exits = [
        {"strategy": "TARGET", "status": "PENDING", "trigger_price": 1640, "transaction_type": "SELL"},
        {"strategy": "STOPLOSS", "status": "PENDING", "trigger_price": 1500, "transaction_type": "SELL"},
    ]
    entry = {**_ENTRY, "status": "PENDING", "order_id": None}
    (before,) = gtts_of([_row(rules=[entry, *exits])])
    assert [leg.strategy for leg in before.waiting] == ["ENTRY"]
    (after,) = gtts_of([_row(rules=[{**entry, "status": "COMPLETED", "order_id": "1"}, *exits])])
    assert [leg.strategy for leg in after.waiting] == ["TARGET", "STOPLOSS"]
    assert [leg.trigger_price for leg in after.waiting] == [1640_00, 1500_00]
    (over,) = gtts_of([_row(rules=[{**entry, "status": "CANCELLED"}])])
    assert over.waiting == ()


def test_a_gtt_row_that_does_not_read_is_named_and_the_others_count() -> None:
    rows = gtts_of([_row(quantity="many"), _row(gtt_order_id="GTT-C2")])
    assert [row.gtt_id for row in rows] == ["GTT-C2"]
    assert len(rows.unread) == 1


def test_an_unknown_status_still_waits() -> None:
    (row,) = gtts_of([_row(rules=[{**_ENTRY, "status": "something new"}])])
    assert [leg.side for leg in row.waiting] == [Side.SELL.value]
