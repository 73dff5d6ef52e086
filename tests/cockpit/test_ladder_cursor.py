"""The trader points at a price of the ladder, by keys or by a click, and is told everything known of it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from textual.events import MouseScrollDown

from cockpit.state.ladder_cursor import LadderCursor, next_stop, stepped, stops_of
from cockpit.widgets.crosshair import paint_crosshair
from cockpit.widgets.ladder import paint_rows
from cockpit.widgets.panel import Panel
from cockpit.widgets.viewport import Viewport, look, showing
from engine.contract.auction_views import AuctionView
from engine.contract.views import LadderView, PositionRow
from tests.cockpit.desk import panel_text
from tests.cockpit.painted import any_view, check, plain, sizes, things
from tests.cockpit.pictured_market import AUCTION, ladder
from tests.cockpit.pictures import POSITIONS, picture
from tests.cockpit.scripted import Desk

MERIDIAN = "NSE_EQ|MERIDIAN"


def told(at: int | None, width: int = 150, height: int = 2) -> str:
    return plain(paint_crosshair(ladder(), AUCTION, POSITIONS[0], at, width, height))


def test_a_step_leads_to_the_lower_edge_of_the_next_row() -> None:
    assert stepped(151_230, 200, 1) == 151_400
    assert stepped(151_230, 200, -1) == 151_000
    assert stepped(151_400, 200, 10) == 153_400
    assert stepped(300, 200, -10) == 200


def test_a_jump_leads_to_the_nearest_level_or_price_of_ours() -> None:
    stops = stops_of(ladder(), AUCTION)
    assert next_stop(151_200, stops, 1) == 152_400
    assert next_stop(152_400, stops, 1) == 152_600
    assert next_stop(151_200, stops, -1) == 150_400
    assert next_stop(999_999, stops, 1) is None


def test_no_jump_leads_to_a_level_that_may_not_be_traded_against_or_between_two_ticks() -> None:
    stops = stops_of(ladder(), AUCTION)
    assert 148_600 not in stops
    assert all(stop % ladder().tick == 0 for stop in stops)


def test_the_crosshair_tells_everything_known_of_a_price() -> None:
    text = told(154_800)
    for words in ("at 1,548", "+360 ticks", "+11.6 ATR", "0.0R", "vol ", " %", "~delta", "2 TPO BC"):
        assert words in text
    for words in ("−120 entry", "VAH 1,548.00 ESTIMATED"):
        assert words in text
    assert "bid 1,920" in told(151_200)


def test_in_one_line_our_own_and_the_level_come_before_what_traded() -> None:
    text = told(154_800, 80, 1)
    assert "\n" not in text
    for words in ("at 1,548", "−120 entry", "VAH 1,548.00 ESTIMATED", "+360 ticks"):
        assert words in text


def test_of_several_levels_in_a_row_the_nearest_comes_first() -> None:
    text = told(152_600, 80, 1)
    assert "POC 1,526.00 ESTIMATED" in text
    assert "VWAP 1,527.35" not in text


def test_the_volume_stands_in_figures_at_every_width_with_columns_beside_the_ladder() -> None:
    sight, _ = look(ladder(), Viewport(), 40)
    for width in (58, 59, 66, 82, 96):
        row = next(line for line in plain(paint_rows(ladder(), sight, width)).split("\n") if "1,538" in line)
        assert "71,122" in row, width


def test_while_nobody_points_the_last_price_is_told_of() -> None:
    assert told(None).startswith(" last 1,512.00")
    assert "R" in told(None)


def test_a_price_where_nothing_traded_says_so() -> None:
    assert "nothing traded" in told(170_000)
    assert "no level and nothing of ours here" in told(170_000)


@given(things(LadderView), things(AuctionView), things(PositionRow), st.integers(-10, 300_000), sizes)
@any_view
def test_the_crosshair_takes_anything(
    profile: LadderView, auction: AuctionView, position: PositionRow, at: int, size: tuple[int, int]
) -> None:
    width, height = size
    check(paint_crosshair(profile, auction, position, at, width, height), width, height)


def test_exactly_the_row_that_holds_the_price_is_pointed_at() -> None:
    sight, _ = look(ladder(), Viewport(), 40)
    lines = plain(paint_rows(ladder(), sight, 90, 154_910)).split("\n")
    assert [line.strip().split()[0] for line in lines if "◂" in line] == ["1,548◂"]


def test_the_window_moves_just_far_enough_to_hold_the_cursor() -> None:
    sight, viewport = look(ladder(), Viewport(), 15)
    assert showing(ladder(), viewport, 151_000) == viewport
    moved = showing(ladder(), viewport, 155_400)
    sight, moved = look(ladder(), moved, 15)
    assert moved.scrolled
    assert sight.rows[2] is not None
    assert sight.rows[2].price == 155_400


async def test_arrows_point_levels_are_jumped_to_and_escape_points_at_nothing() -> None:
    desk = Desk(picture())
    model = desk.app.model
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert model.cursor_price is None
        for key, price in (
            ("up", 151_400),
            ("up", 151_600),
            ("down", 151_400),
            ("shift+up", 153_400),
            ("shift+down", 151_400),
            ("right", 152_400),
            ("left", 150_400),
        ):
            await pilot.press(key)
            assert model.cursor_price == price, key
        await desk.settle(pilot)
        assert "at 1,504.00" in panel_text(desk, "cross")
        assert "T2 1,504.00" in panel_text(desk, "cross")
        assert "1,504◂" in panel_text(desk, "rows")
        await pilot.press("escape")
        assert model.cursor_price is None
        await desk.settle(pilot)
        assert "◂" not in panel_text(desk, "rows")
        assert desk.line.sent == []
        assert desk.line.selected == []


async def test_a_cursor_beyond_the_window_pulls_the_window_along_and_home_centres_again() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        await pilot.press("shift+up", "shift+up")
        await desk.settle(pilot)
        assert "1,552◂" in panel_text(desk, "rows")
        assert "▸" not in panel_text(desk, "rows")
        await pilot.press("home")
        await desk.settle(pilot)
        assert "▸ 1,512" in panel_text(desk, "rows")
        assert desk.app.model.cursor_price == 155_200


async def test_a_click_points_at_the_row_under_it_and_the_wheel_scrolls() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        lines = panel_text(desk, "rows").split("\n")
        line = next(index for index, text in enumerate(lines) if "1,520" in text)
        await pilot.click("#rows", offset=(20, line))
        assert desk.app.model.cursor_price == 152_000
        await pilot.click("#book", offset=(3, line + 1))
        assert desk.app.model.cursor_price == 151_800
        await desk.settle(pilot)
        top = panel_text(desk, "rows").split("\n")[0]
        panel = desk.app.screen.query_one("#rows", Panel)
        await pilot._post_mouse_events([MouseScrollDown], panel, button=0)
        await desk.settle(pilot)
        lines = panel_text(desk, "rows").split("\n")
        assert lines[0] != top
        assert "1,518◂" in lines[line - 2]


async def test_another_instrument_forgets_the_price() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("up", "2")
        await desk.settle(pilot)
        assert desk.app.model.cursor_price is None
        await pilot.press("1")
        assert desk.app.model.cursor_price is None


async def test_tab_leads_to_instruments_with_a_position_or_a_waiting_signal_else_to_the_next() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("tab", "tab", "tab")
        await desk.settle(pilot)
        names = [key.removeprefix("NSE_EQ|") for key in desk.line.selected]
        assert names == ["KAVERI", "SURYA", "MERIDIAN"]
        desk.line.say(msgspec.structs.replace(picture(), number=2, positions=(), signals=()))
        await desk.settle(pilot)
        await pilot.press("tab")
        await desk.settle(pilot)
        assert desk.line.selected[-1] == "NSE_EQ|KAVERI"


def test_a_cursor_of_another_instrument_is_no_price_of_this_one() -> None:
    desk = Desk(None)
    desk.app.model.view = picture()
    desk.app.model.cursor = LadderCursor("NSE_EQ|KAVERI", 107_000)
    assert desk.app.model.cursor_price is None
    desk.app.model.cursor = LadderCursor(MERIDIAN, 151_000)
    assert desk.app.model.cursor_price == 151_000


async def test_a_ticket_opens_at_the_price_that_is_pointed_at() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("up", "s")
        await desk.settle(pilot)
        ticket = desk.app.model.ticket
        assert ticket is not None
        assert ticket.price == 151_400
