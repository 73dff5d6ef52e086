"""The backtester that a Python user would pick for its speed, with a strategy that does nothing."""

from collections.abc import Sequence
from contextlib import redirect_stderr
from importlib import import_module
from io import StringIO
from typing import Any, Final

from benchmarks.measure import seconds_of

BACKTESTER: Final = "backtesting.py, empty strategy"
_CASH: Final = 10_000_000.0


def empty_backtest_seconds(prices: Sequence[float]) -> float | None:
    """Return how long a run over as many ticks (rupees) takes that decides nothing; None where it is not installed.

    All ticks are one instrument to it, and its table of them is built before the clock runs: both in its favour.
    """
    try:
        backtesting: Any = import_module("backtesting")
        pandas: Any = import_module("pandas")
    except ModuleNotFoundError:
        return None
    times = pandas.date_range("2026-01-01 09:15", periods=len(prices), freq="100ms")
    columns = dict.fromkeys(("Open", "High", "Low", "Close"), prices)
    table = pandas.DataFrame(columns, index=times)

    def initialise(_: object) -> None:
        """Prepare no indicator."""

    def decide(_: object) -> None:
        """Decide nothing."""

    empty = type("Empty", (backtesting.Strategy,), {"init": initialise, "next": decide})

    def run() -> None:
        # Its progress bar is written to standard error and would be part of what is measured.
        with redirect_stderr(StringIO()):
            backtesting.Backtest(table, empty, cash=_CASH, finalize_trades=True).run()

    run()
    return seconds_of(run)
