"""Deaths of a live engine at random moments around its orders: ``python -m tests.account.deaths``.

Each round enters by hand, kills the engine a moment later, starts it again and looks at the broker's own books. What
must hold: no tag is ever sent twice, nothing is held without a stop of equal quantity, and the kill leaves nothing.
``SCALE=small`` is a quick look, ``SEED=n`` draws other rounds.
"""

import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from uuid import uuid4

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.link import LinkError
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, held, live_orders, make_ready, stop_of
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, made_recordings, outside, say, wait_until
from tests.recordings import EQ_A

_SETTINGS = (*LIVE, "risk.max_entries_per_minute=10")
_PROTECTED_WITHIN = 15.0
_FAULTS: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"fault": "delay", "call": "place", "when": "after", "delay": 0.05},
    {"fault": "delay", "call": "place", "when": "after", "delay": 0.4},
    {"fault": "lose-answer", "call": "place"},
    {"fault": "lose-answer", "call": "place", "skip": 1},
    {"fault": "partial", "share": 0.5, "rest_after": 3.0},
    {"fault": "drop-stream", "stream": "portfolio", "times": 3},
)


class DeathError(AssertionError):
    """A law that did not hold; the text says in which round and what the broker showed."""


@contextmanager
def _stage() -> Iterator[tuple[Outside, RunningFake]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recordings = made_recordings(folder)
        with (
            running_fake(recordings=recordings, start=clock_time(10), speed=3) as fake,
            outside(folder / "home") as home,
        ):
            yield home, fake


def _enter(engine: Engine, side: Side) -> None:
    """Ask for an entry; the engine may die under it."""
    order = ManualOrder(f"order-{uuid4()}", EQ_A, side)
    with suppress(LinkError, AssertionError, OSError):
        engine.ask(ArmManual(f"arm-{uuid4()}", armed=True), order)


def _wait_for_an_order(fake: RunningFake, before: int) -> None:
    """Wait until one more order was sent; raise TimeoutError when none comes: an entry may be refused."""
    deadline = time.monotonic() + 2.0
    while not fake.ask(lambda broker: sum(entry.name == "place" for entry in broker.calls.entries) > before):
        if time.monotonic() > deadline:
            raise TimeoutError


def _round(home: Outside, fake: RunningFake, engine: Engine, chance: random.Random) -> tuple[Engine, str]:
    """Enter, die, come back; return the new engine and what was held as it died."""
    make_ready(engine, fake)
    fault = chance.choice(_FAULTS)
    if fault is not None:
        fake.plant(**fault)
    side = chance.choice((Side.BUY, Side.SELL))
    asking = threading.Thread(target=_enter, args=(engine, side), daemon=True)
    sent = len(fake.calls("place"))
    asking.start()
    if chance.random() < 0.8:
        with suppress(TimeoutError):
            _wait_for_an_order(fake, sent)
        # Waits for nothing: when to die is drawn, as the fault is.
        time.sleep(chance.uniform(0, 0.06))
    else:
        time.sleep(chance.uniform(0, 0.4))
    engine.kill_process()
    asking.join()
    orders = sorted(str(row["status"]) for row in live_orders(fake))
    state = f"{'no fault' if fault is None else fault['fault']}, {held(fake):+d}, {', '.join(orders) or 'no order'}"
    fake.control("DELETE", "faults")
    return begin(home, fake, *_SETTINGS), state


def _check(home: Outside, fake: RunningFake, engine: Engine, state: str) -> float:
    """Look at the broker's books after a death; return the seconds until they were in order."""

    def in_order() -> bool:
        return stop_of(fake) is not None if held(fake) else not live_orders(fake)

    took = wait_until(
        in_order, lambda: f"order after: {state}; {held(fake):+d} {live_orders(fake)}", _PROTECTED_WITHIN
    )
    sent = Counter(call["body"]["tag"] for call in fake.calls("place"))
    twice = [tag for tag, count in sent.items() if count > 1]
    if twice:
        raise DeathError(f"expected each tag once, got {twice} again, after: {state}")
    # A kill while an engine prepares makes it end: whoever pressed closes then, which is another path.
    engine.view()
    engine.press()
    wait_until(lambda: _is_flat(engine), lambda: f"FLAT after: {state}; {_shown(home, engine, fake)}")
    if held(fake) or live_orders(fake):
        raise DeathError(f"expected nothing behind a kill, got {held(fake)} {live_orders(fake)}")
    done = home.run("rearm", "--world", World.ACCOUNT.value, typed="REARM\n")
    if done.returncode:
        raise DeathError(f"expected the latch to be cleared, got {done.stdout}{done.stderr}")
    return took


def _is_flat(engine: Engine) -> bool:
    record = engine.latch()
    return record is not None and record.state is LatchFileState.FLAT


def _shown(home: Outside, engine: Engine, fake: RunningFake) -> str:
    if not engine.is_alive:
        return f"the engine ended: {home.last_words()}"
    lines = [line.text for line in engine.view().events if line.number]
    return f"{held(fake)} held, live {live_orders(fake)}, said {lines[-30:]}"


def main() -> int:
    """Run the rounds and print what became of each."""
    seed = int(os.environ.get("SEED", "1"))
    rounds = 6 if os.environ.get("SCALE") == "small" else 40
    chance = random.Random(seed)
    seconds = []
    with _stage() as (home, fake):
        engine = begin(home, fake, *_SETTINGS)
        for number in range(rounds):
            engine, state = _round(home, fake, engine, chance)
            seconds.append(_check(home, fake, engine, state))
            say(f"SEED={seed} ROUND={number} {state}: in order {seconds[-1]:.2f} s after the start")
    say(f"{rounds} deaths of a live engine: every law held, slowest {max(seconds):.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
