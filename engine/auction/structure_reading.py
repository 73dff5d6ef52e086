"""What the TPO profile of one instrument looks like now: tails, zones, shape, ledges, poor extremes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.auction.auction import Auction
from engine.auction.context import BracketReading
from engine.auction.levels import Ledge, Node, NodeKind, Zone
from engine.auction.nodes import find_nodes
from engine.auction.structure import (
    Tails,
    find_ledges,
    find_tails,
    poor_extremes,
    shape_of,
    single_prints,
    tpos_beside,
)
from engine.auction.tpo_profile import Bracket, letter_of, tpo_rows
from engine.auction.value_area import Rows, find_poc
from engine.market.continuity import Hole
from engine.market.price import Paise

NO_SHAPE = "–"


@dataclass(frozen=True, slots=True)
class Structure:
    """The TPO profile at the day's row with everything read off it."""

    rows: Rows
    row: Paise
    tails: Tails
    shape: str
    """B, P, b, D or – when none applies."""
    poor_high: bool
    poor_low: bool
    ledges: tuple[Ledge, ...]
    tpos_above: int
    tpos_below: int
    """TPOs above and below the POC's row …"""
    body_above: int
    body_below: int
    """… and without those of the tails."""


def read_structure(auction: Auction) -> Structure | None:
    """Return the structure of the TPO profile; None before the first packet."""
    row = auction.row
    session = auction.brackets
    brackets = session.brackets
    rows = None if row is None else tpo_rows(brackets, row)
    if rows is None or row is None:
        return None
    tails = read_tails(auction, brackets, rows, row)
    poc = find_poc(rows.counts)[0]
    poor_high, poor_low = poor_extremes(brackets, row, session.session_open, session.length, session.clock)
    above, below = tpos_beside(rows.counts, poc)
    body_above, body_below = tpos_beside(rows.counts, poc, tails)
    return Structure(
        rows=rows,
        row=row,
        tails=tails,
        shape=shape_of(rows.counts, poc, tails),
        poor_high=poor_high,
        poor_low=poor_low,
        ledges=find_ledges(brackets, row),
        tpos_above=above,
        tpos_below=below,
        body_above=body_above,
        body_below=body_below,
    )


def read_tails(auction: Auction, brackets: Sequence[Bracket], rows: Rows, row: Paise) -> Tails:
    """Return the tails of the TPO profile; one that the newest, unfinished bracket makes does not count yet."""
    newest = brackets[-1]
    making = auction.brackets.clock < auction.brackets.end_of(newest)
    top = rows.low + len(rows.counts) - 1
    return find_tails(
        rows.counts,
        bottom_counts=not (making and newest.low // row == rows.low),
        top_counts=not (making and newest.high // row == top),
    )


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


def _loose_share(
    auction: Auction, volumes: Rows | None, first: int, last: int, holes: Sequence[Hole]
) -> float:
    """Return the share of WIDE and UNPLACED volume in rows; 1 where nothing is recorded or rows are provisional."""
    volume = 0
    if volumes is not None:
        begin = max(0, first - volumes.low)
        volume = sum(volumes.counts[begin : max(begin, last + 1 - volumes.low)])
    known = volume and auction.row_frozen
    return round(auction.placement.loose_volume(first, last, holes) / volume, 4) if known else 1.0


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
