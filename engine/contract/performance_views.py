"""The figures of what was traded so far, as a screen is shown them."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise


class FallView(msgspec.Struct, frozen=True):
    """From when to when an account fell."""

    peak: Instant | None
    """None is the start."""
    trough: Instant


class PerformanceView(msgspec.Struct, frozen=True):
    """What the ledger holds so far; None where undefined."""

    trades: int
    wins: int
    win_rate: float | None
    win_rate_low: float | None
    win_rate_high: float | None
    profit_factor: float | None
    sharpe: float | None
    max_drawdown: Paise | None
    net: Paise
    expectancy_r: float | None
    expectancy_error: float | None = None
    """Its standard error, R."""
    sharpe_error: float | None = None
    sharpe_days: int = 0
    drawdown_pct: float | None = None
    """The deepest fall in percent of its peak, which need not be the deepest in money; None where undefined."""
    fall: FallView | None = None
    """When the deepest fall in money was; None while there is none."""
    fall_pct: FallView | None = None
    """When the deepest in percent was."""
    proof_trades: int = 100
    """Trades below which their figures are unproven."""
    proof_days: int = 60
    """Days below which the Sharpe ratio is."""
    basis: str = ""
    """What all of its trades were made under."""
    basis_short: str = ""
    """The same for a narrow column."""
    apart: int = 0
    """Finished trades of today that came about in another way and are in none of these figures."""
    calibrated: Paise | None = None
    """The net result of paper with its fired stops filled as live ones are; None before enough live fills."""
    calibrated_by: str = ""
    """What that stands on, or why there is none yet; empty where nothing is calibrated."""
