"""What a world's files say of its runs: the newest plan, whether anything was ever sent, its limits."""

from datetime import date

import msgspec

import config
from engine.core import ACCOUNT_LOSS, DAY_LOSS, DayState
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.calendar import load_calendar
from engine.market.clock import trading_date
from engine.market.price import amount_of, rupees_of
from engine.market.session import TradingDay, trading_day
from engine.risk.limits import DayLimits, open_day, wished_limits
from engine.runtime.plan import RunMode, RunPlan, run_mode_of
from engine.runtime.run import RunError
from engine.runtime.run import read_plan as plan_of
from engine.world.directories import World, WorldDirectory
from engine.world.latch_file import read_latch, wall_clock


def read_plan(directory: WorldDirectory) -> RunPlan | None:
    """Return the plan of the world's newest run; None when there is none or it cannot be read."""
    return plan_or_reason(directory)[0]


def plan_or_reason(directory: WorldDirectory) -> tuple[RunPlan | None, str]:
    """Return the plan of the world's newest run, or why there is none: what the ledger's file says of itself."""
    try:
        with LedgerReader(directory.ledger) as ledger:
            run = ledger.last_run()
            if run is None:
                return None, f"{directory.ledger}: expected the newest run, got a ledger without any"
            return plan_of(run), ""
    except (LedgerError, RunError) as error:
        return None, str(error)


def was_never_used(directory: WorldDirectory) -> bool:
    """Say whether no run ever began here, so that no order can ever have been sent; False when that cannot be known."""
    if directory.exchange.exists() or directory.place.exists():
        return False
    if not directory.ledger.exists():
        return True
    try:
        with LedgerReader(directory.ledger) as ledger:
            return not ledger.runs()
    except LedgerError:
        return False


def live_plan(directory: WorldDirectory) -> RunPlan | None:
    """Return the newest live run's plan if it is of the newest run's day: what it left may be at the broker still."""
    try:
        with LedgerReader(directory.ledger) as ledger:
            runs = ledger.runs()
            for run in reversed(runs):
                if run.day == runs[-1].day and run_mode_of(run.run) is RunMode.LIVE:
                    return plan_of(run)
    except (LedgerError, RunError):
        return None
    return None


def day_of(directory: WorldDirectory, plan: RunPlan) -> TradingDay:
    """Return the schedule of a run's day; the home's own calendar counts for the account. Raises CalendarError."""
    return schedule(directory, plan.day, plan.configured().session)


def schedule(directory: WorldDirectory, day: date, session: config.SessionSettings) -> TradingDay:
    """Return the schedule of a world's date; raises CalendarError."""
    home = directory.path.parent if directory.world is World.ACCOUNT else None
    return trading_day(day, session, load_calendar(home))


def mode_of(directory: WorldDirectory, plan: RunPlan | None, account: config.AccountSettings) -> str:
    """Return the mode of the run that a world shows; without one the mode the next would have."""
    if plan is not None:
        return plan.choice.market.value
    if directory.world is World.ACCOUNT:
        return account.mode
    return RunMode.SIMULATED.value if directory.world is World.DEMO else RunMode.REPLAY.value


def risk_of(directory: WorldDirectory, plan: RunPlan) -> dict[str, object]:
    """Return a run's account and limits in rupees, and whether the day is over for it, and by which limit."""
    limits = _limits_of(directory, plan)
    whole = limits.account_limit
    return {
        "account": rupees_of(limits.account),
        "day_loss_limit": rupees_of(limits.loss_limit),
        "account_loss_limit": None if whole is None else rupees_of(whole),
        "stopped_for_day": limits.stopped,
        "stopped_by": limits.stopped_by.value if limits.stopped else None,
    }


def _limits_of(directory: WorldDirectory, plan: RunPlan) -> DayLimits:
    try:
        with LedgerReader(directory.ledger) as ledger:
            fact = ledger.day_state(plan.day, plan.run)
        state = plan.recovered if fact is None else msgspec.json.decode(fact.payload, type=DayState)
    except (LedgerError, msgspec.DecodeError):
        state = None
    if state is None:
        # Nothing was closed yet, so nothing was kept of the limits: they are those that the run began with.
        settings = plan.configured()
        account = amount_of(settings.account.capital) if plan.account is None else plan.account
        return open_day(plan.day, account, wished_limits(settings.risk), own_cash=plan.own_cash)
    return state.limits


def stopped_for_day(directory: WorldDirectory) -> str:
    """Return why a world may not trade again today; empty when it may.

    For an account on the wall's clock the run's day is over once another date has begun; recorded and simulated days
    have no tomorrow until another run begins.
    """
    plan = read_plan(directory)
    if plan is None:
        return _stopped_by_latch(directory)
    limits = _limits_of(directory, plan)
    if not limits.stopped:
        return ""
    by_wall = plan.choice.market.is_account and plan.configured().session.clock == "wall"
    if by_wall and trading_date(wall_clock()) > plan.day:
        return ""
    return _stopped_on(plan.day, limits.stopped_by)


def _stopped_by_latch(directory: WorldDirectory) -> str:
    """Return why a world whose ledger does not read may not trade again today, as far as its latch tells."""
    record = read_latch(directory.latch)
    if record is None or record.by not in (ACCOUNT_LOSS, DAY_LOSS):
        return ""
    day = trading_date(record.since)
    return _stopped_on(day, record.by) if day == trading_date(wall_clock()) else ""


def _stopped_on(day: date, limit: str) -> str:
    return f"the {limit} was reached on {day:%d %B %Y}; the latch stays until the next trading day"
