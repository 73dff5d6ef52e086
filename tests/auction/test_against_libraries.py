"""Profiles and ATR against code that nobody here wrote: PyPI MarketProfile 0.2.0 and TA-Lib, where the rules meet."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import talib
from market_profile import MarketProfile

from config import Settings
from engine.auction.market import Market
from engine.auction.value_area import find_poc, find_value_area
from engine.feeds.recording import open_recordings
from engine.market.session import trading_day
from tests.recordings import EQ_A, EQ_B, OPT_A, OPT_B, recorded_files

ROWS_TRIED = (1, 5, 10, 20, 40, 100)
"""Row heights in ticks."""


@dataclass
class Tape:
    """What traded in one instrument: ticks and sizes in the order of the feed."""

    ticks: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


@pytest.fixture(scope="module")
def day() -> tuple[Market, dict[str, Tape]]:
    feed = open_recordings(recorded_files())
    settings = Settings()
    market = Market(feed.instruments, trading_day(feed.day, settings.session), settings)
    tapes = {key: Tape() for key in feed.instruments}
    while (update := feed.read()) is not None:
        increment = market.apply(update).increment
        if increment > 0:
            tape = tapes[update.instrument]
            tape.ticks.append(update.last // feed.instruments[update.instrument].tick)
            tape.sizes.append(increment)
    return market, tapes


def library_answer(rows: list[int], sizes: list[int]) -> tuple[int, int, int]:
    """Return POC, VAL and VAH of the library over whole row ids, so that its rounding has nothing to round."""
    index = pd.date_range("2025-12-15 09:15", periods=len(rows), freq="s")
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), rows), index=index)
    frame["Volume"] = sizes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = MarketProfile(frame, row_size=1, mode="vol")[frame.index.min() : frame.index.max()]
        low, high = profile.value_area
    return int(profile.poc_price), int(low), int(high)


@pytest.mark.parametrize("height", ROWS_TRIED)
@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_one_row_growth_over_traded_rows_is_the_librarys_value_area(
    day: tuple[Market, dict[str, Tape]], key: str, height: int
) -> None:
    market, tapes = day
    tape = tapes[key]
    poc, low, high = library_answer([tick // height for tick in tape.ticks], tape.sizes)
    view = market.auction(key).profile.view(height)
    assert view is not None
    traded = [(view.low + index, count) for index, count in enumerate(view.counts) if count]
    counts = [count for _, count in traded]
    ours, ties = find_poc(counts)
    below, above = find_value_area(counts, ours, "one-row")
    assert 100 * sum(counts[below : above + 1]) != 70 * sum(counts), "the library wants more than 70 %"
    assert ties == 1
    assert (traded[ours][0], traded[below][0], traded[above][0]) == (poc, low, high)


@pytest.mark.parametrize("key", [EQ_A, EQ_B, OPT_A, OPT_B])
def test_the_average_true_range_is_ta_libs(day: tuple[Market, dict[str, Tape]], key: str) -> None:
    bars = day[0].auction(key).bars
    columns = [
        np.array([getattr(bar, name) / 100 for bar in bars.minutes]) for name in ("high", "low", "close")
    ]
    atr = bars.atr
    assert atr is not None
    assert atr / 100 == pytest.approx(talib.ATR(*columns, timeperiod=14)[-1], abs=1e-9)
