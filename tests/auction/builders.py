"""Small markets for the tests of the auction: one day, one instrument, packets by hand or by hypothesis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from hypothesis import strategies as st

from config import Settings
from engine.auction.state.auctions import Auctions
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import trading_day
from engine.market.update import Bar, Level, MarketUpdate

DAY = date(2025, 12, 15)
OPEN = instant_at(DAY, time(9, 15))
CLOSE = instant_at(DAY, time(15, 30))
KEY = "NSE_EQ|TEST"
TICK = 10
STOCK = Instrument(KEY, "TEST", InstrumentClass.STOCK, TICK, 1, 100_000, Provenance.MASTER)


def at(clock: str) -> Instant:
    """Return the instant of an Indian clock time, HH:MM or HH:MM:SS, on the test day."""
    return instant_at(DAY, time.fromisoformat(clock))


def make_market(*instruments: Instrument, settings: Settings | None = None) -> Auctions:
    settings = settings or Settings()
    chosen = instruments or (STOCK,)
    return Auctions(
        {instrument.key: instrument for instrument in chosen}, trading_day(DAY, settings.session), settings
    )


def make_update(
    trade_time: Instant,
    last: int,
    volume: int,
    *,
    instrument: str = KEY,
    arrival: Instant | None = None,
    last_quantity: int = 1,
    average_price: int | None = None,
    day: Bar | None = None,
    minute: Bar | None = None,
    bids: tuple[Level, ...] = (),
    asks: tuple[Level, ...] = (),
    previous_close: int = 10_000,
    auction: bool = False,
    snapshot: bool = False,
) -> MarketUpdate:
    return MarketUpdate(
        instrument=instrument,
        arrival=trade_time + SECOND // 2 if arrival is None else arrival,
        trade_time=trade_time,
        last=last,
        last_quantity=last_quantity,
        volume=volume,
        previous_close=previous_close,
        bids=bids,
        asks=asks,
        average_price=average_price,
        day=day,
        minute=minute,
        auction=auction,
        snapshot=snapshot,
    )


def bar(start: Instant, low: int, high: int, close: int | None = None, volume: int = 10) -> Bar:
    return Bar(
        start=start, open=low, high=high, low=low, close=high if close is None else close, volume=volume
    )


@dataclass(frozen=True, slots=True)
class Trade:
    """One true trade of a synthetic tape; the feed will conflate several into one packet."""

    time: Instant
    price: int
    quantity: int


def conflate(tape: Sequence[Trade], cuts: Sequence[int], start: int = 0) -> list[MarketUpdate]:
    """Return the packets a conflating feed would send: one after each index in ``cuts`` from ``start`` on.

    Each carries last trade, day volume, day VWAP, day bar and the last completed minute, as the broker's do.
    """
    packets: list[MarketUpdate] = []
    sent = sorted({cut for cut in cuts if start <= cut < len(tape)} | {start, len(tape) - 1})
    for cut in sent:
        past = tape[: cut + 1]
        newest = past[-1]
        volume = sum(trade.quantity for trade in past)
        prices = [trade.price for trade in past]
        packets.append(
            make_update(
                newest.time,
                newest.price,
                volume,
                last_quantity=newest.quantity,
                average_price=round(sum(trade.price * trade.quantity for trade in past) / volume),
                day=Bar(OPEN, prices[0], max(prices), min(prices), newest.price, volume),
                minute=_last_minute(past, newest.time),
                bids=((newest.price - TICK, 5),),
                asks=((newest.price + TICK, 5),),
            )
        )
    return packets


def _last_minute(past: Sequence[Trade], now: Instant) -> Bar | None:
    minutes = [trade.time // MINUTE for trade in past if trade.time // MINUTE < now // MINUTE]
    if not minutes:
        return None
    newest = max(minutes)
    inside = [trade for trade in past if trade.time // MINUTE == newest]
    prices = [trade.price for trade in inside]
    return Bar(
        start=newest * MINUTE,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[-1],
        volume=sum(trade.quantity for trade in inside),
    )


@st.composite
def tapes(draw: st.DrawFn, min_size: int = 2, max_size: int = 60) -> list[Trade]:
    """Draw a session's trades: rising times over the day, prices on the grid, whole quantities."""
    size = draw(st.integers(min_size, max_size))
    seconds = sorted(draw(st.lists(st.integers(0, 375 * 60 - 1), min_size=size, max_size=size)))
    ticks = draw(st.lists(st.integers(950, 1_050), min_size=size, max_size=size))
    quantities = draw(st.lists(st.integers(1, 500), min_size=size, max_size=size))
    return [
        Trade(OPEN + second * SECOND, tick * TICK, quantity)
        for second, tick, quantity in zip(seconds, ticks, quantities, strict=True)
    ]


@st.composite
def feeds(draw: st.DrawFn, max_size: int = 60) -> list[MarketUpdate]:
    """Draw the packets of a conflated session, perhaps with a late start."""
    tape = draw(tapes(max_size=max_size))
    cuts = draw(st.lists(st.integers(0, len(tape) - 1), max_size=len(tape)))
    return conflate(tape, cuts, draw(st.integers(0, len(tape) - 1)))


@st.composite
def damaged_feeds(draw: st.DrawFn) -> tuple[list[MarketUpdate], list[MarketUpdate]]:
    """Draw a clean feed and the same with repeats and older packets mixed in."""
    clean = draw(feeds(max_size=40))
    damaged: list[MarketUpdate] = []
    for index, packet in enumerate(clean):
        damaged.append(packet)
        for _ in range(draw(st.integers(0, 2))):
            older = draw(st.integers(0, index))
            if older == index or clean[older].volume < packet.volume:
                damaged.append(clean[older])
    return clean, damaged


def climb(market: Auctions, start: int, price: int, volume: int, steps: int = 6) -> int:
    """Let buyers lift the offer step by step, one row of one tick each; return the day's volume after it."""
    for step in range(steps):
        last, volume = price + step * TICK, volume + 100
        bids, asks = ((last - TICK, 5),), ((last, 5),)
        market.apply(make_update(start + 2 * step * SECOND, last - TICK, volume - 100, bids=bids, asks=asks))
        market.apply(make_update(start + (2 * step + 1) * SECOND, last, volume, bids=bids, asks=asks))
    return volume
