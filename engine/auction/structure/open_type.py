"""The open type: how the first hour left its open, named with the numbers behind it."""

from collections.abc import Sequence
from typing import Final

from engine.auction.session.opening import OpeningPath
from engine.auction.structure.location import IN_RANGE, IN_VALUE, locate
from engine.auction.values.context import NamedReading
from engine.auction.values.levels import PriorLevels
from engine.market.clock import datetime_of
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of

OPEN_DRIVE: Final = "OPEN-DRIVE"
OPEN_TEST_DRIVE: Final = "OPEN-TEST-DRIVE"
OPEN_REJECTION_REVERSE: Final = "OPEN-REJECTION-REVERSE"
OPEN_AUCTION_IN: Final = "OPEN-AUCTION IN RANGE"
OPEN_AUCTION_OUT: Final = "OPEN-AUCTION OUT OF RANGE"
NEAR_ROWS: Final = 2
"""A test ends at a reference when it comes this near, in rows."""


def name_open(
    opening: OpeningPath, prior: PriorLevels, row: Paise, tick: Paise, *, developing: bool
) -> NamedReading:
    """Return the open type by the excursions from the open, first match wins.

    Canonical ideas: Dalton, Mind over Markets; the limits, in average daily ranges, are this engine's own.
    """
    span = opening.average_range
    location = locate(opening.open, prior, tick)
    reference = _nearest_reference(opening.first_extreme, prior)
    first = abs(opening.first_extreme - opening.open)
    name = _classify(opening, first, reference, row, location)
    up = _goes_up(opening, name)
    evidence: dict[str, float | int | str | None] = {
        "direction": "" if up is None else "up" if up else "down",
        "open": rupees_of(opening.open),
        "location": location,
        "average_range": rupees_of(span),
        "excursion_up": _share(opening.up, span),
        "excursion_down": _share(opening.down, span),
        "opening_range": f"{rupees(opening.range_low)} to {rupees(opening.range_high)}",
        "first_excursion": _share(first, span),
        "first_extreme": rupees_of(opening.first_extreme),
        "returned_through_open": _share(opening.other, span),
        "nearest_reference": reference[0],
        "reference_distance_rows": round(reference[1] / row, 2),
    }
    if opening.retraced_until is not None:
        evidence["path"] = f"1-minute bars until {datetime_of(opening.retraced_until):%H:%M}: ESTIMATED"
    return NamedReading(name, developing, evidence, _falsifier(name, opening) if developing else "")


def _classify(
    opening: OpeningPath, first: Paise, reference: tuple[str, Paise], row: Paise, location: str
) -> str:
    span = opening.average_range
    furthest, retrace = max(opening.up, opening.down), min(opening.up, opening.down)
    if 4 * furthest >= span and 20 * retrace <= span and not _crossed_range(opening):
        return OPEN_DRIVE
    if (
        opening.crossed
        and span <= 20 * first
        and 5 * first <= span
        and reference[1] <= NEAR_ROWS * row
        and 5 * opening.other >= span
    ):
        return OPEN_TEST_DRIVE
    if opening.crossed and 5 * first >= span and 10 * opening.other >= span:
        return OPEN_REJECTION_REVERSE
    return OPEN_AUCTION_IN if location in (IN_VALUE, IN_RANGE) else OPEN_AUCTION_OUT


def _crossed_range(opening: OpeningPath) -> bool:
    if opening.up > opening.down:
        return opening.low_after_range is not None and opening.low_after_range < opening.range_low
    return opening.high_after_range is not None and opening.high_after_range > opening.range_high


def _goes_up(opening: OpeningPath, name: str) -> bool | None:
    if name == OPEN_DRIVE:
        return opening.up > opening.down
    if name in (OPEN_TEST_DRIVE, OPEN_REJECTION_REVERSE):
        return opening.first_side < 0
    return None


def _nearest_reference(price: Paise, prior: PriorLevels) -> tuple[str, Paise]:
    levels: Sequence[tuple[str, Paise]] = (
        ("prior VAH", prior.vah),
        ("prior VAL", prior.val),
        ("prior POC", prior.poc),
        ("prior high", prior.high),
        ("prior low", prior.low),
    )
    return min(((name, abs(price - level)) for name, level in levels), key=lambda found: found[1])


def _falsifier(name: str, opening: OpeningPath) -> str:
    span = opening.average_range
    if name == OPEN_DRIVE:
        up = opening.up > opening.down
        sign = 1 if up else -1
        through = opening.open - sign * span / 20
        edge = opening.range_low if up else opening.range_high
        nearer = max(through, edge) if up else min(through, edge)
        return f"no drive any more {'below' if up else 'above'} {rupees(round(nearer))}"
    if name in (OPEN_TEST_DRIVE, OPEN_REJECTION_REVERSE):
        return "stands: the excursions have been made"
    return (
        f"a drive begins at {rupees(round(opening.open + span / 4))} or"
        f" {rupees(round(opening.open - span / 4))} without going through the open"
    )


def _share(part: Paise, span: Paise) -> float:
    return round(part / span, 4)
