"""What a request that leaves makes of an order, and when the order is looked at until the request is proven."""

from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.orders.messages import Role
from engine.orders.order import Aim, Order, OrderTerms, aim_of, last_write
from engine.orders.reports import STRAY
from engine.orders.states import UNPROVEN, OrderState

PROBES: Final = tuple(step * MILLISECOND for step in (250, 500, 1_000, 2_000, 4_000))
"""When an order in doubt is asked for by tag, after the doubt began; then every PROBE_EVERY."""

PROBE_EVERY: Final = 5 * SECOND
ABSENT_AFTER: Final = 10 * SECOND
"""Since the bytes left; exceeds the latest arrival tested, 8 s."""

FRESH_AFTER: Final = SECOND
"""A read asked for this long after a write proves whether the write was done."""

STOP_IN_DOUBT_FOR: Final = 1_750 * MILLISECOND
"""So long a stop may lack its proof where no read can be had: the exit that then leaves arrives within two seconds."""

LISTED_WITHIN: Final = 1_500 * MILLISECOND
"""So long what was acknowledged may be missing from the broker's lists; then the receipt proves nothing."""

STANDING: Final = frozenset({OrderState.ACKED, OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL})
"""A request was received or left, and nothing proves yet that it was done."""

LOOKS: Final = (200 * MILLISECOND, 500 * MILLISECOND, FRESH_AFTER)
"""When an order with such a request is looked at, after its newest write: done shows early, not done later."""

LOOKS_LONG: Final = 10 * SECOND
"""So long it is looked at every second, then every PROBE_EVERY."""


def with_change(order: Order, terms: OrderTerms, now: Instant) -> Order:
    """Return an order whose change to ``terms`` leaves now; the worse of old and new counts from here."""
    waits = order.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL)
    stray, most = order.stray_until, max(order.most, terms.quantity)
    if order.pending is not None:
        most = max(most, order.pending.quantity)
        if not order.answered:
            # The one it replaces was never proven undone: it may still arrive, late.
            stray = max(stray, order.written_at + STRAY)
    aim = aim_of(order, terms)
    cancelled_since = order.cancel_at is not None and order.cancel_at >= order.written_at
    # A stop that must cover more goes on being short while its exit is asked for instead.
    still_short = (
        order.state is OrderState.PENDING_MODIFY and order.aim is Aim.GROW and terms.quantity > order.quantity
    )
    anew = (aim is not order.aim and not still_short) or cancelled_since or now >= order.written_at + STRAY
    return msgspec.structs.replace(
        order,
        state=OrderState.PENDING_MODIFY,
        stray_until=stray,
        resume=order.resume if waits else order.state,
        pending=terms,
        written_at=now,
        moves=order.moves + 1,
        answered=False,
        under_way=True,
        aim=aim,
        aim_since=now if anew else order.aim_since,
        tries=1 if anew else order.tries + 1,
        most=most,
        overlaps=order.pending is not None,
        cancel_since=None,
        tries_to_cancel=0,
    )


def with_cancel(order: Order, now: Instant) -> Order:
    """Return an order whose cancel leaves now. One without proof stays in doubt: a cancel by tag proves nothing."""
    anew = order.cancel_since is None or now >= (order.cancel_at or 0) + STRAY
    asked = msgspec.structs.replace(
        order,
        cancel_at=now,
        cancels=order.cancels + 1,
        cancel_since=now if anew else order.cancel_since,
        tries_to_cancel=1 if anew else order.tries_to_cancel + 1,
        under_way=True,
    )
    if order.state in (OrderState.SUBMITTED, OrderState.IN_DOUBT, OrderState.ABSENT) or not order.live:
        return asked
    waits = order.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL)
    return msgspec.structs.replace(
        asked,
        state=OrderState.PENDING_CANCEL,
        resume=order.resume if waits else order.state,
        answered=False,
    )


def next_look(order: Order) -> Instant | None:
    """Return when an order is asked for by name again; None while nothing of it is unproven.

    One that somebody else sent has no name of ours.
    """
    if order.state in STANDING and (order.trade or not order.adopted):
        again, listed = _next_standing(order), order.sent_at + LISTED_WITHIN
        return min(again, listed) if is_unseen(order) and order.looked_at < listed else again
    if order.aim is not None and order.live and order.refused_at > max(order.looked_at, order.read_at):
        # What was refused is read back, too.
        return order.refused_at + LOOKS[0]
    if order.role is not Role.ENTRY and order.state is OrderState.SUBMITTED:
        due = [order.sent_at + after for after in LOOKS[1:] if order.looked_at < order.sent_at + after]
        return due[0] if due else None
    if order.state is not OrderState.IN_DOUBT or order.doubt_since is None:
        return None
    began = order.probed_since or order.doubt_since
    earlier = _probe_after(began, order.probes - 1)
    next_due = _probe_after(began, order.probes)
    proof = order.sent_at + ABSENT_AFTER
    next_due = proof if earlier < proof < next_due else next_due
    missing = unproven_since(order) + FRESH_AFTER
    return missing if order.role is not Role.ENTRY and order.looked_at < missing < next_due else next_due


def _next_standing(order: Order) -> Instant:
    last = last_write(order)
    due = [last + after for after in LOOKS if order.looked_at < last + after]
    if due:
        return due[0]
    return order.looked_at + (SECOND if order.looked_at < last + LOOKS_LONG else PROBE_EVERY)


def is_unseen(order: Order) -> bool:
    """Say whether nothing but a receipt tells of a stop or an exit, whatever has been asked of it since."""
    return order.role is not Role.ENTRY and order.state in STANDING and not order.exchange_time


def unproven_since(order: Order) -> Instant:
    """Return since when an order lacks its proof: one that the exchange had confirmed lacks it from the doubt on."""
    return order.doubt_since if order.doubt_since is not None and order.exchange_time else order.sent_at


def is_missing(order: Order, now: Instant) -> bool:
    """Say whether a stop is given up: a read that should show it does not, or none could be had for too long."""
    if order.state not in UNPROVEN:
        return False
    since = unproven_since(order)
    return order.missed_at >= since + FRESH_AFTER or now >= since + STOP_IN_DOUBT_FOR


def is_lost_exit(order: Order) -> bool:
    """Say whether a list that should show an exit did not: it covers nothing, and may still arrive.

    It keeps its place among what closes until it is proven missing, for a second exit beside it could turn the
    position round; a stop takes over what it was to cover.
    """
    unproven = order.state in (OrderState.SUBMITTED, OrderState.IN_DOUBT)
    return order.role is Role.EXIT and unproven and order.missed_at >= unproven_since(order) + FRESH_AFTER


def _probe_after(doubted: Instant, probes: int) -> Instant:
    """Return when an order in doubt is asked for by its tag after so many probes; before the first, the doubt."""
    if probes < 0:
        return doubted
    if probes < len(PROBES):
        return doubted + PROBES[probes]
    return doubted + PROBES[-1] + PROBE_EVERY * (probes - len(PROBES) + 1)
