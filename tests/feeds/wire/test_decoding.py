import json
import math
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.packet import ArrivalClock, packet_of
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.price import MAX_PAISE
from tests.recordings import DAY, EQ_A, OPT_A, arrival_text, made_packets, recorded_packet

NOON: Instant = instant_at(DAY, time(12, 0))
Packet = dict[str, Any]


def packet(**changes: object) -> Packet:
    """Return a full packet of EQ-A at noon; keyword arguments go to the builder."""
    given_fields: dict[str, Any] = {
        "arrival": NOON,
        "bids": [(1069.1, 142), (1069.0, 667)],
        "asks": [(1069.4, 31), (1069.5, 67)],
        "day": [1081.3, 1081.5, 1065.9, 1069.4],
        "minute": [1068.9, 1068.9, 1068.5, 1068.7],
        "minute_volume": 2_072,
    }
    return recorded_packet(EQ_A, **(given_fields | changes))


def market(record: Packet) -> Packet:
    feed: Packet = record["fullFeed"]["marketFF"]
    return feed


def decoder() -> PacketDecoder:
    return PacketDecoder({EQ_A: 10, OPT_A: 5})


def test_a_recorded_packet_becomes_whole_paise_and_microseconds() -> None:
    update = decoder().update_from_recorded(packet(trade_time=NOON - 400_000))
    assert (update.instrument, update.arrival, update.trade_time) == (EQ_A, NOON, NOON - 400_000)
    assert (update.last, update.last_quantity, update.volume) == (106_940, 2, 207_194)
    assert (update.previous_close, update.average_price) == (108_130, 106_940)
    assert update.bids == ((106_910, 142), (106_900, 667))
    assert update.asks == ((106_940, 31), (106_950, 67))
    assert (update.total_buy, update.total_sell, update.open_interest) == (809, 98, None)
    assert update.day is not None
    assert (update.day.start, update.day.open, update.day.high, update.day.low) == (
        instant_at(DAY, time(0)),
        108_130,
        108_150,
        106_590,
    )
    assert update.minute is not None
    assert (update.minute.start, update.minute.close, update.minute.volume) == (
        NOON - 2 * MINUTE,
        106_870,
        2_072,
    )
    assert not update.snapshot
    assert not update.auction


def test_json_bytes_objects_and_packets_read_the_same() -> None:
    record = packet()
    answers = [
        decoder().update_from_recorded(source)
        for source in (record, json.dumps(record).encode(), packet_of(record))
    ]
    assert answers[0] == answers[1] == answers[2]


def test_integers_may_come_as_text_or_numbers_and_prices_as_text() -> None:
    record = packet()
    market(record)["ltpc"] = {"ltp": "1069.4", "ltt": NOON // 1000, "ltq": 2, "cp": "1081.3"}
    market(record)["vtt"] = 207_194
    assert decoder().update_from_recorded(record) == decoder().update_from_recorded(packet())


def test_empty_levels_and_one_sided_levels_are_left_out_and_counted() -> None:
    record = packet()
    market(record)["marketLevel"]["bidAskQuote"] = [{"askQ": "5", "askP": 1069.4}, {}, {}, {}, {}]
    reader = decoder()
    update = reader.update_from_recorded(record)
    assert (update.bids, update.asks) == ((), ((106_940, 5),))
    assert reader.quirks == {Quirk.EMPTY_LEVELS: 1}


@pytest.mark.parametrize("absent", ["ltpc", "ltpc.ltp"])
def test_a_missing_last_trade_is_carried_forward_and_counted(absent: str) -> None:
    reader = decoder()
    before = reader.update_from_recorded(packet())
    record = packet(arrival=NOON + SECOND, bids=[(1069.2, 5)], asks=[(1069.5, 5)])
    if absent == "ltpc":
        del market(record)["ltpc"]
    else:
        del market(record)["ltpc"]["ltp"]
    update = reader.update_from_recorded(record)
    assert (update.last, update.trade_time, update.last_quantity, update.previous_close) == (
        before.last,
        before.trade_time,
        before.last_quantity,
        before.previous_close,
    )
    assert update.bids == ((106_920, 5),)
    assert reader.quirks == {Quirk.NO_LTPC: 1}


def test_last_trades_are_carried_per_instrument() -> None:
    reader = decoder()
    reader.update_from_recorded(packet())
    record = recorded_packet(OPT_A, arrival=NOON)
    del record["fullFeed"]["marketFF"]["ltpc"]
    with pytest.raises(DecodeError) as caught:
        reader.update_from_recorded(record)
    assert (caught.value.reason, caught.value.instrument) == (Reason.NO_LAST_TRADE, OPT_A)
    assert reader.rejected == {OPT_A: 1}


def test_a_missing_volume_is_carried_forward_once_known() -> None:
    reader = decoder()
    fresh = packet()
    del market(fresh)["vtt"]
    assert reader.update_from_recorded(fresh).volume == 0
    reader.update_from_recorded(packet(volume=300))
    assert reader.update_from_recorded(fresh).volume == 300
    assert reader.quirks == {Quirk.NO_VOLUME: 1}


def test_a_volume_of_the_day_before_is_not_carried_into_a_new_day() -> None:
    reader = decoder()
    yesterday = NOON - 24 * 60 * MINUTE
    reader.update_from_recorded(packet(volume=1_600_000, trade_time=yesterday))
    fresh = packet()
    del market(fresh)["vtt"]
    assert reader.update_from_recorded(fresh).volume == 0
    assert not reader.quirks


def test_a_day_bar_that_lags_its_own_close_is_kept_and_counted() -> None:
    reader = decoder()
    update = reader.update_from_recorded(packet(day=[1081.3, 1081.5, 1069.5, 1069.4]))
    assert update.day is not None
    assert (update.day.low, update.day.close) == (106_950, 106_940)
    assert reader.quirks == {Quirk.LAGGING_BAR: 1}


@pytest.mark.parametrize("bar", [[0, 1068.9, 1068.5, 1068.7], [1068.9, 1068.5, 1068.9, 1068.7], [0, 0, 0, 0]])
def test_a_broken_bar_is_left_out_and_the_packet_survives(bar: list[float]) -> None:
    reader = decoder()
    update = reader.update_from_recorded(packet(minute=bar))
    assert update.minute is None
    assert update.day is not None
    assert reader.quirks == {Quirk.BROKEN_BAR: 1}


def test_a_bar_without_volume_means_zero() -> None:
    update = decoder().update_from_recorded(packet(minute_volume=0))
    assert update.minute is not None
    assert update.minute.volume == 0


@pytest.mark.parametrize("field", ["iep", "ieq", "iiqTotal", "iiqM"])
def test_auction_fields_mark_the_update(field: str) -> None:
    reader = decoder()
    record = packet()
    market(record)[field] = -5 if field == "iiqTotal" else 5
    assert reader.update_from_recorded(record).auction
    assert reader.quirks == {Quirk.AUCTION_FIELDS: 1}


def test_a_reference_price_or_eligibility_alone_marks_nothing() -> None:
    record = packet()
    market(record).update(rp=1069.0, casEligible=True)
    assert not decoder().update_from_recorded(record).auction


def test_indicative_price_inside_the_last_trade_marks_the_update() -> None:
    record = packet()
    market(record)["ltpc"]["iep"] = 1070.0
    assert decoder().update_from_recorded(record).auction


def test_an_index_packet_has_neither_book_nor_volume() -> None:
    key = "NSE_INDEX|Nifty 50"
    record = {
        "fullFeed": {"indexFF": {"ltpc": {"ltp": 25912.35, "ltt": str(NOON // 1000), "cp": 26_000.0}}},
        "requestMode": "full_d5",
        "instrumentKey": key,
        "_insertion_time": arrival_text(NOON),
    }
    update = decoder().update_from_recorded(record)
    assert (update.last, update.volume, update.bids, update.total_buy) == (2_591_235, 0, (), None)


def test_the_short_feeds_are_read_too() -> None:
    base = {"instrumentKey": EQ_A, "_insertion_time": arrival_text(NOON)}
    ltpc = {"ltp": 1069.4, "ltt": str(NOON // 1000), "ltq": "2", "cp": 1081.3}
    reader = decoder()
    first = reader.update_from_recorded(
        base
        | {
            "firstLevelWithGreeks": {
                "ltpc": ltpc,
                "firstDepth": {"bidQ": "3", "bidP": 1069.3},
                "vtt": "50",
                "oi": 70.0,
            },
            "requestMode": "option_greeks",
        }
    )
    assert (first.volume, first.bids, first.open_interest) == (50, ((106_930, 3),), 70)
    short = reader.update_from_recorded(base | {"ltpc": ltpc, "requestMode": "ltpc"})
    assert (short.last, short.volume) == (106_940, 50)


def broken(path: str, value: object) -> Packet:
    record = packet()
    *parents, name = path.split(".")
    target: Any = market(record)
    for parent in parents:
        target = target[int(parent)] if parent.isdigit() else target[parent]
    target[name] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("ltpc.ltp", math.nan, Reason.NOT_A_PRICE),
        ("ltpc.ltp", math.inf, Reason.NOT_A_PRICE),
        ("ltpc.ltp", -1069.4, Reason.NOT_A_PRICE),
        ("ltpc.ltp", 1e15, Reason.NOT_A_PRICE),
        ("ltpc.ltp", 1069.45, Reason.OFF_TICK),
        ("ltpc.ltp", 1069.4001, Reason.OFF_TICK),
        ("ltpc.cp", -1.0, Reason.NOT_A_PRICE),
        ("ltpc.ltq", "-3", Reason.BAD_QUANTITY),
        ("ltpc.ltt", "1765771372", Reason.BAD_TIME),
        ("ltpc.ltt", "-1", Reason.BAD_TIME),
        ("ltpc.ltt", "1765771372292000", Reason.BAD_TIME),
        ("ltpc.ltt", "noon", Reason.MALFORMED),
        ("ltpc", "none", Reason.MALFORMED),
        ("vtt", "-5", Reason.BAD_QUANTITY),
        ("vtt", "99999999999999999999", Reason.BAD_QUANTITY),
        ("marketLevel.bidAskQuote.0.bidP", math.nan, Reason.NOT_A_PRICE),
        ("marketLevel.bidAskQuote.0.askP", -1.0, Reason.NOT_A_PRICE),
        ("marketLevel.bidAskQuote.1.bidP", 1069.05, Reason.OFF_TICK),
        ("marketLevel.bidAskQuote.1.askQ", "-7", Reason.BAD_QUANTITY),
        ("marketLevel.bidAskQuote", {"bidQ": 1}, Reason.MALFORMED),
        ("marketOHLC.ohlc.0.high", math.nan, Reason.NOT_A_PRICE),
        ("marketOHLC.ohlc.1.low", 1068.55, Reason.OFF_TICK),
        ("marketOHLC.ohlc.1.vol", "-1", Reason.BAD_QUANTITY),
    ],
)
def test_a_packet_that_cannot_be_trusted_is_rejected_with_its_reason_and_counted(
    path: str, value: object, reason: Reason
) -> None:
    reader = decoder()
    with pytest.raises(DecodeError) as caught:
        reader.update_from_recorded(broken(path, value))
    assert (caught.value.reason, caught.value.instrument) == (reason, EQ_A)
    assert "expected" in str(caught.value)
    assert (reader.rejected, reader.reasons) == ({EQ_A: 1}, {reason: 1})


def test_a_rejected_packet_leaves_no_trace_in_the_next_one() -> None:
    reader = decoder()
    before = reader.update_from_recorded(packet())
    with pytest.raises(DecodeError):
        reader.update_from_recorded(broken("marketLevel.bidAskQuote.0.bidP", math.nan))
    record = packet()
    del market(record)["ltpc"]
    assert reader.update_from_recorded(record).last == before.last


def test_prices_are_not_checked_for_a_tick_nobody_knows() -> None:
    assert PacketDecoder().update_from_recorded(packet(last=1069.45)).last == 106_945


def test_a_previous_close_may_lie_off_the_tick() -> None:
    assert decoder().update_from_recorded(packet(close=1081.33)).previous_close == 108_133


@pytest.mark.parametrize("field", ["atp", "tbq", "tsq", "oi"])
@pytest.mark.parametrize("value", [math.nan, -1.0, math.inf])
def test_a_broken_total_is_left_out_and_counted(field: str, value: float) -> None:
    reader = decoder()
    update = reader.update_from_recorded(broken(field, value))
    read = {
        "atp": update.average_price,
        "tbq": update.total_buy,
        "tsq": update.total_sell,
        "oi": update.open_interest,
    }
    assert read[field] is None
    assert reader.quirks == {Quirk.BROKEN_TOTAL: 1}


@pytest.mark.parametrize(
    ("change", "reason", "instrument"),
    [
        (lambda record: record.pop("instrumentKey"), Reason.NO_INSTRUMENT, ""),
        (lambda record: record.pop("fullFeed"), Reason.NO_FEED, EQ_A),
        (lambda record: record.update(fullFeed={}), Reason.NO_FEED, EQ_A),
        (lambda record: record.update(fullFeed=None), Reason.NO_FEED, EQ_A),
        (lambda record: record.update(_insertion_time="yesterday"), Reason.BAD_TIME, EQ_A),
        (lambda record: record.pop("_insertion_time"), Reason.BAD_TIME, EQ_A),
    ],
)
def test_a_packet_without_its_frame_is_rejected_by_name(
    change: Callable[[Packet], object], reason: Reason, instrument: str
) -> None:
    reader = decoder()
    record = packet()
    change(record)
    with pytest.raises(DecodeError) as caught:
        reader.update_from_recorded(record)
    assert (caught.value.reason, caught.value.instrument) == (reason, instrument)


def test_an_unknown_mode_is_survived_and_counted() -> None:
    reader = decoder()
    reader.update_from_recorded(packet() | {"requestMode": "full_d99"})
    reader.update_from_recorded(packet() | {"requestMode": 17})
    assert reader.quirks == {Quirk.UNKNOWN_MODE: 2}


@given(st.integers(1, MAX_PAISE))
def test_every_whole_paisa_price_survives_the_way_through_a_double(paise: int) -> None:
    record = packet(last=paise / 100, close=paise / 100)
    assert PacketDecoder().update_from_recorded(record).last == paise


@given(st.integers(1, 5_000_000), st.sampled_from([1, 5, 10, 50, 100, 500]))
def test_a_price_is_accepted_exactly_when_it_lies_on_the_tick(paise: int, tick: int) -> None:
    reader = PacketDecoder({EQ_A: tick})
    record = recorded_packet(EQ_A, arrival=NOON, last=paise / 100, close=paise / 100)
    if paise % tick:
        with pytest.raises(DecodeError, match="OFF_TICK"):
            reader.update_from_recorded(record)
    else:
        assert reader.update_from_recorded(record).last == paise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-12-15 12:00:00", NOON),
        ("2025-12-15 12:00:00.000001", NOON + 1),
        ("2025-12-15 12:00:00.5", NOON + 500_000),
        ("2025-12-15T12:00:01.880000", NOON + 1_880_000),
    ],
)
def test_arrivals_are_read_with_and_without_a_fraction(text: str, expected: Instant) -> None:
    assert ArrivalClock().read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "2025-12-15",
        "2025-12-15 25:00:00",
        "2025-13-15 12:00:00",
        "2025-12-15 12:00:00,5",
        "2025-12-15 12-00-00",
        "2025-12-15 12:00:00.5x",
        "2025-12-15 12:00:00.",
        "2025-12-15 ab:00:00",
    ],
)
def test_anything_else_is_no_arrival(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ArrivalClock().read(text)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=6),
    st.just([]),
    st.just({}),
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


_BASE = made_packets(count=3, seed=5)[-1]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(places(_BASE)), leaves), min_size=1, max_size=4))
def test_no_mutated_packet_crashes_and_each_is_read_or_counted(changes: list[tuple[Any, Any]]) -> None:
    record = deepcopy(_BASE)
    for path, value in changes:
        target: Any = record
        try:
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue
    reader = PacketDecoder({EQ_A: 10})
    update = None
    with suppress(DecodeError):
        update = reader.update_from_recorded(record)
    assert sum(reader.rejected.values()) == sum(reader.reasons.values()) == (update is None)
    if update is not None:
        assert update.last > 0
        assert update.last % 10 == 0
        assert update.volume >= 0
        assert all(price > 0 and size > 0 for price, size in (*update.bids, *update.asks))


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.sampled_from([b"[" * 5_000, b'{"a":' * 3_000, b"null", b"NaN"]))
def test_no_text_crashes_the_reader_and_each_is_counted(text: bytes) -> None:
    reader = PacketDecoder()
    with pytest.raises(DecodeError):
        reader.update_from_recorded(text)
    assert sum(reader.rejected.values()) == 1


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_price_with_a_wrong_decimal_is_refused_until_it_stays(factor: float) -> None:
    reader = PacketDecoder()
    assert reader.update_from_recorded(packet(last=1_069.4)).last == 1_069_40
    wild = round(1_069.4 * factor, 2)
    for _ in range(9):
        with pytest.raises(DecodeError, match="WILD_PRICE"):
            reader.update_from_recorded(packet(last=wild))
    assert reader.rejected == {EQ_A: 9}
    assert reader.update_from_recorded(packet(last=wild)).last == round(wild * 100)


def test_a_cheap_option_may_multiply_from_one_packet_to_the_next() -> None:
    reader = PacketDecoder()
    reader.update_from_recorded(packet(last=0.5, close=2.0))
    assert reader.update_from_recorded(packet(last=2.5, close=2.0)).last == 2_50
    with pytest.raises(DecodeError, match="WILD_PRICE"):
        reader.update_from_recorded(packet(last=25.0, close=2.0))
    assert reader.update_from_recorded(packet(last=2.5, close=2.0)).last == 2_50


RAISED = ["minute", "day"]


def with_high(bar: str, high: float) -> Packet:
    """Return a packet one of whose bars reaches up to a price."""
    first, _, low, last = packet_bars()[bar]
    return packet(**{bar: [first, high, low, last]})


def packet_bars() -> dict[str, list[float]]:
    return {"day": [1081.3, 1081.5, 1065.9, 1069.4], "minute": [1068.9, 1068.9, 1068.5, 1068.7]}


@pytest.mark.parametrize("bar", RAISED)
def test_a_bar_with_one_wrong_extreme_is_not_believed_until_it_stays(bar: str) -> None:
    reader = decoder()
    sound = reader.update_from_recorded(packet())
    for count in range(1, 10):
        update = reader.update_from_recorded(with_high(bar, 10_815.0))
        assert (update.day, update.minute) == (sound.day, sound.minute)
        assert reader.quirks == {Quirk.WILD_BAR: count}
    stayed = getattr(reader.update_from_recorded(with_high(bar, 10_815.0)), bar)
    assert stayed.high == 10_815_00


@pytest.mark.parametrize("bar", RAISED)
def test_a_sound_bar_between_wild_ones_begins_the_count_anew(bar: str) -> None:
    reader = decoder()
    reader.update_from_recorded(packet())
    for high in (*[10_815.0] * 9, 1_081.5, *[10_815.0] * 9):
        update = reader.update_from_recorded(with_high(bar, high))
        assert getattr(update, bar).high <= 1_081_50


def test_a_low_with_a_wrong_decimal_is_not_believed_either() -> None:
    reader = decoder()
    sound = reader.update_from_recorded(packet())
    assert reader.update_from_recorded(packet(day=[1081.3, 1081.5, 106.9, 1069.4])).day == sound.day


def test_a_collapse_keeps_the_high_of_its_day_and_of_its_minute() -> None:
    reader = decoder()
    reader.update_from_recorded(packet(last=1_069.4))
    for _ in range(9):
        with pytest.raises(DecodeError):
            reader.update_from_recorded(packet(last=100.0))
    fallen = reader.update_from_recorded(packet(last=100.0, day=[1081.3, 1081.5, 100.0, 100.0]))
    assert fallen.day is not None
    assert (fallen.day.high, fallen.day.low) == (1_081_50, 100_00)
    assert fallen.minute is not None
    assert fallen.minute.high == 1_068_90


def test_a_completed_minute_whose_close_lies_outside_it_is_left_out() -> None:
    reader = decoder()
    assert reader.update_from_recorded(packet(minute=[1068.9, 1068.9, 1068.5, 10_687.0])).minute is None
    assert reader.quirks == {Quirk.BROKEN_BAR: 1}
