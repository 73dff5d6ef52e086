"""The market of the pictures: a watchlist, a ladder and an auction at 11:42:07."""

from datetime import datetime
from typing import Final

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
from engine.contract.views import (
    LadderRow,
    LadderView,
    OwnKind,
    OwnLevelView,
    WatchRow,
)
from engine.market.clock import IST, Instant, instant_of

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


OWN: Final = (
    OwnLevelView(154_800, OwnKind.AVERAGE, -120, "−120 entry"),
    OwnLevelView(152_700, OwnKind.STOP, 120, "stop 1,527.00", "t5"),
    OwnLevelView(150_400, OwnKind.TARGET, 120, "T2 1,504.00"),
)


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
        own=OWN,
        profile_volume=sum(row.volume for row in rows),
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
