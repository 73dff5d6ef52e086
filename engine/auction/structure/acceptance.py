"""Acceptance and rejection: how the market took a level that it traded beyond."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.auction.profile.volume_profile import VolumeProfile
from engine.auction.values.context import BracketReading
from engine.auction.values.levels import Acceptance
from engine.market.clock import Instant
from engine.market.price import Paise


@dataclass(frozen=True, slots=True)
class JudgedLevel:
    """A named level; ``sign`` +1 where beyond means above. Only brackets from ``since`` on are judged."""

    name: str
    price: Paise
    sign: int
    since: Instant = 0

    def beyond(self, price: Paise) -> Paise:
        """Return how far a price lies beyond the level; negative inside."""
        return (price - self.price) * self.sign


def judge_edge(
    edge: JudgedLevel, brackets: Sequence[BracketReading], length: int, row: Paise, *, volume_accepts: bool
) -> Acceptance:
    """Return how a level was taken by brackets of ``length`` microseconds, the newest event deciding.

    Taken means traded a row beyond. ACCEPTED: two complete brackets in a row closed beyond it and, as
    ``volume_accepts`` says, a tenth of the day's volume traded there. REJECTED: the bracket that took it or the next
    one closed a row inside. Neither is TESTING.
    """
    state = Acceptance.UNTOUCHED
    before: BracketReading | None = None
    took_before = False
    for bracket in brackets:
        if bracket.start < edge.since:
            continue
        follows = before is not None and bracket.start - before.start == length
        took = edge.beyond(bracket.high if edge.sign > 0 else bracket.low) >= row
        if took and state is not Acceptance.ACCEPTED:
            state = Acceptance.TESTING
        if bracket.complete and bracket.close is not None:
            outside = edge.beyond(bracket.close)
            if outside <= -row and (took or (took_before and follows)):
                state = Acceptance.REJECTED
            elif (
                outside > 0
                and follows
                and before is not None
                and before.complete
                and before.close is not None
                and edge.beyond(before.close) > 0
                and volume_accepts
                and state is not Acceptance.UNTOUCHED
            ):
                state = Acceptance.ACCEPTED
        before, took_before = bracket, took
    return state


def judge_edges(
    edges: Sequence[JudgedLevel],
    brackets: Sequence[BracketReading],
    length: int,
    row: Paise,
    profile: VolumeProfile,
    height: int,
) -> dict[str, Acceptance]:
    """Return how each level was taken, by name; ``height`` is ticks per row of ``row`` paise."""
    high = max((bracket.high for bracket in brackets), default=0)
    low = min((bracket.low for bracket in brackets), default=0)
    found = {}
    for edge in edges:
        if edge.beyond(high if edge.sign > 0 else low) < row:
            found[edge.name] = Acceptance.UNTOUCHED
            continue
        closes = sum(bracket.close is not None and edge.beyond(bracket.close) > 0 for bracket in brackets)
        accepts = closes >= 2 and 10 * volume_beyond(profile, edge, height, row) >= profile.total > 0
        found[edge.name] = judge_edge(edge, brackets, length, row, volume_accepts=accepts)
    return found


def volume_beyond(profile: VolumeProfile, edge: JudgedLevel, height: int, row: Paise) -> int:
    """Return the volume traded strictly beyond a level, exact to the tick."""
    rows = profile.view(height)
    if rows is None:
        return 0
    tick = row // height
    number = edge.price // row
    index = number - rows.low
    ticks = profile.ticks
    inside_row = sum(
        ticks.get(place, 0)
        for place in range(number * height, (number + 1) * height)
        if edge.beyond(place * tick) > 0
    )
    whole = rows.counts[max(0, index + 1) :] if edge.sign > 0 else rows.counts[: max(0, index)]
    return inside_row + sum(whole)
