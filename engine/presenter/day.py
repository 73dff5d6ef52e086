"""The clock of the day in words: an instrument's own times, and what the calendar has ahead."""

from engine.core import Core
from engine.market.clock import Instant, datetime_of
from engine.market.instrument import Instrument


def clock_words(core: Core, instrument: Instrument) -> str:
    """Return until when setups and the trader enter an instrument, and when it is flat; empty for an index."""
    if not instrument.tradable:
        return ""
    day, kind = core.day, instrument.kind
    by_hand = min(day.entries_stop(kind), day.flatten_start(kind))
    setups = min(day.setup_entries_stop(kind), by_hand)
    return (
        f"setups enter until {datetime_of(setups):%H:%M}, you until {datetime_of(by_hand):%H:%M}, "
        f"flat by {datetime_of(day.flat_by(kind)):%H:%M}"
    )


def event_words(core: Core, now: Instant) -> str:
    """Return the next event of the calendar with its time; empty where none is ahead."""
    event = next(iter(core.day.ahead(core.market_time(now))), None)
    return "" if event is None else f"{event.name} {datetime_of(event.at):%H:%M}"
