"""Stage12: where the hard stop of a trade lies, and when it may come closer. It never goes away.

The state of a stop is a frozen value: it goes in, the next one comes out, and whoever holds it decides when to
send the change to the exchange. The same inputs always give the same stop.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import config
from engine.auction.values.context import Context
from engine.market.clock import SECOND, Instant
from engine.market.figures import rupees
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise, tick_down, tick_up
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.denial import Code, StopRefusal
from engine.risk.exact import ceiling, exact
from engine.risk.stop import StopPlan, StopState, measured
from engine.risk.stop_limit import limit_within
from engine.risk.terms import AllowanceTerm, SizedStop, StopTerm
from engine.risk.volume_spike import far_side, spike_stop

__all__ = ["Stage12Controller", "StopPlan", "StopState", "StopTerm"]

OPTION_BOUND_FACTOR = 10
"""A premium moves about ten times as far, in percent, as the price it is written on."""

LEAST_TICKS = 4
"""Nearer to the price than this a typed stop would only be noise."""

NO_BOOK = "no fresh book: a stop is only set against a known spread"

STRUCTURE_BARS = 2
"""How many completed 5-minute bars make the structure a trailing stop hides behind."""


class Stage12Controller:
    """Sets and tightens stops by the settings of the section ``stop``.

    ``slippage`` is what fired stops of a class were measured to slip by, as a share of the trigger: a class without it
    has too few fills to say.
    """

    def __init__(
        self, settings: config.StopSettings, slippage: Mapping[InstrumentClass, Fraction] | None = None
    ) -> None:
        self._atr_multiple = exact(settings.atr_multiple)
        self._spread_multiple = exact(settings.spread_multiple)
        self._charges_multiple = exact(settings.charges_multiple)
        self._max_part = exact(settings.max_pct) / 100
        self._limit_buffer = exact(settings.limit_buffer_pct) / 100
        self._option_limit_buffer = exact(settings.option_limit_buffer_pct) / 100
        self._limit_r = exact(settings.limit_r)
        self._allowance_share = exact(settings.allowance_pct) / 100
        self._allowance_spreads = exact(settings.allowance_spreads)
        self._slippage = dict(slippage or {})
        self._trail_after = exact(settings.trail_after_r)
        self._min_step = exact(settings.min_step_r)
        self._min_interval = settings.min_step_seconds * SECOND

    def initial_stop(
        self,
        instrument: Instrument,
        side: Side,
        price: Paise,
        *,
        structure: Paise | None,
        atr: Paise | None,
        median_spread: Paise | None,
        charges_per_unit: Fraction | int,
        band: PriceBand | None = None,
    ) -> StopPlan | StopRefusal:
        """Return the first stop of a trade entered on ``side`` at ``price`` (paise), or why there is none.

        Distance is the largest of: ``price`` to ``structure`` (None for a trade without one), k ATR, 4 median
        spreads, 8 round-trip charges per unit (paise, exact). The trigger is rounded towards the market, so it
        triggers no later than the exact price would: the distance may be less than one tick below the largest
        term, never more. Above the bound the trade is refused, never squeezed.
        """
        if atr is None or median_spread is None:
            missing = "ATR" if atr is None else "median spread"
            return StopRefusal(Code.NOT_READY, f"{missing} is not ready: no stop without it")
        away = None if structure is None else (price - structure) * side.sign
        if away is not None and away <= 0:
            return StopRefusal(
                Code.STOP_WRONG_SIDE,
                f"{side} at {rupees(price)}: structure {rupees(price - side.sign * away)} is not behind the price",
            )
        terms = self._terms(away, atr, median_spread, charges_per_unit)
        term, distance = max(terms, key=lambda pair: pair[1])
        part = self._max_part * (OPTION_BOUND_FACTOR if instrument.is_option else 1)
        if distance > part * price:
            return StopRefusal(
                Code.STOP_TOO_WIDE,
                f"{term} asks {rupees(distance)}, {float(Fraction(distance * 100, price)):.2f}% of the price"
                f" (limit {float(part * 100):g}%)",
                SizedStop(distance, terms, term),
            )
        trigger = _towards_market(side, price - side.sign * distance, instrument.tick)
        if (price - trigger) * side.sign < instrument.tick:
            trigger = _away_from_market(side, price - side.sign * instrument.tick, instrument.tick)
        if trigger <= 0 or (band is not None and not band.lower <= trigger <= band.upper):
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND,
                f"stop {rupees(trigger)} lies where the exchange takes no order",
                SizedStop(distance, terms, term, trigger),
            )
        plan = self._planned(instrument, side, price, trigger, term, terms, median_spread)
        room = (trigger - plan.limit) * side.sign
        if plan.allowance > room:
            return StopRefusal(
                Code.STOP_LIMIT_NEAR,
                f"the exchange takes the limit of a stop at {rupees(trigger)} no further than {rupees(room)} from it, "
                f"and {rupees(plan.allowance)} ({plan.allowed_by}) must fit",
                measured(plan),
            )
        return plan

    def typed(
        self,
        instrument: Instrument,
        side: Side,
        price: Paise,
        trigger: Paise,
        *,
        bid: Paise | None,
        ask: Paise | None,
        charges_per_unit: Fraction | int,
        atr: Paise | None = None,
        median_spread: Paise | None = None,
        band: PriceBand | None = None,
    ) -> StopPlan | StopRefusal:
        """Return a stop at a trigger that a person typed for a position of ``side``, or why it cannot stand there.

        It is never widened: what the terms ask for beyond it are warnings. ``price`` is where the position is entered,
        or could be left now.
        """
        distance = (price - trigger) * side.sign
        if trigger <= 0 or trigger % instrument.tick:
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND,
                f"expected a stop on the tick of {rupees(instrument.tick)}, got {rupees(trigger)}",
            )
        if distance <= 0:
            return StopRefusal(
                Code.STOP_WRONG_SIDE, f"stop {rupees(trigger)} is not behind the price {rupees(price)}"
            )
        if band is not None and not band.lower <= trigger <= band.upper:
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND, f"stop {rupees(trigger)} lies where the exchange takes no order"
            )
        near = _too_near(side, trigger, distance, instrument.tick, bid, ask)
        if near is not None or bid is None or ask is None:
            return near or StopRefusal(Code.NO_BOOK, NO_BOOK)
        if 2 * charges_per_unit > distance:
            return StopRefusal(
                Code.COST_SHARE,
                f"a round trip costs {rupees(ceiling(charges_per_unit))} a unit, more than half of the"
                f" {rupees(distance)} to the stop",
            )
        terms = self._terms(None, atr, median_spread, charges_per_unit)
        spread = max(ask - bid, 0) if median_spread is None else median_spread
        plan = self._planned(instrument, side, price, trigger, StopTerm.TYPED, terms, spread)
        warnings = tuple(f"{term} asks {rupees(asked)}" for term, asked in terms if asked > distance)
        return replace(plan, warnings=warnings)

    def _terms(
        self,
        structure: Paise | None,
        atr: Paise | None,
        median_spread: Paise | None,
        charges_per_unit: Fraction | int,
    ) -> tuple[tuple[StopTerm, Paise], ...]:
        """Return what each term asks for that can be told."""
        asked = (
            (StopTerm.STRUCTURE, structure),
            (StopTerm.ATR, None if atr is None else ceiling(self._atr_multiple * atr)),
            (
                StopTerm.SPREAD,
                None if median_spread is None else ceiling(self._spread_multiple * median_spread),
            ),
            (StopTerm.CHARGES, ceiling(self._charges_multiple * charges_per_unit)),
        )
        return tuple((term, distance) for term, distance in asked if distance is not None)

    def _planned(
        self,
        instrument: Instrument,
        side: Side,
        price: Paise,
        trigger: Paise,
        term: StopTerm,
        terms: tuple[tuple[StopTerm, Paise], ...],
        spread: Paise,
    ) -> StopPlan:
        """Return the plan of a trigger: what is allowed beyond it, and where its limit rests."""
        distance = (price - trigger) * side.sign
        allowances = [
            (AllowanceTerm.DISTANCE, ceiling(self._allowance_share * distance)),
            (AllowanceTerm.SPREAD, ceiling(self._allowance_spreads * spread)),
        ]
        slips = self._slippage.get(instrument.kind)
        if slips is not None:
            allowances.append((AllowanceTerm.SLIPPAGE, ceiling(slips * trigger)))
        allowed_by, allowance = max(allowances, key=lambda pair: pair[1])
        reach = int(self._limit_r * distance)
        return StopPlan(
            trigger=trigger,
            limit=self._limit(side, trigger, reach, instrument.tick, None, option=instrument.is_option),
            distance=distance,
            term=term,
            terms=terms,
            allowance=allowance,
            allowed_by=allowed_by,
            reach=reach,
        )

    def _limit(
        self, side: Side, trigger: Paise, reach: Paise, tick: Paise, band: PriceBand | None, *, option: bool
    ) -> Paise:
        """Return the limit beyond a trigger: as far out as the exchange takes it, ``reach`` at most, in the band."""
        buffer = self._option_limit_buffer if option else self._limit_buffer
        limit = limit_within(side, trigger, min(buffer * trigger, Fraction(reach)), tick)
        return limit if band is None else band.clamp(limit, tick)

    def hold(
        self,
        plan: StopPlan,
        side: Side,
        instrument: Instrument,
        *,
        entry_value: Paise,
        quantity: int,
        now: Instant,
        opened_at: Instant,
        band: PriceBand | None = None,
    ) -> StopState:
        """Return the stop's state after a fill of ``quantity`` units worth ``entry_value`` paise in sum.

        ``now`` is the timers' clock; ``opened_at`` the exchange's, which bars go by.
        """
        tick = instrument.tick
        entry = ceiling(Fraction(entry_value, quantity)) if side is Side.BUY else entry_value // quantity
        return StopState(
            side=side,
            tick=tick,
            entry=entry,
            trigger=plan.trigger,
            limit=plan.limit if band is None else band.clamp(plan.limit, tick),
            risk=max(tick, (entry - plan.trigger) * side.sign),
            term=plan.term,
            moved_at=now,
            best=entry,
            opened_at=opened_at,
            allowance=plan.allowance,
            reach=plan.reach,
            option=instrument.is_option,
            band=band,
        )

    def trail(
        self,
        state: StopState,
        context: Context,
        *,
        bid: Paise | None,
        ask: Paise | None,
        mark: Paise | None,
        now: Instant,
    ) -> StopState:
        """Return the stop after one more look at the market; equal trigger means nothing to send.

        ``bid`` and ``ask`` are the current best prices, None without a fresh book; ``mark`` is the least favourable of
        the last three readings, None while there are fewer: the best price goes by it, for one odd book moves nothing.
        ``context`` may be any reading since the last completed minute: only bars, ATR and holes are read. ``now`` is a
        timer's clock.
        """
        if bid is None or ask is None:
            return state
        if mark is not None and (mark - state.best) * state.side.sign > 0:
            trailing = (mark - state.entry) * state.side.sign >= self._trail_after * state.risk
            state = replace(state, best=mark, trailing=state.trailing or trailing)
        if now - state.moved_at < self._min_interval:
            return state
        found = [
            candidate
            for candidate in (self._trail_candidate(state, context), _behind_spike(state, context))
            if candidate is not None
        ]
        if not found:
            return state
        trigger, term = max(found, key=lambda pair: pair[0] * state.side.sign)
        gain = (trigger - state.trigger) * state.side.sign
        if gain <= 0 or gain < self._min_step * state.risk or _inside_spread(state.side, trigger, bid, ask):
            return state
        return self._moved(state, trigger, term, now)

    def breakeven(
        self,
        state: StopState,
        *,
        charges_per_unit: Fraction | int,
        bid: Paise | None,
        ask: Paise | None,
        now: Instant,
    ) -> StopState | StopRefusal:
        """Return the stop at entry plus costs (paise per unit, exact), or why it cannot go there now."""
        wished = state.entry + state.side.sign * ceiling(charges_per_unit)
        return self._tightened(state, wished, StopTerm.BREAKEVEN, bid, ask, now)

    def tighten(
        self, state: StopState, price: Paise, *, bid: Paise | None, ask: Paise | None, now: Instant
    ) -> StopState | StopRefusal:
        """Return the stop at the trader's wished trigger (paise), or why it cannot go there now."""
        return self._tightened(state, price, StopTerm.TYPED, bid, ask, now)

    def _tightened(
        self,
        state: StopState,
        wished: Paise,
        term: StopTerm,
        bid: Paise | None,
        ask: Paise | None,
        now: Instant,
    ) -> StopState | StopRefusal:
        trigger = _towards_market(state.side, wished, state.tick)
        if (trigger - state.trigger) * state.side.sign <= 0:
            return StopRefusal(
                Code.WIDENS, f"stop is at {rupees(state.trigger)}; {rupees(trigger)} would not tighten it"
            )
        touch = bid if state.side is Side.BUY else ask
        distance = state.tick * LEAST_TICKS
        if touch is not None and term is StopTerm.TYPED:
            distance = (touch - trigger) * state.side.sign
        near = _too_near(state.side, trigger, distance, state.tick, bid, ask)
        return near or self._moved(state, trigger, term, now)

    def _moved(self, state: StopState, trigger: Paise, term: StopTerm, now: Instant) -> StopState:
        limit = self._limit(state.side, trigger, state.reach, state.tick, state.band, option=state.option)
        asked = (*state.asked, (state.trigger, state.term))
        return replace(state, trigger=trigger, limit=limit, term=term, moved_at=now, asked=asked)

    def _trail_candidate(self, state: StopState, context: Context) -> tuple[Paise, StopTerm] | None:
        if not state.trailing or context.atr is None or len(context.five_minutes) < STRUCTURE_BARS:
            return None
        structure = far_side(state, context.five_minutes[-STRUCTURE_BARS:])
        volatility = state.best - state.side.sign * ceiling(self._atr_multiple * context.atr)
        found = ((structure, StopTerm.TRAIL_STRUCTURE), (volatility, StopTerm.TRAIL_ATR))
        wider, term = min(found, key=lambda pair: pair[0] * state.side.sign)
        return _towards_market(state.side, wider, state.tick), term


def _behind_spike(state: StopState, context: Context) -> tuple[Paise, StopTerm] | None:
    trigger = spike_stop(state, context)
    return None if trigger is None else (_towards_market(state.side, trigger, state.tick), StopTerm.SPIKE)


def _inside_spread(side: Side, trigger: Paise, bid: Paise, ask: Paise) -> bool:
    return trigger >= bid if side is Side.BUY else trigger <= ask


def _too_near(
    side: Side, trigger: Paise, distance: Paise, tick: Paise, bid: Paise | None, ask: Paise | None
) -> StopRefusal | None:
    """Return why a stop may not lie so near to the market; None when it may."""
    if bid is None or ask is None:
        return StopRefusal(Code.NO_BOOK, NO_BOOK)
    if _inside_spread(side, trigger, bid, ask):
        return StopRefusal(
            Code.INSIDE_SPREAD,
            f"stop {rupees(trigger)} would lie at or inside the spread {rupees(bid)}–{rupees(ask)}",
        )
    if distance < LEAST_TICKS * tick:
        return StopRefusal(
            Code.STOP_TOO_NEAR,
            f"stop {rupees(trigger)} is {rupees(distance)} away, nearer than {LEAST_TICKS} ticks of {rupees(tick)}",
        )
    return None


def _towards_market(side: Side, trigger: Paise, tick: Paise) -> Paise:
    return tick_up(trigger, tick) if side is Side.BUY else tick_down(trigger, tick)


def _away_from_market(side: Side, price: Paise, tick: Paise) -> Paise:
    return tick_down(price, tick) if side is Side.BUY else tick_up(price, tick)
