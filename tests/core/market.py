"""The market of a hostile world: three instruments that trade when told, halted or locked at a limit when told."""

from abc import abstractmethod
from datetime import date, time

import config
from engine.core import Halted
from engine.market.clock import MILLISECOND, MINUTE, Instant, instant_at, trading_date
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.seed import InstrumentSeed
from engine.market.session import trading_day
from engine.market.side import Side
from engine.market.update import Bar, MarketUpdate
from tests.core.timeline import Timeline

DAY = date(2025, 12, 15)
EXPIRY = date(2026, 12, 29)
STOCK = "NSE_EQ|TEST"
OTHER = "NSE_EQ|OTHER"
OPTION = "NSE_FO|OPT"
START = instant_at(DAY, time(11, 0))
TICK = 5

INSTRUMENTS = {
    STOCK: Instrument(STOCK, "TEST", InstrumentClass.AUCTION_STOCK, TICK, 1, 100_000, Provenance.SIMULATED),
    OTHER: Instrument(OTHER, "OTHER", InstrumentClass.STOCK, TICK, 1, 100_000, Provenance.SIMULATED),
    OPTION: Instrument(
        OPTION, "OPT", InstrumentClass.OPTION, TICK, 65, 1_755, Provenance.SIMULATED, "NIFTY", EXPIRY
    ),
}
PRICES = {STOCK: 1_000_00, OTHER: 500_00, OPTION: 300_00}


class Market(Timeline):
    """Prices, books and volumes, and the updates that tell core of them."""

    def __init__(self, settings: config.Settings, start: Instant) -> None:
        super().__init__(start)
        self.settings = settings
        self.day = trading_day(trading_date(start), settings.session)
        self.prices = dict(PRICES)
        self.volume = dict.fromkeys(INSTRUMENTS, 1_000_000)
        self.halted = False
        self.locked: dict[str, Side] = {}
        """Instruments at a price limit: nobody stands on the other side of this one."""

    @abstractmethod
    def traded(self, key: str) -> None:
        """Let the broker's resting orders meet an instrument's new book."""

    def _seed(self) -> None:
        """Tell core of the morning, and let each instrument trade three times."""
        for key, instrument in INSTRUMENTS.items():
            price = self.prices[key]
            opening = self.day.open(instrument.kind)
            minutes = []
            start = opening
            while start + MINUTE <= self.now:
                wave = (start // MINUTE % 3 - 1) * price // 2_000 // TICK * TICK
                low, high = price + wave - price // 1_000, price + wave + price // 1_000
                low, high = low // TICK * TICK, high // TICK * TICK
                minutes.append(Bar(start, price + wave, high, low, price + wave, 1_000))
                start += MINUTE
            low, high = min(bar.low for bar in minutes), max(bar.high for bar in minutes)
            volume = 1_000 * len(minutes)
            self.volume[key] = volume
            day = Bar(opening, price, high, low, price, volume)
            seed = InstrumentSeed(
                key,
                self.now,
                "GENERATED",
                {price: volume},
                tuple(minutes),
                day,
                volume,
                price * volume,
                price,
            )
            self.tell(seed)
        for _ in range(3):
            for key in INSTRUMENTS:
                self.trade(key)
            self.run(200 * MILLISECOND)

    def trade(self, key: str = STOCK, price: int | None = None, *, depth: int = 100_000) -> None:
        """Let the market trade once: core sees it, then the broker's resting orders. In a halt nothing trades."""
        if self.halted:
            return
        if price is not None:
            self.prices[key] = price // TICK * TICK
        last = self.prices[key]
        self.volume[key] += 10
        bids = tuple((last - TICK * (level + 1), depth) for level in range(3))
        asks = tuple((last + TICK * (level + 1), depth) for level in range(3))
        side = self.locked.get(key)
        if side is not None:
            bids, asks = (bids, ()) if side is Side.BUY else ((), asks)
        self.traded(key)
        update = MarketUpdate(
            key,
            self.now,
            self.now - 200 * MILLISECOND,
            last,
            10,
            self.volume[key],
            PRICES.get(key, last),
            bids,
            asks,
        )
        self.tell(update)

    def bid(self, key: str) -> int:
        """Return the best bid, paise."""
        return self.prices[key] - TICK

    def ask(self, key: str) -> int:
        """Return the best ask, paise."""
        return self.prices[key] + TICK

    def halt(self, *, announced: bool = True) -> None:
        """Let the exchange stop trading, with or without the feed saying so."""
        self.halted = True
        if announced:
            self.tell(Halted("the exchange has stopped trading"))

    def reopen(self) -> None:
        """Let trading go on: whoever waits meets the book that stood."""
        if self.halted:
            self.halted = False
            self.tell(Halted(""))
            for key in INSTRUMENTS:
                self.trade(key)

    def lock(self, key: str, side: Side) -> None:
        """Hold an instrument at its limit: up with buyers only, down with sellers only."""
        self.locked[key] = side
        self.trade(key)

    def unlock(self, key: str) -> None:
        """Let both sides stand again."""
        if self.locked.pop(key, None) is not None:
            self.trade(key)
