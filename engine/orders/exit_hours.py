"""What the exchange takes, at one moment, of orders that only reduce: by the day's table, and by what it announced."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.market.clock import SECOND, Instant
from engine.market.instrument import InstrumentClass
from engine.market.session import Allowed, Phase, TradingDay
from engine.orders.exits_in_halt import HaltState

AUCTION_SETTLES: Final = SECOND
"""An order that arrives with the first second of the auction's order entry may come before it."""

AUCTION_LAST: Final = 5 * SECOND
"""The auction may end at random from a moment on; so long before it nothing is sent into it any more."""


class Exits(StrEnum):
    """What becomes of an exit that leaves now."""

    OPEN = "OPEN"
    """It can trade."""
    AUCTION = "AUCTION"
    """Limit orders inside the auction's band wait for one match at the end."""
    AUCTION_AHEAD = "AUCTION AHEAD"
    """Nothing is taken until the closing auction takes limit orders."""
    HALTED = "HALTED"
    """The exchange announced a halt, and would announce its end."""
    TRIAL = "TRIAL"
    """A halt was announced and nobody would tell of its end: one exit is tried."""
    BEFORE_OPEN = "BEFORE OPEN"
    OVER = "OVER"
    """Nothing is taken any more today."""
    NOT_OPEN = "NOT OPEN"
    """The broker says so; the reason is not known."""

    @property
    def take_limits(self) -> bool:
        """Whether a limit order may leave."""
        return self in (Exits.OPEN, Exits.AUCTION, Exits.TRIAL)


@dataclass(frozen=True, slots=True)
class AuctionTimes:
    """When a class's closing auction does what."""

    begins: Instant
    """Resting stops are cancelled by the exchange."""
    takes_from: Instant
    market_until: Instant
    """Market orders; limits go on."""
    takes_until: Instant
    """From here on it may end at any moment."""


@dataclass(frozen=True, slots=True)
class ClassHours:
    """The moments of one class's day that bear on exits."""

    open: Instant
    close: Instant
    """End of continuous trading."""
    last_order: Instant
    over: Instant
    """After it nothing can fill any more today: the end of trading, or of the auction's matching."""
    auction: AuctionTimes | None

    def edges(self) -> tuple[Instant, ...]:
        """Return the moments at which something begins or ends for who holds."""
        auction = self.auction
        more = (
            ()
            if auction is None
            else (auction.takes_from + AUCTION_SETTLES, auction.takes_until - AUCTION_LAST)
        )
        return tuple(sorted((self.open, self.last_order, self.close, self.over, *more)))


@dataclass(frozen=True, slots=True)
class OrderHours:
    """What is taken at one moment of a class's day."""

    exits: Exits
    time: Instant
    """The market's own."""
    day: ClassHours
    moving: bool = True
    """Whether that time goes on; a held or ended market stands still."""


def class_hours(day: TradingDay, kind: InstrumentClass) -> ClassHours:
    """Return the moments of a class's day."""
    starts = day.boundaries(kind)
    close = day.close(kind)
    steps = [start for start in starts if day.phase(kind, start) is Phase.CLOSING_AUCTION]
    if not steps:
        return ClassHours(day.open(kind), close, day.last_order_time(kind), close, None)
    by_step = {day.allowed(kind, start): start for start in reversed(steps)}
    takes_from = by_step.get(Allowed.ORDER_ENTRY, steps[-1])
    limit_only = by_step.get(Allowed.LIMIT_ONLY, takes_from)
    ends = by_step.get(Allowed.RANDOM_CLOSE, by_step.get(Allowed.MATCHING, steps[-1]))
    over = next((start for start in starts if start > steps[-1]), steps[-1])
    auction = AuctionTimes(steps[0], takes_from, limit_only, ends)
    return ClassHours(day.open(kind), close, day.last_order_time(kind), over, auction)


def exit_hours(hours: ClassHours, time: Instant, halt: HaltState, *, moving: bool = True) -> OrderHours:
    """Return what becomes of an exit at a moment of the market's time."""
    return OrderHours(_exits(hours, time, halt), time, hours, moving)


def _exits(hours: ClassHours, time: Instant, halt: HaltState) -> Exits:
    auction = hours.auction
    if time < hours.open:
        return Exits.BEFORE_OPEN
    if time < hours.last_order:
        return {HaltState.NONE: Exits.OPEN, HaltState.HELD: Exits.HALTED, HaltState.UNHEARD: Exits.TRIAL}[
            halt
        ]
    if auction is None or time >= auction.takes_until - AUCTION_LAST:
        return Exits.OVER
    if time < auction.takes_from + AUCTION_SETTLES:
        return Exits.AUCTION_AHEAD
    return Exits.HALTED if halt is HaltState.HELD else Exits.AUCTION


def exits_by(hours: OrderHours | None, *, takes_orders: bool, auction: bool = False) -> Exits:
    """Return what becomes of an exit: by the hours, or by the broker's word where they are not known."""
    if hours is not None:
        return hours.exits
    if auction:
        return Exits.AUCTION
    return Exits.OPEN if takes_orders else Exits.NOT_OPEN
