from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Session
from engine.market.calendar import Allowed, Calendar, CalendarError, Phase, load_calendar
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, datetime_of, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.session import TradingDay, trading_day

A = date(2025, 12, 15)
B = date(2026, 8, 3)
C = date(2026, 9, 7)
CASH = (InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK)
FUTURES = (InstrumentClass.STOCK_FUTURE, InstrumentClass.INDEX_FUTURE)

OLD_PRE_OPEN = ["09:00 PRE_OPEN ORDER_ENTRY", "09:07 PRE_OPEN RANDOM_CLOSE", "09:08 PRE_OPEN MATCHING"]
NEW_PRE_OPEN = [
    "09:00 PRE_OPEN ORDER_ENTRY",
    "09:05 PRE_OPEN LIMIT_ONLY",
    "09:08 PRE_OPEN RANDOM_CLOSE",
    "09:10 PRE_OPEN MATCHING",
]
OPEN = ["09:12 PRE_OPEN BUFFER", "09:15 CONTINUOUS ALL"]
CASH_A = ["15:30 CLOSED NOTHING", "15:40 POST_CLOSE CLOSING_PRICE", "16:00 CLOSED NOTHING"]
CASH_B = ["15:30 CLOSED NOTHING", "15:50 POST_CLOSE CLOSING_PRICE", "16:00 CLOSED NOTHING"]
AUCTION = [
    "15:15 CLOSING_AUCTION NOTHING",
    "15:20 CLOSING_AUCTION ORDER_ENTRY",
    "15:25 CLOSING_AUCTION LIMIT_ONLY",
    "15:28 CLOSING_AUCTION RANDOM_CLOSE",
    "15:30 CLOSING_AUCTION MATCHING",
    "15:35 CLOSED NOTHING",
    "15:50 POST_CLOSE CLOSING_PRICE",
    "16:00 CLOSED NOTHING",
]
DERIVATIVES_A = ["15:30 CLOSED NOTHING"]
DERIVATIVES_B = ["15:40 CLOSED NOTHING"]

EXPECTED = {
    (A, InstrumentClass.AUCTION_STOCK): OLD_PRE_OPEN + OPEN + CASH_A,
    (A, InstrumentClass.STOCK): OLD_PRE_OPEN + OPEN + CASH_A,
    (A, InstrumentClass.STOCK_FUTURE): OLD_PRE_OPEN + OPEN + DERIVATIVES_A,
    (A, InstrumentClass.INDEX_FUTURE): OLD_PRE_OPEN + OPEN + DERIVATIVES_A,
    (A, InstrumentClass.OPTION): OPEN[1:] + DERIVATIVES_A,
    (B, InstrumentClass.AUCTION_STOCK): OLD_PRE_OPEN + OPEN + AUCTION,
    (B, InstrumentClass.STOCK): OLD_PRE_OPEN + OPEN + CASH_B,
    (B, InstrumentClass.STOCK_FUTURE): OLD_PRE_OPEN + OPEN + DERIVATIVES_B,
    (B, InstrumentClass.INDEX_FUTURE): OLD_PRE_OPEN + OPEN + DERIVATIVES_B,
    (B, InstrumentClass.OPTION): OPEN[1:] + DERIVATIVES_B,
    (C, InstrumentClass.AUCTION_STOCK): NEW_PRE_OPEN + OPEN + AUCTION,
    (C, InstrumentClass.STOCK): NEW_PRE_OPEN + OPEN + CASH_B,
    (C, InstrumentClass.STOCK_FUTURE): NEW_PRE_OPEN + OPEN + DERIVATIVES_B,
    (C, InstrumentClass.INDEX_FUTURE): NEW_PRE_OPEN + OPEN + DERIVATIVES_B,
    (C, InstrumentClass.OPTION): OPEN[1:] + DERIVATIVES_B,
}


def clock(instant: Instant) -> str:
    return datetime_of(instant).strftime("%H:%M:%S")


def at(day: date, text: str) -> Instant:
    return instant_at(day, time.fromisoformat(text))


@pytest.mark.parametrize(("day", "kind"), EXPECTED)
def test_phase_changes_exactly_at_each_boundary_and_not_a_millisecond_earlier(
    day: date, kind: InstrumentClass
) -> None:
    today = trading_day(day, Session())
    before = ("CLOSED", "NOTHING")
    boundaries = [(at(day, row.split()[0]), row.split()[1], row.split()[2]) for row in EXPECTED[day, kind]]
    assert today.boundaries(kind) == tuple(instant for instant, _, _ in boundaries)
    for instant, phase, allowed in boundaries:
        earlier = instant - MILLISECOND
        assert (today.phase(kind, earlier), today.allowed(kind, earlier)) == before
        for later in (instant, instant + MILLISECOND):
            assert (today.phase(kind, later), today.allowed(kind, later)) == (phase, allowed)
        before = (phase, allowed)


@pytest.mark.parametrize("day", [A, B, C])
@pytest.mark.parametrize("kind", list(InstrumentClass))
def test_session_contains_its_open_and_not_its_close(day: date, kind: InstrumentClass) -> None:
    today = trading_day(day, Session())
    assert today.in_session(kind, today.open(kind))
    assert not today.in_session(kind, today.open(kind) - MILLISECOND)
    assert today.in_session(kind, today.close(kind) - MILLISECOND)
    assert not today.in_session(kind, today.close(kind))
    assert today.phase(kind, today.close(kind)) is not Phase.CONTINUOUS


@pytest.mark.parametrize(
    ("last_old", "first_new", "kind", "old", "new"),
    [
        (date(2026, 7, 31), B, InstrumentClass.AUCTION_STOCK, "15:30:00", "15:15:00"),
        (date(2026, 7, 31), B, InstrumentClass.STOCK, "15:30:00", "15:30:00"),
        (date(2026, 7, 31), B, InstrumentClass.OPTION, "15:30:00", "15:40:00"),
        (date(2026, 7, 31), B, InstrumentClass.STOCK_FUTURE, "15:30:00", "15:40:00"),
        (date(2026, 7, 31), B, InstrumentClass.INDEX_FUTURE, "15:30:00", "15:40:00"),
    ],
)
def test_a_regime_begins_on_its_own_first_day(
    last_old: date, first_new: date, kind: InstrumentClass, old: str, new: str
) -> None:
    before, after = trading_day(last_old, Session()), trading_day(first_new, Session())
    assert (clock(before.close(kind)), clock(after.close(kind))) == (old, new)


def test_futures_have_no_pre_open_before_december_2025() -> None:
    old, new = trading_day(date(2025, 12, 5), Session()), trading_day(date(2025, 12, 8), Session())
    for kind in FUTURES:
        assert old.phase(kind, at(old.day, "09:05")) is Phase.CLOSED
        assert new.phase(kind, at(new.day, "09:05")) is Phase.PRE_OPEN


@pytest.mark.parametrize("day", [A, B, C])
@pytest.mark.parametrize("kind", [kind for kind in InstrumentClass if kind is not InstrumentClass.INDEX])
def test_class_clock_has_the_documented_defaults(day: date, kind: InstrumentClass) -> None:
    today = trading_day(day, Session())
    auction = kind is InstrumentClass.AUCTION_STOCK
    assert clock(today.first_entry(kind)) == "09:30:00"
    assert clock(today.setup_entries_stop(kind)) == ("14:30:00" if auction else "14:40:00")
    assert clock(today.entries_stop(kind)) == ("14:45:00" if auction else "14:50:00")
    assert clock(today.flatten_start(kind)) == ("14:50:00" if auction else "15:00:00")
    assert clock(today.flat_by(kind)) == ("15:00:00" if auction else "15:10:00")
    last = {InstrumentClass.AUCTION_STOCK: "15:14:30", InstrumentClass.STOCK: "15:29:30"}
    derivative = "15:29:30" if day == A else "15:39:30"
    assert clock(today.last_order_time(kind)) == last.get(kind, derivative)


def ordered(today: TradingDay, kind: InstrumentClass) -> bool:
    return (
        today.setup_entries_stop(kind)
        <= today.entries_stop(kind)
        < today.flatten_start(kind)
        < today.flat_by(kind)
        < today.last_order_time(kind)
        < today.close(kind)
    )


@given(
    day=st.sampled_from([A, B, C]),
    kind=st.sampled_from(list(InstrumentClass)),
    last_entry=st.one_of(st.just("auto"), st.times(time(9, 16), time(23, 59))),
    flat_by=st.one_of(st.just("auto"), st.times(time(9, 16), time(23, 59))),
)
def test_settings_only_make_the_clock_earlier_and_never_break_its_order(
    day: date, kind: InstrumentClass, last_entry: object, flat_by: object
) -> None:
    default = trading_day(day, Session())
    session = Session.model_validate({"last_entry": last_entry, "flat_by": flat_by})
    today = trading_day(day, session)
    assert today.setup_entries_stop(kind) <= default.setup_entries_stop(kind)
    assert today.entries_stop(kind) <= default.entries_stop(kind)
    assert today.flatten_start(kind) <= default.flatten_start(kind)
    assert today.flat_by(kind) <= default.flat_by(kind)
    assert today.last_order_time(kind) == default.last_order_time(kind)
    assert ordered(today, kind)
    if isinstance(flat_by, time):
        assert today.flat_by(kind) == min(default.flat_by(kind), instant_at(day, flat_by))
    if isinstance(last_entry, time):
        assert today.setup_entries_stop(kind) <= instant_at(day, last_entry)


def test_an_earlier_flat_by_moves_the_whole_end_of_the_day() -> None:
    today = trading_day(A, Session.model_validate({"flat_by": "14:00"}))
    kind = InstrumentClass.OPTION
    assert clock(today.setup_entries_stop(kind)) == "13:30:00"
    assert clock(today.entries_stop(kind)) == "13:40:00"
    assert clock(today.flatten_start(kind)) == "13:50:00"


def test_a_special_session_is_observed_with_its_own_hours_and_nothing_enters() -> None:
    today = trading_day(date(2026, 2, 1), Session())
    assert today.observe_only
    assert "Budget" in today.note
    for kind in InstrumentClass:
        assert clock(today.open(kind)) == "09:15:00"
        assert today.setup_entries_stop(kind) == today.entries_stop(kind) == today.open(kind)
    muhurat = trading_day(date(2025, 10, 21), Session())
    assert clock(muhurat.open(InstrumentClass.STOCK)) == "13:45:00"
    assert muhurat.phase(InstrumentClass.STOCK, at(muhurat.day, "14:00")) is Phase.CONTINUOUS
    assert muhurat.phase(InstrumentClass.STOCK, at(muhurat.day, "10:00")) is Phase.CLOSED


def test_a_special_session_without_hours_asks_for_them() -> None:
    with pytest.raises(CalendarError, match=r"hours of the special session on 2026-11-08.*calendar\.toml"):
        trading_day(date(2026, 11, 8), Session())


def test_an_invented_regime_needs_data_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    schedule = "\n".join(
        f'{kind} = [["09:15", "CONTINUOUS", "ALL"], ["15:20", "CLOSING_AUCTION", "ORDER_ENTRY"],'
        f' ["15:45", "CLOSED", "NOTHING"]]'
        for kind in InstrumentClass
    )
    (home / "calendar.toml").write_text(
        f'circular = "NSE/CMTR/1"\n[[regime]]\nvalid_from = 2026-12-07\nsource = "invented"\n'
        f"[regime.schedule]\n{schedule}\n"
    )
    calendar: Calendar = load_calendar(home)
    before = trading_day(date(2026, 12, 4), Session(), calendar)
    after = trading_day(date(2026, 12, 7), Session(), calendar)
    for kind in InstrumentClass:
        assert clock(after.close(kind)) == "15:20:00"
        assert after.allowed(kind, at(after.day, "15:30")) is Allowed.ORDER_ENTRY
        assert after.last_order_time(kind) <= after.close(kind) - 30 * SECOND
        assert ordered(after, kind)
    assert clock(before.close(InstrumentClass.OPTION)) == "15:40:00"


@given(st.integers(-60 * 24, 60 * 48), st.sampled_from(list(InstrumentClass)))
def test_other_dates_are_closed(minutes: int, kind: InstrumentClass) -> None:
    today = trading_day(A, Session())
    instant = at(A, "00:00") + minutes * MINUTE
    if datetime_of(instant).date() != A:
        assert today.phase(kind, instant) is Phase.CLOSED
        assert today.allowed(kind, instant) is Allowed.NOTHING
