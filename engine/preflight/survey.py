"""What several checks look at, each looked at once: the broker's client, the day, the instruments, the feed."""

import time
from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import urlsplit

import config
from engine.home import Home
from engine.market.calendar import Calendar, load_calendar
from engine.market.clock import Instant, trading_date
from engine.market.watchlist import Resolved
from engine.preflight.feed import FeedFailedError, FeedSight, look_at_feed
from engine.preflight.probes import Once
from engine.upstox.address import is_this_machine
from engine.upstox.budget import Budget
from engine.upstox.client import UpstoxClient
from engine.upstox.instruments import FileError, InstrumentFiles, Shelf
from engine.upstox.outcome import CallFailed
from engine.upstox.token import TokenSource
from engine.upstox.transport import Transport
from engine.upstox.watchlist import LastPrices, resolve_for_day

LONGEST_CONNECT: Final = 3.0
LONGEST_READ: Final = 4.0
"""Seconds: a check that waits longer has its answer already."""
LONGEST_LIST: Final = 15.0
"""Seconds for one instrument file: 3.4 MB over a line of two megabits."""
ANYTHING: Final = ("NSE_INDEX|Nifty 50",)
"""What the feed is asked for where the watchlist names nothing."""
WATCHED: Final = 1.5
"""Seconds the feed is watched after every instrument spoke."""

WallClock = Callable[[], Instant]


def wall_clock() -> Instant:
    """Return the machine's idea of now."""
    return time.time_ns() // 1_000


class Survey:
    """One run's shared observations; any check's thread may ask for any of them."""

    def __init__(
        self,
        settings: config.Settings,
        home: Home,
        token: TokenSource,
        *,
        day: date | None = None,
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
        self.client = UpstoxClient(upstox, token, self.transport, Budget())
        self._given_day = day
        self.calendar: Once[Calendar] = Once(lambda: load_calendar(home.root))
        self.day: Once[date] = Once(self._read_day)
        self.shelf: Once[Shelf] = Once(self._read_shelf)
        self.resolved: Once[Resolved] = Once(self._resolve)
        self.feed: Once[FeedSight] = Once(self._look)
        self.prices = LastPrices(self.client)

    @property
    def feed_is_clock(self) -> bool:
        """Say whether date and time come from the feed instead of this machine."""
        return self.settings.session.clock == "feed"

    def close(self) -> None:
        """Close idle connections."""
        self.transport.close()
        self.assets.close()

    def _read_day(self) -> date:
        if self._given_day is not None:
            return self._given_day
        if self.feed_is_clock:
            try:
                sight = self._look_at(ANYTHING, 0.0)
            except (FeedFailedError, CallFailed):
                sight = None
            if sight is not None and sight.newest is not None:
                return trading_date(sight.newest)
        return trading_date(self.now())

    def _read_shelf(self) -> Shelf:
        files = InstrumentFiles(self.home.root, self.settings.upstox.assets_url)
        self.home.create()
        return files.load(self.now(), files.refresh(self.assets, self.now(), self.day(), LONGEST_LIST))

    def _resolve(self) -> Resolved:
        return resolve_for_day(self.settings.watchlist.instruments, self.shelf(), self.prices, self.day())

    def _look(self) -> FeedSight:
        try:
            keys = tuple(instrument.key for instrument in self.resolved().instruments)
        except (FileError, OSError):
            # The watchlist has its own check; the feed is looked at whatever that says.
            keys = ()
        return self._look_at(keys or ANYTHING, WATCHED)

    def _look_at(self, keys: tuple[str, ...], watched: float) -> FeedSight:
        return look_at_feed(
            self.client.market_feed_authorize(),
            keys,
            open_seconds=min(self.settings.feed.open_seconds, LONGEST_READ),
            first_seconds=self.settings.preflight.first_update_seconds,
            watch_seconds=watched,
            now=self.now,
            monotonic=self.monotonic,
        )


def host_of(address: str) -> str:
    """Return an address's host."""
    return urlsplit(address).hostname or ""
