"""The rollout: where the account stands, what each stage caps, and each line of the next gate with its evidence."""

from collections.abc import Callable
from typing import Final

from cockpit.screens.page import PageScreen
from cockpit.state.model import Model
from cockpit.state.rollout_reading import RolloutReader, RolloutReading
from cockpit.text.formatting import day_and_clock
from cockpit.text.lines import Line, Span, compose, fit, wrap
from engine.contract.rollout_views import (
    Criterion,
    CriterionState,
    RolloutGate,
    RolloutReport,
    RolloutSight,
    RolloutTrack,
)
from engine.market.figures import grouped

_SIGNS: Final = {
    CriterionState.MET: ("✓", "good"),
    CriterionState.UNMET: ("✗", "warn"),
    CriterionState.NOT_RECORDED: ("?", "warn"),
}
_WHOSE: Final = {RolloutTrack.SETUPS: "SETUPS", RolloutTrack.MANUAL: "YOUR OWN ORDERS"}
_INDENT: Final = 4
_STAGE: Final = 7
_MOST_LINES: Final = 6
_CHANGES: Final = 8


def paint_rollout(reading: RolloutReading | None, width: int, *, again: bool = False) -> list[Line]:
    """Return the page; ``again`` says that it is being read anew while the last reading stands."""
    blank = compose([], width)
    state = "reading the record …" if again or reading is None else "u reads it again"
    lines = [blank, compose([("ROLLOUT", "title"), (f"   {state}, escape goes back", "dim")], width), blank]
    if reading is None:
        return lines
    if reading.sight is None:
        return [*lines, *_said(reading.problem, "warn", 0, width)]
    sight = reading.sight
    report = sight.report
    stands: list[Span] = [
        ("stage ", "dim"),
        (report.stage, "strong"),
        ("   your own orders ", "dim"),
        (report.manual_stage, "strong"),
    ]
    lines += [compose(stands, width), *_said(f"at {report.addresses}{_read(report)}", "dim", 0, width)]
    if report.problem:
        lines += _said(f"NOT BELIEVED, so PAPER for entries: {report.problem}", "alarm", 0, width)
    lines += [blank, compose([("WHAT EACH STAGE CAPS OF A LIVE ENTRY", "title")], width)]
    for room in sight.stages:
        mark, style = ("▸ ", "strong") if room.now else ("  ", "dim")
        lines += _beside(
            [(f"{mark}{fit(room.name, _STAGE)}", style)], room.words, "" if room.now else "dim", width
        )
    lines += [blank, *_drill(sight, width)]
    for gate in report.gates:
        lines += [blank, *_gate(gate, width)]
    if not report.gates:
        lines += [blank, *_said("FULL is the last stage: nothing is left to be met.", "", 0, width)]
    return [*lines, *_changes(report, width), blank]


def _read(report: RolloutReport) -> str:
    return "" if report.time is None else f" · read {day_and_clock(report.time)}"


def _drill(sight: RolloutSight, width: int) -> list[Line]:
    lines = [compose([("KILL DRILL", "title")], width)]
    counts = not sight.drill_missing
    lines += _beside([("✓ " if counts else "✗ ", "good" if counts else "warn")], sight.drill, "", width)
    if sight.drill_missing:
        lines += _said(f"missing: {sight.drill_missing}", "warn", _INDENT, width)
    return lines


def _gate(gate: RolloutGate, width: int) -> list[Line]:
    title: list[Span] = [(f"{gate.origin} TO {gate.target}", "title"), (f"   {_WHOSE[gate.track]}", "strong")]
    lines = [compose(title, width), *_said(_forecast(gate), "good" if gate.met else "", 0, width)]
    if gate.basis:
        lines += _said(f"stands on {gate.basis}", "dim", 0, width)
    for one in gate.criteria:
        lines += _criterion(one, width)
    for text in gate.apart:
        lines += _said(f"apart: {text}", "dim", _INDENT, width)
    return lines


def _forecast(gate: RolloutGate) -> str:
    """Return how far the gate is, with the sessions to go; what a person does once all of it is met."""
    if gate.met:
        option = " --manual" if gate.track is RolloutTrack.MANUAL else ""
        return f"every line is met: stop the engine (palette), then `cockpit rollout promote{option}` asks for a word"
    unmet = f"{len(gate.unmet)} of {len(gate.criteria)} lines are not met"
    if gate.sessions is None:
        return f"{unmet}; nobody can say in how many sessions"
    return f"{unmet}; at the pace so far {_sessions(gate.sessions)} to go at the earliest"


def _criterion(one: Criterion, width: int) -> list[Line]:
    sign, style = _SIGNS[one.state]
    lines = _beside([(f"{sign} ", style)], f"{one.name}: {one.evidence}", "" if one.met else "strong", width)
    lines += _said(f"asked for: {one.asks}", "dim", _INDENT, width)
    if one.met:
        return lines
    word = "missing" if one.state is CriterionState.UNMET else "NOT RECORDED"
    if one.missing:
        word += f": {one.missing}"
    ahead = f" · at the pace so far in {_sessions(one.sessions)}" if one.sessions else ""
    return [*lines, *_said(word + ahead, "warn", _INDENT, width)]


def _changes(report: RolloutReport, width: int) -> list[Line]:
    if not report.rows:
        return []
    lines = [compose([], width), compose([("CHANGES", "title"), ("   newest first", "dim")], width)]
    for row in report.rows[: -_CHANGES - 1 : -1]:
        whose = "all entries" if row.both else _WHOSE[row.track].lower()
        words = f"{whose} {row.kind} {row.origin} to {row.target} by {row.by}: {row.reason}"
        lines += _beside([(f"{day_and_clock(row.time)}  ", "dim")], words, "", width)
    return lines


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{grouped(count)} sessions"


def _beside(first: list[Span], text: str, style: str, width: int) -> list[Line]:
    """Return text beside what stands before it, over as many lines as that takes."""
    before = sum(len(part) for part, _ in first)
    parts = wrap(text, max(1, width - before), _MOST_LINES) or [""]
    return [
        compose([*(first if index == 0 else [(" " * before, "")]), (part, style)], width)
        for index, part in enumerate(parts)
    ]


def _said(text: str, style: str, indent: int, width: int) -> list[Line]:
    return [
        compose([(" " * indent, ""), (part, style)], width)
        for part in wrap(text, max(1, width - indent), _MOST_LINES)
    ]


class RolloutScreen(PageScreen):
    """The rollout of the home's account, whatever world the screen below shows."""

    def __init__(
        self, model: Model, now: Callable[[], float], reader: RolloutReader, *, ascii_signs: bool
    ) -> None:
        super().__init__(model, now, ascii_signs=ascii_signs)
        self._reader = reader
        self._reading: RolloutReading | None = None
        self._is_reading = False

    @property
    def is_paint_due(self) -> bool:
        """Whether what is being read is not painted yet."""
        return self._is_reading or super().is_paint_due

    def on_mount(self) -> None:
        """Read as the page opens."""
        super().on_mount()
        self.read_again()

    def read_again(self) -> None:
        """Read the record anew; what stands stays until then."""
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._read(), name="rollout")
            self.paint_soon()

    def text_lines(self, width: int) -> list[Line]:
        """Return the rollout as last read."""
        return paint_rollout(self._reading, width, again=self._is_reading)

    async def _read(self) -> None:
        try:
            self._reading = await self._reader.read()
        finally:
            self._is_reading = False
        self.paint_soon()
