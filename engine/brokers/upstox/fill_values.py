"""What each filled quantity of an order was worth, told once and then always the same.

Stream and book give a rounded average, the list of trades the exact sum. Core takes the same quantity with another
value for a contradiction, so the first value told stays; what trades correct shows with the next unit that fills.
A fill that has neither average nor trades yet counts at its order's limit, the worst it can have been: its stop must
not wait for a price.
"""

from collections import defaultdict
from collections.abc import Iterable

from engine.market.price import Paise
from engine.upstox.fields import FieldError
from engine.upstox.records import OrderRow, TradeRow


class FillValues:
    """Owns the cumulative values told, by order and filled quantity. One thread at a time."""

    def __init__(self) -> None:
        self._told: defaultdict[str, dict[int, Paise]] = defaultdict(dict)
        self._exact: dict[str, tuple[int, Paise]] = {}
        self.corrected = 0
        """Orders whose trades add up to another value than was told."""

    def remember(self, order_id: str, filled: int, value: Paise) -> None:
        """Take in what core was told in an earlier life."""
        if filled:
            self._told[order_id][filled] = value

    def learn(self, trades: Iterable[TradeRow]) -> None:
        """Take in the day's executions: exact sums by order."""
        sums: dict[str, tuple[int, Paise]] = {}
        for trade in trades:
            quantity, value = sums.get(trade.order_id, (0, 0))
            sums[trade.order_id] = (quantity + trade.quantity, value + trade.quantity * trade.price)
        for order_id, (quantity, value) in sums.items():
            if self._told[order_id].get(quantity, value) != value and self._exact.get(order_id) != (
                quantity,
                value,
            ):
                self.corrected += 1
            self._exact[order_id] = (quantity, value)

    def known(self, row: OrderRow) -> bool:
        """Say whether a row's value needs no trades any more."""
        return not row.filled_quantity or row.filled_quantity in self._told[row.order_id]

    def can_tell(self, row: OrderRow) -> bool:
        """Say whether a row's filled quantity has a value: told before, by its trades, its average or its limit."""
        return self.known(row) or row.priced or bool(row.price) or self._exactly(row) is not None

    def value(self, row: OrderRow) -> Paise:
        """Return the cumulative value of a row's filled quantity, never below that of a smaller one.

        Raises FieldError where nothing tells it.
        """
        filled = row.filled_quantity
        if not filled:
            return 0
        told = self._told[row.order_id]
        if filled not in told:
            value = self._exactly(row)
            if value is None:
                value = row.filled_value if row.priced else row.price * filled
            if not value:
                raise FieldError(f"expected a price of {filled} units of {row.instrument}, got none so far")
            told[filled] = max([value, *(known for less, known in told.items() if less < filled)])
        return told[filled]

    def _exactly(self, row: OrderRow) -> Paise | None:
        quantity, value = self._exact.get(row.order_id, (0, 0))
        return value if quantity == row.filled_quantity else None


class AnyValue(FillValues):
    """Values for a closing that keeps no account of money: what nothing tells is worth nought, and is not asked for."""

    def known(self, row: OrderRow) -> bool:
        """Say yes: no price is worth a call."""
        del row
        return True

    def value(self, row: OrderRow) -> Paise:
        """Return the value that was told first, the average's, the limit's, or nought."""
        try:
            return super().value(row)
        except FieldError:
            return 0
