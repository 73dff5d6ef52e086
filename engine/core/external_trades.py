"""The account's other trades as core knows them: who traded what by the orders, and at which price it is marked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from engine.core.market_state import BookChange, MarketState
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.manager import OrderManager
from engine.orders.messages import BrokerPosition, Product
from engine.orders.other_engines import run_of
from engine.risk.external_result import ExternalResult, Stake, external_result
from engine.risk.readings import Readings

ROUNDS_AGREEING: Final = 2
"""Rounds of quotes that must agree on what nobody subscribed to."""


class ExternalTrades:
    """Owns the stakes of others and their marks: those of the feed go by three readings, the rest by two rounds."""

    def __init__(
        self,
        manager: OrderManager,
        market_state: MarketState,
        instruments: Mapping[str, Instrument],
        day: date,
    ) -> None:
        self._manager = manager
        self._market_state = market_state
        self._instruments = instruments
        self._day = day
        self._stakes: dict[str, Stake] = {}
        self._rows: dict[str, BrokerPosition] = {}
        self._readings: dict[str, Readings] = {}
        self._quoted: dict[str, tuple[Paise, ...]] = {}
        self._elsewhere: frozenset[str] = frozenset()

    def holds(self, key: str) -> bool:
        """Say whether others hold something in an instrument."""
        stake = self._stakes.get(key)
        return stake is not None and bool(stake.quantity)

    @property
    def held(self) -> tuple[str, ...]:
        """The instruments in which others hold something."""
        return tuple(key for key in self._stakes if self.holds(key))

    def rows(self, positions: tuple[BrokerPosition, ...]) -> None:
        """Take in the broker's totals of the day: they tell what no order does."""
        self._rows = {one.instrument: one for one in positions if one.product is Product.INTRADAY}

    def refresh(self) -> bool:
        """Count again what others traded; return whether it changed."""
        before = self._stakes
        self._stakes = {key: stake for key, stake in self._counted().items() if stake.bought or stake.sold}
        for key in [key for key in self._readings if not self.holds(key)]:
            del self._readings[key]
        orders = self._manager.orders.all()
        self._elsewhere = frozenset(
            order.instrument
            for order in orders
            if order.adopted and not order.trade and run_of(order.tag) is not None
        )
        return self._stakes != before

    def take(self, key: str, seen: BookChange) -> None:
        """Take in a packet of an instrument in which others hold something."""
        update = self._market_state.update(key)
        if update is None or not seen.reading or not self.holds(key):
            return
        best = [side[0][0] for side in (update.bids, update.asks) if side]
        mid = sum(best) // len(best) if best else update.last
        known = self._readings.get(key, Readings())
        self._readings[key] = known.read(mid, update.arrival, changed=seen is BookChange.CHANGED)

    def quoted(self, prices: Mapping[str, Paise]) -> None:
        """Take in one round of quotes of what nobody subscribed to."""
        self._quoted = {
            key: (*self._quoted.get(key, ()), price)[-ROUNDS_AGREEING:] for key, price in prices.items()
        }

    def result(self, *, believed: bool) -> ExternalResult:
        """Return the result of everything others traded, at the newest prices or at those a limit believes."""
        return external_result(self._priced(self._stakes, believed=believed), self._day)

    def of_other_runs(self, *, believed: bool) -> Paise:
        """Return the net result of what the engine traded today in runs that this ledger may not know, paise."""
        chosen = {key: stake for key, stake in self._stakes.items() if key in self._elsewhere}
        found = external_result(self._priced(chosen, believed=believed), self._day)
        return found.result - found.charges

    def _priced(
        self, stakes: Mapping[str, Stake], *, believed: bool
    ) -> Iterator[tuple[Stake, Instrument | None, Paise | None]]:
        for key, stake in stakes.items():
            price = self._price(key, stake, believed=believed) if stake.quantity else None
            yield stake, self._instruments.get(key), price

    def _price(self, key: str, stake: Stake, *, believed: bool) -> Paise | None:
        readings, rounds = self._readings.get(key), self._quoted.get(key, ())
        if readings is not None and readings.touches:
            if not believed:
                return readings.touches[-1]
            return readings.believed(stake.side, stood=self._market_state.stood(key, readings.since))
        if not rounds or (believed and len(rounds) < ROUNDS_AGREEING):
            return None
        return max(rounds, key=lambda one: one * stake.side.sign) if believed else rounds[-1]

    def _counted(self) -> dict[str, Stake]:
        """Return what the day's orders and totals tell, less what our own trades are made of."""
        totals: defaultdict[tuple[str, Side], list[int]] = defaultdict(lambda: [0, 0])
        keys: dict[str, None] = {}
        for order in self._manager.orders.all():
            if order.product is Product.INTRADAY and order.filled:
                _add(totals[order.instrument, order.side], order.filled, order.filled_value)
                keys[order.instrument] = None
        for key in (*keys, *self._rows):
            keys[key] = None
            for side in Side:
                _add(totals[key, side], *self._manager.external.unlisted(key, side))
                row = self._rows.get(key)
                if row is not None:
                    told = (
                        (row.buy_quantity, row.buy_value)
                        if side is Side.BUY
                        else (row.sell_quantity, row.sell_value)
                    )
                    if told[0] > totals[key, side][0]:
                        # The totals know of trades that no order tells.
                        totals[key, side] = list(told)
        for trade in self._manager.portfolio.all():
            # What the kill took over, or a person adopted, is in our own figures from then on.
            if trade.product is not Product.INTRADAY:
                continue
            _add(totals[trade.instrument, trade.side], -trade.entry_quantity, -trade.entry_value)
            _add(totals[trade.instrument, trade.side.opposite], -trade.exit_quantity, -trade.exit_value)
        return {
            key: replace(
                Stake(key),
                bought=totals[key, Side.BUY][0],
                bought_value=totals[key, Side.BUY][1],
                sold=totals[key, Side.SELL][0],
                sold_value=totals[key, Side.SELL][1],
            )
            for key in keys
        }


def _add(total: list[int], units: int, value: Paise) -> None:
    total[0] += units
    total[1] += value
