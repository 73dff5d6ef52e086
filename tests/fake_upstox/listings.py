"""Everything listed on the fake exchange on a day: the recorded instruments and enough others to look names up."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import lru_cache

from tests.fake_upstox.expiries import monthly_expiries, weekly_expiries
from tests.fake_upstox.listing import CASH_FREEZE, Listing, expiry_text, hash_of

EQ_MAXHEALTH = "NSE_EQ|INE027H01010"
EQ_PRESTIGE = "NSE_EQ|INE811K01011"
OPTION_59400 = "NSE_FO|51460"
OPTION_59000 = "NSE_FO|51414"
NIFTY = "NSE_INDEX|Nifty 50"
BANKNIFTY = "NSE_INDEX|Nifty Bank"

_NEW_LOTS_FROM = date(2025, 12, 31)
"""Contracts expiring later carry the lots of NSE/FAOP/70616."""
_KNOWN = (
    ("RELIANCE", "RELIANCE INDUSTRIES LTD", "INE002A01018", 155_600),
    ("INFY", "INFOSYS LIMITED", "INE009A01021", 159_850),
    ("TCS", "TATA CONSULTANCY SERV LT", "INE467B01029", 322_050),
    ("HDFCBANK", "HDFC BANK LTD", "INE040A01034", 99_985),
    ("ICICIBANK", "ICICI BANK LTD.", "INE090A01021", 136_600),
    ("SBIN", "STATE BANK OF INDIA", "INE062A01020", 96_310),
    ("ITC", "ITC LTD", "INE154A01025", 40_035),
    ("LT", "LARSEN & TOUBRO LTD.", "INE018A01030", 407_430),
    ("AXISBANK", "AXIS BANK LIMITED", "INE238A01034", 128_560),
    ("BHARTIARTL", "BHARTI AIRTEL LIMITED", "INE397D01024", 208_200),
    ("MARUTI", "MARUTI SUZUKI INDIA LTD.", "INE585B01010", 1_652_000),
    ("TATASTEEL", "TATA STEEL LIMITED", "INE081A01020", 17_171),
    ("WIPRO", "WIPRO LTD", "INE075A01022", 26_010),
    ("NHPC", "NHPC LTD", "INE848E01016", 7_690),
)
_INVENTED = 150
_PLAIN = 24
"""Cash stocks without derivatives."""
_STEPS_EACH_SIDE = 12
_FIRST_TOKEN = 60_001


def listings_of(day: date) -> dict[str, Listing]:
    """Return the master of a day by key, the caller's own to change."""
    return {row.key: row for row in _listed(day)}


@lru_cache(maxsize=8)
def _listed(day: date) -> tuple[Listing, ...]:
    rows: list[Listing] = [
        Listing(NIFTY, "NIFTY", "Nifty 50", "INDEX", base=2_604_695),
        Listing(BANKNIFTY, "BANKNIFTY", "Nifty Bank", "INDEX", base=5_938_995),
        Listing("NSE_INDEX|NIFTY MID SELECT", "MIDCPNIFTY", "NIFTY MID SELECT", "INDEX", base=1_390_000),
        Listing("NSE_INDEX|India VIX", "INDIA VIX", "India VIX", "INDEX", base=1_011),
    ]
    stocks = list(_stocks())
    rows += stocks
    tokens = iter(range(_FIRST_TOKEN, 99_999))
    months = monthly_expiries(day, 2)
    for stock in stocks:
        if stock.auction:
            lot = max(25, 50_000_000 // stock.base // 25 * 25)
            rows.append(_future(stock, months[0], lot, lot * 40, stock.tick, next(tokens)))
    nifty, banknifty = rows[0], rows[1]
    for month in months:
        rows.append(_future(nifty, month, nifty_lot(month), 1_800, 10, next(tokens)))
        rows.append(_future(banknifty, month, banknifty_lot(month), 600, 20, next(tokens)))
    weeks = weekly_expiries(day, 2)
    for expiry in dict.fromkeys((*weeks, months[0])):
        rows += _chain(nifty, expiry, 5_000, nifty_lot(expiry), 1_800, expiry not in months, tokens)
    rows += _recorded_options(banknifty, _recorded_expiry(months, day))
    return tuple(rows)


def nifty_lot(expiry: date) -> int:
    """Return the lot of a NIFTY contract by its expiry."""
    return 65 if expiry >= _NEW_LOTS_FROM else 75


def banknifty_lot(expiry: date) -> int:
    """Return the lot of a BANKNIFTY contract by its expiry."""
    return 30 if expiry >= _NEW_LOTS_FROM else 35


def intraday_names(rows: Iterable[Listing]) -> list[Listing]:
    """Return the cash stocks that may be traded with product I."""
    return [row for row in rows if row.kind == "EQ" and row.intraday]


def tick_of(price: int) -> int:
    """Return a stock's tick in paise by its price (NSE, in force since April 2025)."""
    for limit, tick in ((25_000, 1), (100_000, 5), (500_000, 10), (1_000_000, 50), (2_000_000, 100)):
        if price <= limit:
            return tick
    return 500


def _stocks() -> Iterable[Listing]:
    yield _stock("MAXHEALTH", "MAX HEALTHCARE INS LTD", "INE027H01010", 108_130)
    yield _stock("PRESTIGE", "PRESTIGE ESTATE LTD", "INE811K01011", 166_090)
    for symbol, name, isin, base in _KNOWN:
        yield _stock(symbol, name, isin, base)
    for number in range(1, _INVENTED + 1):
        symbol = f"SYNTH{number:03d}"
        yield _stock(
            symbol, f"SYNTHETIC {number:03d} LTD", f"INE9{number:03d}A01010", _invented_price(symbol)
        )
    for number in range(1, _PLAIN + 1):
        symbol = f"PLAIN{number:02d}"
        plain = _stock(symbol, f"PLAIN {number:02d} LTD", f"INE8{number:03d}B01010", _invented_price(symbol))
        yield replace(plain, auction=False, intraday=number % 6 != 0)


def _invented_price(symbol: str) -> int:
    price = 8_000 + hash_of(symbol) % 400_000
    return price // tick_of(price) * tick_of(price)


def _stock(symbol: str, name: str, isin: str, base: int) -> Listing:
    return Listing(
        f"NSE_EQ|{isin}",
        symbol,
        name,
        "EQ",
        base,
        tick=tick_of(base),
        freeze=CASH_FREEZE,
        isin=isin,
        auction=True,
    )


def _future(of: Listing, expiry: date, lot: int, freeze: int, tick: int, token: int) -> Listing:
    carried = of.base * 1_004 // 1_000
    return Listing(
        f"NSE_FO|{token}",
        f"{of.symbol} FUT {expiry_text(expiry)}",
        of.name if of.kind == "EQ" else of.symbol,
        "FUT",
        carried // tick * tick,
        tick=tick,
        lot=lot,
        freeze=freeze,
        expiry=expiry,
        underlying=of.key,
        underlying_symbol=of.symbol,
        underlying_kind="EQUITY" if of.kind == "EQ" else "INDEX",
    )


def _option(
    of: Listing, kind: str, strike: int, expiry: date, lot: int, freeze: int, key: str, base: int
) -> Listing:
    return Listing(
        key,
        f"{of.symbol} {strike // 100} {kind} {expiry_text(expiry)}",
        of.symbol,
        kind,
        base,
        tick=5,
        lot=lot,
        freeze=freeze,
        expiry=expiry,
        strike=strike,
        underlying=of.key,
        underlying_symbol=of.symbol,
        underlying_kind="INDEX",
    )


def _chain(
    of: Listing, expiry: date, step: int, lot: int, freeze: int, weekly: bool, tokens: Iterable[int]
) -> Iterable[Listing]:
    middle = round(of.base / step) * step
    numbers = iter(tokens)
    for place in range(-_STEPS_EACH_SIDE, _STEPS_EACH_SIDE + 1):
        strike = middle + place * step
        for kind, inside in (("CE", of.base - strike), ("PE", strike - of.base)):
            base = max(inside, 0) + 15_000 * 5_000 // (5_000 + abs(of.base - strike) // 4)
            row = _option(of, kind, strike, expiry, lot, freeze, f"NSE_FO|{next(numbers)}", base // 5 * 5)
            yield replace(row, weekly=weekly)


def _recorded_expiry(months: list[date], day: date) -> date:
    # The recorded options had fifteen days to live; on another date the current month's contract stands in.
    return months[0] if (months[0] - day).days > 1 else months[1]


def _recorded_options(of: Listing, expiry: date) -> list[Listing]:
    return [
        _option(of, "CE", 5_940_000, expiry, 35, 600, OPTION_59400, 64_415),
        _option(of, "CE", 5_900_000, expiry, 35, 600, OPTION_59000, 91_170),
    ]
