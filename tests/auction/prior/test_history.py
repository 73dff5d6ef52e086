"""What closed sessions keep and leave behind, on made sessions."""

from dataclasses import replace as changed
from datetime import date, timedelta

import msgspec
import pytest

from config import ProfileSettings, Settings
from engine.auction.prior.history import SessionProfile, close_session, prior_levels
from engine.auction.state.auctions import Auctions
from engine.auction.structure.location import check_prior
from engine.auction.values.context import Quality
from engine.auction.values.levels import CloseKind, PriorLevels
from engine.market.clock import MINUTE, SECOND
from engine.market.session import trading_day
from engine.setups.common import prior_weakness
from tests.auction.builders import CLOSE, DAY, KEY, OPEN, STOCK, bar, make_market, make_update
from tests.auction.prior.sessions import FRIDAY, days_back, levels_of, session


def test_no_earlier_session_leaves_nothing() -> None:
    assert prior_levels([], 10_000, DAY) is None
    assert prior_levels([session(DAY)], 10_000, DAY) is None


def test_sessions_of_two_instruments_are_refused() -> None:
    other = msgspec.structs.replace(session(date(2025, 12, 11)), instrument="NSE_EQ|OTHER")
    with pytest.raises(ValueError, match="one instrument"):
        prior_levels([other, session()], 10_000, DAY)


def test_the_newest_session_gives_the_levels_whatever_the_order() -> None:
    older = session(date(2025, 12, 11), low=9_000, high=9_500)
    found = prior_levels([session(), older], 10_000, DAY)
    assert found == levels_of(older, session())
    assert found is not None
    assert (found.day, found.high, found.low, found.poc, found.sessions) == (FRIDAY, 10_100, 9_900, 10_000, 2)
    assert (found.quality, found.reason, found.ready) == (Quality.LIVE, "", True)


@pytest.mark.parametrize(
    ("previous_close", "ready"), [(10_050, True), (10_051, False), (9_949, False), (5_000, False)]
)
def test_a_previous_close_off_by_more_than_half_a_percent_is_not_ready(
    previous_close: int, *, ready: bool
) -> None:
    found = levels_of(session(), previous_close=previous_close)
    assert found.ready is ready
    assert found.quality is (Quality.LIVE if ready else Quality.NOT_READY)
    assert ready or f"{previous_close / 100:.2f} is not the 100.00 stored for 2025-12-12" in found.reason


@pytest.mark.parametrize(
    ("kind", "previous_close", "ready"),
    [
        (CloseKind.LAST, 10_200, True),
        (CloseKind.LAST, 10_201, False),
        (CloseKind.LAST, 9_799, False),
        (CloseKind.UNCOMPARED, 5_000, True),
    ],
)
def test_a_last_price_is_compared_within_two_percent_and_an_options_not_at_all(
    kind: CloseKind, previous_close: int, *, ready: bool
) -> None:
    assert levels_of(session(close_kind=kind), previous_close=previous_close).ready is ready
    later = levels_of(session(close_kind=kind), previous_close=None)
    checked = check_prior(later, previous_close)
    assert checked is not None
    assert checked.ready is ready


def test_an_options_levels_need_no_previous_close() -> None:
    later = levels_of(session(close_kind=CloseKind.UNCOMPARED), previous_close=None)
    assert check_prior(later, None) == later
    unnamed = check_prior(levels_of(session(close_kind=CloseKind.LAST), previous_close=None), None)
    assert unnamed is not None
    assert not unnamed.ready


def test_a_session_that_was_kept_before_closes_had_a_kind_counts_as_a_last_price() -> None:
    kept = msgspec.to_builtins(session())
    del kept["close_kind"]
    assert msgspec.convert(kept, SessionProfile).close_kind is CloseKind.LAST


def test_an_unknown_previous_close_leaves_the_check_for_later() -> None:
    assert levels_of(session(), previous_close=None).ready


def test_a_newest_session_of_long_ago_is_stale() -> None:
    assert levels_of(session(DAY - timedelta(days=7))).ready
    found = levels_of(session(DAY - timedelta(days=8)))
    assert (found.quality, found.ready) == (Quality.STALE, False)


def test_sessions_before_a_break_in_the_closes_are_left_out() -> None:
    days = days_back(4)
    chain = [
        session(days[0], high=30_000, close=20_000),
        session(days[1], previous_close=10_000),
        session(days[2]),
        session(days[3]),
    ]
    found = levels_of(*chain)
    assert (found.sessions, found.range_days, found.average_range) == (3, 3, 200)


def test_a_session_recorded_in_part_makes_estimates() -> None:
    found = levels_of(session(quality=Quality.PARTIAL))
    assert (found.quality, found.reason) == (Quality.ESTIMATED, "1 of 1 sessions were recorded in part")
    assert found.ready


def test_the_average_range_takes_twenty_sessions_at_most() -> None:
    days = days_back(22)
    chain = [session(day, high=10_100 + 1_000 * (index < 2)) for index, day in enumerate(days)]
    found = levels_of(*chain)
    assert (found.range_days, found.average_range, found.sessions) == (20, 200, 22)
    assert levels_of(*chain[1:5], session(high=10_101)).average_range == 400


def test_balance_reaches_back_while_value_overlaps_by_half() -> None:
    days = days_back(4)
    chain = [
        session(days[0], low=9_000, high=9_300, value=(9_100, 9_150, 9_200)),
        session(days[1], low=9_890, high=10_100),
        session(days[2], low=9_950, high=10_190, value=(10_000, 10_050, 10_100)),
        session(days[3], low=9_900, high=10_150),
    ]
    found = levels_of(*chain)
    assert (found.balance_days, found.balance_low, found.balance_high) == (3, 9_890, 10_190)
    alone = levels_of(chain[0], session(days[1]))
    assert (alone.balance_days, alone.balance_low, alone.balance_high) == (0, None, None)


def test_an_inside_day_balances_without_overlapping_value() -> None:
    outer = session(date(2025, 12, 11), low=9_000, high=11_000, value=(10_800, 10_850, 10_900))
    inner = session(FRIDAY, value=(9_950, 10_000, 10_050))
    assert levels_of(outer, inner).balance_days == 2


def test_a_point_of_control_is_naked_until_a_later_bracket_holds_its_row() -> None:
    days = days_back(3)
    chain = [
        session(days[0], value=(9_400, 9_500, 9_600), brackets=(("A", 9_400, 9_600),)),
        session(days[1], value=(9_900, 9_990, 10_050), brackets=(("A", 9_900, 10_000),)),
        session(days[2], brackets=(("A", 9_999, 10_100), ("B", 9_510, 9_800))),
    ]
    assert levels_of(*chain).naked_pocs == ((days[0], 9_500), (days[2], 10_000))
    touched = msgspec.structs.replace(chain[2], brackets=(("B", 9_509, 9_800),))
    assert levels_of(chain[0], chain[1], touched).naked_pocs == ((days[1], 9_990), (days[2], 10_000))


def test_week_and_month_are_known_when_the_record_reaches_back_before_them() -> None:
    start = date(2025, 10, 31)
    days = [start + timedelta(days=number) for number in range(45)]
    chain = [
        session(day, high=10_100 + day.day, low=9_900 - day.day)
        for day in days
        if day.weekday() < 5 and day < DAY
    ]
    found = levels_of(*chain)
    assert (found.week_high, found.week_low) == (10_112, 9_888)
    assert (found.month_high, found.month_low) == (10_128, 9_872)
    short = levels_of(*chain[-5:])
    assert (short.week_high, short.month_high) == (None, None)


def test_slot_volumes_need_five_sessions() -> None:
    days = days_back(5)
    chain = [session(day, slots=(10 * index, None if index == 0 else 7)) for index, day in enumerate(days)]
    assert levels_of(*chain).slot_volumes == (20, None)
    assert levels_of(*chain[1:]).slot_volumes == (None, None)


def closed_market(*, start: int = OPEN - SECOND, end: int = CLOSE) -> Auctions:
    """Return a market of one unit every ten seconds, rising by a tick every half hour, with bars."""
    market = make_market(settings=Settings(profile=ProfileSettings(row=0.1)))
    market.apply(make_update(start, 10_000, 100, average_price=10_000))
    for number in range(6 * 375):
        moment = OPEN + number * 10 * SECOND
        if not start < moment < end:
            continue
        price, before = (10_000 + 10 * (minute // 30) for minute in (number // 6, number // 6 - 1))
        done = bar(moment // MINUTE * MINUTE - MINUTE, before, before, volume=6) if number >= 6 else None
        market.apply(make_update(moment, price, 101 + number, day=bar(OPEN, 10_000, price), minute=done))
    if end == CLOSE:
        last = bar(CLOSE - MINUTE, 10_120, 10_120, volume=6)
        market.apply(make_update(CLOSE + 60 * SECOND, 10_090, 5_000, minute=last))
    return market


def test_a_closed_session_keeps_its_profile() -> None:
    market = closed_market()
    kept = close_session(market, KEY)
    context = market.context(KEY)
    assert kept is not None
    assert context.volume_profile is not None
    assert (kept.day, kept.open, kept.high, kept.low) == (DAY, 10_000, 10_120, 10_000)
    assert (kept.close, kept.previous_close, kept.quality, kept.source) == (
        10_090,
        10_000,
        Quality.LIVE,
        "VOLUME",
    )
    assert (kept.row, kept.volume_low, kept.volumes) == (10, 10_000, (*[180] * 12, 90))
    assert kept.volume == sum(kept.volumes) == 375 * 6
    assert (kept.tpo_low, kept.tpos) == (10_000, (1,) * 13)
    assert kept.brackets[0] == ("A", 10_000, 10_000)
    assert kept.brackets[-1] == ("M", 10_120, 10_120)
    assert (kept.balance_low, kept.balance_high) == (10_000, 10_010)
    assert kept.poc == context.volume_profile.poc
    assert kept.day_type == context.day_type.name
    assert kept.slot_volumes == (30,) * 75


def test_a_kept_profile_survives_its_journey() -> None:
    kept = close_session(closed_market(), KEY)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=SessionProfile) == kept
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=SessionProfile) == kept


def test_a_session_that_is_not_over_is_not_kept() -> None:
    assert close_session(make_market(), KEY) is None
    assert close_session(closed_market(end=OPEN + 200 * MINUTE), KEY) is None


def test_a_late_start_keeps_a_partial_session_with_the_tpo_levels() -> None:
    market = closed_market(start=OPEN + 32 * MINUTE + 30 * SECOND)
    kept = close_session(market, KEY)
    tpo = market.context(KEY).tpo_profile
    assert kept is not None
    assert tpo is not None
    assert (kept.quality, kept.source, kept.poc) == (Quality.PARTIAL, "TPO", tpo.poc)
    assert kept.slot_volumes[:8] == (None, None, None, None, None, None, None, 30)


def test_a_weak_value_area_is_weak_for_the_next_day_too() -> None:
    whole, late = (closed_market(start=start) for start in (OPEN, OPEN + 32 * MINUTE))
    for market, why in ((whole, "13 rows"), (late, "PARTIAL")):
        kept = close_session(market, KEY)
        assert kept is not None
        assert kept.value_weak == market.context(KEY).value_weak
        assert why in kept.value_weak
        prior = prior_levels([kept], kept.close, DAY + timedelta(days=1))
        assert prior is not None
        assert prior.ready
        assert kept.value_weak in prior_weakness(changed(prior, high=20_000, day_type="NORMAL"))


def test_a_part_of_a_session_kept_before_it_told_why_is_weak_all_the_same() -> None:
    assert levels_of(session(quality=Quality.PARTIAL)).value_weak == "PARTIAL"
    assert not levels_of(session()).value_weak


def next_day(prior: PriorLevels, previous_close: int) -> Auctions:
    settings = Settings()
    market = Auctions({KEY: STOCK}, trading_day(DAY, settings.session), settings, {KEY: prior})
    market.apply(make_update(OPEN - SECOND, 10_000, 1, previous_close=previous_close))
    market.apply(make_update(OPEN + SECOND, 10_000, 2, previous_close=previous_close))
    return market


def test_the_market_trusts_levels_only_when_the_feed_confirms_their_close() -> None:
    prior = changed(levels_of(session(), previous_close=None), range_days=5, average_range=400)
    confirmed = next_day(prior, 10_040).context(KEY)
    assert confirmed.prior == prior
    assert confirmed.average_range is not None
    assert (confirmed.average_range.value, confirmed.average_range.quality, confirmed.average_range.days) == (
        400,
        Quality.LIVE,
        5,
    )
    assert confirmed.row == 10
    assert next_day(prior, 10_040).auction(KEY).row_frozen
    refused = next_day(prior, 5_000).context(KEY)
    assert refused.prior is not None
    assert refused.prior.quality is Quality.NOT_READY
    assert refused.average_range is not None
    assert refused.average_range.quality is Quality.ESTIMATED
    assert any(note.startswith("prior levels NOT READY: previous close 50.00") for note in refused.notes)
    assert refused.location == ""
    assert "PDH" not in refused.acceptance


def test_fewer_than_five_days_make_no_average_range() -> None:
    context = next_day(changed(levels_of(session()), range_days=4), 10_000).context(KEY)
    assert context.average_range is not None
    assert context.average_range.quality is Quality.ESTIMATED
    assert context.prior is not None
    assert context.prior.ready


@pytest.mark.parametrize("kind", [CloseKind.OFFICIAL, CloseKind.LAST])
@pytest.mark.parametrize("named", [0, None])
def test_a_close_of_nought_confirms_nothing(kind: CloseKind, named: int | None) -> None:
    for close in (0, 10_000):
        later = levels_of(session(close=close, close_kind=kind), previous_close=None)
        checked = check_prior(later, named)
        assert checked is not None
        assert not checked.ready
    assert not levels_of(session(close=0, close_kind=kind), previous_close=0).ready


@pytest.mark.parametrize(
    ("named", "why"),
    [(5_000, "a bonus of one for one"), (2_000, "a split in five"), (9_090, "a bonus of one for ten")],
)
@pytest.mark.parametrize("kind", [CloseKind.OFFICIAL, CloseKind.LAST])
def test_a_split_or_bonus_overnight_leaves_no_levels(kind: CloseKind, named: int, why: str) -> None:
    checked = check_prior(levels_of(session(close_kind=kind), previous_close=None), named)
    assert checked is not None
    assert not checked.ready, why
    assert "is not the 100.00 stored" in checked.reason
