"""Planted mistakes in how requests leave for the live broker and how closely it is read."""

from collections.abc import Callable
from functools import partial, wraps

from engine.brokers.upstox import cadence, lanes
from engine.brokers.upstox.cadence import BESIDE_STREAM
from engine.brokers.upstox.lanes import Job, LaneName, Lanes
from engine.brokers.upstox.order_list import OrderList
from engine.brokers.upstox.order_tracker import OrderTracker
from engine.core import attention
from engine.orders import broker_events
from engine.orders.attention import Attention
from engine.upstox.rest.listed import Listed
from engine.upstox.rest.records import BrokerOrderRow
from tests.brokers.upstox import test_cadence as cadences
from tests.brokers.upstox import test_lanes as lane_tests
from tests.brokers.upstox import test_order_list as order_lists
from tests.brokers.upstox import test_register as registers
from tests.campaign.mutants import Mutant, Swap
from tests.campaign.named_mutants import Named
from tests.core import test_attention as attentions
from tests.core import test_unread_rows as unread_rows

_HOUR = 3_600.0


def _on_lanes(test: Callable[[lane_tests.Stand], None]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        stand = lane_tests.Stand()
        try:
            test(stand)
        finally:
            stand.lanes.close()
            stand.release()

    return run


def _on_a_list(test: Callable[[order_lists.Stand], None]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        test(order_lists.Stand())

    return run


def _every_wish_leaves() -> tuple[Swap, ...]:
    put = Lanes.put

    def put_all(self: Lanes, name: LaneName, job: Job) -> None:
        put(self, name, Job(job.key, job.work))

    return ((Lanes, "put", put_all),)


def _silence_holds_up() -> tuple[Swap, ...]:
    return ((lanes, "OVERTAKE_AFTER", _HOUR),)


def _few_threads() -> tuple[Swap, ...]:
    man = Lanes._man

    def man_two(self: Lanes, name: LaneName) -> None:
        if self._threads[name] < 2:
            man(self, name)

    return ((Lanes, "_man", man_two),)


def _silence_is_believed() -> tuple[Swap, ...]:
    wanted = cadence._wanted

    def wanted_beside(attention: Attention, *, stream_up: bool) -> float:
        return BESIDE_STREAM if stream_up else wanted(attention, stream_up=False)

    return ((cadence, "_wanted", wanted_beside),)


def _budget_is_spent() -> tuple[Swap, ...]:
    return ((cadence, "STRAIN", ((0, 0.0),)),)


def _each_reads_for_itself() -> tuple[Swap, ...]:
    def read(self: OrderList, fetch: Callable[[], Listed[BrokerOrderRow]]) -> Listed[BrokerOrderRow]:
        self.asked_at = self._monotonic()
        return fetch()

    return ((OrderList, "read", read),)


def _an_older_list_serves() -> tuple[Swap, ...]:
    read = OrderList.read

    def read_any(self: OrderList, fetch: Callable[[], Listed[BrokerOrderRow]]) -> Listed[BrokerOrderRow]:
        with self._changed:
            while self._under_way:
                self._changed.wait()
            if self._newest is not None:
                return self._newest[1]
        return read(self, fetch)

    return ((OrderList, "read", read_any),)


def _age_counts_for_nothing() -> tuple[Swap, ...]:
    return ((attention, "YOUNG_FOR", 0), (attention, "EXPECTED_WITHIN", 0))


def _nobody_looks_at_the_market() -> tuple[Swap, ...]:
    return ((attention, "_near", lambda *_: False),)


def _first_value_stays() -> tuple[Swap, ...]:
    return ((OrderTracker, "executed", lambda *_: []),)


def _unread_is_absent() -> tuple[Swap, ...]:
    return ((broker_events, "in_doubt", lambda *_: {}),)


NAMED_BROKER_MUTANTS = (
    Named(
        Mutant("every change that waited for an answer leaves", _every_wish_leaves),
        _on_lanes(
            lane_tests.test_of_six_wishes_made_while_the_first_is_unanswered_only_the_newest_leaves_once_it_is_answered
        ),
    ),
    Named(
        Mutant("an answer that does not come holds its order up", _silence_holds_up),
        _on_lanes(
            lane_tests.test_the_newest_wish_overtakes_an_answer_that_does_not_come_and_the_next_one_waits_for_it
        ),
    ),
    Named(
        Mutant("slow answers use up the threads of what protects", _few_threads),
        _on_lanes(
            lane_tests.test_ten_writes_a_second_that_are_all_unanswered_for_seven_seconds_hold_up_no_other
        ),
    ),
    Named(
        Mutant("a stream that says nothing is believed", _silence_is_believed),
        partial(
            cadences.test_the_list_is_read_as_often_as_what_is_at_stake_asks_for_and_a_silent_stream_changes_nothing,
            Attention.HELD,
            cadence.AT_STAKE,
            cadence.WITHOUT_STREAM,
        ),
    ),
    Named(
        Mutant("the budget of reads is spent without a look", _budget_is_spent),
        cadences.test_six_hours_of_change_are_read_ever_more_slowly_and_say_so_and_the_kill_keeps_its_reserve,
    ),
    Named(
        Mutant("each who waits reads an order list of its own", _each_reads_for_itself),
        _on_a_list(
            order_lists.test_whoever_asks_while_a_list_is_on_its_way_gets_the_next_one_and_all_of_them_get_the_same
        ),
    ),
    Named(
        Mutant("a list that was asked for earlier proves what came after", _an_older_list_serves),
        _on_a_list(
            order_lists.test_whoever_asks_while_a_list_is_on_its_way_gets_the_next_one_and_all_of_them_get_the_same
        ),
    ),
    Named(
        Mutant("a young entry is not watched for its fill", _age_counts_for_nothing),
        partial(
            attentions.test_an_entry_that_has_just_left_is_watched_for_its_fill_and_a_young_one_for_half_a_minute,
            attention.EXPECTED_WITHIN - 1,
            Attention.FILLING,
        ),
    ),
    Named(
        Mutant("a market that comes near an order is not noticed", _nobody_looks_at_the_market),
        partial(
            attentions.test_an_old_entry_within_two_spreads_of_the_market_may_fill_at_any_moment,
            2,
            Attention.CHANGING,
        ),
    ),
    Named(
        Mutant("the first value told of a fill stays", _first_value_stays),
        registers.test_executions_that_come_later_correct_what_was_told_and_say_that_they_are_exact,
    ),
    Named(
        Mutant("a row that does not read is taken for absent", _unread_is_absent),
        unread_rows.test_an_instrument_whose_rows_do_not_read_keeps_its_position_and_stop_and_enters_nothing,
    ),
)
