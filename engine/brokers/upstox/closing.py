"""Closing a live account with no engine: cancel, exit, verify by reading, and again until it is flat or time is up.

Nothing of ours is remembered here, so everything comes from the broker: side and quantity of each exit from its
positions, and an exit only after its book shows no live order that could fill beside it.
"""

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from engine.brokers.upstox.book_reader import BookReader, WholeBook
from engine.brokers.upstox.register import ENDED_WORDS
from engine.brokers.upstox.translation import intraday
from engine.market.clock import Instant
from engine.upstox.budget import Purpose
from engine.upstox.client import AUTOMATIC_PROTECTION, Bulk, UpstoxClient
from engine.upstox.outcome import (
    ORDER_ENDED,
    Blocked,
    CallFailed,
    Done,
    InDoubt,
    Outcome,
    SignInAgain,
    describe,
)
from engine.upstox.records import OrderRow, PositionRow
from engine.upstox.terms import NewOrder

BETWEEN_PROOFS: Final = 0.5
"""Seconds between the two reads that prove flat."""

FILL_PATIENCE: Final = 1.0
"""Seconds an exit may rest before it is cancelled and sent anew."""

DOUBT_PATIENCE: Final = 10.0
"""Seconds an unanswered exit may still arrive; a second one sent earlier could turn the position around."""

WAITS: Final = (0.5, 1.0, 2.0, 5.0)
"""Seconds between two rounds; the last repeats."""

_LOOK_AGAIN: Final = 0.25
_SLOWER: Final = 1.25


class Scope(StrEnum):
    """What is to be flat: everything intraday, or every product of the account."""

    INTRADAY = "intraday"
    ACCOUNT = "account"


class AccountStanding(msgspec.Struct, frozen=True):
    """What the broker says is open. ``known`` is False when it could not be asked: that is never flat."""

    known: bool
    positions: tuple[PositionRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    outside_positions: int = 0
    outside_orders: int = 0
    problem: str = ""

    @property
    def flat(self) -> bool:
        """Say whether the broker showed nothing open and nothing live in scope."""
        return self.known and not self.positions and not self.orders

    @property
    def shape(self) -> tuple[object, ...]:
        """Return what a fill, a cancel or a new order would change; prices do not count."""
        positions = tuple((row.instrument, row.product, row.quantity) for row in self.positions)
        return positions, tuple((row.order_id, row.status, row.filled_quantity) for row in self.orders)


class ClosingReport(msgspec.Struct, frozen=True):
    """What was done, and how the account stood at the end; flat means proven twice."""

    flat: bool
    standing: AccountStanding
    cancels: int
    exits: int
    problems: tuple[str, ...]
    """Everything that went wrong, each once, oldest first."""


def account_standing(
    client: UpstoxClient,
    scope: Scope = Scope.INTRADAY,
    *,
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    sleep: Callable[[float], None] = time.sleep,
) -> AccountStanding:
    """Return what is open and live in scope by one consistent read of the broker."""
    try:
        return _standing(BookReader(clock, sleep=sleep).read(client, Purpose.KILL), scope)
    except CallFailed as error:
        return AccountStanding(known=False, problem=str(error))


def account_is_flat(
    client: UpstoxClient,
    scope: Scope = Scope.INTRADAY,
    *,
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Say whether two reads, half a second apart, both showed nothing open; a failed read is a no."""
    if not account_standing(client, scope, clock=clock, sleep=sleep).flat:
        return False
    sleep(BETWEEN_PROOFS)
    return account_standing(client, scope, clock=clock, sleep=sleep).flat


def flatten_account(
    client: UpstoxClient,
    scope: Scope = Scope.INTRADAY,
    *,
    patience: float = 60.0,
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ClosingReport:
    """Cancel and close everything in scope, and return only when it is proven flat, hopeless, or time is up.

    Hopeless is what only a person can change: a dead token, a refused address, a closed market.
    """
    return _Closing(client, scope, patience, clock, monotonic, sleep).run()


class _Closing:
    def __init__(
        self,
        client: UpstoxClient,
        scope: Scope,
        patience: float,
        clock: Callable[[], Instant],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._scope = scope
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._reader = BookReader(clock, sleep=sleep)
        self._deadline = monotonic() + patience
        self._problems: dict[str, None] = {}
        self._cancels = self._exits = 0
        self._hopeless = False
        self._standing = AccountStanding(known=False)
        self._sent: set[str] = set()
        """Exits that the broker took."""
        self._listed: frozenset[str] = frozenset()
        """Every order of the last read book."""
        self._exited_at = -DOUBT_PATIENCE

    def run(self) -> ClosingReport:
        quiet_rounds = 0
        while not self._look().flat or not self._proven():
            if self._hopeless or self._monotonic() >= self._deadline:
                return self._report(flat=False)
            before = self._standing
            progress = before.known and self._act() and self._await_change(before)
            quiet_rounds = 0 if progress else quiet_rounds + 1
            if quiet_rounds and not self._given_up():
                self._sleep(WAITS[min(quiet_rounds, len(WAITS)) - 1])
        return self._report(flat=True)

    def _act(self) -> bool:
        """Cancel what is live; when nothing is, exit what is open. Return whether a request got through."""
        if self._standing.orders:
            return self._cancel(self._standing.orders)
        if not self._all_listed():
            # Another exit beside one that the broker took and does not list yet could be too much.
            left = self._exited_at + DOUBT_PATIENCE - self._monotonic()
            listed = self._look_until(self._all_listed, left)
            self._sent &= self._listed
            return listed
        if self._standing.positions and self._market_open():
            return self._exit(self._standing.positions)
        return False

    def _all_listed(self) -> bool:
        return self._sent <= self._listed

    def _cancel(self, orders: Sequence[OrderRow]) -> bool:
        if len(orders) > 1 and not self._standing.outside_orders:
            outcome = self._client.multi_cancel(purpose=Purpose.KILL, lines=len(orders))
            bulk = self._bulk("cancel all", outcome)
            if bulk is not None and bulk.order_ids:
                self._cancels += len(bulk.order_ids)
                return True
            if self._given_up():
                return False
        done = False
        for order in orders:
            outcome = self._client.cancel(order.order_id, Purpose.KILL)
            # An order that has ended needs no cancel: the next read shows what it did.
            if isinstance(outcome, Done) or getattr(outcome, "code", "") in ORDER_ENDED:
                self._cancels += isinstance(outcome, Done)
                done = True
            else:
                self._failed(f"cancel {order.symbol or order.instrument}", outcome)
            if self._given_up():
                break
        return done

    def _exit(self, positions: Sequence[PositionRow]) -> bool:
        if not self._standing.outside_positions:
            outcome = self._client.exit_all(purpose=Purpose.KILL, lines=len(positions))
            bulk = self._bulk("exit all", outcome)
            if bulk is not None and bulk.order_ids:
                self._left(bulk.order_ids)
                return True
            if isinstance(outcome, InDoubt) or (bulk is not None and not bulk.errors):
                return self._wait_out_doubt()
            if self._given_up():
                return False
        done = False
        for position in sorted(positions, key=_closing_rank):
            outcome = self._client.place(self._closer(position), Purpose.KILL)
            if isinstance(outcome, Done):
                self._left(outcome.data)
                done = True
                continue
            self._failed(f"exit {position.symbol or position.instrument}", outcome)
            if self._given_up():
                break
            if isinstance(outcome, InDoubt):
                return self._wait_out_doubt() or done
        return done

    def _closer(self, position: PositionRow) -> NewOrder:
        """Return an exit of the broker's own quantity; the broker splits it, for no freeze quantity is known here."""
        return NewOrder(
            instrument=position.instrument,
            side="SELL" if position.quantity > 0 else "BUY",
            order_type="MARKET",
            quantity=abs(position.quantity),
            price=0,
            trigger_price=0,
            tag=f"flatten-{self._clock() // 1_000}-{self._exits + 1}",
            product=position.product,
            slice=True,
            market_protection=AUTOMATIC_PROTECTION,
        )

    def _market_open(self) -> bool:
        """Say whether an exit sent now is an exit: outside the hours it could become an order for tomorrow."""
        try:
            status = self._client.market_status("NSE", Purpose.KILL)
        except CallFailed as error:
            self._failed("market status", error.outcome)
            return False
        if not status.open:
            word = status.status or "not known to be open"
            self._problems[f"the market is {word}: no exit was sent"] = None
            self._hopeless = True
        return status.open

    def _await_change(self, before: AccountStanding) -> bool:
        """Read until something changed and nothing is under way, for as long as an exit may rest."""

        def settled() -> bool:
            now = self._standing
            return now.flat or (now.known and not now.orders and now.shape != before.shape)

        changed = self._look_until(settled, FILL_PATIENCE)
        return changed or (self._standing.known and self._standing.shape != before.shape)

    def _wait_out_doubt(self) -> bool:
        """Wait until an unanswered exit has shown itself, or can no longer arrive."""
        before = self._standing
        return self._look_until(
            lambda: self._standing.known and self._standing.shape != before.shape, DOUBT_PATIENCE
        )

    def _look_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Read again, ever more slowly, until something is so or the time is over; return whether it is."""
        until, wait = self._monotonic() + seconds, _LOOK_AGAIN
        while self._monotonic() < until:
            self._sleep(wait)
            wait = min(wait * _SLOWER, 1.0)
            self._look()
            if done():
                return True
        return False

    def _look(self) -> AccountStanding:
        try:
            book = self._reader.read(self._client, Purpose.KILL)
            self._listed = frozenset(row.order_id for row in book.orders)
            self._standing = _standing(book, self._scope)
        except CallFailed as error:
            self._failed("read", error.outcome)
            self._standing = AccountStanding(known=False, problem=str(error))
        return self._standing

    def _proven(self) -> bool:
        self._sleep(BETWEEN_PROOFS)
        return self._look().flat

    def _bulk(self, what: str, outcome: Outcome) -> Bulk | None:
        """Return what a bulk call did, None when it was not taken; keep what went wrong."""
        if not isinstance(outcome, Done):
            self._failed(what, outcome)
            return None
        bulk: Bulk = outcome.data
        for error in bulk.errors:
            if error.code not in ORDER_ENDED:
                name = error.instrument or error.order_id
                self._problems[f"{what}: {name} {error.code} {error.message}"] = None
        return bulk

    def _left(self, order_ids: Sequence[str]) -> None:
        self._exits += len(order_ids)
        self._sent.update(order_ids)
        self._exited_at = self._monotonic()

    def _given_up(self) -> bool:
        return self._hopeless

    def _failed(self, what: str, outcome: Outcome) -> None:
        self._problems[f"{what}: {describe(outcome)}"] = None
        self._hopeless = self._hopeless or isinstance(outcome, Blocked | SignInAgain)

    def _report(self, *, flat: bool) -> ClosingReport:
        return ClosingReport(flat, self._standing, self._cancels, self._exits, tuple(self._problems))


def _standing(book: WholeBook, scope: Scope) -> AccountStanding:
    whole = scope is Scope.ACCOUNT
    open_positions = [row for row in book.positions if row.quantity]
    live = [row for row in book.orders if row.status not in ENDED_WORDS]
    positions = tuple(row for row in open_positions if whole or intraday(row))
    orders = tuple(row for row in live if whole or intraday(row))
    return AccountStanding(
        known=True,
        positions=positions,
        orders=orders,
        outside_positions=len(open_positions) - len(positions),
        outside_orders=len(live) - len(orders),
    )


def _closing_rank(position: PositionRow) -> tuple[bool, bool, int]:
    """Shorts before longs, derivatives before stocks, the largest value first."""
    price = position.last_price or position.average_price or 0
    return (
        position.quantity > 0,
        not position.instrument.startswith("NSE_FO"),
        -abs(position.quantity) * price,
    )
