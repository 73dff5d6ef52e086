"""The named faults: which tests speak for which fault, run here and judged one by one."""

import contextlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NAMED_TESTS = "tests/core/test_faults*.py"
"""Each test in there carries its fault's number."""

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
    22: (
        "tests/market/test_continuity.py::test_a_packet_below_the_maximum_is_stale",
        "tests/market/test_continuity.py::test_repeating_packets_changes_nothing_but_counters",
        "tests/market/test_continuity.py::test_inserting_an_older_packet_changes_nothing_but_counters",
    ),
    23: (
        "tests/market/test_decoding.py::test_a_packet_that_cannot_be_trusted_is_rejected_with_its_reason_and_counted",
        "tests/feeds/test_recording.py::test_nan_and_negative_prices_cost_their_own_packet_only",
    ),
    24: (
        "tests/market/test_frames.py::test_broken_bytes_raise_a_typed_reason_and_are_counted",
        "tests/market/test_frames.py::test_no_garbage_crashes",
        "tests/market/test_frames.py::test_unknown_types_and_modes_are_survived_and_counted",
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
    29: ("tests/link/test_process.py::test_an_engine_has_no_terminal_and_survives_a_hangup",),
    32: (
        "tests/runtime/test_service.py::test_an_entry_never_leaves_while_the_ledger_cannot_be_written_and_an_exit_does",
        "tests/ledger/test_store.py::test_a_full_disk_fails_the_future_keeps_the_rows_and_writes_them_later",
    ),
    33: (
        "tests/ledger/test_store.py::test_a_torn_tail_of_the_log_loses_only_what_was_torn",
        "tests/ledger/test_store.py::test_a_damaged_file_is_named_with_what_to_do",
        "tests/brokers/test_paper_file.py::test_a_damaged_file_is_named_with_what_to_do",
    ),
    37: ("tests/orders/test_gate.py::test_entries_leave_a_reserve_for_what_reduces",),
    38: ("tests/link/test_kill_line.py::test_twenty_kills_from_two_terminals_are_one_latch",),
    43: (
        "tests/orders/test_gate.py::test_what_reduces_waits_for_continuous_trading",
        "tests/brokers/test_paper_rules.py::test_orders_are_taken_in_continuous_trading_only",
        "tests/core/test_halts.py::test_a_kill_in_an_announced_halt_sends_no_exit_and_is_held_by_halt",
        "tests/core/test_end_of_day.py::test_a_halt_until_the_end_of_the_day_ends_as_carried",
        "tests/core/test_end_of_day.py::test_what_the_auction_leaves_unmatched_is_carried_and_says_what_that_means",
    ),
    53: ("tests/orders/test_gate.py::test_lots_taken_for_units_are_denied",),
    54: (
        "tests/link/test_process.py::test_a_second_engine_gets_no_lock_and_the_next_one_does",
        "tests/brokers/test_paper_file.py::test_an_engine_that_was_taken_over_can_no_longer_write",
    ),
}

FROM_OUTSIDE: dict[int, tuple[str, ...]] = {
    26: ("tests/desk/test_recovery.py::test_a_replay_killed_three_times_ends_as_if_nothing_had_happened",),
    28: ("tests/desk/test_kill.py::test_the_kill_line_closes_everything_and_its_latch_outlives_the_engine",),
    29: (
        (
            "tests/desk/test_screen.py::"
            "test_a_lost_terminal_leaves_the_engine_with_its_position_and_a_new_screen_shows_it"
        ),
    ),
    31: (
        "tests/desk/test_screen.py::test_a_terminal_that_does_not_read_delays_neither_the_engine_nor_the_kill",
    ),
}
"""Tests on whole processes: seconds each, left out of a quick look."""

_NUMBER = re.compile(r"::test_(\d\d)_")


@dataclass(eq=False)
class Judge:
    """A pytest plugin that keeps only the wanted tests and what became of them, by fault."""

    wanted: dict[str, int]
    verdicts: dict[int, str] = field(default_factory=dict)
    tests: int = 0
    found: set[str] = field(default_factory=set)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave everything out that speaks for no fault."""
        kept = [item for item in items if self._fault(item.nodeid) is not None]
        self.found.update(item.nodeid.partition("[")[0] for item in kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one test's outcome: the first thing that went wrong is a fault's reason."""
        number = self._fault(report.nodeid)
        if number is None:
            return
        if report.when == "call":
            self.tests += 1
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            said = "no words" if crash is None else crash.message.splitlines()[0]
            self._put(number, f"{name}: {said}")
        elif report.skipped:
            self._put(number, f"{name}: skipped")
        else:
            self.verdicts.setdefault(number, "pass")

    def _put(self, number: int, reason: str) -> None:
        if self.verdicts.get(number, "pass") == "pass":
            self.verdicts[number] = reason

    def _fault(self, nodeid: str) -> int | None:
        numbered = _NUMBER.search(nodeid)
        if numbered is not None and nodeid.startswith("tests/core/test_faults"):
            return int(numbered.group(1))
        return self.wanted.get(nodeid.partition("[")[0])


def judge_faults(root: Path, *, quick: bool) -> tuple[dict[str, str], int]:
    """Run every test that speaks for a fault; return a verdict for each fault that has one, and how many tests ran."""
    tables = (ELSEWHERE,) if quick else (ELSEWHERE, FROM_OUTSIDE)
    wanted = {name: number for table in tables for number, names in table.items() for name in names}
    files = _files(root, wanted)
    judge = Judge(wanted)
    with contextlib.redirect_stdout(io.StringIO()):
        ended = pytest.main(
            ["-q", "-p", "no:cacheprovider", "--rootdir", str(root), *map(str, files)], plugins=[judge]
        )
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"expected the tests of the named faults to run, got {ended!r}")
    for name, number in wanted.items():
        if name not in judge.found:
            judge._put(number, f"{name}: no such test")
    return {title_of(number): judge.verdicts[number] for number in sorted(judge.verdicts)}, judge.tests


def title_of(number: int) -> str:
    """Return a fault's name as the table shows it."""
    return f"{number:02d} {TITLES[number]}"


def _files(root: Path, wanted: Iterable[str]) -> list[Path]:
    named = sorted(root.glob(NAMED_TESTS))
    others = {root / name.partition("::")[0] for name in wanted}
    return [*named, *sorted(path for path in others if path.exists() and path not in named)]
