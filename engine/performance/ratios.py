"""Sharpe and Sortino ratios of daily returns; None wherever one is not defined."""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Final

TRADING_DAYS: Final = 252
"""Days a year of the annualised ratios: the usual convention (NSE itself has 245 to 248)."""

SHARPE_CONVENTION: Final = (
    "mean over sample deviation of daily net results on each day's opening account, less the risk-free rate, "
    f"annualised by the square root of {TRADING_DAYS}"
)
MIN_DAYS: Final = 2


def sharpe_ratio(returns: Sequence[float], risk_free_pct: float = 0.0) -> float | None:
    """Return the annualised Sharpe ratio of daily returns; None below two days or without deviation.

    ``risk_free_pct`` is percent a year, spread evenly over its trading days. The convention is stated in
    ``SHARPE_CONVENTION`` (source: Sharpe 1994, Journal of Portfolio Management 21).
    """
    count = len(returns)
    if count < MIN_DAYS or min(returns) == max(returns):
        return None
    mean = fsum(returns) / count
    deviation = sqrt(fsum((value - mean) ** 2 for value in returns) / (count - 1))
    return (mean - daily_rate(risk_free_pct)) / deviation * sqrt(TRADING_DAYS) if deviation > 0 else None


def sortino_ratio(returns: Sequence[float], risk_free_pct: float = 0.0) -> float | None:
    """Return the annualised Sortino ratio of daily returns; None below two days or without one below the target.

    Mean excess over the root of the mean squared shortfall of all days; the target is the risk-free rate (source:
    Sortino and Price 1994, Journal of Investing 3).
    """
    count, target = len(returns), daily_rate(risk_free_pct)
    if count < MIN_DAYS:
        return None
    short = sqrt(fsum(min(0.0, value - target) ** 2 for value in returns) / count)
    return (fsum(returns) / count - target) / short * sqrt(TRADING_DAYS) if short > 0 else None


def daily_rate(risk_free_pct: float) -> float:
    """Return percent a year as a share a trading day."""
    return risk_free_pct / 100 / TRADING_DAYS
