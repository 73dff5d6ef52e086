"""What each filled quantity of an order was worth, as it is told to core.

Stream and book give a rounded average, the list of executions the exact sum, and often later. A fill is told at once
at the average, for its stop must not wait for a price; when the executions add up to another value it is told again
as exact, and corrects what was told. A fill that has neither average nor executions yet counts at its order's limit,
the worst it can have been. No average is ever rounded before it is multiplied.
"""

from collections import defaultdict
from collections.abc import Iterable

from engine.market.price import Paise
from engine.upstox.rest.fields import FieldError
from engine.upstox.rest.records import BrokerOrderRow, TradeRow


class FillValues:
    """Owns the cumulative values told, by order and filled quantity. One thread at a time."""

    def __init__(self) -> None:
        self._told: defaultdict[str, dict[int, Paise]] = defaultdict(dict)
        self._exact: dict[str, tuple[int, Paise]] = {}
        self.corrected = 0
        """Values told that the executions corrected."""

    def remember(self, order_id: str, filled: int, value: Paise) -> None:
        """Take in what core was told in an earlier life."""
        if filled:
            self._told[order_id][filled] = value

    def learn(self, trades: Iterable[TradeRow]) -> set[str]:
        """Take in the day's executions; return orders of which another value was told for the same quantity."""
        sums: dict[str, tuple[int, Paise]] = {}
        for trade in trades:
            quantity, value = sums.get(trade.order_id, (0, 0))
            sums[trade.order_id] = (quantity + trade.quantity, value + trade.quantity * trade.price)
        corrected = set()
        for order_id, (quantity, value) in sums.items():
            self._exact[order_id] = (quantity, value)
            told = self._told[order_id]
            if told.get(quantity, value) != value:
                corrected.add(order_id)
                self.corrected += 1
                told[quantity] = value
        return corrected

    def exact(self, row: BrokerOrderRow) -> bool:
        """Say whether a row's value is the sum of its executions."""
        return bool(row.filled_quantity) and self._exactly(row) is not None

    def known(self, row: BrokerOrderRow) -> bool:
        """Say whether a row's value needs no executions any more."""
        return not row.filled_quantity or self.exact(row)

    def can_tell(self, row: BrokerOrderRow) -> bool:
        """Say whether a row's filled quantity has a value: told before, by its executions, its average or its limit."""
        told = row.filled_quantity in self._told[row.order_id]
        return self.known(row) or told or row.priced or bool(row.price)

    def value(self, row: BrokerOrderRow) -> Paise:
        """Return the cumulative value of a row's filled quantity; an estimate never lies below that of a smaller one.

        Raises FieldError where nothing tells it.
        """
        filled = row.filled_quantity
        if not filled:
            return 0
        told = self._told[row.order_id]
        exactly = self._exactly(row)
        if exactly is not None:
            told[filled] = exactly
        elif filled not in told:
            value = row.filled_value if row.priced else row.price * filled
            if not value:
                raise FieldError(f"expected a price of {filled} units of {row.instrument}, got none so far")
            told[filled] = max([value, *(known for less, known in told.items() if less < filled)])
        return told[filled]

    def _exactly(self, row: BrokerOrderRow) -> Paise | None:
        quantity, value = self._exact.get(row.order_id, (0, 0))
        return value if quantity == row.filled_quantity else None


class AnyValue(FillValues):
    """Values for a closing that keeps no account of money: what nothing tells is worth nought, and is not asked for."""

    def known(self, row: BrokerOrderRow) -> bool:
        """Say yes: no price is worth a call."""
        del row
        return True

    def value(self, row: BrokerOrderRow) -> Paise:
        """Return the value that was told first, the average's, the limit's, or nought."""
        try:
            return super().value(row)
        except FieldError:
            return 0
