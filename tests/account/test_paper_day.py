"""A paper day from its first frame to its summary: the engine as a process, the whole broker on loopback."""

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from engine.home import World
from engine.latch import LatchState
from engine.link import UnixLink
from engine.market.clock import MINUTE
from tests.desk.outside import Engine, Outside, is_flat, made_recordings, outside, wait_until
from tests.fake_upstox.running import RunningFake, running_fake
from tests.recordings import EQ_A, EQ_B

STANDS = 0.0
"""A broker whose clock stands until the test lets it go."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Outside]:
    with outside(tmp_path / "home") as here:
        yield here


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningFake]:
    with running_fake(recordings=made_recordings(tmp_path), speed=STANDS) as fake:
        yield fake


@pytest.fixture
def market_at_ten(tmp_path: Path) -> Iterator[RunningFake]:
    """A broker whose market is 45 minutes old and goes on at three times its pace."""
    with running_fake(recordings=made_recordings(tmp_path), start=time(10), speed=3) as fake:
        yield fake


def settings_of(fake: RunningFake, *more: str) -> list[str]:
    """Return the settings that lead an engine to a fake broker."""
    chosen = (
        f"upstox.api_url={fake.api_url}",
        f"upstox.order_url={fake.order_url}",
        f"upstox.assets_url={fake.assets_url}",
        "session.clock=feed",
        f"watchlist.instruments={EQ_A},{EQ_B}",
        *more,
    )
    return [word for setting in chosen for word in ("--set", setting)]


def begin(home: Outside, fake: RunningFake, *more: str) -> Engine:
    """Sign in by the token's file and start the account's engine."""
    home.home.create()
    token = home.home.root / "token"
    token.write_text(fake.access_token)
    token.chmod(0o600)
    return home.start(World.ACCOUNT, *settings_of(fake, *more))


def settle(engine: Engine, fake: RunningFake) -> None:
    """Let the minutes that a late start missed come in: without them there is no average range, so no stop."""
    begun = engine.view().header.market_time
    fake.control("POST", "clock", {"speed": 60})
    wait_until(lambda: engine.view().header.market_time > begun + 4 * MINUTE, "four minutes of the market")
    fake.control("POST", "clock", {"speed": 3})


@contextlib.contextmanager
def watched(engine: Engine) -> Iterator[None]:
    """Keep a screen attached: paper and live enter nothing while nobody watches."""
    over = threading.Event()

    async def sit(line: UnixLink) -> None:
        async for _ in line:
            if over.is_set():
                return

    thread = threading.Thread(target=lambda: engine.attached(sit), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def summary_of(engine: Engine) -> dict[str, Any]:
    """Return the day's summary once it is written."""
    folder = engine.directory.summaries
    wait_until(lambda: list(folder.glob("*.json")), "the day's summary")
    (path,) = folder.glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def without_time(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without how long it took."""
    return {
        **report,
        "engine": {key: value for key, value in report["engine"].items() if "second" not in key},
    }


def test_a_recorded_paper_day_replayed_without_a_screen_gives_the_report_of_the_day_itself(
    home: Outside, broker: RunningFake
) -> None:
    engine = begin(home, broker)
    with watched(engine):
        broker.control("POST", "clock", {"speed": "max"})
        lived = summary_of(engine)
    (recording,) = home.home.recordings.glob("*/*.frames")
    replayed = home.run("replay", recording, "--headless", "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert lived["trades"]
    assert lived["engine"]["updates"] > 4_000
    assert without_time(json.loads(replayed.stdout)) == without_time(lived)


def test_an_engine_killed_with_a_position_open_comes_back_holding_it_behind_its_stop(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    held = engine.enter(EQ_A)
    (trade,) = engine.view().positions
    engine.kill_process()
    engine = begin(home, market_at_ten)
    (found,) = engine.view().positions
    assert found.stop_state == trade.stop_state == "HELD"
    assert (found.quantity, found.average, found.since) == (trade.quantity, trade.average, trade.since)
    assert (found.stop, found.external) == (trade.stop, False)
    assert engine.wait_position(EQ_A) == held
    assert engine.press() is not None
    engine.wait_latch(LatchState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")
