"""What a setup says: a signal to trade or a refusal with its reason, both with their evidence."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from engine.auction.values.context import Context
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side


class EntryMode(StrEnum):
    """How a trade came about: what one of them shows is no evidence for another."""

    AUTO = "auto"
    ASK = "ask"
    """A person took the card."""
    MANUAL = "manual"
    """The trader's own."""


Evidence = dict[str, float | int | str | None]
"""The numbers that decided, by name; prices in rupees, for readers."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A setup's wish to trade, before risk has looked at it. Prices in paise."""

    time: Instant
    instrument: str
    setup: str
    version: int
    side: Side
    price: Paise
    stop_reference: Paise
    """Where the structure says the idea is wrong; risk may only place the stop further away."""
    target_1: Paise
    target_2: Paise
    premise: str
    """One line a trader reads: why this is a trade."""
    evidence: Evidence
    edge: Paise | None = None
    """The level the idea stands on; None for a trade by hand."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decision not to trade, kept with the numbers that decided it."""

    time: Instant
    instrument: str
    setup: str
    version: int
    side: Side | None
    code: str
    """Typed reason in capitals, for example TREND_DAY."""
    reason: str
    evidence: Evidence


class Setup(Protocol):
    """A rule that watches one instrument; state inside is rebuilt from the same contexts in the same order."""

    name: ClassVar[str]
    version: ClassVar[int]

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Judge the market when a minute, 5-minute bar or bracket has closed or a watched level was crossed."""
        ...

    def missing(self, context: Context) -> tuple[str, ...]:
        """Return the inputs that are not ready, by name; empty when the setup can judge."""
        ...

    def broken(self, context: Context, signal: Signal) -> str:
        """Return why the premise of a trade that came from ``signal`` no longer holds; empty while it does."""
        ...
