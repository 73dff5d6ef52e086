import gzip
import json
import random
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.feeds.feed import PulledFeed
from engine.feeds.recordings.json_feed import RecordingError, RecordingFeed, open_recordings
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.quirks import Reason
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.update import MarketUpdate
from tests.recordings import (
    DAY,
    EQ_A,
    EQ_B,
    OPT_A,
    arrival_text,
    made_packets,
    recorded_packet,
    write_recording,
)

TEN: Instant = instant_at(DAY, time(10, 0))
MASTER = {
    key: Instrument(key, "NAMED", kind, 10, lot, 1_000, Provenance.MASTER)
    for key, kind, lot in (
        (EQ_A, InstrumentClass.STOCK, 1),
        (EQ_B, InstrumentClass.STOCK, 1),
        (OPT_A, InstrumentClass.OPTION, 35),
    )
}


def drain(feed: PulledFeed) -> list[MarketUpdate]:
    updates: list[MarketUpdate] = []
    while (update := feed.read()) is not None:
        assert isinstance(update, MarketUpdate)
        updates.append(update)
    assert feed.read() is None
    return updates


def play(*paths: Path) -> tuple[RecordingFeed, list[MarketUpdate]]:
    feed = open_recordings(paths, instruments=MASTER)
    return feed, drain(feed)


def direct(packets: list[dict[str, Any]]) -> list[MarketUpdate]:
    reader = PacketDecoder()
    return [reader.update_from_recorded(packet) for packet in packets]


def tiny(key: str, seconds: list[float], **fields: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [
        recorded_packet(key, arrival=TEN + round(second * SECOND), volume=index + 1, **fields)
        for index, second in enumerate(seconds)
    ]


@pytest.mark.parametrize("indent", [4, 1, None])
@pytest.mark.parametrize("sort", [False, True])
def test_every_layout_of_the_json_plays_every_packet(tmp_path: Path, indent: int | None, sort: bool) -> None:
    packets = made_packets(count=900, seed=3)
    ordered = [dict(sorted(packet.items())) for packet in packets] if sort else packets
    feed, updates = play(write_recording(tmp_path / "a.json.gz", ordered, indent=indent))
    assert updates == direct(packets)
    assert (feed.day, feed.truncated, dict(feed.rejected)) == (DAY, (), {})
    assert feed.last_arrival == updates[-1].arrival


def test_large_files_are_read_piece_by_piece_without_losing_a_packet(tmp_path: Path) -> None:
    packets = made_packets(count=1_500, seed=8)
    path = write_recording(tmp_path / "a.json.gz", packets)
    assert path.stat().st_size > 5 * 16_384
    assert play(path)[1] == direct(packets)


def test_files_are_merged_by_arrival_and_ties_go_by_instrument_key(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "z.json.gz", tiny(EQ_B, [0, 1, 1, 5]))
    second = write_recording(tmp_path / "a.json.gz", tiny(EQ_A, [1, 2, 5, 9]))
    order = [(update.instrument, update.arrival) for update in play(first, second)[1]]
    at = [TEN + round(second * SECOND) for second in (0, 1, 1, 1, 2, 5, 5, 9)]
    keys = [EQ_B, EQ_A, EQ_B, EQ_B, EQ_A, EQ_A, EQ_B, EQ_A]
    assert order == list(zip(keys, at, strict=True))


def test_arrival_never_goes_back_inside_a_file_and_the_files_order_stands(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.json.gz", tiny(EQ_A, [0, 3, 1, 2, 4]))
    updates = play(path)[1]
    assert [update.volume for update in updates] == [1, 2, 3, 4, 5]
    assert [(update.arrival - TEN) // SECOND for update in updates] == [0, 3, 3, 3, 4]


def test_arrivals_without_a_fraction_are_read(tmp_path: Path) -> None:
    packets = tiny(EQ_A, [0, 1, 2])
    packets[1]["_insertion_time"] = arrival_text(TEN + SECOND, fraction=False)
    updates = play(write_recording(tmp_path / "a.json.gz", packets))[1]
    assert [update.arrival - TEN for update in updates] == [0, SECOND, 2 * SECOND]


def test_one_file_may_hold_several_instruments_and_several_files_one(tmp_path: Path) -> None:
    mixed = [packet for pair in zip(tiny(EQ_A, [0, 2]), tiny(EQ_B, [1, 3]), strict=True) for packet in pair]
    more = tiny(EQ_A, [4, 5])
    feed, updates = play(
        write_recording(tmp_path / "a.json.gz", mixed), write_recording(tmp_path / "b.json.gz", more)
    )
    assert [update.instrument for update in updates] == [EQ_A, EQ_B, EQ_A, EQ_B, EQ_A, EQ_A]
    assert tuple(feed.instruments) == (EQ_A, EQ_B)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=12), min_size=1, max_size=4))
def test_the_merge_is_the_stable_sort_by_running_arrival(tmp_path: Path, arrivals: list[list[int]]) -> None:
    paths: list[Path] = []
    expected: list[tuple[Instant, str, int]] = []
    for index, seconds in enumerate(arrivals):
        key = f"NSE_EQ|INE{index}"
        paths.append(write_recording(tmp_path / f"{index}.json.gz", tiny(key, [float(s) for s in seconds])))
        newest = 0
        for position, second in enumerate(seconds):
            newest = max(newest, TEN + second * SECOND)
            expected.append((newest, key, position + 1))
    feed = open_recordings(paths)
    assert [(u.arrival, u.instrument, u.volume) for u in drain(feed)] == sorted(expected)


def test_the_same_files_have_one_identity_and_one_order_however_they_are_named(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "a.json.gz", made_packets(EQ_A, count=50, seed=1))
    second = write_recording(tmp_path / "b.json.gz", made_packets(EQ_A, count=50, seed=2))
    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / "c.json.gz"
    moved.write_bytes(first.read_bytes())
    one, two = play(first, second), play(second, moved)
    assert one[0].identity == two[0].identity
    assert one[1] == two[1]


def test_another_content_or_another_tick_is_another_identity(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "a.json.gz", made_packets(EQ_A, count=50, seed=1))
    second = write_recording(tmp_path / "b.json.gz", made_packets(EQ_A, count=50, seed=2))
    named = open_recordings([first], instruments=MASTER)
    finer = open_recordings(
        [first], instruments={EQ_A: Instrument(EQ_A, "X", InstrumentClass.STOCK, 5, 1, 1, Provenance.MASTER)}
    )
    identities = {named.identity, finer.identity, open_recordings([second], instruments=MASTER).identity}
    assert len(identities) == 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[MarketUpdate]]:
    packets = made_packets(count=400, seed=4)
    path = write_recording(tmp_path_factory.mktemp("whole") / "whole.json.gz", packets)
    return path.read_bytes(), direct(packets)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.05, 0.999))
def test_a_truncated_file_plays_what_is_readable_and_says_so(
    tmp_path: Path, whole: tuple[bytes, list[MarketUpdate]], share: float
) -> None:
    content, expected = whole
    path = tmp_path / "cut.json.gz"
    path.write_bytes(content[: round(len(content) * share)])
    feed, updates = play(path)
    assert feed.truncated == ("cut.json.gz",)
    assert updates == expected[: len(updates)]
    assert len(updates) >= 400 * (share - 0.15) - 1
    assert not feed.rejected


def test_a_file_corrupt_in_the_middle_plays_up_to_there(tmp_path: Path) -> None:
    packets = made_packets(count=1_000, seed=4)
    path = write_recording(tmp_path / "a.json.gz", packets)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    feed, updates = play(path)
    assert feed.truncated == ("a.json.gz",)
    assert len(updates) > 300
    assert updates[:300] == direct(packets)[:300]


def test_json_that_stops_before_its_end_counts_as_truncated(tmp_path: Path) -> None:
    packets = made_packets(count=20, seed=4)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(packets)[:-300].encode()))
    feed, updates = play(path)
    assert feed.truncated == ("a.json.gz",)
    assert updates == direct(packets)[:19]


def test_concatenated_gzip_members_are_one_recording(tmp_path: Path) -> None:
    packets = made_packets(count=100, seed=4)
    text = json.dumps(packets, indent=4).encode()
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(text[:50_000]) + gzip.compress(text[50_000:]) + bytes(512))
    feed, updates = play(path)
    assert updates == direct(packets)
    assert feed.truncated == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "got an empty file"),
        (b"[{}]", "expected a gzip file"),
        (b"PK\x03\x04 a zip", "expected a gzip file"),
        (gzip.compress(b"", mtime=0), "nothing readable"),
        (gzip.compress(b"   \n", mtime=0), "nothing readable"),
        (gzip.compress(b"hello", mtime=0), "expected a JSON array"),
        (gzip.compress(b'{"fullFeed": {}}', mtime=0), "expected a JSON array"),
        (gzip.compress(b"[]", mtime=0), "instrumentKey"),
        (gzip.compress(b"[1, 2, 3]", mtime=0), "instrumentKey"),
        (gzip.compress(b'[{"instrumentKey": "NSE_EQ|X"}]', mtime=0), "_insertion_time"),
        (gzip.compress(b"[" * 100, mtime=0)[:10], "nothing readable"),
        (
            gzip.compress(
                b'[{"instrumentKey": "NSE_EQ|X", "_insertion_time": "2025-12-15 10:00:00"}]', mtime=0
            ),
            "at least one readable packet",
        ),
        (
            gzip.compress(
                b'[{"instrumentKey": "NSE_EQ|X", "_insertion_time": "2025-99-15 10:00:00"}]', mtime=0
            ),
            "date of arrival",
        ),
    ],
)
def test_an_unusable_file_is_refused_before_anything_starts(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "bad.json.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=expected) as caught:
        open_recordings([path])
    assert "bad.json.gz" in str(caught.value)


def test_files_without_a_single_readable_packet_are_refused_even_with_known_instruments(
    tmp_path: Path,
) -> None:
    packets = tiny(EQ_A, [0, 1], last=float("nan"))
    path = write_recording(tmp_path / "a.json.gz", packets)
    with pytest.raises(RecordingError, match="at least one readable packet"):
        open_recordings([path], instruments=MASTER)


def test_a_missing_file_a_folder_and_no_file_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        open_recordings([tmp_path / "none.json.gz"])
    with pytest.raises(RecordingError, match="directory"):
        open_recordings([tmp_path])
    with pytest.raises(RecordingError, match="at least one"):
        open_recordings([])


def test_one_bad_file_among_good_ones_stops_everything(tmp_path: Path) -> None:
    good = write_recording(tmp_path / "good.json.gz", tiny(EQ_A, [0, 1]))
    (tmp_path / "bad.json.gz").write_bytes(b"")
    with pytest.raises(RecordingError, match=r"bad\.json\.gz"):
        open_recordings([good, tmp_path / "bad.json.gz"])


def test_recordings_of_different_days_are_refused_and_named(tmp_path: Path) -> None:
    monday = write_recording(tmp_path / "monday.json.gz", tiny(EQ_A, [0, 1]))
    later = [recorded_packet(EQ_A, arrival=TEN + 24 * 3_600 * SECOND)]
    tuesday = write_recording(tmp_path / "tuesday.json.gz", later)
    with pytest.raises(RecordingError, match=r"one day.*monday.*2025-12-15.*tuesday.*2025-12-16"):
        open_recordings([monday, tuesday])
    both = write_recording(tmp_path / "both.json.gz", tiny(EQ_A, [0, 1]) + later)
    with pytest.raises(RecordingError, match="2025-12-15, 2025-12-16"):
        open_recordings([both])


def test_the_same_recording_twice_is_refused(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.json.gz", tiny(EQ_A, [0, 1]))
    copy = tmp_path / "copy.json.gz"
    copy.write_bytes(path.read_bytes())
    with pytest.raises(RecordingError, match=r"same content as.*a\.json\.gz"):
        open_recordings([path, copy])


@pytest.mark.parametrize("indent", [4, None])
def test_nan_and_negative_prices_cost_their_own_packet_only(tmp_path: Path, indent: int | None) -> None:
    packets = made_packets(count=600, seed=6)
    wanted = direct(packets)
    for index, value in ((100, float("nan")), (200, -5.0), (300, float("inf"))):
        packets[index]["fullFeed"]["marketFF"]["ltpc"]["ltp"] = value
    packets[400]["fullFeed"]["marketFF"]["marketLevel"]["bidAskQuote"][0]["bidP"] = float("nan")
    feed, updates = play(write_recording(tmp_path / "a.json.gz", packets, indent=indent))
    assert updates == [update for index, update in enumerate(wanted) if index not in {100, 200, 300, 400}]
    assert feed.rejected == {EQ_A: 4}
    assert feed.reasons == {Reason.NOT_A_PRICE: 4}


BREAKS: dict[str, Callable[[str], str]] = {
    "no value": lambda text: text.replace('"ltp": ', '"ltp": oops ', 1),
    "no closing brace": lambda text: text[: text.rindex("}")],
    "no opening quote": lambda text: text.replace('"vtt"', 'vtt"', 1),
    "text for a number": lambda text: text.replace('"vtt": "', '"vtt": "x', 1),
    "a list for an object": lambda text: text.replace('"optionGreeks": {}', '"optionGreeks": []', 1),
    "null": lambda _: "null",
    "a number": lambda _: "17",
    "a word": lambda _: "oops",
}


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("position", [0, 250, 499])
def test_a_packet_that_is_no_json_costs_only_itself_and_is_counted(
    tmp_path: Path, name: str, position: int
) -> None:
    packets = made_packets(count=500, seed=6)
    texts = ["    " + json.dumps(packet, indent=4).replace("\n", "\n    ") for packet in packets]
    whole = "[\n" + ",\n".join(texts) + "\n]"
    assert json.loads(whole) == packets
    texts[position] = "    " + BREAKS[name](texts[position].strip())
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(("[\n" + ",\n".join(texts) + "\n]").encode()))
    feed, updates = play(path)
    wanted = direct(packets)
    del wanted[position]
    assert updates == wanted
    assert sum(feed.rejected.values()) == 1
    assert feed.reasons == {Reason.MALFORMED: 1}


def test_nulls_and_text_numbers_are_read(tmp_path: Path) -> None:
    packets = made_packets(count=50, seed=6)
    wanted = direct(packets)
    packets[10]["fullFeed"]["marketFF"]["iep"] = None
    packets[10]["fullFeed"]["indexFF"] = None
    packets[20]["fullFeed"]["marketFF"]["atp"] = str(packets[20]["fullFeed"]["marketFF"]["atp"])
    feed, updates = play(write_recording(tmp_path / "a.json.gz", packets))
    assert updates == wanted
    assert not feed.rejected


def test_without_instruments_tick_lot_and_class_are_inferred_and_say_so(tmp_path: Path) -> None:
    stock = write_recording(tmp_path / "a.json.gz", made_packets(EQ_A, count=400, seed=1, price=1_069.4))
    option = write_recording(
        tmp_path / "b.json.gz", made_packets(OPT_A, count=400, seed=2, price=500, tick=0.05, lot=35)
    )
    feed = open_recordings([stock, option])
    assert [(i.key, i.symbol, i.kind, i.tick, i.lot, i.provenance) for i in feed.instruments.values()] == [
        (EQ_A, "INE027H01010", InstrumentClass.AUCTION_STOCK, 10, 1, Provenance.INFERRED),
        (OPT_A, "51460", InstrumentClass.OPTION, 5, 35, Provenance.INFERRED),
    ]
    assert len(drain(feed)) == 800


def test_the_masters_instruments_win_and_what_it_lacks_is_inferred(tmp_path: Path) -> None:
    paths = [
        write_recording(tmp_path / "a.json.gz", made_packets(EQ_A, count=100, seed=1)),
        write_recording(tmp_path / "b.json.gz", made_packets("NSE_EQ|INE9", count=100, seed=2)),
    ]
    feed = open_recordings(paths, instruments=MASTER)
    assert feed.instruments[EQ_A] is MASTER[EQ_A]
    assert feed.instruments["NSE_EQ|INE9"].provenance is Provenance.INFERRED
    assert set(feed.instruments) == {EQ_A, "NSE_EQ|INE9"}


def test_prices_off_the_masters_tick_are_rejected(tmp_path: Path) -> None:
    packets = tiny(EQ_A, [0, 1, 2])
    packets[1]["fullFeed"]["marketFF"]["ltpc"]["ltp"] = 1069.45
    feed, updates = play(write_recording(tmp_path / "a.json.gz", packets))
    assert len(updates) == 2
    assert feed.reasons == {Reason.OFF_TICK: 1}


def in_five_paise(count: int) -> list[dict[str, Any]]:
    """Return packets of a stock that trades and is quoted in steps of five paise."""
    packets = []
    for number in range(count):
        last = round(1_000 + number % 7 * 0.05, 2)
        packets.append(
            recorded_packet(
                EQ_A,
                arrival=TEN + number * SECOND,
                last=last,
                volume=207_194 + number,
                bids=[(round(last - 0.05, 2), 10)],
                asks=[(round(last + 0.05, 2), 10)],
            )
        )
    return packets


def test_a_listed_tick_wider_than_what_trades_is_named_once_and_the_day_is_read(tmp_path: Path) -> None:
    feed, updates = play(write_recording(tmp_path / "a.json.gz", in_five_paise(60)))
    assert (feed.instruments[EQ_A].tick, feed.instruments[EQ_A].provenance) == (5, Provenance.INFERRED)
    assert (len(updates), dict(feed.rejected)) == (60, {})
    (note,) = feed.notes
    assert "NAMED" in note
    assert "0.10" in note
    assert "0.05" in note


def test_a_few_prices_off_a_right_tick_prove_no_list_wrong(tmp_path: Path) -> None:
    packets = tiny(EQ_A, list(range(60)))
    for number in (7, 20, 33):
        packets[number]["fullFeed"]["marketFF"]["ltpc"]["ltp"] = 1069.45
    feed, updates = play(write_recording(tmp_path / "a.json.gz", packets))
    assert (feed.instruments[EQ_A], feed.notes) == (MASTER[EQ_A], ())
    assert (len(updates), feed.reasons) == (57, {Reason.OFF_TICK: 3})


def test_an_index_of_four_decimals_is_read_whoever_names_it(tmp_path: Path) -> None:
    key = "NSE_INDEX|India VIX"
    levels = [10.2575, 10.26, 10.2625, 10.2575]
    packets = []
    for number, level in enumerate(levels):
        ltpc = {"ltp": level, "ltt": str((TEN + number * SECOND) // 1_000), "cp": 10.1125}
        packets.append(
            {
                "fullFeed": {"indexFF": {"ltpc": ltpc, "marketOHLC": {"ohlc": []}}},
                "requestMode": "full_d5",
                "instrumentKey": key,
                "_insertion_time": arrival_text(TEN + number * SECOND),
            }
        )
    path = write_recording(tmp_path / "a.json.gz", packets)
    named = {key: Instrument(key, "INDIA VIX", InstrumentClass.INDEX, 1, 1, 1, Provenance.MASTER)}
    for instruments in (None, named):
        feed = open_recordings([path], instruments=instruments)
        # Half a paisa goes to the even one: what is shown of an index has two decimals.
        assert [update.last for update in drain(feed)] == [round(level * 100) for level in levels]
        assert dict(feed.reasons) == {}


def test_a_recording_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    packets = tiny(EQ_A, [0, 1, 2])
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(packets).encode(), mtime=0))
    assert len(drain(open_recordings([path]))) == 3


def test_a_day_without_a_tick_table_asks_for_instruments(tmp_path: Path) -> None:
    old = instant_at(date(2024, 6, 3), time(10, 0))
    packets = [recorded_packet(EQ_A, arrival=old + second * SECOND) for second in range(3)]
    path = write_recording(tmp_path / "a.json.gz", packets)
    with pytest.raises(RecordingError, match="--instruments"):
        open_recordings([path])
    assert open_recordings([path], instruments=MASTER).day == date(2024, 6, 3)


def test_an_unknown_segment_is_refused_by_name(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.json.gz", tiny("MCX_FO|1", [0, 1]))
    with pytest.raises(RecordingError, match=r"MCX_FO\|1"):
        open_recordings([path])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_no_damaged_file_crashes_the_reader(tmp_path: Path, seed: int, flips: int) -> None:
    chance = random.Random(seed)
    text = bytearray(json.dumps(made_packets(count=30, seed=9), indent=4).encode())
    for _ in range(flips):
        text[chance.randrange(len(text))] = chance.randrange(256)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(bytes(text), 1))
    try:
        feed = open_recordings([path])
    except RecordingError:
        return
    updates = drain(feed)
    assert len(updates) + sum(feed.rejected.values()) > 0
    assert all(update.last > 0 for update in updates)


def test_a_feed_is_what_the_engine_pulls(tmp_path: Path) -> None:
    recording = open_recordings([write_recording(tmp_path / "a.json.gz", tiny(EQ_A, [0]))])
    feed: PulledFeed = recording
    assert feed.seeds == ()
    assert feed.last_arrival == TEN
    arrivals = [recording.next_arrival]
    assert feed.read() is not None
    arrivals.append(recording.next_arrival)
    assert arrivals == [TEN, None]
    assert timedelta(0) == feed.day - DAY


def test_an_instrument_that_nothing_is_known_of_hides_none_of_the_others(tmp_path: Path) -> None:
    known = write_recording(tmp_path / "known.json.gz", made_packets(EQ_A, count=50))
    strange = write_recording(tmp_path / "strange.json.gz", made_packets("BSE_EQ|INE000A01010", count=50))
    feed = open_recordings([known, strange])
    assert list(feed.instruments) == [EQ_A]
    [note] = feed.notes
    assert note.startswith("BSE_EQ|INE000A01010 is left out, the rest is played: ")
    played = []
    while (update := feed.read()) is not None:
        played.append(update.instrument)
    assert (len(played), set(played)) == (50, {EQ_A})
    assert feed.rejected == {"BSE_EQ|INE000A01010": 50}
    with pytest.raises(RecordingError, match="BSE_EQ"):
        open_recordings([strange])
