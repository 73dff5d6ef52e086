"""Settings, home and clock of a pre-flight against the fake broker."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import config
from engine.market.clock import Instant, instant_of
from engine.preflight.report import Check
from engine.preflight.survey import Survey
from engine.upstox.rest.token import TokenStore
from engine.world.directories import Home
from tests.fake_upstox import RunningFake

WATCHLIST = ("INFY", "NIFTY FUT near", "BANKNIFTY CE ATM monthly")
SQUARE_OFF = "15:15 cash, 15:25 F&O; broker's page of 11 Sep 2026"


@dataclass
class FakeClock:
    """The fake exchange's time, some seconds off if wanted: this machine's idea of now."""

    fake: RunningFake
    off: float = 0.0

    def __post_init__(self) -> None:
        told = self.fake.control("GET", "state")["now"]
        self._at: Instant = instant_of(datetime.fromisoformat(told))
        self._since = time.monotonic()

    def __call__(self) -> Instant:
        return self._at + round(1_000_000 * (time.monotonic() - self._since + self.off))


def settings_for(fake: RunningFake, **sections: dict[str, Any]) -> config.Settings:
    """Return settings that point at a fake; sections are laid over them."""
    base: dict[str, dict[str, Any]] = {
        "upstox": {
            "api_url": fake.api_url,
            "order_url": fake.order_url,
            "assets_url": fake.assets_url,
            "access_token": fake.access_token,
        },
        "watchlist": {"instruments": WATCHLIST},
        "session": {"broker_squareoff": SQUARE_OFF},
        "preflight": {"public_ip": "203.0.113.10"},
    }
    for name, section in sections.items():
        base[name] = {**base.get(name, {}), **section}
    return config.Settings.model_validate(base)


def survey_of(fake: RunningFake, root: Path, *, off: float = 0.0, **sections: dict[str, Any]) -> Survey:
    """Return a survey of a fake under a clock that goes with it."""
    settings = settings_for(fake, **sections)
    store = TokenStore(root, settings.upstox.access_token)
    return Survey(settings, Home(root), store, now=FakeClock(fake, off))


def only(checks: Sequence[Check]) -> Check:
    """Return the one check there is."""
    (check,) = checks
    return check


def named(checks: Sequence[Check], name: str) -> Check:
    """Return the check of a name."""
    return next(check for check in checks if check.name == name)
