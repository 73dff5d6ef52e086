"""One rich, invented view: eight instruments, a long profile, two positions, three signals, orders and events."""

from typing import Final

import msgspec

from engine.contract.decision_state import DecisionState
from engine.contract.views import (
    EventLine,
    FallView,
    HeaderView,
    KillScope,
    LatchView,
    NotableTrade,
    OrderRow,
    PerformanceView,
    PositionRow,
    PreflightView,
    RiskView,
    ScreenView,
    Severity,
    SignalCard,
    StopStatus,
)
from engine.risk.terms import SizedStop, StopTerm
from tests.cockpit.pictured_checks import CHECKS
from tests.cockpit.pictured_market import AUCTION, WATCHLIST, at, ladder

SHORT_STOP: Final = SizedStop(
    distance=610,
    terms=(
        (StopTerm.STRUCTURE, 610),
        (StopTerm.ATR, 540),
        (StopTerm.SPREAD, 80),
        (StopTerm.CHARGES, 430),
    ),
    term=StopTerm.STRUCTURE,
    trigger=155_410,
    limit=156_630,
    allowance=160,
    lots=120,
    quantity=120,
    budget=1_000_000,
    risk=94_600,
    gap=221_900,
    charges=8_200,
    cap="risk per trade",
)
"""How the short of MERIDIAN was measured and sized."""


SIGNALS: Final = (
    SignalCard(
        id="s3",
        time=at(11, 42, 1),
        instrument="NSE_EQ|SURYA",
        symbol="SURYA",
        tick=10,
        setup="failed auction",
        side="SELL",
        price=287_500,
        stop=288_900,
        target=283_000,
        state="waiting for you",
        became=DecisionState.WAITING,
        answer_ms=8_000,
        reason="probe 3 rows above the balance high, no acceptance, closed back inside",
        evidence=("probe 3 rows", "volume 0.6 of mean", "delta −1.2k ±0.4k"),
        record="n 34 · 56 % (39–71) · UNPROVEN",
        quantity=178,
        risk=249_200,
    ),
    SignalCard(
        id="s2",
        time=at(11, 40, 7),
        instrument="NSE_EQ|MERIDIAN",
        symbol="MERIDIAN",
        tick=10,
        setup="failed auction",
        side="SELL",
        price=154_800,
        stop=155_410,
        target=152_600,
        state="took it",
        became=DecisionState.TAKEN,
        reason="probe 2 rows over VAH, closed back inside within one bracket",
        evidence=("probe 2 rows", "VAH 1,548", "ATR 3.10"),
        record="n 34 · 56 % (39–71) · UNPROVEN",
        quantity=120,
        risk=94_600,
        sized=SHORT_STOP,
    ),
    SignalCard(
        id="s1",
        time=at(11, 12, 33),
        instrument="NSE_EQ|PRAGATI",
        symbol="PRAGATI",
        tick=5,
        setup="failed auction",
        side="BUY",
        price=164_500,
        stop=163_900,
        target=165_400,
        state="refused",
        became=DecisionState.REFUSED,
        reason="charges are 19 % of the target, the limit is 15 %",
        evidence=("target 0.9 × ATR",),
        record="n 34 · 56 % (39–71) · UNPROVEN",
    ),
)

POSITIONS: Final = (
    PositionRow(
        instrument="NSE_EQ|MERIDIAN",
        symbol="MERIDIAN",
        tick=10,
        quantity=-120,
        average=154_800,
        mark=151_210,
        mark_quality="LIVE",
        pnl=430_800,
        r=5.9,
        stop=152_700,
        stop_state=StopStatus.HELD,
        stop_term="trail structure",
        limit=153_920,
        risk=0,
        gap=0,
        sized=SHORT_STOP,
        locked_r=3.4,
        one_r=610,
        target=150_400,
        target_state="watched",
        setup="failed auction",
        since=at(11, 40, 7),
    ),
    PositionRow(
        instrument="NSE_EQ|KAVERI",
        symbol="KAVERI",
        tick=5,
        quantity=240,
        average=107_200,
        mark=106_935,
        mark_quality="LIVE",
        pnl=-63_600,
        r=-0.5,
        stop=106_650,
        stop_state=StopStatus.PLACING,
        stop_term="structure",
        limit=105_550,
        risk=171_000,
        gap=408_000,
        locked_r=-1.0,
        one_r=550,
        target=108_300,
        target_state="watched",
        setup="by hand",
        since=at(11, 41, 58),
    ),
)


def _order(
    number: int,
    symbol: str,
    role: str,
    side: str,
    quantity: int,
    price: int,
    state: str,
    *,
    filled: int = 0,
    trigger: int = 0,
    average: int | None = None,
    message: str = "",
) -> OrderRow:
    return OrderRow(
        tag=f"t{number}",
        time=at(11, 40, number),
        instrument=f"NSE_EQ|{symbol}",
        symbol=symbol,
        tick=5,
        role=role,
        side=side,
        type="SL" if trigger else "LIMIT",
        quantity=quantity,
        filled=filled,
        price=price,
        trigger_price=trigger,
        average=average,
        state=state,
        message=message,
    )


ORDERS: Final = (
    _order(7, "KAVERI", "stop", "SELL", 240, 106_500, "IN FLIGHT", trigger=106_650),
    _order(6, "KAVERI", "entry", "BUY", 240, 107_250, "FILLED", filled=240, average=107_200),
    _order(5, "MERIDIAN", "stop", "BUY", 120, 152_900, "OPEN", trigger=152_700),
    _order(4, "MERIDIAN", "entry", "SELL", 120, 154_750, "FILLED", filled=120, average=154_800),
    _order(3, "PRAGATI", "entry", "BUY", 60, 164_500, "CANCELLED", message="not filled in 3 s"),
)

EVENTS: Final = (
    EventLine(1, at(9, 32, 2), Severity.INFO, "feed LIVE, profile PARTIAL from 09:32"),
    EventLine(2, at(10, 15, 0), Severity.INFO, "MERIDIAN initial balance 1,534.00–1,554.00 complete"),
    EventLine(3, at(11, 12, 33), Severity.WARNING, "PRAGATI failed auction refused: charges 19 % of target"),
    EventLine(4, at(11, 40, 7), Severity.GOOD, "MERIDIAN sold 120 at 1,548.00, stop 1,554.10 sent"),
    EventLine(5, at(11, 40, 8), Severity.INFO, "MERIDIAN stop 1,554.10 held at the exchange after 0.31 s"),
    EventLine(
        6,
        at(11, 41, 30),
        Severity.INFO,
        "MERIDIAN stop 1,531.00 → 1,527.00 (trail structure), limit 1,539.20",
    ),
    EventLine(7, at(11, 41, 58), Severity.GOOD, "KAVERI bought 240 at 1,072.00, stop 1,066.50 sent"),
)


def picture() -> ScreenView:
    """The whole view of a replay at 11:42:07."""
    return ScreenView(
        number=1,
        header=HeaderView(
            world="replay",
            stage="PAPER",
            trading="AUTO",
            phase="NSE continuous",
            market_time=at(11, 42, 7),
            entries_close_in=10_073,
            flat_by=at(15, 10),
            feed="LIVE",
            feed_age_ms=412,
            speed=10,
            replay_paused=False,
            manual_armed=False,
            realised=31_000,
            open=367_200,
            charges=11_842,
            progress="11:42 of 15:44",
        ),
        watchlist=WATCHLIST,
        notable=(
            NotableTrade("251215-000007-T", "NSE_EQ|MERIDIAN", "MERIDIAN short 120, open"),
            NotableTrade("251215-000003-T", "NSE_EQ|PRAGATI", "PRAGATI long 60, left 10:52 with −1,240.00"),
        ),
        ladder=ladder(),
        signals=SIGNALS,
        positions=POSITIONS,
        orders=ORDERS,
        risk=RiskView(
            account=100_000_000,
            day_result=386_358,
            day_loss_limit=5_000_000,
            day_loss_used_pct=0.0,
            stopped_for_day=False,
            open_risk=132_000,
            open_risk_limit=2_000_000,
            if_all_stops_fill=118_000,
            exposure=44_310_000,
            exposure_limit=300_000_000,
            positions=2,
            positions_limit=3,
            orders_this_second=1,
            orders_per_second_limit=8,
            orders_today=9,
            gap_risk=408_000,
            gap_risk_limit=2_500_000,
        ),
        performance=PerformanceView(
            trades=34,
            wins=19,
            win_rate=0.559,
            win_rate_low=0.394,
            win_rate_high=0.711,
            profit_factor=1.42,
            sharpe=None,
            max_drawdown=1_231_000,
            net=2_164_300,
            expectancy_r=0.21,
            expectancy_error=0.18,
            sharpe_days=1,
            drawdown_pct=1.23,
            fall=FallView(at(10, 2), at(11, 31)),
            fall_pct=FallView(at(10, 2), at(11, 31)),
            basis="auto · paper · fills v2 · settings 1f0c22ab",
            basis_short="auto · paper · v2 · 1f0c22ab",
            apart=1,
        ),
        events=EVENTS,
        latch=None,
        kill_scope=KillScope(positions=2, orders=2, left_outside=1),
        auction=AUCTION,
    )


def with_broker(
    view: ScreenView, world: str = "paper", *, running: bool = False, good: bool = False
) -> ScreenView:
    """The same in paper or live, signed in, with the checks made at 09:02."""
    checks = tuple(row for row in CHECKS if row.state != "NO-GO") if good else CHECKS
    return msgspec.structs.replace(
        view,
        header=msgspec.structs.replace(
            view.header, world=world, progress="", speed=1, signed_in_until=at(23, 30)
        ),
        preflight=PreflightView(go=good, time=at(9, 2, 11), checks=checks, running=running),
    )


def with_missing_stop(view: ScreenView) -> ScreenView:
    """The same with KAVERI's stop gone and an alarm about it."""
    positions = (
        view.positions[0],
        msgspec.structs.replace(view.positions[1], stop_state=StopStatus.MISSING, stop=None),
    )
    alarm = EventLine(8, at(11, 42, 6), Severity.ALARM, "KAVERI +240 has no stop at the exchange: exiting")
    return msgspec.structs.replace(view, positions=positions, events=(*view.events, alarm))


def killed(view: ScreenView, state: str, progress: str) -> ScreenView:
    """The same under the kill latch."""
    latch = LatchView(state, at(11, 42, 3), "a screen (process 4711)", "the kill key was pressed", progress)
    return msgspec.structs.replace(
        view,
        latch=latch,
        header=msgspec.structs.replace(view.header, trading="PAUSED killed", paused="killed"),
    )
