"""Who trades in the simulated market: invented names with the ticks, lots and habits of real ones.

Ticks follow the exchange's table by price, lots and freeze quantities those of a Nifty contract of 2026 (source:
NSE circulars on tick size of April 2025 and on lot size of October 2025).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from engine.feeds.simulator.script import Role
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
    role: Role
    previous_close: Paise
    gap: int
    """Opening gap in ticks."""
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
        role=Role.FAILED_HIGH,
        previous_close=101_150,
        gap=-15,
        average_range=380,
        updates_per_minute=75,
        trades_per_minute=78,
        typical_quantity=24,
        typical_depth=420,
        spreads=(1, 1, 2, 2, 2, 2, 3, 3),
        lag_ms=140,
    ),
    Member(
        instrument=_stock("KAVERIX", _AUCTION, 5),
        role=Role.FAILED_LOW,
        previous_close=47_840,
        gap=18,
        average_range=370,
        updates_per_minute=63,
        trades_per_minute=60,
        typical_quantity=40,
        typical_depth=700,
        spreads=(1, 2, 2, 2, 3, 3, 3, 4),
        lag_ms=180,
    ),
    Member(
        instrument=_stock("MERUDYN", _AUCTION, 10),
        role=Role.STOPPED_OUT,
        previous_close=198_530,
        gap=25,
        average_range=760,
        updates_per_minute=57,
        trades_per_minute=52,
        typical_quantity=11,
        typical_depth=190,
        spreads=(2, 3, 3, 4, 4, 5, 5, 6),
        lag_ms=160,
    ),
    Member(
        instrument=_derivative("26000 CE", InstrumentClass.OPTION, 5),
        role=Role.INDEX,
        previous_close=24_520,
        gap=60,
        average_range=3_600,
        updates_per_minute=78,
        trades_per_minute=76,
        typical_quantity=130,
        typical_depth=1_300,
        spreads=(2, 3, 3, 4, 5, 6, 7, 8),
        lag_ms=120,
        open_interest=4_212_650,
    ),
    Member(
        instrument=_stock("VAYUNEX", _AUCTION, 1),
        role=Role.TREND,
        previous_close=23_840,
        gap=30,
        average_range=790,
        updates_per_minute=54,
        trades_per_minute=50,
        typical_quantity=90,
        typical_depth=1_500,
        spreads=(3, 4, 5, 5, 6, 6, 7, 9),
        lag_ms=200,
    ),
    Member(
        instrument=_stock("SURYOTI", _AUCTION, 50),
        role=Role.ACCEPTED,
        previous_close=584_050,
        gap=-8,
        average_range=390,
        updates_per_minute=48,
        trades_per_minute=36,
        typical_quantity=5,
        typical_depth=85,
        spreads=(1, 1, 1, 2, 2, 2, 3, 3),
        lag_ms=190,
    ),
    Member(
        instrument=_derivative("FUT", InstrumentClass.INDEX_FUTURE, 10),
        role=Role.INDEX,
        previous_close=2_604_200,
        gap=110,
        average_range=3_600,
        updates_per_minute=78,
        trades_per_minute=80,
        typical_quantity=65,
        typical_depth=325,
        spreads=(8, 10, 12, 14, 16, 18, 20, 24),
        lag_ms=120,
        open_interest=14_812_200,
    ),
    Member(
        instrument=_stock("TARANGO", _STOCK, 10),
        role=Role.DOUBLE,
        previous_close=113_070,
        gap=10,
        average_range=390,
        updates_per_minute=45,
        trades_per_minute=34,
        typical_quantity=18,
        typical_depth=240,
        spreads=(2, 2, 3, 3, 4, 4, 5, 6),
        lag_ms=210,
    ),
    Member(
        instrument=_derivative("25900 PE", InstrumentClass.OPTION, 5),
        role=Role.INDEX,
        previous_close=18_860,
        gap=-48,
        average_range=3_000,
        updates_per_minute=74,
        trades_per_minute=68,
        typical_quantity=130,
        typical_depth=1_170,
        spreads=(2, 3, 4, 4, 5, 6, 7, 8),
        lag_ms=120,
        response=-1_000,
        open_interest=3_604_900,
    ),
    Member(
        instrument=_stock("NILGIRO", _STOCK, 1),
        role=Role.BALANCE,
        previous_close=8_462,
        gap=-6,
        average_range=310,
        updates_per_minute=42,
        trades_per_minute=30,
        typical_quantity=160,
        typical_depth=2_400,
        spreads=(1, 2, 2, 2, 3, 3, 4, 4),
        lag_ms=220,
    ),
)


def cast(count: int, day: date) -> tuple[Member, ...]:
    """Return the first ``count`` members, derivatives with an expiry after the day."""
    return tuple(_listed(member, day) for member in _MEMBERS[:count])


def scripted_cast(count: int, day: date, yesterday_close: int) -> tuple[Member, ...]:
    """Return the cast of a written day: the first member leads, the others trade rarely.

    ``yesterday_close`` is the lead's previous close around its opening price, thousandths of its average range.
    """
    lead, *companions = cast(count, day)
    gap = -yesterday_close * lead.average_range // 1_000
    return (replace(lead, gap=gap), *(_slowed(companion) for companion in companions))


def _slowed(member: Member) -> Member:
    return replace(
        member,
        updates_per_minute=member.updates_per_minute // _SLOWER,
        trades_per_minute=member.trades_per_minute // 3,
        typical_quantity=member.typical_quantity * 3 // member.instrument.lot * member.instrument.lot,
        gap=0,
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
