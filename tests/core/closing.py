"""The end of a day as the exchange makes it: stops cancelled, an auction that takes limits, a match, and the close."""

from datetime import date, time

from engine.core import AuctionReferences
from engine.market.calendar import Allowed, Phase
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.side import Side
from engine.orders.messages import ModifyOrder, OrderType
from tests.core.entries import buy
from tests.core.hostile import INSTRUMENTS, STOCK, World
from tests.core.resting import Resting

DAY = date(2026, 11, 27)
"""A Friday with a closing auction."""

_ENTRY = (Allowed.ORDER_ENTRY, Allowed.LIMIT_ONLY, Allowed.RANDOM_CLOSE)
_BAND = 300


def clock(hour: int, minute: int, second: int = 0) -> Instant:
    return instant_at(DAY, time(hour, minute, second))


class ClosingWorld(World):
    """A hostile world whose exchange closes: what it refuses and cancels by the clock it refuses and cancels here."""

    def __init__(self, *, begins: Instant | None = None) -> None:
        self.reference = 0
        self.refused_in_auction: list[str] = []
        super().__init__(start=clock(14, 0) if begins is None else begins)

    def until(self, moment: Instant, *, every: int = 30 * SECOND) -> None:
        """Let time pass to a moment, the market trading on where it trades, and the exchange act at its edges."""
        for edge in sorted({*self._edges(), moment}):
            if not self.now < edge <= moment:
                continue
            while self.now < edge:
                for key, instrument in INSTRUMENTS.items():
                    if self.day.in_session(instrument.kind, self.now):
                        self.trade(key)
                self.run(min(every, edge - self.now))
            self._at(edge)
            self.run(2 * SECOND)

    def refer(self, price: int) -> None:
        """Let the exchange tell the auction's reference price."""
        self.reference = price
        self.tell(AuctionReferences({STOCK: price}))

    def take_in(self, order: Resting, *, reject: bool = False) -> None:
        super().take_in(
            order, reject=reject or not self._takes(order.instrument, order.order_type, order.price)
        )

    def _may_become(self, order: Resting, request: ModifyOrder) -> bool:
        takes = self._takes(order.instrument, request.order_type, request.price)
        return takes and super()._may_become(order, request)

    def _match(self, key: str) -> None:
        if self.day.in_session(INSTRUMENTS[key].kind, self.now):
            super()._match(key)

    def _takes(self, key: str, order_type: OrderType, price: int) -> bool:
        kind = INSTRUMENTS[key].kind
        if self.day.in_session(kind, self.now):
            return True
        entry = self.day.phase(kind, self.now) is Phase.CLOSING_AUCTION
        if not entry or self.day.allowed(kind, self.now) not in _ENTRY or order_type is not OrderType.LIMIT:
            self.refused_in_auction.append(order_type.value)
            return False
        return self._inside(key, price)

    def _inside(self, key: str, price: int) -> bool:
        reference = self.reference or self.prices[key]
        return abs(price - reference) * 10_000 <= reference * _BAND

    def _edges(self) -> set[Instant]:
        edges = {edge for one in INSTRUMENTS.values() for edge in self.day.boundaries(one.kind)}
        return {edge for edge in edges if edge > self.now}

    def _at(self, edge: Instant) -> None:
        for key, instrument in INSTRUMENTS.items():
            phase, allowed = self.day.phase(instrument.kind, edge), self.day.allowed(instrument.kind, edge)
            if phase is Phase.CLOSING_AUCTION and allowed is Allowed.NOTHING:
                self._cancel_all(key, stops_only=True)
            elif allowed is Allowed.MATCHING and phase is Phase.CLOSING_AUCTION:
                self._match_auction(key)
            elif phase is Phase.CLOSED:
                self._cancel_all(key, stops_only=False)

    def _cancel_all(self, key: str, *, stops_only: bool) -> None:
        for order in self.live(key):
            if order.stop or not stops_only or not self._inside(key, order.price):
                self._report(order, "cancelled")

    def _match_auction(self, key: str) -> None:
        for order in self.live(key):
            room = self.liquidity.get(key, order.remaining)
            reached = (order.price - self.reference) * order.side.sign >= 0
            if reached and min(room, order.remaining):
                self.fill(order, min(room, order.remaining), self.reference)


def locked_in(key: str = STOCK, *, begins: Instant | None = None) -> ClosingWorld:
    """Return a world that holds a long position which nobody buys from 14:40 on."""
    world = ClosingWorld(begins=begins)
    buy(world, key)
    world.run(2 * SECOND)
    assert world.position(key) > 0
    world.until(clock(14, 40))
    world.lock(key, Side.SELL)
    return world
