"""Instruments, contexts and stops for the tests of risk."""

from datetime import date, time

from config import StopSettings
from engine.auction.values.context import Context, Hole, NamedReading, Quality
from engine.market.clock import MINUTE, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.market.update import Bar
from engine.risk.stop_controller import Stage12Controller, StopPlan, StopState, StopTerm
from engine.risk.terms import AllowanceTerm

DAY = date(2025, 12, 15)
START = instant_at(DAY, time(10, 0))

STOCK = Instrument("NSE_EQ|A", "A", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER)
OPTION = Instrument(
    "NSE_FO|O", "O", InstrumentClass.OPTION, 5, 35, 1_750, Provenance.MASTER, "NIFTY", date(2025, 12, 16)
)


def controller(**changes: float) -> Stage12Controller:
    return Stage12Controller(StopSettings.model_validate(changes))


def make_bar(number: int, low: Paise, high: Paise, *, minutes: int = 1, volume: int = 100) -> Bar:
    return Bar(START + number * minutes * MINUTE, low, high, low, high, volume)


def make_context(
    *,
    minutes: tuple[Bar, ...] = (),
    fives: tuple[Bar, ...] = (),
    placed: tuple[int, ...] = (),
    atr: Paise | None = 100,
    holes: tuple[Hole, ...] = (),
    time: Instant = START,
) -> Context:
    return Context(
        instrument=STOCK,
        time=time,
        quality=Quality.LIVE,
        partial_since=None,
        row=50,
        open=None,
        high=None,
        low=None,
        last=None,
        previous_close=None,
        vwap=None,
        initial_balance=None,
        volume_profile=None,
        tpo_profile=None,
        brackets=(),
        five_minutes=fives,
        minutes=minutes,
        holes=holes,
        average_range=None,
        atr=atr,
        median_spread=20,
        rotation_factor=None,
        day_type=NamedReading("UNKNOWN", developing=True, evidence={}),
        open_type=NamedReading("UNKNOWN", developing=True, evidence={}),
        placed_volumes=placed,
    )


def make_plan(
    trigger: Paise = 99_000,
    *,
    limit: Paise = 97_000,
    distance: Paise = 1_000,
    allowance: Paise | None = None,
) -> StopPlan:
    """Return a plan whose limit lies two R beyond the trigger and whose allowance is a quarter of the distance."""
    return StopPlan(
        trigger=trigger,
        limit=limit,
        distance=distance,
        term=StopTerm.ATR,
        terms=((StopTerm.ATR, distance),),
        allowance=distance // 4 if allowance is None else allowance,
        allowed_by=AllowanceTerm.DISTANCE,
        reach=2 * distance,
    )


def make_state(
    side: Side = Side.BUY, *, entry: Paise = 100_000, risk: Paise = 1_000, band: PriceBand | None = None
) -> StopState:
    trigger = entry - side.sign * risk
    plan = make_plan(trigger, limit=trigger - side.sign * 2 * risk, distance=risk)
    return controller().hold(
        plan, side, STOCK, entry_value=entry * 10, quantity=10, now=START, opened_at=START, band=band
    )
