"""Plays one scenario in one way and judges it on the broker's side."""

import time
from dataclasses import dataclass, field

import pytest

from tests.oracles.judge import ORACLES, Judgement, judge
from tests.scenarios.scenario import Family, Scenario
from tests.scenarios.stage import Stage, Way, ready, staged

PATIENCE = 30.0
"""Seconds from the kill, or from what mended it, until the broker must be flat."""
_SAME_WITHIN = 6.0
"""Seconds until the engine's picture must be the broker's, once a story has come to rest."""


@dataclass(frozen=True)
class Row:
    """What became of one scenario in one way."""

    scenario: str
    family: Family
    way: Way
    marks: dict[str, str]
    """By oracle: held, impossible or BROKEN."""
    naked_ms: int
    flat_after: float | None
    """Seconds from the kill until the broker was flat in scope."""
    seconds: float
    broken: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    excuses: dict[str, str] = field(default_factory=dict)

    @property
    def begun(self) -> bool:
        """Say whether the story could be told at all."""
        return "?" not in self.marks.values()

    @property
    def good(self) -> bool:
        """Say whether everything held that could."""
        return not self.broken

    def told(self) -> dict[str, object]:
        """Return it for a file."""
        return {
            "scenario": self.scenario,
            "family": self.family.value,
            "engine": self.way.value,
            **self.marks,
            "naked_ms": self.naked_ms,
            "flat_after_s": None if self.flat_after is None else round(self.flat_after, 2),
            "seconds": round(self.seconds, 1),
            "impossible": self.excuses,
            "broken": list(self.broken),
            "said": list(self.words),
        }


def play(scenario: Scenario, way: Way) -> Row:
    """Play a scenario; whatever breaks is in the row, and nothing is raised."""
    began = time.monotonic()
    try:
        with staged(scenario.settings, late=scenario.late) as stage:
            trouble = _act(stage, scenario, way)
            judgement = judge(stage.evidence(), tuple(stage.noted))
            return _row(scenario, way, judgement, stage, time.monotonic() - began, trouble)
    except (AssertionError, OSError, RuntimeError, ValueError, pytest.fail.Exception) as error:
        marks = dict.fromkeys(ORACLES, "?")
        told = f"{type(error).__name__}: {error}"
        return Row(scenario.name, scenario.family, way, marks, 0, None, time.monotonic() - began, (told,))


def _act(stage: Stage, scenario: Scenario, way: Way) -> list[str]:
    if scenario.overnight is not None:
        scenario.overnight(stage)
    ready(stage)
    if scenario.before is not None:
        scenario.before(stage)
    if scenario.side is not None:
        stage.enter(scenario.side)
    assert stage.engine is not None
    if way is Way.HUNG:
        stage.engine.stop_process()
    elif way is Way.DEAD:
        stage.engine.kill_process()
    if scenario.deed is not None:
        scenario.deed(stage)
    if way is Way.ALIVE or (way is Way.DEAD and scenario.restart):
        return _by_the_engine(stage, scenario, way)
    return _by_a_shell(stage, scenario)


def _by_the_engine(stage: Stage, scenario: Scenario, way: Way) -> list[str]:
    if way is Way.DEAD:
        stage.start()
    stage.pause(scenario.watch)
    stage.until(lambda: not stage.differences(), _SAME_WITHIN)
    stage.noted += stage.differences()
    stage.press()
    patience, began = PATIENCE, time.monotonic()
    if scenario.mended_after is not None:
        stage.until(stage.claims_flat, scenario.mended_after)
        scenario.mend(stage)
        patience, began = PATIENCE + scenario.mended_after, time.monotonic()
    if stage.until(stage.claims_flat, patience):
        return []
    return [f"no FLAT within {time.monotonic() - began:.0f} s: the latch says {stage.latch_state}"]


def _by_a_shell(stage: Stage, scenario: Scenario) -> list[str]:
    mended = scenario.mended_after
    mend = None if mended is None else lambda: scenario.mend(stage)
    began = time.monotonic()
    done = stage.flatten(PATIENCE + (mended or 0.0), mend, mended or 0.0)
    if not done and mended is not None:
        # It gave up, with what a person must do: the person does it, and calls it again.
        stage.pause(max(mended - (time.monotonic() - began), 0.0))
        scenario.mend(stage)
        done = stage.flatten(PATIENCE, None, 0.0)
    stage.ask_status()
    return [] if done else [f"flatten did not end with 0: {' '.join(stage.words[-1:])}"]


def _row(
    scenario: Scenario, way: Way, judgement: Judgement, stage: Stage, seconds: float, trouble: list[str]
) -> Row:
    excuses = {name: why for name in ORACLES if (why := scenario.excuse(name, way))}
    marks, broken = {}, list(trouble)
    for name in ORACLES:
        reasons = judgement.broken[name]
        marks[name] = "held" if not reasons else "impossible" if name in excuses else "BROKEN"
        if reasons and name not in excuses:
            broken += [f"{name} {reason}" for reason in reasons]
    if not stage.is_flat() and not trouble:
        broken.append("the broker is not flat at the end")
    flat_after = None
    if judgement.last_closing is not None and stage.latched_at is not None:
        flat_after = max(judgement.last_closing - stage.latched_at, 0.0)
    used = {name: why for name, why in excuses.items() if judgement.broken[name]}
    return Row(
        scenario.name,
        scenario.family,
        way,
        marks,
        judgement.naked_ms,
        flat_after,
        seconds,
        tuple(broken),
        tuple(stage.words),
        used,
    )
