"""The footprint read at one row height: who overwhelmed whom, bar by bar, and the net aggressor volume of each row.

A 5-minute bar that has ended is read once: only the newest one is worked out again when something traded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.auction.flow.footprint import FootprintRow, find_imbalances, footprint_rows, stack_imbalances
from engine.auction.flow.order_flow import BAR, OrderFlow, name_side
from engine.auction.values.levels import DiagonalImbalance, StackedImbalance
from engine.market.price import Paise

STACKS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the footprint of one session says by the default rule."""

    stacks: tuple[StackedImbalance, ...] = ()
    """Of all bars, the newest last, at most 20."""
    imbalances: tuple[DiagonalImbalance, ...] = ()
    """Of the newest bar alone, lowest first."""
    deltas: Mapping[Paise, int] = field(default_factory=dict)
    """Net aggressor volume by row (lower edge), units; rows without any are absent."""


class FootprintMemo:
    """The footprint of one session; what ended bars say is kept until the row or a late trade changes them."""

    __slots__ = ("_deltas", "_ended", "_key", "_read", "_stacks", "_total")

    def __init__(self) -> None:
        self._key: tuple[int, int] = (0, 0)
        self._total = 0
        self._read = Footprint()
        self._ended: set[int] = set()
        self._stacks: list[StackedImbalance] = []
        self._deltas: dict[Paise, int] = {}

    def read(self, flow: OrderFlow, height: int | None, tick: Paise) -> Footprint:
        """Return the footprint at ``height`` ticks per row; empty before the first trade with a side."""
        if height is None or not flow.bars:
            return Footprint()
        key = height, flow.late_trades
        if key != self._key:
            self._key, self._total = key, 0
            self._ended, self._stacks, self._deltas = set(), [], {}
        if flow.total != self._total:
            self._total = flow.total
            self._read = self._work_out(flow, height, tick)
        return self._read

    def _work_out(self, flow: OrderFlow, height: int, tick: Paise) -> Footprint:
        newest = max(flow.bars)
        if len(self._ended) + 1 < len(flow.bars):
            for slot in sorted(flow.bars.keys() - self._ended - {newest}):
                rows = footprint_rows([flow.bars[slot]], height, tick)
                self._stacks = [*self._stacks, *_read_bar(slot, rows)[0]][-STACKS_SHOWN:]
                _add_rows(self._deltas, rows)
                self._ended.add(slot)
        rows = footprint_rows([flow.bars[newest]], height, tick)
        stacks, imbalances = _read_bar(newest, rows)
        deltas = dict(self._deltas)
        _add_rows(deltas, rows)
        return Footprint((*self._stacks, *stacks)[-STACKS_SHOWN:], imbalances, deltas)


def _read_bar(
    slot: int, rows: tuple[FootprintRow, ...]
) -> tuple[tuple[StackedImbalance, ...], tuple[DiagonalImbalance, ...]]:
    """Return what one bar stacks up and its single imbalances."""
    imbalances = find_imbalances(rows)
    stacks = stack_imbalances(rows, imbalances)
    time = slot * BAR
    return (
        tuple(
            StackedImbalance(time, stack.low, stack.high, name_side(stack.sign), stack.rows)
            for stack in stacks
        ),
        tuple(DiagonalImbalance(time, one.price, name_side(one.sign)) for one in imbalances),
    )


def _add_rows(deltas: dict[Paise, int], rows: tuple[FootprintRow, ...]) -> None:
    for row in rows:
        if row.bought or row.sold:
            deltas[row.price] = deltas.get(row.price, 0) + row.bought - row.sold
