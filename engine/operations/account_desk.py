"""The commands that speak to the broker for the account without an engine: sign in, check, search.

What ``cockpit.cli`` calls beside ``engine.operations.desk``.
"""

import contextlib
import os
import termios
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import config
from engine.operations.desk import Desk
from engine.world.directories import World

if TYPE_CHECKING:
    from engine.preflight import Report
    from engine.upstox.reference.search import LookUp
    from engine.upstox.rest.token import Token
    from engine.upstox.rest.transport import Transport

__all__ = ["AccountDesk", "SignInWay", "SignedIn"]

_SIGN_IN_READ: Final = 15.0
"""Seconds for the exchange of a code: it works once, so its answer is worth a wait."""
_ECHO_FIELD: Final = 3
"""Where termios keeps the local modes."""


class SignInWay(StrEnum):
    """How a token is come by."""

    BROWSER = "browser"
    """The broker's page, the code by redirect to this machine or pasted."""
    PASTE = "paste"
    """The broker's page on another machine; the code or its address is pasted."""
    PHONE = "phone"
    """Approval on the phone."""
    GIVEN = "given"
    """A token made elsewhere is pasted."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in led to, in lines; nothing in it is secret."""

    text: str
    warnings: tuple[str, ...]


class AccountDesk:
    """One home's dealings with the broker outside an engine."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settings = desk.settings

    def sign_in(
        self, way: SignInWay, say: Callable[[str], None], input_descriptor: int | None, *, seconds: float
    ) -> SignedIn:
        """Get a token, prove it, and keep it for every engine of the home.

        Nothing that is pasted is echoed. Raises SignInError, DoorstepError, TokenError and HomeError.
        """
        from engine.upstox.rest.token import TokenStore

        store = TokenStore(self._desk.home.root)
        # Before the code is used: it works once.
        self._desk.home.create()
        with unechoed(input_descriptor) as patient:
            token = self._token(way, say, input_descriptor, patient=patient, seconds=seconds)
        person, doubts = self._prove(token, trusted=way is not SignInWay.GIVEN)
        store.write(token)
        warnings = [*doubts]
        if self._settings.upstox.access_token:
            source = self._desk.configuration.sources.get("upstox.access_token", "the settings")
            warnings.append(
                f"upstox.access_token is set by {source} and wins over this token: remove it there"
            )
        whom = f"signed in as {person}; " if person else ""
        text = f"{whom}token {self._until(token)}; kept in {store.path}"
        return SignedIn(text, tuple(warnings))

    def preflight(self) -> "Report":
        """Check everything before trading; beside a running engine the feed is left to it."""
        from engine.preflight import refuse_settings, run_preflight

        desk = self._desk
        if desk.bad_settings:
            return refuse_settings(desk.bad_settings, desk.home)
        running, day = self._beside_engine()
        return run_preflight(
            self._settings,
            desk.home,
            sources=desk.configuration.sources,
            feed_in_use=running,
            day=day,
        )

    def look_up(self, text: str, most: int) -> "tuple[LookUp, tuple[str, ...]]":
        """Return what the words mean and find in the instrument master, and what to know of its lists.

        The kept lists serve while they are fresh; else newer ones are fetched. Raises FileError without any, and
        HomeError. Beside a running engine the feed is left to it.
        """
        from engine.preflight.survey import LONGEST_LIST, Survey
        from engine.upstox.reference.file_state import FileError, InstrumentFile
        from engine.upstox.reference.instrument_files import InstrumentFiles
        from engine.upstox.reference.search import look_up
        from engine.upstox.rest.token import TokenStore

        settings, home = self._settings, self._desk.home
        running, day = self._beside_engine()
        token = TokenStore(home.root, settings.upstox.access_token)
        survey = Survey(settings, home, token, day=day, feed_in_use=running)
        files = InstrumentFiles(home.root, settings.upstox.assets_url)
        needed = (InstrumentFile.MASTER, InstrumentFile.INTRADAY)
        now = survey.now()
        try:
            try:
                shelf = files.load(now)
            except FileError:
                shelf = None
            if shelf is None or any(shelf.state(file).reason for file in needed):
                home.create()
                shelf = files.load(now, files.refresh(survey.assets, now, survey.known_day(), LONGEST_LIST))
            found = look_up(text, shelf, survey.prices, survey.day(), most)
        finally:
            survey.close()
        notes = [f"{file.value}: {reason}" for file in needed if (reason := shelf.state(file).reason)]
        return found, (*notes, *(str(failure) for failure in survey.prices.failures[:1]))

    def _token(
        self,
        way: SignInWay,
        say: Callable[[str], None],
        descriptor: int | None,
        *,
        patient: bool,
        seconds: float,
    ) -> "Token":
        from engine.upstox.sign_in.browser import Voice, read_pasted_token, sign_in_by_browser
        from engine.upstox.sign_in.phone import sign_in_by_request

        settings = self._settings.upstox
        browser = webbrowser.open if way is SignInWay.BROWSER and has_display(os.environ) else None
        voice = Voice(say, descriptor, patient, browser)
        if way is SignInWay.GIVEN:
            return read_pasted_token(voice, seconds=seconds)
        transport = self._transport()
        try:
            if way is SignInWay.PHONE:
                return sign_in_by_request(settings, transport, voice, seconds=seconds)
            return sign_in_by_browser(
                settings, transport, voice, seconds=seconds, listen=way is SignInWay.BROWSER
            )
        finally:
            transport.close()

    def _prove(self, token: "Token", *, trusted: bool) -> tuple[str, list[str]]:
        """Return whose token it is; a ``trusted`` one, straight from the broker, is kept though nobody answers."""
        from engine.upstox.rest.client import UpstoxClient
        from engine.upstox.rest.outcome import CallFailed, SignInAgain
        from engine.upstox.rest.rate_limits import CallBudget
        from engine.upstox.sign_in.browser import SignInError, SignInRefusedError

        client = UpstoxClient(self._settings.upstox, lambda: token, self._transport(), CallBudget())
        try:
            profile = client.profile()
        except CallFailed as error:
            if isinstance(error.outcome, SignInAgain):
                raise SignInRefusedError(
                    f"expected a token that works, got one the broker refuses: {error}"
                ) from error
            if not trusted:
                raise SignInError(
                    f"expected the broker to say whose token it is, got: {error}; nothing was kept"
                ) from error
            return "", [f"not proven yet, the broker did not say whose token it is: {error}"]
        finally:
            client.close()
        return f"{profile.user_name or profile.user_id} ({profile.user_id})", []

    def _until(self, token: "Token") -> str:
        from engine.market.clock import datetime_of
        from engine.preflight.survey import wall_clock
        from engine.upstox.sign_in.browser import describe_expiry

        if token.expires is not None and self._settings.session.clock == "feed":
            # This machine's time says nothing about a token that lives by another clock.
            return f"good until {datetime_of(token.expires):%d %b %Y %H:%M}"
        return describe_expiry(token, wall_clock())

    def _transport(self) -> "Transport":
        from engine.upstox.rest.transport import Transport

        upstox = self._settings.upstox
        return Transport(
            upstox.connect_timeout_seconds,
            max(upstox.read_timeout_seconds, _SIGN_IN_READ),
            loopback_allowed=config.is_loopback(urlsplit(upstox.api_url).hostname or ""),
        )

    def _beside_engine(self) -> "tuple[bool, date | None]":
        """Return whether the account's engine runs, and its day where only the feed tells the date."""
        from engine.host.liveness import EngineState, engine_state
        from engine.status import read_plan

        directory = self._desk.home.world(World.ACCOUNT)
        running = engine_state(directory) is not EngineState.NONE
        plan = read_plan(directory) if running and self._settings.session.clock == "feed" else None
        return running, None if plan is None else plan.day


def has_display(environment: Mapping[str, str]) -> bool:
    """Say whether a browser can be opened where the person sits."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    return bool(
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") or os.uname().sysname == "Darwin"
    )


@contextlib.contextmanager
def unechoed(descriptor: int | None) -> Iterator[bool]:
    """Let a terminal show nothing of what is pasted into it; gives whether it is one."""
    if descriptor is None or not os.isatty(descriptor):
        yield False
        return
    before = termios.tcgetattr(descriptor)
    quiet = termios.tcgetattr(descriptor)
    quiet[_ECHO_FIELD] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    try:
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
