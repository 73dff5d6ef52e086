"""A broker's journal played again: who held what, what rested, and for how long something had no protection."""

from collections import defaultdict
from dataclasses import dataclass

from tests.fake_upstox.journal import Event
from tests.oracles.claims import Claims, Whose
from tests.oracles.evidence import Evidence, Holding, is_entry

RACE = 3.0
"""Seconds in which two that fill at once may overtake each other: a fill, its news, the change and its way there."""


@dataclass(frozen=True)
class Naked:
    """A time in which units of ours had nothing at the exchange that would close them."""

    holding: Holding
    since: float
    until: float
    units: int

    @property
    def seconds(self) -> float:
        """Return how long it lasted."""
        return self.until - self.since


class Replay:
    """Everything that the journal tells, event by event."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.claims: defaultdict[Holding, Claims] = defaultdict(Claims)
        for holding, quantity in evidence.carried.items():
            self.claims[holding].theirs = quantity
        self.orders: dict[str, Event] = {}
        self.naked: list[Naked] = []
        self.excesses: list[str] = []
        self.over_intent: list[str] = []
        self.over_resting: list[str] = []
        self.last_fill: dict[Holding, float] = {}
        self._others_filled: dict[Holding, float] = {}
        self._trigger: dict[Holding, int] = {}
        """Where our stop stood last: theirs may lie nearer for all of it, so that ours rests no more."""
        self._naked_since: dict[Holding, tuple[float, int]] = {}
        self._over_since: dict[Holding, float] = {}
        self._meant: set[str] = set()
        self._racing: set[str] = set()
        """Orders of others that were sent while they would close ours."""

    def play(self, until: float | None = None) -> "Replay":
        """Play all events, or those before a moment."""
        end = self.evidence.until if until is None else until
        for event in self.evidence.events:
            if event.at > end:
                break
            self._take(event)
        for holding in list(self._naked_since):
            self._close_naked(holding, end)
        for holding in list(self._over_since):
            self._judge_over(holding, end)
        return self

    def in_scope(self) -> dict[Holding, int]:
        """Return what a kill must have closed by now."""
        products = self.evidence.products
        found = {
            holding: claims.net if holding[1] in products else claims.ours
            for holding, claims in self.claims.items()
        }
        return {holding: quantity for holding, quantity in found.items() if quantity}

    def live_of_ours(self) -> list[Event]:
        """Return our orders that can still fill."""
        return [order for order in self.orders.values() if order.ours and order.left]

    def _take(self, event: Event) -> None:
        self.orders[event.order_id] = event
        holding = (event.key, event.product)
        claims = self.claims[holding]
        if not event.ours and claims.ours * event.sign < 0:
            self._racing.add(event.order_id)
        if event.units:
            self._fill(event, holding, claims)
        self._weigh(event.at, holding, claims)

    def _fill(self, event: Event, holding: Holding, claims: Claims) -> None:
        whose = Whose.CLOSING if event.ours else Whose.OTHERS
        if event.order_id in self._racing:
            whose = Whose.RACING
        if is_entry(event):
            whose = Whose.ENTRY
            if event.order_id not in self._meant:
                self._meant.add(event.order_id)
                claims.intend(event.quantity)
        latched = self.evidence.latched_at
        everything = latched is not None and event.at >= latched
        excess = claims.take(event.sign * event.units, whose, everything=everything)
        self.last_fill[holding] = event.at
        if not event.ours:
            self._others_filled[holding] = event.at
        if excess and event.at - self._others_filled.get(holding, -RACE) < RACE:
            claims.forgive()
        elif excess:
            self.excesses.append(f"{event.key}: {excess} units more closed than held, by {event.tag}")
        if abs(claims.ours) > claims.meant and not excess and whose is Whose.ENTRY:
            self.over_intent.append(f"{event.key}: {claims.ours} held, {claims.meant} meant")

    def _weigh(self, at: float, holding: Holding, claims: Claims) -> None:
        key, product = holding
        sign = 1 if claims.ours > 0 else -1
        resting = [
            order
            for order in self.orders.values()
            if order.key == key and order.product == product and order.left and order.sign == -sign
        ]
        own = sum(order.left for order in resting if order.ours and not is_entry(order))
        stops = [order.trigger for order in resting if order.ours and order.waits]
        if stops:
            self._trigger[holding] = max(stops) if sign > 0 else min(stops)
        trigger = self._trigger.get(holding)
        ahead = sum(order.left for order in resting if not order.ours and _fills_first(order, trigger))
        uncovered = claims.exposed - own - ahead
        if uncovered > 0:
            self._naked_since.setdefault(holding, (at, uncovered))
        else:
            self._close_naked(holding, at)
        held = abs(claims.ours)
        if self.evidence.latched_at is not None and at >= self.evidence.latched_at:
            held = max(abs(claims.net), held)
        if own > held:
            self._over_since.setdefault(holding, at)
        else:
            self._judge_over(holding, at)

    def _close_naked(self, holding: Holding, at: float) -> None:
        if holding in self._naked_since:
            since, units = self._naked_since.pop(holding)
            self.naked.append(Naked(holding, since, at, units))

    def _judge_over(self, holding: Holding, at: float) -> None:
        since = self._over_since.pop(holding, None)
        if since is not None and at - since > RACE:
            self.over_resting.append(f"{holding[0]}: more rested than was held for {at - since:.1f} s")


def _fills_first(order: Event, trigger: int | None) -> bool:
    """Say whether an order of others takes its units before our stop would: at the market, or a nearer stop."""
    if order.order_type == "MARKET":
        return True
    if not order.waits or trigger is None:
        return False
    return order.trigger >= trigger if order.side == "SELL" else order.trigger <= trigger
