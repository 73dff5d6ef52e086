"""The rollout as lines of text: the stage, each criterion with its evidence, and what is missing."""

import textwrap
from typing import Final

from engine.contract.rollout_views import CriterionState, RolloutGate, RolloutReport, RolloutTrack
from engine.market.figures import grouped

_SIGNS: Final = {CriterionState.MET: "✓", CriterionState.UNMET: "✗", CriterionState.NOT_RECORDED: "?"}
_WHOSE: Final = {RolloutTrack.SETUPS: "setups", RolloutTrack.MANUAL: "your own orders"}
_LAST: Final = 5


def describe_rollout(report: RolloutReport, width: int) -> list[str]:
    """Return a report as lines of at most ``width`` columns, 60 at the least."""
    width = max(width, 60)
    stands = f"stage {report.stage} · your own orders {report.manual_stage} · at {report.addresses}"
    lines = _wrapped(stands, "", width)
    if report.problem:
        lines += _wrapped(f"NOT BELIEVED: {report.problem}", "", width)
    for gate in report.gates:
        lines += ["", *_gate(gate, width)]
    if report.rows:
        lines += ["", "changes"]
        for row in report.rows[-_LAST:]:
            whose = "all entries" if row.both else _WHOSE[row.track]
            words = f"{whose} {row.kind} {row.origin} to {row.target} by {row.by}: {row.reason}"
            lines += _wrapped(words, "  ", width)
    return lines


def _gate(gate: RolloutGate, width: int) -> list[str]:
    lines = _wrapped(f"{gate.origin} to {gate.target} · {_WHOSE[gate.track]} · {_forecast(gate)}", "", width)
    if gate.basis:
        lines += _wrapped(f"stands on {gate.basis}", "  ", width)
    for one in gate.criteria:
        lines += _wrapped(f"{_SIGNS[one.state]} {one.name}: {one.evidence}", "  ", width)
        lines += _wrapped(f"asked for: {one.asks}", "      ", width)
        if one.missing:
            lines += _wrapped(f"missing: {one.missing}", "      ", width)
    for text in gate.apart:
        lines += _wrapped(f"apart: {text}", "  ", width)
    return lines


def _forecast(gate: RolloutGate) -> str:
    if gate.met:
        return f"every line is met: cockpit rollout promote{_option(gate)}"
    unmet = f"{len(gate.unmet)} of {len(gate.criteria)} lines are not met"
    if gate.sessions is None:
        return f"{unmet}, nobody can say in how many sessions"
    return f"{unmet}, at the pace so far in {grouped(gate.sessions)} sessions at the earliest"


def _option(gate: RolloutGate) -> str:
    return " --manual" if gate.track is RolloutTrack.MANUAL else ""


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
