"""What protects has its own way: it passes while entries and reads hang, and the latch stops entries alone."""

import logging
import threading

import pytest

from engine.brokers.upstox.lanes import WIDTHS, LaneName
from engine.orders.messages import Acknowledged, BookRead, PlaceOrder, ReadFailed, Refused, Unanswered
from engine.upstox.rest.outcome import TryLater
from engine.upstox.rest.rate_limits import Kind, Purpose
from tests.brokers.upstox.live_stand import LAST, Live, live_broker, streaming
from tests.fake_upstox import RunningFake
from tests.upstox.stand import ENTRY


def test_exits_pass_at_once_while_every_entry_and_every_read_hangs(live: Live) -> None:
    live.fake.plant("hang", call="place", delay=1, times=2)
    live.fake.plant("hang", call="order_book", delay=1, times=2)
    for number in range(2):
        live.enter(f"e-{number}-E", price=LAST - 5_00)
        live.read(f"r-{number}")
    live.until(lambda: len(live.fake.calls("place")) == 2 and live.fake.calls("order_book"))
    live.leave("x-1-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-1-X")
    # Both entries and both reads hang on: the exit waited for none of them.
    assert [one for one in live.of(Acknowledged) if one != live.of(Acknowledged, "x-1-X")[0]] == []
    assert live.of(Unanswered) + live.of(BookRead) + live.of(ReadFailed) == []


def test_what_the_kill_reads_does_not_wait_behind_reads_that_hang(live: Live) -> None:
    live.fake.plant("hang", call="order_book", delay=1, times=1)
    live.read("r-1")
    live.until(lambda: live.fake.calls("order_book"))
    live.latched.set()
    live.read("kill")
    book = live.wait_for(BookRead)
    assert isinstance(book, BookRead)
    assert book.request == "kill"
    assert live.of(ReadFailed) == []


def test_six_changes_wished_while_the_broker_thinks_are_one_change_and_the_others_are_told_of_it(
    fake: RunningFake,
) -> None:
    with live_broker(fake, patience=3.0) as live:
        live.enter("e-1-E", price=LAST - 5_00)
        placed = live.wait_for(Acknowledged, "e-1-E")
        assert isinstance(placed, Acknowledged)
        live.fake.plant("delay", call="modify", when="after", delay=1.5, times=0)
        for number in range(1, 7):
            live.modify("e-1-E", placed.order_id, LAST - 5_00 - number * 10, request=f"e-1-E-m{number}")
            live.until(lambda: live.fake.calls("modify"))
        live.until(lambda: len(live.of(Acknowledged)) == 3)
        sent = [call["body"]["price"] for call in live.fake.calls("modify")]
        assert sent == [(LAST - 5_10) / 100, (LAST - 5_60) / 100]
        gave_way = [one for one in live.of(Refused) if isinstance(one, Refused)]
        assert [(one.request, one.superseded, one.lasting) for one in gave_way] == [
            (f"e-1-E-m{number}", True, False) for number in range(2, 6)
        ]


def test_writes_that_are_all_answered_late_hold_up_no_other_instrument_no_read_and_not_the_kill(
    fake: RunningFake,
) -> None:
    with live_broker(fake, patience=20.0) as live:
        live.fake.plant("delay", call="writes", when="after", delay=15.0, times=0)
        for number in range(2):
            live.enter(f"e-{number}-E", price=LAST - 5_00)
        for number in range(4):
            live.leave(f"x-{number}-X", price=LAST + 5_00)
        live.until(lambda: len(live.fake.calls("place")) == 6)
        live.read("r-1")
        live.wait_for(BookRead)
        live.latched.set()
        live.cancel("e-0-E", str(live.at_broker("e-0-E")[0]["order_id"]))
        live.read("kill")
        live.until(lambda: len(live.of(BookRead)) == 2 and live.fake.calls("cancel"))
        # Not one write has its answer yet.
        assert live.of(Acknowledged) + live.of(Unanswered) + live.of(Refused) == []


def test_an_entry_never_leaves_once_the_latch_is_set_and_everything_that_reduces_does(live: Live) -> None:
    live.latched.set()
    live.enter("e-1-E")
    live.leave("x-1-X", price=LAST + 5_00)
    live.protect("s-1-S")
    refused = live.wait_for(Refused, "e-1-E")
    assert isinstance(refused, Refused)
    assert refused.code == "STOPPED"
    live.wait_for(Acknowledged, "x-1-X")
    live.wait_for(Acknowledged, "s-1-S")
    assert {call["body"]["tag"] for call in live.fake.calls("place")} == {"x-1-X", "s-1-S"}


def test_an_entry_that_waits_for_a_thread_is_withdrawn_by_its_cancel_and_never_sent(
    fake: RunningFake,
) -> None:
    with live_broker(fake, WIDTHS | {LaneName.ENTRIES: 2}) as live:
        live.fake.plant("hang", call="place", delay=1, times=2)
        for number in range(3):
            live.enter(f"e-{number}-E", price=LAST - 5_00)
        live.until(lambda: len(live.fake.calls("place")) == 2)
        live.cancel("e-2-E")
        refused = live.wait_for(Refused, "e-2-E")
        assert isinstance(refused, Refused)
        assert refused.code == "WITHDRAWN"
        live.until(lambda: len(live.of(Unanswered)) == 2)
        assert live.placements("e-2-E") == 0


def test_the_reserve_lets_exits_through_when_entries_have_used_their_share(live: Live) -> None:
    for number in range(8):
        live.enter(f"e-{number}-E", price=LAST - 5_00)
    live.until(lambda: len(live.of(Acknowledged)) + len(live.of(Refused)) == 8)
    refused = [one for one in live.of(Refused) if isinstance(one, Refused)]
    assert {one.code for one in refused} == {"BUDGET"}
    assert len(live.fake.calls("place")) == 6
    live.leave("x-1-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-1-X")


def test_a_storm_of_429_from_entries_leaves_the_kill_its_way(live: Live) -> None:
    live.fake.plant("status", call="place", status=429, times=1)
    live.enter("e-1-E")
    live.wait_for(Refused, "e-1-E")
    live.enter("e-2-E")
    held = live.wait_for(Refused, "e-2-E")
    assert isinstance(held, Refused)
    assert held.code == "BUDGET"
    live.latched.set()
    live.leave("x-1-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-1-X")
    live.latched.clear()
    live.enter("e-3-E")
    still = live.wait_for(Refused, "e-3-E")
    assert isinstance(still, Refused)
    assert still.code == "BUDGET"
    assert live.placements("e-2-E") + live.placements("e-3-E") == 0


def test_thirteen_exits_leave_within_the_brokers_own_limit_of_ten_a_second(live: Live) -> None:
    live.latched.set()
    for number in range(13):
        live.leave(f"x-{number}-X", price=LAST + 5_00)
    live.until(lambda: len(live.of(Acknowledged)) == 13)
    sent = sorted(call["at"] for call in live.fake.calls("place"))
    assert all(later - first > 1.0 for first, later in zip(sent, sent[10:], strict=False))
    assert all(call["status"] == 200 for call in live.fake.calls("place"))


def test_a_broker_that_hangs_gets_thirteen_exits_all_the_same(live: Live) -> None:
    live.budget._monotonic = lambda: live_time[0]
    live_time = [0.0]
    live.latched.set()
    live.fake.plant("hang", call="place", delay=1, times=13)
    for number in range(10):
        live.leave(f"x-{number}-X", price=LAST + 5_00)
    live.until(lambda: len(live.fake.calls("place")) == 10)
    live_time[0] = 2.0
    for number in range(10, 13):
        live.leave(f"x-{number}-X", price=LAST + 5_00)
    live.until(lambda: len(live.fake.calls("place")) == 13)
    assert live.of(Unanswered) == []


def test_a_dead_token_refuses_every_order_says_what_to_do_and_a_new_one_is_taken_up(live: Live) -> None:
    with streaming(live):
        live.enter("e-1-E")
        live.wait_for_status("e-1-E", "complete")
        live.protect("s-1-S")
        live.wait_for_status("s-1-S", "trigger pending")
        live.fake.control("POST", "token", {"act": "kill"})
        live.enter("e-2-E")
        refused = live.wait_for(Refused, "e-2-E")
        assert isinstance(refused, Refused)
        assert refused.code == "UDAPI100050"
        assert "cockpit login" in live.broker.refusal
        assert live.refusals == [live.broker.refusal]
        assert live.token not in live.broker.refusal
        (stop,) = live.at_broker("s-1-S")
        assert stop["status"] == "trigger pending"
        live.token = live.fake.control("POST", "token", {})["access_token"]
        live.enter("e-3-E")
        live.wait_for_status("e-3-E", "complete")
        assert live.broker.refusal == ""
        assert [bool(text) for text in live.refusals] == [True, False]


def test_a_refused_address_stands_as_what_a_person_must_mend_though_reads_pass(live: Live) -> None:
    live.fake.control("POST", "state", {"caller_ip": "198.51.100.7"})
    live.leave("x-1-X")
    refused = live.wait_for(Refused, "x-1-X")
    assert isinstance(refused, Refused)
    assert refused.code == "UDAPI1154"
    live.read("r-1")
    live.wait_for(BookRead)
    assert "a person acts" in live.broker.refusal
    live.fake.control("POST", "state", {"caller_ip": "registered"})
    live.leave("x-2-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-2-X")
    assert live.broker.refusal == ""


def test_connections_that_died_without_a_word_cost_one_doubt_and_no_second_one(live: Live) -> None:
    live.urgent.warm()
    live.fake.plant("hang", call="place", delay=1)
    live.leave("x-1-X", price=LAST + 5_00)
    live.wait_for(Unanswered, "x-1-X")
    live.leave("x-2-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-2-X")


def test_a_fault_of_our_own_reaches_core_as_doubt_and_its_lane_goes_on(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: PlaceOrder) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("engine.brokers.upstox.broker.new_order", broken)
        live.leave("x-1-X")
        lost = live.wait_for(Unanswered, "x-1-X")
        assert isinstance(lost, Unanswered)
        assert "a fault of ours" in lost.detail
    live.leave("x-2-X", price=LAST + 5_00)
    live.wait_for(Acknowledged, "x-2-X")


def test_a_poll_that_breaks_is_counted_and_logged_and_the_next_one_is_made(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def broken(*_: object) -> None:
        done.set()
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(live.broker._reads, "poll", broken)
        live.broker.poll()
        assert done.wait(60)
        live.until(lambda: live.broker.counts["faults"] == 1)
    (told,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert told.exc_info is not None
    assert "polls" in told.getMessage()
    live.broker.poll()
    live.until(lambda: live.fake.calls("order_book"))


def test_nobody_is_woken_once_the_broker_is_closed(fake: RunningFake) -> None:
    with live_broker(fake) as live:
        live.fake.plant("delay", call="place", delay=0.2)
        live.leave("x-1-X", price=LAST + 5_00)
        live.until(lambda: live.fake.calls("place"))
        woken = threading.Event()
        live.broker._arrivals._wake = woken.set
        live.broker.close()
        assert not woken.wait(0.4)


def test_the_share_of_entries_is_counted_before_any_byte_leaves(live: Live) -> None:
    while live.budget.take(Kind.WRITE, Purpose.ROUTINE) == 0:
        pass
    outcome = live.client.place(ENTRY)
    assert isinstance(outcome, TryLater)
    assert live.fake.calls("place") == []
