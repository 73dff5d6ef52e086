"""A kill from a shell while a running engine's every exit is refused: the shell and the screen say by what."""

import subprocess
import threading
import time
from typing import IO

from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, held
from tests.account.phone import buy_by_phone
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import REPOSITORY, Outside, clean_environment, wait_for, wait_until
from tests.recordings import EQ_A


class Reader:
    """Keeps each line of a stream with the moment in which it came."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[tuple[float, str]] = []
        self._stream = stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:
            self.lines.append((time.monotonic(), line))

    def find(self, words: str) -> str | None:
        return next((line for _, line in self.lines if words in line), None)


def test_flatten_beside_an_engine_says_what_refuses_its_exits_until_they_pass(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    buy_by_phone(broker, EQ_A)
    engine = begin(home, broker, *LIVE)
    broker.control("POST", "state", {"caller_ip": "198.51.100.7"})
    words = home.argv("flatten", *settings_of(broker, *LIVE))
    with subprocess.Popen(
        words,
        cwd=REPOSITORY,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stdout is not None
            reader = Reader(process.stderr)
            latched = time.monotonic() + wait_until(lambda: engine.latch() is not None, "the latch")
            line = wait_for(lambda: reader.find("last refusal: "), "a word of what refuses")
            assert reader.lines[0][0] - latched < 2.5
            assert line.startswith("account: ")
            assert "1 position and " in line
            assert "UDAPI1154" in line
            latch = engine.view().latch
            assert latch is not None
            assert "UDAPI1154" in latch.progress
            broker.control("POST", "state", {"caller_ip": "registered"})
            engine.wait_latch(LatchFileState.FLAT)
            assert process.wait(60) == 0
            assert process.stdout.read().startswith("account: FLAT")
        finally:
            process.kill()
    assert held(broker) == 0
