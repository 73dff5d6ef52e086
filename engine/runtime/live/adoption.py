"""What the account holds in instruments that nobody follows: followed all the same, so that the kill can close it."""

import asyncio
from collections.abc import Callable
from typing import Final

from engine.core import Core
from engine.market.clock import SECOND, Instant
from engine.runtime.live.watchlist_changes import Following

_LOOK_SECONDS: Final = 0.2
_AGAIN: Final = 10 * SECOND


class Holdings:
    """Takes in what is held or live at the broker and unknown to the core; belongs to the loop."""

    def __init__(
        self,
        core: Core,
        following: Following,
        now: Callable[[], Instant],
        note: Callable[[str, str], None],
    ) -> None:
        self._core = core
        self._following = following
        self._now = now
        self._note = note
        self._again: dict[str, Instant] = {}
        """When what could not be taken in is tried again."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.take_in_strangers()
            await asyncio.sleep(_LOOK_SECONDS)

    async def take_in_strangers(self) -> None:
        """Follow what is held in instruments that nobody follows; what cannot be had is said and tried again."""
        for key in strangers(self._core):
            if self._now() < self._again.get(key, 0):
                continue
            self._again[key] = self._now() + _AGAIN
            refusal = await self._following.take_in(key)
            if refusal:
                kill = "the kill cannot close it, the broker's app can"
                self._note("alarm", f"{key} is held and cannot be followed: {refusal}; {kill}")


def strangers(core: Core) -> list[str]:
    """Return the instruments in which something is held or live that the core knows nothing of."""
    portfolio = core.manager.portfolio
    held = [
        *portfolio.outside,
        *(instrument for instrument, _ in portfolio.carried),
        *(trade.instrument for trade in portfolio.running()),
        *(order.instrument for order in core.orders.live()),
    ]
    return [key for key in dict.fromkeys(held) if key not in core.instruments]
