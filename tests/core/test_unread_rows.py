"""A row of the broker's that cannot be read: its instrument is in doubt and never flat, everything else goes on."""

from collections.abc import Callable

import msgspec
import pytest

from engine.contract.commands import Kill
from engine.core.book_schedule import RECONCILE_EVERY
from engine.market.clock import SECOND
from engine.orders.messages import BookRead, Refused, UnreadRow
from tests.core.faults import latch, opened, outside, said, stop_of
from tests.core.hostile import OTHER, STOCK

READ = RECONCILE_EVERY + 2 * SECOND


def without_orders_of(*unread: UnreadRow) -> Callable[[BookRead], BookRead]:
    """Return a reading in which rows of the first one's instrument could not be read."""
    (first, *_) = unread

    def misread(read: BookRead) -> BookRead:
        return msgspec.structs.replace(
            read,
            positions=tuple(one for one in read.positions if one.instrument != first.instrument),
            orders=tuple(one for one in read.orders if one.instrument != first.instrument),
            unread=unread,
        )

    return misread


def test_an_instrument_whose_rows_do_not_read_keeps_its_position_and_stop_and_enters_nothing() -> None:
    world, _ = opened()
    held, stop = world.position(), stop_of(world)
    world.misread = without_orders_of(UnreadRow(STOCK, "B1", "", "expected a quantity, got 'abc'"))
    world.settle(READ)
    assert (world.position(), stop_of(world)) == (held, stop)
    assert world.core.manager.portfolio.ours(STOCK) == held
    assert "expected a quantity" in world.core.manager.freeze_reason(STOCK)
    assert world.core.manager.freeze_reason(OTHER) == ""
    assert said(world, "IN DOUBT, entries frozen")


def test_a_read_without_the_row_ends_the_doubt() -> None:
    world, _ = opened()
    world.misread = without_orders_of(UnreadRow(STOCK, "B1", "", "expected a quantity"))
    world.settle(READ)
    world.misread = lambda read: read
    world.settle(READ)
    assert world.core.manager.freeze_reason(STOCK) == ""


def test_another_instruments_position_is_taken_from_the_same_read() -> None:
    world, _ = opened()
    world.checks.clear()
    world.misread = without_orders_of(UnreadRow(STOCK, "B1", "", "expected a quantity"))
    outside(world, OTHER, 50)
    world.settle(READ)
    assert world.core.manager.portfolio.outside == {OTHER: 50}


@pytest.mark.parametrize("instrument", [STOCK, ""])
def test_the_kill_closes_what_is_known_and_does_not_say_flat_while_a_row_is_in_doubt(instrument: str) -> None:
    world, _ = opened()
    row = UnreadRow(instrument, "9", "", "expected a status")
    world.misread = lambda read: msgspec.structs.replace(read, unread=(row,))
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert world.position() == 0
    assert latch(world) == "KILLING"
    world.misread = lambda read: read
    world.settle(20 * SECOND)
    assert latch(world) == "FLAT"


def test_a_row_that_names_no_instrument_is_known_by_our_tag_or_by_the_brokers_id() -> None:
    for tag, order_id in (("", "B1"), ("entry", "")):
        world, _ = opened()
        (entry,) = (order for order in world.orders.values() if order.order_id == "B1")
        world.tell(UnreadRow("", order_id, entry.tag if tag else "", "expected an instrument"))
        assert "expected an instrument" in world.core.manager.freeze_reason(STOCK)
        # The whole book is read at once, and has no such row.
        world.settle(5 * SECOND)
        assert world.core.manager.freeze_reason(STOCK) == ""


def test_a_wish_that_a_newer_one_replaced_before_it_left_costs_no_read() -> None:
    world, _ = opened()
    stop, asked = stop_of(world), len(world.sent)
    world.tell(
        Refused(stop.tag, "SUPERSEDED", "a newer wish left", f"{stop.tag}-m1", lasting=False, superseded=True)
    )
    assert world.sent[asked:] == []
