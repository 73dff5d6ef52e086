from dataclasses import replace
from datetime import timedelta

import pytest

from config import OptionSettings, RiskSettings, Settings
from engine.market.clock import MINUTE, SECOND
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price_band import PriceBand, assumed_band
from engine.market.side import Side
from engine.risk import entry_checks
from engine.risk.day_result import DayResult
from engine.risk.denial import Code, Denial
from engine.risk.entry import EntryPlan
from engine.risk.entry_checks import DOOR_CHECKS, PLAN_CHECKS, door_denial, plan_denial
from engine.risk.entry_facts import EntryFacts
from engine.risk.holdings import Holding
from engine.risk.limits import open_day, wished_limits
from engine.risk.marks import Mark, MarkState
from engine.risk.sizing import Cap, Size
from engine.risk.stop import measured
from tests.risk.builders import DAY, OPTION, START, STOCK, make_plan

SETTINGS = Settings()
OTHER = Instrument("NSE_EQ|B", "B", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER)
FUTURE = Instrument("NSE_FO|F", "F", InstrumentClass.INDEX_FUTURE, 10, 65, 1_755, Provenance.MASTER, "NIFTY")
LIMITS = open_day(DAY, 100_000_000, wished_limits(RiskSettings()))
QUIET = DayResult(0, 0, 0, 0, MarkState.LIVE, 0)
PLAN = EntryPlan(
    side=Side.BUY,
    limit=100_000,
    stop=make_plan(),
    size=Size(500, 500, 800_000, 1_600_000, 20_000, Cap.RISK),
    target_1=102_100,
    target_distance=1_050_000,
    target_charges=20_000,
    sized=measured(make_plan()),
)
FACTS = EntryFacts(
    instrument=STOCK,
    side=Side.BUY,
    by_person=False,
    decided_at=START,
    now=START + SECOND,
    market_time=START,
    first_entry=START - 30 * MINUTE,
    entries_stop=START + MINUTE,
    day=DAY,
    limits=LIMITS,
    result=QUIET,
    holdings=(),
    latched=False,
    pause="",
    feed_fresh=True,
    band=PriceBand(90_000, 110_000),
    margin_available=100_000_000,
    orders_today=0,
    entries_last_minute=0,
)


def held(
    instrument: Instrument = OTHER,
    side: Side = Side.BUY,
    *,
    loss: int | None = 100_000,
    gap: int | None = 200_000,
) -> Holding:
    mark = Mark(100_000, MarkState.LIVE)
    return Holding(instrument, side, 100, 10_000_000, loss, loss, 99_000, gap, mark=mark)


def option_facts(**changes: object) -> EntryFacts:
    return replace(FACTS, instrument=OPTION, band=PriceBand(5, 10**9), **changes)  # type: ignore[arg-type]


def denial_of(facts: EntryFacts, plan: EntryPlan, settings: Settings) -> Denial | None:
    """Return the first reason against an entry, as an entry meets the checks."""
    return door_denial(facts, settings) or plan_denial(facts, plan, settings)


def test_an_index_is_refused_for_what_it_is_whatever_else_stands_in_the_way() -> None:
    index = replace(STOCK, kind=InstrumentClass.INDEX)
    facts = replace(FACTS, instrument=index, feed_fresh=False, latched=True, pause="by hand")
    denial = door_denial(facts, SETTINGS)
    assert denial is not None
    assert denial.code is Code.NOT_TRADABLE
    assert "an index: context only" in denial.reason


def test_an_entry_without_objections_passes() -> None:
    assert denial_of(FACTS, PLAN, SETTINGS) is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(FACTS, latched=True), Code.LATCHED),
        (replace(FACTS, limits=open_day(DAY, 79_999_999, LIMITS.limits)), Code.RISK_PER_TRADE),
        (replace(FACTS, pause="no screen for 60 s"), Code.PAUSED),
        (replace(FACTS, feed_fresh=False), Code.STALE_FEED),
        (replace(FACTS, blocked="broker: trade-for-trade"), Code.NOT_TRADABLE),
        (replace(FACTS, instrument=replace(STOCK, kind=InstrumentClass.INDEX)), Code.NOT_TRADABLE),
        (replace(FACTS, first_entry=START + 1), Code.TOO_EARLY),
        (replace(FACTS, first_entry=None), Code.TOO_EARLY),
        (replace(FACTS, entries_stop=START), Code.TOO_LATE),
        (replace(FACTS, entries_stop=None), Code.TOO_LATE),
        (replace(FACTS, now=START + 5 * SECOND + 1), Code.SIGNAL_OLD),
        (replace(FACTS, now=START - 1), Code.SIGNAL_OLD),
        (option_facts(side=Side.SELL), Code.OPTION_SHORT),
        (option_facts(day=DAY + timedelta(days=1)), Code.OPTION_EXPIRY_DAY),
        (replace(option_facts(), instrument=replace(OPTION, expiry=None)), Code.CONTRACT_UNKNOWN),
        (replace(option_facts(), instrument=replace(OPTION, underlying="")), Code.CONTRACT_UNKNOWN),
        (
            replace(FACTS, instrument=replace(STOCK, kind=InstrumentClass.STOCK_FUTURE)),
            Code.CONTRACT_UNKNOWN,
        ),
        (replace(FACTS, holdings=(held(STOCK, Side.SELL),)), Code.SAME_INSTRUMENT),
        (replace(FACTS, holdings=(held(), held(), held())), Code.MAX_POSITIONS),
        (replace(FACTS, orders_today=500), Code.ORDERS_PER_DAY),
        (replace(FACTS, entries_last_minute=2), Code.ENTRIES_PER_MINUTE),
        (replace(FACTS, band=None), Code.CIRCUIT_NEAR),
        (replace(FACTS, band=PriceBand(98_001, 110_000)), Code.CIRCUIT_NEAR),
        (replace(FACTS, band=PriceBand(90_000, 101_999)), Code.CIRCUIT_NEAR),
        (replace(FACTS, holdings=(held(loss=1_200_001),)), Code.OPEN_RISK),
        (replace(FACTS, holdings=(held(loss=None),)), Code.OPEN_RISK),
        (replace(FACTS, holdings=(held(gap=900_001),)), Code.GAP_RISK),
        (replace(FACTS, holdings=(held(gap=None),)), Code.GAP_RISK),
        (replace(FACTS, result=DayResult(-4_200_001, 0, 0, 0, MarkState.LIVE, 0)), Code.DAY_LOSS),
        (replace(FACTS, result=DayResult(0, 0, 0, 0, MarkState.NOT_READY, 1)), Code.DAY_LOSS),
        (replace(FACTS, margin_available=12_499_999), Code.MARGIN),
        (replace(FACTS, margin_available=None), Code.MARGIN),
    ],
)
def test_each_objection_has_its_code_and_a_sentence(facts: EntryFacts, code: Code) -> None:
    denial = denial_of(facts, PLAN, SETTINGS)
    assert denial is not None
    assert denial.code is code
    assert denial.reason


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (replace(PLAN, side=Side.SELL), Code.CHECK_FAILED),
        (replace(PLAN, size=replace(PLAN.size, quantity=0)), Code.ZERO_SIZE),
        (replace(PLAN, size=replace(PLAN.size, quantity=100_001)), Code.FREEZE_QUANTITY),
        (replace(PLAN, size=replace(PLAN.size, risk=1_000_001)), Code.RISK_PER_TRADE),
        (replace(PLAN, size=replace(PLAN.size, quantity=3_001)), Code.LEVERAGE),
        (replace(PLAN, target_charges=157_501), Code.COST_SHARE),
        (replace(PLAN, target_distance=0), Code.COST_SHARE),
        (replace(PLAN, target_distance=619_999), Code.REWARD_RISK),
        (replace(PLAN, target_1=None), Code.REWARD_RISK),
        (replace(PLAN, stop=replace(PLAN.stop, limit=90_500)), Code.CIRCUIT_NEAR),
        (replace(PLAN, stop=replace(PLAN.stop, trigger=89_990)), Code.CIRCUIT_NEAR),
        (replace(PLAN, size=replace(PLAN.size, gap=2_500_001)), Code.GAP_RISK),
    ],
)
def test_each_flaw_of_the_plan_has_its_code(plan: EntryPlan, code: Code) -> None:
    denial = denial_of(FACTS, plan, SETTINGS)
    assert denial is not None
    assert denial.code is code


def test_the_stop_of_the_day_denies_every_entry() -> None:
    limits = LIMITS
    for _ in range(3):
        limits = limits.observed(DayResult(-5_000_000, 0, 0, 0, MarkState.LIVE, 0), START)
    denial = door_denial(replace(FACTS, limits=limits), SETTINGS)
    assert denial is not None
    assert denial.code is Code.STOPPED_FOR_DAY


def test_one_underlying_is_held_once_per_direction() -> None:
    long_future = replace(option_facts(), holdings=(held(FUTURE),))
    denial = door_denial(long_future, SETTINGS)
    assert denial is not None
    assert denial.code is Code.SAME_UNDERLYING_DIRECTION
    assert door_denial(replace(long_future, holdings=(held(FUTURE, Side.SELL),)), SETTINGS) is None


def test_expiry_day_entries_open_only_by_setting() -> None:
    facts = option_facts(day=DAY + timedelta(days=1))
    allowed = SETTINGS.model_copy(update={"options": OptionSettings(expiry_day_entries=True)})
    assert door_denial(facts, allowed) is None


def test_a_short_keeps_three_percent_from_the_circuit() -> None:
    band = PriceBand(90_000, 102_500)
    short = replace(
        PLAN,
        side=Side.SELL,
        stop=replace(PLAN.stop, trigger=100_500, limit=101_500, distance=500),
        target_1=98_000,
    )
    denial = denial_of(replace(FACTS, side=Side.SELL, band=band), short, SETTINGS)
    assert denial is not None
    assert denial.code is Code.CIRCUIT_NEAR
    long = replace(PLAN, stop=replace(PLAN.stop, distance=500))
    assert denial_of(replace(FACTS, band=band), long, SETTINGS) is None


def test_a_person_may_enter_without_a_target() -> None:
    plan = replace(PLAN, target_1=None, target_distance=0, target_charges=0)
    assert denial_of(replace(FACTS, by_person=True), plan, SETTINGS) is None


@pytest.mark.parametrize("number", range(len(DOOR_CHECKS)))
def test_a_door_check_that_breaks_denies(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no account")

    checks = (*DOOR_CHECKS[:number], broken, *DOOR_CHECKS[number + 1 :])
    monkeypatch.setattr(entry_checks, "DOOR_CHECKS", checks)
    denial = denial_of(FACTS, PLAN, SETTINGS)
    assert denial is not None
    assert denial.code is Code.CHECK_FAILED
    assert "no account" in denial.reason


@pytest.mark.parametrize("number", range(len(PLAN_CHECKS)))
def test_a_plan_check_that_breaks_denies(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("band")

    checks = (*PLAN_CHECKS[:number], broken, *PLAN_CHECKS[number + 1 :])
    monkeypatch.setattr(entry_checks, "PLAN_CHECKS", checks)
    denial = denial_of(FACTS, PLAN, SETTINGS)
    assert denial is not None
    assert denial.code is Code.CHECK_FAILED


def test_assumed_bands_are_ten_percent_with_derivatives_and_twenty_without() -> None:
    assert assumed_band(InstrumentClass.AUCTION_STOCK, 100_007, 10) == PriceBand(90_010, 110_000)
    assert assumed_band(InstrumentClass.STOCK, 100_000, 10) == PriceBand(80_000, 120_000)
    assert assumed_band(InstrumentClass.OPTION, 100_000, 5).lower == 5


def reason(facts: EntryFacts, plan: EntryPlan = PLAN, settings: Settings = SETTINGS) -> str:
    denial = denial_of(facts, plan, settings)
    assert denial is not None
    return denial.reason


@pytest.mark.parametrize(
    ("missing", "words"), [(1, "its expiry is not known"), (2, "its underlying and expiry are not")]
)
def test_what_is_not_known_of_a_contract_is_said_of_one_thing_and_of_two(missing: int, words: str) -> None:
    unknown = replace(OPTION, expiry=None, underlying="NIFTY" if missing == 1 else "")
    assert words in reason(replace(option_facts(), instrument=unknown))


@pytest.mark.parametrize("kind", [InstrumentClass.OPTION, InstrumentClass.INDEX_FUTURE])
def test_a_contract_that_is_over_by_its_expiry_is_not_traded_whatever_the_settings_say(
    kind: InstrumentClass,
) -> None:
    settings = SETTINGS.model_copy(update={"options": OptionSettings(expiry_day_entries=True)})
    over = replace(OPTION, kind=kind, expiry=DAY - timedelta(days=1))
    denial = door_denial(replace(option_facts(), instrument=over), settings)
    assert denial is not None
    assert denial.code is Code.CONTRACT_UNKNOWN
    assert (DAY - timedelta(days=1)).isoformat() in denial.reason
    assert door_denial(replace(option_facts(), instrument=replace(over, expiry=DAY)), settings) is None


def test_a_refusal_by_a_hair_does_not_read_like_the_limit_it_misses() -> None:
    assert "earns 1.19999 R after costs (limit 1.2)" in reason(FACTS, replace(PLAN, target_distance=619_995))
    assert "charges 15.0001% of target (limit 15%)" in reason(FACTS, replace(PLAN, target_charges=157_501))


def test_a_target_that_does_not_pay_names_what_left_so_few_units() -> None:
    small = replace(PLAN, target_distance=300_000, size=replace(PLAN.size, binding_cap=Cap.GAP_RISK))
    assert reason(FACTS, small).endswith("(limit 1.2) with the 500 units that gap risk leaves")
    own = replace(PLAN, target_distance=300_000)
    assert reason(FACTS, own).endswith("(limit 1.2)")
