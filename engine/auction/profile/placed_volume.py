"""The session's placed volume: each packet's step, once, at its price, in every account that is kept of it."""

from engine.auction.profile.placement import Placement
from engine.auction.profile.placements import Placements
from engine.auction.profile.volume_profile import VolumeProfile
from engine.auction.profile.vwap import Vwap
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate


class VolumeRecord:
    """Profile, placement classes, alternative placements and VWAP of one instrument, fed together."""

    __slots__ = (
        "estimated",
        "event_price",
        "event_tick",
        "event_time",
        "off_grid",
        "placement",
        "placements",
        "profile",
        "tick",
        "trades",
        "vwap",
    )

    def __init__(self, tick: Paise) -> None:
        self.tick = tick
        self.profile = VolumeProfile()
        self.estimated = VolumeProfile()
        """The part of the profile that a seed spread over the ranges of its minutes: nobody saw it at its price."""
        self.placement = Placement()
        self.placements = Placements()
        self.vwap = Vwap()
        self.trades = 0
        self.off_grid = 0
        """Last prices that were no multiple of the tick."""
        self.event_price: Paise = 0
        self.event_tick = 0
        self.event_time: Instant = 0
        """Price, tick and time of the newest event; time 0 before there is anything to compare with."""

    def seed(self, seed: InstrumentSeed, minutes: tuple[Bar, ...]) -> None:
        """Take the past from a seed; its rows are as sure as a trade of their own unless they are estimated."""
        for price, volume in sorted(seed.volume_rows.items()):
            if seed.estimated:
                self.estimated.add(price // self.tick, volume)
            self.profile.add(price // self.tick, volume)
        for bar in minutes:
            self.placement.add_sure(bar.start, bar.volume)
        self.vwap.seed(seed, minutes)

    def follow(self, height: int) -> None:
        """Keep rows of this many ticks from now on."""
        self.profile.follow(height)
        self.estimated.follow(height)
        self.placements.follow(height)
        self.placement.follow(height, height * self.tick)

    def remember(self, price: Paise, time: Instant) -> None:
        """Set what the next event is compared with."""
        self.event_price, self.event_tick, self.event_time = price, price // self.tick, time

    def place(self, update: MarketUpdate, increment: int, row: Paise, *, late: bool) -> int:
        """Place a packet's volume at its price and return its tick; ``row`` as known now, 0 when unknown."""
        time, price = update.trade_time, update.last
        tick, remainder = divmod(price, self.tick)
        if remainder:
            self.off_grid += 1
        self.profile.add(tick, increment)
        quantity = update.last_quantity
        if tick != self.event_tick and increment > quantity:
            self.placements.add(tick, self.event_tick, increment - quantity)
        self.vwap.add(price, increment)
        self.trades += 1
        exact = increment == quantity
        move = abs(price - self.event_price)
        self.placement.add(increment, move, self.event_time, time, exact=exact, tick=tick)
        if not late and (exact or move <= row):
            self.placement.add_sure(time - time % MINUTE, increment)
        self.event_price, self.event_tick = price, tick
        if time > self.event_time:
            self.event_time = time
        return tick
