"""What holds of an auction after any packets: it equals a batch reading and is blind to the future."""

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
from engine.market.clock import MINUTE, SECOND
from engine.market.update import Bar, MarketUpdate
from engine.setups.probe import bracket_ends
from tests.auction.batch import Batch, naive_atr, naive_value_area, read_batch
from tests.auction.builders import (
    CLOSE,
    KEY,
    OPEN,
    TICK,
    Trade,
    bar,
    conflate,
    damaged_feeds,
    feeds,
    make_market,
    make_update,
    tapes,
)
from tests.auction.state.playing import SMALL_ROWS, play


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
