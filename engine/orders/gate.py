"""The one gate: every order, change and cancel passes it on its way out.

Entries fail closed: a check that says no, or breaks, denies. What reduces risk passes a smaller gate and is never
held up by what belongs to entries; the gate is also the proof that an exit never exceeds what is held, because
the exchange knows no reduce-only order.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.figures import grouped
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.orders.exit_hours import Exits, OrderHours, exits_by
from engine.orders.messages import OrderType, Product, Role
from engine.orders.order import Order
from engine.orders.quote import Quote
from engine.orders.requests import is_lost_exit
from engine.orders.states import OrderState
from engine.rollout.live_stages import LiveStages
from engine.rollout.stage_chain import RolloutTrack
from engine.system.plain_text import words_of

ENTRY_WRITES: Final = 6
"""Of the order messages in any second, what entries may use; the rest is kept for reducing orders."""

KEPT_FROM_MOVES: Final = 3
"""Of them, what changes of a stop's price alone leave to what covers or closes."""

ENTRY_WRITES_HALF_HOUR: Final = 1_700
COLLAR: Final = 300
"""How far an entry may lie from the touch and from the last price, in hundredths of a percent."""

OPTION_COLLAR: Final = 1_000
DUPLICATE_WITHIN: Final = 2 * SECOND


class GateCode(StrEnum):
    """Why the gate says no."""

    LATCHED = "LATCHED"
    FROZEN = "FROZEN"
    MARKET_CLOSED = "MARKET_CLOSED"
    OPTION_SHORT = "OPTION_SHORT"
    TICK = "TICK"
    LOT = "LOT"
    FREEZE_QUANTITY = "FREEZE_QUANTITY"
    BAND = "BAND"
    COLLAR = "COLLAR"
    TRIGGER = "TRIGGER"
    NO_BOOK = "NO_BOOK"
    DUPLICATE = "DUPLICATE"
    OPPOSES_POSITION = "OPPOSES_POSITION"
    BUDGET = "BUDGET"
    EXCEEDS_POSITION = "EXCEEDS_POSITION"
    NOT_LIVE = "NOT_LIVE"
    STAGE = "STAGE"
    CHECK_FAILED = "CHECK_FAILED"


@dataclass(frozen=True, slots=True)
class GateDenial:
    """An order that may not leave: a typed code and a sentence with the numbers."""

    code: GateCode
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An order, or new terms of one, before the gate. ``tag`` names the order whose terms would change."""

    instrument: str
    side: Side
    role: Role
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise = 0
    tag: str = ""
    filled: int = 0
    """Units of it that have filled already."""
    product: Product = Product.INTRADAY
    track: RolloutTrack = RolloutTrack.SETUPS
    """Whose entry it is."""


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate looks at, at one moment."""

    instrument: Instrument
    quote: Quote
    band: PriceBand | None
    takes_orders: bool
    """Continuous trading, before the last order time."""
    latched: bool
    frozen: str
    """Why entries on this instrument stand still; empty when they do not."""
    position: int
    """Signed units of the draft's product that may be closed: never more than the broker holds."""
    orders: tuple[Order, ...]
    """Live orders of ours in the instrument and product."""
    hours: OrderHours | None = None
    """What the exchange takes by its table and its announcements; None where only the broker's word is known."""
    auction: bool = False
    """Whether, by the broker's word alone, the closing auction takes limits."""
    stages: LiveStages | None = None
    """The rollout's stages in live; None where no real order can leave."""

    @property
    def exits(self) -> Exits:
        """What becomes of an exit that leaves now."""
        return exits_by(self.hours, takes_orders=self.takes_orders, auction=self.auction)


Check = Callable[[Draft, GateFacts, Instant], GateDenial | None]


class MessageBudget:
    """Order messages in any rolling second and half hour; the reserve belongs to reducing orders."""

    def __init__(self, per_second: int) -> None:
        self.pace(per_second)
        self._second: deque[Instant] = deque()
        self._half_hour: deque[Instant] = deque()
        self.today = 0
        """Order messages sent today."""

    def pace(self, per_second: int) -> None:
        """Allow so many messages in any second from now on."""
        self.per_second = per_second
        self.entry_per_second = max(1, min(ENTRY_WRITES, per_second - 2))

    def used(self, now: Instant) -> int:
        """Return the messages of the last rolling second."""
        while self._second and self._second[0] <= now - SECOND:
            self._second.popleft()
        return len(self._second)

    def sent_within(self, span: int, now: Instant) -> int:
        """Return the messages of the last ``span`` microseconds; whoever looks forgets nothing."""
        return sum(1 for sent in self._second if sent > now - span)

    def wait(self, now: Instant, *, entry: bool, kept: int = 0) -> Instant | None:
        """Return when the next message may leave, ``kept`` others beside it in any second; None is now."""
        limit = max(1, (self.entry_per_second if entry else self.per_second) - kept)
        used = self.used(now)
        if entry and self._used_half_hour(now) >= ENTRY_WRITES_HALF_HOUR:
            return self._half_hour[0] + 30 * MINUTE
        return None if used < limit else self._second[used - limit] + SECOND

    def spend(self, now: Instant) -> None:
        """Count one message."""
        self._second.append(now)
        self._half_hour.append(now)
        self.today += 1

    def _used_half_hour(self, now: Instant) -> int:
        while self._half_hour and self._half_hour[0] <= now - 30 * MINUTE:
            self._half_hour.popleft()
        return len(self._half_hour)


class Gate:
    """Judges drafts; remembers entries for duplicates and counts messages."""

    def __init__(self, per_second: int) -> None:
        self.budget = MessageBudget(per_second)
        self._entries: dict[str, deque[tuple[Instant, Side, int]]] = {}
        self._entry_checks: tuple[Check, ...] = (
            _latched,
            _stage,
            _frozen,
            _closed_market,
            _option_short,
            _opposes,
            _whole_lots,
            _freeze,
            _on_tick,
            _in_band,
            _waits_for_its_trigger,
            _collar,
            self._duplicate,
            self._entry_budget,
        )

    def check(self, draft: Draft, around: GateFacts, now: Instant) -> GateDenial | None:
        """Return why a draft may not leave, None when it may."""
        if draft.role is Role.ENTRY:
            return self._entry(draft, around, now)
        return _exceeds(draft, around) or _reducing(draft, around)

    def sent(self, draft: Draft, now: Instant) -> None:
        """Remember that a draft left."""
        self.budget.spend(now)
        if draft.role is Role.ENTRY and not draft.tag:
            self._entries.setdefault(draft.instrument, deque()).append((now, draft.side, draft.quantity))

    @property
    def entered(self) -> tuple[str, ...]:
        """The instruments for which an entry left today."""
        return tuple(self._entries)

    def entries_within(self, instrument: str, span: int, now: Instant) -> int:
        """Return how many entries left for an instrument in the last ``span`` microseconds."""
        sent = self._entries.get(instrument, ())
        return sum(1 for at, _, _ in sent if at > now - span)

    def _entry(self, draft: Draft, around: GateFacts, now: Instant) -> GateDenial | None:
        for check in self._entry_checks:
            try:
                denial = check(draft, around, now)
            except Exception as error:  # noqa: BLE001 - an entry never passes a check that broke
                name = getattr(check, "__name__", "check").strip("_").replace("_", " ")
                denial = GateDenial(GateCode.CHECK_FAILED, f"the check of {name} broke: {words_of(error)}")
            if denial is not None:
                return denial
        return None

    def _duplicate(self, draft: Draft, _: GateFacts, now: Instant) -> GateDenial | None:
        for at, side, quantity in self._entries.get(draft.instrument, ()):
            if now - at < DUPLICATE_WITHIN and (side, quantity) == (draft.side, draft.quantity):
                return GateDenial(GateCode.DUPLICATE, f"the same entry left {(now - at) / SECOND:.2f} s ago")
        return None

    def _entry_budget(self, draft: Draft, around: GateFacts, now: Instant) -> GateDenial | None:
        del draft, around
        if self.budget.wait(now, entry=True) is None:
            return None
        return GateDenial(GateCode.BUDGET, "the order budget of entries is used up")


def _latched(_: Draft, around: GateFacts, __: Instant) -> GateDenial | None:
    return GateDenial(GateCode.LATCHED, "the kill latch is set") if around.latched else None


def _stage(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    """Deny every live entry in PAPER: the broker's side looks once more, at the record itself."""
    if around.stages is None:
        return None
    refusal = around.stages.stage_of(draft.track).refusal
    return GateDenial(GateCode.STAGE, refusal) if refusal else None


def _frozen(_: Draft, around: GateFacts, __: Instant) -> GateDenial | None:
    return GateDenial(GateCode.FROZEN, around.frozen) if around.frozen else None


def _closed_market(_: Draft, around: GateFacts, __: Instant) -> GateDenial | None:
    if around.takes_orders:
        return None
    return GateDenial(GateCode.MARKET_CLOSED, "no continuous trading: an order now could become an AMO")


def _option_short(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    if draft.side is Side.SELL and around.instrument.is_option:
        return GateDenial(GateCode.OPTION_SHORT, "an entry never sells an option")
    return None


def _opposes(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    if around.position * draft.side.sign < 0:
        return GateDenial(GateCode.OPPOSES_POSITION, f"an entry against {around.position} units held")
    return None


def _whole_lots(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    if draft.quantity > 0 and draft.quantity % around.instrument.lot == 0:
        return None
    return GateDenial(
        GateCode.LOT, f"expected whole lots of {around.instrument.lot}, got {grouped(draft.quantity)} units"
    )


def _freeze(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    limit = around.instrument.freeze_quantity
    if draft.quantity <= limit:
        return None
    return GateDenial(GateCode.FREEZE_QUANTITY, f"{grouped(draft.quantity)} units (limit {grouped(limit)})")


def _on_tick(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    tick = around.instrument.tick
    if draft.price > 0 and draft.price % tick == 0 and draft.trigger_price % tick == 0:
        return None
    return GateDenial(
        GateCode.TICK,
        f"expected prices on the tick of {tick} paise, got {draft.price} and {draft.trigger_price}",
    )


def _in_band(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    band = around.band
    if band is None or band.lower <= draft.price <= band.upper:
        return None
    return GateDenial(GateCode.BAND, f"{draft.price} paise outside {band.lower} to {band.upper}")


def _waits_for_its_trigger(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    """Deny a stop-entry that would fire as it arrives, or whose limit lies on the wrong side of its trigger."""
    if draft.order_type is not OrderType.STOP_LIMIT:
        return None
    trigger, sign = draft.trigger_price, draft.side.sign
    if (draft.price - trigger) * sign < 0:
        return GateDenial(GateCode.TRIGGER, f"limit {draft.price} lies before the trigger {trigger} paise")
    known = (around.quote.last, around.quote.ask if sign > 0 else around.quote.bid)
    if any(price is not None and (price - trigger) * sign >= 0 for price in known):
        return GateDenial(GateCode.TRIGGER, f"a stop-entry at {trigger} paise would fire at once")
    band = around.band
    if band is None or band.lower <= trigger <= band.upper:
        return None
    return GateDenial(GateCode.BAND, f"{trigger} paise outside {band.lower} to {band.upper}")


def _collar(draft: Draft, around: GateFacts, _: Instant) -> GateDenial | None:
    quote = around.quote
    touch = quote.ask if draft.side is Side.BUY else quote.bid
    if touch is None or quote.last is None or not quote.fresh:
        return GateDenial(GateCode.NO_BOOK, "no fresh book to measure the price against")
    width = OPTION_COLLAR if around.instrument.is_option else COLLAR
    references = (("touch", touch), ("last price", quote.last))
    if draft.order_type is OrderType.STOP_LIMIT:
        references = (("trigger", draft.trigger_price),) * 2
    for name, reference in references:
        if (draft.price - reference) * draft.side.sign * 10_000 > reference * width:
            return GateDenial(
                GateCode.COLLAR, f"{draft.price} paise is {width / 100:g}% beyond the {name} {reference}"
            )
    return None


def _exceeds(draft: Draft, around: GateFacts) -> GateDenial | None:
    """Say no when a reducing draft could, with everything else that may fill, pass through zero."""
    held = -around.position * draft.side.sign
    others = sum(
        order.exposed
        for order in around.orders
        if order.side is draft.side
        and order.tag != draft.tag
        and not given_up(order)
        and not (draft.role is Role.STOP and is_lost_exit(order))
    )
    wished = draft.quantity - draft.filled
    if wished > 0 and wished + others <= held:
        return None
    return GateDenial(
        GateCode.EXCEEDS_POSITION,
        f"{grouped(wished)} units beside {grouped(others)} on their way exceed the {grouped(held)} held",
    )


def _reducing(draft: Draft, around: GateFacts) -> GateDenial | None:
    if not around.exits.take_limits or (draft.order_type is not OrderType.LIMIT and not around.takes_orders):
        return GateDenial(GateCode.MARKET_CLOSED, "the exchange takes no order now: held until it does")
    return _on_tick(draft, around, 0)


def given_up(order: Order) -> bool:
    """Say whether an order in doubt no longer counts: its cancel by tag is out, and it is closed when it shows.

    Only a stop is given up so, because it must be at the exchange within two seconds; any other order in doubt
    keeps its place until its fate is proven.
    """
    unproven = order.state in (OrderState.SUBMITTED, OrderState.IN_DOUBT)
    return order.role is Role.STOP and unproven and order.cancel_at is not None
