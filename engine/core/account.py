"""The day's money: what is realised, what is open at the exit side of the book, what it costs, what may be lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engine.core.external_trades import ExternalTrades
from engine.core.market_state import BookChange, MarketState
from engine.core.position_marks import Marking
from engine.market.charges import NO_CHARGES, Charges, order_charges
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.session import TradingDay
from engine.market.side import Side
from engine.orders.manager import OrderManager
from engine.orders.messages import Product
from engine.orders.order import Correction, Fill
from engine.orders.portfolio import Corrected
from engine.orders.resting_orders import Rest
from engine.orders.trade import Trade
from engine.risk.day_result import DayResult, day_result
from engine.risk.entry_brakes import Brakes
from engine.risk.external_result import AccountResult
from engine.risk.holdings import Holding
from engine.risk.limits import DayLimits
from engine.risk.marks import Mark, MarkState
from engine.risk.sizing import TripCharges, TripCost, loss_at, risk_at, trip_charges, trip_cost
from engine.risk.wishes import Wishes


class Account:
    """Folds fills and marks into the day's result; one owner of charges, marks and limits."""

    def __init__(
        self,
        limits: DayLimits,
        manager: OrderManager,
        market_state: MarketState,
        instruments: Mapping[str, Instrument],
        day: TradingDay,
        wishes: Wishes,
    ) -> None:
        self.limits = limits
        self.wishes = wishes
        """What is in force of what a person may tighten within the day."""
        self.brakes = Brakes()
        """Whether the day has gone badly enough that a person should look; a restart takes it over."""
        self.carried_realised: Paise = 0
        """Realised before a restart on the same day, paise."""
        self.carried_charges: Paise = 0
        self.marking = Marking(market_state, instruments)
        self.external = ExternalTrades(manager, market_state, instruments, day.day)
        self.rests_of: Callable[[str], tuple[Rest, ...]] = lambda _: ()
        """The resting entries of a trade by its id."""
        self._manager = manager
        self._uneasy = False
        """Whether time alone may change what is believed: a loss that is not believed yet, an empty side."""
        self._instruments = instruments
        self._day = day
        self._turnover: dict[str, Paise] = {}
        self._charged: dict[str, Charges] = {}
        self._by_trade: dict[str, list[str]] = {}
        self._total_charges: Paise = 0
        self._closed: dict[str, None] = {}
        self._closed_gross: Paise = 0
        self._costs: dict[tuple[str, Side], TripCost] = {}

    def filled(self, fill: Fill, trade: Trade) -> None:
        """Count the charges of an executed order so far: rounded once per order, not per fill."""
        instrument = self._instruments.get(fill.instrument)
        if instrument is None or fill.product is not Product.INTRADAY:
            return
        if fill.undoes:
            self._turn_over(instrument, fill.undoes, fill.side.opposite, -fill.value)
            return
        self._turn_over(instrument, fill.tag, fill.side, fill.value)
        tags = self._by_trade.setdefault(trade.id, [])
        if fill.tag not in tags:
            tags.append(fill.tag)

    def corrected(self, correction: Correction, changes: Sequence[Corrected]) -> None:
        """Count what an order's fills were worth after all: its charges, and the result of trades that are over."""
        for change in changes:
            if change.after.id in self._closed:
                self._closed_gross += change.after.gross - change.before.gross
        instrument = self._instruments.get(correction.instrument)
        if instrument is not None and correction.tag in self._turnover:
            worth = sum(one.change for one in changes)
            self._turn_over(instrument, correction.tag, correction.side, worth)

    def _turn_over(self, instrument: Instrument, tag: str, side: Side, value: Paise) -> None:
        turnover = self._turnover.get(tag, 0) + value
        self._turnover[tag] = turnover
        charged = order_charges(instrument.kind, side, turnover, self._day.day)
        self._total_charges += charged.total - self._charged.get(tag, NO_CHARGES).total
        self._charged[tag] = charged

    def closed(self, trade: Trade) -> Paise:
        """Count a trade that is flat; return its charges, paise."""
        self._closed[trade.id] = None
        self._closed_gross += trade.gross
        self.marking.forget(trade)
        return self.trade_charges(trade.id)

    def trade_charges(self, trade: str) -> Paise:
        """Return the charges of a trade's orders so far, paise."""
        return self.charge_items(trade).total

    def charge_items(self, trade: str) -> Charges:
        """Return the same by kind, summed over its orders."""
        return sum((self._charged[tag] for tag in self._by_trade.get(trade, ())), NO_CHARGES)

    @property
    def charges(self) -> Paise:
        """The day's charges so far, paise."""
        return self.carried_charges + self._total_charges

    @property
    def realised(self) -> Paise:
        """The day's gross result of everything closed, parts of open trades included, paise."""
        running = sum(trade.gross for trade in self._manager.portfolio.running())
        return self.carried_realised + self._closed_gross + running

    def cost(self, instrument: Instrument, side: Side) -> TripCost:
        """Return the charges of a round trip in an instrument that enters on ``side``."""
        key = (instrument.key, side)
        cost = self._costs.get(key)
        if cost is None:
            cost = self._costs[key] = trip_cost(instrument, side, self._day.day)
        return cost

    def trip_charges(self, instrument: Instrument, side: Side) -> TripCharges:
        """Return the same by what is paid and received in sum."""
        return trip_charges(instrument, side, self._day.day)

    def holding(self, trade: Trade, now: Instant) -> Holding | None:
        """Return a running trade as risk counts it; None once it neither holds nor may fill."""
        instrument = self._instruments.get(trade.instrument)
        if instrument is None or trade.product is not Product.INTRADAY:
            return None
        if rests := self.rests_of(trade.id):
            return self._resting(instrument, trade, rests, now)
        entry = self._manager.orders.get(trade.entry_tag)
        waiting = 0 if entry is None else entry.exposed
        if not trade.open and not waiting:
            return None
        held = trade.open_quantity
        paid = trade.cost
        stop, limit = _stop_of(trade)
        value = paid if trade.open else waiting * trade.entry_limit
        worst_value = paid + waiting * trade.entry_limit
        return Holding(
            instrument=instrument,
            side=trade.side,
            quantity=held if trade.open else waiting,
            value=value,
            risk=_risk(trade, held + waiting, worst_value, stop),
            loss=self._loss(instrument, trade, held + waiting, worst_value, stop),
            gap=self._loss(instrument, trade, held + waiting, worst_value, limit),
            stop=stop,
            working=not trade.open,
            mark=self.marking.mark(trade, now) if trade.open else Mark(None, MarkState.NOT_READY),
        )

    def _resting(
        self, instrument: Instrument, trade: Trade, rests: tuple[Rest, ...], now: Instant
    ) -> Holding | None:
        """Return a trade of resting entries: what has filled to its stop, and what may fill as each was sized."""
        found = [(rest, self._manager.orders.get(rest.tag)) for rest in rests]
        live = [(rest, order.exposed) for rest, order in found if order is not None and order.exposed]
        held, waiting = trade.open_quantity, sum(units for _, units in live)
        if not held and not waiting:
            return None
        paid = trade.entry_value * held // trade.entry_quantity if trade.entry_quantity else 0
        stop, limit = _stop_of(trade)
        risk = _risk(trade, held, paid, stop) if held else 0
        loss = self._loss(instrument, trade, held, paid, stop) if held else 0
        gap = self._loss(instrument, trade, held, paid, limit) if held else 0
        gaps = [
            self._loss(instrument, trade, units, units * rest.price, rest.plan.limit) for rest, units in live
        ]
        return Holding(
            instrument=instrument,
            side=trade.side,
            quantity=held or waiting,
            value=paid if held else sum(units * rest.price for rest, units in live),
            risk=None if risk is None else risk + sum(rest.at_risk(units) for rest, units in live),
            loss=None if loss is None else loss + sum(rest.at_stake(units) for rest, units in live),
            gap=None if gap is None else gap + sum(one or 0 for one in gaps),
            stop=stop,
            working=not held,
            mark=self.marking.mark(trade, now) if held else Mark(None, MarkState.NOT_READY),
        )

    def _loss(
        self, instrument: Instrument, trade: Trade, quantity: int, value: Paise, stop: Paise | None
    ) -> Paise | None:
        if stop is None or quantity == 0:
            return None
        return loss_at(trade.side, quantity, value, stop, self.trip_charges(instrument, trade.side))

    def holdings(self, now: Instant) -> tuple[Holding, ...]:
        """Return open positions and entries on their way."""
        found = [self.holding(trade, now) for trade in self._manager.portfolio.running()]
        return tuple(holding for holding in found if holding is not None)

    def result(self, now: Instant, holdings: tuple[Holding, ...] | None = None) -> DayResult:
        """Return the day so far with everything open at its mark."""
        held = self.holdings(now) if holdings is None else holdings
        return self._day_result(held, believed=False)

    def account_result(self, now: Instant, result: DayResult | None = None) -> AccountResult | None:
        """Return the day of the whole account at the newest prices; None where no limit goes by it."""
        return self._account_result(self.result(now) if result is None else result, believed=False)

    def account_believed(self, believed: DayResult) -> AccountResult | None:
        """Return the same as a limit sees it, at prices that readings agree on."""
        return self._account_result(believed, believed=True)

    def _day_result(self, holdings: tuple[Holding, ...], *, believed: bool) -> DayResult:
        result = day_result(self.realised, self.charges, holdings, self._day.day)
        if self.limits.own_cash is None:
            return result
        carried = self.carried_realised - self.carried_charges
        lost = min(0, self.external.of_other_runs(believed=believed) - carried)
        return replace(result, elsewhere=lost)

    def _account_result(self, result: DayResult, *, believed: bool) -> AccountResult | None:
        if self.limits.own_cash is None:
            return None
        external = self.external.result(believed=believed)
        # The broker shows what an earlier run of ours did like anybody's: it counts once.
        carried = self.carried_realised - self.carried_charges
        ours = result.net - result.elsewhere
        return AccountResult(ours, external, external.counted - carried)

    def take(self, key: str, seen: BookChange) -> None:
        """Take in what the newest packet of an instrument showed of what is held in it."""
        trade = self._manager.portfolio.current(key)
        if trade is not None and trade.open:
            self.marking.take(trade, seen)
        self.external.take(key, seen)

    @property
    def uneasy(self) -> bool:
        """Whether the day must be looked at with every packet of anything, not only of what is held."""
        return self._uneasy

    def locked(self) -> tuple[str, ...]:
        """Return the instruments of ours that nobody can close now."""
        return self.marking.locked(self._manager.portfolio.open())

    def observe(self, now: Instant) -> bool:
        """Compare the day with its limits after a packet or a fill; True when one trips just now.

        The newest books show a loss first; the limits go by what is believed of them.
        """
        held = self._manager.portfolio.open()
        self._uneasy = self.marking.waiting(held)
        if self.limits.stopped:
            return False
        result = self.result(now)
        whole = self.account_result(now, result)
        if not self.limits.reached(result) and (whole is None or not self.limits.account_reached(whole.net)):
            return False
        self._uneasy = True
        believed = self.believed(now)
        self.limits = self.limits.observed(believed, now)
        whole = self.account_believed(believed)
        if whole is not None:
            self.limits = self.limits.account_observed(whole.net, now)
        return self.limits.stopped

    def believed(self, now: Instant) -> DayResult:
        """Return the day so far as a limit sees it: at prices that three readings agree on, or that have stood."""
        return self._day_at(self.marking.believed, now)

    def settled(self, now: Instant) -> DayResult:
        """Return the day so far as a marked drawdown sees it: an odd book enters neither a peak nor a fall."""
        return self._day_at(self.marking.middle, now)

    def _day_at(self, price_of: Callable[[Trade], Paise | None], now: Instant) -> DayResult:
        holdings = []
        for trade in self._manager.portfolio.running():
            holding = self.holding(trade, now)
            if holding is None or holding.working:
                continue
            price = price_of(trade)
            if price is None:
                # Too few books were read to believe a loss of it.
                cost = holding.value // holding.quantity
                seen = cost if holding.mark.price is None else holding.mark.price
                price = max(cost, seen) if holding.side is Side.BUY else min(cost, seen)
            holdings.append(replace(holding, mark=Mark(price, MarkState.LIVE)))
        return self._day_result(tuple(holdings), believed=True)


def _risk(trade: Trade, quantity: int, value: Paise, stop: Paise | None) -> Paise | None:
    if stop is None or quantity == 0:
        return None
    return risk_at(trade.side, quantity, value, stop)


def _stop_of(trade: Trade) -> tuple[Paise | None, Paise | None]:
    """Return the price that a trade's risk counts to, and its stop's limit; as planned before anything has filled."""
    if trade.stop is not None:
        return trade.stop.counted, trade.stop.limit
    if trade.plan is not None:
        return trade.plan.counted(trade.side), trade.plan.limit
    return None, None
