"""What positions and the kill wait for, as a screen, a shell and a status show it."""

from typing import Final

from engine.contract.kill_times import KillTimes
from engine.contract.plight_views import PlightKind, PlightView
from engine.contract.views import LatchView
from engine.core import Core
from engine.market.clock import Instant
from engine.orders.kill import LatchState
from engine.orders.plight import Plight
from engine.orders.plight_words import plight_advice, plight_text
from engine.orders.trade import Trade

UNKNOWN_LEFT: Final = "what is left is unknown"


def plight_view(core: Core, trade: Trade) -> PlightView | None:
    """Return what a trade waits for; None while nothing is in its way."""
    plight = core.watch.plights.current.get(trade.id)
    return None if plight is None else _view(plight)


def latch_view(core: Core, since: Instant, times: KillTimes) -> LatchView | None:
    """Return the kill as it stands; ``since`` is when it was set, as shown."""
    latch = core.latch
    if latch is None:
        return None
    flat = latch.state is LatchState.FLAT
    plights = () if flat else tuple(core.watch.plights.current.values())
    detail = () if flat else core.watch.plights.holding
    return LatchView(
        latch.state.value,
        since,
        latch.by,
        latch.reason,
        _progress(core, plights, flat=flat),
        tuple(PlightKind(kind.value) for kind in detail),
        tuple(f"{plight.instrument.symbol} {plight_text(plight)}" for plight in plights),
        tuple(dict.fromkeys(plight_advice(plight) for plight in plights)),
        times,
    )


def _progress(core: Core, plights: tuple[Plight, ...], *, flat: bool) -> str:
    scope, kill = core.kill_scope(), core.manager.kill
    if flat:
        done = "the broker confirmed flat; cockpit rearm clears the latch"
        named = f": {', '.join(scope.left)}" if scope.left else ""
        return f"left alone {scope.left_outside}{named} · {done}" if scope.left_outside else done
    left = f"{scope.told} left"
    if kill.unread:
        # Nought counted where nobody could be asked is no count.
        left = f"{scope.told} known of, more may be left" if scope.positions or scope.orders else UNKNOWN_LEFT
    words = [left, *(f"{plight.instrument.symbol} {plight_text(plight)}" for plight in plights)]
    if kill.unread:
        words.append(f"the broker cannot be asked: {kill.unread}")
    if kill.refusal:
        words.append(f"last refusal: {kill.refusal}")
    return " · ".join(words)


def _view(plight: Plight) -> PlightView:
    order = plight.exit
    return PlightView(
        kind=PlightKind(plight.kind.value),
        naked=plight.naked,
        text=plight_text(plight),
        advice=plight_advice(plight),
        order="" if order is None else order.tag,
        order_quantity=0 if order is None else order.remaining,
        order_price=None if order is None else order.price,
    )
