"""What each key asks of the engine, and what the screen does with the answer."""

import msgspec
import pytest
from textual.widgets import OptionList, Static

from cockpit.screens.auction import AuctionScreen
from cockpit.state.actions import ACTIONS
from cockpit.widgets.panel import Panel
from engine.contract.auction_views import (
    NamedView,
)
from engine.contract.commands import (
    ArmManual,
    Command,
    CommandResult,
    DeclineSignal,
    ExitPosition,
    MoveToBreakeven,
    NoteTrade,
    Outcome,
    PauseEntries,
    PauseReplay,
    RunPreflight,
    SetReplaySpeed,
    StopEngine,
    TakeSignal,
    TightenStop,
)
from engine.contract.views import ScreenView
from tests.cockpit.desk import panel_text, with_header
from tests.cockpit.pictured_market import AUCTION
from tests.cockpit.pictures import picture, with_broker, with_missing_stop
from tests.cockpit.scripted import Desk, refusing

MERIDIAN = "NSE_EQ|MERIDIAN"


@pytest.mark.parametrize(
    ("key", "view", "command"),
    [
        ("F", picture(), ExitPosition("id-1", MERIDIAN)),
        ("h", picture(), ExitPosition("id-1", MERIDIAN, half=True)),
        ("e", picture(), MoveToBreakeven("id-1", MERIDIAN)),
        ("t", picture(), TightenStop("id-1", MERIDIAN, 152_690)),
        ("m", picture(), ArmManual("id-1", armed=True)),
        ("m", with_header(manual_armed=True), ArmManual("id-1", armed=False)),
        ("p", picture(), PauseEntries("id-1", paused=True)),
        ("p", with_header(trading="PAUSED by you", paused="by you"), PauseEntries("id-1", paused=False)),
        ("enter", picture(), TakeSignal("id-1", "s3")),
        ("x", picture(), DeclineSignal("id-1", "s3")),
        ("space", picture(), PauseReplay("id-1", paused=True)),
        ("space", with_header(replay_paused=True), PauseReplay("id-1", paused=False)),
        ("]", picture(), SetReplaySpeed("id-1", 30)),
        ("+", picture(), SetReplaySpeed("id-1", 30)),
        ("[", picture(), SetReplaySpeed("id-1", 5)),
        ("-", picture(), SetReplaySpeed("id-1", 5)),
        ("]", with_header(speed=30), SetReplaySpeed("id-1", 0)),
        ("[", with_header(speed=0), SetReplaySpeed("id-1", 30)),
        ("]", with_header(speed=7), SetReplaySpeed("id-1", 10)),
        ("[", with_header(speed=7), SetReplaySpeed("id-1", 5)),
    ],
)
async def test_a_key_sends_its_command(key: str, view: ScreenView, command: Command) -> None:
    desk = Desk(view)
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press(key)
        await desk.settle(pilot)
        assert desk.line.sent == [command]


@pytest.mark.parametrize(
    ("key", "view", "says"),
    [
        ("]", with_header(speed=0), "speed is max already"),
        ("[", with_header(speed=1), "speed is ×1 already"),
        ("space", with_header(world="paper"), "only in demo and replay"),
        ("]", with_header(world="live"), "only in demo and replay"),
        ("enter", msgspec.structs.replace(picture(), signals=()), "none waits"),
        ("x", msgspec.structs.replace(picture(), signals=()), "decline: none waits"),
        ("F", msgspec.structs.replace(picture(), positions=()), "no position in MERIDIAN"),
        ("h", msgspec.structs.replace(picture(), positions=()), "no position in MERIDIAN"),
        ("e", msgspec.structs.replace(picture(), positions=()), "no position in MERIDIAN"),
        ("t", msgspec.structs.replace(picture(), positions=()), "no position in MERIDIAN"),
        ("b", None, "has not spoken"),
        ("F", None, "has not spoken"),
        ("p", None, "has not spoken"),
    ],
)
async def test_a_key_that_cannot_act_says_why_and_sends_nothing(
    key: str, view: ScreenView | None, says: str
) -> None:
    desk = Desk(view)
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press(key)
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert says in panel_text(desk, "alerts")


async def test_f_closes_the_instrument_named_at_the_press_whatever_comes_after() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("2")
        await desk.settle(pilot)
        assert "F flatten KAVERI +240" in panel_text(desk, "foot")
        await pilot.press("F", "1")
        await desk.settle(pilot)
        assert desk.line.sent == [ExitPosition("id-1", "NSE_EQ|KAVERI")]


async def test_what_f_would_close_does_not_follow_a_ladder_the_engine_shows_by_itself() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        view = picture()
        assert view.ladder is not None
        other = msgspec.structs.replace(view.ladder, key="NSE_EQ|KAVERI", symbol="KAVERI")
        desk.line.say(msgspec.structs.replace(view, ladder=other))
        await desk.settle(pilot)
        assert "F flatten MERIDIAN −120" in panel_text(desk, "foot")
        await pilot.press("F")
        await desk.settle(pilot)
        assert desk.line.sent == [ExitPosition("id-1", MERIDIAN)]


async def test_numbers_and_neighbours_select_instruments_and_ask_for_their_ladder() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("3", "full_stop", "comma", "comma", "9")
        await desk.settle(pilot)
        names = [key.removeprefix("NSE_EQ|") for key in desk.line.selected]
        assert names == ["PRAGATI", "NARMADA", "PRAGATI", "KAVERI"]
        assert "▸2 KAVERI" in panel_text(desk, "left")
        assert "KAVERI  waiting for its profile" in panel_text(desk, "head")


async def test_selecting_wraps_around_both_ends() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("comma", "full_stop")
        await desk.settle(pilot)
        assert desk.line.selected == ["NSE_EQ|NIFTY 25900 CE", MERIDIAN]


async def test_a_refusal_stays_on_the_screen_with_its_reason_for_a_while() -> None:
    desk = Desk(picture())
    desk.line.answer = refusing("manual entry is not armed")
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("e")
        await desk.settle(pilot)
        assert "breakeven MERIDIAN: refused – manual entry is not armed" in panel_text(desk, "alerts")
        desk.clock.seconds += 13
        desk.line.say(picture())
        await desk.settle(pilot)
        assert "refused" not in panel_text(desk, "alerts")


async def test_an_answer_to_somebody_else_is_not_shown() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        desk.line.say(CommandResult("of another screen", Outcome.REFUSED, "not yours"))
        await desk.settle(pilot)
        assert "not yours" not in panel_text(desk, "alerts")


async def test_a_command_on_a_broken_line_says_that_it_was_not_sent() -> None:
    desk = Desk(picture())
    desk.line.is_broken = True
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("F")
        await desk.settle(pilot)
        assert "flatten MERIDIAN −120: not sent" in panel_text(desk, "alerts")


async def test_stopping_the_engine_takes_the_typed_word() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("S")
        await desk.settle(pilot)
        refusal = desk.app.screen.query_one("#refusal", Static)
        assert str(refusal.render()) == ""
        await pilot.press(*"STO", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert refusal.display
        assert str(refusal.render()) == "expected STOP, got STO; nothing was stopped"
        await pilot.press("P", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == [StopEngine("id-1")]


async def test_a_note_is_typed_to_the_chosen_trade_and_escape_writes_none() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("n", *"no", "escape")
        await desk.settle(pilot)
        await pilot.press("n", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == []
        await pilot.press("n", *"too early #fomo", "enter")
        await desk.settle(pilot)
        assert desk.line.sent == [NoteTrade("id-1", "", "251215-000007-T", "too early", ("fomo",))]
        assert "note to MERIDIAN short 120, open" in panel_text(desk, "alerts")


async def test_escape_leaves_the_engine_running() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("S")
        await desk.settle(pilot)
        await pilot.press("escape")
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert desk.app.screen.id == "trade"


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_flat_leaves_at_once_and_sends_nothing(key: str) -> None:
    desk = Desk(msgspec.structs.replace(picture(), positions=()))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press(key)
        await pilot.pause()
        assert not desk.app.is_running
    assert desk.line.sent == []


@pytest.mark.parametrize(("key", "leaves"), [("y", True), ("enter", True), ("n", False), ("escape", False)])
async def test_quitting_with_a_position_asks_first(key: str, leaves: bool) -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("q")
        await desk.settle(pilot)
        assert desk.app.is_running
        await pilot.press(key)
        await pilot.pause()
        assert desk.app.is_running is not leaves
    assert desk.line.sent == []


async def test_trading_keys_are_dead_on_help_and_alive_after_it() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("question_mark")
        await desk.settle(pilot)
        await pilot.press("b", "F", "3")
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert desk.line.selected == []
        await pilot.press("escape")
        await desk.settle(pilot)
        await pilot.press("e")
        await desk.settle(pilot)
        assert len(desk.line.sent) == 1


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("f1", "SAFETY"),
        ("question_mark", "SAFETY"),
        ("r", "THE RECORD"),
        ("c", "PRE-FLIGHT"),
        ("d", "DAY TYPE"),
    ],
)
async def test_pages_open_and_escape_closes_them(key: str, seen: str) -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press(key)
        await desk.settle(pilot)
        assert seen in panel_text(desk, "text")
        assert "KILL 2" in panel_text(desk, "foot")
        await pilot.press("escape")
        await desk.settle(pilot)
        assert desk.app.screen.id == "trade"


async def test_the_auction_page_follows_the_engine_and_the_selection() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        await pilot.press("d")
        await desk.settle(pilot)
        assert isinstance(desk.app.screen, AuctionScreen)
        assert "MERIDIAN 1,512.00 · PARTIAL from 09:32" in panel_text(desk, "text")
        assert "NORMAL VARIATION" in panel_text(desk, "text")
        trend = msgspec.structs.replace(AUCTION, day_type=NamedView("TREND", developing=True))
        desk.line.say(msgspec.structs.replace(picture(), auction=trend))
        await desk.settle(pilot)
        assert "TREND" in panel_text(desk, "text")
        await pilot.press("d", "2", "down")
        await desk.settle(pilot)
        assert isinstance(desk.app.screen, AuctionScreen), "its own key opens no second one"
        assert desk.line.selected == [], "the selection is the trade screen's"
        await pilot.press("escape", "2", "d")
        await desk.settle(pilot)
        assert desk.line.selected == ["NSE_EQ|KAVERI"]
        assert "KAVERI · waiting for its auction" in panel_text(desk, "text")
        kaveri = msgspec.structs.replace(AUCTION, key="NSE_EQ|KAVERI", symbol="KAVERI")
        desk.line.say(msgspec.structs.replace(picture(), auction=kaveri))
        await desk.settle(pilot)
        assert "KAVERI 1,512.00" in panel_text(desk, "text")


async def test_the_checks_are_made_again_only_from_their_own_page() -> None:
    desk = Desk(with_broker(picture()))
    desk.line.answer = lambda command: CommandResult(command.id, Outcome.ACCEPTED, "GO")
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("c")
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert "✗ NO-GO  static IP" in panel_text(desk, "text")
        await pilot.press("c")
        await desk.settle(pilot)
        assert desk.line.sent == [RunPreflight("id-1")]
        assert "checks: GO" in panel_text(desk, "alerts")
        desk.line.say(with_broker(picture(), running=True))
        await desk.settle(pilot)
        assert "CHECKING NOW" in panel_text(desk, "text")
        desk.line.say(with_broker(picture(), good=True))
        await desk.settle(pilot)
        assert "NO-GO" not in panel_text(desk, "text")


async def test_without_a_broker_there_is_nothing_to_check_again() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("c")
        await desk.settle(pilot)
        await pilot.press("c")
        await desk.settle(pilot)
        assert desk.line.sent == []
        assert "checks: only in paper and live, this is replay" in panel_text(desk, "alerts")


async def test_the_palette_runs_an_action_of_the_table() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("ctrl+p")
        await desk.settle(pilot)
        await pilot.press(*"breakeven")
        await desk.until(
            pilot, lambda: desk.app.screen.query_one("CommandList", OptionList).option_count == 1
        )
        await pilot.press("down", "enter")
        await desk.until(pilot, lambda: bool(desk.line.sent))
        assert desk.line.sent == [MoveToBreakeven("id-1", MERIDIAN)]


async def test_o_shows_the_orders_in_place_of_the_signals_and_of_the_small_ladder() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "SIGNALS" in panel_text(desk, "right")
        await pilot.press("o")
        await desk.settle(pilot)
        assert "SIGNALS" not in panel_text(desk, "right")
        assert "not filled in 3 s" in panel_text(desk, "right")
        await pilot.resize_terminal(80, 24)
        await desk.settle(pilot)
        assert "ORDERS" in panel_text(desk, "rows")
        await pilot.press("o")
        await desk.settle(pilot)
        assert "1,512" in panel_text(desk, "rows")


async def test_the_ladder_scrolls_holds_its_place_and_comes_home() -> None:
    desk = Desk(picture())

    def rows() -> str:
        return panel_text(desk, "rows")

    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        assert "▸ 1,512" in rows()
        await pilot.press("pageup", "pageup")
        await desk.settle(pilot)
        assert "▸" not in rows()
        held = rows()
        desk.line.say(msgspec.structs.replace(picture(), number=2))
        await desk.settle(pilot)
        assert rows() == held
        assert "home centres" in panel_text(desk, "head") or "▼" in panel_text(desk, "head")
        await pilot.press("home")
        await desk.settle(pilot)
        assert "▸ 1,512" in rows()
        await pilot.press("pagedown")
        await desk.settle(pilot)
        assert rows() != held


async def test_the_theme_key_goes_round_the_cockpits_own_themes() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        seen = []
        for _ in range(3):
            await pilot.press("ctrl+t")
            await desk.settle(pilot)
            seen.append(desk.app.theme)
        assert seen == ["cockpit-light", "high-contrast", "cockpit-dark"]


async def test_another_theme_recolours_every_part_that_is_drawn() -> None:
    desk = Desk(picture())

    def key_colours() -> set[str]:
        strips = desk.app.screen._compositor.render_strips()[-1:]
        colours = {part.style.color for strip in strips for part in strip if part.style and part.style.bold}
        return {colour.get_truecolor().hex for colour in colours if colour is not None}

    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        before = key_colours()
        assert desk.app.theme_variables["ck-key"].lower() in before
        await pilot.press("ctrl+t")
        await desk.settle(pilot)
        assert desk.app.theme == "cockpit-light"
        assert desk.app.theme_variables["ck-key"].lower() in key_colours() - before


async def test_a_panel_resolves_the_styles_it_draws_and_no_others() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        drawn, hidden = (desk.app.screen.query_one(name, Panel) for name in ("#foot", "#left"))
        assert "panel--key" in drawn._component_styles
        assert "panel--target" not in drawn._component_styles
        assert not hidden.display
        assert not hidden._component_styles
        with pytest.raises(KeyError, match="panel--unheard"):
            drawn.get_component_rich_style("panel--unheard")


async def test_redraw_keeps_the_picture() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        before = panel_text(desk, "rows")
        await pilot.press("ctrl+l")
        await desk.settle(pilot)
        assert panel_text(desk, "rows") == before


SMALL = ((79, 24), (80, 23), (60, 1))
BLIND = {"kill", "pause_entries", "acknowledge", "help", "redraw", "detach"}


def drawn(desk: Desk) -> str:
    return "\n".join(strip.text for strip in desk.app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", SMALL)
async def test_in_a_window_too_small_to_see_an_order_every_other_key_does_nothing_and_says_so(
    size: tuple[int, int],
) -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        for action in ACTIONS:
            if action.name in BLIND:
                continue
            for key in action.keys:
                desk.app.model.notice = None
                await pilot.press(key)
                await desk.settle(pilot)
                assert "make the window at least 80×24" in drawn(desk).splitlines()[min(1, size[1] - 1)], key
        assert desk.line.sent == []
        assert desk.line.selected == []
        assert desk.app.model.selected_key == MERIDIAN
        assert desk.app.screen.id == "trade"
        assert not desk.app.model.orders_shown
        assert desk.app.theme == "cockpit-dark"


async def test_a_palette_left_open_in_a_shrunken_window_orders_nothing_either() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("ctrl+p")
        await desk.settle(pilot)
        await pilot.press(*"breakeven")
        await desk.until(
            pilot, lambda: desk.app.screen.query_one("CommandList", OptionList).option_count == 1
        )
        await pilot.resize_terminal(60, 15)
        await pilot.press("down", "enter")
        await desk.until(pilot, lambda: "make the window at least 80×24 to trade" in drawn(desk))
        assert desk.line.sent == []


async def test_a_small_window_pauses_acknowledges_helps_redraws_and_quits_and_shows_each_answer() -> None:
    desk = Desk(with_missing_stop(picture()))
    desk.line.answer = refusing("the ledger cannot be written")
    async with desk.app.run_test(size=(60, 15)) as pilot:
        await desk.settle(pilot)
        assert "!! 11:42:06 KAVERI +240 has no stop at the exchange:" in drawn(desk)
        await pilot.press("a")
        await desk.settle(pilot)
        assert "exiting" not in drawn(desk)
        await pilot.press("p")
        await desk.settle(pilot)
        assert desk.line.sent == [PauseEntries("id-1", paused=True)]
        assert "pause entries: refused – the ledger cannot be written" in drawn(desk)
        await pilot.press("ctrl+l")
        await desk.settle(pilot)
        assert "make the window" not in drawn(desk).splitlines()[1]
        await pilot.press("question_mark")
        await desk.settle(pilot)
        assert "KEYS" in panel_text(desk, "text")
        await pilot.press("escape", "q", "y")
        await pilot.pause()
        assert not desk.app.is_running


@pytest.mark.parametrize("size", [*SMALL, (40, 2)])
@pytest.mark.parametrize("world", ["simulated", "replay", "paper", "live"])
async def test_a_small_window_names_the_world_and_the_kill_first(world: str, size: tuple[int, int]) -> None:
    desk = Desk(with_header(world=world, manual_armed=True, trading="PAUSED by you", paused="by you"))
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        first = drawn(desk).splitlines()[0]
        assert f" {world.upper()} " in first
        assert "ctrl+k KILL 2" in first
        if size[0] >= 60:
            assert "MANUAL ARMED" in first
