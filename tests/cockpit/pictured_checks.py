"""The checks and the search of the pictures."""

from typing import Final

from cockpit.state.instrument_search import Found, FoundRow
from engine.contract.views import (
    CheckRow,
)


def _check(group: str, name: str, state: str, figure: str = "", reason: str = "") -> CheckRow:
    return CheckRow(group, name, state, figure, reason)


CHECKS: Final = (
    _check("connectivity", "REST", "GO", "handshake 31 ms, answer 44 ms"),
    _check("connectivity", "order host", "GO", "handshake 28 ms"),
    _check("connectivity", "feed", "GO", "handshake 62 ms; NSE_EQ NORMAL_OPEN, NSE_FO NORMAL_OPEN"),
    _check(
        "connectivity",
        "first update",
        "WARN",
        "after 204 ms, 7 of 8 instruments",
        "nothing heard of NSE_EQ|HIMADRI",
    ),
    _check("connectivity", "feed delay", "GO", "p50 38 ms, p99 121 ms, n 412"),
    _check("authentication", "token", "GO", "good until 13 Aug 03:30 (in 15 h 47 min)"),
    _check("authentication", "profile", "GO", "A TRADER (AB1234) at UPSTOX"),
    _check("authentication", "segments", "GO", "NSE on, NFO on"),
    _check(
        "authentication",
        "static IP",
        "NO-GO",
        "203.0.113.10",
        "wrong IP: expected orders to leave from 203.0.113.77, got 203.0.113.10 registered; orders would be refused "
        "(UDAPI1154). A change at the broker ends all tokens and is possible once a week",
    ),
    _check("authentication", "funds", "GO", "10,00,000.00 rupees free"),
    _check("configuration", "settings", "GO", "9 set, the rest at their defaults"),
    _check("configuration", "square-off", "GO", "15:15 cash, 15:25 F&O; broker's page of 1 Aug 2026"),
    _check("configuration", "instruments", "GO", "98,412 listed, fresh"),
    _check("configuration", "intraday list", "GO", "1,204 names, fresh"),
    _check(
        "configuration",
        "watchlist MERIDIAN",
        "GO",
        "MERIDIAN · NSE_EQ|MERIDIAN · lot 1 · tick 0.10 · 5× intraday",
    ),
    _check(
        "configuration",
        "watchlist BANKNIFTY CE ATM monthly",
        "GO",
        "BANKNIFTY 55900 CE 25 AUG 26 · NSE_FO|61007 · lot 30 · tick 0.05 · expires 25 Aug 2026 (13 d)",
    ),
    _check(
        "configuration",
        "watchlist MERIDAN",
        "NO-GO",
        "unknown",
        "no instrument is called MERIDAN; did you mean MERIDIAN, MERIDIANFIN?",
    ),
    _check("configuration", "calendar", "GO", "Wed 12 Aug 2026: the broker says the same"),
    _check("system", "processor", "GO", "12 % of 4 processors in use by others"),
    _check("system", "memory", "GO", "6,120 MB free"),
    _check("system", "disk", "GO", "48,210 MB free at /home/trader"),
    _check("system", "file handles", "GO", "1,048,576 allowed"),
    _check("system", "clock", "GO", "+0.012 s against the broker"),
)
FOUND: Final = Found(
    meant=FoundRow(
        "NSE_FO|51460",
        "NIFTY 25900 CE 18 AUG 26",
        "NSE_FO|51460 · NIFTY · lot 65 · tick 0.05 · expires Tue 18 Aug 2026 (6 d left) · intraday yes",
    ),
    rows=tuple(
        FoundRow(
            f"NSE_FO|{51500 + strike}",
            f"NIFTY {25900 + 50 * strike} CE 25 AUG 26",
            f"NSE_FO|{51500 + strike} · NIFTY · lot 65 · tick 0.05 · expires Tue 25 Aug 2026 (13 d left)",
        )
        for strike in range(12)
    ),
    more=214,
)
"""What a search for an option finds."""
