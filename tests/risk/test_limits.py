from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import RiskSettings
from engine.market.side import Side
from engine.risk.day_result import DayResult
from engine.risk.holdings import Holding
from engine.risk.limits import DayLimits, Limits, effective, open_day, wished_limits
from engine.risk.marks import Mark, MarkState
from tests.risk.builders import DAY, START, STOCK

ACCOUNT = 100_000_000
WISHED = wished_limits(RiskSettings())


def result(net: int, *, realised: int | None = None, unmarked: int = 0) -> DayResult:
    booked = net if realised is None else realised
    return DayResult(booked, net - booked, 0, 0, MarkState.LIVE, unmarked)


def day(**changes: float) -> DayLimits:
    return open_day(DAY, ACCOUNT, wished_limits(RiskSettings.model_validate(changes)))


def test_the_limits_are_shares_of_the_opening_account() -> None:
    limits = day()
    assert limits.loss_limit == 5_000_000
    assert limits.budget == 1_000_000
    assert limits.open_risk_limit == 2_000_000
    assert limits.exposure_limit == 300_000_000


def test_percentages_are_exact_decimals() -> None:
    assert open_day(DAY, 1_000, wished_limits(RiskSettings(risk_per_trade_pct=0.3))).budget == 3
    assert open_day(DAY, 100_003, wished_limits(RiskSettings(max_leverage=1.1))).exposure_limit == 110_003


def test_a_believed_result_at_the_limit_trips_and_one_above_it_does_not() -> None:
    limits = day()
    for net in (-4_999_999, 0, 3_000_000):
        assert limits.observed(result(net), START) is limits
    limits = limits.observed(result(-5_000_000), START + 1)
    assert (limits.stopped_at, limits.stopped_result) == (START + 1, -5_000_000)


def test_once_tripped_the_day_stays_stopped_across_profit_and_restart() -> None:
    limits = day()
    for _ in range(3):
        limits = limits.observed(result(-9_000_000), START)
    limits = limits.observed(result(9_000_000), START + 5)
    stored = msgspec.json.decode(msgspec.json.encode(limits), type=DayLimits)
    assert stored == limits
    assert open_day(DAY, 7 * ACCOUNT, WISHED, stored).stopped_at == START
    assert open_day(DAY, 7 * ACCOUNT, WISHED, stored).account == ACCOUNT
    assert not open_day(DAY + timedelta(days=1), ACCOUNT, WISHED, stored).stopped


def test_a_loss_that_is_booked_already_trips_at_once() -> None:
    whole = day()
    assert whole.observed(result(-whole.loss_limit + 1), START) is whole
    tripped = whole.observed(result(-whole.loss_limit), START)
    assert (tripped.stopped_at, tripped.stopped_result) == (START, -whole.loss_limit)
    assert tripped.observed(result(0), START) is tripped


def test_limits_tighten_at_once_and_loosen_only_on_another_day() -> None:
    limits = day(max_positions=3, max_daily_loss_pct=5.0)
    loose = wished_limits(RiskSettings(max_positions=10, max_daily_loss_pct=2.0))
    limits = limits.tightened(loose)
    assert (limits.limits.max_positions, limits.loss_limit) == (3, 2_000_000)
    same_day = open_day(DAY, ACCOUNT, WISHED, limits)
    assert same_day.loss_limit == 2_000_000
    next_day = open_day(DAY + timedelta(days=1), ACCOUNT, loose, limits)
    assert next_day.limits == loose


LIMITS = st.builds(
    Limits,
    risk_per_trade_pct=st.floats(0.1, 2),
    max_daily_loss_pct=st.floats(0.1, 10),
    max_open_risk_pct=st.floats(0.1, 10),
    max_positions=st.integers(1, 20),
    max_leverage=st.floats(0.1, 5),
    max_margin_use_pct=st.floats(1, 100),
    max_orders_per_day=st.integers(10, 2_000),
    max_entries_per_minute=st.integers(1, 10),
)


@given(first=LIMITS, second=LIMITS)
def test_no_wish_loosens_any_limit_of_a_running_day(first: Limits, second: Limits) -> None:
    both = effective(first, second)
    for name in Limits.__struct_fields__:
        assert getattr(both, name) == min(getattr(first, name), getattr(second, name))
    assert effective(both, first) == both


def test_an_account_that_is_no_money_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero, got 0"):
        open_day(DAY, 0, WISHED)


HELD = Holding(STOCK, Side.BUY, 100, 10_000_000, 500_000, 600_000, 99_500, mark=Mark(100_000, MarkState.LIVE))


def test_rooms_are_what_holdings_and_losses_leave() -> None:
    rooms = day().rooms((HELD,), result(-1_000_000), margin_available=ACCOUNT)
    assert rooms.budget == 1_000_000
    assert rooms.open_risk == 1_400_000
    assert rooms.day_loss == 5_000_000 - 1_000_000 - 600_000
    assert rooms.exposure == 290_000_000
    assert rooms.margin == 80_000_000 - 2_000_000


def test_an_open_profit_makes_no_room_for_a_booked_loss() -> None:
    rooms = day().rooms((HELD,), result(0, realised=-4_000_000), margin_available=ACCOUNT)
    assert rooms.day_loss == 400_000


def test_what_is_unknown_leaves_no_room() -> None:
    for holdings, outcome in (
        ((replace(HELD, loss=None),), result(0)),
        ((HELD,), result(0, unmarked=1)),
    ):
        rooms = day().rooms(holdings, outcome, margin_available=None)
        assert (rooms.open_risk, rooms.day_loss, rooms.margin) == (0, 0, None)


def test_the_gauge_shows_the_used_share_of_the_limit() -> None:
    assert day().loss_used_pct(result(-1_250_000)) == 25
    assert day().loss_used_pct(result(3)) == 0


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_each_limit_is_the_setting_of_its_name(name: str) -> None:
    default = wished_limits(RiskSettings())
    changed = wished_limits(RiskSettings().model_copy(update={name: 17}))
    assert changed == msgspec.structs.replace(default, **{name: 17})
    assert changed != default
