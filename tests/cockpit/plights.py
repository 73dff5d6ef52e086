"""Pictures of positions that the exchange does not let go, in the engine's own words."""

import msgspec

from engine.contract.plight_views import PlightKind, PlightView
from engine.contract.views import AlarmRank, EventLine, LatchView, ScreenView, Severity, StopStatus
from tests.cockpit.pictured_market import at

HALTED = PlightView(
    PlightKind.HELD_BY_HALT,
    naked=False,
    text="HELD BY HALT: its exit leaves by itself when the exchange reopens; its stop rests: buy 120, trigger 1,527.00",
    advice="nobody can trade it before the exchange reopens; the exchange announces when; cancels still pass",
)
STUCK = PlightView(
    PlightKind.STUCK,
    naked=True,
    text="STUCK: sell 240 at 962.45 (order L-1-S) rests at the price limit and no buyer stands there",
    advice="it fills when a buyer comes or the band moves; leave it, its place in the queue counts",
    order="L-1-S",
    order_quantity=240,
    order_price=962_45,
)
CARRIED = PlightView(
    PlightKind.CARRIED,
    naked=True,
    text="CARRIED into the next day: −120 held, nothing can close it today, no stop rests",
    advice="a short in cash is a delivery shortage: the exchange buys it in by auction, with a penalty; call now",
)


def waiting(view: ScreenView, *plights: PlightView | None) -> ScreenView:
    """The same with each position in the plight that is given for it, and the kill on."""
    rows = tuple(
        row if plight is None else msgspec.structs.replace(row, plight=plight, stop_state=StopStatus.EXITING)
        for row, plight in zip(view.positions, plights, strict=True)
    )
    named = [(row.symbol, row.plight) for row in rows if row.plight is not None]
    latch = LatchView(
        "STUCK",
        at(11, 42, 3),
        "a screen (process 4711)",
        "the kill key was pressed",
        " · ".join(
            ["2 positions and 2 orders left", *(f"{symbol} {plight.text}" for symbol, plight in named)]
        ),
        tuple(dict.fromkeys(plight.kind for _, plight in named)),
        tuple(f"{symbol} {plight.text}" for symbol, plight in named),
        tuple(dict.fromkeys(plight.advice for _, plight in named)),
    )
    alarms = tuple(
        EventLine(8 + place, at(11, 42, 4), Severity.ALARM, f"{symbol} {plight.text}", AlarmRank.VITAL)
        for place, (symbol, plight) in enumerate(named)
    )
    return msgspec.structs.replace(
        view,
        positions=rows,
        latch=latch,
        events=(*view.events, *alarms),
        header=msgspec.structs.replace(view.header, trading="PAUSED: kill latch", paused="kill latch"),
    )
