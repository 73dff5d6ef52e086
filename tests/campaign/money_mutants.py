"""Planted mistakes in the day's money: marks, the account's limit, and limits that a restart tightened."""

from dataclasses import replace
from typing import Any

from engine.core import external_trades, market_state
from engine.core.day_guard import DayGuard
from engine.core.external_trades import ExternalTrades
from engine.core.market_state import BookChange, MarketState
from engine.core.position_marks import Marking
from engine.core.trading_state import TradingState
from engine.market.side import Side
from engine.orders.kill import Flattening
from engine.risk import limits, wishes
from engine.risk.external_result import ExternalResult
from engine.risk.readings import Readings
from tests.campaign.mutants import Swap


def repeat_is_a_reading() -> tuple[Swap, ...]:
    """Take a packet that repeats the one before, byte for byte, for a new book."""
    compared = market_state._compared

    def gullible(*packets: Any) -> BookChange:  # noqa: ANN401 - handed on as they come
        seen = compared(*packets)
        return BookChange.CONFIRMED if seen is BookChange.REPEAT else seen

    return ((market_state, "_compared", gullible),)


def one_book_is_believed() -> tuple[Swap, ...]:
    """Let a limit go by the newest book alone."""

    def newest(self: Readings, side: Side, *, stood: bool) -> int | None:
        del side, stood
        return self.touches[-1] if self.touches else None

    return ((Readings, "believed", newest),)


def silence_makes_a_book_stand() -> tuple[Swap, ...]:
    """Believe a book that stood while nothing at all came."""
    return ((MarketState, "stood", lambda *_: True),)


def locked_keeps_its_mark() -> tuple[Swap, ...]:
    """Mark what nobody can close at its circuit by the last bid there was."""
    return ((Marking, "_locked", lambda *_: None),)


def trail_by_the_newest_book() -> tuple[Swap, ...]:
    """Let the best price follow the newest book."""

    def newest(self: Readings, side: Side) -> int | None:
        del side
        return self.touches[-1] if self.touches else None

    return ((Readings, "settled", newest),)


def gains_outside_count() -> tuple[Swap, ...]:
    """Let what others gain pay for what ours lose."""
    found = vars(external_trades)["external_result"]

    def netted(*words: Any, **named: Any) -> ExternalResult:  # noqa: ANN401 - handed on as they come
        result: ExternalResult = found(*words, **named)
        return replace(result, counted=result.result - result.charges)

    return ((external_trades, "external_result", netted),)


def limits_close_everything() -> tuple[Swap, ...]:
    """Let a limit's latch have the whole scope of a person's kill."""
    latch = Flattening.set

    def whole(
        self: Flattening, by: str, reason: str, name: str, now: int, *, ours_only: bool = False
    ) -> bool:
        del ours_only
        return latch(self, by, reason, name, now)

    return ((Flattening, "set", whole),)


def closed_outside_is_forgotten() -> tuple[Swap, ...]:
    """Count of others only what they still hold."""
    counted = ExternalTrades._counted

    def held(self: ExternalTrades) -> dict[str, Any]:
        return {key: stake for key, stake in counted(self).items() if stake.quantity}

    return ((ExternalTrades, "_counted", held),)


def restart_loosens() -> tuple[Swap, ...]:
    """Take up whatever a restart asks for, looser limits too."""

    def wished(previous: limits.Limits | None, wish: limits.Limits) -> limits.Limits:
        del previous
        return wish

    return ((limits, "effective", wished), (wishes, "effective", wished))


def restart_is_not_heard() -> tuple[Swap, ...]:
    """Go on with the limits that a run began under, and say nothing."""
    return ((DayGuard, "wish", lambda *_: None),)


def flat_by_stays() -> tuple[Swap, ...]:
    """Go on with the clock of the day that a run began under."""
    return ((TradingState, "go_by", lambda *_: None),)
