from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import SessionSettings
from engine.market.calendar import Allowed, Calendar, CalendarError, Phase, load_calendar
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, datetime_of, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.session import TradingDay, trading_day
from engine.market.square_off import square_off_times

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
    today = trading_day(day, SessionSettings())
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
    today = trading_day(day, SessionSettings())
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
    before, after = trading_day(last_old, SessionSettings()), trading_day(first_new, SessionSettings())
    assert (clock(before.close(kind)), clock(after.close(kind))) == (old, new)


def test_futures_have_no_pre_open_before_december_2025() -> None:
    old, new = (
        trading_day(date(2025, 12, 5), SessionSettings()),
        trading_day(date(2025, 12, 8), SessionSettings()),
    )
    for kind in FUTURES:
        assert old.phase(kind, at(old.day, "09:05")) is Phase.CLOSED
        assert new.phase(kind, at(new.day, "09:05")) is Phase.PRE_OPEN


@pytest.mark.parametrize("day", [A, B, C])
@pytest.mark.parametrize("kind", [kind for kind in InstrumentClass if kind is not InstrumentClass.INDEX])
def test_class_clock_has_the_documented_defaults(day: date, kind: InstrumentClass) -> None:
    today = trading_day(day, SessionSettings())
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
    default = trading_day(day, SessionSettings())
    session = SessionSettings.model_validate({"last_entry": last_entry, "flat_by": flat_by})
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
    today = trading_day(A, SessionSettings.model_validate({"flat_by": "14:00"}))
    kind = InstrumentClass.OPTION
    assert clock(today.setup_entries_stop(kind)) == "13:30:00"
    assert clock(today.entries_stop(kind)) == "13:40:00"
    assert clock(today.flatten_start(kind)) == "13:50:00"


NOTE = "cash 15:15, F&O 15:25; the broker's page of 14 Dec 2025"


def noted(note: str = NOTE, day: date = A, **clocks: str) -> TradingDay:
    return trading_day(day, SessionSettings.model_validate({"broker_squareoff": note, **clocks}))


def test_a_dated_square_off_lets_the_end_of_the_day_be_later_up_to_five_minutes_before_it() -> None:
    later = noted(flat_by="15:18")
    assert clock(later.flat_by(InstrumentClass.OPTION)) == "15:18:00"
    assert clock(later.flatten_start(InstrumentClass.OPTION)) == "15:08:00"
    assert clock(later.entries_stop(InstrumentClass.OPTION)) == "14:58:00"
    assert clock(later.setup_entries_stop(InstrumentClass.OPTION)) == "14:48:00"
    assert clock(later.flat_by(InstrumentClass.STOCK)) == "15:10:00"
    assert clock(noted(flat_by="15:29").flat_by(InstrumentClass.OPTION)) == "15:20:00"


@pytest.mark.parametrize(
    "note",
    ["", "ACCEPTED", "15:25", "F&O 15:25", "F&O 15:25 as of 14 Dec 2025", "the broker's page of 14 Dec 2025"],
)
def test_without_a_dated_square_off_no_clock_time_is_later_than_the_default(note: str) -> None:
    kind = InstrumentClass.OPTION
    today = noted(note, flat_by="15:18", last_entry="15:00")
    assert (clock(today.flat_by(kind)), clock(today.setup_entries_stop(kind))) == ("15:10:00", "14:40:00")


def test_a_dated_square_off_lets_setups_enter_as_late_as_the_trader_and_no_later() -> None:
    kind = InstrumentClass.OPTION
    assert clock(noted(last_entry="14:45").setup_entries_stop(kind)) == "14:45:00"
    assert clock(noted(last_entry="15:05").setup_entries_stop(kind)) == "14:50:00"
    assert clock(noted(last_entry="15:05", flat_by="15:20").setup_entries_stop(kind)) == "15:00:00"


def test_nothing_is_later_than_the_end_of_continuous_trading() -> None:
    note = "15:45; the broker's page of 14 Dec 2025"
    auction = noted(note, C, flat_by="15:40")
    assert clock(auction.flat_by(InstrumentClass.AUCTION_STOCK)) == "15:13:30"
    assert clock(auction.flat_by(InstrumentClass.OPTION)) == "15:38:30"


def test_the_wishes_in_force_leave_a_later_end_where_it_is_and_still_make_it_earlier() -> None:
    kind = InstrumentClass.OPTION
    today = noted(flat_by="15:18", last_entry="14:55")
    same = today.earlier(time(15, 18), time(14, 55))
    assert (same.flat_by(kind), same.setup_entries_stop(kind)) == (
        today.flat_by(kind),
        today.setup_entries_stop(kind),
    )
    assert clock(today.earlier(time(15, 0), None).setup_entries_stop(kind)) == "14:30:00"


@given(
    day=st.sampled_from([A, B, C]),
    kind=st.sampled_from(list(InstrumentClass)),
    last_entry=st.one_of(st.just("auto"), st.times(time(9, 16), time(23, 59))),
    flat_by=st.one_of(st.just("auto"), st.times(time(9, 30), time(23, 59))),
    broker=st.times(time(15, 15), time(15, 59)),
)
def test_a_later_end_never_breaks_the_order_of_the_day_and_lies_well_before_the_square_off(
    day: date, kind: InstrumentClass, last_entry: object, flat_by: object, broker: time
) -> None:
    note = f"{broker:%H:%M}; the broker's page of 14 Dec 2025"
    session = SessionSettings.model_validate(
        {"last_entry": last_entry, "flat_by": flat_by, "broker_squareoff": note}
    )
    today = trading_day(day, session)
    assert ordered(today, kind)
    assert today.flat_by(kind) + 5 * MINUTE <= instant_at(day, time(broker.hour, broker.minute))


@pytest.mark.parametrize(
    ("note", "cash", "derivatives"),
    [
        (NOTE, "15:15", "15:25"),
        ("15:15 cash, 15:25 F&O; broker's page of 11 Sep 2026", "15:15", "15:25"),
        ("equity 15.15 F&O 15.25 (help page, 02/11/2026)", "15:15", "15:25"),
        ("3:15 pm cash and 3:25 pm futures and options, help page, 2 Nov 2026", "15:15", "15:25"),
        ("15:20, support chat 2026-11-02", "15:20", "15:20"),
        ("15:20 or 15:12, support chat 2026-11-02", "15:12", "15:12"),
        ("options 15:25, cash 15:12, support chat 2026-11-02", "15:12", "15:25"),
    ],
)
def test_a_note_of_the_square_off_is_read_for_each_class(note: str, cash: str, derivatives: str) -> None:
    times = square_off_times(note)
    assert f"{times[InstrumentClass.STOCK]:%H:%M}" == cash
    assert f"{times[InstrumentClass.AUCTION_STOCK]:%H:%M}" == cash
    assert f"{times[InstrumentClass.OPTION]:%H:%M}" == derivatives


def test_a_class_that_a_note_leaves_out_is_taken_to_be_squared_off_with_the_earliest() -> None:
    times = square_off_times("F&O 15:25, options 15:12, support chat 2026-11-02")
    assert f"{times[InstrumentClass.STOCK]:%H:%M}" == "15:12"
    assert f"{times[InstrumentClass.INDEX_FUTURE]:%H:%M}" == "15:25"


def test_a_special_session_is_observed_with_its_own_hours_and_nothing_enters() -> None:
    today = trading_day(date(2026, 2, 1), SessionSettings())
    assert today.observe_only
    assert "Budget" in today.note
    for kind in InstrumentClass:
        assert clock(today.open(kind)) == "09:15:00"
        assert today.setup_entries_stop(kind) == today.entries_stop(kind) == today.open(kind)
    muhurat = trading_day(date(2025, 10, 21), SessionSettings())
    assert clock(muhurat.open(InstrumentClass.STOCK)) == "13:45:00"
    assert muhurat.phase(InstrumentClass.STOCK, at(muhurat.day, "14:00")) is Phase.CONTINUOUS
    assert muhurat.phase(InstrumentClass.STOCK, at(muhurat.day, "10:00")) is Phase.CLOSED


def test_a_special_session_without_hours_asks_for_them() -> None:
    with pytest.raises(CalendarError, match=r"hours of the special session on 2026-11-08.*calendar\.toml"):
        trading_day(date(2026, 11, 8), SessionSettings())


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
    before = trading_day(date(2026, 12, 4), SessionSettings(), calendar)
    after = trading_day(date(2026, 12, 7), SessionSettings(), calendar)
    for kind in InstrumentClass:
        assert clock(after.close(kind)) == "15:20:00"
        assert after.allowed(kind, at(after.day, "15:30")) is Allowed.ORDER_ENTRY
        assert after.last_order_time(kind) <= after.close(kind) - 30 * SECOND
        assert ordered(after, kind)
    assert clock(before.close(InstrumentClass.OPTION)) == "15:40:00"


@given(st.integers(-60 * 24, 60 * 48), st.sampled_from(list(InstrumentClass)))
def test_other_dates_are_closed(minutes: int, kind: InstrumentClass) -> None:
    today = trading_day(A, SessionSettings())
    instant = at(A, "00:00") + minutes * MINUTE
    if datetime_of(instant).date() != A:
        assert today.phase(kind, instant) is Phase.CLOSED
        assert today.allowed(kind, instant) is Allowed.NOTHING
