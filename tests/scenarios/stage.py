"""One story on the broker of these tests: real engines and shells, a fault, and who closes under it."""

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from datetime import time as clock_time
from enum import StrEnum
from pathlib import Path
from typing import Self
from uuid import uuid4

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.link import LinkError
from engine.market.clock import SECOND
from engine.world.directories import World
from engine.world.latch_file import LatchFileState, read_latch
from tests.account.live import LIVE, held, live_orders, make_ready
from tests.account.stage import begin, settings_of
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.running import RunningFake, running_fake
from tests.fake_upstox.shapes import Json
from tests.operations.outside import Engine, Outside, clean_environment, made_recordings, outside
from tests.oracles.evidence import Evidence, Holding, Said
from tests.recordings import EQ_A, EQ_B, scripted_packets, write_recording

_LOOK = 0.02
_AUCTION_DAY = date(2026, 11, 27)
"""A Friday with a closing auction."""
_UNTIL_THE_AUCTION = (
    *((f"{9 + m // 60:02d}:{m % 60:02d}", 1_005.0 if m % 2 else 1_000.0) for m in range(15, 325, 5)),
    ("14:25", 1_002.0),
    ("15:15", 1_022.0),
    ("15:59", 1_022.0),
)
_ENTERED_WITHIN = 12.0


class Way(StrEnum):
    """What has become of the engine when the closing begins."""

    ALIVE = "alive"
    HUNG = "hung"
    DEAD = "dead"


Deed = Callable[["Stage"], None]


class Stage:
    """One broker, one home, one engine, and everything that was claimed meanwhile."""

    def __init__(self, fake: RunningFake, home: Outside, settings: tuple[str, ...]) -> None:
        self.fake = fake
        self.home = home
        self.settings = settings
        self.engine: Engine | None = None
        self.said: list[Said] = []
        self.latched_at: float | None = None
        self.words: list[str] = []
        """What shells said, newest last."""
        self.noted: list[str] = []
        """Where our own books told otherwise than the broker's."""
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch_latch, daemon=True)

    # What deeds use.

    def plant(self, fault: str, **facts: object) -> None:
        """Plant a fault."""
        self.fake.plant(fault, **facts)

    def control(self, method: str, path: str, **body: object) -> Json:
        """Ask the broker's control endpoint."""
        return self.fake.control(method, path, body)

    def state(self, **changes: object) -> None:
        """Change the broker's state."""
        self.fake.control("POST", "state", changes)

    @property
    def quantity(self) -> int:
        """Return the signed units held in the story's instrument."""
        return held(self.fake)

    def others(self, count: int) -> list[str]:
        """Return further stocks that may be traded intraday."""

        def find(broker: Broker) -> list[str]:
            rows = broker.listings.values()
            return [
                row.key for row in rows if row.kind == "EQ" and row.intraday and row.key not in (EQ_A, EQ_B)
            ]

        return self.fake.ask(find)[:count]

    def last_price(self, key: str = EQ_A) -> float:
        """Return the last price in rupees."""
        return self.fake.ask(lambda broker: broker.market.quote(key).last) / 100

    def pause(self, seconds: float) -> None:
        """Let time pass: the story's own, at the pace of the wall."""
        self._over.wait(seconds)

    def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait for something that may never come; return whether it came."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.pause(_LOOK)
        return True

    # The story.

    def start(self) -> Engine:
        """Start an engine, or start it again."""
        self.engine = begin(self.home, self.fake, *self.settings)
        return self.engine

    def enter(self, side: Side) -> None:
        """Ask for an entry and give it its time; under a fault it may never come."""
        engine = self.engine
        assert engine is not None
        order = ManualOrder(f"order-{uuid4()}", EQ_A, side)

        def ask() -> None:
            with suppress(LinkError, AssertionError, OSError, TimeoutError):
                engine.ask(ArmManual(f"arm-{uuid4()}", armed=True), order)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        self.until(lambda: held(self.fake) and self._covered(), _ENTERED_WITHIN)
        asking.join(1.0)

    def _covered(self) -> bool:
        quantity = held(self.fake)
        side = "SELL" if quantity > 0 else "BUY"
        rows = [
            row
            for row in live_orders(self.fake)
            if row["transaction_type"] == side and row["status"] in ("trigger pending", "open")
        ]
        return sum(int(row["quantity"]) - int(row["filled_quantity"]) for row in rows) >= abs(quantity)

    def press(self) -> None:
        """Kill over the engine's own line."""
        assert self.engine is not None
        self.latched_at = time.monotonic()
        self.engine.press()

    def flatten(self, seconds: float, mend: Callable[[], None] | None, after: float) -> bool:
        """Run `cockpit flatten`; ``mend`` is called so many seconds later; return whether it ended with 0."""
        if self.latched_at is None:
            self.latched_at = time.monotonic()
        words = self.home.argv("flatten", *settings_of(self.fake, *self.settings))
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean_environment(),
        )
        try:
            began = time.monotonic()
            while process.poll() is None and time.monotonic() - began < seconds:
                if mend is not None and time.monotonic() - began > after:
                    mend()
                    mend = None
                self.pause(_LOOK)
            if process.poll() is None:
                process.terminate()
            text, _ = process.communicate(timeout=10)
        finally:
            process.kill()
        self.words += text.strip().splitlines()[-1:]
        if process.returncode == 0:
            self.said.append(Said(time.monotonic(), "flatten"))
        return process.returncode == 0

    def ask_status(self) -> None:
        """Have `cockpit status` say where the account stands, and keep it when it says FLAT."""
        with suppress(AssertionError, subprocess.TimeoutExpired):
            told = self.home.status(World.ACCOUNT)
            if (told.get("book") or {}).get("state") == "FLAT":
                self.said.append(Said(time.monotonic(), "status"))

    @property
    def latch_state(self) -> LatchFileState | None:
        """Return what the latch on disk says."""
        record = read_latch(self.home.world(World.ACCOUNT).latch)
        return None if record is None else record.state

    def claims_flat(self) -> bool:
        """Say whether the latch on disk says FLAT."""
        return self.latch_state is LatchFileState.FLAT

    def _watch_latch(self) -> None:
        before = None
        while not self._over.wait(_LOOK):
            state = self.latch_state
            if state is LatchFileState.FLAT and before is not state:
                self.said.append(Said(time.monotonic(), "the latch"))
            before = state

    def is_flat(self) -> bool:
        """Say whether the broker holds nothing in scope and nothing of ours rests."""
        return self.fake.ask(_flat_at(self._products))

    @property
    def _products(self) -> frozenset[str]:
        everything = "kill.scope=account" in self.settings
        return frozenset({"I", "D", "MTF"}) if everything else frozenset({"I"})

    def differences(self) -> list[str]:
        """Return where the engine's picture of what is in scope differs from the broker's books."""
        assert self.engine is not None
        shown: dict[str, int] = {}
        for row in self.engine.view().positions:
            shown[row.instrument] = shown.get(row.instrument, 0) + row.quantity
        truth: dict[str, int] = {}
        for (key, product), quantity in self.fake.ask(_holdings):
            if product in self._products:
                truth[key] = truth.get(key, 0) + quantity
        return [
            f"{key}: shown {shown.get(key, 0):+d}, the broker holds {truth.get(key, 0):+d}"
            for key in sorted({*shown, *truth})
            if shown.get(key, 0) != truth.get(key, 0)
        ]

    def evidence(self) -> Evidence:
        """Return everything the broker knows of the story."""

        def gather(broker: Broker) -> Evidence:
            return Evidence(
                events=tuple(broker.exchange.journal.events),
                calls=tuple(broker.calls.entries),
                said_flat=tuple(self.said),
                latched_at=self.latched_at,
                until=time.monotonic(),
                carried={
                    holding: position.overnight
                    for holding, position in broker.exchange.positions.items()
                    if position.overnight
                },
                products=self._products,
            )

        return self.fake.ask(gather)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()


def _holdings(broker: Broker) -> list[tuple[Holding, int]]:
    return [(holding, row.quantity) for holding, row in broker.exchange.positions.items()]


def _flat_at(products: frozenset[str]) -> Callable[[Broker], bool]:
    def look(broker: Broker) -> bool:
        exchange = broker.exchange
        held = any(row.quantity and row.product in products for row in exchange.positions.values())
        rests = any(
            order.live and not order.terminal and order.placed_by == "FAKE01"
            for order in exchange.orders.values()
        )
        return not held and not rests

    return look


def _afternoon(folder: Path) -> tuple[Path, ...]:
    """Write two made sessions that move enough for a stop until 14:25 and reach none afterwards."""
    return tuple(
        write_recording(
            folder / f"{seed}.json.gz",
            scripted_packets(key, path=_UNTIL_THE_AUCTION, seed=seed, step=5 * SECOND),
            indent=None,
        )
        for seed, key in enumerate((EQ_A, EQ_B), 1)
    )


@contextmanager
def staged(settings: tuple[str, ...] = (), *, late: bool = False) -> Iterator[Stage]:
    """Open a stage on the morning of a made day, 45 minutes old; a late one on a day with a closing auction."""
    with tempfile.TemporaryDirectory(prefix="scenario-") as name:
        folder = Path(name)
        recordings = _afternoon(folder) if late else made_recordings(folder)
        start, day = (clock_time(14, 25), _AUCTION_DAY) if late else (clock_time(10), None)
        with (
            running_fake(recordings=recordings, start=start, day=day) as fake,
            outside(folder / "home") as home,
            Stage(fake, home, (*LIVE, *settings)) as stage,
        ):
            yield stage


def ready(stage: Stage) -> Engine:
    """Start the stage's engine and wait until it may trade."""
    engine = stage.start()
    make_ready(engine, stage.fake)
    return engine
