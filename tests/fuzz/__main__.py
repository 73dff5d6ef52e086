"""Mutants through every door that foreign bytes come through: ``python -m tests.fuzz --count 1000000``.

Half of them are frames of the market feed, a quarter order updates, a quarter answers of the broker, one in fifty a
file: settings, calendar, recordings, instrument list. Each must be counted in exactly one place and none may crash
anything; a file has bounded time and memory. ``--only frames --seed N --count M`` runs one part again.
Ends with 1 when anything was found.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.bodies import broker_bodies
from tests.fuzz.campaign import campaign
from tests.fuzz.targets import TARGETS, Corpus


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    small = os.environ.get("SCALE") == "small"
    parser.add_argument("--count", type=int, default=20_000 if small else 1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=tuple(TARGETS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    began = time.monotonic()
    bodies: Corpus = {}
    if wanted.only in (None, "answers"):
        with tempfile.TemporaryDirectory() as folder:
            bodies = broker_bodies(Path(folder))
    tallies = campaign(wanted.count, wanted.seed, wanted.only, wanted.workers, bodies)
    lines = [line for tally in tallies for line in tally.lines()]
    total, crashed = sum(tally.count for tally in tallies), sum(tally.crashed for tally in tallies)
    good = all(tally.good for tally in tallies)
    said = "each counted" if good else "NOT GOOD"
    spent = f"{time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}"
    lines += ["", f"{total:,} mutants, {crashed} crashes, {said}; {spent}", ""]
    sys.stdout.write("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
