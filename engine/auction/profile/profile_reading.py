"""A profile's rows read as point of control, value area and ladder."""

from collections.abc import Mapping

from engine.auction.profile.value_area import Rows, Rule, find_poc, find_value_area
from engine.auction.values.context import ProfileReading, RowReading
from engine.market.price import Paise


def read_profile(rows: Rows | None, row: Paise, rule: Rule, percent: int) -> ProfileReading | None:
    """Return POC and value area of rows ``row`` paise high; None for an empty profile."""
    if rows is None:
        return None
    poc, ties = find_poc(rows.counts)
    lowest, highest = find_value_area(rows.counts, poc, rule, percent)
    return ProfileReading(
        row=row,
        rule=rule,
        poc=(rows.low + poc) * row,
        val=(rows.low + lowest) * row,
        vah=(rows.low + highest) * row,
        total=sum(rows.counts),
        ties=ties,
        rows=len(rows.counts),
    )


def read_ladder(
    volumes: Rows | None,
    letters: Mapping[int, str],
    reading: ProfileReading | None,
    row: Paise,
    estimated: Rows | None = None,
    deltas: Mapping[Paise, int] | None = None,
) -> tuple[RowReading, ...]:
    """Return the ladder's rows, lowest first, from the lowest to the highest that has volume or letters."""
    low, high = min(letters, default=0), max(letters, default=-1)
    if volumes is not None:
        last = volumes.low + len(volumes.counts) - 1
        low, high = (min(low, volumes.low), max(high, last)) if letters else (volumes.low, last)
    value = range(0) if reading is None else range(reading.val // row, reading.vah // row + 1)
    return tuple(
        RowReading(
            price=number * row,
            volume=_count(volumes, number),
            letters=letters.get(number, ""),
            in_value=number in value,
            estimated=_count(estimated, number),
            delta=None if deltas is None else deltas.get(number * row),
        )
        for number in range(low, high + 1)
    )


def _count(rows: Rows | None, number: int) -> int:
    index = -1 if rows is None else number - rows.low
    return rows.counts[index] if rows is not None and 0 <= index < len(rows.counts) else 0
