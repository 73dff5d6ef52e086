"""Who pressed: aggressor volume under three rules, and order-flow imbalance at the best quotes; O(1) per packet.

The feed names no aggressor, and one packet stands for many trades: every figure here is an inference. The rules
differ in the quote they hold a price against, so their spread is shown with the default's value.
"""

from fractions import Fraction
from typing import Final

from engine.auction.flow.absorption import Absorber
from engine.auction.values.levels import Absorption, DeltaReading
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.update import Level

DEFAULT_RULE: Final = "LR-prev"
RULES: Final = (DEFAULT_RULE, "same", "tick")
"""The quote of the packet before, that of the same packet, and the tick rule."""
BAR: Final = 5 * MINUTE
ABSORPTIONS_SHOWN: Final = 20

FootprintBar = dict[int, list[int]]
"""Bought and sold volume of one bar at each tick."""


class OrderFlow:
    """Aggressor volume of one session. Rules: quote of the packet before, of the same packet, and the tick rule."""

    __slots__ = (
        "_absorbers",
        "_absorptions",
        "_ask",
        "_ask_size",
        "_bid",
        "_bid_size",
        "_direction",
        "_height",
        "_price",
        "_row",
        "_slot",
        "_watched_row",
        "agreed",
        "bars",
        "imbalance",
        "inside",
        "late_trades",
        "previous_quote",
        "same_quote",
        "threshold",
        "tick_rule",
        "total",
    )

    def __init__(self) -> None:
        self._bid = self._bid_size = self._ask = self._ask_size = 0
        self._price: Paise = 0
        self._direction = 0
        self._height = 0
        self._row: Paise = 0
        self._slot = 0
        self._absorbers = Absorber(1), Absorber(-1)
        self._watched_row: int | None = None
        self._absorptions: list[Absorption] = []
        self.previous_quote = 0
        """Net volume by the quote before the trade, its midpoint by the tick rule (source: Lee and Ready 1991)."""
        self.same_quote = 0
        self.tick_rule = 0
        self.total = 0
        self.inside = 0
        """Volume strictly inside the spread of the packet before."""
        self.agreed = 0
        """Volume on whose side all three rules agree."""
        self.imbalance = 0
        """Sum of order-flow imbalance (source: Cont, Kukanov and Stoikov 2014, first level), units."""
        self.bars: dict[int, FootprintBar] = {}
        """Footprint of each 5-minute slot (trade time // 5 minutes) by the default rule."""
        self.late_trades = 0
        """Trades that reached a slot before the newest: its bar had been taken for ended."""
        self.threshold = 0
        """Volume in one row that absorption needs, units; 0 while the row is not frozen."""

    def begin(self, price: Paise) -> None:
        """Set the price that the first trade is compared with."""
        self._price = price

    def follow(self, height: int, row: Paise) -> None:
        """Set the row in which absorption is looked for, in ticks and in paise."""
        self._height = height
        self._row = row

    def take(
        self,
        bids: tuple[Level, ...],
        asks: tuple[Level, ...],
        increment: int = 0,
        price: Paise = 0,
        tick: int = 0,
        time: Instant = 0,
    ) -> None:
        """Take one packet of the session: its book and, where it traded, volume, price, tick and trade time."""
        bid, bid_size = bids[0] if bids else (0, 0)
        ask, ask_size = asks[0] if asks else (0, 0)
        if increment:
            self._trade(bid, ask, ask_size, bid_size, increment, price, tick, time)
        old_bid, old_ask = self._bid, self._ask
        if bid and ask and old_bid and old_ask:
            change = 0
            if bid >= old_bid:
                change += bid_size
            if bid <= old_bid:
                change -= self._bid_size
            if ask <= old_ask:
                change -= ask_size
            if ask >= old_ask:
                change += self._ask_size
            self.imbalance += change
        self._bid, self._bid_size, self._ask, self._ask_size = bid, bid_size, ask, ask_size

    @property
    def reading(self) -> DeltaReading | None:
        """The session's delta with its band; None before the first trade."""
        if not self.total:
            return None
        rules = (self.previous_quote, self.same_quote, self.tick_rule)
        return DeltaReading(
            rule=DEFAULT_RULE,
            value=self.previous_quote,
            low=min(rules),
            high=max(rules),
            inside_share=round(self.inside / self.total, 4),
            imbalance=self.imbalance,
            rules=tuple(zip(RULES, rules, strict=True)),
            agreed_share=round(self.agreed / self.total, 4),
        )

    @property
    def absorptions(self) -> tuple[Absorption, ...]:
        """The newest absorptions, the newest last."""
        return tuple(self._absorptions)

    @property
    def nearest_absorption(self) -> Absorption | None:
        """The stand that came nearest to an absorption without being one; None where none was held."""
        found = [(one.sign, near) for one in self._absorbers if (near := one.nearest) is not None]
        if not found:
            return None
        sign, near = max(found, key=lambda pair: Fraction(pair[1].volume, pair[1].needed))
        return Absorption(near.time, near.row * self._row, name_side(sign), near.volume, near.needed)

    def _trade(
        self,
        bid: Paise,
        ask: Paise,
        ask_size: int,
        bid_size: int,
        increment: int,
        price: Paise,
        tick: int,
        time: Instant,
    ) -> None:
        before = self._price
        direction = self._direction
        if price != before:
            direction = self._direction = 1 if price > before else -1
            self._price = price
        old_bid, old_ask = self._bid, self._ask
        side = direction
        if old_bid and old_ask:
            side = _side(price, old_bid + old_ask, direction)
            if old_bid < price < old_ask:
                self.inside += increment
        same = _side(price, bid + ask, direction) if bid and ask else direction
        self.total += increment
        self.previous_quote += side * increment
        self.same_quote += same * increment
        self.tick_rule += direction * increment
        if side == same == direction:
            self.agreed += increment
        if side:
            slot = time // BAR
            if slot > self._slot:
                self._slot = slot
            elif slot < self._slot:
                self.late_trades += 1
            bar = self.bars.get(slot)
            if bar is None:
                bar = self.bars[slot] = {}
            cell = bar.get(tick)
            if cell is None:
                cell = bar[tick] = [0, 0]
            cell[side < 0] += increment
        if self.threshold:
            refilled = (
                (old_ask and 0 < ask <= old_ask and (ask < old_ask or ask_size >= self._ask_size))
                if side > 0
                else (old_bid and bid >= old_bid and (bid > old_bid or bid_size >= self._bid_size))
            )
            self._watch(
                tick // self._height, time, (side, same, direction), increment, refilled=bool(refilled)
            )

    def _watch(
        self, row: int, time: Instant, sides: tuple[int, int, int], increment: int, *, refilled: bool
    ) -> None:
        """Show a trade to the absorbers; one that does not press learns nothing from a trade in the same row."""
        moved = row != self._watched_row
        self._watched_row = row
        for absorber in self._absorbers:
            if moved or absorber.sign in sides:
                volume = absorber.take(row, time, sides, increment, self.threshold, refilled=refilled)
                if volume:
                    self._report(absorber, row, time, volume)

    def _report(self, absorber: Absorber, row: int, time: Instant, volume: int) -> None:
        self._absorptions.append(Absorption(time, row * self._row, name_side(absorber.sign), volume))
        del self._absorptions[:-ABSORPTIONS_SHOWN]


def name_side(sign: int) -> str:
    """Return the side that presses: BUY for +1, SELL for -1."""
    return "BUY" if sign > 0 else "SELL"


def _side(price: Paise, double_middle: Paise, otherwise: int) -> int:
    double = 2 * price
    if double > double_middle:
        return 1
    return -1 if double < double_middle else otherwise
