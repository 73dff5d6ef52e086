"""Adopting an external position: a person puts a stop of ours under what others hold, and it is ours for exits.

It is never ours for statistics. Where a trade of ours runs beside it, what others hold stays theirs.
"""

from fractions import Fraction

import msgspec

from engine.contract.commands import AdoptPosition
from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.market.figures import rupees, signed_units
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.news import InstrumentMarket
from engine.orders.trade import Mode
from engine.risk.denial import StopRefusal
from engine.risk.stop import measured
from engine.risk.stop_controller import Stage12Controller, StopPlan


def adopt(
    state: TradingState, stops: Stage12Controller, command: AdoptPosition, now: Instant
) -> tuple[str, str]:
    """Put a stop under an external position; return why it is refused, or else what was done."""
    key, manager = command.instrument, state.manager
    symbol, instrument = state.journal.symbol(key), state.instruments.get(key)
    units = manager.portfolio.outside.get(key, 0)
    if instrument is None:
        return f"{key} is not followed", ""
    if manager.kill.active:
        return "the kill latch is set: it closes what is in its scope", ""
    if manager.portfolio.current(key) is not None:
        return f"a trade of ours runs in {symbol}: what others hold beside it stays theirs", ""
    if not units:
        return f"nothing external is held in {symbol}", ""
    side = Side.BUY if units > 0 else Side.SELL
    sight = state.market_state(key, now)
    touch = sight.quote.bid if side is Side.BUY else sight.quote.ask
    if touch is None or not sight.quote.fresh:
        return f"no fresh book of {symbol} to measure a stop against", ""
    plan = _measured(state, stops, command, side, touch, sight)
    if isinstance(plan, StopRefusal):
        return plan.reason, ""
    value = manager.external.paid.get(key, 0) or abs(units) * touch
    trade = manager.portfolio.take_over(key, value, now)
    if trade is None:
        return f"nothing external is held in {symbol}", ""
    held = stops.hold(
        plan,
        side,
        instrument,
        entry_value=value,
        quantity=trade.entry_quantity,
        now=now,
        opened_at=state.market_time(now),
        band=sight.band,
    )
    adopted = msgspec.structs.replace(
        trade,
        mode=Mode.HOLD,
        exit_reason="",
        plan=plan,
        sized=measured(plan),
        stop=held,
        adopted=True,
        entry_limit=touch,
        opened_at=state.market_time(now),
    )
    manager.external.take_over(adopted, holds=True)
    manager.change(adopted, now)
    near = f"; nearer than asked: {', '.join(plan.warnings)}" if plan.warnings else ""
    return (
        "",
        f"{symbol} {signed_units(units)} adopted: stop {rupees(plan.trigger)} ({plan.term.value}){near}",
    )


def _measured(
    state: TradingState,
    stops: Stage12Controller,
    command: AdoptPosition,
    side: Side,
    touch: Paise,
    sight: InstrumentMarket,
) -> StopPlan | StopRefusal:
    """Return the stop at the typed trigger, which is never widened, else the one that its terms ask for."""
    instrument, context = sight.instrument, state.market.context(command.instrument)
    units = abs(state.manager.portfolio.outside[command.instrument])
    charges = Fraction(state.account.cost(instrument, side)(units, touch, touch), units)
    if command.stop:
        return stops.typed(
            instrument,
            side,
            touch,
            command.stop,
            bid=sight.quote.bid,
            ask=sight.quote.ask,
            charges_per_unit=charges,
            atr=context.atr,
            median_spread=context.median_spread,
            band=sight.band,
        )
    return stops.initial_stop(
        instrument,
        side,
        touch,
        structure=None,
        atr=context.atr,
        median_spread=context.median_spread,
        charges_per_unit=charges,
        band=sight.band,
    )
