"""The kill drill's only page: nothing on it looks like the trade screen, and its banner stands at both ends."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult

from cockpit.screens.painted import PaintedScreen
from cockpit.state.drill import WANTED, Drill, DrillStep
from cockpit.state.model import Model
from cockpit.text.lines import Line, Span, compose, fit, spread, wrap
from cockpit.widgets.footer import kill_text
from engine.market.figures import signed_units
from engine.operations.drill_account import DRILL_BUDGETS, KeptDrill

_BANNER: Final = "KILL DRILL"
_NOT_YOURS: Final = "a throw-away market, NOT your account"
_MARK: Final = 3
_LINES: Final = 4


def paint_drill(drill: Drill, result: KeptDrill | None, width: int) -> list[Line]:
    """Return the drill's steps, each as it stands, then what it came to."""
    lines = [
        compose([], width),
        *_said(
            f"You practise the kill on this terminal ({drill.terminal}). A simulated market was begun for it; what "
            "ctrl+k closes here is only that. The account is watched meanwhile: a real kill ends the drill at once.",
            "",
            width,
        ),
        compose([], width),
    ]
    step = drill.step
    opening = f"at least {WANTED} positions: {len(drill.positions)} open, {drill.held} behind a stop"
    opened = step is not DrillStep.OPENING and bool(drill.positions)
    lines += _step(1, opening, width, done=opened, now=step is DrillStep.OPENING)
    for row in drill.positions:
        stop = f"  stop {row.stop_state.value}" if step in (DrillStep.OPENING, DrillStep.READY) else ""
        held = f"{fit(row.symbol, 16)} {signed_units(row.quantity):>8}{stop}"
        lines.append(compose([(" " * 6, ""), (held, "dim")], width))
    pressed = drill.pressed is not None
    lines += _step(2, "press ctrl+k (or f9)", width, done=pressed, now=step is DrillStep.READY)
    times = (drill.times.durable, drill.times.first_order, drill.times.flat)
    for number, ((what, budget), time) in enumerate(zip(DRILL_BUDGETS, times, strict=True), 3):
        after = drill.since_press(time)
        told = f"{what}, within {_told(budget)}" + ("" if after is None else f": {_told(after)}")
        late = after is not None and after > budget
        waits = step is DrillStep.KILLED
        lines += _step(number, told, width, done=after is not None, now=waits, missed=late)
    return [*lines, compose([], width), *_verdict(drill, result, width)]


def _verdict(drill: Drill, result: KeptDrill | None, width: int) -> list[Line]:
    if drill.ended:
        style = "alarm" if drill.real_kill else "warn"
        return [
            *_said(drill.ended, style, width),
            *_said("q leaves. The drill is still missing.", "dim", width),
        ]
    if drill.step is DrillStep.READY:
        return _said("Press ctrl+k now.", "armed", width)
    if drill.step is not DrillStep.OVER:
        return []
    if result is None:
        return _said("writing it into the account's record …", "dim", width)
    if result.passed:
        said = _said(f"PASSED · {result.figures}", "good", width)
    else:
        said = _said(f"NOT PASSED · {result.why_not} · {result.figures}", "alarm", width)
    return [*said, *_said(f"{result.text}; q leaves", "dim" if result.kept else "warn", width)]


def _step(number: int, text: str, width: int, *, done: bool, now: bool, missed: bool = False) -> list[Line]:
    mark, style = (
        ("✗", "warn") if missed else ("✓", "good") if done else ("▸", "strong") if now else (" ", "dim")
    )
    first: list[Span] = [(f"  {fit(mark, _MARK - 1)}{number} ", style)]
    words = wrap(text, max(1, width - 7), 2)
    loud = "warn" if missed else "strong" if now and not done else ""
    return [
        compose([*(first if index == 0 else [(" " * 6, "")]), (part, loud)], width)
        for index, part in enumerate(words)
    ]


def _said(text: str, style: str, width: int) -> list[Line]:
    return [compose([("  ", ""), (part, style)], width) for part in wrap(text, max(1, width - 4), _LINES)]


def _told(microseconds: int) -> str:
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.2f} s"
    return f"{microseconds / 1_000:.1f} ms"


class DrillScreen(PaintedScreen):
    """Shows the drill alone: banner, steps, verdict, and the kill key with its scope."""

    AUTO_FOCUS: ClassVar[str | None] = None

    def __init__(
        self,
        model: Model,
        now: Callable[[], float],
        drill: Drill,
        result: Callable[[], KeptDrill | None],
        *,
        ascii_signs: bool,
    ) -> None:
        super().__init__(model, now, ("drilltop", "text", "drillfoot"), ascii_signs=ascii_signs, name="drill")
        self._drill = drill
        self._result = result

    def compose(self) -> ComposeResult:
        """Place the banner, the steps and the banner again."""
        yield self.panels["drilltop"]
        yield self.panels["text"]
        yield self.panels["drillfoot"]

    def on_mount(self) -> None:
        """Paint as soon as the panels stand."""
        self.paint_soon()

    def flush(self) -> None:
        """Paint how far the drill is."""
        width = self.app.size.width
        top = [(f" {_BANNER} ", "title"), (f" {_NOT_YOURS} ", "strong")]
        self.panels["drilltop"].show([spread(top, [(f" {_BANNER} ", "title")], width)])
        text = self.panels["text"]
        text.show(paint_drill(self._drill, self._result(), text.size.width or width))
        left: list[Span] = [(f" {_BANNER} ", "title"), (" q", "key"), (" leave ", "")]
        kill: list[Span] = [(f" ctrl+k {kill_text(self.model)} of the drill ", "kill")]
        self.panels["drillfoot"].show([spread(left, kill, width)])
