"""Many scenarios at once, and what they came to: one table for a person, the same for ``campaign.json``."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.oracles.judge import ORACLES
from tests.scenarios.catalogue import SCENARIOS
from tests.scenarios.play import Row, play
from tests.scenarios.scenario import Scenario
from tests.scenarios.stage import Way

RESULT = Path(__file__).resolve().parents[2] / "campaign.json"
_SAMPLE = 12
_SIGNS = {"held": "yes", "impossible": "-", "BROKEN": "NO", "?": "?"}

Story = tuple[str, Way]


def chosen(*, only: str = "", way: str = "", small: bool = False) -> list[Story]:
    """Return the stories asked for, by name and way."""
    stories = [
        (scenario.name, one)
        for scenario in SCENARIOS
        for one in scenario.ways
        if only in scenario.name or only in scenario.family.value
        if way in ("", one.value)
    ]
    step = max(len(stories) // _SAMPLE, 1)
    # A step that the ways divide would meet one way alone.
    step += step % len(Way) == 0
    return stories[::step] if small else stories


def find(name: str) -> Scenario:
    """Return a scenario by its name."""
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def tell(story: Story) -> Row:
    """Play one story."""
    name, way = story
    row = play(find(name), way)
    # A machine that is busy with other work may be too slow for an engine's own checks: the story never began.
    return row if row.begun else play(find(name), way)


def work_through(stories: Sequence[Story], workers: int, say: Callable[[Row, int, float], None]) -> list[Row]:
    """Play stories, several at once: they wait more than they compute. Rows come in the order of the stories.

    ``say`` hears of each as it ends: its row, how many have ended, and after how many seconds.
    """
    began, rows = time.monotonic(), dict[Story, Row]()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(tell, story): story for story in stories}
        try:
            for future in as_completed(waiting):
                row = rows[waiting[future]] = future.result()
                say(row, len(rows), time.monotonic() - began)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return [rows[story] for story in stories]


def show(rows: Sequence[Row]) -> str:
    """Return everything for a person to read, the trouble last."""
    lines = [f"{'scenario':<52} {'engine':<6} {' '.join(ORACLES)}   naked  flat after  seconds"]
    for row in rows:
        marks = " ".join(f"{_SIGNS[row.marks[name]]:<2}" for name in ORACLES)
        flat = "-" if row.flat_after is None else f"{row.flat_after:.2f} s"
        lines.append(
            f"{row.scenario:<52} {row.way.value:<6} {marks} {row.naked_ms:>5} ms {flat:>10} {row.seconds:>7.1f}"
        )
    lines += ["", "longest without protection, by the broker's clock"]
    for family, worst in by_family(rows).items():
        lines.append(f"  {family:<40} {worst:>7,} ms")
    reasons = {(row.scenario, row.way.value, name, why) for row in rows for name, why in row.excuses.items()}
    if reasons:
        lines += ["", "made impossible by the fault"]
        lines += [f"  {name} {scenario} ({way}): {why}" for scenario, way, name, why in sorted(reasons)]
    trouble = [row for row in rows if not row.good]
    if trouble:
        lines += ["", f"broken: {len(trouble)} of {len(rows)}"]
    for row in trouble:
        lines += [f"  {row.scenario} ({row.way.value}): {text}" for text in row.broken]
        lines += [f"    said: {text}" for text in row.words]
    return "\n".join(lines)


def by_family(rows: Sequence[Row]) -> dict[str, int]:
    """Return each family's longest time without protection where O3 was not made impossible, milliseconds."""
    worst: dict[str, int] = {}
    for row in rows:
        name = row.family.value if "O3" not in row.excuses else f"{row.family.value} (made impossible)"
        worst[name] = max(worst.get(name, 0), row.naked_ms)
    return worst


def write(rows: Sequence[Row], path: Path = RESULT) -> None:
    """Add the table to the campaign's result."""
    record = json.loads(path.read_text("utf-8")) if path.exists() else {}
    record["scenarios"] = [row.told() for row in rows]
    record["scenarios_broken"] = sum(not row.good for row in rows)
    record["scenarios_naked_ms_by_family"] = by_family(rows)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
