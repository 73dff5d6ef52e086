"""Whatever a view holds, each painter fills exactly its cells and never raises."""

import types
import typing
from enum import Enum
from functools import cache

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.screens.auction import INFERRED, paint_auction
from cockpit.screens.help import paint_help
from cockpit.screens.instruments import choices_of, paint_about, paint_choices
from cockpit.screens.performance import paint_report
from cockpit.screens.preflight import paint_preflight
from cockpit.state.actions import KeyScope
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.model import Model, Notice
from cockpit.text.lines import Line
from cockpit.text.theme import STYLES
from cockpit.widgets.events import paint_alerts, paint_banner, paint_events
from cockpit.widgets.footer import paint_footer
from cockpit.widgets.gauges import paint_performance, paint_risk, performance_line
from cockpit.widgets.header import paint_band, paint_money
from cockpit.widgets.ladder import MARK_ORDER, marks_text, paint_book, paint_head, paint_rows
from cockpit.widgets.orders import paint_orders
from cockpit.widgets.positions import paint_positions, paint_selected
from cockpit.widgets.sections import Section, share_rows
from cockpit.widgets.signals import paint_signals, waiting_line
from cockpit.widgets.tiny import paint_tiny
from cockpit.widgets.viewport import Viewport, look
from cockpit.widgets.watchlist import paint_watchlist
from engine.contract.auction_views import (
    AuctionView,
    NamedView,
)
from engine.contract.views import LadderView, LatchView, PreflightView, ScreenView, Severity, StopStatus
from tests.cockpit.pictures import AUCTION, CHECKS, FOUND, ladder, picture, with_broker, with_missing_stop

Strategy = st.SearchStrategy[typing.Any]

words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["LIVE", "STALE", "AUTO", "PAUSED by you", "replay", "waiting for you", "FLAT", ""]),
)


@cache
def things(kind: typing.Any) -> Strategy:  # noqa: ANN401 - types, unions and None alike
    """Build any value of a view's type, hostile ones included."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(things(argument) for argument in arguments))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(things(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(things(arguments[0]), max_size=3).map(tuple)
    if kind is int:
        return st.one_of(st.integers(-(2**53), 2**53), st.integers(-200, 200_000))
    if kind is float:
        return st.one_of(st.floats(), st.floats(-5, 5))
    if kind is str:
        return words
    if kind is bool:
        return st.booleans()
    if kind is type(None):
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    fields = typing.get_type_hints(kind)
    return st.builds(kind, **{name: things(hint) for name, hint in fields.items()})


sizes = st.tuples(st.integers(1, 210), st.integers(0, 50))
any_view = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


def check(lines: list[Line], width: int, height: int | None = None) -> None:
    if height is not None:
        assert len(lines) <= height
    for line in lines:
        text = "".join(part for part, _ in line)
        assert len(text) == cell_len(text) == width
        assert text.isprintable()
        assert {style for _, style in line} <= {"", *STYLES}


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


@given(things(LadderView), sizes, st.integers(-10, 300_000))
@any_view
def test_the_ladder_takes_any_profile(profile: LadderView, size: tuple[int, int], top: int) -> None:
    width, height = size
    sight, viewport = look(profile, Viewport(profile.key, profile.row or 0, top), height)
    assert len(sight.rows) in (0, height)
    check(paint_head(profile, None, sight, viewport, width, 5), width, 5)
    check(paint_head(profile, None, sight, viewport, width, 3), width, 3)
    check(paint_rows(profile, sight, width), width, max(height, 0))
    check(paint_book(sight, 14), 14, max(height, 0))


@given(things(AuctionView), st.integers(1, 210))
@any_view
def test_the_page_of_the_auction_takes_any_auction(auction: AuctionView, width: int) -> None:
    check(paint_auction(msgspec.structs.replace(picture(), auction=auction), None, width), width)


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


@given(st.permutations(MARK_ORDER), st.integers(0, 10), st.integers(4, 16))
def test_the_most_important_mark_is_always_named(marks: list[str], count: int, width: int) -> None:
    chosen = tuple(marks[:count])
    text = marks_text(chosen, width)
    assert len(text) == width
    if chosen:
        first = min(chosen, key=MARK_ORDER.index)
        assert text.startswith({"HIGH": "H", "LOW": "L", "OPEN": "O"}.get(first, first))


@pytest.mark.parametrize(
    ("width", "shown"), [(12, "POC~·VAH·L~ "), (9, "POC~·VAH+"), (5, "POC~+"), (4, "POC~")]
)
def test_an_estimated_mark_keeps_its_place_and_its_sign(width: int, shown: str) -> None:
    assert marks_text(("LOW~", "VAH", "POC~"), width) == shown


OUTSIDE: typing.Final = msgspec.structs.replace(
    picture().positions[0], external=True, since=0, stop=None, stop_state=StopStatus.MISSING
)
"""What the broker holds beyond our own trades."""


def plain(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


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


def test_a_row_names_price_marks_letters_and_our_own_level() -> None:
    profile = ladder()
    sight, _ = look(profile, Viewport(), 62)
    text = plain(paint_rows(profile, sight, 70)).splitlines()
    poc = next(line for line in text if "POC" in line)
    assert "1,526" in poc
    assert "┃BCDEFGHI" in poc
    last = next(line for line in text if line.startswith("▸"))
    assert "1,512" in last
    assert any("◀ stop 1,527.00" in line and "1,528" in line for line in text)


def test_the_value_area_edge_stands_at_exactly_the_rows_in_value() -> None:
    profile = ladder()
    sight, _ = look(profile, Viewport(), 62)
    lines = paint_rows(profile, sight, 70)
    for row, line in zip(sight.rows, lines, strict=True):
        assert row is not None
        assert ("┃" in plain([line])) == row.in_value


def test_the_heading_states_rule_row_ties_and_quality() -> None:
    profile = ladder()
    sight, viewport = look(profile, Viewport(), 10)
    text = plain(paint_head(profile, None, sight, viewport, 100, 5))
    assert "row ₹2 · dual 70 % · 2 POC ties · PARTIAL from 09:32" in text
    assert "POC 1,526.00" in text


def test_an_unknown_true_range_is_told_before_what_is_merely_good_to_know() -> None:
    profile = msgspec.structs.replace(ladder(), atr=None)
    sight, viewport = look(profile, Viewport(), 10)
    assert "ATR ?" in plain(paint_head(profile, None, sight, viewport, 72, 5))


def test_an_initial_balance_that_nobody_saw_is_unknown_and_not_forming() -> None:
    profile = msgspec.structs.replace(ladder(), ib_low=None, ib_high=None, ib_complete=False)
    sight, viewport = look(profile, Viewport(), 10)
    text = plain(paint_head(profile, None, sight, viewport, 100, 5))
    assert "IB ?" in text
    assert "forming" not in text


def test_undefined_figures_are_dashes_and_never_zero() -> None:
    empty = msgspec.structs.replace(
        picture().performance,
        trades=0,
        wins=0,
        win_rate=None,
        profit_factor=None,
        max_drawdown=None,
        expectancy_r=None,
    )
    text = plain(paint_performance(empty, 30, 7))
    assert text.count("–") == 5


def test_a_calibrated_result_stands_beside_the_net_one_and_only_where_one_is_measured() -> None:
    figures = picture().performance
    assert "calibrated" not in plain(paint_report(picture(), 120))
    by = "the same with 12 fired stops filled as in live: stock +0.031 % by 41 live fills"
    shown = msgspec.structs.replace(figures, calibrated=2_301_100, calibrated_by=by)
    text = plain(paint_report(msgspec.structs.replace(picture(), performance=shown), 160))
    assert "21,643" in text
    assert "23,011" in text
    assert by in text
    none = msgspec.structs.replace(
        figures, calibrated_by="no figure before 30 stops of a class have fired in live"
    )
    row = plain(paint_report(msgspec.structs.replace(picture(), performance=none), 160)).partition(
        "calibrated"
    )[2]
    assert row.split()[0] == "–"


@pytest.mark.parametrize("width", [58, 63, 74, 110, 200])
def test_every_check_is_told_whole_in_words_and_signs_at_any_width(width: int) -> None:
    lines = paint_preflight(with_broker(picture(), "live"), width)
    words = " ".join(plain(lines).split())
    assert "…" not in words
    for row in CHECKS:
        sign = {"GO": "✓ GO", "WARN": "! WARN", "NO-GO": "✗ NO-GO"}[row.state]
        assert f"{sign} {row.name} {row.figure} {row.reason}".strip() in words
    assert "NO-GO live at 09:02:11 IST · 20 GO, 1 WARN, 2 NO-GO" in words
    assert "What says no: static IP, watchlist MERIDAN." in words


def test_the_checks_say_go_that_they_run_and_that_they_were_never_made() -> None:
    view = with_broker(picture(), good=True)
    text = plain(paint_preflight(view, 100))
    assert " GO   paper at 09:02:11 IST · 20 GO, 1 WARN" in text
    assert "says no" not in text
    assert "paused" not in text
    assert "CHECKING NOW" in plain(paint_preflight(with_broker(picture(), running=True), 100))
    for running, says in ((True, "The checks are being made …"), (False, "have not been made yet")):
        never = PreflightView(go=False, time=0, checks=(), running=running)
        assert says in plain(paint_preflight(msgspec.structs.replace(view, preflight=never), 100))


@pytest.mark.parametrize("width", [58, 74, 110, 200])
def test_checks_made_by_another_clock_than_the_headers_say_so(width: int) -> None:
    view = with_broker(picture(), "live")
    assert view.preflight is not None
    assert "clock" not in plain(paint_preflight(view, width)).split("CONNECTIVITY")[0]
    other = msgspec.structs.replace(view.preflight, by_machine=True)
    told = plain(paint_preflight(msgspec.structs.replace(view, preflight=other), width))
    assert "at 09:02:11 IST (by this machine's clock)" in told
    assert "20 GO, 1 WARN, 2 NO-GO" in told


def test_a_world_without_a_broker_has_nothing_to_check_and_says_what_would_be() -> None:
    text = plain(paint_preflight(picture(), 100))
    assert "This is replay: no account and no broker, so nothing has to be checked." in text
    assert "NO-GO" not in text
    assert "the feed's handshake" in text


@pytest.mark.parametrize("width", [74, 114])
def test_every_figure_of_the_record_is_explained_whole(width: int) -> None:
    words = " ".join(plain(paint_report(picture(), width)).split())
    assert "…" not in words
    for meaning in (
        "no figure before two days",
        "earlier high",
        "units of its initial risk",
        "without a loss",
    ):
        # A wrapped meaning goes on in the next line, beside nothing else.
        assert meaning in words


def test_what_keeps_an_instrument_from_trading_is_told_before_lot_and_place() -> None:
    row = msgspec.structs.replace(
        picture().watchlist[7],
        symbol="BANKNIFTY 59000 CE 30 DEC 25",
        detail="lot 35 · exp 15d · no price band",
        quality="LIVE",
    )
    told = plain(paint_watchlist((row,), None, 33, 5))
    assert "BAN" in told
    assert "59000CE" in told
    assert "exp 15d · no price band" in told
    assert "lot" not in told
    pre_open = msgspec.structs.replace(row, detail="ind 1,512.00×12,340 gap +0.4% · lot 35 · exp 15d")
    assert "ind 1,512.00 gap +0.4%" in plain(paint_watchlist((pre_open,), None, 30, 5))


def test_a_heading_too_narrow_for_the_quote_shows_no_half_of_it() -> None:
    profile = msgspec.structs.replace(ladder(), symbol="BANKNIFTY 59000 CE 30 DEC 25")
    sight, viewport = look(profile, Viewport(), 10)
    for width in range(40, 110):
        first, *_, names = plain(paint_head(profile, None, sight, viewport, width, 5)).splitlines()
        assert ("bid" in first) == ("ask" in first)
        assert set(names.replace("▼", "▲").split("▲")[0].split()) <= {
            "bid",
            "ask",
            "price",
            "marks",
            "TPO",
            "volume",
            "~delta",
        }


@pytest.mark.parametrize("symbol", ["BANKNIFTY 59000 CE 30 DEC 25", "NIFTY 25900 CE 18 AUG 26", "MERIDIAN"])
def test_a_heading_drops_the_change_before_the_quote(symbol: str) -> None:
    profile = msgspec.structs.replace(ladder(), symbol=symbol)
    sight, viewport = look(profile, Viewport(), 10)
    for width in (72, 73, 80, 100):
        first = plain(paint_head(profile, None, sight, viewport, width, 5)).splitlines()[0]
        assert symbol in first
        assert "1,512.00" in first
        assert "bid 1,511.90  ask 1,512.10" in first
        assert "−36.00" in first or "%" not in first
        assert "−36.00 −2.33 %" in first or width < 100


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


def test_a_record_below_a_hundred_trades_is_called_unproven() -> None:
    def page(trades: int) -> str:
        view = picture()
        figures = msgspec.structs.replace(view.performance, trades=trades, sharpe_days=60)
        return plain(paint_report(msgspec.structs.replace(view, performance=figures), 120))

    assert "99 trades prove little: read every figure as unproven below 100, " in page(99)
    assert "UNPROVEN" in page(99)
    assert "unproven" not in page(100).lower()


def test_a_sharpe_ratio_below_sixty_days_is_called_unproven_however_many_trades_there_are() -> None:
    view = picture()
    for days, unproven in ((59, True), (60, False)):
        figures = msgspec.structs.replace(
            view.performance, trades=500, sharpe=1.2, sharpe_error=2.06, sharpe_days=days
        )
        text = plain(paint_report(msgspec.structs.replace(view, performance=figures), 120))
        assert ("UNPROVEN; ± 2.06 (standard error)" in text) is unproven


def told(auction: AuctionView | None, width: int) -> str:
    """Return the page's words as they are read: one after another, the joints of the lines gone."""
    view = msgspec.structs.replace(picture(), auction=auction)
    return " ".join(plain(paint_auction(view, None, width)).replace("·", " ").split())


@pytest.mark.parametrize("width", [44, 63, 78, 80, 118, 200])
def test_every_word_of_the_auction_is_told_at_any_width(width: int) -> None:
    page = told(AUCTION, width)
    assert "…" not in page
    for reading in (AUCTION.day_type, AUCTION.open_type):
        assert reading.name in page
        for text in reading.evidence:
            assert text in page
    assert "would be overturned by: becomes NEUTRAL at 1556.00 or higher" in page
    assert INFERRED in page
    assert "LR-prev −28,805 between −78,365 and +16,415: no sign" in page
    assert "same −78,365 tick +16,415" in page
    assert AUCTION.order_flow is not None
    assert "buyers 23,897 of 25,611 at 1,556.00" in page
    assert "11:25 sellers 4 rows 1,502.00–1,508.00" in page
    assert "2 earlier" in page
    assert f"weak because {AUCTION.value_weak}" in page
    assert "down 6.40, 100.0 % of it traded back" in page
    for one in AUCTION.acceptance:
        assert f"{one.level} {one.state}" in page
    for level in AUCTION.levels:
        assert f"{level.price / 100:,.2f} {level.quality} {level.provenance} {level.note}".strip() in page


def test_the_last_price_stands_among_the_levels() -> None:
    lines = plain(paint_auction(picture(), None, 80)).splitlines()
    names = [
        line.split()[0]
        for line in lines[lines.index(next(x for x in lines if "LEVELS" in x)) :]
        if line.strip()
    ]
    assert names.index("▸last") == names.index("VWAP-2σ") - 1


def test_a_band_without_0_names_the_side_and_no_trade_no_figure() -> None:
    flow = AUCTION.order_flow
    assert flow is not None
    bought = msgspec.structs.replace(flow, delta=500, low=100, high=900)
    page = told(msgspec.structs.replace(AUCTION, order_flow=bought), 80)
    assert "LR-prev +500 between +100 and +900: buyers under every rule" in page
    assert "no sign" not in page
    untraded = told(msgspec.structs.replace(AUCTION, order_flow=None, levels=()), 80)
    assert "nothing has traded yet" in untraded
    assert "none is known yet" in untraded


def test_the_auction_of_another_instrument_is_not_shown() -> None:
    view, other = picture(), picture().watchlist[1]
    page = plain(paint_auction(view, other, 80))
    assert "KAVERI · waiting for its auction" in page
    assert "DAY TYPE" not in page
    assert "waiting for its auction" in told(None, 80)
    assert "the engine has not spoken yet" in plain(paint_auction(None, None, 80))


def test_an_inferred_delta_says_so_in_its_heading() -> None:
    profile = ladder()
    sight, viewport = look(profile, Viewport(), 10)
    wide = plain(paint_head(profile, None, sight, viewport, 118, 5)).splitlines()[-1]
    assert "~delta" in wide.split()
    assert "+" in plain(paint_rows(profile, sight, 104))


def test_what_is_not_known_of_the_auction_says_why_and_is_not_called_developing() -> None:
    unknown = NamedView("UNKNOWN", developing=True, evidence=("reason late start at 09:32:52",))
    page = told(
        msgspec.structs.replace(
            AUCTION,
            day_type=unknown,
            balance_state="",
            location="",
            activity="",
            shape="",
            value_weak="",
            gap=None,
            acceptance=(),
        ),
        80,
    )
    assert "UNKNOWN reason late start at 09:32:52" in page
    assert "developing" not in page
    assert "location – no earlier session is known" in page
    assert "value area nothing weakens it" in page
    assert "acceptance – no level is known yet" in page


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
