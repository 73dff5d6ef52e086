"""What the market did afterwards: for half an hour behind each exit, and behind each signal that became no trade.

An update of an instrument that nothing is watched in costs one look into a dictionary. Watches are bounded in number
and time; a watch that would be one too many is not kept, and the story says that nothing was recorded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.core.decision import Decision
from engine.core.market_state import MarketState
from engine.core.story_records import (
    AFTER_EXIT,
    LONGEST_AFTER,
    WOULD_HAVE,
    AfterExit,
    WouldHave,
    WouldHaveEnd,
)
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.ledger_facts import Record
from engine.orders.trade import MANUAL, Trade

AFTER_MINUTES: Final = (1, 5, 15, LONGEST_AFTER)
"""After an exit the market is looked at once each of these is over."""
WATCHED_FOR: Final = 60 * MINUTE
"""Longest watch of a signal that became no trade."""
MOST_WATCHES: Final = 8
"""Of each kind in one instrument at a time."""
ENDED: Final = "the market ended"
CLOSED: Final = "the session ended"


@dataclass(slots=True)
class _Seen:
    """What an instrument's watches were shown last: most updates bring the same price again."""

    price: Paise = 0
    """0 has the next update shown to all of them."""
    due: Instant = 0
    """Before this arrival nothing is over by time alone."""


@dataclass(slots=True)
class _After:
    """The market behind one exit."""

    trade: str
    start: Instant
    over: int = 0
    """How many of the minutes are."""
    high: Paise | None = None
    low: Paise | None = None
    last: Paise | None = None

    def see(self, price: Paise) -> None:
        self.high = price if self.high is None else max(self.high, price)
        self.low = price if self.low is None else min(self.low, price)
        self.last = price

    @property
    def due(self) -> Instant:
        """When the next of the minutes are over."""
        return self.start + AFTER_MINUTES[min(self.over, len(AFTER_MINUTES) - 1)] * MINUTE

    def pass_to(self, arrival: Instant, *, cut: str = "") -> Iterator[AfterExit]:
        """Yield what is over by an arrival; all the rest where it is cut."""
        while self.over < len(AFTER_MINUTES):
            minutes = AFTER_MINUTES[self.over]
            passed = arrival >= self.start + minutes * MINUTE
            if not passed and not cut:
                return
            self.over += 1
            yield AfterExit(self.trade, minutes, self.high, self.low, self.last, "" if passed else cut)


@dataclass(slots=True)
class _Would:
    """A trade that may never be made, from its signal on."""

    decision: str
    side: Side
    price: Paise
    stop: Paise
    target: Paise | None
    start: Instant
    high: Paise
    low: Paise
    last: Paise
    trade: str = ""
    """The trade that its entry may still become."""
    end: WouldHaveEnd | None = None
    at: Instant = 0
    leaves: Paise = 0

    def see(self, price: Paise, arrival: Instant) -> bool:
        """Take in a price; return whether it ends the watch."""
        if self.end is not None:
            return False
        self.last, self.high, self.low = price, max(self.high, price), min(self.low, price)
        sign = self.side.sign
        if (price - self.stop) * sign <= 0:
            self.finish(WouldHaveEnd.STOP, arrival, price)
        elif self.target is not None and (price - self.target) * sign >= 0:
            self.finish(WouldHaveEnd.TARGET, arrival, self.target)
        return self.end is not None

    def finish(self, end: WouldHaveEnd, arrival: Instant, leaves: Paise) -> None:
        if self.end is None:
            self.end, self.at, self.leaves = end, arrival, leaves

    def record(self) -> WouldHave | None:
        """Return what became of it; None while that is open, or while its entry may still make a trade of it."""
        if self.end is None or self.trade:
            return None
        return WouldHave(
            decision=self.decision,
            side=self.side,
            price=self.price,
            stop=self.stop,
            target=self.target,
            end=self.end,
            at=self.at,
            leaves=self.leaves,
            high=self.high,
            low=self.low,
        )


class Aftermath:
    """Owns the watches; each ends with a record, and nothing else comes of it."""

    def __init__(self, market_state: MarketState, record: Callable[[Record], None]) -> None:
        self._market_state = market_state
        self._record = record
        self._after: dict[str, list[_After]] = {}
        self._would: dict[str, list[_Would]] = {}
        self._watched: dict[str, _Seen] = {}
        """Instruments with a watch of either kind."""

    def moved(self, update: MarketUpdate, now: Instant) -> None:
        """Take in one accepted update."""
        key = update.instrument
        seen = self._watched.get(key)
        if seen is None or update.auction or (update.last == seen.price and update.arrival < seen.due):
            return
        over = False
        for after in self._after.get(key, ()):
            over = self._tell_after(after, update.arrival, now) or over
            after.see(update.last)
        for would in self._would.get(key, ()):
            over = would.see(update.last, update.arrival) or over
        if over:
            self._tidy(key, now)
        seen.price = update.last
        seen.due = min((one.due for one in self._after.get(key, ())), default=update.arrival + WATCHED_FOR)

    def look(self, now: Instant) -> None:
        """Keep the time of watches in instruments that are silent; asked about once a minute."""
        arrival, time = self._market_state.arrival_time(now), self._market_state.market_time(now)
        for key in tuple(self._watched):
            kind = self._market_state.instruments[key].kind
            shut = time >= self._market_state.day.close(kind)
            for after in self._after.get(key, ()):
                self._tell_after(after, arrival, now, cut=CLOSED if shut else "")
            for would in self._would.get(key, ()):
                if time >= self._market_state.day.flat_by(kind):
                    would.finish(WouldHaveEnd.FLAT_BY, arrival, would.last)
                elif arrival >= would.start + WATCHED_FOR:
                    would.finish(WouldHaveEnd.TIME, arrival, would.last)
            self._tidy(key, now)

    def end(self, now: Instant) -> None:
        """End every watch: the market has no more updates. An entry that still works is left to its own end."""
        arrival = self._market_state.arrival_time(now)
        for key in tuple(self._watched):
            for after in self._after.get(key, ()):
                self._tell_after(after, arrival, now, cut=ENDED)
            for would in self._would.get(key, ()):
                would.finish(WouldHaveEnd.FEED, arrival, would.last)
            self._tidy(key, now)

    def decided(self, decision: Decision, now: Instant) -> None:
        """Watch a setup's priced signal from its first word on, and learn which trade it may become."""
        if decision.side is None or not decision.price or not decision.stop or decision.setup == MANUAL:
            return
        watches = self._would.setdefault(decision.instrument, [])
        known = next((one for one in watches if one.decision == decision.id), None)
        if known is None:
            behind = (decision.price - decision.stop) * decision.side.sign > 0
            if len(watches) >= MOST_WATCHES or not behind or not self._knows(decision.instrument):
                return
            kind = self._market_state.instruments[decision.instrument].kind
            if self._market_state.market_time(now) >= self._market_state.day.flat_by(kind):
                return
            start = self._market_state.arrival_time(now)
            price = decision.price
            known = _Would(
                decision.id,
                decision.side,
                price,
                decision.stop,
                decision.target_1 or None,
                start,
                price,
                price,
                price,
            )
            watches.append(known)
            self._watched[decision.instrument] = _Seen()
        if decision.taken:
            known.trade = decision.trade

    def filled(self, trade: Trade) -> None:
        """Forget what would have become of a signal: there is a trade of it."""
        watches = self._would.get(trade.instrument)
        if watches:
            watches[:] = [one for one in watches if one.trade != trade.id]
            self._forget_if_idle(trade.instrument)

    def unfilled(self, trade: Trade, now: Instant) -> None:
        """Learn that an entry ended without a fill: its signal was missed."""
        for would in self._would.get(trade.instrument, ()):
            if would.trade == trade.id:
                would.trade = ""
        self._tidy(trade.instrument, now)

    def closed(self, trade: Trade, now: Instant) -> None:
        """Watch the market behind an exit."""
        watches = self._after.setdefault(trade.instrument, [])
        if len(watches) < MOST_WATCHES and self._knows(trade.instrument):
            watches.append(_After(trade.id, self._market_state.arrival_time(now)))
            self._watched[trade.instrument] = _Seen()

    def _knows(self, instrument: str) -> bool:
        return instrument in self._market_state.instruments

    def _tell_after(self, after: _After, arrival: Instant, now: Instant, cut: str = "") -> bool:
        """Write down what is over of one watch; return whether all of it is."""
        for one in after.pass_to(arrival, cut=cut):
            self._record(Record(AFTER_EXIT, f"{one.trade}:{one.minutes}", now, one))
        return after.over == len(AFTER_MINUTES)

    def _tidy(self, key: str, now: Instant) -> None:
        """Write down what is over in an instrument, and forget it."""
        after = self._after.get(key)
        if after and any(one.over == len(AFTER_MINUTES) for one in after):
            after[:] = [one for one in after if one.over < len(AFTER_MINUTES)]
        would = self._would.get(key)
        if would and any(one.end is not None and not one.trade for one in would):
            for one in would:
                told = one.record()
                if told is not None:
                    self._record(Record(WOULD_HAVE, told.decision, now, told))
            would[:] = [one for one in would if one.end is None or one.trade]
        self._forget_if_idle(key)

    def _forget_if_idle(self, key: str) -> None:
        if not self._after.get(key) and not self._would.get(key):
            self._watched.pop(key, None)
