"""The session cut into brackets, with the day's range and the initial balance that come from the same packets.

Last prices alone miss a third of all bracket extremes, so the feed's day bar and completed minutes count too.
"""

from typing import Final

from engine.auction.profile.tpo_profile import Bracket
from engine.auction.values.context import InitialBalance
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.update import Bar

OPENING: Final = 5 * MINUTE
"""Length of the opening range."""


class Brackets:
    """Brackets of one continuous session. Lengths and times in microseconds, prices in paise."""

    __slots__ = (
        "_by_index",
        "_first",
        "_previous",
        "_whole_from",
        "balance_end",
        "balance_high",
        "balance_low",
        "clock",
        "ended_at",
        "from_open",
        "high",
        "hour_end",
        "length",
        "low",
        "next_end",
        "opening_end",
        "opening_high",
        "opening_low",
        "session_close",
        "session_open",
    )

    def __init__(
        self, session_open: Instant, session_close: Instant, *, bracket_minutes: int, balance_minutes: int
    ) -> None:
        self.session_open = session_open
        self.session_close = session_close
        self.length = bracket_minutes * MINUTE
        self.balance_end = session_open + balance_minutes * MINUTE
        self.hour_end = session_open + 60 * MINUTE
        """Until when an open type may still change."""
        self.opening_end = session_open + OPENING
        self.opening_high: Paise | None = None
        self.opening_low: Paise | None = None
        self.ended_at: Instant = session_open
        """End of the newest bracket that traded and is over."""
        self.high: Paise | None = None
        self.low: Paise | None = None
        self.balance_high: Paise | None = None
        self.balance_low: Paise | None = None
        self.clock: Instant = session_open
        """How far trades and completed minutes show the session to have gone."""
        self.next_end = min(session_open + self.length, session_close)
        self._by_index: dict[int, Bracket] = {}
        self.from_open = True
        """Whether the record reaches back to the first minute, by packets or by a seed's minutes."""
        self._first = 0
        self._whole_from = 0
        self._previous = -1

    @property
    def brackets(self) -> list[Bracket]:
        """The brackets that traded, oldest first."""
        return [self._by_index[index] for index in sorted(self._by_index)]

    @property
    def traded(self) -> int:
        """How many brackets have traded."""
        return len(self._by_index)

    @property
    def initial_balance(self) -> InitialBalance | None:
        """The first hour's range; None when our record began after it."""
        if self.balance_low is None or self.balance_high is None:
            return None
        return InitialBalance(self.balance_low, self.balance_high, self.clock >= self.balance_end)

    def is_complete(self, bracket: Bracket) -> bool:
        """Say whether a bracket is over and was seen whole."""
        return bracket.whole and self.clock >= self.end_of(bracket)

    def end_of(self, bracket: Bracket) -> Instant:
        """Return the end of a bracket; the last one ends with the session."""
        return min(self.session_open + (bracket.index + 1) * self.length, self.session_close)

    def start_late(self, time: Instant) -> None:
        """Say that the record begins here: earlier brackets are unknown and this one is not seen whole.

        The first bracket is: the day bar makes up for what was missed of it.
        """
        self.from_open = False
        self._first = (time - self.session_open) // self.length
        self._whole_from = self._first + 1 if self._first else 0

    def trade(self, time: Instant, price: Paise, day: Bar | None) -> None:
        """Take a packet of the session: its last price and, if it carried one, the day bar.

        A new day extreme belongs to the packet's bracket when the packet before it lay in the same one; in the
        first bracket it always does, which also makes up for a late start.
        """
        index = (time - self.session_open) // self.length
        bracket = self._by_index.get(index)
        if bracket is None:
            bracket = Bracket(index, price, price, whole=index >= self._whole_from)
            self._by_index[index] = bracket
        elif price > bracket.high:
            bracket.high = price
        elif price < bracket.low:
            bracket.low = price
        if not bracket.closed_by_bar:
            bracket.close = price
        high, low = (price, price) if day is None else (max(day.high, price), min(day.low, price))
        if self.high is None or high > self.high:
            self.high = high
            if index in (0, self._previous) and high > bracket.high:
                bracket.high = high
        if self.low is None or low < self.low:
            self.low = low
            if index in (0, self._previous) and low < bracket.low:
                bracket.low = low
        self._previous = index
        if time < self.balance_end:
            self.balance_high = self.high
            self.balance_low = self.low
            if time < self.opening_end:
                self.opening_high = self.high
                self.opening_low = self.low

    def widen(self, price: Paise, day: Bar | None) -> None:
        """Take the day's range from a packet whose time lies before the record: no bracket was seen of that."""
        high, low = (price, price) if day is None else (max(day.high, price), min(day.low, price))
        self.high = high if self.high is None else max(self.high, high)
        self.low = low if self.low is None else min(self.low, low)

    def correct(self, bar: Bar) -> None:
        """Take a completed minute: its extremes belong to the bracket it lies in, unless we were not there yet."""
        index = (bar.start - self.session_open) // self.length
        if index < self._first:
            return
        bracket = self._by_index.get(index)
        if bracket is None:
            whole = index >= self._whole_from
            bracket = self._by_index[index] = Bracket(index, bar.low, bar.high, whole=whole)
        bracket.high = max(bracket.high, bar.high)
        bracket.low = min(bracket.low, bar.low)
        end = self.end_of(bracket)
        if bar.start + MINUTE >= end:
            bracket.close = bar.close
            bracket.closed_by_bar = True
        elif bracket.close is None:
            bracket.close = bar.close
        self.high = bar.high if self.high is None else max(self.high, bar.high)
        self.low = bar.low if self.low is None else min(self.low, bar.low)
        if self.balance_high is not None and self.balance_low is not None and bar.start < self.balance_end:
            self.balance_high = max(self.balance_high, bar.high)
            self.balance_low = min(self.balance_low, bar.low)
        if bar.start < self.opening_end:
            self.opening_high = max(bar.high, self.opening_high or bar.high)
            self.opening_low = min(bar.low, self.opening_low or bar.low)

    def seed(self, minutes: tuple[Bar, ...], day: Bar, until: Instant) -> None:
        """Take the session's past from its completed minutes and its day bar up to ``until``.

        Minutes that do not reach back to the open leave the bracket they begin in partial and the balance unknown.
        """
        self._begin_with(minutes, until)
        for bar in minutes:
            self.correct(bar)
            bracket = self._by_index[(bar.start - self.session_open) // self.length]
            bracket.close = bar.close
        self.high = day.high if self.high is None else max(self.high, day.high)
        self.low = day.low if self.low is None else min(self.low, day.low)
        opening = self._by_index.get(0)
        self._previous = (until - self.session_open) // self.length
        if self._previous == 0 and opening is not None:
            opening.widen(day.low, day.high)
        if until < self.balance_end:
            self.balance_high, self.balance_low = self.high, self.low
        elif self.from_open:
            first_hour = [bar for bar in minutes if bar.start < self.balance_end]
            if first_hour:
                self.balance_high = max(bar.high for bar in first_hour)
                self.balance_low = min(bar.low for bar in first_hour)
        self.advance(until)

    def _begin_with(self, minutes: tuple[Bar, ...], until: Instant) -> None:
        begins = minutes[0].start if minutes else until
        index, since = divmod(begins - self.session_open, self.length)
        if minutes and index == 0 and since < MINUTE:
            return
        if not minutes:
            self.start_late(until)
            return
        self.from_open = False
        self._first = index
        self._whole_from = index + (since > 0)

    def advance(self, instant: Instant) -> bool:
        """Move the session's clock on; say whether a bracket that traded came to its end."""
        if instant <= self.clock:
            return False
        self.clock = min(instant, self.session_close)
        if self.clock < self.next_end:
            return False
        ended = False
        while self.next_end <= self.clock:
            if (self.next_end - self.session_open - 1) // self.length in self._by_index:
                ended = True
                self.ended_at = self.next_end
            self.next_end += self.length
            if self.next_end - self.length < self.session_close < self.next_end:
                self.next_end = self.session_close
        return ended
