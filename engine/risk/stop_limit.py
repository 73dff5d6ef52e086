"""How far beyond its trigger a stop's limit may rest: the wider, the longer it protects where the engine is dead.

The exchange refuses a stop order (code 16448) whose limit lies more than 3 % from its trigger in cash and futures, 20 %
in options, after rounding; so what is rounded here is rounded towards the trigger.
"""

from fractions import Fraction
from typing import Final

from engine.market.instrument import Instrument
from engine.market.price import Paise, tick_down, tick_up
from engine.market.side import Side

WIDEST_PERCENT: Final = 3
WIDEST_PERCENT_OPTION: Final = 20


def widest_percent(instrument: Instrument) -> int:
    """Return how far a stop's limit may lie from its trigger, percent of the trigger."""
    return WIDEST_PERCENT_OPTION if instrument.is_option else WIDEST_PERCENT


def limit_within(side: Side, trigger: Paise, away: Fraction | int, tick: Paise) -> Paise:
    """Return the limit at most ``away`` paise beyond a trigger of an entry on ``side``, on the tick, above zero."""
    paise = int(away)
    limit = tick_up(trigger - paise, tick) if side is Side.BUY else tick_down(trigger + paise, tick)
    return max(limit, tick)


def taken_limit(instrument: Instrument, side: Side, trigger: Paise, limit: Paise) -> Paise:
    """Return a limit that the exchange takes beside a trigger: the wished one, or the nearer widest one."""
    widest = Fraction(trigger * widest_percent(instrument), 100)
    bound = limit_within(side, trigger, widest, instrument.tick)
    return max(limit, bound) if side is Side.BUY else min(limit, bound)
