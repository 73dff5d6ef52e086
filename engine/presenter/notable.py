"""The trades that a note can be written to, as a screen names them."""

from itertools import islice
from typing import Final

from engine.contract.views import NotableTrade
from engine.core import Core
from engine.market.clock import datetime_of
from engine.market.figures import grouped, signed_rupees
from engine.market.side import Side

_MOST: Final = 20
"""A screen takes the newest of an instrument; older ones have their notes from a shell."""


def notable_trades(core: Core) -> tuple[NotableTrade, ...]:
    """Return what is open, then the newest of what is over."""
    running = [
        NotableTrade(
            one.id, one.instrument, f"{_named(core, one.instrument, one.side, one.entry_quantity)}, open"
        )
        for one in core.trades
    ]
    over = [
        NotableTrade(
            one.id,
            one.instrument,
            f"{_named(core, one.instrument, one.side, one.quantity)}, left {datetime_of(one.exit_time):%H:%M} "
            f"with {signed_rupees(one.net)}",
        )
        for one in islice(reversed(core.closed_trades), _MOST)
    ]
    return (*running, *over)


def _named(core: Core, instrument: str, side: Side, quantity: int) -> str:
    way = "long" if side is Side.BUY else "short"
    return f"{core.journal.symbol(instrument)} {way} {grouped(quantity)}"
