"""The named faults: what each is called, and which tests speak for it where its number is not in their name."""

TITLES = {
    1: "an accepted order's answer is lost",
    2: "an order never arrives and its answer is lost",
    3: "an order shows up eight seconds late",
    4: "placing is refused for good",
    5: "a fill comes before the answer",
    6: "fills and messages come twice",
    7: "the same fill with another value",
    8: "statuses out of order",
    9: "the rest fills while nobody listens",
    10: "a part fills, the rest is cancelled",
    11: "a fill after the confirmed cancel",
    12: "price is through the stop before it is placed",
    13: "the stop is rejected",
    14: "the stop is cancelled by somebody else",
    15: "a limit rests where the stop should",
    16: "stop and target meet",
    17: "the stop filled before its cancel",
    18: "a fired stop stays unfilled",
    19: "a change of the stop without an answer",
    20: "a silent feed on an open socket",
    21: "a half-open socket",
    22: "updates repeated and out of order",
    23: "a bad tick",
    24: "cut or garbage frames",
    25: "the portfolio stream is dead",
    26: "death between an entry and its answer",
    27: "death between a fill and its stop",
    28: "death while flattening",
    29: "hang-up with positions open",
    30: "terminated, twice",
    31: "a terminal that stops reading",
    32: "the disk is full or slow",
    33: "a torn or damaged journal",
    34: "the token is refused in mid-day",
    35: "the address is refused on an exit",
    36: "too many requests while flattening",
    37: "a storm of the strategy's own",
    38: "twenty kills from two terminals",
    39: "kill while the broker is down",
    40: "kill with an entry in doubt",
    41: "kill with an exit partly filled",
    42: "kill at the circuit",
    43: "orders outside continuous trading",
    44: "the broker's square-off races ours",
    45: "a position opened by phone",
    46: "our position closed by phone",
    47: "a failed read of positions",
    48: "a snapshot older than the last fill",
    49: "a clock that is wrong or steps",
    50: "the engine stands still for two seconds",
    51: "quantity above the freeze limit",
    52: "tick or band change in the day",
    53: "lots taken for units",
    54: "two engines on one account",
    55: "a bad tick across the day's loss limit",
    56: "reconnects that flap",
    57: "a slow redirect of the stream",
    58: "random interleavings of faults",
}

ELSEWHERE: dict[int, tuple[str, ...]] = {
    20: (
        "tests/feeds/upstox/test_market_feed.py::test_a_mute_feed_is_heard_to_be_mute",
        "tests/upstox/test_stream.py::test_answered_pings_keep_a_silent_connection_for_as_long_as_it_is_wanted",
        "tests/core/test_marks.py::test_a_silent_feed_trips_nothing_and_its_first_packet_does_not_either",
    ),
    21: (
        "tests/feeds/upstox/test_market_feed.py::test_a_half_open_line_is_given_up_for_want_of_pongs",
        "tests/brokers/upstox/test_portfolio_stream.py::test_a_half_open_line_is_given_up_for_want_of_pongs",
        "tests/upstox/test_stream.py::test_an_unanswered_ping_ends_a_connection_that_looks_open",
    ),
    22: (
        "tests/market/test_continuity.py::test_a_packet_below_the_maximum_is_stale",
        "tests/market/test_continuity.py::test_repeating_packets_changes_nothing_but_counters",
        "tests/market/test_continuity.py::test_inserting_an_older_packet_changes_nothing_but_counters",
    ),
    23: (
        "tests/feeds/wire/test_decoding.py::test_a_packet_that_cannot_be_trusted_is_rejected_with_its_reason_and_counted",
        "tests/feeds/recordings/test_json_feed.py::test_nan_and_negative_prices_cost_their_own_packet_only",
    ),
    24: (
        "tests/feeds/wire/test_frames.py::test_broken_bytes_raise_a_typed_reason_and_are_counted",
        "tests/feeds/wire/test_frames.py::test_no_garbage_crashes",
        "tests/feeds/wire/test_frames.py::test_unknown_types_and_modes_are_survived_and_counted",
    ),
    25: (
        "tests/brokers/upstox/test_live_stream.py::test_polls_tell_everything_while_no_stream_can_be_opened",
        "tests/brokers/upstox/test_live_stream.py::test_what_fills_while_the_stream_is_down_is_told_by_the_read_after_it_came_back",
    ),
    26: (
        "tests/runtime/test_recovery.py::test_an_entry_whose_intent_is_durable_and_whose_order_is_not_is_decided_again",
        "tests/ledger/test_store.py::test_every_acknowledged_intent_survives_kill_9",
    ),
    27: (
        "tests/runtime/test_recovery.py::test_a_resumed_engine_reads_the_book_before_anything_leaves",
        "tests/runtime/test_recovery.py::test_a_run_that_dies_again_and_again_ends_like_one_undisturbed",
    ),
    28: (
        "tests/runtime/test_recovery.py::test_a_latch_set_while_no_engine_ran_closes_what_the_engine_finds",
        "tests/runtime/test_recovery.py::test_what_was_flattened_meanwhile_is_not_sold_a_second_time",
    ),
    29: ("tests/host/test_liveness.py::test_an_engine_has_no_terminal_and_survives_a_hangup",),
    32: (
        "tests/runtime/test_service.py::test_an_entry_never_leaves_while_the_ledger_cannot_be_written_and_an_exit_does",
        "tests/ledger/test_store.py::test_a_full_disk_fails_the_future_keeps_the_rows_and_writes_them_later",
    ),
    33: (
        "tests/ledger/test_store.py::test_a_torn_tail_of_the_log_loses_only_what_was_torn",
        "tests/ledger/test_store.py::test_a_damaged_file_is_named_with_what_to_do",
        "tests/brokers/paper/test_exchange_file.py::test_a_damaged_file_is_named_with_what_to_do",
    ),
    34: (
        "tests/brokers/upstox/test_live_lanes.py::test_a_dead_token_refuses_every_order_says_what_to_do_and_a_new_one_is_taken_up",
        "tests/upstox/test_stream.py::test_a_dead_token_is_told_and_a_new_one_is_taken_up_at_once",
    ),
    35: (
        "tests/preflight/test_checks.py::test_the_registered_address_must_be_this_machines",
        "tests/brokers/upstox/test_live_lanes.py::test_a_refused_address_stands_as_what_a_person_must_mend_though_reads_pass",
    ),
    36: (
        "tests/core/test_order_of_the_kill.py::test_thirteen_positions_are_verified_flat_in_three_seconds",
        "tests/core/test_flatten_core.py::test_a_broker_that_says_429_for_half_a_minute_is_not_stormed",
        "tests/upstox/rest/test_rate_limits.py::test_a_429_makes_all_stand_back_longer_each_time_and_the_kill_only_briefly",
    ),
    37: ("tests/orders/test_gate.py::test_entries_leave_a_reserve_for_what_reduces",),
    38: ("tests/link/test_kill_line.py::test_twenty_kills_from_two_terminals_are_one_latch",),
    43: (
        "tests/orders/test_gate.py::test_what_reduces_waits_for_continuous_trading",
        "tests/brokers/paper/test_rules.py::test_orders_are_taken_in_continuous_trading_only",
        "tests/core/test_halts.py::test_a_kill_in_an_announced_halt_sends_no_exit_and_is_held_by_halt",
        "tests/core/test_end_of_day.py::test_a_halt_until_the_end_of_the_day_ends_as_carried",
        "tests/core/test_end_of_day.py::test_what_the_auction_leaves_unmatched_is_carried_and_says_what_that_means",
    ),
    44: (
        "tests/core/test_what_others_close.py::test_a_sale_in_pieces_ends_flat_and_never_short",
        "tests/core/test_what_others_close.py::test_a_kill_during_a_square_off_in_pieces_never_sells_what_that_still_may",
    ),
    49: (
        "tests/preflight/test_checks.py::test_a_clock_90_seconds_off_is_no_go",
        "tests/feeds/upstox/test_clock.py::test_no_order_of_frames_turns_either_clock_back",
        "tests/feeds/upstox/test_clock.py::test_the_wall_is_read_once_and_then_only_time_passes",
    ),
    50: (
        "tests/link/test_kill_line.py::test_status_tells_the_loops_silence_and_never_latches",
        "tests/link/test_kill_line.py::test_a_kill_is_heard_while_the_loop_is_blocked",
    ),
    51: (
        "tests/core/test_hard_exits.py::test_a_kill_above_the_freeze_quantity_follows_the_market_in_slices",
    ),
    53: ("tests/orders/test_gate.py::test_lots_taken_for_units_are_denied",),
    54: (
        "tests/host/test_liveness.py::test_a_second_engine_gets_no_lock_and_the_next_one_does",
        "tests/brokers/paper/test_exchange_file.py::test_an_engine_that_was_taken_over_can_no_longer_write",
    ),
    56: (
        "tests/upstox/test_stream.py::test_it_is_tried_for_ever_with_waits_that_double_to_the_longest_and_are_spread",
        "tests/feeds/upstox/test_disconnects.py::test_a_day_cut_at_random_places_what_the_whole_day_does_outside_its_marked_gaps",
    ),
    57: (
        "tests/upstox/test_stream.py::test_a_refused_handshake_and_one_that_never_answers_are_told_apart",
        "tests/upstox/test_stream.py::test_a_redirect_is_not_followed",
    ),
}

FROM_OUTSIDE: dict[int, tuple[str, ...]] = {
    25: ("tests/scenarios/test_scenarios.py::test_a_mute_stream_costs_no_protection",),
    26: (
        "tests/operations/test_recovery.py::test_a_replay_killed_three_times_ends_as_if_nothing_had_happened",
    ),
    28: (
        "tests/operations/test_kill.py::test_the_kill_line_closes_everything_and_its_latch_outlives_the_engine",
    ),
    29: (
        (
            "tests/operations/test_screen.py::"
            "test_a_lost_terminal_leaves_the_engine_with_its_position_and_a_new_screen_shows_it"
        ),
    ),
    30: (
        "tests/account/test_polite_end.py::test_an_entry_that_fills_while_the_engine_ends_gets_its_stop_first",
        "tests/account/test_polite_end.py::test_an_entry_that_rests_is_cancelled_before_the_engine_ends",
        "tests/account/test_polite_end.py::test_an_engine_terminated_twice_ends_once_and_leaves_its_stop",
    ),
    31: (
        "tests/operations/test_screen.py::test_a_terminal_that_does_not_read_delays_neither_the_engine_nor_the_kill",
    ),
    34: (
        "tests/account/test_live_day.py::test_a_dead_token_pauses_entries_leaves_the_stop_and_a_new_one_lets_them_go_on",
    ),
    44: (
        "tests/scenarios/test_scenarios.py::test_a_square_off_in_pieces_beside_our_stop_turns_no_position_round",
    ),
    47: ("tests/scenarios/test_scenarios.py::test_two_empty_lists_are_not_flat_beside_a_hung_engine",),
    52: ("tests/scenarios/test_scenarios.py::test_a_tick_and_a_band_that_change_in_the_day_are_met",),
}
"""Tests on whole processes: seconds each, left out of a quick look."""
