"""Who trades in the simulated market: invented names with the ticks, lots and habits of real ones.

Ticks follow the exchange's table by price, lots and freeze quantities those of a Nifty contract of 2026 (source:
NSE circulars on tick size of April 2025 and on lot size of October 2025).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise

INDEX_NAME: Final = "SIMDEX"
_TUESDAY: Final = 1
_SLOWER: Final = 5
"""How much more rarely a companion of a written day is heard of: it leaves the processor to the lead."""


@dataclass(frozen=True, slots=True)
class Member:
    """One instrument and how it behaves. Prices in paise, ``average_range`` in ticks."""

    instrument: Instrument
    previous_close: Paise
    average_range: int
    updates_per_minute: int
    trades_per_minute: int
    typical_quantity: int
    """Median trade in units, a multiple of the lot."""
    typical_depth: int
    """Typical quantity of one book level in units, a multiple of the lot."""
    spreads: tuple[int, ...]
    """Spreads in ticks, drawn evenly."""
    lag_ms: int
    """From a trade to the update that shows it."""
    response: int = 1_000
    """Move per move of the index in thousandths; the sign of an option's delta."""
    open_interest: int | None = None
    gap: int = 0
    """Opening gap in ticks."""

    @property
    def family(self) -> str:
        """The name whose chance it follows: an index and what hangs on it share one."""
        return self.instrument.underlying or self.instrument.key

    @property
    def opening(self) -> int:
        """The tick that the day opens at."""
        return self.previous_close // self.instrument.tick + self.gap


def _stock(symbol: str, kind: InstrumentClass, tick: Paise, freeze_quantity: int = 100_000) -> Instrument:
    return Instrument(f"SIM_EQ|{symbol}", symbol, kind, tick, 1, freeze_quantity, Provenance.SIMULATED)


def _derivative(name: str, kind: InstrumentClass, tick: Paise) -> Instrument:
    symbol = f"{INDEX_NAME} {name}"
    return Instrument(
        f"SIM_FO|{symbol}", symbol, kind, tick, 65, 1_800, Provenance.SIMULATED, underlying=INDEX_NAME
    )


_AUCTION: Final = InstrumentClass.AUCTION_STOCK
_STOCK: Final = InstrumentClass.STOCK

_MEMBERS: Final = (
    Member(
        instrument=_stock("AROVEN", _AUCTION, 10),
        previous_close=483_840,
        average_range=1_260,
        updates_per_minute=75,
        trades_per_minute=78,
        typical_quantity=5,
        typical_depth=420,
        spreads=(1, 1, 2, 2, 2, 3, 3, 4),
        lag_ms=140,
    ),
    Member(
        instrument=_stock("KAVERIX", _AUCTION, 10),
        previous_close=428_850,
        average_range=1_120,
        updates_per_minute=63,
        trades_per_minute=60,
        typical_quantity=5,
        typical_depth=420,
        spreads=(1, 1, 2, 2, 2, 2, 3, 3),
        lag_ms=180,
    ),
    Member(
        instrument=_stock("MERUDYN", _AUCTION, 10),
        previous_close=492_630,
        average_range=1_280,
        updates_per_minute=60,
        trades_per_minute=52,
        typical_quantity=5,
        typical_depth=400,
        spreads=(2, 2, 3, 3, 3, 4, 5, 6),
        lag_ms=160,
    ),
    Member(
        instrument=_derivative("24800 CE", InstrumentClass.OPTION, 5),
        previous_close=47_820,
        average_range=2_950,
        updates_per_minute=78,
        trades_per_minute=76,
        typical_quantity=130,
        typical_depth=2_600,
        spreads=(10, 10, 10, 10, 11, 11, 12, 14),
        lag_ms=120,
        open_interest=4_212_650,
    ),
    Member(
        instrument=_stock("VAYUNEX", _AUCTION, 1),
        previous_close=24_440,
        average_range=640,
        updates_per_minute=57,
        trades_per_minute=50,
        typical_quantity=90,
        typical_depth=7_000,
        spreads=(1, 1, 1, 2, 2, 2, 2, 2),
        lag_ms=200,
    ),
    Member(
        instrument=_stock("SURYOTI", _AUCTION, 10),
        previous_close=471_030,
        average_range=1_230,
        updates_per_minute=57,
        trades_per_minute=44,
        typical_quantity=6,
        typical_depth=360,
        spreads=(1, 2, 2, 2, 3, 3, 3, 4),
        lag_ms=190,
    ),
    Member(
        instrument=_derivative("FUT", InstrumentClass.INDEX_FUTURE, 10),
        previous_close=2_484_200,
        average_range=2_950,
        updates_per_minute=78,
        trades_per_minute=80,
        typical_quantity=65,
        typical_depth=975,
        spreads=(8, 9, 10, 11, 12, 13, 15, 18),
        lag_ms=120,
        open_interest=14_812_200,
    ),
    Member(
        instrument=_stock("TARANGO", _STOCK, 10),
        previous_close=461_070,
        average_range=1_200,
        updates_per_minute=57,
        trades_per_minute=40,
        typical_quantity=5,
        typical_depth=400,
        spreads=(1, 2, 2, 2, 3, 3, 3, 4),
        lag_ms=210,
    ),
    Member(
        instrument=_derivative("24700 PE", InstrumentClass.OPTION, 5),
        previous_close=45_260,
        average_range=2_950,
        updates_per_minute=74,
        trades_per_minute=68,
        typical_quantity=130,
        typical_depth=2_600,
        spreads=(10, 10, 10, 10, 11, 11, 12, 14),
        lag_ms=120,
        response=-1_000,
        open_interest=3_604_900,
    ),
    Member(
        instrument=_stock("NILGIRO", _STOCK, 10),
        previous_close=396_240,
        average_range=1_040,
        updates_per_minute=55,
        trades_per_minute=36,
        typical_quantity=5,
        typical_depth=500,
        spreads=(1, 1, 2, 2, 2, 2, 3, 3),
        lag_ms=220,
    ),
)

_WRITTEN_LEAD: Final = Member(
    instrument=_stock("AROVEN", _AUCTION, 10),
    previous_close=101_150,
    average_range=380,
    updates_per_minute=75,
    trades_per_minute=78,
    typical_quantity=24,
    typical_depth=420,
    spreads=(1, 1, 2, 2, 2, 2, 3, 3),
    lag_ms=140,
)
"""Who leads a written day: its levels are written for these rows and this spread."""


def cast(count: int, day: date) -> tuple[Member, ...]:
    """Return the first ``count`` members, derivatives with an expiry after the day."""
    return tuple(_listed(member, day) for member in _MEMBERS[:count])


def scripted_cast(count: int, day: date, yesterday_close: int) -> tuple[Member, ...]:
    """Return the cast of a written day: the first member leads, the others trade rarely.

    ``yesterday_close`` is the lead's previous close around its opening price, thousandths of its average range.
    """
    lead, (_, *companions) = _WRITTEN_LEAD, cast(count, day)
    gap = -yesterday_close * lead.average_range // 1_000
    return (replace(lead, gap=gap), *(_slowed(companion) for companion in companions))


def _slowed(member: Member) -> Member:
    return replace(
        member,
        updates_per_minute=member.updates_per_minute // _SLOWER,
        trades_per_minute=member.trades_per_minute // 3,
        typical_quantity=member.typical_quantity * 3 // member.instrument.lot * member.instrument.lot,
    )


def _listed(member: Member, day: date) -> Member:
    kind = member.instrument.kind
    if kind is InstrumentClass.OPTION:
        expiry = _tuesday_from(day + timedelta(days=7))
    elif kind is InstrumentClass.INDEX_FUTURE:
        expiry = _tuesday_from(day + timedelta(days=35))
    else:
        return member
    return replace(member, instrument=replace(member.instrument, expiry=expiry))


def _tuesday_from(day: date) -> date:
    return day + timedelta(days=(_TUESDAY - day.weekday()) % 7)
