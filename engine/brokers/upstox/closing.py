"""Closing a live account with no engine: cancel, exit, verify by reading, and again until it is flat or time is up.

Nothing of ours is remembered here, so everything comes from the broker: side and quantity of each exit from its
positions, and an exit only after its book shows no live order of that instrument that could fill beside it. A stop
is cancelled only where an exit can follow, and goes back where the exit was refused.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from engine.brokers.upstox.book_reader import BookReader
from engine.brokers.upstox.standing import (
    BETWEEN_PROOFS,
    AccountStanding,
    Scope,
    closing_rank,
    exchange_of,
    protects,
    standing_of,
)
from engine.market.clock import Instant
from engine.orders.dispatch import FLATTEN
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

FILL_PATIENCE: Final = 1.0
"""Seconds an exit may rest before it is cancelled and sent anew; longer each time that it did not help."""

DOUBT_PATIENCE: Final = 10.0
"""Seconds an unanswered exit may still arrive; a second one sent earlier could turn the position around."""

WAITS: Final = (0.5, 1.0, 2.0, 5.0)
"""Seconds between two rounds that moved nothing; the last repeats."""

CLOSED_UNTIL_MORNING: Final = frozenset({"UDAPI100072", "UDAPI100074"})
"""The broker's hours are over: nothing passes before 05:30."""

_NO_SLICES: Final = "UDAPI1118"
_LOOK_AGAIN: Final = 0.25
_SLOWER: Final = 1.25
_COVERING_ROUNDS: Final = 2
"""Rounds beyond the time, so that nothing is left with its stop cancelled and no exit sent."""

_ANY: Final = ""
"""Stands for every instrument, where a bulk call does not say which it touched."""


class ClosingReport(msgspec.Struct, frozen=True):
    """What was done, and how the account stood at the end; flat means proven twice."""

    flat: bool
    standing: AccountStanding
    cancels: int
    exits: int
    problems: tuple[str, ...]
    """Everything that went wrong, each once, oldest first."""
    exit_ids: tuple[str, ...] = ()
    """The broker's ids of the exits: those of its bulk call bear no tag."""


def flatten_account(
    client: UpstoxClient,
    scope: Scope = Scope.INTRADAY,
    *,
    patience: float = 60.0,
    awaited: Iterable[str] = (),
    tell: Callable[[str], None] = lambda _: None,
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ClosingReport:
    """Cancel and close everything in scope, and return only when it is proven flat, hopeless, or time is up.

    ``awaited`` are tags of orders that may have left without an answer: nothing is flat before each is listed or can
    no longer arrive. Hopeless is what only a person or the morning can change: a dead token, a refused address, a
    closed market. ``tell`` hears, as often as it changes, what is left and what went wrong last; it must not block.
    """
    return _Closing(client, scope, patience, frozenset(awaited), tell, clock, monotonic, sleep).run()


class _Closing:
    def __init__(
        self,
        client: UpstoxClient,
        scope: Scope,
        patience: float,
        awaited: frozenset[str],
        tell: Callable[[str], None],
        clock: Callable[[], Instant],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._scope = scope
        self._tell = tell
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._reader = BookReader(clock, sleep=sleep)
        self._deadline = monotonic() + patience
        self._awaited = awaited
        self._awaited_until = monotonic() + DOUBT_PATIENCE
        self._problems: dict[str, None] = {}
        self._newest_problem = ""
        self._cancels = self._exits = self._tags = 0
        self._hopeless = False
        self._slices = True
        self._standing = AccountStanding(known=False)
        self._open: dict[str, bool] = {}
        """By exchange, whether an order sent now can trade; an exchange that could not be asked is left out."""
        self._sent: dict[str, tuple[str, float]] = {}
        """Exits the broker took and has not listed yet: which instrument, and until when it may still be listed."""
        self._doubt: dict[str, float] = {}
        """By instrument, until when an unanswered exit or stop may still arrive."""
        self._exit_ids: set[str] = set()
        self._refused: set[str] = set()
        """Instruments whose exit was refused: their stop goes back."""
        self._stops: dict[tuple[str, str], OrderRow] = {}
        """The stops that were cancelled, by instrument and product."""

    def run(self) -> ClosingReport:
        quiet_rounds = rounds_beyond = 0
        while not self._look().flat or not self._all_arrived() or not self._proven():
            if self._monotonic() >= self._deadline:
                rounds_beyond += 1
                if rounds_beyond > _COVERING_ROUNDS or not self._uncovered():
                    break
            if self._given_up():
                break
            before = self._standing
            acted = self._act() if before.known else False
            waiting = before.known and self._anything_under_way()
            if (acted or waiting) and self._await_change(before, FILL_PATIENCE * (1 + quiet_rounds)):
                quiet_rounds = 0
                continue
            quiet_rounds += not waiting
            if not waiting and not self._given_up() and self._monotonic() < self._deadline:
                self._sleep(WAITS[min(quiet_rounds, len(WAITS)) - 1])
        else:
            return self._report(flat=True)
        for position in self._uncovered():
            self._put_back(position)
        return self._report(flat=False)

    def _act(self) -> bool:
        """Cancel, exit, put stops back, each where it may be done; return whether a request got through."""
        self._ask_for_hours()
        if self._hopeless:
            return False
        standing = self._standing
        wanted = [order for order in standing.orders if self._may_cancel(order)]
        done = self._cancel(wanted) if wanted else False
        busy = {order.instrument for order in standing.orders}
        for position in standing.positions:
            if position.instrument in self._refused and position.instrument not in busy:
                self._refused.discard(position.instrument)
                busy.add(position.instrument)
                done = self._put_back(position) or done
        free = [
            position
            for position in standing.positions
            if position.instrument not in busy
            and not self._under_way(position.instrument)
            and self._open.get(exchange_of(position.instrument), False)
        ]
        if free and not self._hopeless:
            whole = len(free) == len(standing.positions) and not standing.outside_positions
            done = self._exit(free, whole=whole) or done
        self._tell_closed()
        return done

    def _may_cancel(self, order: OrderRow) -> bool:
        """Say whether a live order is to go: a stop stays where no exit could follow it."""
        open_now = self._open.get(exchange_of(order.instrument), False)
        return open_now or not any(protects(order, position) for position in self._standing.positions)

    def _ask_for_hours(self) -> None:
        """Learn where an exit sent now is an exit: outside the hours it could become an order for tomorrow."""
        self._open = {}
        for name in {exchange_of(row.instrument) for row in self._standing.positions}:
            try:
                status = self._client.market_status(name, Purpose.KILL)
            except CallFailed as error:
                self._failed(f"hours of {name}", error.outcome)
                continue
            self._open[name] = status.open
            if not status.open:
                word = status.status or "not known to be open"
                self._went_wrong(f"{name} is {word}: no exit was sent, the stops stay")

    def _tell_closed(self) -> None:
        """Give up where all that is left waits for a market that is closed."""
        waiting = [self._open.get(exchange_of(row.instrument)) is False for row in self._standing.positions]
        left = [order for order in self._standing.orders if self._may_cancel(order)]
        if waiting and all(waiting) and not left:
            self._hopeless = True

    def _under_way(self, instrument: str) -> bool:
        """Say whether an exit of an instrument may still show itself: another one could be too much."""
        now = self._monotonic()
        self._doubt = {name: until for name, until in self._doubt.items() if until > now}
        self._sent = {name: row for name, row in self._sent.items() if row[1] > now}
        return any(
            name in (instrument, _ANY) for name in (*self._doubt, *(row[0] for row in self._sent.values()))
        )

    def _all_arrived(self) -> bool:
        """Say whether every order that may have left is listed, or can no longer arrive."""
        return not self._awaited or self._monotonic() >= self._awaited_until

    def _anything_under_way(self) -> bool:
        self._under_way(_ANY)
        return bool(self._doubt or self._sent) or not self._all_arrived()

    def _uncovered(self) -> list[PositionRow]:
        """Return the open positions with neither a live order nor an exit under way."""
        busy = {order.instrument for order in self._standing.orders}
        return [
            position
            for position in self._standing.positions
            if position.instrument not in busy and not self._under_way(position.instrument)
        ]

    def _cancel(self, orders: Sequence[OrderRow]) -> bool:
        for order in orders:
            for position in self._standing.positions:
                if protects(order, position):
                    self._stops[position.instrument, position.product] = order
        whole = len(orders) == len(self._standing.orders) and not self._standing.outside_orders
        if len(orders) > 1 and whole:
            bulk = self._bulk(
                "cancel all", self._client.multi_cancel(purpose=Purpose.KILL, lines=len(orders))
            )
            if bulk is not None and bulk.order_ids:
                self._cancels += len(bulk.order_ids)
                return True
        done = False
        for order in orders:
            if self._hopeless:
                break
            outcome = self._client.cancel(order.order_id, Purpose.KILL)
            # An order that has ended needs no cancel: the next read shows what it did.
            if isinstance(outcome, Done) or getattr(outcome, "code", "") in ORDER_ENDED:
                self._cancels += isinstance(outcome, Done)
                done = True
            else:
                self._failed(f"cancel {order.symbol or order.instrument}", outcome)
        return done

    def _exit(self, positions: Sequence[PositionRow], *, whole: bool) -> bool:
        if whole:
            outcome = self._client.exit_all(purpose=Purpose.KILL, lines=len(positions))
            bulk = self._bulk("exit all", outcome)
            if bulk is not None and bulk.order_ids:
                self._left(_ANY, bulk.order_ids)
                return True
            if isinstance(outcome, InDoubt) or (bulk is not None and not bulk.errors):
                self._doubt[_ANY] = self._monotonic() + DOUBT_PATIENCE
                return True
        done = False
        for position in sorted(positions, key=closing_rank):
            if self._hopeless:
                break
            done = self._exit_one(position) or done
        return done

    def _exit_one(self, position: PositionRow) -> bool:
        name = position.symbol or position.instrument
        outcome = self._client.place(self._closer(position), Purpose.KILL)
        if getattr(outcome, "code", "") == _NO_SLICES and self._slices:
            self._slices = False
            outcome = self._client.place(self._closer(position), Purpose.KILL)
        if isinstance(outcome, Done):
            self._left(position.instrument, outcome.data)
            return True
        self._failed(f"exit {name}", outcome)
        if isinstance(outcome, InDoubt):
            self._doubt[position.instrument] = self._monotonic() + DOUBT_PATIENCE
        else:
            self._refused.add(position.instrument)
        return isinstance(outcome, InDoubt)

    def _put_back(self, position: PositionRow) -> bool:
        """Place a cancelled stop again: its exit was refused, or the time is up."""
        name = position.symbol or position.instrument
        stop = self._stops.get((position.instrument, position.product))
        if stop is None or not protects(stop, position):
            self._went_wrong(f"{name} is NAKED: no stop of it is known")
            return False
        order = NewOrder(
            instrument=position.instrument,
            side=stop.side,
            order_type=stop.order_type,
            quantity=abs(position.quantity),
            price=stop.price,
            trigger_price=stop.trigger_price,
            tag=self._tag(),
            product=position.product,
            market_protection=AUTOMATIC_PROTECTION if stop.order_type == "SL-M" else None,
        )
        outcome = self._client.place(order, Purpose.KILL)
        if isinstance(outcome, Done):
            return True
        self._failed(f"{name} is NAKED: its stop does not go back", outcome)
        if isinstance(outcome, InDoubt):
            self._doubt[position.instrument] = self._monotonic() + DOUBT_PATIENCE
        return False

    def _closer(self, position: PositionRow) -> NewOrder:
        """Return an exit of the broker's own quantity; the broker splits it, for no freeze quantity is known here."""
        return NewOrder(
            instrument=position.instrument,
            side="SELL" if position.quantity > 0 else "BUY",
            order_type="MARKET",
            quantity=abs(position.quantity),
            price=0,
            trigger_price=0,
            tag=self._tag(),
            product=position.product,
            slice=self._slices,
            market_protection=AUTOMATIC_PROTECTION,
        )

    def _tag(self) -> str:
        self._tags += 1
        return f"{FLATTEN}{self._clock() // 1_000}-{self._tags}"

    def _await_change(self, before: AccountStanding, patience: float) -> bool:
        """Read until something changed and nothing is live, for as long as an exit may rest; say whether it did."""
        until, wait = self._monotonic() + min(patience, WAITS[-1]), _LOOK_AGAIN
        while self._monotonic() < until:
            self._sleep(wait)
            wait = min(wait * _SLOWER, 1.0)
            now = self._look()
            if now.flat or (now.known and not now.orders and now.shape != before.shape):
                return True
        return self._standing.known and self._standing.shape != before.shape

    def _look(self) -> AccountStanding:
        try:
            book = self._reader.read(self._client, Purpose.KILL)
        except CallFailed as error:
            self._standing = AccountStanding(known=False, problem=str(error))
            self._failed("read", error.outcome)
            return self._standing
        self._awaited -= {row.tag for row in book.orders}
        for row in book.orders:
            self._sent.pop(row.order_id, None)
            if row.order_id in self._exit_ids and row.status == "rejected":
                self._exit_ids.discard(row.order_id)
                self._refused.add(row.instrument)
                self._went_wrong(f"exit {row.symbol or row.instrument} rejected: {row.message}")
        self._standing = standing_of(book, self._scope)
        self._tell_progress()
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
                self._went_wrong(f"{what}: {name} {error.code} {error.message}")
        return bulk

    def _left(self, instrument: str, order_ids: Sequence[str]) -> None:
        until = self._monotonic() + DOUBT_PATIENCE
        self._exits += len(order_ids)
        self._exit_ids.update(order_ids)
        self._sent.update(dict.fromkeys(order_ids, (instrument, until)))

    def _went_wrong(self, text: str) -> None:
        self._problems[text] = None
        self._newest_problem = text
        self._tell_progress()

    def _tell_progress(self) -> None:
        """Say what is left and what went wrong last: the newest refusal stands in the way, not the first."""
        left = "what is open is unknown"
        if self._standing.known:
            counts = ((len(self._standing.positions), "position"), (len(self._standing.orders), "order"))
            left = " and ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
            left += " left"
        self._tell(f"{left} · last problem: {self._newest_problem}" if self._newest_problem else left)

    def _given_up(self) -> bool:
        return self._hopeless

    def _failed(self, what: str, outcome: Outcome) -> None:
        self._went_wrong(f"{what}: {describe(outcome)}")
        over = getattr(outcome, "code", "") in CLOSED_UNTIL_MORNING
        self._hopeless = self._hopeless or over or isinstance(outcome, Blocked | SignInAgain)

    def _report(self, *, flat: bool) -> ClosingReport:
        problems, exits = tuple(self._problems), tuple(sorted(self._exit_ids))
        return ClosingReport(flat, self._standing, self._cancels, self._exits, problems, exits)
