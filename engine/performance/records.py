"""The measured record of a setup on the user's own trades: how often, how much, and whether that shows anything."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from engine.market.figures import decimal
from engine.performance.interval import standard_error, wilson_interval
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode

PROOF_COUNT: Final = 100
"""Below this many trades nothing is claimed."""


class Verdict(StrEnum):
    """What a record shows."""

    UNPROVEN = "UNPROVEN"
    NO_EDGE_SHOWN = "NO EDGE SHOWN"
    EDGE_SHOWN = "EDGE SHOWN"


class SetupRecord(msgspec.Struct, frozen=True):
    """One setup's trades under one version of its rule. Sums, so that what came later is added to what was known."""

    setup: str
    version: int
    n: int = 0
    days: int = 0
    """Distinct trading dates: trades of one day are not independent."""
    wins: int = 0
    """Trades with a realised net result above zero."""
    measured: int = 0
    """Trades whose result in R is known."""
    total_r: float = 0.0
    """Their realised net results, R."""
    squared_r: float = 0.0
    """The sum of their squares."""
    planned: int = 0
    """Trades with a planned reward to the first target."""
    planned_r: float = 0.0
    """Those rewards after costs, R."""
    newest: date | None = None
    """The newest of its days."""
    mode: EntryMode | None = None
    """How the trades came about; None where all count."""
    basis: str = ""
    """What else they were made under; empty where nobody told."""

    @property
    def win_rate(self) -> float | None:
        """Wins over trades, 0 to 1; None without trades."""
        return self.wins / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the win rate."""
        return wilson_interval(self.wins, self.n)

    @property
    def mean_net_r(self) -> float | None:
        """The mean realised net result in R; None where no trade's risk is known."""
        return self.total_r / self.measured if self.measured else None

    @property
    def error_r(self) -> float | None:
        """The standard error of that mean, R; None below two trades."""
        return standard_error(self.measured, self.total_r, self.squared_r)

    @property
    def break_even(self) -> float | None:
        """The share of wins that would pay: 1/(1+R), R the mean of planned net reward over initial risk."""
        return 1 / (1 + self.planned_r / self.planned) if self.planned else None

    @property
    def verdict(self) -> Verdict:
        """UNPROVEN below 100 trades or without a break-even, else whether the interval lies above it."""
        interval, even = self.interval, self.break_even
        if self.n < PROOF_COUNT or interval is None or even is None:
            return Verdict.UNPROVEN
        return Verdict.EDGE_SHOWN if interval[0] > even else Verdict.NO_EDGE_SHOWN

    def describe(self) -> str:
        """Return the record as a card shows it: 'n 34 UNPROVEN · 56% (39–71) · −0.12 R ± 0.12 · 19 won, 2 days · v1'.

        The verdict stands beside the count, where no narrow screen cuts it off; R is the mean after charges with its
        standard error. Trades of one day are not independent, so the days are told too, and what they were made under.
        """
        rate, interval = self.win_rate, self.interval
        words = [f"n {self.n} {self.verdict}"]
        if rate is not None and interval is not None:
            low, high = interval
            words.append(f"{100 * rate:.0f}% ({100 * low:.0f}–{100 * high:.0f})")
            words += [_mean(self.mean_net_r, self.error_r)] if self.measured else []
            words.append(f"{self.wins} won, {'1 day' if self.days == 1 else f'{self.days} days'}")
        words.append(f"v{self.version}")
        if self.mode is not None:
            words.append(self.mode.value)
        return " · ".join([*words, self.basis] if self.basis else words)

    def adding(self, trades: Iterable[ClosedTrade]) -> "SetupRecord":
        """Return the record with more trades of its setup, version and mode; others are passed over."""
        own = [trade for trade in trades if self._counts(trade)]
        if not own:
            return self
        days = {trade.day for trade in own}
        results = [trade.r for trade in own if trade.r is not None]
        rewards = [
            trade.target_reward / trade.initial_risk
            for trade in own
            if trade.target_reward is not None and trade.target_reward > 0 and trade.initial_risk is not None
        ]
        return msgspec.structs.replace(
            self,
            n=self.n + len(own),
            days=self.days + len(days - {self.newest}),
            wins=self.wins + sum(trade.won for trade in own),
            measured=self.measured + len(results),
            total_r=self.total_r + sum(results),
            squared_r=self.squared_r + sum(result * result for result in results),
            planned=self.planned + len(rewards),
            planned_r=self.planned_r + sum(rewards),
            newest=max(days if self.newest is None else days | {self.newest}),
        )

    def _counts(self, trade: ClosedTrade) -> bool:
        same = (trade.setup, trade.version) == (self.setup, self.version)
        return same and (self.mode is None or trade.taken_by is self.mode)


def setup_record(
    trades: Iterable[ClosedTrade], setup: str, version: int, mode: EntryMode | None = None, basis: str = ""
) -> SetupRecord:
    """Return the record of one setup and rule version, of one mode where one is named; other trades are passed over."""
    return SetupRecord(setup, version, mode=mode, basis=basis).adding(trades)


def _mean(mean: float | None, error: float | None) -> str:
    around = "" if error is None else f" ± {error:.2f}"
    return f"{decimal(mean or 0.0, 2, plus=True)} R{around}"
