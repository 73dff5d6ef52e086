"""The day that a fake broker plays: recorded sessions or the simulator's, and who is listed on it."""

import math
import time as wall_time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, islice, pairwise
from pathlib import Path

import msgspec

import config
from engine.feeds.recordings.json_file import Unreadable, packets
from engine.feeds.wire.packet import ArrivalClock, RecordedPacket, TradableFeed
from engine.market.clock import MILLISECOND, SECOND, Instant, trading_date
from tests.fake_upstox.expiries import monthly_expiries
from tests.fake_upstox.listing import CASH_FREEZE, Listing, expiry_text
from tests.fake_upstox.listings import BANKNIFTY, listings_of, tick_of
from tests.fake_upstox.settings import FakeSettings
from tests.fake_upstox.tape import (
    TapeItem,
    copies_of,
    multiplied,
    recorded_tape,
    recorder_lag,
    shifted,
    simulated_tape,
)

BEFORE_FIRST: Instant = SECOND // 2
"""The clock starts this much ahead of the first packet."""
_HEAD = 200
_OPTION_TICK = 5
_FREEZE_LOTS = 20


@dataclass
class MarketDay:
    """What is played and what is known before it begins."""

    tape: Iterator[TapeItem]
    first: Instant
    """When the first packet is sent."""
    listings: dict[str, Listing]
    moving: list[str]
    known: list[RecordedPacket]
    """First packets, where they can be looked up: an instrument's state in a snapshot before it moved."""

    @property
    def day(self) -> date:
        """Return the trading date."""
        return trading_date(self.first)

    def multiply(self, wanted: int) -> None:
        """Let further stocks move as the tape's do, at their prices: as an option does, one would leave its band."""
        spare = [row.key for row in self.listings.values() if row.kind == "EQ" and row.auction]
        stocks = [key for key in self.moving if self.listings[key].kind == "EQ"] or self.moving
        copies = dict.fromkeys(self.moving, ()) | copies_of(
            stocks, wanted - len(self.moving) + len(stocks), spare
        )
        for source, keys in copies.items():
            like = self.listings[source]
            for key in keys:
                self.listings[key] = replace(self.listings[key], base=like.base, tick=like.tick)
        self.known += [
            msgspec.structs.replace(packet, instrumentKey=key)
            for packet in self.known
            for key in copies[packet.instrumentKey]
        ]
        self.tape = multiplied(self.tape, copies)


def open_market_day(settings: FakeSettings) -> MarketDay:
    """Open the recordings, or the simulator where there are none; raise ValueError for an empty recording."""
    opened = _recorded(settings) if settings.recordings else _simulated(settings)
    if settings.instruments is not None:
        opened.multiply(settings.instruments)
    return opened


def _recorded(settings: FakeSettings) -> MarketDay:
    heads = [packet for path in settings.recordings for packet in _head(path)]
    arrivals = ArrivalClock()
    lag = recorder_lag(heads)
    first = min(arrivals.read(packet.insertion_time) for packet in heads) + lag
    shift = _shift(settings, first)
    day = trading_date(first + shift)
    listings = listings_of(day)
    by_key: dict[str, list[RecordedPacket]] = {}
    for packet in heads:
        by_key.setdefault(packet.instrumentKey, []).append(packet)
    for key, packets_of_key in by_key.items():
        if key not in listings:
            listings[key] = _recorded_listing(key, packets_of_key, day)
    known = [shifted(found[0], shift // MILLISECOND) for found in by_key.values()]
    tape = recorded_tape(settings.recordings, lag, shift)
    return MarketDay(tape, first + shift, listings, list(by_key), known)


def _shift(settings: FakeSettings, first: Instant) -> Instant:
    if settings.wall:
        return round(wall_time.time() * SECOND) + BEFORE_FIRST - first
    if settings.day is None:
        return 0
    return (settings.day - trading_date(first)) // timedelta(microseconds=1)


def _head(path: Path) -> list[RecordedPacket]:
    """Return a recording's first packets: enough to know who is in it and when it begins."""
    head = [packet for packet in islice(packets(path), _HEAD) if not isinstance(packet, Unreadable)]
    if not head:
        raise ValueError(f"expected packets in {path}, got none")
    return head


def _recorded_listing(key: str, found: Sequence[RecordedPacket], day: date) -> Listing:
    """Return a listing for a recorded instrument that the made-up master lacks, as its packets suggest."""
    segment, _, token = key.partition("|")
    feeds = [packet.fullFeed.marketFF for packet in found if packet.fullFeed is not None]
    market = [feed for feed in feeds if feed is not None]
    base = next((round(feed.ltpc.cp * 100) for feed in market if feed.ltpc.cp), 100_000)
    name = f"RECORDED {token}"
    if segment == "NSE_INDEX":
        return Listing(key, token.upper(), token, "INDEX", base=base)
    if segment != "NSE_FO":
        return Listing(
            key, name, name, "EQ", base, tick=tick_of(base), isin=token, freeze=CASH_FREEZE, auction=True
        )
    lot = _lot_of(market)
    expiry = next(one for one in monthly_expiries(day, 2) if (one - day).days > 1)
    kind = "CE" if any(packet.has_greeks for packet in found) else "FUT"
    strike = 5_900_000 if kind == "CE" else 0
    text = f"BANKNIFTY {strike // 100} CE {expiry_text(expiry)} {token}" if strike else f"{name} FUT"
    return Listing(
        key,
        text,
        "BANKNIFTY",
        kind,
        base,
        tick=_OPTION_TICK,
        lot=lot,
        freeze=lot * _FREEZE_LOTS,
        expiry=expiry,
        strike=strike,
        underlying=BANKNIFTY,
        underlying_symbol="BANKNIFTY",
        underlying_kind="INDEX",
    )


def _lot_of(feeds: Sequence[TradableFeed]) -> int:
    steps = [later.vtt - earlier.vtt for earlier, later in pairwise(feeds) if later.vtt > earlier.vtt]
    return math.gcd(*steps) or 1


def _simulated(settings: FakeSettings) -> MarketDay:
    from engine.feeds.simulator import DEFAULT_DAY, open_simulator

    day = settings.day or DEFAULT_DAY
    count = min(max(settings.instruments or 10, 6), 10)
    feed = open_simulator(
        config.SimulatorSettings(seed=settings.seed, instruments=count),
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
    return MarketDay(chain([opening], tape), opening.at, listings, list(keys.values()), [opening.packet])


def _kind(symbol: str) -> str:
    return "FUT" if symbol.endswith("FUT") else symbol[-2:]


def _strike(symbol: str) -> int:
    digits = "".join(letter for letter in symbol if letter.isdigit())
    return int(digits) * 100 if digits else 0
