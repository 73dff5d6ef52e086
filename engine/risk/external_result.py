"""What others hold on the same account: its result by the orders of the day, marked at mid, and what of it counts.

Outside losses count, outside gains never enlarge an allowance; legs of one underlying are one group, for they may hedge
each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from engine.market.charges import order_charges
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side


@dataclass(frozen=True, slots=True)
class Stake:
    """What was traded by others in one instrument today: units and values of both sides, paise."""

    instrument: str
    bought: int = 0
    bought_value: Paise = 0
    sold: int = 0
    sold_value: Paise = 0

    @property
    def quantity(self) -> int:
        """Signed units that are still held."""
        return self.bought - self.sold

    @property
    def side(self) -> Side:
        """The side of what is held."""
        return Side.BUY if self.quantity >= 0 else Side.SELL

    @property
    def cost(self) -> Paise:
        """The average price of what is held, paise; 0 where nothing is, or nobody told its value."""
        units, value = (self.bought, self.bought_value) if self.quantity > 0 else (self.sold, self.sold_value)
        return value // units if units else 0

    def result(self, price: Paise | None) -> Paise:
        """Return what was realised, and the open part at a price; without one the open part counts at its cost."""
        at = self.cost if price is None else price
        return self.sold_value - self.bought_value + self.quantity * at

    def charges(self, instrument: Instrument | None, day: date) -> Paise:
        """Return at least what its orders cost, as if each side had been one order, paise; ESTIMATED."""
        if instrument is None:
            return 0
        sides = ((Side.BUY, self.bought_value), (Side.SELL, self.sold_value))
        return sum(order_charges(instrument.kind, side, value, day).total for side, value in sides if value)


@dataclass(frozen=True, slots=True)
class ExternalResult:
    """The result of what others trade on the account, paise."""

    result: Paise = 0
    """Realised and open at mid, as the broker's app has it: before charges."""
    charges: Paise = 0
    """Of its orders, ESTIMATED."""
    counted: Paise = 0
    """What of it counts: the groups that lose, charges included; never above zero."""
    unmarked: int = 0
    """Instruments whose open part counts at its cost, for no price of it is known."""


@dataclass(frozen=True, slots=True)
class AccountResult:
    """The day of the whole intraday account, paise: ours and what of the outside counts."""

    ours: Paise
    """Net, as the day's own limit counts it."""
    external: ExternalResult
    counted: Paise
    """What of the outside counts beside ours; what an earlier run of ours lost is in ours already."""

    @property
    def net(self) -> Paise:
        """Ours and what of the outside counts."""
        return self.ours + self.counted


def external_result(
    priced: Iterable[tuple[Stake, Instrument | None, Paise | None]], day: date
) -> ExternalResult:
    """Return the result of stakes, each with its instrument where it is known and the price of its open part."""
    total = charges = unmarked = 0
    groups: dict[str, Paise] = {}
    for stake, instrument, price in priced:
        result, cost = stake.result(price), stake.charges(instrument, day)
        total, charges = total + result, charges + cost
        unmarked += bool(stake.quantity and price is None)
        name = group_of(stake.instrument, instrument)
        groups[name] = groups.get(name, 0) + result - cost
    return ExternalResult(total, charges, sum(min(0, group) for group in groups.values()), unmarked)


def group_of(key: str, instrument: Instrument | None) -> str:
    """Return what moves an instrument: a stock is in one group with its futures and options."""
    if instrument is None:
        return key
    return instrument.underlying or instrument.symbol
