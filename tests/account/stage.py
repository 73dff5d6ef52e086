"""An account's engine and a whole broker on loopback, as the end-to-end tests set them up."""

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engine.link import LinkError, UnixLink
from engine.market.clock import MINUTE, instant_of
from engine.world.directories import World
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import (
    PATIENCE,
    Engine,
    Outside,
    wait_until,
)
from tests.recordings import EQ_A, EQ_B
from tests.rehearsal import rehearse_once


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


def sign_in(home: Outside, fake: RunningFake) -> None:
    """Leave a token where the engine looks for it."""
    home.home.create()
    token = home.home.root / "token"
    token.write_text(fake.access_token)
    token.chmod(0o600)


def begin(home: Outside, fake: RunningFake, *more: str) -> Engine:
    """Sign in and start the account's engine."""
    sign_in(home, fake)
    if "account.mode=live" in more:
        rehearse_once(home.world(World.ACCOUNT))
    return home.start(World.ACCOUNT, *settings_of(fake, *more))


def settle(engine: Engine, fake: RunningFake) -> None:
    """Let the minutes that a late start missed come in: without them there is no average range, so no stop."""
    begun = engine.view().header.market_time
    fake.control("POST", "clock", {"speed": 60})
    wait_until(lambda: engine.view().header.market_time > begun + 4 * MINUTE, "four minutes of the market")
    slow_down(engine, fake)


def slow_down(engine: Engine, fake: RunningFake) -> None:
    """Give the market its own pace and let the engine's clock come up to it: to core a jump is time gone by."""
    now = instant_of(datetime.fromisoformat(fake.control("POST", "clock", {"speed": 1})["now"]))
    wait_until(lambda: engine.view().header.market_time >= now, "the engine's clock to be the market's")


@contextlib.contextmanager
def watched(engine: Engine) -> Iterator[None]:
    """Keep a screen attached: paper and live enter nothing while nobody watches."""
    attached, over = threading.Event(), threading.Event()

    async def sit(line: UnixLink) -> None:
        attached.set()
        # The engine may be killed under its screen.
        with contextlib.suppress(LinkError):
            async for _ in line:
                if over.is_set():
                    return

    thread = threading.Thread(target=lambda: engine.attached(sit, None), daemon=True)
    thread.start()
    assert attached.wait(PATIENCE), "the screen never attached"
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


def price_of(engine: Engine, key: str) -> int | None:
    """Return an instrument's last price on the watchlist; None while it has none."""
    return next((row.last for row in engine.view().watchlist if row.key == key), None)
