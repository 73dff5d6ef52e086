"""Where today's auction stands against the sessions before it: value, range, gap, naked POCs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from engine.auction.values.context import BracketReading, GapReading, ProfileReading
from engine.auction.values.levels import CloseKind, PriorLevels
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.market.quality import Quality

_TOLERANCES: Final = {CloseKind.OFFICIAL: 200, CloseKind.LAST: 50}
"""The feed's previous close may differ from our stored one by one part in so many: 0.5 % and 2 %."""

IN_VALUE: Final = "inside prior value"
IN_RANGE: Final = "inside prior range"
ABOVE: Final = "above prior range"
BELOW: Final = "below prior range"


def confirms(previous_close: Paise | None, close: Paise, kind: CloseKind) -> bool:
    """Say whether the feed's previous close is a stored one, as near as its kind lets one tell; nought is no close."""
    if kind is CloseKind.UNCOMPARED:
        return True
    return (
        previous_close is not None and close > 0 and _TOLERANCES[kind] * abs(previous_close - close) <= close
    )


def check_prior(prior: PriorLevels | None, previous_close: Paise | None) -> PriorLevels | None:
    """Return the levels, NOT READY where the feed's previous close does not confirm the session they come from.

    A split, a bonus issue or a missed day shows as a difference above 0.5 % where the official close is stored, above
    2 % where only a last price is. An option's closes are not compared.
    """
    if prior is None or not prior.ready or confirms(previous_close, prior.close, prior.close_kind):
        return prior
    if previous_close is None:
        reason = "the feed has not named the previous close"
    else:
        reason = (
            f"previous close {rupees(previous_close)} is not the {rupees(prior.close)} stored for {prior.day}"
        )
    return replace(prior, quality=Quality.NOT_READY, reason=reason)


def locate(price: Paise, prior: PriorLevels, tick: Paise) -> str:
    """Return where a price lies against the prior session."""
    if prior.val <= price <= prior.vah + prior.row - tick:
        return IN_VALUE
    if price > prior.high:
        return ABOVE
    return BELOW if price < prior.low else IN_RANGE


def name_activity(opened: Paise, last: Paise, prior: PriorLevels, tick: Paise) -> str:
    """Return who acts: buying above value or selling below it is initiative, the opposite responsive.

    The direction is that of the day so far; inside prior value, or without direction, nothing is claimed.
    """
    if last == opened or prior.val <= last <= prior.vah + prior.row - tick:
        return ""
    above = last > prior.vah
    buying = last > opened
    return f"{'INITIATIVE' if above is buying else 'RESPONSIVE'} {'BUYING' if buying else 'SELLING'}"


def read_gap(opened: Paise, high: Paise, low: Paise, prior: PriorLevels) -> GapReading | None:
    """Return the gap between the prior session's range and the open; None when it opened inside."""
    if prior.low <= opened <= prior.high:
        return None
    up = opened > prior.high
    size = opened - prior.high if up else prior.low - opened
    filled = opened - low if up else high - opened
    return GapReading(up, size, round(max(0, min(filled, size)) / size, 4))


def name_balance(
    profile: ProfileReading | None, high: Paise, low: Paise, prior: PriorLevels, day_type: str
) -> str:
    """Return BALANCE where value overlaps by half of the narrower one or the day is inside, else IMBALANCE.

    A neutral day that left value says nothing: empty.
    """
    if prior.low <= low and high <= prior.high:
        return "BALANCE"
    if profile is None:
        return ""
    today = profile.val, profile.vah + profile.row
    before = prior.val, prior.vah + prior.row
    if overlaps_by_half(today, before):
        return "BALANCE"
    return "" if day_type.startswith("NEUTRAL") else "IMBALANCE"


def overlaps_by_half(one: tuple[Paise, Paise], other: tuple[Paise, Paise]) -> bool:
    """Say whether two value areas [low, end) share at least half of the narrower one."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 2 * shared >= min(one[1] - one[0], other[1] - other[0])


def still_naked(
    prior: PriorLevels, brackets: Sequence[BracketReading], tick: Paise
) -> tuple[tuple[date, Paise], ...]:
    """Return the earlier POCs that today's brackets have not touched either."""
    return tuple(
        (day, poc)
        for day, poc in prior.naked_pocs
        if not any(bracket.low <= poc + prior.row - tick and bracket.high >= poc for bracket in brackets)
    )
