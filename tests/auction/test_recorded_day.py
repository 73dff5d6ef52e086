"""A real day against published and independently computed figures, every one exact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from config import ProfileSettings, Settings
from engine.auction.profile.placement import PlacementShares
from engine.auction.profile.tpo_profile import letter_of, tpo_rows
from engine.auction.profile.value_area import Rows, Rule, find_poc, find_value_area
from engine.auction.report.auction_report import instrument_report
from engine.auction.session.bars import MinuteBars
from engine.auction.state.auction import Auction
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context, ProfileReading, Quality
from engine.market.clock import MINUTE, SECOND, isoformat
from engine.market.instrument import Instrument
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from tests.auction.builders import DAY, at
from tests.auction.recorded_rows import OPTION_ROWS
from tests.recordings import EQ_A, EQ_B, OPT_A, OPT_B, recorded_tape

CLOCKS = ("10:15", "12:15", "14:15")


@dataclass
class Day:
    """The four recordings, delivered once, and what was known on the way."""

    instruments: Mapping[str, Instrument]
    updates: Sequence[MarketUpdate]
    market: Auctions
    developing: dict[tuple[str, str], ProfileReading | None] = field(default_factory=dict)
    at_close: dict[str, Context] = field(default_factory=dict)
    worst_vwap: dict[str, float] = field(default_factory=dict)
    stale_at_1528: bool = False
    unplaced_live: dict[str, int] = field(default_factory=dict)
    outside: int = 0


def new_market(instruments: Mapping[str, Instrument], settings: Settings | None = None) -> Auctions:
    settings = settings or Settings()
    return Auctions(instruments, trading_day(DAY, settings.session), settings)


@pytest.fixture(scope="module")
def day() -> Day:
    recorded = recorded_tape()
    updates = recorded.updates
    market = new_market(recorded.instruments)
    result = Day(recorded.instruments, updates, market)
    waiting = {(key, clock) for key in recorded.instruments for clock in CLOCKS}
    open_keys = set(recorded.instruments)
    for update in updates:
        key = update.instrument
        for clock in CLOCKS:
            if (key, clock) in waiting and update.trade_time >= at(clock):
                waiting.discard((key, clock))
                result.developing[key, clock] = market.auction(key).volume_reading()
        if key in open_keys and update.trade_time >= at("15:30"):
            open_keys.discard(key)
            result.at_close[key] = market.context(key)
        applied = market.apply(update)
        if applied.after_hole:
            result.unplaced_live[key] = result.unplaced_live.get(key, 0) + applied.increment
        _follow(result, update)
    for key in open_keys:
        result.at_close[key] = market.context(key)
    return result


def _follow(result: Day, update: MarketUpdate) -> None:
    auction = result.market.auction(update.instrument)
    fraction = auction.vwap.fraction
    if fraction is not None and auction.average_price is not None:
        own = fraction[0] / fraction[1]
        error = abs(own / auction.average_price - 1)
        result.worst_vwap[update.instrument] = max(result.worst_vwap.get(update.instrument, 0.0), error)
        if auction.brackets.low is not None and auction.brackets.high is not None:
            result.outside += not auction.brackets.low <= own <= auction.brackets.high
    if at("15:28") <= update.arrival < at("15:28") + SECOND:
        result.stale_at_1528 = result.stale_at_1528 or result.market.stale(update.arrival)


def rows_of(auction: Auction, height: int) -> Rows:
    rows = auction.profile.view(height)
    assert rows is not None
    return rows


def tpos_of(auction: Auction, height: int) -> Rows:
    rows = tpo_rows(auction.brackets.brackets, height * auction.instrument.tick)
    assert rows is not None
    return rows


def area(
    rows: Rows, row: int, rule: Rule = "dual", percent: int = 70, *, tie_up: bool = True
) -> tuple[float, float, int]:
    """Return VAL and VAH in rupees and what lies between."""
    low, high = find_value_area(rows.counts, find_poc(rows.counts)[0], rule, percent, tie_up=tie_up)
    return (rows.low + low) * row / 100, (rows.low + high) * row / 100, sum(rows.counts[low : high + 1])


@pytest.mark.parametrize(
    ("key", "packets", "events", "volume", "baseline", "back"),
    [
        (EQ_A, 15_924, 9_776, 1_424_587, 207_194, 0),
        (EQ_B, 20_385, 5_372, 315_580, 48_588, 0),
        (OPT_B, 25_906, 10_317, 1_792_560, 237_195, 2),
        (OPT_A, 28_590, 13_751, 2_398_795, 231_350, 1),
    ],
)
def test_every_packet_and_unit_is_accounted_for(
    day: Day, key: str, packets: int, events: int, volume: int, baseline: int, back: int
) -> None:
    continuity, auction = day.market.continuity(key), day.market.auction(key)
    assert (continuity.updates, auction.record.trades, auction.profile.total) == (packets, events, volume)
    assert (continuity.baseline, continuity.out_of_order) == (baseline, back)
    assert sum(rows_of(auction, 7).counts) == volume


@pytest.mark.parametrize(
    ("key", "shares"),
    [
        (EQ_A, (0.030, 0.021, 0.273, 0.677)),
        (EQ_B, (0.025, 0.052, 0.151, 0.771)),
        (OPT_B, (0.015, 0.138, 0.053, 0.793)),
        (OPT_A, (0.016, 0.124, 0.030, 0.830)),
    ],
)
def test_placement_classes(day: Day, key: str, shares: tuple[float, ...]) -> None:
    auction = day.market.auction(key)
    assert auction.row is not None
    found: PlacementShares = auction.placement.shares(auction.row, day.market.holes)
    parts = (found.unplaced, found.exact, found.wide, found.batch)
    assert tuple(round(part / auction.profile.total, 3) for part in parts) == shares
    assert sum(parts) == auction.profile.total
    assert day.unplaced_live[key] >= found.unplaced


@pytest.mark.parametrize(
    ("key", "poc", "poc_volume", "traded", "cases"),
    [
        (
            EQ_A,
            1085.0,
            107_911,
            226,
            [
                ("dual", 70, True, (1076.2, 1090.3, 1_001_838)),
                ("dual", 70, False, (1072.4, 1088.0, 998_016)),
                ("one-row", 70, True, (1076.2, 1090.3, None)),
                ("one-row", 70, False, (1072.4, 1087.9, None)),
                ("dual", 68, True, (1076.4, 1090.3, 0.6936)),
            ],
        ),
        (
            OPT_A,
            649.0,
            22_680,
            2_793,
            [
                ("dual", 70, True, (543.6, 691.65, 1_679_475)),
                ("dual", 70, False, (536.7, 676.3, 1_681_610)),
                ("one-row", 70, True, (543.6, 691.65, None)),
                ("one-row", 70, False, (531.35, 672.3, None)),
                ("dual", 68, True, (568.5, 691.65, 0.6806)),
            ],
        ),
    ],
)
def test_volume_profile_at_one_tick(
    day: Day,
    key: str,
    poc: float,
    poc_volume: int,
    traded: int,
    cases: list[tuple[Rule, int, bool, tuple[float, float, float | None]]],
) -> None:
    auction = day.market.auction(key)
    rows, tick = rows_of(auction, 1), auction.instrument.tick
    index, ties = find_poc(rows.counts)
    assert ((rows.low + index) * tick / 100, rows.counts[index], ties) == (poc, poc_volume, 1)
    assert len(auction.profile.ticks) == traded
    for rule, percent, tie_up, (val, vah, inside) in cases:
        low, high, volume = area(rows, tick, rule, percent, tie_up=tie_up)
        assert (low, high) == (val, vah), (rule, percent, tie_up)
        share = volume if inside is not None and inside > 1 else round(volume / auction.profile.total, 4)
        assert inside is None or share == inside


@pytest.mark.parametrize(
    ("key", "height", "count", "poc", "dual", "one_row"),
    [
        (EQ_A, 5, 52, (1085.0, 153_639), (1076.0, 1090.0, 1_015_504), (1072.5, 1088.5, 1_009_201)),
        (OPT_A, 100, 43, (645.0, 260_085), (535.0, 685.0, 1_771_980), (540.0, 685.0, 1_725_850)),
    ],
)
def test_volume_profile_at_the_frozen_row(
    day: Day,
    key: str,
    height: int,
    count: int,
    poc: tuple[float, int],
    dual: tuple[float, float, int],
    one_row: tuple[float, float, int],
) -> None:
    auction = day.market.auction(key)
    assert auction.ticks_per_row == height
    rows, row = rows_of(auction, height), height * auction.instrument.tick
    index, ties = find_poc(rows.counts)
    assert (len(rows.counts), ties) == (count, 1)
    assert ((rows.low + index) * row / 100, rows.counts[index]) == poc
    for tie_up in (True, False):
        assert area(rows, row, tie_up=tie_up) == dual
        assert area(rows, row, "one-row", tie_up=tie_up) == one_row


@pytest.mark.parametrize(
    ("key", "height", "count", "poc", "dual", "one_row"),
    [
        (EQ_A, 20, 14, (1076.0, 203_341), (1068.0, 1084.0, 0.7552), (1066.0, 1084.0, 0.8262)),
        (OPT_A, 40, 106, (648.0, 130_200), (540.0, 688.0, 0.7195), (542.0, 690.0, 0.7084)),
    ],
)
def test_volume_profile_at_two_rupees(
    day: Day,
    key: str,
    height: int,
    count: int,
    poc: tuple[float, int],
    dual: tuple[float, float, float],
    one_row: tuple[float, float, float],
) -> None:
    auction = day.market.auction(key)
    rows = rows_of(auction, height)
    index, _ = find_poc(rows.counts)
    assert len(rows.counts) == count
    assert ((rows.low + index) * 2.0, rows.counts[index]) == poc
    for rule, expected in (("dual", dual), ("one-row", one_row)):
        chosen: Rule = "dual" if rule == "dual" else "one-row"
        val, vah, volume = area(rows, 200, chosen)
        assert (val, vah, round(volume / auction.profile.total, 4)) == expected


def test_the_option_rows_without_any_feed() -> None:
    rows = Rows(96, OPTION_ROWS)
    assert sum(OPTION_ROWS) == 2_398_795
    assert area(rows, 500) == (535.0, 685.0, 1_771_980)
    assert area(rows, 500, "one-row") == (540.0, 685.0, 1_725_850)
    assert (rows.low + find_poc(OPTION_ROWS)[0]) * 5 == 645


def test_the_option_rows_come_out_of_the_feed(day: Day) -> None:
    assert rows_of(day.market.auction(OPT_A), 100) == Rows(96, OPTION_ROWS)


@pytest.mark.parametrize(
    ("key", "clock", "figures"),
    [
        (EQ_A, "10:15", (1067.5, 1065.5, 1068.5, 170_910)),
        (EQ_A, "12:15", (1067.5, 1064.5, 1072.5, 447_363)),
        (EQ_A, "14:15", (1077.0, 1071.0, 1081.0, 743_473)),
        (OPT_A, "10:15", (505.0, 495.0, 515.0, 319_165)),
        (OPT_A, "12:15", (520.0, 480.0, 610.0, 1_337_455)),
        (OPT_A, "14:15", (665.0, 525.0, 685.0, 2_054_640)),
    ],
)
def test_developing_values(day: Day, key: str, clock: str, figures: tuple[float, ...]) -> None:
    reading = day.developing[key, clock]
    assert reading is not None
    assert (reading.poc / 100, reading.val / 100, reading.vah / 100, reading.total) == figures


BRACKETS = {
    EQ_A: [
        *((1065.9, 1081.5), (1064.5, 1069.0), (1066.3, 1072.9), (1071.4, 1073.4), (1071.7, 1077.0)),
        *((1074.1, 1076.9), (1074.1, 1078.6), (1075.9, 1079.9), (1078.0, 1081.0), (1077.0, 1082.5)),
        *((1077.4, 1079.4), (1078.8, 1086.0), (1082.7, 1090.6)),
    ],
    OPT_A: [
        *((488.3, 639.6), (490.95, 528.5), (480.05, 535.0), (503.0, 545.0), (513.5, 555.5), (530.55, 683.65)),
        *((635.0, 677.5), (630.2, 688.0), (630.0, 692.95), (616.65, 669.75), (631.4, 664.15)),
        *((637.1, 670.5), (631.35, 659.65)),
    ],
}


@pytest.mark.parametrize("key", [EQ_A, OPT_A])
def test_brackets(day: Day, key: str) -> None:
    brackets = day.at_close[key].brackets
    assert [(bracket.low / 100, bracket.high / 100) for bracket in brackets] == BRACKETS[key]
    assert "".join(bracket.letter for bracket in brackets) == "ABCDEFGHIJKLM"
    assert all(bracket.complete for bracket in day.market.context(key).brackets)


Span = tuple[float, float]


@pytest.mark.parametrize(
    ("key", "height", "totals", "poc", "dual", "dual_down", "one_up", "one_down", "inside"),
    [
        (
            *(EQ_A, 1, (722, 262, 6), (1078.0, 14)),
            *((1068.8, 1082.4), (1068.2, 1081.6), (1068.9, 1082.5), (1068.2, 1081.5), None),
        ),
        (
            *(EQ_A, 5, (156, 53, 7), (1078.5, 1)),
            *((1070.5, 1084.5), (1068.5, 1082.5), (1071.5, 1086.0), (1068.0, 1081.5), 112),
        ),
        (
            *(EQ_A, 20, (48, 14, 7), (1076.0, 2)),
            *((1068.0, 1080.0), (1068.0, 1080.0), (1070.0, 1082.0), (1068.0, 1080.0), 34),
        ),
        (
            *(OPT_A, 1, (15_847, 4_259, 9), (637.1, 51)),
            *((543.8, 688.0), (541.7, 683.7), (543.85, 688.0), (541.7, 683.65), None),
        ),
        (
            *(OPT_A, 40, (407, 107, 9), (636.0, 2)),
            *((544.0, 688.0), (540.0, 684.0), (544.0, 688.0), (540.0, 682.0), 285),
        ),
        (
            *(OPT_A, 100, (168, 43, 9), (635.0, 1)),
            *((535.0, 685.0), (535.0, 685.0), (540.0, 685.0), (540.0, 680.0), 125),
        ),
    ],
)
def test_tpo_profile(
    day: Day,
    key: str,
    height: int,
    totals: tuple[int, int, int],
    poc: tuple[float, int],
    dual: Span,
    dual_down: Span,
    one_up: Span,
    one_down: Span,
    inside: int | None,
) -> None:
    auction = day.market.auction(key)
    rows, row = tpos_of(auction, height), height * auction.instrument.tick
    index, ties = find_poc(rows.counts)
    assert (sum(rows.counts), len(rows.counts), max(rows.counts)) == totals
    assert ((rows.low + index) * row / 100, ties) == poc
    assert area(rows, row)[:2] == dual
    assert inside is None or area(rows, row)[2] == inside
    assert area(rows, row, tie_up=False)[:2] == dual_down
    assert area(rows, row, "one-row")[:2] == one_up
    assert area(rows, row, "one-row", tie_up=False)[:2] == one_down


def test_tpo_counts_row_by_row(day: Day) -> None:
    assert tpos_of(day.market.auction(EQ_A), 5) == Rows(
        2_129,
        [
            *(
                1,
                1,
                2,
                3,
                3,
                3,
                3,
                3,
                3,
                3,
                2,
                2,
                2,
                3,
                4,
                4,
                4,
                3,
                2,
                4,
                4,
                4,
                5,
                5,
                5,
                6,
                5,
                6,
                7,
                6,
                5,
                4,
                4,
            ),
            *(4, 3, 2, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1),
        ],
    )
    assert tpos_of(day.market.auction(OPT_A), 100) == Rows(
        96,
        [
            *(
                1,
                2,
                3,
                3,
                4,
                4,
                5,
                5,
                5,
                5,
                5,
                5,
                4,
                4,
                3,
                3,
                2,
                2,
                2,
                2,
                2,
                2,
                2,
                2,
                2,
                2,
                2,
                3,
                3,
                3,
                7,
                9,
                8,
            ),
            *(8, 8, 8, 7, 6, 5, 4, 3, 2, 1),
        ],
    )


@pytest.mark.parametrize(
    ("key", "ohlc", "balance", "rotation", "vwap", "atp"),
    [
        (EQ_A, (1081.3, 1090.6, 1064.5, 1083.5), (1064.5, 1081.5), 13, 1078.0288, 1077.85),
        (OPT_A, (639.6, 692.95, 480.05, 657.15), (488.3, 639.6), 4, 601.7138, 601.70),
        (EQ_B, (1655.0, 1669.7, 1631.1, 1649.7), (1631.1, 1669.7), 5, 1646.0463, 1646.0),
        (OPT_B, (844.95, 969.0, 712.0, 926.0), (720.0, 858.0), 6, 831.0208, 830.94),
    ],
)
def test_session_values(
    day: Day,
    key: str,
    ohlc: tuple[float, ...],
    balance: Span,
    rotation: int,
    vwap: float,
    atp: float,
) -> None:
    report = instrument_report(day.market, key)
    session = report["session"]
    assert isinstance(session, dict)
    assert tuple(session[name] for name in ("open", "high", "low", "last")) == ohlc
    assert (session["vwap"], session["exchange_vwap"]) == (vwap, atp)
    assert report["initial_balance"] == {"low": balance[0], "high": balance[1], "complete": True}
    assert report["rotation_factor"] == rotation


@pytest.mark.parametrize(
    ("key", "steps"),
    [(EQ_A, [-2, 2, 2, 2, 0, 1, 2, 2, 0, 0, 2, 2]), (OPT_A, [0, 0, 2, 2, 2, 0, 0, 0, -2, 0, 2, -2])],
)
def test_rotation_bracket_by_bracket(day: Day, key: str, steps: list[int]) -> None:
    brackets = day.at_close[key].brackets
    found = [
        (b.high > a.high) - (b.high < a.high) + (b.low > a.low) - (b.low < a.low)
        for a, b in pairwise(brackets)
    ]
    assert found == steps
    assert sum(found) == day.at_close[key].rotation_factor


@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_the_seeded_vwap_follows_the_brokers_own(day: Day, key: str) -> None:
    assert day.worst_vwap[key] <= 0.0015
    fraction, own = day.market.auction(key).vwap.fraction, day.market.auction(key).average_price
    assert fraction is not None
    assert own is not None
    assert abs(fraction[0] / fraction[1] / own - 1) <= 0.0005
    assert day.outside == 0


@pytest.mark.parametrize(
    ("key", "values"),
    [
        (EQ_A, {14: 0.928571, 15: 0.919388, 100: 0.724866, 200: 0.624976, 354: 1.986399}),
        (OPT_A, {14: 12.125, 15: 12.155357, 100: 8.862449, 200: 9.875687, 354: 6.4572}),
    ],
)
def test_average_true_range_equals_the_library_along_the_day(
    day: Day, key: str, values: dict[int, float]
) -> None:
    minutes = day.market.auction(key).bars.minutes
    assert len(minutes) == 355
    assert (minutes[0].start, minutes[14].start, minutes[-1].start) == (at("09:31"), at("09:45"), at("15:29"))
    bars = MinuteBars(14)
    for index, minute in enumerate(minutes):
        bars.add(minute)
        assert (bars.atr is None) == (index < 14)
        if index in values:
            assert bars.atr is not None
            assert round(bars.atr / 100, 6) == values[index]
    report = instrument_report(day.market, key)
    assert report["atr"] == {"period": 14, "value": values[354]}


@pytest.mark.parametrize(
    ("key", "name", "evidence", "falsifier"),
    [
        (
            EQ_A,
            "NORMAL VARIATION",
            {
                "direction": "up",
                "shape": "D",
                "balance_share": 0.651,
                "extension_up": 0.535,
                "extension_down": 0.0,
                "close_position": 0.728,
                "widest_row": 7,
                "one_timeframing": 0.833,
            },
            "becomes NEUTRAL at 1,062.80 or lower",
        ),
        (
            EQ_B,
            "NORMAL",
            {"direction": "none", "shape": "b", "balance_share": 1.0, "close_position": 0.482},
            "an extension begins at 1,673.60 or higher, 1,627.20 or lower",
        ),
        (
            OPT_B,
            "DOUBLE DISTRIBUTION",
            {
                "shape": "B",
                "balance_share": 0.537,
                "extension_up": 0.804,
                "extension_down": 0.058,
                "single_prints": "860.00 to 880.00",
            },
            "becomes NEUTRAL at 706.20 or lower; over once another bracket fills 860.00 to 880.00",
        ),
        (
            OPT_A,
            "NORMAL VARIATION",
            {
                "direction": "up",
                "shape": "B",
                "balance_share": 0.711,
                "extension_up": 0.353,
                "extension_down": 0.055,
                "close_position": 0.832,
                "single_prints": None,
            },
            "becomes NEUTRAL at 473.15 or lower",
        ),
    ],
)
def test_day_types(day: Day, key: str, name: str, evidence: dict[str, object], falsifier: str) -> None:
    reading = day.market.context(key).day_type
    assert (reading.name, reading.developing, reading.falsifier) == (name, False, falsifier)
    assert {part: reading.evidence[part] for part in evidence} == evidence
    assert day.at_close[key].day_type.name == name


def test_open_type_is_unknown_after_a_late_start(day: Day) -> None:
    for key in day.instruments:
        reading = day.market.context(key).open_type
        assert reading.name == "UNKNOWN"
        assert str(reading.evidence["reason"]).startswith("late start at 09:32:")


def test_the_eight_holes(day: Day) -> None:
    found = [
        (isoformat(hole.start)[11:19], round((hole.end - hole.start) / SECOND)) for hole in day.market.holes
    ]
    assert found == [
        ("10:56:04", 38),
        ("10:57:55", 122),
        ("11:02:55", 77),
        ("11:04:12", 10),
        ("15:07:20", 34),
        ("15:09:39", 13),
        ("15:26:35", 91),
        ("15:28:36", 43),
    ]


def test_stale_although_packets_arrive(day: Day) -> None:
    assert day.stale_at_1528


def test_packets_after_the_close_change_nothing(day: Day) -> None:
    before, after = day.at_close[EQ_A], day.market.context(EQ_A)
    assert day.updates[-1].trade_time > at("15:30")
    for part in ("open", "high", "low", "last", "vwap", "initial_balance", "volume_profile", "tpo_profile"):
        assert getattr(after, part) == getattr(before, part), part
    spans = [[(b.letter, b.low, b.high) for b in context.brackets] for context in (before, after)]
    assert spans[0] == spans[1]


def test_a_later_start_still_knows_range_and_balance(day: Day) -> None:
    late = new_market(day.instruments)
    for update in day.updates:
        if update.arrival >= at("10:05"):
            late.apply(update)
    for key in (EQ_A, OPT_A):
        whole, part = day.market.context(key), late.context(key)
        assert part.quality in (Quality.PARTIAL, Quality.GAP)
        assert part.partial_since is not None
        assert part.partial_since >= at("10:04")
        assert (part.open, part.high, part.low) == (whole.open, whole.high, whole.low)
        assert part.initial_balance == whole.initial_balance
        assert part.brackets[0].letter == letter_of(1)
        assert not part.brackets[0].complete
        assert part.brackets[1:] == whole.brackets[2:]
        assert part.open_type.name == "UNKNOWN"


def test_settings_choose_row_rule_and_percentage(day: Day) -> None:
    chosen = Settings(profile=ProfileSettings(row=2.0, value_area_rule="one-row", value_area_pct=70))
    market = new_market(day.instruments, chosen)
    for update in day.updates:
        market.apply(update)
    stock, option = market.context(EQ_A).volume_profile, market.context(OPT_A).volume_profile
    assert stock is not None
    assert option is not None
    assert (stock.row, stock.rule, stock.poc, stock.val, stock.vah) == (
        200,
        "one-row",
        107_600,
        106_600,
        108_400,
    )
    assert (option.poc, option.val, option.vah) == (64_800, 54_200, 69_000)


def test_no_minute_reaches_beyond_its_bracket(day: Day) -> None:
    for key in day.instruments:
        auction = day.market.auction(key)
        spans = {bracket.index: bracket for bracket in auction.brackets.brackets}
        for minute in auction.bars.minutes:
            span = spans[(minute.start - at("09:15")) // (30 * MINUTE)]
            assert span.low <= minute.low <= minute.high <= span.high
        assert min(span.low for span in spans.values()) == auction.brackets.low
        assert max(span.high for span in spans.values()) == auction.brackets.high
