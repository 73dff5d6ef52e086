"""Quantities of other products than the intraday one: which of them a kill of the whole account closes, and which not.

Each product is a position of its own at the broker and is closed by orders of its own product; what cannot be closed
is left, counted and named.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from engine.market.figures import signed_units
from engine.orders.messages import BookRead, BrokerPosition, Product
from engine.orders.order import Order

Holding = tuple[str, Product]
"""An instrument and the product in which it is held."""


class LeftBecause(StrEnum):
    """Why a kill leaves a quantity alone; ready for a person."""

    BEYOND_SCOPE = "kill.scope = intraday"
    HOLDINGS = "sold from holdings: buying it back would be a new position"
    UNKNOWN_PRODUCT = "its product is not known here"
    NOT_OURS = "not ours: the day's limit closes ours alone"
    REFUSED = "the broker refuses its exit"


class Left(msgspec.Struct, frozen=True):
    """A quantity that a kill leaves alone, signed units."""

    instrument: str
    product: Product
    quantity: int
    symbol: str
    because: LeftBecause

    @property
    def told(self) -> str:
        """The same in words: what, how much and why."""
        name = self.symbol or self.instrument
        return f"{name} {signed_units(self.quantity)} in product {self.product.value} ({self.because.value})"


class LeftAlone:
    """What a kill leaves alone, as the newest read that counted shows it, with the orders that stand for it.

    A stop that somebody placed for what we cannot close is its only protection: it stays, and holds no FLAT up.
    """

    def __init__(self, refused: Mapping[Holding, None]) -> None:
        self._refused = refused
        self.positions: tuple[Left, ...] = ()
        self.orders_beyond = 0
        """Live orders beyond the kill's scope."""

    def take(self, read: BookRead) -> None:
        """Take in what a read shows."""
        self.positions, self.orders_beyond = left_of(read, self._refused), read.orders_beyond

    def has(self, instrument: str, product: Product) -> bool:
        """Say whether no order of ours could close a holding, or it lies beyond the kill's scope."""
        if (instrument, product) in self._refused:
            return True
        return any(
            (one.instrument, one.product) == (instrument, product)
            for one in self.positions
            if one.because is not LeftBecause.NOT_OURS
        )

    def stays(self, order: Order) -> bool:
        """Say whether an order that we found at the broker stands for something that is left alone."""
        return order.adopted and self.has(order.instrument, order.product)

    def without(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """Return the orders that a kill must see ended."""
        return tuple(order for order in orders if not self.stays(order))


def why_left(position: BrokerPosition) -> LeftBecause | None:
    """Return why no order of ours could close a position; None when one can.

    Nobody can be short of a stock in delivery or on margin funding: a negative quantity there is what was sold out
    of holdings.
    """
    if position.product is Product.UNKNOWN:
        return LeftBecause.UNKNOWN_PRODUCT
    stock = position.instrument.partition("|")[0].endswith("_EQ")
    if stock and position.quantity < 0 and position.product is not Product.INTRADAY:
        return LeftBecause.HOLDINGS
    return None


def left_of(read: BookRead, refused: Iterable[Holding]) -> tuple[Left, ...]:
    """Return everything a read shows open that a kill leaves alone, the ``refused`` included."""
    given_up = frozenset(refused)
    found = []
    for position in read.positions:
        because = why_left(position)
        if because is None and (position.instrument, position.product) in given_up:
            because = LeftBecause.REFUSED
        if because is not None and position.quantity:
            found.append(_left(position, because))
    found += [_left(one, LeftBecause.BEYOND_SCOPE) for one in read.beyond if one.quantity]
    return tuple(found)


def _left(position: BrokerPosition, because: LeftBecause) -> Left:
    return Left(position.instrument, position.product, position.quantity, position.symbol, because)
