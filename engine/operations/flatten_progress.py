"""What a person hears while a shell closes everything: what stands in the way, soon and then again and again.

The words come from a thread of their own: neither a broker that hangs nor an output that nobody reads may hold the
closing back, and the closing may be deep in a call while it is time to speak.
"""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from engine.contract.views import ScreenView
from engine.link import Ended, LinkError, connect
from engine.world.directories import WorldDirectory

FIRST_AFTER: Final = 1.2
"""Seconds of silence before the first word: what closes at once needs none."""
EVERY: Final = 5.0
_LAST_WORD: Final = 0.5
"""Seconds a word on its way out is given to come before the verdict."""


class Progress:
    """Says the newest word to a person while it is entered: soon once, then every five seconds."""

    def __init__(
        self, say: Callable[[str], None], *, first_after: float = FIRST_AFTER, every: float = EVERY
    ) -> None:
        self._say = say
        self._first_after = first_after
        self._every = every
        self._word = "not closed yet, and nothing is known of why"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="closing progress", daemon=True)

    def tell(self, word: str) -> None:
        """Keep what stands in the way now; said when it is time to."""
        self._word = word

    def __enter__(self) -> Self:
        """Begin to speak."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Fall silent."""
        self._over.set()
        self._thread.join(_LAST_WORD)

    def _speak(self) -> None:
        wait = self._first_after
        while not self._over.wait(wait):
            self._say(self._word)
            wait = self._every


class EngineWatcher:
    """Reads how far a running engine's kill is, beside everything else: its line may fail without any harm."""

    def __init__(self, directory: WorldDirectory, tell: Callable[[str], None]) -> None:
        self._directory = directory
        self._tell = tell
        self.newest = ""
        """How far the kill was when last heard of, in the engine's words; empty before."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine watcher", daemon=True)

    def start(self) -> None:
        """Begin to read; a second call does nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Stop reading, without waiting for the line to be closed."""
        self._over.set()

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
        except LinkError as error:
            if not self._over.is_set():
                self._tell(f"the engine closes; what is left cannot be read: {error}")

    async def _watch(self) -> None:
        line = await connect(self._directory, "cockpit flatten", patience=1.0)
        try:
            async for news in line:
                if self._over.is_set() or isinstance(news, Ended):
                    return
                if isinstance(news, ScreenView) and news.latch is not None:
                    self.newest = news.latch.progress
                    self._tell(f"{news.latch.state}: {news.latch.progress}")
        finally:
            await line.close()
