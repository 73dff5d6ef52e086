"""A small instrument master: an index with weeklies, one without, stocks with and without contracts."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any

from engine.market.clock import MILLISECOND, instant_at

DAY = date(2026, 11, 25)
WEEKLIES = (
    date(2026, 12, 1),
    date(2026, 12, 8),
    date(2026, 12, 15),
    date(2026, 12, 22),
    date(2027, 1, 5),
)
MONTHLIES = (date(2026, 12, 29), date(2027, 1, 25), date(2027, 2, 23))
NIFTY = "NSE_INDEX|Nifty 50"
BANKNIFTY = "NSE_INDEX|Nifty Bank"
RELIANCE = "NSE_EQ|INE002A01018"
INFY = "NSE_EQ|INE009A01021"
PLAIN = "NSE_EQ|INE040H01021"


def master_rows() -> list[dict[str, Any]]:
    """Return the rows of a master file as the broker writes them."""
    return [
        _index(NIFTY, "NIFTY"),
        _index(BANKNIFTY, "BANKNIFTY"),
        _stock(RELIANCE, "RELIANCE", "RELIANCE INDUSTRIES LTD", cas_eligible=True),
        _stock(INFY, "INFY", "INFOSYS LIMITED", cas_eligible=True),
        _stock("NSE_EQ|INE009A07777", "INFY", "INFOSYS LIMITED 8.5 % BOND", instrument_type="N1"),
        _stock(PLAIN, "SUZLON", "SUZLON ENERGY LIMITED", tick_size=1.0),
        _stock("NSE_EQ|INE111A01001", "TWIN", "TWIN ONE LIMITED", instrument_type="BE"),
        _stock("NSE_EQ|INE111A01002", "TWIN", "TWIN TWO LIMITED", instrument_type="BZ"),
        *_contracts("NIFTY", NIFTY, (*WEEKLIES, *MONTHLIES), range(25_000, 27_001, 50), 65, 40_000),
        *_contracts("BANKNIFTY", BANKNIFTY, MONTHLIES, range(58_000, 60_001, 100), 30, 50_000),
        *_contracts("RELIANCE", RELIANCE, MONTHLIES, range(1_400, 1_601, 20), 500, 60_000),
    ]


def _index(key: str, symbol: str) -> dict[str, Any]:
    return {
        "segment": "NSE_INDEX",
        "name": key.partition("|")[2],
        "exchange": "NSE",
        "instrument_type": "INDEX",
        "instrument_key": key,
        "exchange_token": "1",
        "trading_symbol": symbol,
    }


def _stock(key: str, symbol: str, name: str, **fields: object) -> dict[str, Any]:
    return {
        "segment": "NSE_EQ",
        "name": name,
        "exchange": "NSE",
        "instrument_type": "EQ",
        "instrument_key": key,
        "exchange_token": "1",
        "trading_symbol": symbol,
        "tick_size": 10.0,
        "lot_size": 1,
        "freeze_quantity": 100000.0,
        **fields,
    }


def _contracts(
    symbol: str, underlying: str, expiries: tuple[date, ...], strikes: range, lot: int, token: int
) -> Iterator[dict[str, Any]]:
    for expiry in expiries:
        wanted = [("FUT", 0)] if expiry in MONTHLIES else []
        wanted += [(side, strike) for strike in strikes for side in ("CE", "PE")]
        for contract, strike in wanted:
            token += 1
            what = "FUT" if contract == "FUT" else f"{strike} {contract}"
            yield {
                "segment": "NSE_FO",
                "name": symbol,
                "exchange": "NSE",
                "instrument_type": contract,
                "instrument_key": f"NSE_FO|{token}",
                "exchange_token": str(token),
                "trading_symbol": f"{symbol} {what} {expiry:%d %b %y}".upper(),
                "tick_size": 5.0,
                "lot_size": lot,
                "minimum_lot": lot,
                "freeze_quantity": 1800.0,
                "strike_price": float(strike),
                "expiry": instant_at(expiry, time(23, 59, 59)) // MILLISECOND,
                "underlying_key": underlying,
                "underlying_symbol": symbol,
                "underlying_type": "INDEX" if underlying.startswith("NSE_INDEX") else "EQUITY",
                "weekly": expiry not in MONTHLIES,
            }
