"""The trader's own orders that rest at the exchange until their price comes: what is known of each, how it ends."""

from collections.abc import Iterator

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.orders.entry_life import EntryLife
from engine.orders.order import Order
from engine.risk.stop_controller import StopPlan


class Rest(msgspec.Struct, frozen=True):
    """One resting entry of a trade as it was sized. Prices and money in paise."""

    tag: str
    trade: str
    price: Paise
    """The worst price it may fill at."""
    trigger: Paise
    """Where a stop-entry fires; 0 for a limit order."""
    quantity: int
    plan: StopPlan
    """Its stop as it was sized with; a fill computes it anew unless a person typed it."""
    typed: bool
    risk: Paise
    """What the whole quantity risks, charges apart."""
    loss: Paise
    """What the whole quantity may lose, charges included."""
    good_for: Instant
    """Until when it rests, on the exchange's clock."""

    @property
    def level(self) -> Paise:
        """The price it waits for: where a stop-entry fires, else its limit."""
        return self.trigger or self.price

    def at_risk(self, exposed: int) -> Paise:
        """Return what units of it that may still fill risk, charges apart, rounded up."""
        return self._share(self.risk, exposed)

    def at_stake(self, exposed: int) -> Paise:
        """Return what units of it that may still fill can lose, charges included, rounded up."""
        return self._share(self.loss, exposed)

    def _share(self, whole: Paise, exposed: int) -> Paise:
        return -(-whole * min(exposed, self.quantity) // self.quantity)


class RestingLives(EntryLife):
    """Owns what rests, and the lives of entries: one that rests ends by nothing but a cancel, asked for until done."""

    def __init__(self, lives: EntryLife) -> None:
        self._lives = lives
        self._rests: dict[str, Rest] = {}
        self._over: set[str] = set()

    def rest(self, rest: Rest) -> None:
        """Let an entry rest."""
        self._rests[rest.tag] = rest

    def end(self, tag: str) -> None:
        """Let a resting entry be cancelled at the next look at its instrument."""
        self._over.add(tag)

    def get(self, tag: str) -> Rest | None:
        """Return a resting entry by its order's tag, ended ones included; None for any other."""
        return self._rests.get(tag)

    def of(self, trade: str) -> tuple[Rest, ...]:
        """Return the resting entries of a trade, ended ones included; empty for any other trade."""
        return tuple(rest for rest in self._rests.values() if rest.trade == trade)

    def __iter__(self) -> Iterator[Rest]:
        return iter(tuple(self._rests.values()))

    def sent(self, order: Order, now: Instant) -> Instant | None:
        """Take in an entry that leaves; return when to look at it first, None while the market is held."""
        return self._lives.sent(order, now)

    def read(self, instrument: str, arrival: Instant) -> bool:
        """Take in a reading of an instrument's book; return whether the life of an entry begins with it."""
        return self._lives.read(instrument, arrival)

    def ends(self, order: Order, now: Instant) -> Instant | None:
        """Return when an entry is over, on the timers' clock; None while nothing ends it."""
        if order.tag not in self._rests:
            return self._lives.ends(order, now)
        over = order.tag in self._over or order.cancel_at is not None
        return order.sent_at if over else None
