"""When silence makes a price stale: one measure for feeds, books, segments and quotes."""

from typing import Final

from engine.market.clock import SECOND

STALE_AFTER: Final = 5 * SECOND
"""What has told nothing for longer is stale, microseconds."""
