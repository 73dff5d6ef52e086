"""`cockpit flatten` with everything around it broken and 100 open: ``python -m tests.account.flatten_table [WORD]``.

Each case is played against a whole broker on loopback with a living live engine: first while the broker refuses every
write and every read of the positions, then once it takes them. Exit 0 may be seen only where the broker holds nothing.
Ends with 1 when a row says otherwise. A WORD plays the cases whose name holds it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import time as clock_time
from pathlib import Path
from typing import Final

from tests.account import phone
from tests.account.latch_faults import failing_file, slow_file
from tests.account.live import LIVE, held
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, made_recordings, outside

Case = Callable[[Outside, Engine, RunningFake], AbstractContextManager[None]]

_PATIENCE: Final = "4"
"""Seconds that a closing is given which cannot come to an end."""


@contextmanager
def _slow_latch(_: Outside, engine: Engine, __: RunningFake) -> Iterator[None]:
    with slow_file(engine.directory.latch):
        yield


@contextmanager
def _failing_latch(_: Outside, engine: Engine, __: RunningFake) -> Iterator[None]:
    with failing_file(engine.directory.latch):
        yield


@contextmanager
def _no_kill_socket(_: Outside, engine: Engine, __: RunningFake) -> Iterator[None]:
    engine.directory.kill_socket.unlink()
    yield


@contextmanager
def _read_only(home: Outside, _: Engine, __: RunningFake) -> Iterator[None]:
    root = home.home.root
    subprocess.run(["mount", "--bind", root, root], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", root], check=True)


def _settings(content: str) -> Case:
    @contextmanager
    def damaged(home: Outside, _: Engine, __: RunningFake) -> Iterator[None]:
        (home.home.root / "cockpit.toml").write_text(content)
        yield

    return damaged


@contextmanager
def _endless_settings(home: Outside, _: Engine, __: RunningFake) -> Iterator[None]:
    (home.home.root / "cockpit.toml").symlink_to("/dev/zero")
    yield


@contextmanager
def _pipe_for_settings(home: Outside, _: Engine, __: RunningFake) -> Iterator[None]:
    os.mkfifo(home.home.root / "cockpit.toml")
    yield


@contextmanager
def _removed(home: Outside, _: Engine, __: RunningFake) -> Iterator[None]:
    shutil.rmtree(home.home.root, ignore_errors=True)
    yield


@contextmanager
def _two_engines(home: Outside, _: Engine, broker: RunningFake) -> Iterator[None]:
    with outside(home.home.root.with_name("other")) as other:
        other.runtime = home.home.root.with_name("runtime")
        begin(other, broker, *LIVE)
        yield


CASES: Final[dict[str, Case]] = {
    "latch file slow": _slow_latch,
    "latch file failing": _failing_latch,
    "kill socket unlinked": _no_kill_socket,
    "home read-only": _read_only,
    "settings: 5,000 digits": _settings("[risk]\nrisk_per_trade_pct = " + "1" * 5_000),
    "settings: deep nesting": _settings("[risk]\nx = " + "[" * 50_000),
    "settings: one bad value": _settings('[kill]\nscope = "acount"\n'),
    "settings: an endless file": _endless_settings,
    "settings: a pipe": _pipe_for_settings,
    "home removed": _removed,
    "two engines": _two_engines,
}


def _flatten(home: Outside, *words: str) -> tuple[int, str]:
    done = home.run("flatten", *words)
    said = next((line for line in done.stdout.splitlines() if "FLAT" in line), done.stderr.strip())
    return done.returncode, said


def _play(name: str, case: Case) -> bool:
    """Play one case and print its two rows; return whether both are true."""
    with tempfile.TemporaryDirectory() as folder:
        recordings = made_recordings(Path(folder))
        with (
            running_fake(recordings=recordings, start=clock_time(10)) as broker,
            outside(Path(folder) / "home") as home,
        ):
            broker.ask(lambda one: setattr(one, "connection_limit", 8))
            engine = begin(home, broker, *LIVE)
            phone.buys_unheard(broker)
            good = True
            with case(home, engine, broker):
                for call in ("place", "modify", "cancel", "positions"):
                    broker.plant("status", call=call, status=503, times=0)
                good &= _row(f"{name}, refused", home, broker, "--for", _PATIENCE)
                broker.control("DELETE", "faults")
                good &= _row(name, home, broker)
            return good


def _row(name: str, home: Outside, broker: RunningFake, *words: str) -> bool:
    began = time.monotonic()
    code, said = _flatten(home, *words)
    left = held(broker)
    good = code == (0 if left == 0 else 1) and (bool(words) == bool(left))
    took = time.monotonic() - began
    mark = "ok " if good else "BAD"
    sys.stdout.write(f"{mark} {name:<36} exit {code}  open {left:>3}  {took:5.1f} s  {said[:150]}\n")
    sys.stdout.flush()
    return good


def main(word: str = "") -> int:
    """Play every case whose name holds a word."""
    results = [_play(name, case) for name, case in CASES.items() if word in name]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
