"""The figures of one group of trades as the outside reads them: rupees, sample sizes, null where undefined."""

from datetime import date

from engine.market.clock import Instant, isoformat, trading_date
from engine.market.price import rupees_of
from engine.performance.drawdown import Drawdown
from engine.performance.metrics import Summary
from engine.performance.records import Verdict
from engine.performance.resampling import METHOD


def figures_of(summary: Summary) -> dict[str, object]:
    """Return a summary ready for JSON; ``n`` names the sample of each figure: trades, or days where it says so."""
    runs = summary.streaks
    return {
        "trades": summary.trades,
        "days": summary.days,
        "wins": summary.wins,
        "losses": summary.losses,
        "win_rate": rounded(summary.win_rate),
        **_interval("win_rate", summary.win_rate_interval),
        "gross": rupees_of(summary.gross),
        "charges": rupees_of(summary.charges),
        "net": rupees_of(summary.net),
        "charges_share": rounded(summary.charges_share),
        "turnover": rupees_of(summary.turnover),
        "profit_factor": rounded(summary.profit_factor),
        "expectancy_r": rounded(summary.expectancy_r),
        "expectancy_error": rounded(summary.expectancy_error),
        **_interval("expectancy", summary.expectancy_interval),
        "interval_method": _method(summary),
        "average_win": _money(summary.average_win),
        "average_loss": _money(summary.average_loss),
        "payoff": rounded(summary.payoff),
        "sharpe": rounded(summary.sharpe),
        "sharpe_error": rounded(summary.sharpe_error),
        "sortino": rounded(summary.sortino),
        "sharpe_days": summary.sharpe_days,
        "exposure": rounded(summary.exposure),
        "slippage": None if summary.slippage is None else rupees_of(summary.slippage),
        "slippage_r": rounded(summary.slippage_r),
        "mae_r": rounded(summary.mae_r),
        **_interval("mae", summary.mae_interval),
        "mfe_r": rounded(summary.mfe_r),
        **_interval("mfe", summary.mfe_interval),
        "longest_won": None if runs is None else runs.longest_won,
        "longest_lost": None if runs is None else runs.longest_lost,
        "current_streak": None if runs is None else runs.current,
        "verdict": None if summary.proven else Verdict.UNPROVEN.value,
        "sharpe_verdict": None if summary.sharpe_proven else Verdict.UNPROVEN.value,
        **drawdown_of("max_drawdown", summary.max_drawdown, summary.first_day, summary.last_day),
        "n": _samples(summary),
    }


def _method(summary: Summary) -> str | None:
    if summary.expectancy_interval is None:
        return None
    return METHOD if summary.drawn else "Student's t"


def _samples(summary: Summary) -> dict[str, int]:
    of_trades = (
        "win_rate",
        "gross",
        "charges",
        "net",
        "charges_share",
        "turnover",
        "profit_factor",
        "payoff",
        "max_drawdown",
        "max_drawdown_pct",
        "streaks",
    )
    return {
        **dict.fromkeys(of_trades, summary.trades),
        "expectancy_r": summary.measured,
        "average_win": summary.wins,
        "average_loss": summary.losses,
        "sharpe": summary.sharpe_days,
        "sortino": summary.sharpe_days,
        "slippage": summary.slipped,
        "slippage_r": summary.slipped_r,
        "mae_r": summary.marked,
        "mfe_r": summary.marked,
    }


def drawdown_of(
    name: str, drawdown: Drawdown | None, first: date | None = None, last: date | None = None
) -> dict[str, object]:
    """Return both falls under a name; their length is in calendar days, an open one's until the ``last`` day."""
    if drawdown is None:
        return {f"{name}{end}": None for end in _ENDS}
    values = (
        rupees_of(drawdown.amount),
        _time(drawdown.peak_time),
        _time(drawdown.trough_time),
        _time(drawdown.recovered_time),
        _length(drawdown.peak_time, drawdown.trough_time, drawdown.recovered_time, first, last),
        rounded(drawdown.percent),
        _time(drawdown.percent_peak_time),
        _time(drawdown.percent_trough_time),
        _time(drawdown.percent_recovered_time),
        _length(
            drawdown.percent_peak_time,
            drawdown.percent_trough_time,
            drawdown.percent_recovered_time,
            first,
            last,
        ),
    )
    return {f"{name}{end}": value for end, value in zip(_ENDS, values, strict=True)}


_ENDS = (
    "",
    "_from",
    "_to",
    "_recovered",
    "_days",
    "_pct",
    "_pct_from",
    "_pct_to",
    "_pct_recovered",
    "_pct_days",
)


def _length(
    peak: Instant | None,
    trough: Instant | None,
    recovered: Instant | None,
    first: date | None,
    last: date | None,
) -> int | None:
    began = first if peak is None else trading_date(peak)
    ended = last if recovered is None else trading_date(recovered)
    if trough is None or began is None or ended is None:
        return None
    return (ended - began).days


def rounded(value: float | None) -> float | None:
    """Return a ratio with the digits that a reader needs."""
    return None if value is None else round(value, 6)


def _interval(name: str, interval: tuple[float, float] | None) -> dict[str, object]:
    low, high = (None, None) if interval is None else interval
    return {f"{name}_low": rounded(low), f"{name}_high": rounded(high)}


def _money(paise: float | None) -> float | None:
    return None if paise is None else round(paise / 100, 2)


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else isoformat(instant)
