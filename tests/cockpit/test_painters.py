"""Whatever a view holds, each painter fills exactly its cells and never raises."""

import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.screens.auction import paint_auction
from cockpit.screens.help import paint_help
from cockpit.screens.instruments import choices_of, paint_about, paint_choices
from cockpit.screens.performance import paint_report
from cockpit.screens.preflight import paint_preflight
from cockpit.state.actions import KeyScope
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.model import Model, Notice
from cockpit.widgets.events import paint_alerts, paint_banner, paint_events
from cockpit.widgets.footer import paint_footer
from cockpit.widgets.gauges import paint_performance, paint_risk, performance_line
from cockpit.widgets.header import paint_band, paint_money
from cockpit.widgets.orders import paint_orders
from cockpit.widgets.positions import paint_positions, paint_selected
from cockpit.widgets.sections import Section, share_rows
from cockpit.widgets.signals import paint_signals, waiting_line
from cockpit.widgets.tiny import paint_tiny
from cockpit.widgets.watchlist import paint_watchlist
from engine.contract.views import LatchView, ScreenView, Severity, StopStatus
from tests.cockpit.painted import any_view, check, plain, sizes, things, words
from tests.cockpit.pictured_checks import FOUND
from tests.cockpit.pictures import picture, with_missing_stop


@given(things(ScreenView), sizes)
@any_view
def test_every_section_takes_any_view(view: ScreenView, size: tuple[int, int]) -> None:
    width, height = size
    chosen = view.watchlist[0].key if view.watchlist else None
    check(paint_watchlist(view.watchlist, chosen, width, height), width, height)
    check(paint_signals(view.signals, width, height), width, height)
    waiting = waiting_line(view.signals, width)
    check([] if waiting is None else [waiting], width)
    check(paint_positions(view.positions, width, height), width, height)
    check(paint_selected(view.positions[0] if view.positions else None, "X", width, height), width, height)
    check(paint_orders(view.orders, width, height), width, height)
    check(paint_risk(view.risk, width, height), width, height)
    check(paint_performance(view.performance, width, height), width, height)
    check([performance_line(view.performance, width)], width)
    check(paint_events(view.events, width, height), width, height)
    check(paint_report(view, width), width)
    check(paint_preflight(view, width), width)
    check(paint_auction(view, None, width), width)
    check(paint_auction(view, view.watchlist[0] if view.watchlist else None, width), width)
    check(paint_about(view, "x" * 90, width), width)
    check(paint_choices(choices_of(view, "NIFTY", FOUND), 3, width, height), width, height)
    check(paint_choices(choices_of(view, "", None), 0, width, height), width, height)


@given(things(ScreenView), sizes, st.sampled_from([None, 4]), st.booleans())
@any_view
def test_every_line_of_the_frame_takes_any_view(
    view: ScreenView, size: tuple[int, int], silent: int | None, ended: bool
) -> None:
    width, height = size
    model = Model(view=view, notice=Notice("x\x1b[2J", Severity.WARNING, 1))
    check([paint_band(view, width, silent=silent, ended=ended)], width)
    check([paint_money(view, width)], width)
    tiny = Model(view=view, notice=model.notice, ended="gone" if ended else None)
    check(paint_tiny(tiny, width, height, silent=silent), width, max(1, height))
    check([paint_alerts(model, width)], width)
    check([paint_alerts(model, width, silent=7)], width)
    check([paint_footer(model, width, KeyScope.TRADE, KeyScope.EVERYWHERE)], width)
    check(paint_banner(view.latch, "gone" if ended else None, width), width)


@given(st.integers(1, 210))
def test_help_takes_any_width(width: int) -> None:
    check(paint_help(width), width)


@given(things(LatchView | None), st.one_of(st.none(), words), st.integers(1, 210))
@any_view
def test_the_banner_is_two_lines_or_none(latch: LatchView | None, ended: str | None, width: int) -> None:
    lines = paint_banner(latch, ended, width)
    for guard in FlattenGuard:
        check(paint_banner(latch, "gone", width, guard), width)
    assert len(lines) == (0 if latch is None and ended is None else 2)
    check(lines, width)


def test_a_narrow_banner_still_says_what_is_left_and_why() -> None:
    why = "the broker cannot be asked: no answer · last refusal: price outside the band"
    latch = LatchView("STUCK", 0, "keyboard", "kill key", f"1 position, 1 order left · {why}")
    wide, narrow = plain(paint_banner(latch, None, 200)), plain(paint_banner(latch, None, 80))
    assert "cockpit rearm" in wide
    for told in (wide, narrow):
        assert "KILL STUCK" in told
        assert "1 position, 1 order left" in told
        assert why in told


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30), st.integers(0, 3)), max_size=6),
    st.integers(-1, 60),
)
def test_sections_share_the_rows_fairly(appetites: list[tuple[int, int, int]], height: int) -> None:
    sections = [Section(lambda _, __: [], *appetite) for appetite in appetites]
    rows = share_rows(sections, height)
    assert sum(rows) <= max(0, height)
    for section, given_rows in zip(sections, rows, strict=True):
        assert given_rows == 0 or section.minimum <= given_rows <= max(section.minimum, section.wanted)


OUTSIDE: typing.Final = msgspec.structs.replace(
    picture().positions[0], external=True, since=0, stop=None, stop_state=StopStatus.MISSING
)
"""What the broker holds beyond our own trades."""


def test_a_missing_stop_comes_first_and_is_named_even_in_one_line() -> None:
    rows = with_missing_stop(picture()).positions
    for height in (3, 5, 7):
        text = plain(paint_positions(rows, 48, height))
        assert "KAVERI" in text.splitlines()[1]
        assert "MISSING" in text


@pytest.mark.parametrize("width", [46, 51, 68, 79])
def test_when_a_position_was_entered_is_not_read_as_the_time_of_its_mark(width: int) -> None:
    told = plain(paint_positions(picture().positions, width, 12))
    assert "mark 1,512.10" in told
    assert "since 11:40" in told
    assert "since 05:30" not in plain(paint_positions((OUTSIDE,), width, 12))


@pytest.mark.parametrize("width", [46, 51, 68, 79])
@pytest.mark.parametrize(("filled", "quantity"), [(23, 664), (1_023, 4_664)])
def test_what_was_filled_and_the_state_come_before_the_time_and_the_type(
    filled: int, quantity: int, width: int
) -> None:
    rows = tuple(
        msgspec.structs.replace(row, filled=filled, quantity=quantity) if row.state == "CANCELLED" else row
        for row in picture().orders
    )
    told = plain(paint_orders(rows, width, 12))
    assert f"{filled:,}/{quantity:,}" in told
    assert "CANCELLED" in told
    roomy = plain(paint_orders(picture().orders, max(width, 51), 12))
    assert roomy.count("11:40") == len(rows)


@pytest.mark.parametrize(
    ("symbol", "quantity", "price", "stop", "risk", "told"),
    [
        ("AROVEN", 951, 102_490, 102_920, 408_900, "AROVEN 951 @ 1,024.90"),
        ("MAXHEALTH", 1_951, 102_490, 102_920, 838_900, " 1,951 @ 1,024.90"),
        ("BANKNIFTY 59000 CE 30 DEC 25", 105, 31_240, 29_010, 234_100, "59000CE 105 @ 312.40"),
        ("PRESTIGE", 91, 1_234_500, 1_239_500, 455_000, " 91 @ 12,345.00"),
    ],
)
def test_what_waits_is_told_with_its_risk_in_the_smallest_window(
    symbol: str, quantity: int, price: int, stop: int, risk: int, told: str
) -> None:
    card = msgspec.structs.replace(
        picture().signals[0], symbol=symbol, quantity=quantity, price=price, stop=stop, risk=risk
    )
    line = waiting_line((card,), 79)
    assert line is not None
    text = plain([line])
    assert told in text
    assert f"stop {stop // 100:,}.{stop % 100:02d}" in text
    assert f"risk {risk // 100:,}" in text
    assert "enter" in text
    assert "8 s" in text
    wide = waiting_line((card,), 140)
    assert wide is not None
    assert "enter takes · x declines · 8 s" in plain([wide])
    assert "target 2,830.00" in plain([wide])


@pytest.mark.parametrize("state", ["STALE", "ONE-SIDED", "LOCKED"])
@pytest.mark.parametrize("width", [40, 48, 60])
def test_a_result_that_is_no_price_of_now_says_so_beside_the_figure(state: str, width: int) -> None:
    row = msgspec.structs.replace(
        picture().positions[0], mark_quality=state, mark_age_ms=12_400, pnl_at_stop=-1_108_600
    )
    first, *_ = plain(paint_positions((row,), width, 4)).split("MERIDIAN")[1:]
    assert state in first.splitlines()[0]
    assert f"{state} 12 s" in plain(paint_positions((row,), width, 4))
    assert state in plain(paint_positions((row,), width, 2))
    if state != "LOCKED" and width >= 48:
        assert "at stop −11,086" in plain(paint_positions((row,), width, 4))


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_strip_says_what_the_open_result_is_marked_at_and_what_the_stops_would_leave(width: int) -> None:
    view = picture()
    header = msgspec.structs.replace(view.header, marks="STALE", marks_age_ms=12_400, at_stops=-1_108_600)
    text = plain([paint_money(msgspec.structs.replace(view, header=header), width)])
    assert "STALE 12 s · at stops −11,086" in text
    assert "STALE" not in plain([paint_money(view, width)])


@pytest.mark.parametrize("width", [36, 44, 60])
def test_the_risk_panel_shows_the_accounts_limit_and_what_it_counts_as_ours_and_outside(width: int) -> None:
    risk = msgspec.structs.replace(
        picture().risk,
        day_result=-234_500,
        account_result=-1_234_500,
        account_limit=5_000_000,
        outside=-1_000_000,
        external_result=-400_000,
    )
    text = plain(paint_risk(risk, width, 20))
    assert "account" in text
    assert "25 %" in text
    assert "−2,345 + −10,000" in text
    gained = msgspec.structs.replace(risk, outside=0, external_result=700_000, account_result=-234_500)
    if width >= 44:
        # Where there is no room for both, a gain that does not count is what gives way.
        assert "(of +7,000)" in plain(paint_risk(gained, width, 20))
    stopped = msgspec.structs.replace(risk, stopped_for_day=True, stopped_by="account loss limit")
    assert "STOPPED FOR THE DAY: account loss limit" in plain(paint_risk(stopped, 60, 20))
    assert "ours + outside" not in plain(paint_risk(picture().risk, width, 20))
