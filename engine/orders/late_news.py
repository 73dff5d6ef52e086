"""What others filled, told in another order than the exchange filled it: its time says whose units they closed.

Every fill that is told while a trade runs is laid in the order of the exchange, and all of them are played again: what
others closed takes theirs first, then ours. What that changes of what was counted is for the caller to put right.
"""

from collections.abc import Iterator

import msgspec

from engine.market.clock import Instant
from engine.orders.order import Fill
from engine.orders.trade import Trade


class Share(msgspec.Struct, frozen=True):
    """The units of a fill of others that close a trade: as counted until now, and as they are to be counted."""

    fill: Fill
    before: int
    after: int


class _Move(msgspec.Struct):
    fill: Fill
    time: Instant
    theirs: bool
    more: int
    """What it adds on the trade's side, units; below nought where it closes."""
    closed: int = 0


class _Line(msgspec.Struct):
    """The fills of one instrument while one trade runs, in the order of the exchange."""

    trade: str
    held: int
    """Units of the trade when the line began."""
    beside: int
    """Units outside on the trade's side when the line began; below nought against it."""
    held_now: int
    beside_now: int
    moves: list[_Move]

    def lay(self, move: _Move) -> None:
        """Lay a move in its place; of the same time ours come first, then whatever was told first."""
        place = (move.time, move.theirs)
        later = (index for index, one in enumerate(self.moves) if (one.time, one.theirs) > place)
        self.moves.insert(next(later, len(self.moves)), move)

    def replay(self) -> Iterator[tuple[_Move, int]]:
        """Yield each move of others with what it closes of the trade; raise ValueError when ours could not be."""
        held, beside = self.held, self.beside
        for move in self.moves:
            if not move.theirs:
                held += move.more
                if held < 0:
                    raise ValueError(
                        f"expected {-move.more} units of {self.trade} held, got {held - move.more}"
                    )
                continue
            left = max(-move.more - max(beside, 0), 0)
            closes = min(left, held)
            held, beside = held - closes, beside + move.more + closes
            yield move, closes
        self.held_now, self.beside_now = held, beside


class LateNews:
    """Keeps the fills around each instrument's running trade in the order in which the exchange filled them."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def tell(
        self, trade: Trade, fill: Fill, held: int, beside: int, *, theirs: bool, dated: bool = True
    ) -> tuple[Share, ...]:
        """Take in a fill told now; return what changes of what others close of the trade, the fill's own share first.

        ``held`` and ``beside`` are what the trade held and what lay outside on its side before it. Where anything
        else has changed them since the last fill, what came before is settled. Empty where nothing is known better
        than the order of the news.
        """
        line = self._lines.get(trade.instrument)
        if line is None or (line.trade, line.held_now, line.beside_now) != (trade.id, held, beside):
            line = self._lines[trade.instrument] = _Line(trade.id, held, beside, held, beside, [])
        newest = line.moves[-1].time if line.moves else fill.time
        more = fill.quantity if fill.side is trade.side else -fill.quantity
        move = _Move(fill, fill.time if dated else max(fill.time, newest), theirs, more)
        line.lay(move)
        try:
            closing = list(line.replay())
        except ValueError:
            # Others and we closed the same units: the excess is closed once, whoever was first.
            del self._lines[trade.instrument]
            return ()
        changed = [Share(one.fill, one.closed, after) for one, after in closing if one is move]
        for one, after in closing:
            if one is not move and one.closed != after:
                changed.append(Share(one.fill, one.closed, after))
            one.closed = after
        return tuple(changed)
