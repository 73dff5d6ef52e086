"""Secrets stay secret: a whole day's tokens, the app's secret and every single-use code are looked for everywhere.

The broker repeats the token in every answer and every order event of that day.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import zstandard

from engine.contract.commands import ArmManual, ManualOrder, RunPreflight, Side
from engine.feeds.recordings.frames_format import MAGIC
from engine.operations.account_desk import AccountDesk, SignInWay
from engine.operations.desk import open_desk
from engine.system.errors import CockpitError
from engine.upstox.rest.hiding import HIDDEN
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.fake_upstox import RunningFake, running_fake
from tests.fake_upstox.account import CLIENT_ID, CLIENT_SECRET
from tests.fake_upstox.broker import Broker
from tests.operations.account import of_fake, write_settings
from tests.operations.browser import Browser, free_port
from tests.operations.outside import Engine, Outside, made_recordings, outside, wait_until
from tests.recordings import EQ_A

OWN = ("token", "cockpit.toml")
"""Files that are there to hold a secret: the token's, and the one that a person wrote the app's secret into."""


@dataclass
class Watched:
    """A home, its broker, everything that was secret, and everything that was said."""

    home: Outside
    fake: RunningFake
    secrets: set[str] = field(default_factory=lambda: {CLIENT_SECRET})
    said: list[str] = field(default_factory=list)

    def run(self, *words: object, typed: str = "") -> None:
        """Run a command and keep what it said."""
        done = self.home.run(*words, typed=typed)
        self.said += [done.stdout, done.stderr]

    def look(self, engine: Engine) -> None:
        """Keep a whole picture as a screen gets it."""
        self.said.append(msgspec.json.encode(engine.view()).decode())

    def learn(self) -> None:
        """Take in the secrets that the broker has given out by now."""
        self.secrets |= self.fake.ask(lambda broker: set(broker.account._tokens) | set(_codes_of(broker)))


def _codes_of(broker: Broker) -> list[str]:
    codes: list[str] = broker.__dict__.setdefault("codes given out", [])
    return codes


def _keep_codes(broker: Broker) -> None:
    """Have every single-use code remembered as it is made."""
    codes, account = _codes_of(broker), broker.account
    new_stream_code, new_code = broker.new_stream_code, account.new_code

    def stream_code(stream: str, update_types: str) -> str:
        codes.append(new_stream_code(stream, update_types))
        return codes[-1]

    def sign_in_code(redirect_uri: str) -> str:
        codes.append(new_code(redirect_uri))
        return codes[-1]

    broker.new_stream_code = stream_code  # type: ignore[method-assign]
    account.new_code = sign_in_code  # type: ignore[method-assign]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    recordings = made_recordings(tmp_path)
    with (
        running_fake(recordings=recordings, start=time(10), speed=3) as fake,
        outside(tmp_path / "home") as home,
    ):
        fake.ask(_keep_codes)
        yield Watched(home, fake)


def sign_in(watched: Watched, mode: str) -> None:
    """Sign in by the browser, once refused and once granted."""
    root = watched.home.home.root
    app = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": f"http://127.0.0.1:{free_port()}/back",
    }
    more: dict[str, dict[str, object]] = {
        "account": {"mode": mode},
        "session": {"clock": "feed", "broker_squareoff": "15:15 cash; broker's page of 11 Sep 2026"},
        "watchlist": {"instruments": [EQ_A]},
        "preflight": {"max_cpu_pct": 100, "max_feed_delay_ms": 10_000, "max_latency_ms": 10_000},
    }
    write_settings(root, of_fake(watched.fake, **app), more)
    reading, writing = os.pipe()
    try:
        for denied in (True, False):
            watched.fake.control("POST", "state", {"login_denied": denied})
            browser = Browser()

            def say(text: str, browser: Browser = browser) -> None:
                watched.said.append(text)
                browser(text)

            try:
                signed_in = AccountDesk(open_desk(root, ())).sign_in(
                    SignInWay.BROWSER, say, reading, seconds=10
                )
                watched.said.append(signed_in.text)
            except CockpitError as refusal:
                watched.said.append(str(refusal))
            browser.close()
            watched.said += browser.shown
    finally:
        os.close(reading)
        os.close(writing)
    assert (root / "token").exists()


def repeat_in_events(watched: Watched) -> None:
    """Let the portfolio stream repeat the token of the home in every event."""
    token = (watched.home.home.root / "token").read_text().strip()
    watched.fake.plant("repeat-text", stream="portfolio", text=token, times=0)


def trade(watched: Watched, engine: Engine) -> None:
    """Enter by hand and kill; whether the entry is let in does not matter here."""
    results = engine.ask(
        ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_A, Side.BUY)
    )
    watched.said += [repr(result) for result in results]


def upset(watched: Watched, engine: Engine) -> None:
    """Let the broker fail in every way that has a text: dead lines, odd pages, a dead token, a new one."""
    fake = watched.fake
    for fault in ("html", "status", "not-json", "lose-answer"):
        fake.plant(fault, call="all", times=3)
    for stream in ("market", "portfolio"):
        fake.plant("refuse-connection", stream=stream, times=2)
        fake.control("POST", "disconnect", {"stream": stream})
    watched.look(engine)
    fake.control("POST", "token", {"act": "kill"})
    fake.control("POST", "disconnect", {"stream": "market"})
    wait_until(lambda: any(not line.number for line in engine.view().events), "an alarm")
    trade(watched, engine)
    watched.said += [repr(result) for result in engine.ask(RunPreflight(f"checks-{uuid4()}"))]
    watched.look(engine)
    watched.run("status", "--json", "--world", "account")
    watched.learn()
    fresh = fake.control("POST", "token", {})["access_token"]
    (watched.home.home.root / "token").write_text(fresh)
    repeat_in_events(watched)
    wait_until(lambda: engine.view().header.feed == "LIVE", "the feed to be back")
    watched.learn()


def contents(root: Path) -> dict[Path, bytes]:
    """Return every file of a home with what it holds; a recording is unpacked."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name not in OWN:
            data = path.read_bytes()
            found[path] = data + unpacked(data) if path.suffix == ".frames" else data
    return found


def unpacked(data: bytes) -> bytes:
    assert data.startswith(MAGIC)
    return zstandard.ZstdDecompressor().decompressobj().decompress(data.removeprefix(MAGIC))


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_no_token_secret_or_code_is_in_any_file_view_log_recording_or_output(
    watched: Watched, mode: str
) -> None:
    sign_in(watched, mode)
    watched.fake.plant("repeat-token", call="all", times=0)
    repeat_in_events(watched)
    engine = watched.home.start(World.ACCOUNT)
    wait_until(lambda: engine.view().header.feed == "LIVE", "the feed")
    trade(watched, engine)
    watched.look(engine)
    upset(watched, engine)
    engine.press()
    engine.wait_latch(LatchFileState.FLAT)
    for words in (
        ("status",),
        ("preflight", "--json"),
        ("config",),
        ("instruments", "MAX", "--json"),
        ("flatten",),
    ):
        watched.run(*words)
    engine.ask_to_end()
    watched.said.append(watched.home.last_words())
    watched.run("flatten")
    watched.run("rearm", typed="REARM\n")

    watched.learn()
    files = contents(watched.home.home.root)
    recordings = [data for path, data in files.items() if path.suffix == ".frames"]
    assert EQ_A.encode() in b"".join(recordings)
    assert len(watched.secrets) > 6
    everything: dict[Any, bytes] = {**files, "what was said": "\n".join(watched.said).encode()}
    shown = [
        (where, secret[:12])
        for where, data in everything.items()
        for secret in watched.secrets
        if secret.encode() in data
    ]
    assert shown == []
    assert HIDDEN.encode() in b"".join(everything.values()), "the broker did repeat it"
    token = (watched.home.home.root / "token").read_text()
    assert token.strip() in watched.secrets
