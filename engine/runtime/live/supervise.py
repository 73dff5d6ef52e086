"""Work that goes on beside a run for as long as it goes: a fault of our own in it costs a moment, never the work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

AFTER_A_FAULT_SECONDS: Final = 1.0

_logger: Final = logging.getLogger(__name__)


async def kept_up(
    what: str,
    work: Callable[[], Awaitable[None]],
    *,
    over: Callable[[], bool] = lambda: False,
    again_after: float = AFTER_A_FAULT_SECONDS,
) -> None:
    """Do work until it is ``over``; where it breaks, say so in the log and begin it again."""
    while not over():
        try:
            await work()
        except Exception:
            # A fault of our own in what carries the market or the orders must not end it for the day.
            _logger.exception("expected %s to go on, got a fault of our own", what)
        if not over():
            await asyncio.sleep(again_after)
