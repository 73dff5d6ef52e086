"""Profiles, ATR and minutes against what nobody here wrote, where the rules meet.

PyPI MarketProfile 0.2.0, TA-Lib, and the exchange's own 1-minute bars. The libraries are loaded by the tests that ask
them: with all they bring along they take as long as every other test module together.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config import Settings
from engine.auction.profile.tpo_profile import tpo_rows
from engine.auction.profile.value_area import find_poc, find_value_area
from engine.auction.state.auctions import Auctions
from engine.market.clock import MINUTE
from engine.market.session import trading_day
from tests.auction.builders import at
from tests.recordings import DAY, EQ_A, EQ_B, OPT_A, OPT_B, recorded_tape

ROWS_TRIED = (1, 5, 10, 20, 40, 100)
TPO_ROWS_TRIED = (1, 5, 20, 100)
"""Row heights in ticks."""


@dataclass
class Tape:
    """What traded in one instrument, ticks and sizes in the order of the feed, and its ATR after each minute."""

    ticks: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    ranges: list[float | None] = field(default_factory=list)
    minutes: Counter[int] = field(default_factory=Counter)
    """Our steps of day volume by the minute of their trade time."""


@pytest.fixture(scope="module")
def day() -> tuple[Auctions, dict[str, Tape]]:
    recorded = recorded_tape()
    chosen = Settings()
    market = Auctions(recorded.instruments, trading_day(DAY, chosen.session), chosen)
    tapes = {key: Tape() for key in recorded.instruments}
    for update in recorded.updates:
        applied = market.apply(update)
        tape = tapes[update.instrument]
        if applied.increment > 0:
            tape.ticks.append(update.last // recorded.instruments[update.instrument].tick)
            tape.sizes.append(applied.increment)
            tape.minutes[update.trade_time // MINUTE * MINUTE] += applied.increment
        if applied.minute_closed:
            tape.ranges.append(market.auction(update.instrument).bars.atr)
    return market, tapes


def library_answer(rows: Sequence[int], sizes: Sequence[int], mode: str = "vol") -> tuple[int, int, int]:
    """Return POC, VAL and VAH of the library over whole row ids, so that its rounding has nothing to round."""
    import pandas as pd
    from market_profile import MarketProfile

    index = pd.date_range("2025-12-15 09:15", periods=len(rows), freq="s")
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), rows), index=index)
    frame["Volume"] = sizes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = MarketProfile(frame, row_size=1, mode=mode)[frame.index.min() : frame.index.max()]
        low, high = profile.value_area
    return int(profile.poc_price), int(low), int(high)


def our_answer(low: int, counts: Sequence[int], poc: int | None = None) -> tuple[int, int, int, int]:
    """Return POC, VAL, VAH and ties by our rules over traded rows alone, ``poc`` given as a row id or our own."""
    traded = [(low + index, count) for index, count in enumerate(counts) if count]
    filled = [count for _, count in traded]
    found, ties = find_poc(filled)
    if poc is not None:
        found = [row for row, _ in traded].index(poc)
    below, above = find_value_area(filled, found, "one-row")
    assert 100 * sum(filled[below : above + 1]) != 70 * sum(filled), "the library wants more than 70 %"
    return traded[found][0], traded[below][0], traded[above][0], ties


@pytest.mark.parametrize("height", ROWS_TRIED)
@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_one_row_growth_over_traded_rows_is_the_librarys_value_area(
    day: tuple[Auctions, dict[str, Tape]], key: str, height: int
) -> None:
    market, tapes = day
    tape = tapes[key]
    view = market.auction(key).profile.view(height)
    assert view is not None
    library = library_answer([tick // height for tick in tape.ticks], tape.sizes)
    assert our_answer(view.low, view.counts) == (*library, 1)


@pytest.mark.parametrize("height", TPO_ROWS_TRIED)
@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_the_librarys_value_area_of_one_row_a_bracket_and_price_is_ours_by_time(
    day: tuple[Auctions, dict[str, Tape]], key: str, height: int
) -> None:
    auction = day[0].auction(key)
    row = height * auction.instrument.tick
    letters = [
        number
        for bracket in auction.brackets.brackets
        for number in range(bracket.low // row, bracket.high // row + 1)
    ]
    view = tpo_rows(auction.brackets.brackets, row)
    assert view is not None
    assert sum(view.counts) == len(letters)
    library = library_answer(letters, [1] * len(letters), "tpo")
    poc, *_, ties = our_answer(view.low, view.counts)
    if ties == 1:
        assert poc == library[0]
    # Of tied rows the library takes the one nearest to len/2, we the one nearest to the middle.
    assert our_answer(view.low, view.counts, library[0])[:3] == library


@settings(max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=3, max_size=30))
def test_any_profile_with_one_fullest_row_has_the_librarys_value_area(counts: list[int]) -> None:
    poc, ties = find_poc(counts)
    assume(ties == 1)
    below, above = find_value_area(counts, poc, "one-row")
    assume(100 * sum(counts[below : above + 1]) != 70 * sum(counts))
    assert library_answer(range(len(counts)), counts) == (poc, below, above)


@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_the_average_true_range_is_ta_libs_after_every_minute(
    day: tuple[Auctions, dict[str, Tape]], key: str
) -> None:
    import talib

    minutes, ranges = day[0].auction(key).bars.minutes, day[1][key].ranges
    columns = [np.array([getattr(bar, name) / 100 for bar in minutes]) for name in ("high", "low", "close")]
    library = talib.ATR(*columns, timeperiod=14)
    assert len(library) == len(ranges) >= 350
    for theirs, ours in zip(library, ranges, strict=True):
        assert np.isnan(theirs) if ours is None else theirs == pytest.approx(ours / 100, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "equal", "minutes"),
    [(EQ_A, 193, 352), (EQ_B, 324, 352), (OPT_B, 319, 353), (OPT_A, 317, 352)],
)
def test_our_steps_of_volume_are_the_exchanges_minutes_but_for_batches_across_their_ends(
    day: tuple[Auctions, dict[str, Tape]], key: str, equal: int, minutes: int
) -> None:
    ours = day[1][key].minutes
    theirs = [bar for bar in day[0].auction(key).bars.minutes if bar.start >= at("09:34")]
    assert len(theirs) == minutes
    assert sum(bar.volume == ours[bar.start] for bar in theirs) == equal
    whole = sum(bar.volume for bar in theirs)
    assert abs(sum(ours[bar.start] for bar in theirs) - whole) < whole / 100
