"""What others filled, told in another order than the exchange filled it: its time says whose units they closed."""

from itertools import groupby

import msgspec

from engine.market.clock import Instant
from engine.orders.order import Fill
from engine.orders.trade import Trade


class LateNews:
    """Remembers what external fills were taken for, until news comes that is older than they are."""

    def __init__(self) -> None:
        self._beyond: dict[str, list[Fill]] = {}
        """By trade, what was filled against its side while it was not known to hold so much."""
        self._closed: dict[str, list[Fill]] = {}
        """By trade, what was taken to close it."""
        self._held: dict[str, list[tuple[Instant, int]]] = {}
        """By trade, what each fill made it hold more or less, units."""
        self._outside: dict[str, list[tuple[Instant, int]]] = {}
        """By instrument, what each fill of others moved the signed units that lie outside by."""

    def moved(self, trade: Trade, part: Fill) -> None:
        """Remember when a trade came to hold more or less."""
        more = part.quantity if part.side is trade.side else -part.quantity
        self._held.setdefault(trade.id, []).append((part.time, more))

    def shifted(self, instrument: str, signed: int, time: Instant) -> None:
        """Remember when signed units that lie outside were filled."""
        self._outside.setdefault(instrument, []).append((time, signed))

    def held_since(self, trade: Trade, time: Instant) -> int:
        """Return units of a trade that were held at a time and have been ever since: no later fill brought them."""
        return _least(self._held.get(trade.id, []), trade.open_quantity, time)

    def beside_since(self, trade: Trade, beside: int, time: Instant) -> int:
        """Return units that others held beside a trade at a time and have ever since, ``beside`` of them now."""
        sign = trade.side.sign
        moves = [(at, signed * sign) for at, signed in self._outside.get(trade.instrument, [])]
        return _least(moves, beside, time)

    def lay_outside(self, trade: Trade, part: Fill) -> None:
        """Remember a part that closes nothing as far as is known: it lies outside."""
        if part.quantity > 0:
            self._beyond.setdefault(trade.id, []).append(part)

    def closed(self, trade: Trade, part: Fill) -> None:
        """Remember a part that was taken to close a trade."""
        self._closed.setdefault(trade.id, []).append(part)

    def after_entry(self, trade: Trade, entry: Fill, units: int) -> list[Fill]:
        """Take out, up to ``units``, what lay outside and was filled no earlier than the entry that is told now."""
        return _take(self._beyond.get(trade.id, []), entry.time, units)

    def after_theirs(self, trade: Trade, theirs: Fill, units: int) -> list[Fill]:
        """Take out, up to ``units``, what closed a trade after others filled what is told now: it closed that."""
        return _take(self._closed.get(trade.id, []), theirs.time + 1, units)


def _take(parts: list[Fill], since: int, units: int) -> list[Fill]:
    """Take up to ``units`` filled at a time or later out of a list, the newest first."""
    taken = []
    for part in sorted(parts, key=lambda part: part.time, reverse=True):
        if units <= 0 or part.time < since:
            break
        quantity = min(part.quantity, units)
        value = part.value * quantity // part.quantity
        units -= quantity
        taken.append(msgspec.structs.replace(part, quantity=quantity, value=value))
        index = next(place for place, one in enumerate(parts) if one is part)
        rest = msgspec.structs.replace(part, quantity=part.quantity - quantity, value=part.value - value)
        parts[index : index + 1] = [rest] if rest.quantity else []
    return taken


def _least(moves: list[tuple[Instant, int]], now: int, since: Instant) -> int:
    """Return the least that was held from a time until now, nought at least."""
    least = held = now
    later = sorted((move for move in moves if move[0] > since), reverse=True)
    for _, together in groupby(later, key=lambda move: move[0]):
        held -= sum(more for _, more in together)
        least = min(least, held)
    return max(least, 0)
