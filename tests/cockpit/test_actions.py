"""One table makes bindings, footer, help, palette and the document: nothing may drift from it."""

import inspect
from collections import Counter
from pathlib import Path

import pytest

from cockpit.app import CockpitApp
from cockpit.ladder_actions import LadderActions
from cockpit.page_actions import PageActions
from cockpit.screens.help import paint_help
from cockpit.screens.trade import TradeScreen
from cockpit.state.actions import ACTIONS, KeyScope, action_named, bindings_of, keys_document
from cockpit.state.model import Model
from cockpit.text.lines import Line
from cockpit.trading_actions import TradingActions
from cockpit.widgets.footer import paint_footer
from tests.cockpit.pictures import picture
from tests.cockpit.scripted import Desk


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def test_no_key_is_bound_twice() -> None:
    keys = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_has_a_method_that_says_what_it_does() -> None:
    for action in ACTIONS:
        method = getattr(CockpitApp, f"action_{action.name}")
        assert inspect.getdoc(method)


def test_every_action_of_the_app_is_in_the_table() -> None:
    own = {
        name.removeprefix("action_")
        for cls in (CockpitApp, LadderActions, PageActions, TradingActions)
        for name in vars(cls)
        if name.startswith("action_")
    }
    assert own - {"quit"} == {action.name for action in ACTIONS}


def test_app_and_trade_screen_bind_exactly_the_table() -> None:
    bound = {
        (binding.key, binding.action)
        for cls in (CockpitApp, TradeScreen)
        for binding in cls.__dict__["BINDINGS"]
    }
    expected = {
        (key, f"app.{action.name}({key})" if action.numbered else f"app.{action.name}")
        for action in ACTIONS
        for key in action.keys
    }
    assert bound == expected


def test_the_kill_has_priority_no_binding_id_and_two_keys() -> None:
    kills = bindings_of(KeyScope.ALWAYS)
    assert {binding.key for binding in kills} == {"ctrl+k", "f9"}
    assert all(binding.priority and binding.id is None for binding in kills)


def test_every_other_binding_has_an_id_of_its_own() -> None:
    ids = [binding.id for binding in bindings_of(KeyScope.EVERYWHERE, KeyScope.TRADE)]
    assert None not in ids
    assert len(ids) == len(set(ids))


def test_help_lists_exactly_the_table() -> None:
    text = [plain(line) for line in paint_help(140)]
    for action in ACTIONS:
        assert any(
            line.startswith(action.shown) and action.label in line and action.description in line
            for line in text
        ), action.name
    described = [line for line in text if any(action.description in line for action in ACTIONS)]
    assert len(described) == len(ACTIONS)


async def test_the_palette_lists_exactly_the_table() -> None:
    desk = Desk(picture())
    async with desk.app.run_test() as pilot:
        await pilot.pause()
        offered = {command.title: command.help for command in desk.app.get_system_commands(desk.app.screen)}
    assert sorted(offered.values()) == sorted(action.description for action in ACTIONS if not action.numbered)
    for title in offered:
        assert any(f"({action.shown})" in title for action in ACTIONS)


def test_a_wide_footer_shows_every_action_that_a_footer_may_show() -> None:
    model = Model(view=picture())
    text = plain(paint_footer(model, 600, KeyScope.TRADE, KeyScope.EVERYWHERE))
    for action in ACTIONS:
        if action.scope is not KeyScope.ALWAYS and action.rank <= 8:
            assert f"{action.shown} {action.label}" in text, action.name


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_a_footer_of_any_width_names_the_kill_its_scope_and_what_f_would_flatten(width: int) -> None:
    text = plain(paint_footer(Model(view=picture()), width, KeyScope.TRADE, KeyScope.EVERYWHERE))
    assert text.rstrip().endswith("ctrl+k KILL 2 · leaves 1")
    assert "F flatten MERIDIAN −120" in text


def test_live_worlds_show_no_replay_keys() -> None:
    import msgspec

    view = picture()
    live = msgspec.structs.replace(view, header=msgspec.structs.replace(view.header, world="paper"))
    text = plain(paint_footer(Model(view=live), 600, KeyScope.TRADE, KeyScope.EVERYWHERE))
    assert "market" not in text
    assert "faster" not in text


def test_the_document_of_the_keys_is_current() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
    assert document.read_text(encoding="utf-8") == keys_document(), "run: python -m cockpit.state.actions"


def test_an_action_is_found_by_its_name() -> None:
    assert action_named("flatten").keys == ("F",)
    with pytest.raises(KeyError):
        action_named("nothing")
