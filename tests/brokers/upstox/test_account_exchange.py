"""The live broker as a run's exchange: its place in the recording survives, and flat is never a guess."""

from pathlib import Path

import pytest

from engine.brokers.cursor_file import Cursor
from engine.brokers.upstox.exchange import AccountExchange
from engine.orders.messages import BookRead, ReadFailed
from tests.brokers.upstox.live_stand import Live, streaming


@pytest.fixture
def exchange(live: Live, tmp_path: Path) -> AccountExchange:
    return AccountExchange(live.broker, tmp_path / "place.sqlite")


def test_a_runs_place_is_kept_through_a_death(live: Live, tmp_path: Path) -> None:
    path = tmp_path / "place.sqlite"
    exchange = AccountExchange(live.broker, path)
    assert exchange.cursor == Cursor("", 0, 0, 0)
    exchange.begin_run("live-1", 5)
    exchange.write(exchange.capture(Cursor("live-1", 42, 99, 7)))
    again = AccountExchange(live.broker, path)
    assert again.cursor == Cursor("live-1", 42, 99, 7)
    again.close()
    exchange.close()


def test_nothing_is_flat_before_the_broker_was_asked(exchange: AccountExchange) -> None:
    assert not exchange.flat
    assert isinstance(exchange.read_book("r-1", 0), BookRead)
    assert exchange.flat


def test_a_fill_heard_after_the_last_book_is_not_flat(live: Live, exchange: AccountExchange) -> None:
    exchange.read_book("r-1", 0)
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        assert not exchange.flat
        exchange.read_book("r-2", 0)
        assert not exchange.flat
        live.leave("a-2-X")
        live.wait_for_status("a-2-X", "complete")
        assert not exchange.flat
        exchange.read_book("r-3", 0)
        assert exchange.flat


def test_why_an_account_is_not_flat_is_said(live: Live, exchange: AccountExchange) -> None:
    assert exchange.confirm_flat() == ""
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        assert exchange.confirm_flat() == "positions are open at the broker"
        live.leave("a-2-X")
        live.wait_for_status("a-2-X", "complete")
        live.protect("a-3-S")
        live.wait_for_status("a-3-S", "trigger pending")
        assert exchange.confirm_flat() == "orders are live at the broker"


@pytest.mark.parametrize("fault", ["hang", "html", "empty-list", "lose-answer"])
def test_a_broker_that_cannot_be_asked_is_never_flat(
    live: Live, exchange: AccountExchange, fault: str
) -> None:
    live.enter("a-1-E")
    live.until(lambda: live.at_broker("a-1-E") and live.at_broker("a-1-E")[0]["status"] == "complete")
    live.fake.plant(fault, call="positions", times=0)
    assert isinstance(exchange.read_book("r-1", 0), ReadFailed)
    assert exchange.confirm_flat().startswith("the broker cannot be asked")
    assert not exchange.flat
