"""One rich, invented view: eight instruments, a long profile, two positions, three signals, orders and events."""

from datetime import datetime
from typing import Final

import msgspec

from cockpit.state.instrument_search import Found, FoundRow
from engine.contract.auction_views import (
    AbsorptionView,
    AcceptanceView,
    AuctionView,
    GapView,
    ImbalanceView,
    LevelView,
    NamedView,
    OrderFlowView,
    RuleView,
)
from engine.contract.decision_state import DecisionState
from engine.contract.views import (
    CheckRow,
    EventLine,
    FallView,
    HeaderView,
    KillScope,
    LadderRow,
    LadderView,
    LatchView,
    OrderRow,
    PerformanceView,
    PositionRow,
    PreflightView,
    RiskView,
    ScreenView,
    Severity,
    SignalCard,
    StopStatus,
    WatchRow,
)
from engine.market.clock import IST, Instant, instant_of
from engine.risk.terms import SizedStop, StopTerm

SECOND: Final = 1_000_000


def at(hour: int, minute: int, second: int = 0) -> Instant:
    return instant_of(datetime(2026, 8, 12, hour, minute, second, tzinfo=IST))


def _watch(
    symbol: str,
    last: int,
    percent: float | None,
    *,
    tick: int = 5,
    position: int = 0,
    quality: str = "LIVE",
    location: str = "in value",
    detail: str = "",
) -> WatchRow:
    change = None if percent is None else round(last * percent / 100)
    return WatchRow(
        key=f"NSE_EQ|{symbol}",
        symbol=symbol,
        tick=tick,
        lot=1,
        last=last,
        change=change,
        change_pct=percent,
        bid=last - tick,
        ask=last + tick,
        position=position,
        quality=quality,
        location=location,
        detail=detail,
    )


WATCHLIST: Final = (
    _watch("MERIDIAN", 151_200, -2.33, tick=10, position=-120, location="in value"),
    _watch("KAVERI", 106_940, 0.21, position=240, location="above VAH"),
    _watch("PRAGATI", 164_050, -1.20, location="below VAL"),
    _watch("NARMADA", 42_315, 0.0, location="in value"),
    _watch("SURYA", 287_500, 1.74, tick=10, location="above IB"),
    _watch("HIMADRI", 88_225, -0.46, quality="STALE", location="in value"),
    _watch("UTKAL", 19_840, 3.05, location="above VAH"),
    _watch("NIFTY 25900 CE", 31_240, 4.02, quality="PARTIAL", location="below IB", detail="lot 65 · exp 2d"),
)

_LETTERS: Final = (
    "",
    "C",
    "C",
    "BC",
    "BC",
    "ABC",
    "ABCD",
    "ABCD",
    "ABCDE",
    "ABCDEF",
    "ABCDEF",
    "ABCDEFG",
    "ABCDEFG",
    "ABCDEFGH",
    "BCDEFGH",
    "BCDEFGHI",
    "CDEFGHI",
    "CDEFGHIJ",
    "DEFGHIJ",
    "DEFGHIJK",
    "DFGHIJK",
    "FGHIJK",
    "FGHJK",
    "GHJK",
    "GHJKL",
    "HJKL",
    "HJKLM",
    "JKLM",
    "JKLM",
    "KLM",
    "KLM",
    "KL",
    "L",
    "L",
)


def ladder_rows() -> tuple[LadderRow, ...]:
    """Sixty-two rows of ₹2 from 1,560 down, value area 1,522–1,548, POC 1,526."""
    rows: list[LadderRow] = []
    last = 151_200
    for index in range(62):
        price = 156_000 - 200 * index
        letters = _LETTERS[index - 2] if 2 <= index < 2 + len(_LETTERS) else ""
        weight = len(letters)
        volume = weight * weight * 1_900 + (price // 100 * 7919) % 3_700 if letters else 0
        marks = {
            154_800: ("VAH",),
            152_600: ("POC", "TPOC", "VWAP"),
            152_200: ("VAL",),
            155_400: ("IBH",),
            153_400: ("IBL",),
            155_600: ("HIGH",),
            149_200: ("LOW",),
            154_200: ("OPEN",),
        }.get(price, ())
        orders = {
            155_400: ("stop 1,554.10",),
            154_800: ("−120 entry",),
            150_400: ("T2 1,504.00",),
            152_800: ("stop 1,527.00",),
        }.get(price, ())
        step = (price - last) // 200
        rows.append(
            LadderRow(
                price=price,
                letters=letters,
                volume=volume,
                in_value=152_200 <= price <= 154_800,
                marks=marks,
                bid_size=(640 - 90 * step * step) * 3 if -2 <= step <= 0 else 0,
                ask_size=(420 + 310 * step) if 0 <= step <= 2 else 0,
                single_print=len(letters) == 1,
                orders=orders,
                delta=(price // 100 * 104_729) % (2 * volume // 3) - volume // 3 if volume else None,
            )
        )
    return tuple(rows)


def ladder() -> LadderView:
    rows = ladder_rows()
    return LadderView(
        key="NSE_EQ|MERIDIAN",
        symbol="MERIDIAN",
        tick=10,
        row=200,
        rule="dual",
        value_area_pct=70,
        last=151_200,
        change=-3_600,
        change_pct=-2.33,
        rows=rows,
        max_volume=max(row.volume for row in rows),
        day_type="normal variation ▼ developing",
        open_type="open rejection reverse",
        quality="PARTIAL from 09:32",
        poc=152_600,
        val=152_200,
        vah=154_800,
        ties=2,
        ib_low=153_400,
        ib_high=155_400,
        ib_complete=True,
        vwap=152_735,
        high=155_740,
        low=149_210,
        atr=310,
        rotation_factor=-5,
        bid=151_190,
        ask=151_210,
        volume=4_812_340,
    )


def _level(name: str, price: int, provenance: str, quality: str = "LIVE", note: str = "") -> LevelView:
    return LevelView(name, price, provenance, quality, note)


AUCTION: Final = AuctionView(
    key="NSE_EQ|MERIDIAN",
    symbol="MERIDIAN",
    tick=10,
    row=200,
    last=151_200,
    quality="PARTIAL from 09:32",
    day_type=NamedView(
        "NORMAL VARIATION",
        developing=True,
        evidence=(
            "direction down",
            "shape b",
            "balance share 0.306",
            "extension up 0.087",
            "extension down 2.095",
            "extension needed 0.1",
            "close position 0.305",
            "widest row 8",
            "one timeframing 0.625",
            "single prints ?",
        ),
        falsifier="becomes NEUTRAL at 1556.00 or higher",
    ),
    open_type=NamedView(
        "OPEN-REJECTION-REVERSE",
        developing=False,
        evidence=(
            "direction down",
            "open 1542",
            "location inside prior value",
            "average range 61.4",
            "excursion up 0.2248",
            "excursion down 0.8127",
            "opening range 1538.20 to 1551.60",
            "nearest reference prior high",
            "reference distance rows 2.15",
            "path 1-minute bars until 09:32: ESTIMATED",
        ),
    ),
    shape="b",
    value_weak="27 % of the volume WIDE, 11 % of the volume ESTIMATED, PARTIAL",
    balance_state="IMBALANCE",
    location="inside prior range",
    activity="INITIATIVE SELLING",
    gap=GapView(up=False, size=640, filled_share=1.0),
    notes=("PARTIAL from 09:32", "ATR NOT READY: minutes missing"),
    acceptance=(
        AcceptanceView("VAH", "REJECTED"),
        AcceptanceView("VAL", "TESTING"),
        AcceptanceView("IBH", "REJECTED"),
        AcceptanceView("IBL", "ACCEPTED"),
        AcceptanceView("PDH", "UNTOUCHED"),
        AcceptanceView("PVAL", "ACCEPTED"),
    ),
    order_flow=OrderFlowView(
        rule="LR-prev",
        delta=-28_805,
        low=-78_365,
        high=16_415,
        rules=(RuleView("LR-prev", -28_805), RuleView("same", -78_365), RuleView("tick", 16_415)),
        imbalance=-133_840,
        inside_share=0.0553,
        agreed_share=0.7182,
        absorptions=tuple(
            AbsorptionView(at(11, 31 - 4 * number, 9), 149_200 + 200 * number, "SELL", 31_240 - 900 * number)
            for number in range(8)
        ),
        nearest=AbsorptionView(at(10, 37, 36), 155_600, "BUY", 23_897, 25_611),
        stacked=(
            ImbalanceView(at(11, 25), 150_200, 150_800, "SELL", 4),
            ImbalanceView(at(10, 45), 153_200, 153_600, "BUY", 3),
        ),
        diagonal=(
            ImbalanceView(at(11, 40), 151_000, 151_000, "BUY", 1),
            ImbalanceView(at(11, 40), 151_400, 151_400, "SELL", 1),
        ),
    ),
    levels=(
        _level("PDH", 156_420, "session of 2025-12-12", "ESTIMATED", "built from 1-minute candles"),
        _level("HIGH", 155_740, "day bar, 1-minute bars, last prices"),
        _level("IBH", 155_400, "day bar, 1-minute bars, last prices"),
        _level("PVAH", 155_000, "session of 2025-12-12", "ESTIMATED", "built from 1-minute candles"),
        _level(
            "VAH",
            154_800,
            "volume at last prices, dual",
            "ESTIMATED",
            "since 09:32:52, 11 % ESTIMATED, 27.3 % WIDE, 1546.00 to 1550.00 by placement",
        ),
        _level("IBL", 153_400, "day bar, 1-minute bars, last prices"),
        _level("VWAP", 152_735, "broker's figure and every step since"),
        _level("POC", 152_600, "volume at last prices, dual", "ESTIMATED", "11 % ESTIMATED, 1 of 2 tied"),
        _level("IB 1.5x down", 152_400, "multiple of the balance"),
        _level("VWAP-2σ", 150_135, "σ of the record", "PARTIAL", "σ since 09:32:52"),
        _level("LOW", 149_210, "day bar, 1-minute bars, last prices"),
        _level(
            "NPOC",
            148_600,
            "session of 2025-12-09",
            "NOT READY",
            "previous close 1548.00 is not the 1512.40 stored for 2025-12-12",
        ),
    ),
)


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
