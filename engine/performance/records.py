"""The measured record of a setup on the user's own trades: how often, how much, and whether that shows anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.performance.interval import wilson_interval
from engine.performance.trade import ClosedTrade

PROOF_COUNT: Final = 100
"""Below this many trades nothing is claimed."""


class Verdict(StrEnum):
    """What a record shows."""

    UNPROVEN = "UNPROVEN"
    NO_EDGE_SHOWN = "NO EDGE SHOWN"
    EDGE_SHOWN = "EDGE SHOWN"


@dataclass(frozen=True, slots=True)
class SetupRecord:
    """One setup's trades under one version of its rule."""

    setup: str
    version: int
    n: int
    days: int
    """Distinct trading dates: trades of one day are not independent."""
    wins: int
    """Trades with a realised net result above zero."""
    mean_net_r: float | None
    break_even: float | None
    """Share of wins that would pay: 1/(1+R), R the mean of planned net reward to the first target over initial risk."""

    @property
    def win_rate(self) -> float | None:
        """Return wins over trades, 0 to 1; None without trades."""
        return self.wins / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % Wilson interval of the win rate."""
        return wilson_interval(self.wins, self.n)

    @property
    def verdict(self) -> Verdict:
        """Return UNPROVEN below 100 trades or without a break-even, else whether the interval lies above it."""
        interval = self.interval
        if self.n < PROOF_COUNT or interval is None or self.break_even is None:
            return Verdict.UNPROVEN
        return Verdict.EDGE_SHOWN if interval[0] > self.break_even else Verdict.NO_EDGE_SHOWN

    def describe(self) -> str:
        """Return the record as a card shows it: 'n 34 UNPROVEN · 56% (39–71) · −0.12 R · 19 won, 2 days · v1'.

        The verdict stands beside the count, where no narrow screen cuts it off; R is the mean after charges. Trades of
        one day are not independent, so the days are told too, and the version of the rule that they were made by.
        """
        rate, interval = self.win_rate, self.interval
        if rate is None or interval is None:
            return f"n 0 {self.verdict} · v{self.version}"
        low, high = interval
        words = [f"n {self.n} {self.verdict}", f"{100 * rate:.0f}% ({100 * low:.0f}–{100 * high:.0f})"]
        if self.mean_net_r is not None:
            words.append(f"{self.mean_net_r:+.2f} R".replace("-", "−"))
        days = "1 day" if self.days == 1 else f"{self.days} days"
        words += [f"{self.wins} won, {days}", f"v{self.version}"]
        return " · ".join(words)


def setup_record(trades: Iterable[ClosedTrade], setup: str, version: int) -> SetupRecord:
    """Return the record of one setup and rule version; other trades are passed over."""
    own = [trade for trade in trades if trade.setup == setup and trade.version == version]
    results = [trade.r for trade in own if trade.r is not None]
    rewards = [
        trade.target_reward / trade.initial_risk
        for trade in own
        if trade.target_reward is not None and trade.target_reward > 0 and trade.initial_risk is not None
    ]
    return SetupRecord(
        setup=setup,
        version=version,
        n=len(own),
        days=len({trade.day for trade in own}),
        wins=sum(trade.won for trade in own),
        mean_net_r=sum(results) / len(results) if results else None,
        break_even=1 / (1 + sum(rewards) / len(rewards)) if rewards else None,
    )
