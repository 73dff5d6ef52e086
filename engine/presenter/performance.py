"""The performance figures of a picture: what one basis of evidence shows, with what stands apart named."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from engine.contract.views import FallView, PerformanceView
from engine.core import PAPER, SIMULATED, Core
from engine.core.setup_evidence import SIMULATED_PROVES_NOTHING
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.performance.calibration import LiveSlippage, calibrated, describe
from engine.performance.evidence import Basis
from engine.performance.metrics import PROOF_DAYS, Summary, summarise
from engine.performance.records import PROOF_COUNT
from engine.performance.trade import ClosedTrade


class Figures:
    """Adds the run's own finished trades to those of earlier runs that count beside them; sums up once a trade."""

    def __init__(
        self,
        past: Sequence[ClosedTrade],
        accounts: Mapping[date, Paise],
        basis: Basis | None,
        live: Sequence[LiveSlippage] = (),
    ) -> None:
        self._past = tuple(past)
        self._accounts = dict(accounts)
        self._basis = basis
        self._live = tuple(live)
        self._summary: tuple[int, PerformanceView] | None = None

    def view(self, core: Core) -> PerformanceView:
        """Return the figures as they stand; a correction of an earlier trade shows with the next one that ends."""
        count = len(core.closed_trades)
        if self._summary is None or self._summary[0] != count:
            accounts = {**self._accounts, core.day.day: core.limits.account}
            own = [trade for trade in core.closed_trades if self._counts(trade)]
            rate = core.settings.performance.risk_free_pct
            summary = summarise([*self._past, *own], accounts, rate)
            named, short = self._named(core)
            view = _view(summary, count - len(own))
            view = msgspec.structs.replace(view, basis=named, basis_short=short)
            self._summary = (count, self._calibrated(core, view, [*self._past, *own]))
        return self._summary[1]

    def _calibrated(
        self, core: Core, view: PerformanceView, trades: Sequence[ClosedTrade]
    ) -> PerformanceView:
        """Return the figures of paper with what its stops would have cost in live beside them."""
        if core.world != PAPER:
            return view
        found = calibrated(trades, self._live)
        return msgspec.structs.replace(
            view,
            calibrated=None if found is None else found.net,
            calibrated_by=describe(found, self._live),
        )

    def _counts(self, trade: ClosedTrade) -> bool:
        return self._basis is None or trade.taken_by is self._basis.mode

    def _named(self, core: Core) -> tuple[str, str]:
        if core.world == SIMULATED:
            return SIMULATED_PROVES_NOTHING, "simulated: no evidence"
        return ("", "") if self._basis is None else (self._basis.describe(), self._basis.brief())


def _view(summary: Summary, apart: int) -> PerformanceView:
    interval, fall = summary.win_rate_interval, summary.max_drawdown
    return PerformanceView(
        trades=summary.trades,
        wins=summary.wins,
        win_rate=summary.win_rate,
        win_rate_low=None if interval is None else interval[0],
        win_rate_high=None if interval is None else interval[1],
        profit_factor=summary.profit_factor,
        sharpe=summary.sharpe,
        max_drawdown=None if fall is None else fall.amount,
        net=summary.net,
        expectancy_r=summary.expectancy_r,
        expectancy_error=summary.expectancy_error,
        sharpe_error=summary.sharpe_error,
        sharpe_days=summary.sharpe_days,
        drawdown_pct=None if fall is None else fall.percent,
        fall=None if fall is None else _when(fall.peak_time, fall.trough_time),
        fall_pct=None if fall is None else _when(fall.percent_peak_time, fall.percent_trough_time),
        proof_trades=PROOF_COUNT,
        proof_days=PROOF_DAYS,
        apart=apart,
    )


def _when(peak: Instant | None, trough: Instant | None) -> FallView | None:
    return None if trough is None else FallView(peak, trough)
