"""Stage12: where the hard stop of a trade lies, and when it may come closer. It never goes away.

The state of a stop is a frozen value: it goes in, the next one comes out, and whoever holds it decides when to
send the change to the exchange. The same inputs always give the same stop.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

import config
from engine.auction.context import Context, Hole
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise, tick_down, tick_up
from engine.market.update import Bar
from engine.risk.band import PriceBand
from engine.risk.denial import Code, StopRefusal
from engine.risk.exact import ceiling, exact, rupees
from engine.setups.signal import Side

OPTION_BOUND_FACTOR = 10
"""A premium moves about ten times as far, in percent, as the price it is written on."""

STRUCTURE_BARS = 2
"""How many completed 5-minute bars make the structure a trailing stop hides behind."""

SPIKE_MULTIPLE = 4
SPIKE_BASE_MINUTES = 50
SPIKE_HOLE_DISTANCE = 2 * MINUTE


class StopTerm(StrEnum):
    """What set a stop where it is."""

    STRUCTURE = "structure"
    ATR = "ATR"
    SPREAD = "spread"
    CHARGES = "charges"
    TRAIL = "trail"
    SPIKE = "spike"
    BREAKEVEN = "breakeven"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class StopPlan:
    """Where the first stop of a trade goes. Prices and distances in paise."""

    trigger: Paise
    limit: Paise
    """The worst price the triggered stop may fill at."""
    distance: Paise
    """From the signal price to the trigger: R per unit before the fill."""
    term: StopTerm
    terms: tuple[tuple[StopTerm, Paise], ...]
    """Every term's distance, the largest wins."""


@dataclass(frozen=True, slots=True)
class StopState:
    """The stop of one open trade. ``side`` is the side of the entry; the stop order has the opposite one."""

    side: Side
    tick: Paise
    entry: Paise
    """Average fill price, rounded against us."""
    trigger: Paise
    limit: Paise
    risk: Paise
    """R per unit: from the entry to the first trigger, paise."""
    term: StopTerm
    moved_at: Instant
    best: Paise
    """Most favourable mark since the fill."""
    opened_at: Instant
    """When it was filled, by the exchange's clock."""
    trailing: bool = False
    band: PriceBand | None = None

    @property
    def locked(self) -> Fraction:
        """Return what the trigger locks in, in R; negative while it is behind the entry."""
        return Fraction((self.trigger - self.entry) * self.side.sign, self.risk)


class Stage12Controller:
    """Sets and tightens stops by the settings of the section ``stop``."""

    def __init__(self, settings: config.Stop) -> None:
        self._atr_multiple = exact(settings.atr_multiple)
        self._spread_multiple = exact(settings.spread_multiple)
        self._charges_multiple = exact(settings.charges_multiple)
        self._max_part = exact(settings.max_pct) / 100
        self._limit_buffer = exact(settings.limit_buffer_pct) / 100
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
        terms = [
            (StopTerm.ATR, ceiling(self._atr_multiple * atr)),
            (StopTerm.SPREAD, ceiling(self._spread_multiple * median_spread)),
            (StopTerm.CHARGES, ceiling(self._charges_multiple * charges_per_unit)),
        ]
        if structure is not None:
            away = (price - structure) * side.sign
            if away <= 0:
                return StopRefusal(
                    Code.STOP_WRONG_SIDE,
                    f"{side} at {rupees(price)}: structure {rupees(structure)} is not behind the price",
                )
            terms.insert(0, (StopTerm.STRUCTURE, away))
        term, distance = max(terms, key=lambda pair: pair[1])
        part = self._max_part * (OPTION_BOUND_FACTOR if instrument.is_option else 1)
        if distance > part * price:
            return StopRefusal(
                Code.STOP_TOO_WIDE,
                f"{term} asks {rupees(distance)}, {float(Fraction(distance * 100, price)):.2f}% of the price"
                f" (limit {float(part * 100):g}%)",
            )
        trigger = _towards_market(side, price - side.sign * distance, instrument.tick)
        if (price - trigger) * side.sign < instrument.tick:
            trigger = _away_from_market(side, price - side.sign * instrument.tick, instrument.tick)
        if trigger <= 0 or (band is not None and not band.lower <= trigger <= band.upper):
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND,
                f"stop {rupees(trigger)} lies where the exchange takes no order",
            )
        return StopPlan(
            trigger=trigger,
            limit=self.stop_limit(side, trigger, instrument.tick, band),
            distance=(price - trigger) * side.sign,
            term=term,
            terms=tuple(terms),
        )

    def typed(
        self,
        instrument: Instrument,
        side: Side,
        price: Paise,
        trigger: Paise,
        *,
        least: Paise,
        band: PriceBand | None = None,
    ) -> StopPlan | StopRefusal:
        """Return a stop at a trigger that a person typed for a position of ``side``, or why it cannot stand there.

        ``price`` is where the position could be left now; ``least`` is how near to it a stop may lie, paise.
        """
        distance = (price - trigger) * side.sign
        if trigger <= 0 or trigger % instrument.tick:
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND,
                f"expected a stop on the tick of {rupees(instrument.tick)}, got {rupees(trigger)}",
            )
        if distance < least:
            return StopRefusal(
                Code.STOP_WRONG_SIDE,
                f"stop {rupees(trigger)} is not {rupees(least)} behind the market at {rupees(price)}",
            )
        if band is not None and not band.lower <= trigger <= band.upper:
            return StopRefusal(
                Code.STOP_OUTSIDE_BAND, f"stop {rupees(trigger)} lies where the exchange takes no order"
            )
        limit = self.stop_limit(side, trigger, instrument.tick, band)
        return StopPlan(trigger, limit, distance, StopTerm.MANUAL, ((StopTerm.MANUAL, distance),))

    def stop_limit(self, side: Side, trigger: Paise, tick: Paise, band: PriceBand | None) -> Paise:
        """Return the limit price beyond a trigger, away from the entry ``side``, on the tick and in the band."""
        limit = _away_from_market(side, trigger - side.sign * ceiling(self._limit_buffer * trigger), tick)
        limit = max(limit, tick)
        return limit if band is None else band.clamp(limit, tick)

    def hold(
        self,
        plan: StopPlan,
        side: Side,
        tick: Paise,
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
        entry = ceiling(Fraction(entry_value, quantity)) if side is Side.BUY else entry_value // quantity
        return StopState(
            side=side,
            tick=tick,
            entry=entry,
            trigger=plan.trigger,
            limit=plan.limit,
            risk=max(tick, (entry - plan.trigger) * side.sign),
            term=plan.term,
            moved_at=now,
            best=entry,
            opened_at=opened_at,
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
            for candidate in (self._trail_candidate(state, context), _spike_candidate(state, context))
            if candidate is not None
        ]
        if not found:
            return state
        trigger, term = max(found, key=lambda pair: pair[0] * state.side.sign)
        gain = (trigger - state.trigger) * state.side.sign
        if gain <= 0 or gain < self._min_step * state.risk or _inside_spread(state, trigger, bid, ask):
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
        return self._tightened(state, price, StopTerm.MANUAL, bid, ask, now)

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
        if bid is None or ask is None:
            return StopRefusal(Code.NO_BOOK, "no fresh book: a stop is only moved against a known spread")
        if _inside_spread(state, trigger, bid, ask):
            return StopRefusal(
                Code.INSIDE_SPREAD,
                f"stop {rupees(trigger)} would lie at or inside the spread {rupees(bid)}–{rupees(ask)}",
            )
        return self._moved(state, trigger, term, now)

    def _moved(self, state: StopState, trigger: Paise, term: StopTerm, now: Instant) -> StopState:
        limit = self.stop_limit(state.side, trigger, state.tick, state.band)
        return replace(state, trigger=trigger, limit=limit, term=term, moved_at=now)

    def _trail_candidate(self, state: StopState, context: Context) -> tuple[Paise, StopTerm] | None:
        if not state.trailing or context.atr is None or len(context.five_minutes) < STRUCTURE_BARS:
            return None
        structure = _far_side(state, context.five_minutes[-STRUCTURE_BARS:])
        volatility = state.best - state.side.sign * ceiling(self._atr_multiple * context.atr)
        wider = min(structure, volatility, key=lambda price: price * state.side.sign)
        return _towards_market(state.side, wider, state.tick), StopTerm.TRAIL


def _spike_candidate(state: StopState, context: Context) -> tuple[Paise, StopTerm] | None:
    """Return the far side of two consecutive minutes of extreme, reliably placed volume since the entry."""
    count = SPIKE_BASE_MINUTES + 2
    bars, volumes = context.minutes[-count:], context.placed_volumes[-count:]
    if len(bars) < count or len(volumes) != len(bars):
        return None
    spike = bars[-2:]
    if spike[1].start - spike[0].start != MINUTE or spike[0].start < state.opened_at - MINUTE:
        return None
    if _near_hole(context.holes, spike[0].start):
        return None
    base = sum(volumes[:-2])
    if min(volumes[-2:]) * SPIKE_BASE_MINUTES <= SPIKE_MULTIPLE * base:
        return None
    return _towards_market(state.side, _far_side(state, spike), state.tick), StopTerm.SPIKE


def _near_hole(holes: tuple[Hole, ...], start: Instant) -> bool:
    return any(hole.end > start - SPIKE_HOLE_DISTANCE for hole in holes)


def _far_side(state: StopState, bars: tuple[Bar, ...]) -> Paise:
    if state.side is Side.BUY:
        return min(bar.low for bar in bars) - state.tick
    return max(bar.high for bar in bars) + state.tick


def _inside_spread(state: StopState, trigger: Paise, bid: Paise, ask: Paise) -> bool:
    return trigger >= bid if state.side is Side.BUY else trigger <= ask


def _towards_market(side: Side, trigger: Paise, tick: Paise) -> Paise:
    return tick_up(trigger, tick) if side is Side.BUY else tick_down(trigger, tick)


def _away_from_market(side: Side, price: Paise, tick: Paise) -> Paise:
    return tick_down(price, tick) if side is Side.BUY else tick_up(price, tick)
