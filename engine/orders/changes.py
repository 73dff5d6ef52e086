"""Whether a change or a cancel of a live order came about, and what takes its place once its patience is over.

A 200 is a received request, not a change; silence is neither. Each change has its own patience, counted from its
first write. Until it is known not to have been made its larger quantity counts.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.orders.messages import OrderType, Role
from engine.orders.order import Aim, Order, last_write
from engine.orders.states import OrderState

TRIES: Final = 2
PATIENCE: Final = 2 * SECOND
"""An exit that does not come about by one way within two tries or this takes the other."""

REPEAT: Final = 1_500 * MILLISECOND
"""A change without any proof is asked for once more after this: a read that settles it takes a second."""

GROWS_WITHIN: Final = SECOND
"""How long a stop may take to have another quantity."""

READ_BACK: Final = 500 * MILLISECOND
"""How much longer the read may take that says whether it has it."""

ANSWER_WITHIN: Final = 2 * SECOND
"""A write without an answer for so long holds nothing up any more."""

HELD_UP_FOR: Final = 500 * MILLISECOND
"""So long a stop that must cover more waits for the answer to another change of it; then a further stop does."""

FORGOTTEN: Final = 10 * SECOND
"""A way that failed may be tried again so long after its last write."""

DISTRUST: Final = 60 * SECOND
"""How long changes are left out after one that nobody answered for."""

MOST_CHANGES: Final = 20
"""Changes of one order before it is replaced: a sister broker on the same exchange refuses the 26th."""

RESERVE: Final = 4
"""Further changes for what must not wait: less held than rests."""

REFUSING_ORDERS: Final = 3
"""So many stops in a row that could not be turned teach it even after one that could."""


class ExitWay(StrEnum):
    """How a resting order becomes the exit."""

    MODIFY = "modify"
    REPLACE = "replace"
    """Cancelled, seen cancelled, and a plain exit placed."""


class Fate(StrEnum):
    """What is known of the last change of an order."""

    MADE = "MADE"
    OPEN = "OPEN"
    """It still has time."""
    NOT_MADE = "NOT MADE"
    """The broker said so, or its order read back says so, and nothing of it is on its way."""
    IN_DOUBT = "IN DOUBT"


def fate(order: Order, now: Instant) -> Fate:
    """Return what is known of an order's last change of quantity."""
    if order.aim is None:
        return Fate.MADE
    over = now >= order.aim_since + GROWS_WITHIN + READ_BACK
    if order.state is OrderState.PENDING_MODIFY:
        return Fate.IN_DOUBT if over else Fate.OPEN
    if order.most > order.quantity:
        return Fate.IN_DOUBT
    if order.read_at >= order.refused_at:
        return Fate.NOT_MADE
    return Fate.IN_DOUBT if over else Fate.OPEN


def fails_at(order: Order) -> Instant:
    """Return when an outstanding change has had its patience; what must also cover more has less."""
    return order.aim_since + (GROWS_WITHIN if order.most > order.quantity else PATIENCE)


def waits_for_answer(order: Order, now: Instant) -> bool:
    """Say whether an order's newest write may still be answered: only the newest wish leaves after that."""
    return order.under_way and now < last_write(order) + ANSWER_WITHIN


def change_failed(order: Order, now: Instant) -> bool:
    """Say whether an order could not be changed within its patience, lately."""
    if order.aim is None or now >= order.written_at + FORGOTTEN:
        return False
    if order.state is not OrderState.PENDING_MODIFY and order.tries >= TRIES:
        return True
    if order.read_at < order.aim_since:
        # Nothing was seen of it since: it may be done, and what is cancelled blindly leaves nothing at all.
        return False
    resized = order.aim in (Aim.GROW, Aim.SHRINK) and fate(order, now) is not Fate.OPEN
    return resized or now >= fails_at(order)


def cancel_failed(order: Order, now: Instant) -> bool:
    """Say whether an order could not be cancelled within its patience, lately, and is known to be live."""
    if order.cancel_since is None or order.cancel_at is None or order.state is OrderState.PENDING_CANCEL:
        return False
    if now >= order.cancel_at + FORGOTTEN:
        return False
    return order.tries_to_cancel >= TRIES or now >= order.cancel_since + PATIENCE


def way_of(order: Order, now: Instant, first: ExitWay) -> ExitWay:
    """Return how a resting order is to be changed now: one way after the other, each with its patience.

    The quantity of a change of a partly filled order may mean the whole or the rest: it is never changed.
    """
    if order.state is OrderState.PENDING_CANCEL or order.filled or order.moves >= MOST_CHANGES:
        return ExitWay.REPLACE
    failed = change_failed(order, now)
    if order.state is OrderState.PENDING_MODIFY and order.aim in (Aim.TURN, Aim.MOVE) and not failed:
        turning = order.aim is Aim.TURN or first is ExitWay.MODIFY
        return ExitWay.MODIFY if turning else ExitWay.REPLACE
    stuck = cancel_failed(order, now)
    if first is ExitWay.MODIFY:
        return ExitWay.REPLACE if failed and not stuck else ExitWay.MODIFY
    return ExitWay.MODIFY if stuck and not failed else ExitWay.REPLACE


def is_worn(orders: Iterable[Order], trade: str) -> bool:
    """Say whether a stop of a trade has been changed so often that it trails no more."""
    return any(
        order.role is Role.STOP and order.trade == trade and order.moves >= MOST_CHANGES for order in orders
    )


def _read_back_unmade(old: Order, order: Order) -> bool:
    """Say whether a read has just shown that a change which nobody refused was not made."""
    was_out = old.state is OrderState.PENDING_MODIFY and order.aim is not None
    return was_out and order.live and order.pending is None and order.refused_at == old.refused_at


def _into_limit(order: Order) -> bool:
    """Say whether an order's outstanding change makes a limit of a stop; the way back teaches nothing of that."""
    return order.wanted.order_type is OrderType.LIMIT


def _went_unheard(old: Order, order: Order) -> bool:
    """Say whether the word has just come that nobody answers for a change which is not proven, either."""
    silent = old.under_way and not order.under_way and not order.answered
    return silent and order.state is OrderState.PENDING_MODIFY


class Experience:
    """What the broker's answers of a run have taught about changes."""

    def __init__(self, first: ExitWay) -> None:
        self._first = first
        self._turned = 0
        self._refusing: dict[str, int] = {}
        self._distrusted_until: Instant = 0
        self._no_growth_until: Instant = 0
        self.learned = False
        """The broker refuses to turn a stop into a limit: nobody asks it again."""
        self.turns_back = True
        """Whether a limit may become a stop, as far as is known: one refusal is enough."""

    def first(self, now: Instant) -> ExitWay:
        """Return the way that is tried first."""
        return ExitWay.REPLACE if self.learned or not self.trusts(now) else self._first

    def trusts(self, now: Instant) -> bool:
        """Say whether changes come about, as far as is known."""
        return now >= self._distrusted_until

    def grows(self, now: Instant) -> bool:
        """Say whether a stop is asked to cover more; else a further one does."""
        return self.trusts(now) and now >= self._no_growth_until

    def note(self, old: Order, order: Order) -> bool:
        """Take in what a message said of an order's change; True when it has just taught something for the run."""
        if old.aim is not None and order.aim is None and order.live:
            self._distrusted_until = 0
            if old.aim is Aim.GROW:
                self._no_growth_until = 0
            if old.aim is Aim.TURN and _into_limit(old):
                self._turned += 1
                self._refusing.clear()
        elif order.aim is Aim.GROW and order.refused_at > old.refused_at:
            self._no_growth_until = order.refused_at + DISTRUST
        elif order.aim is Aim.TURN and order.refused_at > old.refused_at and not _into_limit(old):
            self.turns_back = False
        elif order.aim is Aim.TURN and order.refused_at > old.refused_at:
            self._refusing[order.tag] = self._refusing.get(order.tag, 0) + 1
            refusing = sum(1 for count in self._refusing.values() if count >= TRIES)
            if not self.learned and refusing >= (REFUSING_ORDERS if self._turned else 1):
                self.learned = True
                return True
        elif _went_unheard(old, order):
            self._distrusted_until = last_write(order) + DISTRUST
        elif _read_back_unmade(old, order):
            self._no_growth_until = order.changed_at + DISTRUST
        return False

    def gave_up(self, order: Order, now: Instant) -> None:
        """Take in that an order is cancelled: a change of it that nobody answered for is distrusted for a while."""
        unheard = order.aim is not None and order.refused_at < order.aim_since
        if unheard and now >= order.aim_since + GROWS_WITHIN:
            self._distrusted_until = now + DISTRUST
