"""Signals that wait for a person: how long each card stands while the market moves on."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from engine.core.decision import Decision
from engine.market.clock import Instant
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.quote import Quote
from engine.setups.signal import Signal

EXPIRED: Final = "EXPIRED"
MOVED_AWAY: Final = "MOVED_AWAY"
STOP_TRADED: Final = "STOP_TRADED"
REACH: Final = Fraction(3, 10)
"""How far the touch may lie from the signal's price, in R, for the card to stand."""


@dataclass(frozen=True, slots=True)
class Card:
    """One signal in ask mode with what a person was shown of it."""

    signal: Signal
    decision: Decision
    stop: Paise
    laid: Instant
    """The market's time when it was shown."""
    expires: Instant


Gone = tuple[Card, str, str]
"""A card that is over, with the code and the sentence that say why."""


class Cards:
    """Owns the cards that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[str, Card] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def lay(self, card: Card) -> None:
        """Let a card wait."""
        self._waiting[card.decision.id] = card

    def take(self, name: str) -> Card | None:
        """Take a card off by its decision's id; None when no such card waits."""
        return self._waiting.pop(name, None)

    def of(self, instrument: str) -> tuple[Card, ...]:
        """Return an instrument's cards."""
        return tuple(card for card in self._waiting.values() if card.signal.instrument == instrument)

    def moved(self, update: MarketUpdate, quote: Quote) -> list[Gone]:
        """Take off the cards that an update of their instrument ends: price left them, or their stop was traded."""
        judged = [(card, _against(card, update, quote)) for card in self.of(update.instrument)]
        gone = [(card, *against) for card, against in judged if against is not None]
        for card, _, _ in gone:
            del self._waiting[card.decision.id]
        return gone

    def expired(self, now: Instant) -> list[Gone]:
        """Take off the cards whose time is over."""
        late = [card for card in self._waiting.values() if now >= card.expires]
        for card in late:
            del self._waiting[card.decision.id]
        return [(card, EXPIRED, "nobody took it in time") for card in late]

    def next_wake(self) -> Instant | None:
        """Return when the next card expires."""
        return min((card.expires for card in self._waiting.values()), default=None)


def _against(card: Card, update: MarketUpdate, quote: Quote) -> tuple[str, str] | None:
    side, price = card.signal.side, card.signal.price
    lows = [update.last]
    minute = update.minute
    if minute is not None and minute.start >= card.laid:
        lows.append(minute.low if side is Side.BUY else minute.high)
    if any((low - card.stop) * side.sign <= 0 for low in lows):
        return STOP_TRADED, f"its stop {rupees(card.stop)} was traded"
    touch = quote.ask if side is Side.BUY else quote.bid
    if touch is not None and abs(touch - price) > REACH * abs(price - card.stop):
        return (
            MOVED_AWAY,
            f"the touch {rupees(touch)} is more than {float(REACH):g} R from its price {rupees(price)}",
        )
    return None
