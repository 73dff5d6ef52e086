"""What a dead engine's ledger knows of the day, held against the broker's lists by status, flatten and rearm."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import config
from engine.brokers.cursor_file import Cursor
from engine.brokers.upstox.broker import LiveBroker
from engine.brokers.upstox.exchange import AccountExchange
from engine.ledger.store import Ledger
from engine.market.clock import trading_date
from engine.market.side import Side
from engine.operations.flatten import flatten_world
from engine.operations.rearm import rearm_world
from engine.orders.ledger_facts import Record
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.orders.order import Order
from engine.orders.states import OrderState
from engine.runtime.plan import RunPlan
from engine.runtime.run import ledger_run
from engine.status import broker_of, read_status
from engine.world.directories import Home, World, WorldDirectory
from engine.world.latch_file import LatchFile, LatchFileState, wall_clock
from tests.brokers.upstox.live_stand import LAST, STOCK, begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.operations import live_account as live
from tests.operations.status_shape import checked


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


@pytest.fixture
def broker(fake: RunningFake, tmp_path: Path) -> RunningFake:
    live.sign_in(tmp_path, fake.ask(begin_anew))
    return fake


@pytest.fixture
def account(tmp_path: Path) -> WorldDirectory:
    directory = Home(tmp_path).world(World.ACCOUNT)
    directory.create()
    return directory


def run_of_today(account: WorldDirectory, settings: config.Settings, *orders: Order) -> RunPlan:
    """Leave a live run of today in the ledger with what it knew of its orders."""
    plan = live.live_run(account, settings)
    today = msgspec.structs.replace(plan, run="live-2", day=trading_date(wall_clock()))
    ledger = Ledger.open(account.ledger)
    ledger.begin_run(ledger_run(today, account.world.value, wall_clock()))
    for number, order in enumerate(orders):
        intent = PlaceOrder(
            order.tag, order.instrument, order.side, order.role, order.order_type, order.quantity, order.price
        )
        facts = [Record("intent", order.tag, wall_clock(), intent)]
        if order.state is not OrderState.SUBMITTED:
            facts.append(Record("order_event", f"{order.tag}:{number}", wall_clock(), order))
        ledger.append(today.run, facts, durable=True).result(60)
    ledger.close()
    return today


def filled(order_id: str, quantity: int = 10) -> Order:
    return Order(
        "L-000001-E",
        STOCK,
        Side.BUY,
        Role.ENTRY,
        OrderType.LIMIT,
        quantity,
        LAST + 20,
        0,
        state=OrderState.FILLED,
        order_id=order_id,
        filled=quantity,
        filled_value=quantity * (LAST + 10),
    )


def entry_of(broker: RunningFake) -> str:
    """Buy as the engine did that died; return the broker's id of it."""
    live.order(broker, order_type="LIMIT", price=(LAST + 20) / 100, tag="L-000001-E")
    return str(broker.control("GET", "orders")[0]["order_id"])


def test_two_empty_lists_against_a_known_fill_are_unknown_everywhere(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = live.settings_for(broker)
    run_of_today(account, settings, filled(entry_of(broker)))
    broker.plant("empty-list", call="positions", times=0)
    broker.plant("empty-list", call="order_book", times=0)
    status, problem = read_status(account, settings)
    checked(status)
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert "L-000001-E filled 10, the broker's order list does not list it" in problem
    latch = LatchFile(account.latch)
    latch.set("1", "test", "a kill")
    latch.mark(LatchFileState.FLAT)
    latch.close()
    cleared, text = rearm_world(account, settings)
    assert (cleared, "L-000001-E filled 10" in text) == (False, True)
    flat, text = flatten_world(account, settings, patience=1.5)
    assert (flat, "L-000001-E filled 10" in text) == (False, True)
    assert live.latch_state(account) is LatchFileState.STUCK
    assert live.held(broker) == 10
    writes = [call for call in broker.calls() if call["write"]]
    assert writes == []
    broker.control("DELETE", "faults")
    flat, text = flatten_world(account, settings, patience=20)
    assert flat, text
    assert live.held(broker) == 0


def test_lists_that_tell_everything_known_are_believed(broker: RunningFake, account: WorldDirectory) -> None:
    settings = live.settings_for(broker)
    run_of_today(account, settings, filled(entry_of(broker)))
    status, problem = read_status(account, settings)
    assert (status["book"]["state"], problem) == ("OPEN", "")  # type: ignore[index]
    live.order(broker, "SELL")
    assert read_status(account, settings)[0]["book"]["state"] == "FLAT"  # type: ignore[index]


def test_behind_a_damaged_ledger_the_kept_place_knows_what_the_broker_told(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = live.settings_for(broker)
    entry_of(broker)
    reach = broker_of(account, settings)
    assert reach is not None
    ours = LiveBroker(reach.client, reach.client, clock=wall_clock)
    exchange = AccountExchange(ours, account.place)
    exchange.read_book("r", 0)
    exchange.write(exchange.capture(Cursor("live-2", 0, wall_clock(), 0)))
    exchange.close()
    account.ledger.write_bytes(b"no ledger" * 1_000)
    broker.plant("empty-list", call="positions", times=0)
    broker.plant("empty-list", call="order_book", times=0)
    status, problem = read_status(account, settings)
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert "L-000001-E filled 10, the broker's order list does not list it" in problem
    flat, text = flatten_world(account, settings, patience=1.0)
    assert (flat, "L-000001-E filled 10" in text) == (False, True)


def test_what_an_earlier_day_knew_is_nothing_of_today(broker: RunningFake, account: WorldDirectory) -> None:
    settings = live.settings_for(broker)
    plan = live.live_run(account, settings)
    ledger = Ledger.open(account.ledger)
    known = filled("251120000000001")
    ledger.append(plan.run, [Record("order_event", "x", wall_clock(), known)], durable=True).result(60)
    ledger.close()
    assert read_status(account, settings)[0]["book"]["state"] == "FLAT"  # type: ignore[index]


def test_each_order_that_was_meant_is_known_as_it_was_last(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = live.settings_for(broker)
    waiting = Order(
        "L-000002-E", STOCK, Side.BUY, Role.ENTRY, OrderType.LIMIT, 5, LAST, 0, state=OrderState.SUBMITTED
    )
    run_of_today(account, settings, filled("1"), waiting)
    reach = broker_of(account, settings)
    assert reach is not None
    assert [(order.tag, order.state, order.filled) for order in reach.known] == [
        ("L-000001-E", OrderState.FILLED, 10),
        ("L-000002-E", OrderState.SUBMITTED, 0),
    ]
