"""The figures of the recorded day of 15 December 2025, exact, through the real feed."""

from hashlib import md5

import pytest

from config import SessionSettings
from engine.feeds.recordings.json_feed import RecordingFeed, open_recordings
from engine.market.clock import datetime_of
from engine.market.continuity import Continuity, HoleTracker
from engine.market.instrument import InstrumentClass, Provenance
from engine.market.session import trading_day
from tests.recordings import DAY, EQ_A, EQ_B, OPT_A, OPT_B, recorded_file, recorded_files

PACKETS = {EQ_A: 15_924, EQ_B: 20_385, OPT_B: 25_906, OPT_A: 28_590}
TRADES = {EQ_A: 9_776, EQ_B: 5_372, OPT_B: 10_317, OPT_A: 13_751}
PLACED = {EQ_A: 1_424_587, EQ_B: 315_580, OPT_B: 1_792_560, OPT_A: 2_398_795}
BASELINE = {EQ_A: 207_194, EQ_B: 48_588, OPT_B: 237_195, OPT_A: 231_350}
REPEATED_PER_MILLE = {EQ_A: 386, EQ_B: 736, OPT_B: 602, OPT_A: 519}
STEPS_BACK = {EQ_A: 0, EQ_B: 0, OPT_B: 2, OPT_A: 1}
UNPLACED_PER_MILLE = {EQ_A: 30, EQ_B: 25, OPT_B: 15, OPT_A: 16}
HOLES = [
    "10:56:04 38",
    "10:57:55 122",
    "11:02:55 77",
    "11:04:12 10",
    "15:07:20 34",
    "15:09:39 13",
    "15:26:35 91",
    "15:28:36 43",
]


class Played:
    """One pass over the four files."""

    def __init__(self, feed: RecordingFeed) -> None:
        self.feed = feed
        self.holes = HoleTracker()
        today = trading_day(feed.day, SessionSettings())
        self.records = {
            key: Continuity(today.open(instrument.kind), today.close(instrument.kind), self.holes)
            for key, instrument in feed.instruments.items()
        }
        self.after_hole = dict.fromkeys(self.records, 0)
        self.first = feed.next_arrival
        self.arrivals_rise = True
        arrival = 0
        while (update := feed.read()) is not None:
            self.arrivals_rise &= update.arrival >= arrival
            arrival = update.arrival
            accepted = self.records[update.instrument].accept(update)
            if accepted.after_hole:
                self.after_hole[update.instrument] += accepted.increment
        self.last = arrival


@pytest.fixture(scope="module")
def played() -> Played:
    return Played(open_recordings(recorded_files()))


@pytest.mark.parametrize(
    ("key", "digest"),
    [(EQ_A, "7f29047e2d0367ebbe37cc1b5a794f47"), (OPT_A, "1136bbbaf5a4f081fa215d3c9dcc7869")],
)
def test_the_files_are_the_ones_the_figures_were_measured_on(key: str, digest: str) -> None:
    assert md5(recorded_file(key).read_bytes(), usedforsecurity=False).hexdigest() == digest


def test_every_packet_is_delivered_once_in_arrival_order(played: Played) -> None:
    assert {key: record.updates for key, record in played.records.items()} == PACKETS
    assert played.arrivals_rise
    assert (played.feed.truncated, dict(played.feed.rejected)) == ((), {})
    assert played.last == played.feed.last_arrival
    assert played.first is not None
    assert f"{datetime_of(played.first):%H:%M:%S}" == "09:32:48"


def test_trades_and_volume_are_exact(played: Played) -> None:
    assert {key: record.trades for key, record in played.records.items()} == TRADES
    assert {key: record.volume for key, record in played.records.items()} == PLACED
    assert {key: record.baseline for key, record in played.records.items()} == BASELINE


def test_repeats_and_steps_back_are_exact(played: Played) -> None:
    repeats = {
        key: round(1_000 * record.duplicates / record.updates) for key, record in played.records.items()
    }
    assert repeats == REPEATED_PER_MILLE
    assert {key: record.out_of_order for key, record in played.records.items()} == STEPS_BACK


def test_the_day_has_its_eight_holes(played: Played) -> None:
    holes = [
        f"{datetime_of(hole.start):%H:%M:%S} {round((hole.end - hole.start) / 1e6)}"
        for hole in played.holes.holes
    ]
    assert holes == HOLES


def test_the_volume_right_after_holes_is_marked(played: Played) -> None:
    shares = {
        key: round(1_000 * played.after_hole[key] / record.volume) for key, record in played.records.items()
    }
    assert shares == UNPLACED_PER_MILLE


def test_ticks_lots_and_classes_are_inferred(played: Played) -> None:
    assert played.feed.day == DAY
    read = {key: (i.kind, i.tick, i.lot) for key, i in played.feed.instruments.items()}
    assert read == {
        EQ_A: (InstrumentClass.AUCTION_STOCK, 10, 1),
        EQ_B: (InstrumentClass.AUCTION_STOCK, 10, 1),
        OPT_A: (InstrumentClass.OPTION, 5, 35),
        OPT_B: (InstrumentClass.OPTION, 5, 35),
    }
    assert {i.provenance for i in played.feed.instruments.values()} == {Provenance.INFERRED}


def test_a_truncated_real_file_plays_what_it_has(tmp_path_factory: pytest.TempPathFactory) -> None:
    cut = tmp_path_factory.mktemp("cut") / "cut.json.gz"
    cut.write_bytes(recorded_file(EQ_A).read_bytes()[:200_000])
    feed = open_recordings([cut])
    assert feed.truncated == ("cut.json.gz",)
    count = 0
    while feed.read() is not None:
        count += 1
    assert 3_500 < count < 6_000
    assert not feed.rejected
