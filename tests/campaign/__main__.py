"""The long fault campaign: ``python -m tests.campaign``.

``SCALE=small`` is a quick look. ``SEED=n`` runs one schedule again, bit for bit, and says what became of it;
``KILLS=n`` does the same for one run with deaths in it, ``OTHERS=n`` for one account that is not ours alone, and
``UNMADE=n`` for one of changes that do not come about, ``WIDER=n`` for one with other products and a second engine, and
``RESTING=n`` for one of the trader's orders that rest.
Ends with 1 when anything was found.
"""

import os
import sys

from tests.campaign.kills import run_killed
from tests.campaign.others import run_others
from tests.campaign.resting import run_resting
from tests.campaign.runner import FULL, ROOT, SMALL, campaign
from tests.campaign.schedule import run_seed
from tests.campaign.unmade import run_unmade
from tests.campaign.wider import run_wider


def _again(seed: int) -> int:
    """Run one schedule twice and show what became of it."""
    first, second = run_seed(seed), run_seed(seed)
    print(f"SEED={seed} {first.digest}: {first.requests} left the core, {first.fills} fills")
    for name, count in sorted(first.injected.items()):
        print(f"  {name:<32} {count:>4}")
    print(first.broken or "every law held")
    if first != second:
        print(f"expected the same schedule twice, got another one: {second.digest} {second.broken}")
    return int(bool(first.broken) or first != second)


def _killed_again(seed: int) -> int:
    run = run_killed(seed)
    print(f"KILLS={seed}: {run.kills} deaths, {run.holding} with a position open, {run.trades} trades")
    print(run.differs or "ended like one undisturbed")
    return int(bool(run.differs))


def _unmade_again(seed: int) -> int:
    run = run_unmade(seed)
    print(run.broken or f"UNMADE={seed}: every law held, naked for {run.naked / 1_000_000:.2f} s at most")
    return int(bool(run.broken))


def main() -> int:
    """Run what the environment asks for."""
    if seed := os.environ.get("SEED"):
        return _again(int(seed))
    if seed := os.environ.get("KILLS"):
        return _killed_again(int(seed))
    if seed := os.environ.get("OTHERS"):
        beside = run_others(int(seed))
        print(beside.broken or f"OTHERS={seed}: every law held")
        return int(bool(beside.broken))
    if seed := os.environ.get("UNMADE"):
        return _unmade_again(int(seed))
    if seed := os.environ.get("WIDER"):
        wider = run_wider(int(seed))
        print(wider.broken or f"WIDER={seed}: every law held")
        return int(bool(wider.broken))
    if seed := os.environ.get("RESTING"):
        resting = run_resting(int(seed))
        print(resting.broken or f"RESTING={seed}: every law held")
        return int(bool(resting.broken))
    scale = SMALL if os.environ.get("SCALE") == "small" else FULL
    shown = sys.stderr.isatty()

    def say(text: str) -> None:
        if shown:
            sys.stderr.write(f"\r{text}")

    result = campaign(scale, say)
    if shown:
        sys.stderr.write("\n\n")
    path = ROOT / "campaign.json"
    result.write(path)
    print(result.table())
    print(f"\n{result.seconds:.0f} s, load {os.getloadavg()[0]:.1f}; {path}")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
