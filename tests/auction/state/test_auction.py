"""One instrument's auction, packet by packet: equal to a batch reading, blind to the future, deaf to damage."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from config import ProfileSettings, Settings, StopSettings
from engine.auction.state.auction import Auction
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Quality
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate
from engine.setups.probe import bracket_ends
from tests.auction.batch import Batch, naive_atr, naive_value_area, read_batch
from tests.auction.builders import (
    CLOSE,
    KEY,
    OPEN,
    TICK,
    Trade,
    at,
    bar,
    conflate,
    damaged_feeds,
    feeds,
    make_market,
    make_update,
    tapes,
)

SMALL_ROWS = Settings(profile=ProfileSettings(row=0.5), stop=StopSettings(atr_period=3))


def play(updates: list[MarketUpdate], chosen: Settings = SMALL_ROWS) -> Auctions:
    market = make_market(settings=chosen)
    for update in updates:
        market.apply(update)
    return market


def as_batch(market: Auctions) -> Batch:
    auction, continuity = market.auction(KEY), market.continuity(KEY)
    session = auction.brackets
    balance = session.initial_balance
    return Batch(
        volume_at_price={tick * TICK: volume for tick, volume in auction.profile.ticks.items()},
        brackets=tuple((bracket.index, bracket.low, bracket.high) for bracket in session.brackets),
        initial_balance=None if balance is None else (balance.low, balance.high),
        high=session.high,
        low=session.low,
        last=auction.last,
        vwap=None if auction.vwap.fraction is None else Fraction(*auction.vwap.fraction),
        minutes=tuple(auction.bars.minutes),
        duplicates=continuity.duplicates,
        out_of_order=continuity.out_of_order,
    )


def figures(auction: Auction) -> dict[str, object]:
    """Return everything a packet could change but counters."""
    session = auction.brackets
    return {
        "ticks": dict(auction.profile.ticks),
        "brackets": [(b.index, b.low, b.high, b.close) for b in session.brackets],
        "balance": (session.balance_low, session.balance_high),
        "range": (session.high, session.low, auction.open),
        "vwap": auction.vwap.fraction,
        "rows": auction.rows(),
        "volume": auction.volume_reading(),
        "tpo": auction.tpo_reading(),
    }


@settings(max_examples=150)
@given(feeds())
def test_incremental_equals_batch_after_every_packet(updates: list[MarketUpdate]) -> None:
    market = make_market(settings=SMALL_ROWS)
    for count, update in enumerate(updates, 1):
        market.apply(update)
        assert as_batch(market) == read_batch(updates[:count], OPEN, CLOSE)


@given(feeds(), st.sampled_from(["dual", "one-row"]), st.sampled_from([50, 68, 70, 95]))
def test_poc_and_value_area_equal_the_naive_ones(
    updates: list[MarketUpdate], rule: str, percent: int
) -> None:
    profile = ProfileSettings.model_validate({"row": 0.5, "value_area_rule": rule, "value_area_pct": percent})
    market = play(updates, Settings(profile=profile))
    batch = read_batch(updates, OPEN, CLOSE)
    reading = market.context(KEY).volume_profile
    if not batch.volume_at_price:
        assert reading is None
        return
    rows: dict[int, int] = {}
    for price, volume in batch.volume_at_price.items():
        rows[price // 50] = rows.get(price // 50, 0) + volume
    counts = [rows.get(row, 0) for row in range(min(rows), max(rows) + 1)]
    poc, low, high = naive_value_area(counts, rule, percent)
    assert reading is not None
    assert (reading.poc, reading.val, reading.vah) == tuple((min(rows) + i) * 50 for i in (poc, low, high))
    assert reading.total == sum(counts)
    assert reading.ties == counts.count(max(counts))
    assert reading.rows == len(counts)


@given(feeds())
def test_tpo_counts_are_one_per_bracket_and_row_touched(updates: list[MarketUpdate]) -> None:
    market = play(updates)
    rows: dict[int, int] = {}
    letters: dict[int, str] = {}
    heights = 0
    for index, low, high in read_batch(updates, OPEN, CLOSE).brackets:
        heights += high // 50 - low // 50 + 1
        for row in range(low // 50, high // 50 + 1):
            rows[row] = rows.get(row, 0) + 1
            letters[row] = letters.get(row, "") + chr(65 + index)
    reading = market.context(KEY).tpo_profile
    assert reading is not None
    assert reading.total == sum(rows.values()) == heights
    shown = {row.price // 50: row.letters for row in market.auction(KEY).rows() if row.letters}
    assert shown == letters


@given(feeds())
def test_ladder_rows_show_the_whole_profile_and_its_value(updates: list[MarketUpdate]) -> None:
    market = play(updates)
    rows = market.auction(KEY).rows()
    reading = market.context(KEY).volume_profile
    assert [row.price for row in rows] == list(range(rows[0].price, rows[-1].price + 50, 50))
    assert sum(row.volume for row in rows) == (0 if reading is None else reading.total)
    inside = [row.price for row in rows if row.in_value]
    expected = [] if reading is None else list(range(reading.val, reading.vah + 50, 50))
    assert inside == expected


@settings(max_examples=60)
@given(feeds(), feeds(), st.data())
def test_nothing_after_a_packet_changes_what_was_known_at_it(
    updates: list[MarketUpdate], other_future: list[MarketUpdate], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(updates)))
    market = play(updates[:cut])
    known, rows = market.context(KEY), market.auction(KEY).rows()
    for update in other_future:
        market.apply(update)
    alone = play(updates[:cut])
    assert known == alone.context(KEY)
    assert rows == alone.auction(KEY).rows()
    assert alone.context(KEY) is alone.context(KEY)


@settings(max_examples=150)
@given(damaged_feeds())
def test_repeats_and_older_packets_change_nothing_but_counters(
    pair: tuple[list[MarketUpdate], list[MarketUpdate]],
) -> None:
    clean, damaged = pair
    one, two = play(clean), play(damaged)
    assert figures(one.auction(KEY)) == figures(two.auction(KEY))
    assert one.context(KEY) == two.context(KEY)
    assert two.continuity(KEY).updates == len(damaged)


@st.composite
def repeating_feeds(draw: st.DrawFn) -> list[MarketUpdate]:
    """Draw a feed whose packets repeat their last trade with another book, average, day bar and minute."""
    packets: list[MarketUpdate] = []
    for packet in draw(feeds(max_size=30)):
        packets.append(packet)
        for _ in range(draw(st.integers(0, 3))):
            price = draw(st.integers(940, 1_060)) * TICK
            other = packets[draw(st.integers(0, len(packets) - 1))]
            day = packet.day
            if day is not None and draw(st.booleans()):
                day = structs.replace(day, high=max(day.high, price), low=min(day.low, price))
            packets.append(
                structs.replace(
                    packet,
                    bids=((price - TICK, draw(st.integers(1, 9))),),
                    asks=((price + TICK, draw(st.integers(1, 9))),),
                    average_price=price,
                    day=draw(st.sampled_from([None, day])),
                    minute=draw(st.sampled_from([None, packet.minute, other.minute])),
                )
            )
    return packets


@settings(max_examples=150)
@given(repeating_feeds())
def test_what_a_repeated_trade_skips_would_have_changed_nothing(packets: list[MarketUpdate]) -> None:
    quick, thorough = play(packets), make_market(settings=SMALL_ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Auction, "_repeats", lambda *_: False)
        for packet in packets:
            thorough.apply(packet)
    assert quick.context(KEY) == thorough.context(KEY)
    assert figures(quick.auction(KEY)) == figures(thorough.auction(KEY))
    assert quick.auction(KEY).time == thorough.auction(KEY).time


@given(feeds(), st.lists(st.integers(0, 3_600), max_size=8), st.data())
def test_packets_outside_the_session_change_no_profile_bracket_or_vwap(
    updates: list[MarketUpdate], delays: list[int], data: st.DataObject
) -> None:
    market = play(updates)
    before = figures(market.auction(KEY))
    last, volume = market.auction(KEY).last, updates[-1].volume
    for delay in sorted(delays):
        volume += data.draw(st.integers(0, 100))
        price = data.draw(st.integers(900, 1_100)) * TICK
        late = bar(OPEN, 8_000, 12_000, price)
        market.apply(make_update(CLOSE + delay * SECOND, price, volume, day=late, average_price=1))
    assert figures(market.auction(KEY)) == before
    assert market.auction(KEY).last == last


@given(feeds(), st.lists(st.integers(0, 600), min_size=1, max_size=5))
def test_packets_before_the_open_give_no_profile_and_no_bracket(
    updates: list[MarketUpdate], early: list[int]
) -> None:
    market = make_market(settings=SMALL_ROWS)
    for second in sorted(early):
        market.apply(make_update(OPEN - 601 * SECOND + second * SECOND, 10_000, 0))
    assert market.auction(KEY).rows() == ()
    assert market.context(KEY).quality is Quality.NOT_READY
    for update in updates:
        market.apply(update)
    assert market.context(KEY).partial_since is None
    assert market.auction(KEY).profile.total == updates[-1].volume


@given(feeds())
def test_brackets_hold_every_price_seen_in_them(updates: list[MarketUpdate]) -> None:
    market = play(updates)
    spans = {bracket.index: bracket for bracket in market.auction(KEY).brackets.brackets}
    first = min(spans)
    for update in updates:
        assert spans[(update.trade_time - OPEN) // (30 * MINUTE)].low <= update.last
        assert spans[(update.trade_time - OPEN) // (30 * MINUTE)].high >= update.last
        if update.minute is not None and (update.minute.start - OPEN) // (30 * MINUTE) >= first:
            holder = spans[(update.minute.start - OPEN) // (30 * MINUTE)]
            assert holder.low <= update.minute.low <= update.minute.high <= holder.high


@given(feeds())
def test_the_vwap_lies_inside_the_day(updates: list[MarketUpdate]) -> None:
    context = play(updates).context(KEY)
    assert context.low is not None
    assert context.high is not None
    assert context.vwap is not None
    assert context.low - 1 <= context.vwap <= context.high + 1


@given(feeds(), st.sampled_from([0.1, 0.2, 0.5, 1.0, 10.0]))
def test_changing_the_row_size_and_back_restores_every_value(
    updates: list[MarketUpdate], rupees: float
) -> None:
    auction = play(updates).auction(KEY)
    volume, tpo = auction.volume_reading(), auction.tpo_reading()
    height = round(rupees * 100) // TICK
    at_other, tpo_at_other = auction.volume_reading(height), auction.tpo_reading(height)
    chosen = play(
        updates, Settings(profile=ProfileSettings(row=rupees), stop=StopSettings(atr_period=3))
    ).auction(KEY)
    assert (at_other, tpo_at_other) == (chosen.volume_reading(), chosen.tpo_reading())
    assert (auction.volume_reading(), auction.tpo_reading()) == (volume, tpo)


@given(feeds())
def test_rotation_is_the_sum_of_the_brackets_steps_and_stays_within_its_bounds(
    updates: list[MarketUpdate],
) -> None:
    context = play(updates).context(KEY)
    spans = read_batch(updates, OPEN, CLOSE).brackets
    expected = sum(
        (later[side] > earlier[side]) - (later[side] < earlier[side])
        for earlier, later in pairwise(spans)
        for side in (1, 2)
    )
    if len(spans) < 2:
        assert context.rotation_factor is None
    else:
        assert context.rotation_factor == expected
        assert abs(expected) <= 2 * (len(spans) - 1)


def upside_down(packet: MarketUpdate) -> MarketUpdate:
    """Return a packet with every price mirrored at 100.00."""

    def flip(bar: Bar | None) -> Bar | None:
        if bar is None:
            return None
        low, high = 20_000 - bar.high, 20_000 - bar.low
        return Bar(bar.start, 20_000 - bar.open, high, low, 20_000 - bar.close, bar.volume)

    return structs.replace(
        packet, last=20_000 - packet.last, day=flip(packet.day), minute=flip(packet.minute)
    )


@given(feeds())
def test_prices_upside_down_change_the_sign_of_rotation_and_mirror_brackets_and_balance(
    updates: list[MarketUpdate],
) -> None:
    one, other = play(updates).context(KEY), play([upside_down(update) for update in updates]).context(KEY)
    assert (one.rotation_factor is None) == (other.rotation_factor is None)
    assert (one.rotation_factor or 0) == -(other.rotation_factor or 0)
    assert one.one_timeframing == -other.one_timeframing
    spans = [(20_000 - bracket.high, 20_000 - bracket.low) for bracket in other.brackets]
    assert [(bracket.low, bracket.high) for bracket in one.brackets] == spans
    assert (one.extended_up, one.extended_down) == (other.extended_down, other.extended_up)


@given(feeds())
def test_the_profile_holds_every_unit_between_the_first_and_the_newest_day_volume(
    updates: list[MarketUpdate],
) -> None:
    auction = play(updates).auction(KEY)
    assert auction.profile.total == updates[-1].volume - updates[0].volume
    for height in (1, 2, 5, 10, 50):
        reading = auction.volume_reading(height)
        assert (0 if reading is None else reading.total) == auction.profile.total


@given(tapes(), st.data())
def test_a_start_at_any_packet_still_has_range_and_balance_and_says_that_it_is_late(
    tape: list[Trade], data: st.DataObject
) -> None:
    packets = conflate(tape, range(len(tape)))
    begin = data.draw(st.integers(1, len(packets) - 1))
    whole, late = play(packets).context(KEY), play(packets[begin:]).context(KEY)
    assert (late.open, late.high, late.low, late.last) == (whole.open, whole.high, whole.low, whole.last)
    if packets[begin].trade_time < OPEN + 60 * MINUTE:
        assert late.initial_balance == whole.initial_balance
    else:
        assert late.initial_balance is None
    assert late.partial_since == packets[begin].trade_time
    assert (late.open_type.name, late.opening_range) == ("UNKNOWN", None)
    assert str(late.open_type.evidence["reason"]).startswith("late start at ")


@given(feeds(max_size=40))
def test_a_beat_is_new_whenever_a_five_minute_bar_or_a_bracket_has_ended(updates: list[MarketUpdate]) -> None:
    market = make_market(settings=SMALL_ROWS)
    auction = market.auction(KEY)
    seen: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for update in updates:
        market.apply(update)
        ended = [end for end in bracket_ends(market.context(KEY)) if end <= update.trade_time]
        newest = max((bar.start for bar in auction.bars.completed_fives), default=-1)
        known = (newest, max(ended, default=0), len(auction.brackets.brackets))
        assert seen.setdefault(auction.beat, known) == known


@given(feeds())
def test_the_average_true_range_equals_the_one_over_the_whole_list(updates: list[MarketUpdate]) -> None:
    auction = play(updates).auction(KEY)
    expected = naive_atr(read_batch(updates, OPEN, CLOSE).minutes, 3)
    assert auction.bars.atr == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_a_late_start_is_partial_and_takes_range_and_balance_from_the_day_bar() -> None:
    day = bar(OPEN, 9_900, 10_200, 10_000)
    context = play([make_update(at("09:33"), 10_000, 500, day=day, average_price=10_050)]).context(KEY)
    assert context.partial_since == at("09:33")
    assert context.quality is Quality.PARTIAL
    assert (context.low, context.high) == (9_900, 10_200)
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_900, 10_200)
    assert not context.initial_balance.complete
    assert [(b.letter, b.low, b.high) for b in context.brackets] == [("A", 9_900, 10_200)]
    assert context.volume_profile is None
    assert context.vwap == 10_050
    assert context.open_type.name == "UNKNOWN"


def test_a_start_after_the_first_hour_knows_no_balance_and_no_whole_first_bracket() -> None:
    day = bar(OPEN, 9_900, 10_200, 10_000)
    packets = [
        make_update(at("11:01"), 10_000, 500, day=day),
        make_update(at("11:20"), 10_050, 600, day=day),
    ]
    context = play(packets).context(KEY)
    assert context.initial_balance is None
    assert context.day_type.name == "UNKNOWN"
    assert [(b.letter, b.low, b.high, b.complete) for b in context.brackets] == [
        ("D", 10_000, 10_000, False),
        ("E", 10_050, 10_050, False),
    ]


def test_a_bracket_is_complete_once_trading_has_passed_its_end() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("09:20"), 10_000, 5)])
    assert not market.context(KEY).brackets[0].complete
    applied = market.apply(make_update(at("09:45"), 10_010, 6))
    assert applied.bracket_closed
    assert [bracket.complete for bracket in market.context(KEY).brackets] == [True, False]
    assert not market.apply(make_update(at("09:46"), 10_010, 7)).bracket_closed


def test_the_last_minute_completes_the_last_bracket_without_a_further_trade() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("15:29:50"), 10_000, 5)])
    assert not market.context(KEY).brackets[-1].complete
    applied = market.apply(
        make_update(at("15:29:50"), 10_000, 5, minute=bar(at("15:29"), 9_990, 10_020, 10_000))
    )
    assert (applied.minute_closed, applied.bracket_closed) == (True, True)
    newest = market.context(KEY).brackets[-1]
    assert (newest.letter, newest.low, newest.high, newest.complete) == ("M", 9_990, 10_020, True)


def test_the_last_minute_of_a_bracket_corrects_it_and_the_balance_once_it_comes() -> None:
    market = play(
        [
            make_update(OPEN - SECOND, 10_000, 0),
            make_update(at("10:14"), 10_000, 5, day=bar(OPEN, 10_000, 10_000)),
            make_update(
                at("10:15:02"),
                10_000,
                9,
                day=bar(OPEN, 9_950, 10_030, 10_000),
                minute=bar(at("10:14"), 9_950, 10_030, 9_980),
            ),
        ]
    )
    context = market.context(KEY)
    second = context.brackets[0]
    assert (second.letter, second.low, second.high, second.close) == ("B", 9_950, 10_030, 9_980)
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_950, 10_030)
    assert context.initial_balance.complete
    assert (context.brackets[1].low, context.brackets[1].high) == (10_000, 10_000)


def test_a_packet_at_the_very_end_of_the_first_hour_is_no_part_of_the_balance() -> None:
    packets = [
        make_update(OPEN - SECOND, 10_000, 0),
        make_update(at("10:00"), 10_000, 5),
        make_update(at("10:15"), 10_500, 6),
    ]
    balance = play(packets).context(KEY).initial_balance
    assert balance is not None
    assert (balance.low, balance.high, balance.complete) == (10_000, 10_000, True)


def test_a_bracket_closes_where_its_last_minute_closed() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("15:29:30"), 10_000, 5)])
    last_minute = bar(at("15:29"), 9_990, 10_020, 10_010)
    market.apply(make_update(at("15:29:40"), 9_990, 6, minute=last_minute))
    market.apply(make_update(at("15:29:50"), 10_000, 7, minute=last_minute))
    assert market.context(KEY).brackets[-1].close == 10_010


def test_figures_of_the_day_before_are_no_part_of_the_vwap() -> None:
    market = play([make_update(OPEN - 86_400 * SECOND, 9_000, 500, average_price=9_000)])
    market.apply(make_update(at("09:16"), 10_000, 600, average_price=10_000))
    assert market.context(KEY).vwap == 10_000


def test_a_record_that_begins_after_the_close_is_partial_and_empty() -> None:
    context = play([make_update(CLOSE + SECOND, 10_000, 500)]).context(KEY)
    assert context.partial_since == CLOSE + SECOND
    assert (context.last, context.brackets, context.quality) == (None, (), Quality.NOT_READY)


def test_a_new_day_extreme_belongs_to_a_bracket_only_when_the_packet_before_lay_in_it() -> None:
    packets = [
        make_update(OPEN - SECOND, 10_000, 0),
        make_update(at("09:50"), 10_000, 5, day=bar(OPEN, 10_000, 10_000)),
        make_update(at("10:20"), 10_000, 6, day=bar(OPEN, 9_900, 10_000, 10_000)),
        make_update(at("10:21"), 10_000, 7, day=bar(OPEN, 9_900, 10_100, 10_000)),
    ]
    b, c = play(packets).context(KEY).brackets
    assert (b.low, b.high) == (10_000, 10_000)
    assert (c.low, c.high) == (10_000, 10_100)


def test_the_row_is_provisional_until_a_quarter_to_ten_and_frozen_after() -> None:
    market = make_market()
    market.apply(make_update(at("09:20"), 100_000, 5, day=bar(OPEN, 99_000, 100_000)))
    early = market.context(KEY)
    assert early.row == 50
    assert "row provisional until 09:45" in early.notes
    market.apply(make_update(at("09:44"), 100_000, 6, day=bar(OPEN, 98_000, 100_000)))
    market.apply(make_update(at("09:45"), 100_000, 7, day=bar(OPEN, 90_000, 100_000)))
    frozen = market.context(KEY)
    assert frozen.row == 50
    assert frozen.average_range is not None
    assert (frozen.average_range.value, frozen.average_range.quality) == (4_000, Quality.ESTIMATED)
    assert frozen.notes == ("PARTIAL from 09:20", "ATR NOT READY: minutes missing")
    market.apply(make_update(at("12:00"), 100_000, 8, day=bar(OPEN, 50_000, 100_000)))
    assert market.context(KEY).row == 50


def test_a_chosen_row_freezes_the_average_range_too() -> None:
    market = play(
        [
            make_update(at("09:20"), 100_000, 5, day=bar(OPEN, 98_000, 100_000)),
            make_update(at("09:50"), 100_000, 6, day=bar(OPEN, 98_000, 100_000)),
            make_update(at("11:00"), 100_000, 7, day=bar(OPEN, 90_000, 100_000)),
        ]
    )
    context = market.context(KEY)
    assert context.row == 50
    assert context.average_range is not None
    assert context.average_range.value == 4_000


def test_a_minute_from_the_future_is_not_believed() -> None:
    market = play([make_update(at("10:00"), 10_000, 5, minute=bar(at("15:00"), 1, 99_999))])
    assert market.context(KEY).minutes == ()
    assert market.context(KEY).high == 10_000


def test_a_price_off_the_tick_grid_is_placed_below_and_noted() -> None:
    market = play([make_update(at("10:00"), 10_000, 5), make_update(at("10:01"), 10_007, 9)])
    assert dict(market.auction(KEY).profile.ticks) == {1_000: 4}
    assert "1 prices off the tick grid" in market.context(KEY).notes


def test_auction_prints_stay_out_of_the_continuous_profile() -> None:
    market = play([make_update(at("10:00"), 10_000, 5), make_update(at("10:01"), 10_500, 900, auction=True)])
    assert market.auction(KEY).profile.total == 0
    assert market.context(KEY).high == 10_000


def test_average_true_range_needs_contiguous_minutes_for_trading() -> None:
    minutes = ["10:00", "10:01", "10:02", "10:03"]
    market = make_market(settings=SMALL_ROWS)
    market.apply(make_update(at("10:00"), 10_000, 1))
    for volume, clock in enumerate(minutes, 2):
        market.apply(
            make_update(at(clock) + MINUTE, 10_000, volume, minute=bar(at(clock), 9_990, 10_010, 10_000))
        )
    assert market.context(KEY).atr == 20
    market.apply(make_update(at("10:07"), 10_000, 9, minute=bar(at("10:06"), 9_990, 10_010, 10_000)))
    assert market.auction(KEY).bars.atr == 20.0
    assert market.context(KEY).atr is None
    assert "ATR NOT READY: minutes missing" in market.context(KEY).notes


def test_surely_placed_volume_is_counted_by_minute() -> None:
    market = play(
        [
            make_update(at("10:00"), 10_000, 100),
            make_update(at("10:00:01"), 10_050, 110, last_quantity=2),
            make_update(at("10:00:02"), 10_150, 130, last_quantity=2),
            make_update(at("10:00:03"), 10_300, 170, last_quantity=40),
            make_update(at("10:00:30"), 10_300, 250, last_quantity=80),
            make_update(at("10:01"), 10_300, 410, minute=bar(at("10:00"), 10_000, 10_300)),
            make_update(at("10:02"), 10_300, 730, minute=bar(at("10:01"), 10_300, 10_300)),
        ]
    )
    assert market.context(KEY).placed_volumes == (10 + 40, 0)


def make_seed(until: str = "11:00", average_range: int | None = None) -> InstrumentSeed:
    minutes = tuple(
        bar(OPEN + index * MINUTE, 9_900 + index, 10_000 + index, 9_950 + index)
        for index in range((at(until) - OPEN) // MINUTE)
    )
    rows = {9_900: 100, 9_950: 300, 10_000: 200}
    return InstrumentSeed(
        instrument=KEY,
        until=at(until),
        source="GENERATED",
        volume_rows=rows,
        minutes=minutes,
        day=bar(OPEN, 9_900, minutes[-1].high, minutes[-1].close, 600),
        volume=600,
        turnover=sum(price * volume for price, volume in rows.items()),
        previous_close=9_800,
        average_range=average_range,
    )


def test_a_seeded_past_stands_before_the_first_update_and_counts_as_known() -> None:
    market = make_market()
    market.seed(make_seed(average_range=1_600))
    context = market.context(KEY)
    assert context.quality is not Quality.PARTIAL
    assert context.partial_since is None
    assert market.auction(KEY).seeded_from == "GENERATED"
    assert context.row == 20
    assert context.average_range is not None
    assert context.average_range.quality is Quality.LIVE
    assert context.volume_profile is not None
    assert context.volume_profile.total == 600
    assert context.volume_profile.poc == 9_940
    assert context.vwap == 9_958
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_900, 10_059)
    assert [bracket.letter for bracket in context.brackets] == ["A", "B", "C", "D"]
    assert [bracket.complete for bracket in context.brackets] == [True, True, True, False]
    assert context.atr == 100
    assert len(context.five_minutes) == 21
    assert context.placed_volumes == (10,) * 105
    assert (context.open, context.last, context.previous_close) == (9_900, 10_054, 9_800)


def test_updates_after_a_seed_continue_its_volume() -> None:
    market = make_market()
    market.seed(make_seed())
    applied = market.apply(make_update(at("11:00:01"), 10_050, 650))
    assert applied.increment == 50
    context = market.context(KEY)
    assert context.volume_profile is not None
    assert context.volume_profile.total == 650
    assert context.vwap == (600 * 9_958_33 // 100 + 50 * 10_050 + 325) // 650


def test_a_seed_without_rows_leaves_the_profile_partial() -> None:
    market = make_market()
    seed = make_seed()
    market.seed(
        InstrumentSeed(
            instrument=KEY,
            until=seed.until,
            source="DAY BAR",
            volume_rows={},
            minutes=(),
            day=seed.day,
            volume=600,
            turnover=seed.turnover,
            previous_close=9_800,
        )
    )
    assert market.context(KEY).partial_since == at("11:00")
    assert market.context(KEY).initial_balance is None


def test_a_seed_after_the_first_update_is_refused() -> None:
    market = play([make_update(at("10:00"), 10_000, 5)])
    with pytest.raises(ValueError, match="seed first"):
        market.seed(make_seed())


INDEX = Instrument("NSE_INDEX|TEST", "TEST", InstrumentClass.INDEX, 5, 1, 1, Provenance.MASTER)


def index_update(trade_time: Instant, last: int, arrival: Instant, low: int = 9_900) -> MarketUpdate:
    """Return a packet of an index: no volume, no book, and the time of its last change."""
    day = Bar(OPEN, 10_000, max(last, 10_000), low, last, 0)
    return make_update(trade_time, last, 0, instrument=INDEX.key, arrival=arrival, last_quantity=0, day=day)


def test_an_index_begins_where_it_was_first_heard_of_and_claims_no_balance_that_nobody_saw() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN, 10_000, at("10:46")))
    context = market.context(INDEX.key)
    assert (context.partial_since, context.initial_balance) == (at("10:46"), None)
    assert (context.last, context.high, context.low) == (10_000, 10_000, 9_900)
    market.apply(index_update(at("10:47"), 10_010, at("10:47")))
    context = market.context(INDEX.key)
    assert (context.initial_balance, context.last, context.high) == (None, 10_010, 10_010)
    assert [one.index for one in market.auction(INDEX.key).brackets.brackets] == [3]


def test_an_index_that_last_moved_before_the_day_and_is_heard_of_late_is_not_known_from_the_open() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN - MINUTE, 10_000, at("10:46")))
    market.apply(index_update(at("10:47"), 10_010, at("10:47")))
    assert market.context(INDEX.key).partial_since == at("10:47")


def test_an_index_that_is_heard_before_the_open_is_known_from_the_open() -> None:
    market = make_market(INDEX, settings=SMALL_ROWS)
    market.apply(index_update(OPEN - MINUTE, 10_000, OPEN - MINUTE))
    market.apply(index_update(OPEN + SECOND, 10_010, OPEN + SECOND))
    context = market.context(INDEX.key)
    assert context.partial_since is None
    assert context.initial_balance is not None
