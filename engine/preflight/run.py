"""All checks before trading, side by side."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import config
from engine.preflight.authentication import (
    check_address,
    check_funds,
    check_profile,
    check_segments,
    check_token,
)
from engine.preflight.configuration import (
    check_calendar,
    check_instruments,
    check_settings,
    check_square_off,
    check_watchlist,
    exposed_file,
)
from engine.preflight.connectivity import check_clock, check_feed, check_order_host, check_rest
from engine.preflight.drill import check_drill
from engine.preflight.probes import Probe, run_probes
from engine.preflight.report import Check, Group, Report
from engine.preflight.stage import check_stage
from engine.preflight.survey import WATCHED, Survey, WallClock, wall_clock
from engine.preflight.system import check_disk, check_handles, check_memory, check_network, check_processor
from engine.settings.file_permissions import writable_by_others
from engine.settings.sections import CheckSections
from engine.upstox.rest.token import TokenSource, TokenStore
from engine.world.directories import Home

LIVE: Final = "live"
_CALL: Final = 12.0
"""Seconds for a check of one or two calls: import, connection and answer included."""
_LISTS: Final = 20.0
"""Seconds for the instrument files over a slow line."""


def run_preflight(
    settings: CheckSections,
    home: Home,
    *,
    mode: str = "",
    sources: Mapping[str, str] | None = None,
    token: TokenSource | None = None,
    feed_in_use: bool = False,
    day: date | None = None,
    now: WallClock = wall_clock,
    monotonic: Callable[[], float] = time.monotonic,
) -> Report:
    """Return go or no-go with the reasons; never raises for what it finds, and ends though a host is dead.

    ``mode`` (paper or live) is the settings' own when empty; ``sources`` says where settings come from;
    ``feed_in_use`` leaves the feed to the engine that holds its one connection; ``day`` is today by the clock of the
    settings when None.
    """
    started, began = monotonic(), now()
    mode = mode or settings.account.mode
    live = mode == LIVE
    store = token or TokenStore(home.root, settings.upstox.access_token)
    survey = Survey(settings, home, store, day=day, feed_in_use=feed_in_use, now=now, monotonic=monotonic)
    try:
        checks = run_probes(_probes(survey, sources or {}, live=live), monotonic)
    finally:
        survey.close()
    return Report(mode, began, monotonic() - started, checks)


def refuse_settings(
    problem: str,
    home: Home,
    mode: str = "paper",
    *,
    now: WallClock = wall_clock,
    monotonic: Callable[[], float] = time.monotonic,
) -> Report:
    """Return the no-go of settings that could not be read: the broker is not asked with settings nobody wrote."""
    started, began = monotonic(), now()
    defaults = config.PreflightSettings()
    probes = [
        Probe(Group.CONFIGURATION, "settings", lambda: check_settings({}, problem), 5.0),
        *_machine(defaults, home, live=False, on_this_machine=False),
    ]
    checks = run_probes(probes, monotonic)
    return Report(mode, began, monotonic() - started, checks)


def _probes(survey: Survey, sources: Mapping[str, str], *, live: bool) -> list[Probe]:
    looking = _LISTS + survey.settings.preflight.first_update_seconds + WATCHED
    connectivity, authentication, configuration = (
        Group.CONNECTIVITY,
        Group.AUTHENTICATION,
        Group.CONFIGURATION,
    )
    here = config.brokers_on_loopback(survey.settings.upstox)
    return [
        Probe(connectivity, "REST", lambda: check_rest(survey), _CALL),
        Probe(connectivity, "order host", lambda: check_order_host(survey, live=live), _CALL),
        Probe(connectivity, "feed", lambda: check_feed(survey), looking),
        Probe(authentication, "token", lambda: check_token(survey), _CALL + looking),
        Probe(authentication, "profile", lambda: check_profile(survey), _CALL),
        Probe(authentication, "segments", lambda: check_segments(survey, live=live), looking),
        Probe(authentication, "static IP", lambda: check_address(survey, live=live), _CALL),
        Probe(authentication, "funds", lambda: check_funds(survey, live=live), _CALL),
        Probe(
            configuration,
            "settings",
            lambda: _check_settings(survey, sources, live=live),
            _CALL,
        ),
        Probe(
            configuration,
            "stage",
            lambda: check_stage(survey.home, survey.settings.upstox, live=live),
            _CALL,
        ),
        Probe(configuration, "square-off", lambda: check_square_off(survey, live=live), _CALL),
        Probe(configuration, "instruments", lambda: check_instruments(survey, live=live), _LISTS),
        Probe(configuration, "watchlist", lambda: check_watchlist(survey), looking),
        Probe(configuration, "calendar", lambda: check_calendar(survey, live=live), _CALL + looking),
        *_machine(survey.settings.preflight, survey.home, live=live, on_this_machine=here),
        Probe(Group.SYSTEM, "clock", lambda: check_clock(survey), looking),
        Probe(Group.SYSTEM, "kill drill", lambda: check_drill(survey.home, wall_clock()), _CALL),
    ]


def _check_settings(survey: Survey, sources: Mapping[str, str], *, live: bool) -> Sequence[Check]:
    root = survey.home.root
    return check_settings(sources, "", exposed_file(root, sources), writable_by_others(root), live=live)


def _machine(
    settings: config.PreflightSettings, home: Home, *, live: bool, on_this_machine: bool
) -> list[Probe]:
    return [
        Probe(Group.SYSTEM, "processor", lambda: check_processor(settings, live=live), _CALL),
        Probe(Group.SYSTEM, "memory", lambda: check_memory(settings), _CALL),
        Probe(Group.SYSTEM, "disk", lambda: check_disk(settings, home.root), _CALL),
        Probe(Group.SYSTEM, "file handles", lambda: check_handles(settings), _CALL),
        Probe(Group.SYSTEM, "network", lambda: check_network(on_this_machine=on_this_machine), _CALL),
    ]
