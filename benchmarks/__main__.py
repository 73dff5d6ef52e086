"""Measure, print a table, write ``results.json`` beside this file. ``SCALE=small`` for a quick look."""

import json
import os
from pathlib import Path

from benchmarks.day import SimulatedDay
from benchmarks.feed import feed_results
from benchmarks.measure import Result, machine_name, scale_from_environment
from benchmarks.path import path_results, recorded_results, simulator_results
from benchmarks.profile import profile_results
from benchmarks.record import record_results
from benchmarks.ticks import day_of_ticks
from config import Settings

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Run every benchmark on this machine."""
    scale = scale_from_environment()
    day = SimulatedDay(Settings(), scale.minutes)
    load = os.getloadavg()[0]
    print(f"{machine_name()}, load {load:.1f}; {len(day.updates):,} updates of {scale.minutes} minutes\n")
    results = [
        *simulator_results(scale),
        *profile_results(day_of_ticks(day), scale),
        *feed_results(day, scale),
        *path_results(day),
        *recorded_results(),
        *record_results(scale),
    ]
    print_table(results)
    machine = machine_name()
    records = [result.record(machine) for result in results]
    RESULTS.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{RESULTS}")


def print_table(results: list[Result]) -> None:
    """Print one line a result."""
    width = max(len(result.name) for result in results)
    for result in results:
        ratio = "" if result.ratio is None else f"{result.ratio:,.1f}×"
        value = f"{result.value:,.3f}".rstrip("0").rstrip(".")
        line = f"{result.name:<{width}}  {value:>12} {result.unit:<10} {result.budget or '':<10}"
        print(f"{line} {result.peer or '':<36} {ratio:>9}".rstrip())


if __name__ == "__main__":
    main()
