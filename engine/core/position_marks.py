"""The marks of what is held: the newest for the screen, the believed ones for limits, the settled ones for trails."""

from collections.abc import Iterable, Mapping

from engine.core.market_state import BookChange, MarketState
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.trade import Trade
from engine.risk.marks import Mark, MarkState, mark_position
from engine.risk.readings import Readings, at_circuit, locked_price


class Marking:
    """Owns the readings of every open trade since it is held; looks of a screen change nothing."""

    def __init__(self, market_state: MarketState, instruments: Mapping[str, Instrument]) -> None:
        self._market_state = market_state
        self._instruments = instruments
        self._readings: dict[str, Readings] = {}
        self._states: dict[str, MarkState] = {}
        self._furthest: dict[str, tuple[Paise, Paise]] = {}

    def take(self, trade: Trade, seen: BookChange) -> None:
        """Take in what the newest packet of an open trade's instrument showed."""
        update = self._market_state.update(trade.instrument)
        if update is None or not seen.reading:
            return
        levels = update.bids if trade.side is Side.BUY else update.asks
        touch = levels[0][0] if levels else None
        known = self._readings.get(trade.id, Readings())
        readings = known.read(touch, update.arrival, changed=seen is BookChange.CHANGED)
        self._readings[trade.id] = readings
        if touch is not None:
            self._reach(trade, readings)

    def _reach(self, trade: Trade, readings: Readings) -> None:
        """Move how far a trade went to what three readings agree on: one odd book is no excursion."""
        good, bad = readings.settled(trade.side), readings.believed(trade.side, stood=False)
        if good is None or bad is None:
            return
        known = self._furthest.get(trade.id)
        if known is not None:
            if trade.side is Side.BUY:
                good, bad = max(good, known[0]), min(bad, known[1])
            else:
                good, bad = min(good, known[0]), max(bad, known[1])
        self._furthest[trade.id] = (good, bad)

    def furthest(self, trade: str) -> tuple[Paise, Paise] | None:
        """Return the best and the worst price a held trade could have been left at; None while too few were read."""
        return self._furthest.get(trade)

    def forget(self, trade: Trade) -> None:
        """Forget a trade that is flat."""
        self._readings.pop(trade.id, None)
        self._states.pop(trade.id, None)
        self._furthest.pop(trade.id, None)

    def mark(self, trade: Trade, now: Instant) -> Mark:
        """Return what a trade would be left at now, by the newest book."""
        quote = self._market_state.quote(trade.instrument, now)
        readings = self._readings.get(trade.id, Readings())
        touch = quote.bid if trade.side is Side.BUY else quote.ask
        return mark_position(
            touch=touch,
            fresh=quote.fresh,
            last_touch=readings.touches[-1] if readings.touches else None,
            locked=self._locked(trade, readings),
            seen_at=readings.seen_at if touch is None else quote.time,
        )

    def believed(self, trade: Trade) -> Paise | None:
        """Return the price a limit goes by; None while nothing of the trade may trip one."""
        readings = self._readings.get(trade.id, Readings())
        locked = self._locked(trade, readings)
        if locked is not None:
            return locked
        return readings.believed(trade.side, stood=self._market_state.stood(trade.instrument, readings.since))

    def middle(self, trade: Trade) -> Paise | None:
        """Return the price a marked drawdown goes by; None while too few books were read."""
        readings = self._readings.get(trade.id, Readings())
        locked = self._locked(trade, readings)
        return readings.middle() if locked is None else locked

    def settled(self, trade: Trade) -> Paise | None:
        """Return the least favourable of the last three readings; None while there are fewer."""
        return self._readings.get(trade.id, Readings()).settled(trade.side)

    def waiting(self, trades: Iterable[Trade]) -> bool:
        """Say whether somebody is missing on an exit side: only time tells then, and any packet may bring it."""
        return any(
            (readings := self._readings.get(trade.id)) is not None
            and (readings.empty or self._states.get(trade.id, MarkState.LIVE) is not MarkState.LIVE)
            for trade in trades
        )

    def changes(self, trades: Iterable[Trade]) -> list[tuple[Trade, MarkState]]:
        """Return the trades that became LOCKED or ONE-SIDED, or are no more, since the last time it was asked.

        An empty side is spoken of once it has stood for 3 s.
        """
        found = []
        for trade in trades:
            readings = self._readings.get(trade.id, Readings())
            state = MarkState.LIVE
            if self._locked(trade, readings) is not None:
                state = MarkState.LOCKED
            elif readings.empty and self._gone(trade, readings):
                state = MarkState.ONE_SIDED
            if self._states.get(trade.id, MarkState.LIVE) is not state:
                self._states[trade.id] = state
                found.append((trade, state))
        return found

    def locked(self, trades: Iterable[Trade]) -> tuple[str, ...]:
        """Return the instruments in which a trade is LOCKED now."""
        return tuple(
            trade.instrument
            for trade in trades
            if self._locked(trade, self._readings.get(trade.id, Readings())) is not None
        )

    def one_sided(self, key: str) -> bool:
        """Say whether the newest book of an instrument has nobody on one side."""
        quote = self._market_state.quote(key, 0)
        return bool(quote.bids) != bool(quote.asks)

    def _gone(self, trade: Trade, readings: Readings) -> bool:
        """Say whether nobody has been on the exit side for 3 s: by its own books, or while its segment ticked."""
        return readings.stays_empty or self._market_state.stood(trade.instrument, readings.empty_since)

    def _locked(self, trade: Trade, readings: Readings) -> Paise | None:
        """Return the price of a position that cannot be closed at its circuit; None while it can, or may soon."""
        instrument, update = (
            self._instruments.get(trade.instrument),
            self._market_state.update(trade.instrument),
        )
        if not readings.empty or instrument is None or update is None:
            return None
        if not self._gone(trade, readings):
            return None
        band = self._market_state.lock_band(trade.instrument)
        quote = self._market_state.quote(trade.instrument, 0)
        own = quote.ask if trade.side is Side.BUY else quote.bid
        if band is None or not at_circuit(trade.side, (update.last, own), band, instrument.tick):
            return None
        return locked_price(instrument, trade.side, update.last, band)
