"""The ordinary day: every instrument's price is a walk, and the first one's morning ends in a failed auction.

The morning is over when a demo opens; from there on no price knows where it goes.
"""

from dataclasses import replace
from datetime import time
from typing import Final

from engine.feeds.simulator.bursts import Bursts, draw_bursts
from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.chance import Chance, Ints
from engine.feeds.simulator.earlier_days import overnight
from engine.feeds.simulator.path import MILLITICKS
from engine.feeds.simulator.script import BALANCE_END_SECOND, OPEN_SECOND, second_of
from engine.feeds.simulator.walk import Walk, balance_of, draw_walk, lead

DEFAULT_START: Final = time(10, 30)
"""The bar in which the first failed auction closes back inside has just ended."""

STILL_PERCENT: Final = 62
"""Of the packets with a trade, how many show the book as it was."""

_MINUTES: Final = 390
"""Drawn of every day, from the open past the latest close: the day does not depend on who closes when."""
_MORNINGS: Final = 24
"""Mornings drawn for the lead until one suits: its balance has room for a first target, an edge is in reach."""
_ROOM: Final = (600, 850)
_REACH: Final = (60, 330)
"""Width of the balance and distance to its nearer edge, thousandths of the average range."""
_HOUR: Final = BALANCE_END_SECOND - OPEN_SECOND
_PROBE: Final = (
    ("10:21:00", -130),
    ("10:24:30", -24),
    ("10:25:40", 22),
    ("10:26:50", 46),
    ("10:27:50", 26),
    ("10:28:40", -28),
    ("10:29:20", -62),
    ("10:30:00", -66),
)
"""How the lead takes an edge and fails there: clock times, and levels beyond the edge."""


def opened(member: Member, seed: int) -> Member:
    """Return a member with the gap that today opens with."""
    drawn = overnight(Chance("gap", seed, member.family))
    return replace(member, gap=drawn * member.average_range * member.response // 1_000_000)


def bursts_of(member: Member, seed: int) -> Bursts:
    """Return how lively a member's minutes are today: a family moves together."""
    return draw_bursts(
        _MINUTES, Chance("bursts", seed, member.family), index=bool(member.instrument.underlying)
    )


def walk_of(member: Member, seed: int, bursts: Bursts, *, leads: bool) -> Walk:
    """Return a member's price a second from the open to the end, thousandths of a tick."""
    if leads:
        relative = _led(member, seed, bursts)
    else:
        index = bool(member.instrument.underlying)
        relative = draw_walk(member.average_range, bursts, Chance("walk", seed, member.family), index=index)
    return Walk(
        member.opening * MILLITICKS + relative.price * member.response // 1_000,
        relative.flicker * member.response // 1_000,
    )


def _led(member: Member, seed: int, bursts: Bursts) -> Walk:
    """Return the walk whose morning suits a failed auction best, led into it."""
    span = member.average_range
    mornings = (
        draw_walk(span, bursts, Chance("walk", seed, member.family, attempt)) for attempt in range(_MORNINGS)
    )
    walk = next(mornings)
    for other in mornings:
        if _misfit(walk.price, span) == 0:
            break
        walk = min(walk, other, key=lambda one: _misfit(one.price, span))
    balance = balance_of(walk.price, _HOUR)
    edge, side = (balance.high, 1) if balance.upper else (balance.low, -1)
    steps = ((second_of(clock) - OPEN_SECOND, edge + side * level * span) for clock, level in _PROBE)
    return Walk(lead(walk.price, ((_HOUR, balance.last), *steps)), walk.flicker)


def _misfit(path: Ints, span: int) -> int:
    """Return how far a morning is from one whose balance can be taken and lost, thousandths of the range."""
    balance = balance_of(path, _HOUR)
    room = (balance.high - balance.low) // span
    reach = min(balance.high - balance.last, balance.last - balance.low) // span
    return sum(max(low - value, value - high, 0) for value, (low, high) in ((room, _ROOM), (reach, _REACH)))
