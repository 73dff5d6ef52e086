"""What happened, as records for the ledger and as lines for a person."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from engine.auction.prior.history import close_session
from engine.auction.state.auctions import Auctions
from engine.contract.decision_state import DecisionState
from engine.contract.views import AlarmRank, EventLine, Severity
from engine.core.account import Account
from engine.core.aftermath import Aftermath
from engine.core.decision import Decision
from engine.core.doubtful_prints import HeldBack
from engine.core.events import DayState
from engine.core.finished_trade import finished_trade
from engine.core.market_state import MarketState
from engine.core.story_records import (
    FILL_BOOK,
    LAW_BROKEN,
    PROTECTED,
    SIGHT,
    LawBroken,
    Protection,
    book_of,
    fill_key,
    sight_of,
)
from engine.core.told_stop_moves import StopMoves, standing_stops
from engine.market.clock import SECOND, Instant
from engine.market.figures import grouped, rupees, signed_rupees, signed_units
from engine.market.instrument import Instrument
from engine.market.price import Paise, average_price
from engine.market.side import Side
from engine.orders.ledger_facts import Record
from engine.orders.manager import OrderManager
from engine.orders.messages import OrderType, Product, Role
from engine.orders.news import News, Topic
from engine.orders.order import Correction, Fill, Order
from engine.orders.portfolio import Corrected
from engine.orders.trade import EXCESS, Trade
from engine.performance.trade import ClosedTrade
from engine.risk.marks import MarkState
from engine.rollout.demotion import Lowering, lowered_by_law, lowered_by_stop

LINES_KEPT: Final = 500
VITAL_KEPT: Final = 50
_QUALITIES: Final = ("", "BOOK", "TRIGGER", "THROUGH", "BAR", "STANDING", "STALE", "GAP", "OUTSIDE")
"""Fill qualities from best to worst."""


class EventLog:
    """Turns news into records and event lines; owns the finished trades."""

    def __init__(
        self,
        manager: OrderManager,
        account: Account,
        market_state: MarketState,
        instruments: Mapping[str, Instrument],
        market: Auctions,
    ) -> None:
        self.lines: deque[EventLine] = deque(maxlen=LINES_KEPT)
        """The newest event lines, oldest first."""
        self.vital: deque[EventLine] = deque(maxlen=VITAL_KEPT)
        """The newest vital lines, oldest first: no flood of others takes them out of sight."""
        self.closed: list[ClosedTrade] = []
        """Finished trades of ours, oldest first."""
        self.aftermath = Aftermath(market_state, manager.record)
        self._sighted: dict[str, None] = {}
        self._manager = manager
        self._account = account
        self._market_state = market_state
        self._instruments = instruments
        self._market = market
        self._number = 0
        self._stop_moves = StopMoves(manager.orders)
        self._changes: dict[str, int] = {}
        self.lowerings: list[Lowering] = []
        """What lowers the rollout's stage by itself and was not acted on yet."""
        self._qualities: dict[str, str] = {}
        self._entered_in: dict[str, tuple[str, str]] = {}
        """By trade, what its day and its open were read as when it was entered."""

    def line(self, severity: Severity, text: str, now: Instant, rank: AlarmRank | None = None) -> None:
        """Say one sentence to the person and the ledger; an alarm of no stated rank is a serious one."""
        self._number += 1
        if rank is None:
            rank = AlarmRank.SERIOUS if severity is Severity.ALARM else AlarmRank.LESSER
        line = EventLine(self._number, self._market_state.market_time(now), severity, text, rank)
        self.lines.append(line)
        if rank is AlarmRank.VITAL:
            self.vital.append(line)
        self._record("event", str(self._number), now, line)

    def held_back(self, held: HeldBack, now: Instant) -> None:
        """Say once that a price of an instrument is not believed."""
        why = "far outside its book"
        if held.band is not None:
            why = f"outside the day's {rupees(held.band.lower)} to {rupees(held.band.upper)}"
        text = (
            f"{self.symbol(held.instrument)}: a trade at {rupees(held.price)} is held back, for it lies {why}"
        )
        self.line(Severity.WARNING, text, now)

    def decision(self, decision: Decision, now: Instant) -> None:
        """Keep a decision with its reason: taken, refused, waiting or gone."""
        refused = decision.state in (DecisionState.REFUSED, DecisionState.DROPPED, DecisionState.EXPIRED)
        kind = "refusal" if refused else "signal"
        self._record(kind, f"{decision.id}:{decision.state.value}", now, decision)
        self._seen(decision, now)
        self.aftermath.decided(decision, now)
        if decision.side is None or decision.price is None:
            return
        what = f"{decision.setup} {decision.side.lower()} {self.symbol(decision.instrument)}"
        if decision.taken:
            self.line(
                Severity.INFO,
                f"{what}: took it, {grouped(decision.quantity or 0)} at {rupees(decision.price)}",
                now,
            )
            if decision.sized is not None and decision.sized.warnings:
                asked = ", ".join(decision.sized.warnings)
                self.line(Severity.WARNING, f"{what}: its typed stop is nearer than asked, {asked}", now)
        elif decision.state is DecisionState.WAITING:
            self.line(Severity.WARNING, f"{what}: {decision.reason}", now)
        else:
            self.line(Severity.INFO, f"{what}: {decision.state.value}, {decision.reason}", now)

    def _seen(self, decision: Decision, now: Instant) -> None:
        """Keep the market that a decision about a trade saw as it was first spoken of."""
        if (
            decision.side is None
            or decision.id in self._sighted
            or decision.instrument not in self._instruments
        ):
            return
        self._sighted[decision.id] = None
        context = self._market.context(decision.instrument)
        quote = self._market_state.quote(decision.instrument, now)
        self._record(SIGHT, decision.id, now, sight_of(context, quote))

    def equity(self, key: str, now: Instant) -> None:
        """Mark the day's result: a drawdown is taken from these marks, so no odd book enters them."""
        result, newest = self._account.settled(now), self._account.result(now)
        self._record(
            "equity",
            key,
            now,
            {
                "realised": result.realised,
                "open": result.open,
                "charges": result.charges,
                "closing_charges": result.closing_charges,
                "net": result.net,
                "quality": newest.state.value,
            },
        )

    def mark_changed(self, trade: Trade, state: MarkState, now: Instant) -> None:
        """Say that a position cannot be closed for want of anybody to trade with, or that it can again."""
        name = f"{self.symbol(trade.instrument)} {signed_units(trade.signed)}"
        mark = self._account.marking.mark(trade, now).price
        at = "no price" if mark is None else rupees(mark)
        missing = "nobody bids" if trade.side is Side.BUY else "nobody offers"
        if state is MarkState.LOCKED:
            text = f"{name} is LOCKED at the circuit: {missing}, it is marked at {at} and nothing is entered anywhere"
        elif state is MarkState.ONE_SIDED:
            text = f"{name} is ONE-SIDED: {missing}; its last mark {at} stays and trips no limit"
        else:
            self.line(Severity.GOOD, f"{name} has both sides of its book again: marked at {at}", now)
            return
        rank = AlarmRank.VITAL if state is MarkState.LOCKED else AlarmRank.SERIOUS
        self.line(Severity.ALARM, text, now, rank)

    def day_state(self, now: Instant) -> None:
        """Keep what a restart on the same day must know."""
        latch = self._manager.kill.latch
        state = DayState(
            self._account.limits,
            self._account.realised,
            self._account.charges,
            latch,
            self._account.wishes,
            self._account.brakes,
        )
        self._record("day_state", self._numbered(self._account.limits.day.isoformat()), now, state)

    def sessions(self, market: Auctions, now: Instant) -> None:
        """Keep the profile of every session that is over: the next day finds its prior levels there."""
        for key in market.instruments:
            profile = close_session(market, key)
            if profile is not None:
                self._record("session", f"{profile.day.isoformat()}|{key}", now, profile)

    def latch(self, now: Instant) -> None:
        """Keep the latch as it stands."""
        latch = self._manager.kill.latch
        if latch is not None:
            self._record("latch", self._numbered("latch"), now, latch)

    def digest(self, now: Instant) -> list[News]:
        """Write down all news since the last time; return it for those who act on it."""
        news, self._manager.news = self._manager.news, []
        for item in news:
            self._digest(item, now)
        stops = dict.fromkeys(
            item.order.trade
            for item in news
            if item.topic is Topic.ORDER and item.order is not None and item.order.role is Role.STOP
        )
        for trade in stops:
            self._stop_moved(trade, now)
        return news

    def _stop_moved(self, name: str, now: Instant) -> None:
        """Say and write down how the stop of a trade moved at the exchange since the last time."""
        trade = self._manager.portfolio.get(name)
        moved = None if trade is None else self._stop_moves.follow(trade)
        if moved is None:
            return
        self._record("stop_move", self._numbered(name), now, moved)
        self.line(Severity.INFO, f"{self.symbol(moved.instrument)} {moved.words}", now)

    def _digest(self, item: News, now: Instant) -> None:
        match item.topic:
            case Topic.ORDER if item.order is not None:
                self._order(item.order, now)
            case Topic.FILL if item.fill is not None and item.trade is not None:
                self._fill(item.fill, item.order, item.trade, now)
            case Topic.CORRECTED if item.correction is not None:
                self._corrected(item.correction, item.changes, now)
            case Topic.CLOSED if item.trade is not None:
                self._closed(item.trade, now)
            case Topic.PROTECTED if item.trade is not None:
                self._protected(item.trade, now)
            case Topic.ENDED if item.trade is not None:
                self.aftermath.unfilled(item.trade, now)
                self.line(Severity.INFO, f"{self.symbol(item.instrument)} entry not filled: cancelled", now)
            case Topic.DANGER:
                text = f"{self.symbol(item.instrument)} {item.text}"
                self.line(Severity.ALARM, text, now, AlarmRank.VITAL)
            case Topic.ALARM:
                self.line(Severity.ALARM, f"{self.symbol(item.instrument)} {item.text}", now)
            case Topic.WARNING:
                self.line(Severity.WARNING, f"{self.symbol(item.instrument)} {item.text}", now)
            case _:
                return

    def _order(self, order: Order, now: Instant) -> None:
        self._record("order_event", self._numbered(order.tag), now, order)

    def _fill(self, fill: Fill, order: Order | None, trade: Trade, now: Instant) -> None:
        self._account.filled(fill, trade)
        known = trade.instrument in self._market.instruments
        if known and trade.id not in self._entered_in and fill.side is trade.side:
            context = self._market.context(trade.instrument)
            self._entered_in[trade.id] = (context.day_type.name, context.open_type.name)
        worse = max(self._qualities.get(trade.id, ""), fill.quality, key=_badness)
        self._qualities[trade.id] = worse
        total = fill.quantity if order is None else order.filled
        self._record("fill", fill_key(fill, total), now, fill)
        self._record(
            FILL_BOOK, fill_key(fill, total), now, book_of(self._market_state.quote(fill.instrument, now))
        )
        self.aftermath.filled(trade)
        role = "exit" if order is None else order.role.lower()
        if order is not None and order.role is Role.STOP:
            role = "stop" if order.order_type is OrderType.STOP_LIMIT else "exit"
        average = average_price(fill.value, fill.quantity) or 0
        if fill.undoes:
            self.line(
                Severity.INFO,
                f"{self.symbol(fill.instrument)} {fill.undoes}: {fill.quantity} did not fill",
                now,
            )
            return
        self.line(
            Severity.INFO,
            f"{self.symbol(fill.instrument)} {role} {fill.side.lower()} {grouped(fill.quantity)} "
            f"filled {rupees(average)}",
            now,
        )

    def _corrected(self, correction: Correction, changes: Sequence[Corrected], now: Instant) -> None:
        """Write down what fills were worth after all, and every trade that is over as it stands then."""
        self._account.corrected(correction, changes)
        self._record("correction", self._numbered(f"{correction.tag}:{correction.quantity}"), now, correction)
        what = (
            f"{self.symbol(correction.instrument)} {correction.side.lower()} {grouped(correction.quantity)}"
        )
        self.line(
            Severity.INFO,
            f"{what}: worth {rupees(correction.value)} by the broker's trades, not {rupees(correction.before)}",
            now,
        )
        for change in changes:
            self._closed_again(change.after, now)
        self.equity(f"correction:{self._numbered(correction.tag)}", now)
        self.day_state(now)

    def _closed_again(self, trade: Trade, now: Instant) -> None:
        for index, known in enumerate(self.closed):
            if known.id == trade.id:
                finished = msgspec.structs.replace(
                    known,
                    entry_value=trade.entry_value,
                    exit_value=trade.exit_value,
                    charges=self._account.trade_charges(trade.id),
                    charge_items=self._account.charge_items(trade.id),
                )
                self.closed[index] = finished
                self._record("trade", self._numbered(f"{trade.id}:corrected"), now, finished)

    def _protected(self, trade: Trade, now: Instant) -> None:
        after = "" if trade.protected_after is None else f" after {trade.protected_after / SECOND:.2f} s"
        stands = standing_stops(self._manager.orders, trade)
        stop = f" {rupees(stands[0].trigger_price)}" if stands else ""
        if stands:
            held = sum(order.quantity for order in stands)
            proof = Protection(
                trade.id, trade.protected_after, stands[0].trigger_price, stands[0].price, held
            )
            self._record(PROTECTED, self._numbered(f"{trade.id}:protected"), now, proof)
            late = lowered_by_stop(proof.after, trade.id)
            if late is not None:
                self.lowerings.append(late)
        self.line(
            Severity.GOOD, f"{self.symbol(trade.instrument)} stop{stop} held at the exchange{after}", now
        )

    def _closed(self, trade: Trade, now: Instant) -> None:
        furthest = self._account.marking.furthest(trade.id)
        charges = self._account.closed(trade)
        self._stop_moves.forget(trade)
        around = self._entered_in.pop(trade.id, ("", ""))
        if trade.product is not Product.INTRADAY:
            what = f"{self.symbol(trade.instrument)} flat in product {trade.product.value}"
            self.line(
                Severity.GOOD,
                f"{what} ({trade.closed_by or trade.exit_reason}): its result is the broker's to tell",
                now,
            )
            return
        net = trade.gross - charges
        severity = Severity.GOOD if net > 0 else Severity.WARNING
        why = trade.closed_by or trade.exit_reason
        reason = f" ({why})" if why else ""
        self.line(
            severity,
            f"{self.symbol(trade.instrument)} flat{reason}: {signed_rupees(net)} after {rupees(charges)} charges",
            now,
        )
        if trade.setup == EXCESS:
            what = (
                f"{signed_units(trade.side.sign * trade.entry_quantity)} beyond what was held, closed at once"
            )
            self._record(LAW_BROKEN, trade.id, now, LawBroken("never reverse", trade.instrument, what))
            self.lowerings.append(lowered_by_law("never reverse", what))
        elif not trade.external:
            self.aftermath.closed(trade, now)
            finished = self._finished(trade, furthest, around)
            self.closed.append(finished)
            self._record("trade", trade.id, now, finished)
        self.equity(f"trade:{trade.id}", now)
        self.day_state(now)

    def _finished(
        self, trade: Trade, furthest: tuple[Paise, Paise] | None, around: tuple[str, str]
    ) -> ClosedTrade:
        instrument = self._instruments[trade.instrument]
        return finished_trade(
            trade,
            instrument,
            charges=self._account.charge_items(trade.id),
            quality=self._qualities.pop(trade.id, ""),
            furthest=furthest,
            entered_in=around,
        )

    def symbol(self, instrument: str) -> str:
        """Return the name a person knows an instrument by."""
        known = self._instruments.get(instrument)
        return instrument if known is None else known.symbol

    def _numbered(self, name: str) -> str:
        """Return a name with the count of its uses: the same events number alike."""
        count = self._changes.get(name, 0) + 1
        self._changes[name] = count
        return f"{name}:{count}"

    def _record(self, kind: str, key: str, now: Instant, payload: msgspec.Struct | dict[str, object]) -> None:
        self._manager.record(Record(kind, key, now, payload))


def _badness(quality: str) -> int:
    return _QUALITIES.index(quality) if quality in _QUALITIES else len(_QUALITIES)
