"""What the TPO profile of one instrument looks like now: tails, zones, shape, ledges, poor extremes."""

from collections.abc import Sequence
from dataclasses import replace

from engine.auction.profile.nodes import find_nodes
from engine.auction.profile.tpo_profile import letter_of, tpo_rows
from engine.auction.profile.value_area import Rows
from engine.auction.session.bracket_views import split_brackets
from engine.auction.state.auction import Auction
from engine.auction.structure.day_type import parting_singles
from engine.auction.structure.profile_shape import single_prints
from engine.auction.structure.tpo_structure import Structure
from engine.auction.values.context import BracketReading, Distribution
from engine.auction.values.levels import Node, NodeKind, Zone
from engine.market.continuity import Hole
from engine.market.price import Paise

NO_SHAPE = "–"


def read_structure(auction: Auction) -> Structure | None:
    """Return the structure of the TPO profile; None before the first packet."""
    return auction.structures.read(auction.brackets, auction.row)


def read_zones(
    auction: Auction, structure: Structure, volumes: Rows | None, holes: Sequence[Hole]
) -> tuple[Zone, ...]:
    """Return the single-print zones inside the body, lowest first.

    A zone whose volume nobody recorded, or whose rows are still provisional, counts as wholly loose.
    """
    found = []
    row = structure.row
    for start, end in single_prints(structure.rows.counts):
        first, last = structure.rows.low + start, structure.rows.low + end
        makers = {
            bracket.index
            for bracket in auction.brackets.brackets
            if bracket.low // row <= last and bracket.high // row >= first
        }
        found.append(
            Zone(
                low=first * row,
                high=last * row,
                rows=end - start + 1,
                letter=letter_of(makers.pop()) if len(makers) == 1 else "",
                loose_share=_loose_share(auction, volumes, first, last, holes),
            )
        )
    return tuple(found)


def read_nodes(auction: Auction, volumes: Rows | None, row: Paise, holes: Sequence[Hole]) -> tuple[Node, ...]:
    """Return the volume nodes, lowest first; of the low ones also how loosely their three rows were placed."""
    return tuple(
        replace(
            node,
            loose_share=_loose_share(auction, volumes, node.price // row - 1, node.price // row + 1, holes),
        )
        if node.kind is NodeKind.LOW
        else node
        for node in find_nodes(volumes, row)
    )


def read_distributions(auction: Auction, structure: Structure) -> tuple[Distribution, ...]:
    """Return the day split behind the bracket whose single prints part it; empty when none do or several made them."""
    singles, row = parting_singles(structure.rows), structure.row
    if singles is None:
        return ()
    first, last = (structure.rows.low + index for index in singles)
    brackets = auction.brackets.brackets
    makers = [one.index for one in brackets if one.low // row <= last and one.high // row >= first]
    if len(makers) != 1:
        return ()
    found = []
    for group in split_brackets(brackets, {makers[0] + 1}):
        profile = auction.read_rows(tpo_rows(group, row), row)
        if profile is not None:
            low, high = min(one.low for one in group), max(one.high for one in group)
            found.append(Distribution("".join(letter_of(one.index) for one in group), low, high, profile))
    return tuple(found)


def _loose_share(
    auction: Auction, volumes: Rows | None, first: int, last: int, holes: Sequence[Hole]
) -> float:
    """Return the share of volume in rows that is WIDE, UNPLACED or ESTIMATED.

    1 where nothing is recorded or rows are provisional.
    """
    volume = _volume_of(volumes, first, last)
    if not volume or not auction.row_frozen:
        return 1.0
    estimated = (
        auction.record.estimated.view(auction.ticks_per_row or 1) if auction.record.estimated.total else None
    )
    loose = auction.placement.loose_volume(first, last, holes) + _volume_of(estimated, first, last)
    return round(loose / volume, 4)


def _volume_of(rows: Rows | None, first: int, last: int) -> int:
    if rows is None:
        return 0
    begin = max(0, first - rows.low)
    return sum(rows.counts[begin : max(begin, last + 1 - rows.low)])


def count_one_timeframing(brackets: Sequence[BracketReading], length: int) -> int:
    """Return how many brackets in a row, up to the newest complete one, did not take out the previous low.

    Positive for lows that held, negative for highs; where both held equally long there is no direction: 0. Equal
    extremes hold (source: Dalton, Mind over Markets, glossary). Only complete neighbours are compared.
    """
    whole = [bracket for bracket in brackets if bracket.complete]
    up = down = 0
    rising = falling = True
    for later, earlier in zip(reversed(whole), reversed(whole[:-1]), strict=False):
        follows = later.start - earlier.start == length
        rising = rising and follows and later.low >= earlier.low
        falling = falling and follows and later.high <= earlier.high
        up += rising
        down += falling
        if not rising and not falling:
            break
    return up if up > down else -down if down > up else 0
