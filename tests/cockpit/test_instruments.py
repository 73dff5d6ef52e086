"""The page of what is followed: choosing, searching, following, letting go, and never a stray command."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.screens.instruments import Choice, InstrumentsScreen, paint_choices
from cockpit.state.instrument_search import Found, FoundRow
from engine.contract.commands import CommandResult, Follow, Kill, Outcome, Unfollow
from engine.contract.views import ScreenView
from tests.cockpit.desk import panel_text
from tests.cockpit.pictured_checks import FOUND
from tests.cockpit.pictures import picture, with_broker
from tests.cockpit.scripted import Desk, ScriptedSearcher, refusing

ALIAS = "NIFTY CE ATM weekly"
PAPER = with_broker(picture(), good=True)


def typed(text: str) -> list[str]:
    return ["space" if sign == " " else sign for sign in text]


def searching(answers: dict[str, Found] | None = None) -> ScriptedSearcher:
    return ScriptedSearcher({ALIAS: FOUND} if answers is None else answers)


async def opened(desk: Desk, pilot: Pilot[None], text: str = "") -> InstrumentsScreen:
    """Open the page, type, and wait until the words were looked up."""
    await desk.settle(pilot)
    await pilot.press("i", *typed(text))
    await desk.settle(pilot)
    page = desk.app.screen
    assert isinstance(page, InstrumentsScreen)
    await desk.until(pilot, lambda: page.is_search_over)
    await desk.settle(pilot)
    return page


async def test_the_page_lists_what_is_followed_with_what_is_held_in_it() -> None:
    desk = Desk(PAPER, searcher=searching())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot)
        assert "8 of 50 followed" in panel_text(desk, "about")
        text = panel_text(desk, "choices")
        for row in PAPER.watchlist:
            assert row.symbol in text
            assert row.key in text
        assert "▸ MERIDIAN" in text
        assert "−120" in text


async def test_what_was_answered_before_the_page_was_opened_is_no_answer_of_the_page() -> None:
    desk = Desk(PAPER, searcher=searching())
    desk.line.answer = lambda command: CommandResult(command.id, Outcome.ACCEPTED, "entries paused")
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("p")
        await desk.settle(pilot)
        await opened(desk, pilot)
        assert "entries paused" in panel_text(desk, "alerts")
        assert "entries paused" not in panel_text(desk, "result")


async def test_enter_follows_the_words_as_they_stand_and_shows_what_they_mean_today() -> None:
    desk = Desk(PAPER, searcher=searching())
    desk.line.answer = lambda command: CommandResult(command.id, Outcome.ACCEPTED, "followed from now")
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot, ALIAS)
        assert f"▸ {ALIAS}" in panel_text(desk, "choices")
        assert "is NIFTY 25900 CE 18 AUG 26" in panel_text(desk, "choices")
        assert "and 214 more" in panel_text(desk, "result")
        await pilot.press("enter")
        await desk.settle(pilot)
        assert desk.line.sent == [Follow("id-1", ALIAS)]
        assert f"follow {ALIAS}: followed from now" in panel_text(desk, "result")
        assert desk.app.screen.query_one(Input).value == ""


async def test_a_chosen_find_is_followed_by_its_key() -> None:
    desk = Desk(PAPER, searcher=searching())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot, ALIAS)
        await pilot.press("down", "down", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == [Follow("id-1", FOUND.rows[1].key)]


async def test_a_refusal_is_told_whole_on_a_small_page() -> None:
    why = "no instrument is called MERIDAN; did you mean MERIDIAN, MERIDIANFIN, MERIDIANTECH? " * 2
    desk = Desk(PAPER, searcher=searching({}))
    desk.line.answer = refusing(why)
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await opened(desk, pilot, "MERIDAN")
        assert "nothing holds these words" in panel_text(desk, "result")
        await pilot.press("enter")
        await desk.settle(pilot)
        said = " ".join(panel_text(desk, "result").split())
        assert said == f"follow MERIDAN: refused – {why.strip()}"


async def test_delete_lets_the_chosen_instrument_go_and_with_words_only_deletes_in_them() -> None:
    desk = Desk(PAPER, searcher=searching())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        page = await opened(desk, pilot, "AB")
        await pilot.press("home", "delete")
        await desk.settle(pilot)
        assert page.query_one(Input).value == "B"
        assert desk.line.sent == []
        await pilot.press("delete", "down", "down", "delete")
        await desk.settle(pilot)
        assert desk.line.sent == [Unfollow("id-1", "NSE_EQ|PRAGATI")]


async def test_what_was_let_go_leaves_the_list_with_the_next_view() -> None:
    desk = Desk(PAPER, searcher=searching())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot)
        await pilot.press("up", "delete")
        await desk.settle(pilot)
        assert desk.line.sent == [Unfollow("id-1", PAPER.watchlist[-1].key)]
        desk.line.say(msgspec.structs.replace(PAPER, watchlist=PAPER.watchlist[:-1]))
        await desk.settle(pilot)
        assert PAPER.watchlist[-1].symbol not in panel_text(desk, "choices")
        assert f"▸ {PAPER.watchlist[-2].symbol}" in panel_text(desk, "choices")


async def test_letters_are_words_here_and_the_kill_is_the_kill() -> None:
    desk = Desk(PAPER, searcher=searching({}))
    async with desk.app.run_test(size=(120, 40)) as pilot:
        page = await opened(desk, pilot, "pFaS?c")
        assert page.query_one(Input).value == "pFaS?c"
        assert desk.line.sent == []
        assert "ctrl+k KILL 2" in panel_text(desk, "foot")
        await pilot.press("ctrl+k")
        await desk.until(pilot, lambda: bool(desk.line.sent))
        assert isinstance(desk.line.sent[0], Kill)
        assert page.query_one(Input).value == "pFaS?c"


async def test_a_search_that_takes_long_holds_no_key_and_only_the_newest_words_are_looked_up() -> None:
    searcher = searching()
    searcher.gate.clear()
    desk = Desk(PAPER, searcher=searcher)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("i", *typed("NI"))
        await desk.until(pilot, lambda: searcher.asked == ["NI"])
        await desk.until(pilot, lambda: "searching" in panel_text(desk, "result"))
        await pilot.press(*typed("FTY CE ATM weekly"))
        await desk.settle(pilot)
        assert f"▸ {ALIAS}" in panel_text(desk, "choices")
        searcher.gate.set()
        await desk.until(pilot, lambda: "and 214 more" in panel_text(desk, "result"))
        assert searcher.asked == ["NI", ALIAS]


async def test_a_find_that_is_followed_already_says_so() -> None:
    found = Found(rows=(FoundRow("NSE_EQ|KAVERI", "KAVERI", "NSE_EQ|KAVERI · KAVERI LTD"),))
    desk = Desk(PAPER, searcher=searching({"KAV": found}))
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot, "KAV")
        line = panel_text(desk, "choices").splitlines()[1]
        assert "KAVERI" in line
        assert "followed" in line


async def test_escape_closes_the_page_and_the_search() -> None:
    searcher = searching()
    desk = Desk(PAPER, searcher=searcher)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await opened(desk, pilot, "NIFTY")
        await pilot.press("escape")
        await desk.until(pilot, lambda: searcher.is_closed)
        assert desk.app.screen.id == "trade"


@pytest.mark.parametrize("view", [picture(), None])
async def test_without_a_broker_the_page_only_shows_the_list(view: ScreenView | None) -> None:
    desk = Desk(view)
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        await pilot.press("i")
        await desk.settle(pilot)
        assert not desk.app.screen.query_one(Input).display
        says = "paper and live only; this is replay" if view is not None else "has not spoken yet"
        assert says in panel_text(desk, "about")
        await pilot.press("delete", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == []


@given(
    st.lists(
        st.builds(Choice, st.text(max_size=9), st.text(max_size=40), st.text(max_size=200)), max_size=60
    ),
    st.integers(0, 70),
    st.integers(1, 120),
    st.integers(0, 40),
)
@settings(max_examples=60, deadline=None)
def test_the_chosen_line_is_in_sight_and_every_line_has_its_width(
    choices: Sequence[Choice], chosen: int, width: int, height: int
) -> None:
    lines = paint_choices(choices, chosen, width, height)
    assert len(lines) <= height
    assert all(sum(len(text) for text, _ in line) == width for line in lines)
    marked = [line for line in lines if "▸" in "".join(text for text, _ in line)]
    if width >= 2 and height and chosen < len(choices) and not any("▸" in one.symbol for one in choices):
        assert len(marked) == 1


async def test_a_view_painted_before_the_page_is_mounted_or_after_it_is_gone_harms_nothing() -> None:
    desk = Desk(PAPER, searcher=searching())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        desk.app.action_instruments()
        page = desk.app.screen
        assert isinstance(page, InstrumentsScreen)
        assert not page.is_mounted
        page.flush()
        await desk.settle(pilot)
        assert "8 of 50 followed" in panel_text(desk, "about")
        await pilot.press("escape")
        await desk.settle(pilot)
        page.flush()
        assert desk.app.screen is not page
