"""A window too small for the trade screen: the kill, where we are, what is held, and what was answered."""

from typing import Final

from cockpit.state.model import Model
from cockpit.text.formatting import clock, price
from cockpit.text.lines import Line, Span, choose, compose, wrap
from cockpit.widgets.events import notice_span, paint_banner
from cockpit.widgets.footer import kill_text
from cockpit.widgets.header import sign_in, trading_word
from cockpit.widgets.sections import FLAT_CONFIRMED
from engine.contract.views import LatchView, PositionRow, Severity, StopStatus
from engine.market.figures import signed_rupees, signed_units

ENLARGE: Final = "make the window at least 80×24 to trade"
"""What a key says that would act without showing on what."""

_SAID_LINES: Final = 2


def paint_tiny(model: Model, width: int, height: int, *, silent: int | None = None) -> list[Line]:
    """Return what fits a window below 80×24: kill, world and state; answers and alarms; positions; what to do."""
    view = model.view
    lines = [_first(model, width, silent=silent, alone=height <= 1)]
    said = [] if model.notice is None else [notice_span(model.notice)]
    if model.is_struck_out:
        said.append((FLAT_CONFIRMED[0], ""))
    first = model.first_alarm
    if first is not None:
        more = f" (+{len(model.alarms) - 1} more)" if len(model.alarms) > 1 else ""
        style = "good" if first.severity is Severity.GOOD else "alarm"
        said.append((f"!! {clock(first.time)} {first.text}{more} · a acknowledges", style))
    for words, style in said:
        lines += [
            compose([(f" {part}", style)], width) for part in wrap(words, max(1, width - 1), _SAID_LINES)
        ]
    if model.ended is not None and view is not None:
        lines += paint_banner(view.latch, model.ended, width, model.guard, view.header.world)[1:]
    lines += [_position(row, width) for row in (view.positions if view is not None else ())]
    return [*lines[: max(1, height - 1)], compose([(f" {ENLARGE}", "dim")], width)][:height]


def _first(model: Model, width: int, *, silent: int | None, alone: bool) -> Line:
    """Return the line that is always there; it carries the answer too where it is the only one."""
    view = model.view
    where: Span = (f" {view.header.world.upper()} " if view is not None else " COCKPIT ", "title")
    if alone and model.notice is not None:
        return compose([*_kill(model), (" ", ""), where, (" ", ""), notice_span(model.notice)], width)
    if view is None:
        return compose([*_kill(model), (" ", ""), where, (" waiting for the engine", "")], width)
    header = view.header
    held = ", ".join(f"{row.symbol} {signed_units(row.quantity)}" for row in view.positions) or "flat"
    latch: list[Span] = [] if view.latch is None else [(f" LATCH {_latch_word(view.latch)} ", "alarm")]
    state: list[Span] = [(trading_word(header), "strong")]
    if model.ended is not None:
        state = [(" ENGINE ENDED ", "alarm")]
    elif silent is not None:
        state = [(f" ENGINE SILENT {silent} s ", "alarm")]
    net: list[Span] = [("net ", "dim"), (signed_rupees(view.risk.day_result, 0), "strong")]
    parts: list[tuple[int, list[Span]]] = [
        (0, _kill(model)),
        (0, [where]),
        (1, latch),
        (2, state),
        (2, [(" MANUAL ARMED ", "armed")] if header.manual_armed else []),
        (4, [] if model.is_struck_out else net),
        (5, [(held, "")]),
        *((rank + 3, part) for rank, part in sign_in(view)),
        (10, [(ENLARGE, "dim")] if alone else []),
    ]
    return compose(choose(parts, width, gap=1), width)


def _latch_word(latch: LatchView) -> str:
    """Return the latch's state, or what holds it up."""
    return ", ".join(latch.detail) or latch.state


def _kill(model: Model) -> list[Span]:
    # What it leaves alone is said where there is room.
    scope, _, _ = kill_text(model).partition(" · ")
    return [(f" ctrl+k {scope} ", "kill")]


def _position(row: PositionRow, width: int) -> Line:
    stop = f"  stop {price(row.stop, row.tick)} {row.stop_state.value}"
    if row.plight is not None:
        return compose(
            [(f" {row.symbol} {signed_units(row.quantity)} {row.plight.text}".ljust(width), "alarm")], width
        )
    loud = row.stop_state in (StopStatus.MISSING, StopStatus.IN_DOUBT) and not row.external
    figures = f" {row.symbol} {signed_units(row.quantity)}{stop}  {signed_rupees(row.pnl, 0)}"
    return compose([(figures, "alarm" if loud else "")], width)
