from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.clock import SECOND, Instant
from engine.market.continuity import HOLE, Accepted, Continuity, Hole, HoleTracker
from tests.market.updates import CLOSE, OPEN, update


def fresh() -> Continuity:
    return Continuity(OPEN, CLOSE, HoleTracker())


def run(volumes: Sequence[int], step: float = 1.0) -> tuple[Continuity, list[Accepted]]:
    record = fresh()
    answers = [record.accept(update(volume, index * step)) for index, volume in enumerate(volumes)]
    return record, answers


volumes = st.lists(st.integers(0, 500), min_size=1, max_size=60)


@given(volumes)
def test_increments_are_the_steps_of_the_running_maximum(values: list[int]) -> None:
    record, answers = run(values)
    maxima = list(accumulate(values, max))
    assert [answer.increment for answer in answers] == [0] + [b - a for a, b in pairwise(maxima)]
    assert record.volume == max(values) - values[0]
    assert record.baseline == values[0]
    assert record.trades == sum(answer.increment > 0 for answer in answers)
    assert record.out_of_order == sum(
        value < before for value, before in zip(values[1:], maxima[:-1], strict=True)
    )
    assert record.updates == len(values)


@given(volumes)
def test_a_packet_below_the_maximum_is_stale(values: list[int]) -> None:
    _, answers = run(values)
    maxima = list(accumulate(values, max))
    for index in range(1, len(values)):
        assert answers[index].stale == (values[index] < maxima[index - 1])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.data())
def test_repeating_packets_changes_nothing_but_counters(steps: list[int], data: st.DataObject) -> None:
    plain = [update(volume, float(index)) for index, volume in enumerate(accumulate(steps))]
    repeats = data.draw(st.lists(st.integers(1, 4), min_size=len(plain), max_size=len(plain)))
    once, often = fresh(), fresh()
    single = [once.accept(packet).increment for packet in plain]
    repeated: list[int] = []
    for packet, count in zip(plain, repeats, strict=True):
        answers = [often.accept(packet) for _ in range(count)]
        assert all(answer.duplicate and not answer.increment for answer in answers[1:])
        repeated.append(answers[0].increment)
    assert repeated == single
    assert (often.volume, often.trades) == (once.volume, once.trades)
    assert often.duplicates - once.duplicates == sum(repeats) - len(plain)
    assert often.out_of_order == once.out_of_order == 0


@given(st.lists(st.integers(1, 30), min_size=3, max_size=30), st.data())
def test_inserting_an_older_packet_changes_nothing_but_counters(
    steps: list[int], data: st.DataObject
) -> None:
    plain = [update(volume, float(index)) for index, volume in enumerate(accumulate(steps))]
    position = data.draw(st.integers(2, len(plain) - 1))
    older = data.draw(st.integers(0, position - 2))
    clean, disturbed = fresh(), fresh()
    for packet in plain:
        clean.accept(packet)
    for packet in plain[:position]:
        disturbed.accept(packet)
    answer = disturbed.accept(plain[older])
    assert answer.stale
    assert not answer.increment
    for packet in plain[position:]:
        disturbed.accept(packet)
    assert (disturbed.volume, disturbed.trades, disturbed.last_trade_time) == (
        clean.volume,
        clean.trades,
        clean.last_trade_time,
    )
    assert disturbed.out_of_order == clean.out_of_order + 1


def test_a_new_trade_time_price_or_quantity_is_no_duplicate() -> None:
    record = fresh()
    record.accept(update(10, 1.0))
    for other in (update(10, 2.0), update(10, 2.0, last=5), update(10, 2.0, last=5, quantity=9)):
        assert not record.accept(other).duplicate
    assert record.accept(update(10, 2.0, last=5, quantity=9)).duplicate
    assert record.duplicates == 1


def test_an_older_trade_time_at_the_same_volume_is_stale_but_no_step_back() -> None:
    record = fresh()
    record.accept(update(10, 5.0))
    answer = record.accept(update(10, 4.0))
    assert answer.stale
    assert record.out_of_order == 0


@pytest.mark.parametrize(
    ("second", "counted"),
    [(-0.001, False), (0.0, True), (375 * 60 - 0.001, True), (375 * 60, False), (375 * 60 + 600, False)],
)
def test_only_trades_inside_the_continuous_session_count(second: float, counted: bool) -> None:
    record = fresh()
    record.accept(update(10, -60.0))
    answer = record.accept(update(35, second))
    assert answer.increment == (25 if counted else 0)
    assert record.trades == int(counted)
    assert record.volume_maximum == 35


def test_volume_traded_outside_the_session_never_reappears_inside() -> None:
    record = fresh()
    record.accept(update(10, -60.0))
    record.accept(update(50, -1.0))
    assert record.accept(update(53, 1.0)).increment == 3


def test_a_snapshot_after_a_break_is_no_trade_and_its_volume_is_named_unseen() -> None:
    record = fresh()
    record.accept(update(10, 1.0))
    assert record.accept(update(90, 9.0, snapshot=True)).increment == 0
    assert record.accept(update(91, 10.0)).increment == 1
    assert (record.unseen_volume, record.volume, record.trades) == (80, 1, 1)


def test_auction_prints_stay_out_of_the_continuous_record() -> None:
    record = fresh()
    record.accept(update(10, 1.0))
    assert record.accept(update(500, 2.0, auction=True)).increment == 0
    assert (record.auction_volume, record.volume) == (490, 0)


def test_a_seeded_start_makes_the_first_packet_a_trade() -> None:
    record = fresh()
    record.start(100, OPEN)
    assert record.accept(update(130, 60.0)).increment == 30
    assert record.baseline == 100


def test_rejections_are_counted_apart() -> None:
    record = fresh()
    record.reject()
    assert (record.rejected, record.updates) == (1, 0)


def offline(times: Sequence[Instant]) -> tuple[Hole, ...]:
    return tuple(Hole(a, b) for a, b in pairwise(sorted(set(times))) if b - a > HOLE)


tenths = st.lists(st.integers(0, 2_000).map(lambda tenth: OPEN + tenth * SECOND // 10), max_size=40)


@given(tenths)
def test_holes_equal_the_gaps_of_all_trade_times_in_any_order_of_arrival(times: list[Instant]) -> None:
    tracker = HoleTracker()
    for index, trade_time in enumerate(times):
        tracker.observe(trade_time)
        assert tracker.holes == offline(times[: index + 1])
    assert tracker.newest == max(times, default=None)


@given(tenths, st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_trade_after_a_hole_is_marked_when_a_hole_lies_since_the_previous_one(
    times: list[Instant], first: int, second: int
) -> None:
    previous, trade_time = (OPEN + tenth * SECOND // 10 for tenth in sorted((first, second)))
    tracker = HoleTracker()
    for known in [*times, previous]:
        tracker.observe(known)
    expected = any(
        previous <= hole.start and hole.end <= trade_time for hole in offline([*times, previous, trade_time])
    )
    assert tracker.observe(trade_time, previous) == expected


def test_exactly_ten_seconds_is_no_hole() -> None:
    tracker = HoleTracker()
    tracker.observe(OPEN)
    tracker.observe(OPEN + HOLE)
    before = tracker.holes
    assert not before
    tracker.observe(OPEN + 2 * HOLE + 1)
    assert tracker.holes == (Hole(OPEN + HOLE, OPEN + 2 * HOLE + 1),)


def test_another_instrument_trading_through_means_there_is_no_hole() -> None:
    tracker = HoleTracker()
    quiet, busy = Continuity(OPEN, CLOSE, tracker), Continuity(OPEN, CLOSE, tracker)
    for record in (quiet, busy):
        record.accept(update(1, 0.0))
        record.accept(update(2, 1.0))
    for second in range(2, 60):
        busy.accept(update(1 + second, float(second)))
    assert not quiet.accept(update(9, 60.0)).after_hole
    assert tracker.holes == ()


def test_every_instrument_is_marked_once_after_a_common_hole() -> None:
    tracker = HoleTracker()
    records = [Continuity(OPEN, CLOSE, tracker) for _ in range(3)]
    for record in records:
        record.accept(update(1, 0.0))
        record.accept(update(2, 1.0))
    for index, record in enumerate(records):
        assert record.accept(update(10, 40.0 + index)).after_hole
        assert not record.accept(update(11, 43.0 + index)).after_hole
    assert tracker.holes == (Hole(OPEN + SECOND, OPEN + 40 * SECOND),)


def test_a_first_trade_after_a_hole_is_marked_though_only_a_baseline_came_before() -> None:
    tracker = HoleTracker()
    busy, late = Continuity(OPEN, CLOSE, tracker), Continuity(OPEN, CLOSE, tracker)
    busy.accept(update(1, 0.0))
    late.accept(update(1, 0.0))
    busy.accept(update(2, 1.0))
    busy.accept(update(3, 30.0))
    assert late.accept(update(2, 31.0)).after_hole


def test_a_snapshot_from_the_day_before_is_no_baseline() -> None:
    record = fresh()
    yesterday = -18 * 3_600.0
    assert not record.accept(update(1_600_000, yesterday, snapshot=True)).stale
    assert record.accept(update(1_600_000, yesterday)).increment == 0
    assert record.accept(update(1_200, -480.0, auction=True)).increment == 0
    answers = [record.accept(update(1_200 + 10 * n, float(n))).increment for n in (1, 2, 3)]
    assert answers == [10, 10, 10]
    assert (record.baseline, record.volume, record.trades, record.out_of_order) == (0, 30, 3, 0)
    assert record.auction_volume == 1_200


def test_after_a_snapshot_from_the_day_before_the_first_trade_of_the_day_is_a_trade() -> None:
    record = fresh()
    record.accept(update(1_600_000, -18 * 3_600.0, snapshot=True))
    answer = record.accept(update(40, 2.0))
    assert (answer.increment, answer.after_hole, record.volume) == (40, False, 40)


def test_a_snapshot_of_today_after_one_from_the_day_before_is_unseen_volume() -> None:
    record = fresh()
    record.accept(update(1_600_000, -18 * 3_600.0, snapshot=True))
    assert record.accept(update(5_000, 600.0, snapshot=True)).increment == 0
    assert record.accept(update(5_010, 601.0)).increment == 10
    assert (record.unseen_volume, record.volume) == (5_000, 10)


def test_a_packet_of_the_day_before_never_moves_a_day_under_way() -> None:
    record = fresh()
    record.accept(update(0, -600.0))
    record.accept(update(70, 1.0))
    assert record.accept(update(1_600_000, -18 * 3_600.0, snapshot=True)).stale
    assert record.accept(update(75, 2.0)).increment == 5
    assert (record.volume, record.volume_maximum, record.unseen_volume) == (75, 75, 0)
    assert (record.earlier_day, record.out_of_order) == (1, 0)


def test_volume_that_restarts_before_its_trade_time_does_is_not_placed_at_the_open() -> None:
    record = fresh()
    yesterday = -18 * 3_600.0
    record.accept(update(1_600_000, yesterday, snapshot=True))
    record.accept(update(0, yesterday))
    record.accept(update(1_200, yesterday))
    assert record.accept(update(1_230, 1.0)).increment == 30
    assert record.volume == 30


@given(volumes, st.lists(st.integers(1, 2_000_000), min_size=1, max_size=4))
def test_whatever_the_day_before_left_the_whole_day_is_recorded(
    values: list[int], leftover: list[int]
) -> None:
    record = fresh()
    for volume in sorted(leftover):
        record.accept(update(volume, -18 * 3_600.0, snapshot=True))
    for index, volume in enumerate(values):
        record.accept(update(volume, index + 1.0))
    assert (record.volume, record.baseline) == (max(values), 0)
