"""What happens to open trades as the market moves: targets watched, stops trailed, the day's clock kept."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import msgspec

import config
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.core.account import Account
from engine.core.market_state import MarketState
from engine.market.clock import MINUTE, Instant, datetime_of
from engine.market.figures import rupees, signed_units
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.update import MarketUpdate
from engine.orders.changes import is_worn
from engine.orders.manager import OrderManager
from engine.orders.news import Topic
from engine.orders.quote import Quote
from engine.orders.targets import aim, reached, worst_price
from engine.orders.trade import Mode, PartialExit, Trade
from engine.risk.denial import Code, StopRefusal
from engine.risk.exact import exact
from engine.risk.sizing import check_fill
from engine.risk.stop_controller import Stage12Controller, StopState

FLAT_BY: Final = "flat by"
WARN_AHEAD: Final = (5, 10)
"""Minutes before flat-by at which an open position is spoken of; the nearest first."""

HALF: Final = "half by hand"
OVERSIZED: Final = "more risk than the budget"


class TradeManager:
    """Decides when a trade takes its target, moves its stop or must be closed for the day."""

    def __init__(
        self,
        exits: config.ExitSettings,
        market: Auctions,
        manager: OrderManager,
        account: Account,
        market_state: MarketState,
        stops: Stage12Controller,
    ) -> None:
        self._share = exact(exits.t1_share_pct)
        self._market = market
        self._manager = manager
        self._account = account
        self._market_state = market_state
        self.stops = stops
        self._contexts: dict[str, Context] = {}
        self._breakeven: dict[str, None] = {}
        self._late: dict[str, None] = {}
        self._warned: dict[str, int] = {}

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What is followed."""
        return self._market.instruments

    def refresh(self, key: str) -> None:
        """Forget the cached reading of an instrument: a bar has closed."""
        self._contexts.pop(key, None)

    def moved(self, trade: Trade, update: MarketUpdate, now: Instant, *, reading: bool) -> None:
        """Look at one held trade after an update of its instrument; ``reading`` says that it tells of a new book."""
        if trade.aimed is not None and trade.stop is not None:
            if (update.last - trade.stop.trigger) * trade.side.sign <= 0:
                self._manager.leave(trade.instrument, "stop", now)
            return
        if trade.mode is not Mode.HOLD or not trade.open or trade.stop is None:
            return
        if reading and now >= trade.part_after and self._at_target(trade, now):
            return
        self._trail(trade, now)

    def _at_target(self, trade: Trade, now: Instant) -> bool:
        """Begin to take what a target is for; return whether one is reached."""
        quote = self._market_state.quote(trade.instrument, now)
        if reached(trade.target_2, trade.side, quote) and trade.target_2 is not None:
            self._aim(trade, "T2", self._limit(trade, trade.target_2, quote), now)
        elif trade.target_1 is not None and trade.part is None and not trade.t1_done:
            if not reached(trade.target_1, trade.side, quote):
                return False
            self._take_part(trade, self._limit(trade, trade.target_1, quote), now)
        else:
            return False
        return True

    def _limit(self, trade: Trade, target: Paise, quote: Quote) -> Paise:
        return worst_price(target, trade.side, quote, self._market.instruments[trade.instrument].tick)

    def _aim(self, trade: Trade, reason: str, limit: Paise, now: Instant) -> None:
        self._manager.change(aim(trade, reason, limit, now), now)

    def _take_part(self, trade: Trade, limit: Paise, now: Instant) -> None:
        lot = self._market.instruments[trade.instrument].lot
        lots = trade.open_quantity // lot
        share = int(lots * self._share // 100)
        if self._share == 0:
            self._manager.portfolio.put(msgspec.structs.replace(trade, t1_done=True))
            return
        quantity = trade.open_quantity if lots <= 1 else trade.part_left or max(share, 1) * lot
        if quantity >= trade.open_quantity:
            self._aim(trade, "T1", limit, now)
            return
        self.take(trade, quantity, "T1", now, limit)

    def take(self, trade: Trade, quantity: int, reason: str, now: Instant, limit: Paise = 0) -> None:
        """Begin to take a part of a trade, a target's no worse than ``limit``; the whole of it is an exit."""
        if quantity >= trade.open_quantity:
            self._manager.leave(trade.instrument, reason, now)
            return
        part = PartialExit(quantity=quantity, reason=reason, started_at=now, limit=limit)
        self._manager.change(msgspec.structs.replace(trade, part=part), now)

    def fit(self, trade: Trade, now: Instant) -> None:
        """Close what a protected trade risks beyond the budget of one trade as it was really filled, in whole lots.

        Filled at its limit or better a trade fits; it does not where a limit was tightened meanwhile.
        """
        held = self._manager.portfolio.get(trade.id)
        if held is None or held.mode is not Mode.HOLD or held.part is not None or held.external:
            return
        instrument = self._market.instruments.get(held.instrument)
        if instrument is None or held.stop is None or not held.open:
            return
        check = check_fill(
            instrument,
            held.side,
            quantity=held.open_quantity,
            filled_value=held.entry_value * held.open_quantity // held.entry_quantity,
            counted=held.stop.counted,
            budget=self._account.limits.budget,
        )
        if check.excess:
            self._manager.report(
                Topic.WARNING,
                held.instrument,
                f"filled, it risks {rupees(check.risk)}: closing {check.excess} units beyond the budget",
            )
            self.take(held, check.excess, OVERSIZED, now)

    def half(self, trade: Trade, now: Instant) -> int:
        """Take half of a trade in whole lots, rounded down; return the units, 0 when it has one lot only."""
        lot = self._market.instruments[trade.instrument].lot
        quantity = trade.open_quantity // lot // 2 * lot
        if quantity:
            self.take(trade, quantity, HALF, now)
        return quantity

    def part_taken(self, trade: Trade) -> None:
        """Remember that the first target was taken: the stop goes to breakeven plus costs."""
        self._breakeven[trade.id] = None

    def _trail(self, trade: Trade, now: Instant) -> None:
        state = trade.stop
        if state is None:
            return
        quote = self._market_state.quote(trade.instrument, now)
        bid, ask = (quote.bid, quote.ask) if quote.fresh else (None, None)
        if trade.id in self._breakeven and trade.part is None:
            moved = self.to_breakeven(trade, now)
            if isinstance(moved, StopState):
                return
            if moved.code in (Code.WIDENS, Code.NOT_READY):
                self._breakeven.pop(trade.id, None)
        if is_worn(self._manager.orders.of(trade), trade.id):
            return
        context = self._contexts.get(trade.instrument)
        if context is None:
            context = self._contexts[trade.instrument] = self._market.context(trade.instrument)
        trailed = self.stops.trail(
            state, context, bid=bid, ask=ask, mark=self._account.marking.settled(trade), now=now
        )
        if trailed is state:
            return
        changed = msgspec.structs.replace(trade, stop=trailed)
        if trailed.trigger == state.trigger:
            self._manager.portfolio.put(changed)
        else:
            self._manager.change(changed, now)

    def to_breakeven(self, trade: Trade, now: Instant) -> StopState | StopRefusal:
        """Tighten the stop to entry plus costs; return it, or why it cannot go there now."""
        if trade.stop is None or not trade.open:
            return StopRefusal(Code.NOT_READY, "nothing is held")
        quote = self._market_state.quote(trade.instrument, now)
        instrument = self._market.instruments[trade.instrument]
        cost = self._account.cost(instrument, trade.side)
        quantity = trade.open_quantity
        moved = self.stops.breakeven(
            trade.stop,
            charges_per_unit=Fraction(cost(quantity, trade.stop.entry, trade.stop.entry), quantity),
            bid=quote.bid if quote.fresh else None,
            ask=quote.ask if quote.fresh else None,
            now=now,
        )
        return self._take_stop(trade, moved, now)

    def tighten(self, trade: Trade, price: int, now: Instant) -> StopState | StopRefusal:
        """Move the stop to a wished trigger, only closer; return it, or why it cannot go there now."""
        if trade.stop is None or not trade.open:
            return StopRefusal(Code.NOT_READY, "nothing is held")
        quote = self._market_state.quote(trade.instrument, now)
        bid, ask = (quote.bid, quote.ask) if quote.fresh else (None, None)
        return self._take_stop(trade, self.stops.tighten(trade.stop, price, bid=bid, ask=ask, now=now), now)

    def _take_stop(
        self, trade: Trade, moved: StopState | StopRefusal, now: Instant
    ) -> StopState | StopRefusal:
        if isinstance(moved, StopState):
            self._breakeven.pop(trade.id, None)
            self._manager.change(msgspec.structs.replace(trade, stop=moved), now)
        return moved

    def clock(self, now: Instant) -> None:
        """Close what the time of day no longer allows; a position after flat-by is an alarm."""
        time = self._market_state.market_time(now)
        for trade in self._manager.portfolio.running():
            instrument = self._market.instruments.get(trade.instrument)
            if instrument is None:
                continue
            if trade.open:
                self._warn(trade, instrument, time)
            if time < self._market_state.day.flatten_start(instrument.kind):
                continue
            if trade.mode is Mode.HOLD or trade.aimed is not None:
                self._manager.leave(trade.instrument, FLAT_BY, now, clears=True)
            late = trade.open and time >= self._market_state.day.flat_by(instrument.kind)
            if late and trade.id not in self._late:
                self._late[trade.id] = None
                self._manager.report(
                    Topic.DANGER,
                    trade.instrument,
                    f"{signed_units(trade.signed)} units are still held after flat-by",
                )

    def _warn(self, trade: Trade, instrument: Instrument, time: Instant) -> None:
        """Say once each, ten and five minutes ahead, that the position will be closed."""
        flat_by = self._market_state.day.flat_by(instrument.kind)
        left = next((minutes for minutes in WARN_AHEAD if time >= flat_by - minutes * MINUTE), None)
        if left is None or time >= flat_by or self._warned.get(trade.id) == left:
            return
        self._warned[trade.id] = left
        clock = datetime_of(flat_by).strftime("%H:%M")
        self._manager.report(Topic.WARNING, trade.instrument, f"flat by {clock}, in {left} minutes")

    def next_clock(self, now: Instant) -> Instant | None:
        """Return when the day's clock next demands something of a running trade."""
        wakes = []
        time = self._market_state.market_time(now)
        for trade in self._manager.portfolio.running():
            instrument = self._market.instruments.get(trade.instrument)
            if instrument is None:
                continue
            for moment in (
                self._market_state.day.flatten_start(instrument.kind),
                self._market_state.day.flat_by(instrument.kind),
            ):
                when = self._market_state.when(moment, now) if moment > time else None
                if when is not None:
                    wakes.append(when)
        return min(wakes, default=None)
