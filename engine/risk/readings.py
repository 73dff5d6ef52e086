"""What successive books say of one side, and when a limit may believe it: one odd book moves nothing.

A reading is a book that changed in price or size, or an unchanged one in a packet of later trade time or volume. A
byte-for-byte repeat, another instrument's packet and a fill are none.
"""

from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side

AGREEING: Final = 3
"""Successive readings that must agree before anything that cannot be taken back goes by them."""

STANDS_AFTER: Final = 3 * SECOND
"""A single book is believed when it has stood for so long while its segment ticked."""

NEAR_TICKS: Final = 5
NEAR_PERCENT: Final = 1
"""A price is at the circuit when it is within the larger of the two."""

_SMALL_PREMIUM: Final = 50_00
_SMALL_RANGE: Final = 20_00
_RANGE_PERCENT: Final = 40


class Readings(msgspec.Struct, frozen=True):
    """The exit side of one held instrument since it is held, newest reading last; prices in paise."""

    touches: tuple[Paise, ...] = ()
    """The exit side's best price in the last readings that had one, at most three."""
    seen_at: Instant | None = None
    """Arrival of the newest book that had an exit side."""
    since: Instant | None = None
    """Arrival of the first of the equal books that stand now."""
    empty: bool = False
    """Whether the newest book has nobody on the exit side."""
    empty_since: Instant | None = None
    empty_at: Instant | None = None
    """Arrivals of the first and of the newest book without one."""

    @property
    def stays_empty(self) -> bool:
        """Whether books of the instrument itself, 3 s apart, had nobody on the exit side, and none between had."""
        if not self.empty or self.empty_since is None or self.empty_at is None:
            return False
        return self.empty_at - self.empty_since >= STANDS_AFTER

    def read(self, touch: Paise | None, arrival: Instant, *, changed: bool) -> "Readings":
        """Return the readings with one more; ``changed`` says that the book is not the one before."""
        if touch is None:
            since = self.empty_since if self.empty else arrival
            return msgspec.structs.replace(self, empty=True, empty_since=since, empty_at=arrival)
        stands = self.since is not None and not changed and not self.empty
        return Readings(
            touches=(*self.touches, touch)[-AGREEING:],
            seen_at=arrival,
            since=self.since if stands else arrival,
        )

    def believed(self, side: Side, *, stood: bool) -> Paise | None:
        """Return the price a limit goes by: the least adverse of three, or the newest once it has ``stood``.

        None while too few were read: then nothing of it may trip a limit.
        """
        if stood and self.touches and not self.empty:
            return self.touches[-1]
        if len(self.touches) < AGREEING:
            return None
        return max(self.touches, key=lambda price: price * side.sign)

    def middle(self) -> Paise | None:
        """Return the middle one of the last three, which one odd book in neither direction moves; None while fewer."""
        return sorted(self.touches)[1] if len(self.touches) == AGREEING else None

    def settled(self, side: Side) -> Paise | None:
        """Return the least favourable of the last three, which a trail goes by; None while there are fewer."""
        if len(self.touches) < AGREEING:
            return None
        return min(self.touches, key=lambda price: price * side.sign)


def at_circuit(side: Side, prices: tuple[Paise | None, ...], band: PriceBand, tick: Paise) -> bool:
    """Say whether one of some prices is at the circuit beyond which a position of ``side`` cannot be closed."""
    circuit = band.lower if side is Side.BUY else band.upper
    near = max(NEAR_TICKS * tick, circuit * NEAR_PERCENT // 100)
    return any(price is not None and (price - circuit) * side.sign <= near for price in prices)


def locked_price(instrument: Instrument, side: Side, last: Paise, band: PriceBand) -> Paise:
    """Return what a position is marked at that nobody can close now, paise.

    The worse of the last price and the circuit. An option has no circuit to fall to: its last price less the range
    within which the exchange takes limit orders (NSE, October 2022: 20 rupees up to a premium of 50, else 40 %).
    """
    circuit = band.lower if side is Side.BUY else band.upper
    if not instrument.is_option:
        return min(last, circuit, key=lambda price: price * side.sign)
    reach = _SMALL_RANGE if last <= _SMALL_PREMIUM else last * _RANGE_PERCENT // 100
    return max(last - side.sign * reach, instrument.tick)
