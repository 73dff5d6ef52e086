"""Paths of the first half hour, one of each type of open, and the prior levels they open against."""

from collections.abc import Sequence
from datetime import date

from engine.auction.values.context import Quality
from engine.auction.values.levels import PriorLevels

PRIOR = PriorLevels(
    day=date(2025, 12, 12),
    sessions=6,
    quality=Quality.LIVE,
    reason="",
    row=20,
    open=9_900,
    high=10_400,
    low=9_600,
    close=10_000,
    poc=10_000,
    val=9_900,
    vah=10_180,
    day_type="NORMAL",
    naked_pocs=((date(2025, 12, 9), 9_500), (date(2025, 12, 12), 10_000)),
    average_range=1_000,
    range_days=6,
)
"""Average range 10 rupees, so that 0.05 of it is 0.50; value from 99.00 to 101.90, range 96.00 to 104.00."""
Path = Sequence[tuple[str, int]]
DRIVE = [("09:15:01", 10_000), ("09:16", 9_960), ("09:19", 10_080), ("09:30", 10_160), ("09:44", 10_260)]
TEST_DRIVE = [("09:15:01", 10_000), ("09:18", 9_920), ("09:25", 10_000), ("09:40", 10_210)]
REVERSE = [("09:15:01", 10_000), ("09:25", 10_250), ("09:35", 9_950), ("09:44", 9_890)]
AUCTION = [("09:15:01", 10_000), ("09:20", 10_060), ("09:30", 9_940), ("09:44", 10_050)]
