"""The further readings of a real day against independently computed figures, every one exact."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from config import Settings
from engine.auction.flow.footprint import find_stacks, footprint_rows
from engine.auction.prior.history import close_session
from engine.auction.state.auctions import Auctions
from engine.auction.state.structure_reading import read_structure
from engine.auction.values.context import Context, ProfileReading
from engine.auction.values.levels import Acceptance, NodeKind
from engine.market.clock import datetime_of
from engine.market.quality import Quality
from engine.market.session import trading_day
from tests.auction.builders import DAY, at
from tests.recordings import EQ_A, EQ_B, OPT_A, OPT_B, recorded_tape

KEYS = (EQ_A, EQ_B, OPT_A, OPT_B)


@dataclass
class Recorded:
    """The market after the four recordings, and what it said at half past eleven."""

    market: Auctions
    contexts: Mapping[str, Context]
    early: dict[str, Context] = field(default_factory=dict)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    tape = recorded_tape()
    settings = Settings()
    market = Auctions(tape.instruments, trading_day(DAY, settings.session), settings)
    early: dict[str, Context] = {}
    for update in tape.updates:
        if not early and update.arrival >= at("11:30"):
            early = {key: market.context(key) for key in KEYS}
        market.apply(update)
    return Recorded(market, {key: market.context(key) for key in KEYS}, early)


@pytest.mark.parametrize(
    ("key", "rules", "agreed", "inside", "imbalance"),
    [
        (EQ_A, (424_727, 295_083, 266_053), 0.718, 0.049, 95_641),
        (EQ_B, (42_570, 20_938, 15_144), 0.760, 0.055, -24_378),
        (OPT_B, (58_730, 118_440, 11_900), 0.740, 0.232, 116_340),
        (OPT_A, (28_805, 78_365, -16_415), 0.758, 0.230, 133_840),
    ],
)
def test_delta_under_each_rule(
    recorded: Recorded, key: str, rules: tuple[int, int, int], agreed: float, inside: float, imbalance: int
) -> None:
    flow = recorded.market.auction(key).flow
    assert (flow.previous_quote, flow.same_quote, flow.tick_rule) == rules
    assert round(flow.agreed / flow.total, 3) == agreed
    delta = recorded.contexts[key].delta
    assert delta is not None
    assert (delta.rule, delta.value, delta.low, delta.high) == ("LR-prev", rules[0], min(rules), max(rules))
    assert (round(delta.inside_share, 3), delta.imbalance) == (inside, imbalance)
    assert delta.sign == (0 if min(rules) < 0 else 1)


@pytest.mark.parametrize(
    ("key", "volume", "needed", "clock"),
    [
        (EQ_A, 23_897, 51_611, "12:37:36"),
        (EQ_B, 2_275, 2_615, "09:48:11"),
        (OPT_B, 6_055, 16_590, "09:47:22"),
        (OPT_A, 44_555, 101_010, "15:28:24"),
    ],
)
def test_no_stand_of_the_four_recordings_is_an_absorption_and_the_nearest_says_what_it_lacked(
    recorded: Recorded, key: str, volume: int, needed: int, clock: str
) -> None:
    flow = recorded.market.auction(key).flow
    assert flow.absorptions == ()
    nearest = flow.nearest_absorption
    assert nearest is not None
    assert (nearest.volume, nearest.needed, f"{datetime_of(nearest.time):%H:%M:%S}") == (
        volume,
        needed,
        clock,
    )


@pytest.mark.parametrize(("key", "deviation"), [(EQ_A, 6.8025), (OPT_A, 62.3343)])
def test_the_deviation_around_the_vwap(recorded: Recorded, key: str, deviation: float) -> None:
    fraction = recorded.market.auction(key).vwap.variance_fraction
    assert fraction is not None
    assert round(fraction[0] ** 0.5 / fraction[1] / 100, 4) == deviation
    context = recorded.contexts[key]
    assert context.vwap_deviation == round(deviation * 100)
    assert context.deviation_minutes == 357
    assert recorded.early[key].deviation_minutes == 117


@pytest.mark.parametrize(
    ("key", "high", "low"),
    [
        (EQ_A, [1067.5, 1072.0, 1077.5, 1080.5, 1085.5], [1070.0, 1074.0, 1079.0, 1083.5, 1089.0]),
        (OPT_A, [520.0, 645.0], [560.0]),
    ],
)
def test_volume_nodes(recorded: Recorded, key: str, high: list[float], low: list[float]) -> None:
    nodes = recorded.contexts[key].nodes
    assert [node.price / 100 for node in nodes if node.kind is NodeKind.HIGH] == high
    assert [node.price / 100 for node in nodes if node.kind is NodeKind.LOW] == low


PLACEMENTS = {
    EQ_A: ((1085.0, 1076.0, 1090.0), (1080.0, 1067.0, 1082.0), (1077.0, 1071.0, 1086.0), True),
    EQ_B: ((1640.0, 1636.0, 1654.0), (1640.0, 1636.0, 1654.0), (1640.0, 1636.0, 1654.0), False),
    OPT_B: ((920.0, 760.0, 960.0), (760.0, 720.0, 910.0), (920.0, 760.0, 960.0), True),
    OPT_A: ((645.0, 535.0, 685.0), (645.0, 535.0, 685.0), (645.0, 535.0, 685.0), False),
}


@pytest.mark.parametrize("key", KEYS)
def test_the_three_placements_of_a_batch(recorded: Recorded, key: str) -> None:
    band = recorded.contexts[key].placement_band
    assert band is not None

    def figures(reading: ProfileReading) -> tuple[float, float, float]:
        return reading.poc / 100, reading.val / 100, reading.vah / 100

    found = (figures(band.at_last), figures(band.at_previous), figures(band.spread), band.wide)
    assert found == PLACEMENTS[key]
    total = recorded.market.auction(key).profile.total
    assert (band.at_previous.total, band.spread.total) == (total, total)


@pytest.mark.parametrize(
    ("key", "shape", "top", "bottom"),
    [(EQ_A, "D", 9, 2), (EQ_B, "b", 10, 2), (OPT_B, "B", 0, 2), (OPT_A, "B", 0, 0)],
)
def test_shapes_and_tails(recorded: Recorded, key: str, shape: str, top: int, bottom: int) -> None:
    context = recorded.contexts[key]
    assert (context.shape, context.top_tail, context.bottom_tail) == (shape, top, bottom)


def test_tpos_above_and_below_the_point_of_control(recorded: Recorded) -> None:
    structure = read_structure(recorded.market.auction(EQ_A))
    assert structure is not None
    assert (structure.tpos_above, structure.tpos_below) == (54, 95)
    assert (structure.body_above, structure.body_below) == (45, 93)


def test_single_prints_inside_the_body(recorded: Recorded) -> None:
    assert [context.zones for context in recorded.contexts.values() if context.zones] == [
        recorded.contexts[OPT_B].zones
    ]
    (zone,) = recorded.contexts[OPT_B].zones
    assert (zone.low, zone.high, zone.rows, zone.letter) == (86_000, 88_000, 5, "F")
    volumes = recorded.market.auction(OPT_B).profile.view(100)
    assert volumes is not None
    shares = recorded.market.auction(OPT_B).placement.row_shares(volumes, recorded.market.holes)
    rows = [shares[number] for number in range(172, 177)]
    loose = sum(row.wide + row.unplaced for row in rows)
    assert zone.loose_share == round(loose / sum(volumes.counts[172 - volumes.low : 177 - volumes.low]), 4)


def test_a_double_distribution_splits_behind_the_bracket_that_parts_it(recorded: Recorded) -> None:
    lower, upper = recorded.contexts[OPT_B].distributions
    assert (lower.letters, upper.letters) == ("ABCDEF", "GHIJKLM")
    assert (lower.profile.total + upper.profile.total) == 187
    assert lower.profile.vah < 86_000 < 88_000 < upper.profile.val
    assert {key: recorded.contexts[key].distributions for key in (EQ_A, EQ_B, OPT_A)} == {
        EQ_A: (),
        EQ_B: (),
        OPT_A: (),
    }


def test_the_point_of_control_says_how_it_hangs_on_the_placement_of_batches(recorded: Recorded) -> None:
    levels = {level.name: level for level in recorded.contexts[EQ_A].levels}
    assert levels["POC"].note == (
        "since 09:32:52, 27.3 % WIDE, 3 % UNPLACED, 1,077.00 to 1,085.00 by placement"
    )
    assert (levels["POC"].quality, levels["TPOC"].quality) == (Quality.PARTIAL, Quality.LIVE)


@pytest.mark.parametrize("key", KEYS)
def test_classes_by_row_sum_to_the_classes_of_the_day(recorded: Recorded, key: str) -> None:
    auction, holes = recorded.market.auction(key), recorded.market.holes
    assert auction.row is not None
    assert auction.ticks_per_row is not None
    view = auction.profile.view(auction.ticks_per_row)
    assert view is not None
    rows = auction.placement.row_shares(view, holes)
    whole = auction.placement.shares(auction.row, holes)
    for name in ("unplaced", "exact", "wide", "batch"):
        assert sum(getattr(row, name) for row in rows.values()) == getattr(whole, name)
        assert all(getattr(row, name) >= 0 for row in rows.values())
    assert auction.placement.wide_volume(auction.row, holes) == whole.wide


def test_the_profile_at_the_end_of_each_bracket(recorded: Recorded) -> None:
    samples = {sample.letter: sample for sample in recorded.contexts[EQ_A].developing}
    assert "".join(samples) == "ABCDEFGHIJKLM"
    for letter, clock, figures in (
        ("B", "10:15", (1067.5, 1065.5, 1068.5, 170_910)),
        ("F", "12:15", (1067.5, 1064.5, 1072.5, 447_363)),
        ("J", "14:15", (1077.0, 1071.0, 1081.0, 743_473)),
    ):
        reading = samples[letter].profile
        assert samples[letter].time == at(clock)
        assert (reading.poc / 100, reading.val / 100, reading.vah / 100, reading.total) == figures
    assert samples["M"].delta == 424_727
    assert recorded.contexts[EQ_A].poc_migration == (108_500 - 106_750) // 50


def test_extensions_and_one_timeframing(recorded: Recorded) -> None:
    found = {
        key: (context.extended_up, context.extended_down, context.one_timeframing)
        for key, context in recorded.contexts.items()
    }
    assert found == {
        EQ_A: (True, False, 3),
        EQ_B: (False, False, 0),
        OPT_B: (True, False, -1),
        OPT_A: (True, False, -1),
    }
    assert recorded.early[EQ_A].one_timeframing == 2


def test_levels_accepted_and_rejected(recorded: Recorded) -> None:
    untouched, rejected, accepted = Acceptance.UNTOUCHED, Acceptance.REJECTED, Acceptance.ACCEPTED
    assert recorded.contexts[EQ_A].acceptance == {
        "VAH": untouched,
        "VAL": rejected,
        "IBH": accepted,
        "IBL": untouched,
    }
    assert recorded.contexts[OPT_A].acceptance == {
        "VAH": untouched,
        "VAL": rejected,
        "IBH": accepted,
        "IBL": rejected,
    }
    assert recorded.contexts[EQ_B].acceptance["IBH"] is untouched


def test_weak_value_names_its_reasons(recorded: Recorded) -> None:
    assert {key: context.value_weak for key, context in recorded.contexts.items()} == {
        EQ_A: "27 % of the volume WIDE, PARTIAL",
        EQ_B: "PARTIAL",
        OPT_B: "shape B, day type DOUBLE DISTRIBUTION, PARTIAL",
        OPT_A: "shape B, PARTIAL",
    }


def test_what_a_late_start_cannot_know(recorded: Recorded) -> None:
    for context in recorded.contexts.values():
        assert context.opening_range is None
        assert (context.prior, context.location, context.gap, context.naked_pocs) == (None, "", None, ())


def test_the_footprint_holds_the_delta(recorded: Recorded) -> None:
    for key in KEYS:
        flow = recorded.market.auction(key).flow
        auction = recorded.market.auction(key)
        height = auction.ticks_per_row
        assert height is not None
        rows = footprint_rows(flow.bars.values(), height, auction.instrument.tick)
        assert sum(row.bought - row.sold for row in rows) == flow.previous_quote
        assert sum(row.bought + row.sold for row in rows) <= flow.total
        for bar in flow.bars.values():
            for stack in find_stacks(footprint_rows([bar], height, auction.instrument.tick)):
                assert stack.rows >= 3
                assert stack.high - stack.low == (stack.rows - 1) * (auction.row or 0)


def test_the_recorded_session_is_kept_as_partial(recorded: Recorded) -> None:
    kept = close_session(recorded.market, EQ_A)
    assert kept is not None
    assert (kept.quality.value, kept.source) == ("PARTIAL", "TPO")
    assert (kept.poc, kept.val, kept.vah) == (107_850, 107_050, 108_450)
    assert (kept.high, kept.low, kept.close) == (109_060, 106_450, 108_540)
    assert (sum(kept.tpos), len(kept.tpos), sum(kept.volumes)) == (156, 53, 1_424_587)
    assert kept.slot_volumes[:4] == (None,) * 4
    assert kept.slot_volumes[-1] is None
