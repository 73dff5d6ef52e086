"""Day types: the first rule that matches, its numbers and what would prove it wrong."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import pytest

from engine.auction.profile.tpo_profile import Bracket, tpo_rows
from engine.auction.profile.value_area import Rows
from engine.auction.structure.day_type import SessionFacts, name_day, unknown
from engine.auction.values.context import AverageRange, Quality

KNOWN = AverageRange(2_000, Quality.LIVE, 20)
GUESSED = AverageRange(2_000, Quality.ESTIMATED, 0)


def session(
    spans: Sequence[tuple[int, int]], last: int, average_range: AverageRange | None = None, row: int = 20
) -> SessionFacts:
    """Build a session of brackets, the first two being the initial balance."""
    brackets = [Bracket(index, low, high, whole=True) for index, (low, high) in enumerate(spans)]
    rows = tpo_rows(brackets, row)
    assert rows is not None
    return SessionFacts(
        high=max(high for _, high in spans),
        low=min(low for low, _ in spans),
        last=last,
        balance_high=max(high for _, high in spans[:2]),
        balance_low=min(low for low, _ in spans[:2]),
        row=row,
        tick=10,
        rows=rows,
        brackets=brackets,
        shape="D",
        average_range=average_range,
    )


BALANCE = [(10_000, 10_300), (10_100, 10_400)]
TREND = [(10_000 + step, 10_200 + step) for step in accumulate([0, 80] + [100] * 10)]


@pytest.mark.parametrize(
    ("spans", "last", "name"),
    [
        ([*BALANCE, (10_000, 10_600), (9_800, 10_300)], 10_200, "NEUTRAL CENTRE"),
        ([*BALANCE, (10_000, 10_600), (9_800, 10_300)], 10_590, "NEUTRAL EXTREME"),
        ([*BALANCE, (10_000, 10_600), (9_800, 10_300)], 9_820, "NEUTRAL EXTREME"),
        (TREND, TREND[-1][1], "TREND"),
        ([(20_000 - high, 20_000 - low) for low, high in TREND], 20_000 - TREND[-1][1], "TREND"),
        ([*BALANCE, (10_300, 10_450)], 10_430, "NORMAL"),
        ([*BALANCE, (10_200, 10_700), (10_300, 10_650)], 10_600, "NORMAL VARIATION"),
        ([*BALANCE, (9_700, 10_200), (9_800, 10_250)], 9_900, "NORMAL VARIATION"),
        ([*BALANCE, (10_100, 10_300)], 10_200, "NORMAL"),
    ],
)
def test_day_types(spans: list[tuple[int, int]], last: int, name: str) -> None:
    assert name_day(session(spans, last), developing=False).name == name


def test_two_distributions_parted_by_single_prints() -> None:
    low, high = (10_000, 10_200), (10_600, 10_800)
    spans = [low, low, low, low, (10_100, 10_700), high, high, high]
    reading = name_day(session(spans, 10_700), developing=True)
    assert reading.name == "DOUBLE DISTRIBUTION"
    assert reading.developing
    assert reading.evidence["single_prints"] == "102.20 to 105.80"


def test_a_narrow_day_is_a_non_trend_day_only_when_the_usual_range_is_known() -> None:
    quiet = session([*BALANCE, (10_100, 10_300)], 10_200)
    assert name_day(replace(quiet, average_range=KNOWN), developing=False).name == "NON-TREND"
    reading = name_day(replace(quiet, average_range=GUESSED), developing=False)
    assert reading.name == "NORMAL"
    assert reading.evidence["non_trend"] == "undecidable without an average daily range"


def test_an_extension_counts_from_a_tenth_of_the_balance_or_one_row() -> None:
    below = name_day(session([*BALANCE, (10_300, 10_430)], 10_400), developing=False)
    assert below.evidence["direction"] == "none"
    reached = name_day(session([*BALANCE, (10_300, 10_440)], 10_400), developing=False)
    assert reached.evidence["direction"] == "up"
    coarse = name_day(session([*BALANCE, (10_300, 10_440)], 10_400, row=50), developing=False)
    assert coarse.evidence["direction"] == "none"


NARROW_RANGE = AverageRange(900, Quality.LIVE, 20)
PARTED = [(10_000, 10_200)] * 4 + [(10_100, 10_700)] + [(10_600, 10_800)] * 3


@pytest.mark.parametrize(
    ("spans", "last", "falsifier"),
    [
        ([*BALANCE, (10_200, 10_700)], 10_300, "becomes NEUTRAL at 99.60 or lower"),
        ([*BALANCE, (9_700, 10_200)], 10_300, "becomes NEUTRAL at 104.40 or higher"),
        ([*BALANCE, (10_100, 10_300)], 10_300, "an extension begins at 104.40 or higher, 99.60 or lower"),
        (
            [*BALANCE, (9_700, 10_700)],
            10_300,
            "becomes NEUTRAL EXTREME at 105.00 or higher, 99.00 or lower",
        ),
        ([*BALANCE, (9_700, 10_700)], 10_500, "becomes NEUTRAL CENTRE above 99.00 and below 105.00"),
        (
            [*BALANCE, (10_300, 10_450)],
            10_430,
            "becomes NORMAL VARIATION at 104.80 or higher, NEUTRAL at 99.60 or lower",
        ),
        (
            [*BALANCE, (9_950, 10_300)],
            10_000,
            "becomes NORMAL VARIATION at 99.20 or lower, NEUTRAL at 104.40 or higher",
        ),
        (
            TREND,
            TREND[-1][1],
            (
                "becomes NORMAL VARIATION below 110.30, wider than 5 TPOs or under 0.7 one-timeframing,"
                " NEUTRAL at 99.70 or lower"
            ),
        ),
        (
            PARTED,
            10_700,
            "becomes NEUTRAL at 99.80 or lower; over once another bracket fills 102.20 to 105.80",
        ),
    ],
)
def test_the_falsifier_names_the_exact_price(spans: list[tuple[int, int]], last: int, falsifier: str) -> None:
    assert name_day(session(spans, last), developing=True).falsifier == falsifier


def test_a_non_trend_day_names_the_range_that_ends_it() -> None:
    reading = name_day(session([*BALANCE, (10_100, 10_300)], 10_300, NARROW_RANGE), developing=True)
    assert reading.name == "NON-TREND"
    assert reading.falsifier.endswith("; becomes NORMAL at a range of 4.50")


def _renamed(spans: list[tuple[int, int]], price: int, average: AverageRange | None = None) -> str:
    """Name the day again after one more bracket went from its last price to another."""
    return name_day(
        session([*spans, (min(price, 10_300), max(price, 10_300))], price, average), developing=True
    ).name


@pytest.mark.parametrize(
    ("spans", "before", "price", "name"),
    [
        ([*BALANCE, (10_200, 10_700)], 9_970, 9_960, "NEUTRAL"),
        ([*BALANCE, (9_700, 10_200)], 10_430, 10_440, "NEUTRAL"),
        ([*BALANCE, (9_700, 10_700)], 10_490, 10_500, "NEUTRAL EXTREME"),
        ([*BALANCE, (9_700, 10_700)], 9_910, 9_900, "NEUTRAL EXTREME"),
        ([*BALANCE, (10_300, 10_450)], 10_470, 10_480, "NORMAL VARIATION"),
        ([*BALANCE, (9_950, 10_300)], 9_930, 9_920, "NORMAL VARIATION"),
    ],
)
def test_the_name_falls_at_the_price_of_the_falsifier_and_not_a_tick_before(
    spans: list[tuple[int, int]], before: int, price: int, name: str
) -> None:
    assert not _renamed(spans, before).startswith(name)
    assert _renamed(spans, price).startswith(name)


def test_a_day_without_any_range_has_no_shares() -> None:
    reading = name_day(session([(10_000, 10_000), (10_000, 10_000)], 10_000), developing=True)
    assert reading.name == "NORMAL"
    assert (reading.evidence["balance_share"], reading.evidence["close_position"]) == (None, None)


def test_unknown_carries_its_reason() -> None:
    assert unknown("late start").evidence == {"reason": "late start"}


def test_tpo_rows_fill_every_row_between_low_and_high() -> None:
    brackets = [
        Bracket(0, 100, 149, whole=True),
        Bracket(1, 130, 130, whole=True),
        Bracket(3, 180, 190, whole=True),
    ]
    assert tpo_rows(brackets, 10) == Rows(10, [1, 1, 1, 2, 1, 0, 0, 0, 1, 1])
    assert tpo_rows([], 10) is None
