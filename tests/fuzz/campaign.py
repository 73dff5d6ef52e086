"""A campaign in parts: each seed is the same mutants again, whoever runs it."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.fuzz.tally import Tally
from tests.fuzz.targets import TARGETS, Corpus

PART = 5_000
_SHARES = {"frames": 0.48, "orders": 0.25, "answers": 0.25, "files": 0.02}
"""Files go over a disk and are read to their end: a few of them cost what many of the others do."""


def run_part(target: str, seed: int, amount: int, bodies: Corpus) -> Tally:
    """Run one part of a campaign."""
    return TARGETS[target](seed, amount, bodies)


def campaign(count: int, first_seed: int, only: str | None, workers: int, bodies: Corpus) -> list[Tally]:
    """Run a campaign on some processes and return one tally a target."""
    shares = _SHARES if only is None else {only: 1.0}
    parts: list[tuple[str, int, int]] = []
    for target, share in shares.items():
        left, seed = round(count * share), first_seed
        while left > 0:
            parts.append((target, seed, min(PART, left)))
            left, seed = left - PART, seed + 1
    totals = {target: Tally(target) for target in shares}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for tally in pool.map(run_part, *zip(*parts, strict=True), [bodies] * len(parts)):
            totals[tally.target].add(tally)
    return list(totals.values())
