"""Whose each unit of a hostile world's account is, and what rests against it."""

from collections import defaultdict
from collections.abc import Callable

from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import Product, Role
from tests.core.hostile import Resting, World
from tests.oracles.claims import Claims, Whose

RACE = 5 * SECOND // 2
"""Two that fill at once may overtake each other: a fill, its news, the change and its way to the exchange."""

UNTOLD = 19 * SECOND
"""The same when the stream kept the news back: the regular read finds it out."""


class Ownership:
    """Follows a world's fills."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.claims: defaultdict[str, Claims] = defaultdict(Claims)
        self.excess: dict[str, int] = {}
        """Units that our orders have closed beyond what was held, by instrument, until they are bought back."""
        self.external_at: dict[str, Instant] = {}
        """When somebody else last traded an instrument."""
        self.hindered: Callable[[str, Instant, Instant], bool] = lambda *_: False
        """Whether the broker could not be told, or told nothing, of an instrument at some time."""
        self._held: dict[str, tuple[Instant, int]] = {}
        """When ours last was not nought, and what it was."""
        self._raced: set[str] = set()
        self._racing: set[str] = set()
        """Orders of others that were sent while they would close ours."""
        self._filled: defaultdict[str, int] = defaultdict(int)
        self._undated: dict[str, tuple[Resting, int, int]] = {}
        """What others filled in the moment in which their order came, units, and of it in all by then: a row that
        tells of it after one that did not bears the same time."""
        self._known_unfilled: set[str] = set()
        self._tied: set[str] = set()
        """Orders of others that filled in the moment in which an entry of ours did: no time tells which was first."""
        self._entered: dict[str, Instant] = {}
        """By instrument, when an entry of ours last filled."""
        self._others: dict[str, tuple[Instant, dict[str, int]]] = {}
        """By instrument, when others last filled, and the units of each order that did in that moment."""
        self._seen = 0

    def follow(self) -> list[tuple[str, int]]:
        """Take the new fills in; return each excess that no race explains: instrument and units."""
        world, unexplained = self.world, []
        for at, order, quantity in world.executions[self._seen :]:
            key = order.instrument
            if order.product is not Product.INTRADAY:
                # What others carry: only the kill touches it, and the book tells of it apart.
                continue
            claims = self.claims[key]
            self._date(order, quantity, at)
            whose = Whose.OTHERS if order.external else Whose.CLOSING
            if order.external and (order.order_id in self._racing or self._against_ours(order, at)):
                self._racing.add(order.order_id)
                whose = Whose.RACING
            if claims.ours:
                self._held[key] = (at, claims.ours)
            if order.role is Role.ENTRY and not order.external:
                whose = Whose.ENTRY
            if order.external:
                self.external_at[key] = at
            latch = world.core.latch
            everything = latch is not None and not latch.ours_only
            excess = claims.take(quantity * order.side.sign, whose, everything=everything)
            if excess and self.races(key, at):
                claims.forgive()
            elif excess and not order.late:
                unexplained.append((key, excess))
            heard_late = order.external and (everything or self.world.untold.get(key, 0) >= at)
            if claims.either or heard_late:
                self._raced.add(key)
        self._seen = len(world.executions)
        self._read_in_order_of_news()
        for order in world.live():
            if order.external and order.product is Product.INTRADAY and self._against_ours(order, world.now):
                self._racing.add(order.order_id)
        for key in world.totals:
            # Somebody traded and left no order: only the position tells of it.
            unseen = world.position(key) - self.claims[key].net
            if unseen:
                self.claims[key].take(unseen, Whose.OTHERS)
                self.external_at[key] = world.now
        return unexplained

    def _date(self, order: Resting, quantity: int, at: Instant) -> None:
        key = order.instrument
        self._filled[order.order_id] += quantity
        if order.external:
            since, units = self._others.get(key, (0, {}))
            units = units if since == at else {}
            self._others[key] = at, units | {order.order_id: units.get(order.order_id, 0) + quantity}
            if at == order.born:
                self._undated[order.order_id] = order, quantity, self._filled[order.order_id]
        elif order.role is Role.ENTRY:
            self._entered[key] = at
        since, units = self._others.get(key, (0, {}))
        if since and since == self._entered.get(key):
            for name, filled in units.items():
                self._tied.add(name)
                self._undated[name] = self.world.orders[name], filled, self._filled[name]

    def _read_in_order_of_news(self) -> None:
        """Let what its time does not tell apart from the first word of its order, or from our entry, have closed ours.

        Nobody can tell whether it came before our entry: where the core reads it as closing ours, so do we.
        """
        core = self.world.core
        for name, (order, units, upto) in list(self._undated.items()):
            known = core.orders.by_id(name)
            if known is None:
                continue
            if known.filled < upto:
                self._known_unfilled.add(name)
                continue
            sign, claims = order.side.sign, self.claims[order.instrument]
            outside = core.manager.portfolio.outside.get(order.instrument, 0)
            heard = claims.theirs - self._unheard(order.instrument)
            laid = min(units, (heard - outside) * sign, claims.theirs * sign, -claims.ours * sign)
            left = units
            if (name in self._known_unfilled or name in self._tied) and laid > 0:
                claims.theirs, claims.ours = claims.theirs - laid * sign, claims.ours + laid * sign
                left = units - laid
            # The core may learn of the entry that bears the same time after it: then it reads both anew.
            waits = name in self._tied and left and self.world.now - order.time <= UNTOLD
            if waits:
                self._undated[name] = order, left, upto
            else:
                del self._undated[name]

    def _unheard(self, key: str) -> int:
        """Return signed units that others have filled and the core has not been told of by their orders."""
        book, units = self.world.core.orders, 0
        for order in self.world.orders.values():
            if order.external and order.instrument == key and order.product is Product.INTRADAY:
                known = book.by_id(order.order_id)
                units += (order.filled - (0 if known is None else known.filled)) * order.side.sign
        return units

    def _against_ours(self, order: Resting, at: Instant) -> bool:
        """Say whether an order of others would close what is ours, or what was until a moment ago."""
        ours = self.claims[order.instrument].ours
        since, lately = self._held.get(order.instrument, (0, 0))
        return ours * order.side.sign < 0 or (at - since <= RACE and lately * order.side.sign < 0)

    def races(self, key: str, at: Instant) -> bool:
        """Say whether somebody else traded so lately that our orders cannot follow yet."""
        since = self.external_at.get(key)
        if since is None:
            return False
        untold = self.world.untold.get(key)
        patience = UNTOLD if untold is not None and untold >= since else RACE
        return at - since <= patience or self.hindered(key, since, at)

    def raced(self, key: str) -> bool:
        """Say whether nobody can tell whose some units were: others raced us, traded unheard, or under the latch."""
        return key in self._raced

    def ours(self, key: str) -> int:
        """Return our signed units."""
        return self.claims[key].ours

    def exposed(self, key: str) -> int:
        """Return the units of ours that need something at the exchange that would close them."""
        return self.claims[key].exposed

    def closing(self, key: str) -> list[Resting]:
        """Return our live orders that would close what is ours."""
        side = Side.SELL if self.ours(key) > 0 else Side.BUY
        return [
            order
            for order in self.world.live(key)
            if order.side is side
            and not order.external
            and order.product is Product.INTRADAY
            and order.role is not Role.ENTRY
        ]

    def cover(self, key: str) -> int:
        """Return the units at the exchange that would close ours: our own, and those of others that fill before."""
        return sum(order.remaining for order in self.closing(key)) + self.ahead(key)

    def ahead(self, key: str) -> int:
        """Return the units of ours that orders of others will close before ours could."""
        own = self.closing(key)
        side = Side.SELL if self.ours(key) > 0 else Side.BUY
        triggers = [order.trigger_price * side.sign for order in own if order.stop and not order.triggered]
        ahead = 0
        for order in self.world.live(key):
            if not order.external or order.side is not side or order.product is not Product.INTRADAY:
                continue
            touch = self.world.ask(key) if side is Side.BUY else self.world.bid(key)
            marketable = not order.stop and (order.price - touch) * side.sign >= 0
            nearer = order.stop and (
                order.triggered or not triggers or order.trigger_price * side.sign < min(triggers)
            )
            ahead += order.remaining if order.held or marketable or nearer else 0
        return ahead
