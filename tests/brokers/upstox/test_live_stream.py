"""The portfolio stream and what stands in for it: polls while it is down, one read after it came back."""

import pytest

from engine.orders.messages import Acknowledged, OrderReport
from tests.brokers.upstox.live_stand import LAST, STOCK, Live, streaming
from tests.fake_upstox.broker import Broker


def fill_rest(live: Live, tag: str) -> None:
    live.fake.control("POST", "orders/act", {"tag": tag, "act": "fill", "price": LAST / 100})


def test_what_fills_while_the_stream_is_down_is_told_by_the_read_after_it_came_back(live: Live) -> None:
    live.fake.plant("partial", tag="a-1", quantity=4)
    with streaming(live, first_wait_seconds=0.5, longest_wait_seconds=0.5) as stream:
        live.enter("a-1-E")
        live.until(lambda: any(one.filled_quantity == 4 for one in live.reports("a-1-E")))
        live.fake.control("POST", "disconnect", {"stream": "portfolio"})
        stream.wait_down()
        fill_rest(live, "a-1-E")
        stream.wait_up(2)
        live.wait_for_status("a-1-E", "complete")
        assert live.broker.at_stake
        live.broker.read_book("r-1", 0)
        assert live.broker.at_stake


def test_polls_tell_everything_while_no_stream_can_be_opened(live: Live) -> None:
    with streaming(live) as stream:
        live.fake.plant("refuse-connection", stream="portfolio", times=0)
        live.fake.control("POST", "disconnect", {"stream": "portfolio"})
        stream.wait_down()
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        assert stream.states[-1].problem


def test_what_a_stream_missed_is_asked_for_until_the_broker_can_be_read(live: Live) -> None:
    with streaming(live) as stream:
        live.enter("a-1-E", price=LAST - 5_00)
        live.wait_for_status("a-1-E", "open")
        live.fake.plant("status", call="order_book", status=500, times=2)
        live.fake.plant("mute", stream="portfolio", times=0)
        fill_rest(live, "a-1-E")
        live.fake.control("DELETE", "faults", {"fault": "mute"})
        live.fake.control("POST", "disconnect", {"stream": "portfolio"})
        stream.wait_up(2)
        live.wait_for_status("a-1-E", "complete")
        live.until(lambda: not live.broker.behind)


@pytest.mark.parametrize("fault", ["duplicate-stream", "reorder-stream"])
def test_updates_that_come_twice_or_out_of_order_are_told_so_that_nothing_is_lost(
    live: Live, fault: str
) -> None:
    live.fake.plant(fault, stream="portfolio", times=0)
    with streaming(live):
        live.enter("a-1-E")
        live.until(lambda: live.at_broker("a-1-E") and live.at_broker("a-1-E")[0]["status"] == "complete")
        live.broker.poll()
        live.wait_for_status("a-1-E", "complete")
        live.broker.poll()
        live.until(lambda: live.broker.counts["repeated"] > 0)
    reports = live.reports("a-1-E")
    assert max(one.filled_quantity for one in reports) == 10
    assert fault == "reorder-stream" or len(reports) == len(set(reports))


def test_a_late_open_behind_a_complete_does_not_make_the_order_live_again(live: Live) -> None:
    live.fake.plant("complete-first", tag="a-1")
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        live.broker.read_book("r-1", 0)
        live.leave("a-2-X")
        live.wait_for_status("a-2-X", "complete")
        live.broker.read_book("r-2", 0)
        assert not live.broker.at_stake


def test_garbage_on_the_stream_has_the_book_read_instead(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E", price=LAST - 5_00)
        live.wait_for_status("a-1-E", "open")
        before = len(live.fake.calls("order_book"))
        live.fake.plant("cut-frame", stream="portfolio", times=1)
        fill_rest(live, "a-1-E")
        live.wait_for_status("a-1-E", "complete")
        assert len(live.fake.calls("order_book")) > before


def test_a_status_nobody_knows_is_passed_on_as_it_came_and_counts_as_live(live: Live) -> None:
    live.fake.plant("unknown-status", stream="portfolio", times=0)
    with streaming(live):
        live.enter("a-1-E", price=LAST - 5_00)
        assert live.wait_for_status("a-1-E", "held by exchange").filled_quantity == 0
        assert live.broker.at_stake


def test_an_order_from_a_phone_is_told_without_a_tag(live: Live) -> None:
    phone = {
        "instrument_token": STOCK,
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "quantity": 5,
        "price": 1070.0,
        "product": "I",
    }
    with streaming(live):
        live.fake.control("POST", "orders", phone)
        live.until(lambda: any(one.status == "open" for one in live.reports("")))


def test_an_update_without_a_tag_waits_for_the_placement_it_may_belong_to(live: Live) -> None:
    with streaming(live):
        live.fake.plant("delay", call="place", when="after", delay=0.3)
        live.fake.ask(_forget_tags)
        live.enter("a-1-E")
        live.wait_for(Acknowledged, "a-1-E")
        live.until(lambda: any(one.status == "complete" for one in live.reports("a-1-E")))
    assert all(one.tag == "a-1-E" for one in live.heard if isinstance(one, OrderReport))
    assert live.broker.counts["held"] > 0


def _forget_tags(broker: Broker) -> None:
    publish = broker.portfolio.publish
    broker.exchange._publish = lambda event: publish(dict(event) | {"tag": None})
