"""Open types, opening range, gap and location against the levels of the day before."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Settings
from engine.auction.session.opening import OpeningPath
from engine.auction.state.auctions import Auctions
from engine.auction.structure.location import (
    name_activity,
    name_balance,
    overlaps_by_half,
    read_gap,
    still_naked,
)
from engine.auction.values.context import Context, GapReading
from engine.auction.values.levels import Acceptance, PriorLevels
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.session import trading_day
from tests.auction.builders import DAY, KEY, OPEN, STOCK, at, bar, make_update
from tests.auction.session.openings import AUCTION, DRIVE, PRIOR, REVERSE, TEST_DRIVE, Path


def play(path: Path, prior: PriorLevels | None = PRIOR, *, first: Instant = OPEN - SECOND) -> Auctions:
    settings = Settings()
    levels = {} if prior is None else {KEY: prior}
    market = Auctions({KEY: STOCK}, trading_day(DAY, settings.session), settings, levels)
    market.apply(make_update(first, path[0][1], 1))
    for volume, (clock, price) in enumerate(path, start=2):
        market.apply(make_update(at(clock), price, volume))
    return market


def read(path: Path, prior: PriorLevels | None = PRIOR) -> Context:
    return play(path, prior).context(KEY)


@pytest.mark.parametrize(
    ("path", "name", "direction"),
    [
        (DRIVE, "OPEN-DRIVE", "up"),
        (TEST_DRIVE, "OPEN-TEST-DRIVE", "up"),
        (REVERSE, "OPEN-REJECTION-REVERSE", "down"),
        (AUCTION, "OPEN-AUCTION IN RANGE", ""),
    ],
)
def test_open_types_with_their_numbers_and_mirrors(path: Path, name: str, direction: str) -> None:
    reading = read([*path, ("09:45", path[-1][1])]).open_type
    assert (reading.name, reading.evidence["direction"], reading.developing) == (name, direction, True)
    assert reading.evidence["location"] == "inside prior value"
    mirror = replace(PRIOR, val=9_820, vah=10_080, low=9_600, high=10_400)
    mirrored = [(clock, 20_000 - price) for clock, price in path]
    reflected = read([*mirrored, ("09:45", mirrored[-1][1])], mirror).open_type
    assert reflected.name == name
    assert reflected.evidence["direction"] == {"up": "down", "down": "up", "": ""}[direction]
    for one, other in (("excursion_up", "excursion_down"), ("excursion_down", "excursion_up")):
        assert reading.evidence[one] == reflected.evidence[other]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ([*DRIVE[:1], ("09:16", 9_940), *DRIVE[2:]], "OPEN-TEST-DRIVE"),
        ([*DRIVE[:-1], ("09:44", 10_240)], "OPEN-AUCTION IN RANGE"),
        ([*TEST_DRIVE[:1], ("09:18", 9_945), *TEST_DRIVE[2:]], "OPEN-AUCTION IN RANGE"),
        ([*TEST_DRIVE[:-1], ("09:40", 10_190)], "OPEN-AUCTION IN RANGE"),
        ([*REVERSE[:2], ("09:35", 9_950), ("09:44", 9_910)], "OPEN-AUCTION IN RANGE"),
    ],
)
def test_look_alikes_get_another_name(path: Path, name: str) -> None:
    assert read([*path, ("09:45", path[-1][1])]).open_type.name == name


def test_a_drive_that_crosses_its_opening_range_is_none() -> None:
    path = [*DRIVE[:1], ("09:16", 9_970), ("09:25", 10_260), ("09:30", 9_960)]
    assert read(path).open_type.name == "OPEN-AUCTION IN RANGE"
    assert read([*path[:-1], ("09:30", 9_970)]).open_type.name == "OPEN-DRIVE"


def test_an_open_outside_the_prior_range_is_a_gap_and_auctions_out_of_range() -> None:
    context = read([("09:15:01", 10_500), ("09:20", 10_540), ("09:30", 10_450)])
    assert context.open_type.name == "OPEN-AUCTION OUT OF RANGE"
    assert context.open_type.evidence["location"] == "above prior range"
    assert context.location == "above prior range"


def test_the_type_is_settled_after_an_hour() -> None:
    market = play([*DRIVE, ("10:15", 9_000)])
    reading = market.context(KEY).open_type
    assert (reading.name, reading.developing, reading.falsifier) == ("OPEN-DRIVE", False, "")
    assert play(DRIVE).context(KEY).open_type.falsifier == "no drive any more below 99.60"


@pytest.mark.parametrize(
    ("prior", "path", "reason"),
    [
        (None, DRIVE, "no levels of earlier days"),
        (replace(PRIOR, close=5_000), DRIVE, "levels of earlier days are not ready: previous close 100.00"),
        (replace(PRIOR, range_days=4), DRIVE, "no average daily range of at least 5 earlier days"),
        (PRIOR, DRIVE[:3], "the opening range is not complete"),
    ],
)
def test_unknown_names_its_reason(prior: PriorLevels | None, path: Path, reason: str) -> None:
    reading = read(path, prior).open_type
    assert reading.name == "UNKNOWN"
    assert str(reading.evidence["reason"]).startswith(reason)


def test_a_late_start_knows_no_open() -> None:
    market = play(DRIVE, first=OPEN + SECOND)
    context = market.context(KEY)
    assert str(context.open_type.evidence["reason"]).startswith("late start at 09:15:01")
    assert context.opening_range is None


def test_the_opening_range_takes_day_bar_and_minutes_into_account() -> None:
    market = play([("09:15:01", 10_000), ("09:17", 10_020)])
    market.apply(make_update(at("09:18"), 10_010, 20, day=bar(OPEN, 9_970, 10_030)))
    assert market.context(KEY).opening_range == (9_970, 10_030)
    market.apply(make_update(at("09:20"), 10_500, 21, minute=bar(at("09:19"), 9_960, 10_020)))
    assert market.context(KEY).opening_range == (9_960, 10_030)


prices = st.lists(st.integers(9_700, 10_300), min_size=1, max_size=30)


@given(prices)
def test_excursions_equal_a_look_back_over_the_whole_path(path: list[int]) -> None:
    opening = OpeningPath(10_000, OPEN + 5 * MINUTE, 1_000)
    for number, price in enumerate(path):
        opening.take(price, OPEN + number * MINUTE)
    assert opening.up == max(0, *(price - 10_000 for price in path))
    assert opening.down == max(0, *(10_000 - price for price in path))
    start = next((index for index, price in enumerate(path) if abs(price - 10_000) >= 50), None)
    if start is None:
        assert (opening.first_side, opening.crossed, opening.other) == (0, False, 0)
        return
    side = 1 if path[start] > 10_000 else -1
    away = [(price - 10_000) * side for price in path[start:]]
    end = next((index for index, move in enumerate(away) if move < 0), len(away))
    assert opening.first_side == side
    assert (opening.first_extreme - 10_000) * side == max(away[:end])
    assert opening.crossed is (end < len(away))
    assert opening.other == max((-move for move in away[end:]), default=0) * (end < len(away))


def test_gaps_and_how_far_they_are_filled() -> None:
    assert read_gap(10_400, 10_500, 10_300, PRIOR) is None
    assert read_gap(10_500, 10_600, 10_450, PRIOR) == GapReading(up=True, size=100, filled_share=0.5)
    assert read_gap(10_500, 10_600, 10_200, PRIOR) == GapReading(up=True, size=100, filled_share=1.0)
    assert read_gap(9_500, 9_500, 9_400, PRIOR) == GapReading(up=False, size=100, filled_share=0.0)


@pytest.mark.parametrize(
    ("opened", "last", "expected"),
    [
        (10_000, 10_200, "INITIATIVE BUYING"),
        (10_000, 10_190, ""),
        (10_000, 9_890, "INITIATIVE SELLING"),
        (9_700, 9_800, "RESPONSIVE BUYING"),
        (10_500, 10_300, "RESPONSIVE SELLING"),
        (10_300, 10_300, ""),
    ],
)
def test_initiative_goes_away_from_value_and_response_toward_it(
    opened: int, last: int, expected: str
) -> None:
    assert name_activity(opened, last, PRIOR, 10) == expected


def test_balance_needs_half_of_the_narrower_value_or_an_inside_day() -> None:
    assert overlaps_by_half((0, 100), (50, 300))
    assert not overlaps_by_half((0, 100), (51, 300))
    assert not overlaps_by_half((0, 100), (200, 300))
    assert name_balance(None, 10_400, 9_600, PRIOR, "NORMAL") == "BALANCE"
    assert name_balance(None, 10_410, 9_600, PRIOR, "NORMAL") == ""
    market = play([*AUCTION, ("10:00", 11_000), *((f"10:{minute}", 11_000) for minute in range(10, 50))])
    profile = market.context(KEY).volume_profile
    assert name_balance(profile, 11_000, 9_940, PRIOR, "TREND") == "IMBALANCE"
    assert name_balance(profile, 11_000, 9_940, PRIOR, "NEUTRAL CENTRE") == ""


def test_a_naked_point_of_control_is_gone_once_touched_today() -> None:
    market = play([("09:15:01", 10_060), ("09:30", 10_100)])
    context = market.context(KEY)
    assert context.naked_pocs == PRIOR.naked_pocs
    assert context.prior is not None
    assert context.prior.naked_pocs == PRIOR.naked_pocs
    market.apply(make_update(at("09:31"), 10_010, 90))
    assert still_naked(PRIOR, market.context(KEY).brackets, 10) == PRIOR.naked_pocs[:1]
    assert market.context(KEY).naked_pocs == PRIOR.naked_pocs[:1]


def test_prior_levels_are_judged_like_the_days_own() -> None:
    context = read([("09:15:01", 10_390), ("09:30", 10_450), ("09:44", 10_300), ("09:46", 10_300)])
    assert context.acceptance["PDH"] is Acceptance.REJECTED
    assert context.acceptance["PDL"] is Acceptance.UNTOUCHED
    assert "BALH" not in context.acceptance
    balanced = replace(PRIOR, balance_low=9_000, balance_high=10_420, balance_days=2)
    assert read([("09:15:01", 10_390), ("09:30", 10_440)], balanced).acceptance["BALH"] is Acceptance.TESTING


def test_a_narrow_day_without_extension_is_no_trend_once_the_average_is_known() -> None:
    path = [("09:15:01", 10_000), ("09:40", 10_100), ("10:10", 9_950), ("10:20", 10_000)]
    assert read(path).day_type.name == "NON-TREND"
    assert read(path, None).day_type.name == "NORMAL"
