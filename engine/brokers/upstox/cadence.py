"""How often the order list is read beside the stream: as often as what is at stake asks for and the budget bears.

A stream that is connected and says nothing looks like a quiet market, so its silence counts for nothing while
something is at stake. Which read proves what: the order list tells every fill, cancel and placement from any
platform, and so an exit by phone or by the broker's square-off; positions tell what no order does (a conversion, what
was carried) and are read with every whole book, every 15 s.
"""

from dataclasses import dataclass
from typing import Final

from engine.orders.attention import Attention

BESIDE_STREAM: Final = 30.0
"""Seconds between two reads while nothing is at stake and the stream is up."""

IDLE: Final = 15.0
AT_STAKE: Final = 3.0
WITHOUT_STREAM: Final = 2.0
"""While something is at stake and the stream is known to be down."""

CHANGING: Final = 1.0
FILLING: Final = 0.5
AGAIN_WHILE_BEHIND: Final = 1.0
"""Until what a stream missed is asked for again, when the broker could not be read."""

STRAIN: Final = ((1_100, 0.0), (850, 1.5), (650, 2.0), (500, 3.0), (150, 5.0), (0, 10.0))
"""Reads that the half hour leaves to what protects, 1,800 in all, and the shortest pause from there on.

Something that changes all day is so read every second for ten minutes and about every two from then on, and what is
routine (1,400) is not starved by it. The kill's own share is no part of the room.
"""


@dataclass(frozen=True, slots=True)
class Cadence:
    """Seconds from asking for one list to asking for the next; ``strained`` where the budget asks for longer ones."""

    seconds: float
    strained: bool


def cadence(attention: Attention, *, stream_up: bool, behind: bool, room: int) -> Cadence:
    """Return how often to read; ``room`` is how many reads the longest span of the budget leaves."""
    wanted = _wanted(attention, stream_up=stream_up)
    if behind:
        wanted = min(wanted, AGAIN_WHILE_BEHIND)
    shortest = next((pause for least, pause in STRAIN if room >= least), STRAIN[-1][1])
    return Cadence(max(wanted, shortest), shortest > wanted)


def _wanted(attention: Attention, *, stream_up: bool) -> float:
    if attention is Attention.IDLE:
        return BESIDE_STREAM if stream_up else IDLE
    if attention is Attention.HELD:
        return AT_STAKE if stream_up else WITHOUT_STREAM
    return CHANGING if attention is Attention.CHANGING else FILLING
