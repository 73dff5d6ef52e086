"""A ticket: what the trader wants beside instrument, side and price, and what the engine answers before it leaves."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.risk.terms import SizedStop


class Target(msgspec.Struct, frozen=True):
    """Where profit is taken: at a price in paise, or so many tenths of R from the entry's limit; 0 and 0 is none."""

    price: Paise = 0
    tenths: int = 0


class TicketTerms(msgspec.Struct, frozen=True):
    """How large a trader's own entry may be, where its stop and its targets lie."""

    share: int = 100
    """Percent of the risk of one trade that it may use."""
    lots: int = 0
    """The most lots, as typed; 0 leaves the size to the risk alone."""
    stop_ticks: int = 0
    """Ticks from its price to its stop; 0 where the stop is asked for otherwise."""
    stop_atr: int = 0
    """Tenths of the ATR from its price to its stop; 0 where the stop is asked for otherwise."""
    target_1: Target = Target()
    target_2: Target = Target()


class TicketQuote(msgspec.Struct, frozen=True):
    """What would leave now, by the very way it would leave. Prices and money in paise."""

    refusal: str
    """Why it would not leave, in words; empty where it would."""
    quantity: int = 0
    lots: int = 0
    limit: Paise = 0
    trigger: Paise = 0
    """Where a stop-entry fires; 0 for any other."""
    sized: SizedStop | None = None
    """Its stop with every term, and its risk, gap risk and charges; None where it did not come to that."""
    risk_pct: float | None = None
    """Its risk in percent of the day's account."""
    target_1: Paise | None = None
    target_2: Paise | None = None
    reward: Paise | None = None
    """What the first target earns after charges."""
    reward_risk: float | None = None
    """The same in R."""
    margin: Paise = 0
    good_for: Instant | None = None
    """Until when it rests, on the exchange's clock; None for one that leaves at once."""
