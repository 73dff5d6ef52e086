"""The screen for a real terminal: the kill keys are caught in its input thread too."""

from collections.abc import Callable

import config
from cockpit.app import CockpitApp
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.instrument_search import Searcher
from cockpit.state.rollout_reading import RolloutReader
from cockpit.terminal.driver import make_driver
from cockpit.terminal.kill_sending import KillKey
from engine.link.line import KillSwitch, Link


def make_app(
    line: Link,
    switch: KillSwitch,
    settings: config.ScreenSettings,
    searcher: Searcher | None = None,
    guard: Callable[[], FlattenGuard | None] | None = None,
    drill_refusal: Callable[[], str] | None = None,
    rollout: RolloutReader | None = None,
    *,
    embedded: bool = False,
) -> CockpitApp:
    """Return the screen for a real terminal: the kill keys are caught in its input thread too."""
    key = KillKey(switch)
    return CockpitApp(
        line,
        key,
        frames_per_second=settings.frames_per_second,
        theme=settings.theme,
        ascii_signs=settings.ascii,
        driver_class=make_driver(key.press),
        searcher=searcher,
        guard=guard,
        drill_refusal=drill_refusal,
        rollout=rollout,
        embedded=embedded,
    )
