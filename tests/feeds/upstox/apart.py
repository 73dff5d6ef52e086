"""A fake broker in a process of its own, so that its work and memory are not taken for ours; and days to play on it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.market.instrument import Instrument, InstrumentClass, Provenance
from tests.fake_upstox.market_day import MarketDay
from tests.fake_upstox.shapes import Json
from tests.recordings import EQ_A, EQ_B, OPT_A, OPT_B, made_packets, write_recording

ROOT = Path(__file__).resolve().parents[3]
_PATIENCE = 60.0


@dataclass(frozen=True)
class FakeApart:
    """Where it is reached."""

    api_url: str
    access_token: str = field(repr=False)
    control_url: str

    def control(self, method: str, path: str, body: dict[str, Json] | None = None) -> Json:
        """Ask the control endpoint."""
        request = urllib.request.Request(
            f"{self.control_url}/{path}", json.dumps(body or {}).encode(), method=method
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return json.load(answer)


@contextmanager
def fake_apart(*arguments: str) -> Iterator[FakeApart]:
    """Run ``python -m tests.fake_upstox`` while the block lasts."""
    command = [sys.executable, "-m", "tests.fake_upstox", "--no-rate-limits", "--with-parent", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield FakeApart(told["api_url"], told["access_token"], told["control_url"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def recorded_day(folder: Path) -> Sequence[Path]:
    """Return the recorded sessions where they are at hand, else made ones of four instruments at the same pace."""
    from benchmarks.ticks import recording_files

    found = recording_files()
    if found:
        return found
    made = (
        (EQ_A, 1, 0.1, 1_000.0),
        (EQ_B, 1, 0.1, 1_600.0),
        (OPT_A, 35, 0.05, 500.0),
        (OPT_B, 35, 0.05, 900.0),
    )
    return [
        write_recording(
            folder / f"{number}.json.gz",
            made_packets(key, seed=number, count=20_000, lot=lot, tick=tick, price=price),
            indent=None,
        )
        for number, (key, lot, tick, price) in enumerate(made)
    ]


def instruments_of(day: MarketDay, keys: Iterable[str]) -> dict[str, Instrument]:
    """Return what is followed as the engine knows it."""
    found = {}
    for key in keys:
        row = day.listings[key]
        kind = InstrumentClass.OPTION if row.kind in ("CE", "PE") else InstrumentClass.AUCTION_STOCK
        found[key] = Instrument(key, row.symbol, kind, row.tick, row.lot, row.freeze, Provenance.MASTER)
    return found


def say(*lines: str) -> None:
    """Tell a person."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def resident_bytes() -> int:
    """Return the memory this process holds."""
    import psutil

    size: int = psutil.Process(os.getpid()).memory_info().rss
    return size
