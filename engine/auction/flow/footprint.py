"""The footprint: bought against sold volume row by row, and where one side overwhelms the other diagonally."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.market.price import Paise

RATIO: Final = 3
"""How many times the opposite diagonal a side must be (platforms use 1.5 to 4)."""
STACK: Final = 3
"""Consecutive imbalances of one side that make a stack."""


@dataclass(frozen=True, slots=True)
class FootprintRow:
    """Aggressor volume in one row by the default rule; ``price`` is its lower edge."""

    price: Paise
    bought: int
    sold: int


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A row where one side met too little of the other: +1 for buyers, -1 for sellers."""

    price: Paise
    sign: int


@dataclass(frozen=True, slots=True)
class Stack:
    """Consecutive imbalances of one side within one bar; both prices are lower edges."""

    low: Paise
    high: Paise
    sign: int
    rows: int


def footprint_rows(
    bars: Iterable[Mapping[int, Sequence[int]]], height: int, tick: Paise
) -> tuple[FootprintRow, ...]:
    """Return the rows of one or more bars, lowest first, empty ones between them included.

    A bar maps a tick to its bought and sold volume; ``height`` is ticks per row.
    """
    rows: dict[int, list[int]] = {}
    for bar in bars:
        for place, (bought, sold) in bar.items():
            cell = rows.setdefault(place // height, [0, 0])
            cell[0] += bought
            cell[1] += sold
    if not rows:
        return ()
    return tuple(
        FootprintRow(number * height * tick, *rows.get(number, (0, 0)))
        for number in range(min(rows), max(rows) + 1)
    )


def find_imbalances(rows: Sequence[FootprintRow]) -> tuple[Imbalance, ...]:
    """Return the diagonal imbalances, lowest first; a row with both gives the buyers' first.

    Buyers: bought in a row is at least three times what was sold in the row below; sellers: sold is at least three
    times what was bought in the row above. Either must reach the median volume of the traded rows.
    """
    volumes = sorted(row.bought + row.sold for row in rows if row.bought + row.sold)
    if not volumes:
        return ()
    # Twice the median, so that an even number of rows needs no half units.
    least = volumes[(len(volumes) - 1) // 2] + volumes[len(volumes) // 2]
    found = []
    for index, row in enumerate(rows):
        below = rows[index - 1].sold if index else 0
        above = rows[index + 1].bought if index + 1 < len(rows) else 0
        if 2 * row.bought >= least and row.bought >= RATIO * below:
            found.append(Imbalance(row.price, 1))
        if 2 * row.sold >= least and row.sold >= RATIO * above:
            found.append(Imbalance(row.price, -1))
    return tuple(found)


def find_stacks(rows: Sequence[FootprintRow]) -> tuple[Stack, ...]:
    """Return the stacked imbalances of one bar's rows, buyers' first, lowest first."""
    return stack_imbalances(rows, find_imbalances(rows))


def stack_imbalances(rows: Sequence[FootprintRow], imbalances: Sequence[Imbalance]) -> tuple[Stack, ...]:
    """Return the stacks that imbalances of these rows make, buyers' first, lowest first."""
    found = []
    for sign in (1, -1):
        marked = {imbalance.price for imbalance in imbalances if imbalance.sign == sign}
        run: list[Paise] = []
        for price in (*(row.price for row in rows), None):
            if price is not None and price in marked:
                run.append(price)
                continue
            if len(run) >= STACK:
                found.append(Stack(run[0], run[-1], sign, len(run)))
            run = []
    return tuple(found)
