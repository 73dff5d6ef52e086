"""Closing a live account with no engine: the engine's own planner over the broker's calls, until it is flat.

Order by order and in scope, by the same rules and with the same patience as the engine: resting stops are turned
into exits, an exit that rests is moved, nothing is sent a second time before its fate is proven. A shell has no
streams, so it reads: the order list in between, the whole book for the proof, full quotes for its prices.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

import config
from engine.brokers.upstox.account_state import AccountStanding, FlattenScope, exchange_of, standing_of
from engine.brokers.upstox.broker import LiveBroker
from engine.brokers.upstox.fill_values import AnyValue
from engine.brokers.upstox.gtt_reader import waiting_orders
from engine.brokers.upstox.offline_market import ClosingMarket
from engine.core.events import Wake
from engine.core.flatten_core import FlattenCore, MarketSeen
from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument
from engine.orders.messages import (
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    OrderType,
    PlaceOrder,
    Request,
    Role,
)
from engine.orders.order import Order
from engine.orders.tags import FLATTEN, Ids
from engine.settings.sections import FlattenSections
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import describe
from engine.upstox.rest.rate_limits import Purpose

POLL_EVERY: Final = ((5, 0.35), (60, 1.0), (300, 5.0))
"""Seconds since something moved, and the seconds between two reads of the order list until then.

Later the whole book, which the proof reads every five seconds, tells it alone: the reads of half an hour must last.
"""

UNKNOWN_FOR: Final = SECOND
"""A read that a fill overtook says for so long nothing of its instrument: only then is it unknown what is open."""

COVER_WITHIN: Final = 2.5
"""Seconds beyond the time, so that nothing is left with its stop cancelled and no exit at the exchange."""

_LONGEST_WAIT: Final = 0.25


class ClosingReport(msgspec.Struct, frozen=True):
    """What was done, and how the account stood at the end; flat means proven twice."""

    flat: bool
    standing: AccountStanding
    cancels: int
    """Orders that were cancelled, or asked to be."""
    exits: int
    """Orders that closed, or were sent to: new ones, and stops that were turned into one."""
    problems: tuple[str, ...]
    """Everything that went wrong, each once, oldest first."""
    resting: tuple[str, ...] = ()
    """What is left at the exchange, an order a line."""
    interrupted: bool = False
    over: bool = False
    """Whether everything left lies at exchanges that take no exit any more today: it is carried."""


def poll_pause(quiet: int) -> float | None:
    """Return the seconds between two reads of the order list so long after the last change; None for no more."""
    return next((pause for until, pause in POLL_EVERY if quiet < until * SECOND), None)


def flatten_account(
    client: UpstoxClient,
    scope: FlattenScope = FlattenScope.INTRADAY,
    *,
    settings: FlattenSections | None = None,
    patience: float | None = None,
    known: Iterable[Order] = (),
    terms: Callable[[str], Instrument | None] = lambda _: None,
    by_calendar: Callable[[str, Instant], bool] = lambda _, __: False,
    tell: Callable[[str], None] = lambda _: None,
) -> ClosingReport:
    """Close everything in scope; return only when it is proven flat, hopeless, interrupted, or time is up.

    ``known`` are the orders of this trading day as an engine left them: nothing is flat against them, nor before the
    fate of each is proven. ``terms`` names tick, lot and freeze quantity of an instrument, None where nobody knows
    them; ``by_calendar`` says whether an exchange is open where the broker cannot be asked. ``patience`` is in seconds,
    None is without end. Hopeless is what only a person or the morning can change: a dead token, a refused address, an
    exchange that is over for the day. ``tell`` hears, as often as it changes, what is left and what went wrong last;
    it must not block.
    """
    closing = _Closing(client, scope, settings or config.Settings(), tuple(known), terms, by_calendar, tell)
    return closing.run(patience)


class _Closing:
    def __init__(
        self,
        client: UpstoxClient,
        scope: FlattenScope,
        settings: FlattenSections,
        known: tuple[Order, ...],
        terms: Callable[[str], Instrument | None],
        by_calendar: Callable[[str, Instant], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._client = client
        self._scope = scope
        self._tell = tell
        self._told = ""
        self._began = time.monotonic()
        self._wall = time.time_ns() // 1_000
        self._woken = threading.Event()
        self._seen: list[MarketSeen] = []
        self._lock = threading.Lock()
        self._problems: dict[str, None] = {}
        self._exits: set[str] = set()
        self._cancels: set[str] = set()
        self._polled_at: Instant = 0
        self._interrupted = self._over = False
        self._broker = LiveBroker(
            client,
            client,
            clock=self._now,
            wake=self._woken.set,
            latched=lambda: True,
            whole_account=scope is FlattenScope.ACCOUNT,
            values=AnyValue(),
        )
        self._broker.remember(
            (order.tag, order.order_id, order.filled, order.filled_value) for order in known
        )
        self._market = ClosingMarket(client, terms, by_calendar, clock=self._now, heard=self._hear)
        self._core = FlattenCore(
            settings,
            Ids(f"{FLATTEN}{self._wall // 1_000}"),
            self._now(),
            known=known,
            by="cockpit flatten",
            why="no engine was running",
        )

    def run(self, patience: float | None) -> ClosingReport:
        """Close, cover what cannot be closed, and say how it stands."""
        deadline = None if patience is None else self._began + patience
        self._market.start()
        try:
            try:
                self._until(lambda: self._core.flat or self._hopeless(), deadline)
            except KeyboardInterrupt:
                self._interrupted = True
            if not self._core.flat:
                self._submit(self._core.cover(self._now()))
                self._until(lambda: not self._core.uncovered, time.monotonic() + COVER_WITHIN)
                for trade in self._core.uncovered:
                    self._went_wrong(
                        f"{self._core.symbol(trade.instrument)} is NAKED: no stop of it is proven"
                    )
        finally:
            self._market.close()
            self._broker.close()
        return self._report()

    def _until(self, over: Callable[[], bool], deadline: float | None) -> None:
        """Carry events and requests until it is over or the time is up."""
        self._carry(Wake())
        while not over() and (deadline is None or time.monotonic() < deadline):
            self._woken.wait(self._wait(deadline))
            self._woken.clear()
            now = self._now()
            for event in (*self._broker.advance(now), *self._drain()):
                self._carry(event)
            wake = self._core.next_wake(now)
            if wake is not None and wake <= now:
                self._carry(Wake())
            self._poll()

    def _carry(self, event: BrokerEvent | MarketSeen | Wake) -> None:
        self._submit(self._core.handle(event, self._now()))
        self._market.want(self._prices(), self._core.changed_at)
        self._tell_progress()

    def _submit(self, requests: Iterable[Request]) -> None:
        for request in requests:
            match request:
                case PlaceOrder(role=Role.EXIT) | ModifyOrder(order_type=OrderType.LIMIT):
                    self._exits.add(request.tag)
                case CancelOrder():
                    self._cancels.add(request.tag)
            self._broker.submit(request, self._now())

    def _poll(self) -> None:
        """Have the order list read when it is time: more often while something moves."""
        if self._core.manager.reconciliation.behind is None or not self._core.left[1]:
            # Before the first whole read nothing is waited for: it must not look older than what a poll told.
            return
        now = self._now()
        pause = poll_pause(now - self._core.changed_at)
        if pause is not None and now - self._polled_at >= pause * SECOND:
            self._polled_at = now
            self._broker.poll()

    def _wait(self, deadline: float | None) -> float:
        now = self._now()
        moments = [one for one in (self._core.next_wake(now), self._broker.next_due()) if one is not None]
        wait = min([_LONGEST_WAIT, *((moment - now) / SECOND for moment in moments)])
        if deadline is not None:
            wait = min(wait, deadline - time.monotonic())
        return max(wait, 0.0)

    def _prices(self) -> dict[str, int | None]:
        """Return the last price of each instrument that matters, as the positions have it."""
        book = self._broker.last_rows
        rows = () if book is None else book.positions
        prices = {row.instrument: row.last_price for row in rows}
        return {key: prices.get(key) for key in self._core.wanted}

    def _hopeless(self) -> bool:
        """Say whether only a person or the morning can change that it is not flat; keep why."""
        refusal, shut = self._broker.refusal, self._client.line.shut
        if refusal:
            return self._gave_up(refusal)
        if shut is not None:
            return self._gave_up(describe(shut))
        trades, orders = self._core.left
        if not trades or self._core.unknown:
            return False
        for trade in trades:
            exchange = exchange_of(trade.instrument)
            hours = self._market.hours.get(exchange)
            if hours is not None and not hours.open:
                word = hours.status or f"not known to be open ({hours.problem})"
                self._went_wrong(f"{exchange} is {word}: no exit was sent, the stops stay")
        stops = [order for order in orders if order.order_type is OrderType.STOP_LIMIT]
        over = all(self._market.over_for(trade.instrument) for trade in trades)
        self._over = over and len(stops) == len(orders)
        return self._over

    def _gave_up(self, why: str) -> bool:
        self._went_wrong(why)
        return True

    def _went_wrong(self, text: str) -> None:
        self._problems[text] = None

    def _tell_progress(self) -> None:
        """Say what is left and what went wrong last: the newest refusal stands in the way, not the first."""
        since = self._core.unknown_since
        never_read = self._core.manager.reconciliation.behind is None
        if never_read or (since is not None and self._now() - since >= UNKNOWN_FOR):
            left, problem = "what is open is unknown", self._core.unknown
        else:
            trades, orders = self._core.left
            counts = ((len(trades), "position"), (len(orders), "order"))
            left = " and ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
            left, problem = f"{left} left", self._core.newest_problem
        word = f"{left} · last problem: {problem}" if problem else left
        if self._core.stuck:
            word = f"{left} · {self._core.stuck}"
        if word != self._told:
            self._told = word
            self._tell(word)

    def _hear(self, seen: MarketSeen) -> None:
        with self._lock:
            self._seen.append(seen)
        self._woken.set()

    def _drain(self) -> list[MarketSeen]:
        with self._lock:
            seen, self._seen = self._seen, []
        return seen

    def _now(self) -> Instant:
        """Return the wall's time as it was at the beginning and has passed since: it never steps."""
        return self._wall + round((time.monotonic() - self._began) * SECOND)

    def _report(self) -> ClosingReport:
        """Say how it stands by the newest whole read; what no read tells is not known."""
        core, book = self._core, self._broker.last_rows
        known = book is not None and not core.unknown
        standing = AccountStanding(known=False, problem=core.unknown)
        if book is not None and known:
            standing = standing_of(book, self._scope, core.manager.portfolio.refused)
            waiting, unknown = waiting_orders(self._client, Purpose.KILL)
            standing = msgspec.structs.replace(standing, waiting=waiting, waiting_unknown=unknown)
        problems = tuple(dict.fromkeys([*core.problems, *self._problems]))
        if not known:
            problems = tuple(dict.fromkeys([core.unknown, *problems]))
        return ClosingReport(
            flat=core.flat,
            standing=standing,
            cancels=len(self._cancels),
            exits=len(self._exits),
            problems=problems,
            resting=core.resting,
            interrupted=self._interrupted,
            over=known and not core.flat and self._over,
        )
