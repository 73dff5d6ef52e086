"""The whole fake broker put together: market, exchange, account, streams and the books of what happened."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from itertools import count
from typing import Any

import msgspec

from engine.feeds.wire.packet import FullFeed, RecordedPacket
from engine.market.clock import SECOND, Instant, instant_at
from tests.fake_upstox.account import Account
from tests.fake_upstox.agenda import Agenda
from tests.fake_upstox.auction import auction_packet
from tests.fake_upstox.calls import CallLog
from tests.fake_upstox.clock import ExchangeClock
from tests.fake_upstox.closing import plan_closing
from tests.fake_upstox.exchange import Exchange
from tests.fake_upstox.faults import Faults
from tests.fake_upstox.gtt import GttDesk
from tests.fake_upstox.limits import RateLimiter
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.market import Market
from tests.fake_upstox.market_day import BEFORE_FIRST, open_market_day
from tests.fake_upstox.market_hub import MarketHub
from tests.fake_upstox.master_files import MasterFiles
from tests.fake_upstox.phases import Schedule
from tests.fake_upstox.portfolio_hub import PortfolioHub
from tests.fake_upstox.settings import FakeSettings
from tests.fake_upstox.tape import TapeItem, together

_OPENED = time(9, 15)
_HEARD: Instant = 60 * SECOND
"""Jumps up to this long are played to the streams."""


class Broker:
    """One account at one broker on one trading day."""

    def __init__(self, settings: FakeSettings) -> None:
        self.settings = settings
        market_day = open_market_day(settings)
        self.day = market_day.day
        self.listings: dict[str, Listing] = market_day.listings
        start = market_day.first - BEFORE_FIRST
        self.clock = ExchangeClock(min(start, _started(settings, self.day, start)), settings.speed)
        self.agenda = Agenda(self.clock, together(market_day.tape))
        self.faults = Faults()
        self.schedule = Schedule(self.day)
        self.market = Market(self.listings, self.day, instant_at(self.day, _OPENED))
        for packet in market_day.known:
            self.market.play(packet.instrumentKey, packet)
        self.portfolio = PortfolioHub(self.faults)
        self.exchange = Exchange(self.agenda, self.market, self.schedule, self.faults, self.portfolio.publish)
        self.exchange.desk.capital = round(settings.capital * 100)
        self.feed = MarketHub(self.clock, self.agenda, self.market, self.schedule, self.faults)
        self.feed.settle = settings.settle
        self.feed.known = self.listings.__contains__
        self.account = Account(redirect_uri=settings.redirect_uri, notifier_url=settings.notifier_url)
        self.limiter = RateLimiter()
        self.limiter.enabled = settings.rate_limits
        self.calls = CallLog()
        self.files = MasterFiles(self.listings)
        self.gtt = GttDesk(self.exchange, self.portfolio.publish)
        self.agenda.until_room = self.feed.until_room
        self.access_token = self.account.issue_token(self.clock.now())
        self.stream_codes: dict[str, tuple[str, str]] = {}
        """Single-use codes of the streams: which stream, and the update types asked for."""
        self.connection_limit = 2
        self.tasks: set[asyncio.Task[None]] = set()
        self.extra_holidays: list[dict[str, Any]] = []
        self.go_dark: Callable[[float], None] = lambda _: None
        """Close the port and every connection for some seconds; set by the server."""
        self._stream_numbers = count(1)
        plan_closing(self.exchange, settings.square_off)
        for boundary in self.schedule.boundaries():
            if boundary >= self.agenda.moment:
                self.agenda.at(boundary, self.feed.tell_phase)
        wanted = _started(settings, self.day, start)
        if wanted > self.clock.now():
            self.advance(wanted)

    def advance(self, to: Instant) -> None:
        """Let time pass at once; short steps are heard on the streams, long ones are not."""
        heard = to - self.clock.now() <= _HEARD
        self.agenda.catch_up(to, self.play, heard=heard)

    def play(self, items: list[TapeItem]) -> None:
        """Let packets arrive: the market moves, orders match, subscribers hear of it."""
        moment = self.agenda.moment
        self.tell([told for item in items if (told := self._heard(item, moment)) is not None])

    def tell(self, items: list[TapeItem]) -> None:
        """Let packets arrive as they are."""
        for item in items:
            self.market.play(item.key, item.packet)
        for item in items:
            self.exchange.played(item.key)
            self.gtt.played(item.key)
        if items:
            self.feed.play(items)

    def _heard(self, item: TapeItem, moment: Instant) -> TapeItem | None:
        """Return what the exchange tells of a packet now: nothing in a halt, in the auction what it would match."""
        listing = self.listings.get(item.key)
        if listing is None or item.key in self.market.locked or self.market.is_halted(listing):
            return None
        packet: RecordedPacket | None = item.packet
        added = self.market.added.get(item.key)
        if added:
            packet = _with_volume(item.packet, added)
        phase = self.schedule.auction_phase(listing, moment)
        if phase is not None and packet is not None:
            packet = auction_packet(self.market.quote(item.key), packet, phase)
        return None if packet is None else replace(item, packet=packet)

    def new_stream_code(self, stream: str, update_types: str) -> str:
        """Return a code that opens a stream once."""
        code = hashlib.sha256(
            f"{stream}{next(self._stream_numbers)}{self.access_token}".encode()
        ).hexdigest()[:32]
        self.stream_codes[code] = (stream, update_types)
        return code

    def set_price(self, key: str, price: int) -> None:
        """Move an instrument by hand and let everything follow."""
        self.market.set_price(key, price, self.agenda.moment)
        self.exchange.played(key)
        self.gtt.played(key)
        self.feed.push(key)

    def lock(self, key: str, side: str | None) -> None:
        """Hold an instrument at a price limit, or let it go, and let everything follow."""
        self.market.lock(key, side, self.agenda.moment)
        self.exchange.played(key)
        self.feed.push(key)

    def relist(self, key: str, tick: int | None, lot: int | None, freeze: int | None) -> None:
        """Change an instrument's terms in the day, tick in paise: files, checks and live orders follow."""
        old = self.listings[key]
        listing = self.listings[key] = replace(
            old, tick=tick or old.tick, lot=lot or old.lot, freeze=freeze or old.freeze
        )
        self.market.relist(listing)
        for order in self.exchange.orders.values():
            if order.listing.key == key:
                order.listing = listing
        for position in self.exchange.positions.values():
            if position.listing.key == key:
                position.listing = listing
        self.files.change({})


def _started(settings: FakeSettings, day: date, first: Instant) -> Instant:
    return first if settings.start is None else instant_at(day, settings.start)


def _with_volume(packet: RecordedPacket, added: int) -> RecordedPacket:
    """Return a packet of the tape after trades that the tape knows nothing of."""
    feed = packet.fullFeed.marketFF if packet.fullFeed is not None else None
    if feed is None:
        return packet
    moved = msgspec.structs.replace(feed, vtt=feed.vtt + added)
    return msgspec.structs.replace(packet, fullFeed=FullFeed(marketFF=moved))
