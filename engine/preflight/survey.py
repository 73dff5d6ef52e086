"""What several checks look at, each looked at once: the broker's client, the day, the instruments, the feed."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from engine.instruments.watchlist import Resolved
from engine.market.calendar import Calendar, load_calendar
from engine.market.clock import SECOND, Instant, instant_of, trading_date
from engine.preflight.feed import FeedFailedError, FeedSight, look_at_feed
from engine.preflight.probes import Once
from engine.settings.sections import CheckSections
from engine.upstox.reference.file_state import FileError
from engine.upstox.reference.instrument_files import InstrumentFiles, Shelf
from engine.upstox.reference.watchlist import LastPrices, resolve_for_day
from engine.upstox.rest.address import AddressError, is_this_machine
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import TokenSource
from engine.upstox.rest.transport import NotSentError, Transport, UnansweredError
from engine.world.directories import Home

LONGEST_CONNECT: Final = 3.0
LONGEST_READ: Final = 4.0
"""Seconds: a check that waits longer has its answer already."""
LONGEST_LIST: Final = 15.0
"""Seconds for one instrument file: 3.4 MB over a line of two megabits."""
ANYTHING: Final = ("NSE_INDEX|Nifty 50",)
"""What the feed is asked for besides the watchlist: the index moves all day."""
WATCHED: Final = 2.0
"""Seconds the feed is watched at most after every instrument spoke."""

WallClock = Callable[[], Instant]


def wall_clock() -> Instant:
    """Return the machine's idea of now."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class RestSight:
    """One answer of the REST host. Times in seconds."""

    handshake: float
    answer: float
    status: int
    told: Instant | None
    """The broker's clock by the answer's Date, a second wide; the middle of it. None when it has none."""
    offset: float | None
    """Our clock minus the broker's by that, good to half a second and half the answer's time."""


class Survey:
    """One run's shared observations; any check's thread may ask for any of them."""

    def __init__(
        self,
        settings: CheckSections,
        home: Home,
        token: TokenSource,
        *,
        day: date | None = None,
        feed_in_use: bool = False,
        now: WallClock = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.home = home
        self.token = token
        self.now = now
        self.monotonic = monotonic
        upstox = settings.upstox
        hosts = (host_of(address) for address in (upstox.api_url, upstox.order_url))
        self.transport = Transport(
            min(upstox.connect_timeout_seconds, LONGEST_CONNECT),
            min(upstox.read_timeout_seconds, LONGEST_READ),
            loopback_allowed=any(is_this_machine(host) for host in hosts),
        )
        self.assets = Transport(
            min(upstox.connect_timeout_seconds, LONGEST_CONNECT),
            upstox.read_timeout_seconds,
            loopback_allowed=is_this_machine(host_of(upstox.assets_url)),
        )
        self.client = UpstoxClient(upstox, token, self.transport, CallBudget())
        self.feed_in_use = feed_in_use
        """Somebody else holds the feed's one connection: it is left alone."""
        self._given_day = day
        self.rest: Once[RestSight] = Once(self._ask_rest)
        self.moment: Once[Instant | None] = Once(self._read_moment)
        self.calendar: Once[Calendar] = Once(lambda: load_calendar(home.root))
        self.known_day: Once[date | None] = Once(self._read_day)
        self.shelf: Once[Shelf] = Once(self._read_shelf)
        self.resolved: Once[Resolved] = Once(self._resolve)
        self.feed: Once[FeedSight] = Once(self._look)
        self.prices = LastPrices(self.client)

    @property
    def feed_is_clock(self) -> bool:
        """Whether date and time come from the feed instead of this machine."""
        return self.settings.session.clock == "feed"

    def day(self) -> date:
        """Return the day that is checked; this machine's own where nobody tells it."""
        return self.known_day() or trading_date(self.now())

    def wanted(self) -> tuple[str, ...]:
        """Return the keys of the watchlist, as far as the lists are there to tell them."""
        try:
            return tuple(instrument.key for instrument in self.resolved().instruments)
        except (FileError, OSError):
            # The lists have a check of their own.
            return ()

    def close(self) -> None:
        """Close idle connections."""
        self.transport.close()
        self.assets.close()

    def _read_moment(self) -> Instant | None:
        """Return the time by which the day is judged: the feed's where it is the clock, else the broker's date.

        None when neither tells it.
        """
        if not self.feed_is_clock:
            return self.now()
        newest = None
        if self.feed_in_use and self._given_day is not None:
            # The engine beside us lives by the feed; a date that some host stamps is not that clock.
            return None
        if not self.feed_in_use:
            with contextlib.suppress(FeedFailedError, CallFailed):
                newest = self._look_at((), 0.0, LONGEST_READ).newest
        try:
            return newest or self.rest().told
        except (NotSentError, UnansweredError, AddressError):
            return None

    def _read_day(self) -> date | None:
        if self._given_day is not None:
            return self._given_day
        moment = self.moment()
        return None if moment is None else trading_date(moment)

    def _ask_rest(self) -> RestSight:
        api = self.settings.upstox.api_url
        token = self.token()
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        started = self.monotonic()
        self.transport.warm(api)
        handshake = self.monotonic() - started
        answer = self.transport.request("GET", f"{api.rstrip('/')}/v2/user/profile", headers=headers)
        arrival = self.now()
        told = _date_of(answer.headers.get("date", ""))
        offset = None if told is None else (arrival - told) / SECOND - answer.seconds / 2
        return RestSight(handshake, answer.seconds, answer.status, told, offset)

    def _read_shelf(self) -> Shelf:
        files = InstrumentFiles(self.home.root, self.settings.upstox.assets_url)
        self.home.create()
        return files.load(self.now(), files.refresh(self.assets, self.now(), self.known_day(), LONGEST_LIST))

    def _resolve(self) -> Resolved:
        return resolve_for_day(self.settings.watchlist.instruments, self.shelf(), self.prices, self.day())

    def _look(self) -> FeedSight:
        # One connection at a time: a look for the day comes first.
        self.known_day()
        first = self.settings.preflight.first_update_seconds
        return self._look_at(self.wanted() or ANYTHING, WATCHED, first)

    def _look_at(self, keys: tuple[str, ...], watched: float, first: float) -> FeedSight:
        return look_at_feed(
            self.client.market_feed_authorize(),
            keys,
            besides=ANYTHING,
            open_seconds=min(self.settings.feed.open_seconds, LONGEST_READ),
            first_seconds=first,
            watch_seconds=watched,
            now=self.now,
            monotonic=self.monotonic,
        )


def host_of(address: str) -> str:
    """Return an address's host."""
    return urlsplit(address).hostname or ""


def _date_of(header: str) -> Instant | None:
    try:
        moment: datetime = parsedate_to_datetime(header)
        return instant_of(moment) + SECOND // 2
    except ValueError:
        return None
