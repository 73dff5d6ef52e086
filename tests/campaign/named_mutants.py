"""Planted mistakes that a test speaks for by its name: what no schedule is sure to draw."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from engine.market.instrument import Instrument
from engine.orders import (
    broker_events,
    fence,
    manager,
    other_engines,
    other_products,
    portfolio,
    reconciliation,
)
from engine.orders.dispatcher import Dispatcher
from engine.orders.fence import Judgement
from engine.orders.gate import Draft, GateDenial, GateFacts
from engine.orders.kill import Flattening, closing_order
from engine.orders.messages import BookRead, Product
from engine.orders.order import Order
from engine.orders.other_engines import OtherEngine, OtherEngines, RunName
from engine.orders.trade import Trade
from tests.campaign import money_mutants as money
from tests.campaign import stage_mutants
from tests.campaign.closing_mutants import CLOSES
from tests.campaign.cover_mutants import COVER
from tests.campaign.late_mutants import LATE
from tests.campaign.mutants import Hunt, Mutant, Swap, planted
from tests.campaign.resting_mutants import RESTS
from tests.campaign.target_mutants import TARGETS
from tests.campaign.verdict import told
from tests.campaign.waiting_mutants import WAITING
from tests.core import test_account_loss as account_loss
from tests.core import test_coarser_tick as coarser_tick
from tests.core import test_marks as marks
from tests.core import test_order_of_the_kill as order_of_the_kill
from tests.core import test_products as products
from tests.core import test_stages as stages
from tests.core import test_trades_by_phone as by_phone
from tests.core import test_two_engines as two_engines
from tests.core import test_wishes as wishes


@dataclass(frozen=True)
class Named:
    """A mistake and the test that must notice it."""

    mutant: Mutant
    test: Callable[[], None]


def hunt_named(named: Named) -> Hunt:
    """Run the test of one mistake with the mistake in place."""
    test = named.test.func if isinstance(named.test, partial) else named.test
    with planted(named.mutant):
        try:
            named.test()
        except AssertionError as error:
            said = f"{error}".partition("\n")[0] or _failed_line(error)
            return Hunt(named.mutant.name, 0, f"{test.__name__}: {said}", 1)
        except Exception as error:  # noqa: BLE001 - a mistake that does not fit the engine any more is not caught
            return Hunt(named.mutant.name, None, f"{test.__name__}: {told(error)}", 1)
    return Hunt(named.mutant.name, None, "", 1)


def _failed_line(error: AssertionError) -> str:
    """Return the line of an assertion without words: whoever reads it sees whether it speaks of the mistake."""
    return traceback.extract_tb(error.__traceback__)[-1].line or "an assertion"


def everything_is_intraday() -> tuple[Swap, ...]:
    place = Dispatcher.place

    def place_as_intraday(
        self: Dispatcher, draft: Draft, trade: str, around: GateFacts, now: int
    ) -> Order | GateDenial | int:
        intraday = Draft(
            draft.instrument,
            draft.side,
            draft.role,
            draft.order_type,
            draft.quantity,
            draft.price,
            draft.trigger_price,
            product=Product.INTRADAY,
        )
        return place(self, intraday, trade, around, now)

    return ((Dispatcher, "place", place_as_intraday),)


def _one_fence_for_all() -> tuple[Swap, ...]:
    judge = fence.judge

    def judge_as_one(
        known: Iterable[Order],
        read: BookRead,
        asked: int,
        filled_at: Mapping[str, int],
        remembered: fence.Fence,
    ) -> Judgement:
        found = judge(known, read, asked, filled_at, remembered)
        if not found.behind:
            return found
        everything = [row.instrument for row in read.positions] + [row.instrument for row in read.orders]
        return Judgement(dict.fromkeys(everything, "something is behind") | found.behind, found.lagging)

    return ((reconciliation, "judge", judge_as_one),)


def _patience_by_instrument() -> tuple[Swap, ...]:
    judge = fence.judge

    def judge_by_instrument(
        known: Iterable[Order],
        read: BookRead,
        asked: int,
        filled_at: Mapping[str, int],
        remembered: fence.Fence,
    ) -> Judgement:
        since: dict[str, int] = {}
        for (key, _), at in remembered.lagging.items():
            since[key] = min(since.get(key, at), at)
        remembered.lagging = {(key, product): at for key, at in since.items() for product in Product}
        return judge(known, read, asked, filled_at, remembered)

    return ((reconciliation, "judge", judge_by_instrument),)


def _longs_first() -> tuple[Swap, ...]:
    def reversed_order(trades: list[Trade], instruments: dict[str, Instrument]) -> list[Trade]:
        return closing_order(trades, instruments)[::-1]

    return ((manager, "closing_order", reversed_order),)


def _holdings_bought_back() -> tuple[Swap, ...]:
    return ((other_products, "why_left", lambda _: None), (portfolio, "why_left", lambda _: None))


def _refused_for_ever() -> tuple[Swap, ...]:
    return ((broker_events, "MOST_REFUSALS", 1_000_000),)


def _left_unnamed() -> tuple[Swap, ...]:
    return ((other_products, "left_of", lambda *_: ()),)


def both_go_on() -> tuple[Swap, ...]:
    def met(run: RunName, tag: str, instrument: str, earlier: bool) -> OtherEngine:
        del earlier
        return OtherEngine(run, tag, instrument, earlier=False)

    return ((other_engines, "OtherEngine", met),)


def others_orders_swept() -> tuple[Swap, ...]:
    return ((OtherEngines, "claim", lambda *_: False),)


def _unread_after_flat() -> tuple[Swap, ...]:
    return ((Flattening, "proving", Flattening.active),)


def _tick_never_learned() -> tuple[Swap, ...]:
    return ((broker_events, "coarser_tick", lambda *_: None),)


NAMED_MUTANTS = (
    Named(
        Mutant("the gate does not look at the rollout's stage", stage_mutants.gate_does_not_look),
        stages.test_the_gate_itself_denies_every_live_entry_in_paper_and_lets_pass_what_reduces,
    ),
    Named(
        Mutant("a demotion in the day is not seen", stage_mutants.demotion_is_not_seen),
        stages.test_a_fall_in_the_day_leaves_stop_and_account_and_counts_for_the_very_next_entry,
    ),
    Named(
        Mutant("the stage caps no size", stage_mutants.stage_caps_no_size),
        stages.test_small_takes_one_position_of_its_size_in_two_instruments_a_day,
    ),
    Named(
        Mutant("the broker's side does not look at the stage", stage_mutants.adapter_does_not_look),
        stages.test_the_broker_s_side_denies_what_the_record_no_longer_allows,
    ),
    Named(
        Mutant("a coarser tick that a refusal tells of is not followed", _tick_never_learned),
        partial(
            coarser_tick.test_a_kill_after_the_tick_became_coarser_ends_flat_within_two_seconds, "modify"
        ),
    ),
    Named(
        Mutant("every product is closed as the intraday one", everything_is_intraday),
        products.test_delivery_and_margin_are_sold_by_their_own_product_and_intraday_is_left_at_nought,
    ),
    Named(
        Mutant("one newer fill anywhere discards the whole read", _one_fence_for_all),
        partial(
            order_of_the_kill.test_an_external_short_option_is_bought_back_while_ours_fills_in_pieces, 40
        ),
    ),
    Named(
        Mutant("longs are closed before shorts", _longs_first),
        products.test_shorts_and_options_leave_first_then_the_largest_whatever_their_product,
    ),
    Named(
        Mutant("what was sold from holdings is bought back", _holdings_bought_back),
        products.test_what_was_sold_from_holdings_is_never_bought_back,
    ),
    Named(
        Mutant("a product that the broker refuses holds FLAT up for ever", _refused_for_ever),
        products.test_a_product_whose_exit_is_refused_for_eight_seconds_is_left_named_and_no_hindrance_to_flat,
    ),
    Named(
        Mutant("what a kill leaves is not named", _left_unnamed),
        products.test_other_products_are_left_counted_and_named_unless_the_scope_is_the_account,
    ),
    Named(
        Mutant("the patience with one product is spent on another", _patience_by_instrument),
        products.test_positions_that_lag_are_no_news_after_a_closed_row_of_another_product_was_left_out_for_long,
    ),
    Named(
        Mutant("of two engines on one account both go on", both_go_on),
        two_engines.test_the_later_engine_enters_nothing_guards_its_own_and_leaves_the_others_orders_alone,
    ),
    Named(
        Mutant("the orders of another engine are cancelled as strays", others_orders_swept),
        two_engines.test_the_later_engine_enters_nothing_guards_its_own_and_leaves_the_others_orders_alone,
    ),
    Named(
        Mutant("a read that fails after FLAT is not asked for again", _unread_after_flat),
        partial(by_phone.test_a_read_that_goes_wrong_after_flat_is_asked_for_again, "fail"),
    ),
    *(Named(mutant, test) for mutant, test in (*WAITING, *LATE, *COVER, *CLOSES, *TARGETS, *RESTS)),
    Named(
        Mutant("a repeated packet is another reading", money.repeat_is_a_reading),
        marks.test_a_hollow_book_that_is_repeated_byte_for_byte_is_one_reading,
    ),
    Named(
        Mutant("one book is enough for a limit", money.one_book_is_believed),
        marks.test_one_odd_book_trips_nothing_while_another_holding_gets_eight_packets,
    ),
    Named(
        Mutant("a book stands while the feed is silent", money.silence_makes_a_book_stand),
        marks.test_a_silent_feed_trips_nothing_and_its_first_packet_does_not_either,
    ),
    Named(
        Mutant("what is locked at its circuit keeps its last mark", money.locked_keeps_its_mark),
        marks.test_a_long_without_bids_at_its_lower_circuit_is_locked_and_blocks_every_entry,
    ),
    Named(
        Mutant("a trail goes by the newest book", money.trail_by_the_newest_book),
        marks.test_one_odd_book_moves_neither_the_best_price_nor_the_trail,
    ),
    Named(
        Mutant("what others gain pays for what ours lose", money.gains_outside_count),
        account_loss.test_a_gain_outside_never_enlarges_what_ours_may_lose,
    ),
    Named(
        Mutant("a limit closes what others hold", money.limits_close_everything),
        account_loss.test_the_accounts_loss_stops_entries_and_closes_ours_alone,
    ),
    Named(
        Mutant("what others lost and closed is forgotten", money.closed_outside_is_forgotten),
        account_loss.test_what_was_lost_and_closed_by_phone_goes_on_counting_when_the_broker_leaves_the_row_out,
    ),
    Named(
        Mutant("a restart loosens a limit on the same day", money.restart_loosens),
        wishes.test_what_was_loosened_waits_for_the_next_day_and_says_so,
    ),
    Named(
        Mutant("a restart goes on with limits that were tightened", money.restart_is_not_heard),
        wishes.test_every_limit_that_was_tightened_counts_at_once_and_is_named,
    ),
    Named(
        Mutant("a restart goes on with the old end of the day", money.flat_by_stays),
        wishes.test_an_earlier_flat_by_closes_what_is_held_when_it_comes,
    ),
)
