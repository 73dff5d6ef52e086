"""The whole fake broker put together: market, exchange, account, streams and the books of what happened."""

import asyncio
import hashlib
import time as wall_time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import config
from engine.feeds.recording_file import Unreadable, packets
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at, trading_date
from engine.market.packet import ArrivalClock, RecordedPacket
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
from tests.fake_upstox.listings import listings_of
from tests.fake_upstox.market import Market
from tests.fake_upstox.market_hub import MarketHub
from tests.fake_upstox.master_files import MasterFiles
from tests.fake_upstox.phases import Schedule
from tests.fake_upstox.portfolio_hub import PortfolioHub
from tests.fake_upstox.settings import FakeSettings
from tests.fake_upstox.tape import (
    RECORDER_LAG,
    TapeItem,
    multiplied,
    recorded_tape,
    shifted,
    simulated_tape,
    together,
)

_OPENED = time(9, 15)
_HEAD = 200
_HEARD: Instant = 60 * SECOND
"""Jumps up to this long are played to the streams."""
_BEFORE_FIRST: Instant = SECOND // 2
"""The clock starts this much ahead of the first packet."""


class Broker:
    """One account at one broker on one trading day."""

    def __init__(self, settings: FakeSettings) -> None:
        self.settings = settings
        tape, first, listings, known = _open_tape(settings)
        self.day = trading_date(first)
        self.listings: dict[str, Listing] = listings
        start = first - _BEFORE_FIRST
        self.clock = ExchangeClock(min(start, _started(settings, self.day, start)), settings.speed)
        self.agenda = Agenda(self.clock, together(tape))
        self.faults = Faults()
        self.schedule = Schedule(self.day)
        self.market = Market(self.listings, self.day, instant_at(self.day, _OPENED))
        for packet in known:
            self.market.play(packet.instrumentKey, packet)
        self.portfolio = PortfolioHub(self.faults)
        self.exchange = Exchange(self.agenda, self.market, self.schedule, self.faults, self.portfolio.publish)
        self.exchange.desk.capital = round(settings.capital * 100)
        self.feed = MarketHub(self.clock, self.agenda, self.market, self.schedule, self.faults)
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
        heard = [told for item in items if (told := self._heard(item)) is not None]
        for item in heard:
            self.market.play(item.key, item.packet)
        for item in heard:
            self.exchange.played(item.key)
            self.gtt.played(item.key)
        if heard:
            self.feed.play(heard)

    def _heard(self, item: TapeItem) -> TapeItem | None:
        """Return what the exchange tells of a packet now: nothing in a halt, in the auction what it would match."""
        listing = self.listings.get(item.key)
        if listing is None or item.key in self.market.locked or self.market.is_halted(listing):
            return None
        phase = self.schedule.auction_phase(listing, self.agenda.moment)
        if phase is None:
            return item
        packet = auction_packet(self.market.quote(item.key), item.packet, phase)
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


def _open_tape(
    settings: FakeSettings,
) -> tuple[Iterator[TapeItem], Instant, dict[str, Listing], list[RecordedPacket]]:
    """Return the tape, its first time, what is listed, and each instrument's state before it."""
    if not settings.recordings:
        return _simulated(settings)
    heads = [packet for path in settings.recordings for packet in _head(path)]
    arrivals = ArrivalClock()
    first = min(arrivals.read(packet.insertion_time) for packet in heads) + RECORDER_LAG
    shift = _shift(settings, first)
    tape = recorded_tape(settings.recordings, shift)
    listings = listings_of(trading_date(first + shift))
    moving = list(dict.fromkeys(packet.instrumentKey for packet in heads))
    missing = [key for key in moving if key not in listings]
    for key in missing:
        listings[key] = _unknown_listing(key)
    if settings.instruments is not None:
        tape = multiplied(tape, settings.instruments, _multiplied_keys(listings), moving)
    firsts = {packet.instrumentKey: packet for packet in reversed(heads)}
    known = [shifted(packet, shift // MILLISECOND) for packet in firsts.values()]
    return tape, first + shift, listings, known


def _shift(settings: FakeSettings, first: Instant) -> Instant:
    if settings.wall:
        return round(wall_time.time() * SECOND) + _BEFORE_FIRST - first
    if settings.day is None:
        return 0
    return (settings.day - trading_date(first)) // timedelta(microseconds=1)


def _head(path: Path) -> list[RecordedPacket]:
    """Return a recording's first packets: enough to know who is in it and when it begins."""
    head = [packet for packet in islice(packets(path), _HEAD) if not isinstance(packet, Unreadable)]
    if not head:
        raise ValueError(f"expected packets in {path}, got none")
    return head


def _multiplied_keys(listings: Mapping[str, Listing]) -> list[str]:
    return [row.key for row in listings.values() if row.kind == "EQ" and row.auction]


def _unknown_listing(key: str) -> Listing:
    token = key.partition("|")[2]
    return Listing(key, f"RECORDED {token}", f"RECORDED {token}", "EQ", 100_000, isin=token, auction=True)


def _simulated(
    settings: FakeSettings,
) -> tuple[Iterator[TapeItem], Instant, dict[str, Listing], list[RecordedPacket]]:
    from engine.feeds.simulator import DEFAULT_DAY, open_simulator

    day = settings.day or DEFAULT_DAY
    count = min(max(settings.instruments or 10, 6), 10)
    feed = open_simulator(
        config.Simulator(seed=settings.seed, instruments=count),
        day,
        start=settings.start,
        script=settings.script,
    )
    listings = listings_of(day)
    keys: dict[str, str] = {}
    for number, member in enumerate(feed.instruments.values(), 1):
        derivative = member.key.startswith("SIM_FO")
        key = f"NSE_FO|{50_000 + number}" if derivative else f"NSE_EQ|INE7{number:03d}S01010"
        keys[member.key] = key
        listings[key] = Listing(
            key,
            member.symbol,
            member.symbol,
            _kind(member.symbol) if derivative else "EQ",
            100_000,
            tick=member.tick,
            lot=member.lot,
            freeze=member.freeze_quantity,
            expiry=member.expiry,
            strike=_strike(member.symbol) if derivative else 0,
            underlying="NSE_INDEX|Nifty 50" if derivative else "",
            underlying_symbol=member.underlying,
            underlying_kind="INDEX" if derivative else "",
            isin="" if derivative else key.partition("|")[2],
            auction=not derivative and member.kind.value == "auction-stock",
        )
    tape = simulated_tape(feed.read, keys)
    opening = next(tape)
    for seed in feed.seeds:
        key = keys[seed.instrument]
        listings[key] = replace(listings[key], base=seed.previous_close)
    if settings.instruments is not None and settings.instruments > count:
        tape = multiplied(tape, settings.instruments, _multiplied_keys(listings), list(keys.values()))

    def whole() -> Iterator[TapeItem]:
        yield opening
        yield from tape

    return whole(), opening.at, listings, [opening.packet]


def _kind(symbol: str) -> str:
    return "FUT" if symbol.endswith("FUT") else symbol[-2:]


def _strike(symbol: str) -> int:
    digits = "".join(letter for letter in symbol if letter.isdigit())
    return int(digits) * 100 if digits else 0
