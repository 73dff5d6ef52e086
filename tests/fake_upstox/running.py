"""A fake broker beside a test: its own thread and loop, the same addresses, and the control endpoint as a method."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from tests.fake_upstox.broker import Broker
from tests.fake_upstox.server import FakeUpstox
from tests.fake_upstox.settings import FakeSettings
from tests.fake_upstox.shapes import Json

_Result = TypeVar("_Result")
_PATIENCE = 60.0


class RunningFake:
    """A served fake as another thread sees it."""

    def __init__(self, fake: FakeUpstox, loop: asyncio.AbstractEventLoop) -> None:
        self._fake = fake
        self._loop = loop
        addresses = fake.addresses
        self.api_url: str = addresses["api_url"]
        self.order_url: str = addresses["order_url"]
        self.assets_url: str = addresses["assets_url"]
        self.control_url: str = addresses["control_url"]
        self.access_token: str = addresses["access_token"]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Json:
        """Ask the control endpoint; raise ValueError with its text for a refusal."""
        request = urllib.request.Request(
            f"{self.control_url}/{path}",
            method=method,
            data=json.dumps(body or {}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from error

    def plant(self, fault: str, **facts: Json) -> Json:
        """Plant a fault."""
        return self.control("POST", "faults", {"fault": fault, **facts})

    def calls(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the calls so far, all or those of a name."""
        entries: list[dict[str, Any]] = self.control("GET", "calls")
        return [entry for entry in entries if name in (None, entry["call"])]

    def ask(self, act: Callable[[Broker], _Result]) -> _Result:
        """Do something with the broker itself, on its own loop."""

        async def on_loop() -> _Result:
            return act(self._fake.broker)

        return asyncio.run_coroutine_threadsafe(on_loop(), self._loop).result(_PATIENCE)


@contextmanager
def running_fake(settings: FakeSettings | None = None, **changes: Json) -> Iterator[RunningFake]:
    """Serve a fake broker in a thread of its own while the block runs; ``changes`` are fields of FakeSettings."""
    chosen = replace(settings or FakeSettings(), **changes)
    started: list[RunningFake] = []
    failures: list[BaseException] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with FakeUpstox(chosen) as fake:
            started.append(RunningFake(fake, asyncio.get_running_loop()))
            ready.set()
            finished = asyncio.create_task(asyncio.to_thread(stop.wait))
            await asyncio.wait(
                {finished, asyncio.ensure_future(fake.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
            stop.set()
            await finished

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001
            # Handed to the thread that asked for the fake: it raises there.
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="fake-upstox", daemon=True)
    thread.start()
    ready.wait(_PATIENCE)
    try:
        if not started:
            cause = failures[0] if failures else None
            raise RuntimeError("expected the fake broker to start, got none") from cause
        yield started[0]
    finally:
        stop.set()
        thread.join(_PATIENCE)
    if failures:
        raise failures[0]
