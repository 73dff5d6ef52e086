"""What a campaign came to: one object for ``campaign.json`` and one table for a person."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.market.clock import MILLISECOND
from tests.campaign.intruder import DRAWN
from tests.campaign.kills import KilledRun
from tests.campaign.mutants import Hunt
from tests.campaign.schedule import SeedRun
from tests.campaign.shells import ShellRun
from tests.campaign.troubles import Family
from tests.campaign.unmade import UnmadeRun
from tests.campaign.wider import WIDER

ENOUGH = 1_000
"""Schedules after which each fault must have been drawn."""


@dataclass
class Result:
    """Everything the workers reported."""

    seeds: list[SeedRun] = field(default_factory=list)
    killed: list[KilledRun] = field(default_factory=list)
    shells: list[ShellRun] = field(default_factory=list)
    unmade: list[UnmadeRun] = field(default_factory=list)
    hunts: list[Hunt] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    fault_tests: int = 0
    seconds: float = 0.0

    @property
    def idle(self) -> list[str]:
        """Return the faults that no schedule drew, once there were enough of them to draw each."""
        seen = {name for run in self.seeds for name, count in run.injected.items() if count}
        return sorted({*DRAWN, *WIDER} - seen) if len(self.seeds) >= ENOUGH else []

    @property
    def worst(self) -> dict[Family, int]:
        """Return by family of faults the longest time without protection by the broker's clock, µs."""
        found: dict[Family, int] = {}
        for run in self.seeds:
            for family, time in run.naked_by_family.items():
                found[family] = max(found.get(family, 0), time)
        return dict(sorted(found.items()))

    @property
    def too_long(self) -> list[str]:
        """Return the families in which something was without protection for longer than is allowed."""
        return [
            f"{family.title}: {time // MILLISECOND:,} ms"
            for family, time in self.worst.items()
            if family.limit is not None and time > family.limit
        ]

    @property
    def good(self) -> bool:
        """Say whether every law held, every death was survived, every mutant caught and every fault passed."""
        return (
            not self.idle
            and not self.too_long
            and not any(run.broken for run in self.seeds)
            and not any(run.differs for run in self.killed)
            and not any(run.broken for run in self.shells)
            and not any(run.broken for run in self.unmade)
            and all(hunt.seed is not None for hunt in self.hunts)
            and all(verdict == "pass" for verdict in self.faults.values())
        )

    def record(self) -> dict[str, object]:
        """Return the object other programs read; times in milliseconds of virtual time."""
        injected: Counter[str] = Counter()
        for run in self.seeds:
            injected.update(run.injected)
        naked = [run.naked for run in self.seeds if run.fills]
        known = [run.naked_known for run in self.seeds if run.fills]
        return {
            "faults": self.faults,
            "seeds": len(self.seeds),
            "laws_broken": sum(1 for run in self.seeds if run.broken),
            "injected": dict(injected.most_common()),
            "idle": self.idle,
            "naked_too_long": self.too_long,
            "kills": sum(run.kills for run in self.killed),
            "recovered": sum(run.recovered for run in self.killed),
            "shells": len(self.shells),
            "shells_broken": [run.broken for run in self.shells if run.broken],
            "unmade": len(self.unmade),
            "unmade_broken": [run.broken for run in self.unmade if run.broken],
            "naked_ms_p99": percentile(naked, 99) // MILLISECOND,
            "naked_ms_by_family": {family.title: time // MILLISECOND for family, time in self.worst.items()},
            "mutations": len(self.hunts),
            "caught": sum(1 for hunt in self.hunts if hunt.seed is not None),
            "naked_known_ms_p99": percentile(known, 99) // MILLISECOND,
            "naked_known_ms_max": max(known, default=0) // MILLISECOND,
            "broken": [run.broken for run in self.seeds if run.broken],
            "not_recovered": [run.differs for run in self.killed if run.differs],
            "mutants": {hunt.name: hunt.seed for hunt in self.hunts},
            "fault_tests": self.fault_tests,
            "seconds": round(self.seconds, 1),
        }

    def write(self, path: Path) -> None:
        """Write the object as JSON."""
        path.write_text(json.dumps(self.record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return everything for a person to read, the trouble last."""
        record = self.record()
        fills = [run.naked for run in self.seeds if run.fills]
        known = [run.naked_known for run in self.seeds if run.fills]
        lines = ["named faults"]
        lines += [f"  {name:<52} {verdict}" for name, verdict in self.faults.items()]
        lines += ["", f"random schedules      {len(self.seeds):>7,}   laws broken {record['laws_broken']}"]
        lines += [
            f"  fills               {sum(run.fills for run in self.seeds):>7,}",
            f"  requests            {sum(run.requests for run in self.seeds):>7,}",
            f"  naked, by the broker's truth      p50 {_ms(fills, 50)}  p99 {_ms(fills, 99)}  most {_ms(fills, 100)}",
            f"  naked, since the engine knew it   p50 {_ms(known, 50)}  p99 {_ms(known, 99)}  most {_ms(known, 100)}",
            "  naked by the broker's clock, the worst trouble that was about",
        ]
        for family, time in self.worst.items():
            limit = "" if family.limit is None else f"   allowed {_ms([family.limit], 100)}"
            lines.append(f"    {family.title:<48} most {_ms([time], 100)}{limit}")
        lines.append("  faults injected")
        injected = record["injected"]
        broken_shells = sum(1 for run in self.shells if run.broken)
        broken_changes = sum(1 for run in self.unmade if run.broken)
        if isinstance(injected, dict):
            lines += [f"    {name:<32} {count:>9,}" for name, count in injected.items()]
        lines += [
            "",
            f"kills                 {record['kills']:>7,}   recovered {record['recovered']:,}",
            f"  with a position open {sum(run.holding for run in self.killed):>6,}",
            f"  a request on its way {sum(run.in_flight for run in self.killed):>6,}",
            f"  while flattening     {sum(run.mid_kill for run in self.killed):>6,}",
            "",
            f"changes not made       {len(self.unmade):>7,}   laws broken {broken_changes}",
            f"  naked, at most {max((run.naked for run in self.unmade), default=0) / 1_000_000:.2f} s",
            f"flattened by a shell  {len(self.shells):>7,}   laws broken {broken_shells}",
            f"  flat after the last fault, at most {max((run.seconds for run in self.shells), default=0):.1f} s",
            "",
            f"mutants               {len(self.hunts):>7,}   caught {record['caught']}",
        ]
        lines += [f"  {hunt.name:<58} {_caught(hunt)}" for hunt in self.hunts]
        lines += _trouble(record)
        return "\n".join(lines)


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the smallest value that at least so many percent do not exceed; 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(-(-len(ranked) * percent // 100) - 1, 0)] if ranked else 0


def _ms(values: Sequence[int], percent: int) -> str:
    return f"{percentile(values, percent) // MILLISECOND:>6,} ms"


def _caught(hunt: Hunt) -> str:
    if hunt.seed is None and hunt.broken:
        return f"NOT CAUGHT by a law: {hunt.broken[:110]}"
    if hunt.seed is None:
        return f"NOT CAUGHT in {hunt.schedules} schedules"
    return f"after {hunt.schedules:>3}: {hunt.broken[:110]}"


def _trouble(record: dict[str, object]) -> list[str]:
    lines: list[str] = []
    for name in ("broken", "not_recovered", "shells_broken", "unmade_broken", "idle", "naked_too_long"):
        found = record[name]
        if isinstance(found, list) and found:
            lines += ["", name.replace("_", " "), *(f"  {text}" for text in found)]
    return lines
